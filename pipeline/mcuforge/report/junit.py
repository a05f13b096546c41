"""What a run found as JUnit XML, which GitLab, Jenkins and others show: a test case a check.

Each model on its board is a test suite: whether the bytes agree, and each gate. What kept a run
from its end is a test case in error.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from mcuforge.documents.run import Judgement, Report, RunDocument

_FAILURE, _ERROR = "failure", "error"


@dataclass(frozen=True)
class Case:
    """A test case; `problem` is what failed, and `kind` the element that tells it."""

    suite: str
    name: str
    output: str = ""
    problem: str | None = None
    kind: str = _FAILURE


def of_run(document: RunDocument, problems: Sequence[str] = ()) -> str:
    """The XML of what a run found. `problems` are what else went wrong."""
    cases = [case for report in document.reports for case in _cases(report)]
    return _xml([*cases, *(_broken("mcuforge", text) for text in problems)])


def of_error(what: str, message: str) -> str:
    """The XML of a run of `what` that ended before there was anything to judge."""
    return _xml([_broken(what, message)])


def _broken(what: str, message: str) -> Case:
    return Case(what, "run", problem=message, kind=_ERROR)


def _cases(report: Report) -> Iterator[Case]:
    engine = "" if report.engine == "aot" else f" with {report.engine}"
    suite = f"{report.model} on {report.board}{engine}"
    told = [
        f"{c.engine}: {c.bytes_differing:,} of {c.bytes_compared:,} bytes differ"
        for c in report.verdict.comparisons
        if c.decides
    ]
    told += [f"Warning: {warning}" for warning in report.warnings]
    divergence = report.verdict.divergence or "engines that must agree do not"
    yield Case(suite, "parity", "\n".join(told), None if report.verdict.exact else divergence)
    for gate in report.gates:
        yield _gate(suite, gate)


def _gate(suite: str, gate: Judgement) -> Case:
    name = f"{gate.gate}: {gate.subject}"
    return Case(suite, name, gate.text) if gate.held else Case(suite, name, problem=gate.text)


def _xml(cases: Sequence[Case]) -> str:
    root = Element("testsuites", {"name": "mcuforge", **_counts(cases)})
    for suite in dict.fromkeys(case.suite for case in cases):
        own = [case for case in cases if case.suite == suite]
        element = ElementTree.SubElement(root, "testsuite", {"name": _text(suite), **_counts(own)})
        for case in own:
            _append(element, case)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, "unicode") + "\n"


def _append(suite: Element, case: Case) -> None:
    names = {"classname": _text(case.suite), "name": _text(case.name), "time": "0"}
    element = ElementTree.SubElement(suite, "testcase", names)
    if case.problem is not None:
        first = case.problem.partition("\n")[0]
        told = {"message": _text(first), "type": case.kind}
        ElementTree.SubElement(element, case.kind, told).text = _text(case.problem)
    if case.output:
        ElementTree.SubElement(element, "system-out").text = _text(case.output)


def _counts(cases: Sequence[Case]) -> dict[str, str]:
    failed = [case.kind for case in cases if case.problem is not None]
    return {
        "tests": str(len(cases)),
        "failures": str(failed.count(_FAILURE)),
        "errors": str(failed.count(_ERROR)),
        "skipped": "0",
        "time": "0",
    }


def _text(text: str) -> str:
    """The text with `?` for what XML cannot hold even escaped: control characters, surrogates."""
    return "".join(c if c in "\n\t" or c.isprintable() else "?" for c in text)
