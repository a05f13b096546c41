"""What a run found as Markdown, for a pull request or a job's summary.

A table of the models with what changed since their baselines, the gates, and what failed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import zip_longest

from mcuforge.documents.run import Report, RunDocument
from mcuforge.report import ESTIMATED, MEASURED, changes
from mcuforge.report.changes import SAME, WORSE, Figure
from mcuforge.wording.escape import markdown_text

_GOOD, _BAD = "✅", "❌"


def _time(report: Report, source: str) -> float | None:
    return report.costs.milliseconds if report.costs.cycles_from == source else None


_COLUMNS: tuple[tuple[str, str, Callable[[Report], float | None]], ...] = (
    ("flash", "B", lambda r: r.costs.flash),
    ("RAM", "B", lambda r: r.costs.ram),
    ("instructions", "", lambda r: r.costs.instructions),
    ("time, measured", "ms", lambda r: _time(r, MEASURED)),
    ("time, estimated", "ms", lambda r: _time(r, ESTIMATED)),
)


def of_run(
    document: RunDocument,
    baselines: Sequence[RunDocument | None] = (),
    problems: Sequence[str] = (),
) -> str:
    """The summary of a run. `baselines` belong to its reports, in their order.

    `problems` are what else went wrong.
    """
    reports = document.reports
    earlier = [
        None if baseline is None else changes.counterpart(baseline, report)
        for report, baseline in zip_longest(reports, baselines[: len(reports)])
    ]
    good = not problems and all(map(_is_good, reports))
    parts = [f"## {_GOOD if good else _BAD} mcuforge: {_headline(reports, good)}\n"]
    parts += [_models(reports, earlier)] if reports else []
    parts += [_gates(reports)] if any(report.gates for report in reports) else []
    failures = [*(text for report in reports for text in _failures(report)), *problems]
    parts += [_list("Failed", failures)] if failures else []
    warnings = [f"{r.model}: {warning}" for r in reports for warning in r.warnings]
    parts += [_list("Warnings", warnings)] if warnings else []
    return "\n".join(parts)


def of_error(what: str, message: str) -> str:
    """The summary of a run of `what` that ended before there was anything to judge."""
    return f"## {_BAD} mcuforge: {markdown_text(what)}\n\n{markdown_text(_one_line(message))}\n"


def _headline(reports: Sequence[Report], good: bool) -> str:
    names = markdown_text(", ".join(dict.fromkeys(report.model for report in reports)))
    bytes_agree = all(report.verdict.exact for report in reports)
    told = "byte-exact" if bytes_agree else "bytes differ"
    return f"{names or 'nothing ran'}: {told}{'' if good or not bytes_agree else ', but failed'}"


def _is_good(report: Report) -> bool:
    return report.verdict.exact and all(gate.held for gate in report.gates)


def _models(reports: Sequence[Report], earlier: Sequence[Report | None]) -> str:
    metrics = list(dict.fromkeys(a.metric for report in reports for a in report.accuracy))
    columns = [c for c in _COLUMNS if any(c[2](report) is not None for report in reports)]
    headings = ("model", "board", "bytes", *metrics, *(label for label, _, _ in columns))
    rows = []
    for report, before in zip(reports, earlier, strict=True):
        engine = "" if report.engine == "aot" else f", {report.engine}"
        cells = [report.model, report.board + engine, "exact" if report.verdict.exact else "differ"]
        cells += [_cell(changes.metric(name, before, report), before) for name in metrics]
        cells += [
            _cell(Figure(label, None if before is None else get(before), get(report), unit), before)
            for label, unit, get in columns
        ]
        rows.append(cells)
    return table(headings, rows)


def _cell(figure: Figure, before: Report | None) -> str:
    """The figure of now, with the change since the baseline where there is one."""
    _, now, change = figure.shown
    if before is None or not change or figure.judgement == SAME:
        return now
    return f"{now}, {_BAD + ' ' if figure.judgement == WORSE else ''}{change}"


def _gates(reports: Sequence[Report]) -> str:
    rows = [
        (_GOOD if gate.held else _BAD, gate.text) for report in reports for gate in report.gates
    ]
    return table(("", "gate"), rows, numbers=False)


def _failures(report: Report) -> list[str]:
    if report.verdict.exact:
        return []
    return [f"{report.model} on {report.board}: {report.verdict.divergence or 'bytes differ'}"]


def _list(title: str, texts: Sequence[str]) -> str:
    lines = "".join(f"- {markdown_text(_one_line(text))}\n" for text in texts)
    return f"{title}:\n\n{lines}"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def table(headings: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: bool = True) -> str:
    """A table; the first column holds words, the others `numbers`. All is escaped."""
    rest = "---:" if numbers else "---"
    lines = [
        _cells(headings),
        "|" + "|".join(["---", *[rest] * (len(headings) - 1)]) + "|",
        *map(_cells, rows),
    ]
    return "\n".join(lines) + "\n"


def _cells(cells: Sequence[str]) -> str:
    return "| " + " | ".join(markdown_text(_one_line(cell)) for cell in cells) + " |"
