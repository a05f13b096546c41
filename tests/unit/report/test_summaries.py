"""What a run found, for those who look at a CI job: JUnit XML and Markdown."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from command_line import mcuforge
from made_up_reports import a_report
from single_op import Spec, build

from mcuforge import driver
from mcuforge.cli import run as run_command
from mcuforge.cli.gates import Demand
from mcuforge.cli.summaries import Summaries
from mcuforge.documents.run import RunDocument
from mcuforge.errors import ForgeError, ToolError
from mcuforge.recipe.gates import Gates
from mcuforge.report import RunReport, as_json, earlier, gates, junit, markdown

HOSTILE = "]]>&<a href='x'>\x00\x1b[31m\ud800\u202e|`[x](http://a)`"
BOUNDS = Gates(max_flash=64_000, max_ram=10_000, max_metric=(("mse", 1.0),))


def document(*reports: RunReport) -> RunDocument:
    return earlier.parse(as_json(reports))


def suites(text: str) -> list[ElementTree.Element[Any]]:
    """The suites of an XML whose counts are those of its cases."""
    root = ElementTree.fromstring(text.encode())
    assert root.tag == "testsuites" and text.startswith("<?xml")
    found = root.findall("testsuite")
    for element in (root, *found):
        for count, path in (("tests", "testcase"), ("failures", "failure"), ("errors", "error")):
            assert int(element.attrib[count]) == len(list(element.iter(path)))
    for case in root.iter("testcase"):
        assert case.attrib["classname"] and case.attrib["name"]
        assert {child.tag for child in case} <= {"failure", "error", "system-out"}
    return found


def test_a_case_for_parity_and_each_gate() -> None:
    (suite,) = suites(junit.of_run(document(gates.judged(a_report(), BOUNDS))))
    assert suite.attrib["name"] == "net on mps2-an386"
    names = [case.attrib["name"] for case in suite]
    assert names == ["parity", "max-flash: flash", "max-ram: RAM", "max-metric: mse"]
    (failure,) = suite.iter("failure")
    assert failure.attrib["message"] == failure.text
    assert "max-ram allows 10,000 B: 10,000 B (100.00%) too much" in str(failure.text)
    assert "mps2-an386 in QEMU: 0 of 100 bytes differ" in str(suite[0].findtext("system-out"))


def test_bytes_that_differ_are_a_failure() -> None:
    other = replace(a_report(), engine="tflm")
    first, second = suites(junit.of_run(document(a_report(exact=False), other)))
    assert str(first[0].findtext("failure")) == "op 0 differs"
    assert second.attrib["name"] == "net on mps2-an386 with tflm"
    assert second.attrib["failures"] == "0"


def test_what_ends_a_run_is_an_error() -> None:
    (suite,) = suites(junit.of_error("net.tflite", "no compiler\nInstall one."))
    error = suite[0].find("error")
    assert error is not None and error.attrib["message"] == "no compiler"
    assert error.text == "no compiler\nInstall one."


def hostile_report() -> RunReport:
    report = replace(a_report(), model=HOSTILE, warnings=(HOSTILE,))
    return gates.judged(report, BOUNDS)


def test_hostile_names_stay_text_in_xml() -> None:
    (suite,) = suites(junit.of_run(document(hostile_report())))
    assert suite.attrib["name"].startswith("]]>&<a href='x'>??[31m??|`")


def test_hostile_names_stay_text_in_markdown() -> None:
    text = markdown.of_run(document(hostile_report()), problems=[HOSTILE + "\n# head"])
    assert "<a" not in text and "[x](" not in text and "\n#" not in text[2:].replace("\n## ", "")
    assert "\x1b" not in text and "\x00" not in text
    (row,) = [line for line in text.splitlines() if line.startswith("| \\]")]
    assert row.replace("\\|", "").count("|") == 10


def test_the_table_has_what_changed_since_the_baseline() -> None:
    report = a_report()
    cheap = replace(report, costs=replace(report.costs, text=30_000, ram=40_000))
    text = markdown.of_run(document(report), [document(cheap)])
    assert text.startswith("## ✅ mcuforge: net: byte-exact\n")
    assert "64,000 B, ❌ +10,000 B (+18.5%)" in text
    assert "20,000 B, -20,000 B (-50.0%)" in text
    assert "| 1,000,000 |" in text and "0\\.9 " in text
    assert "Gates" not in text and "Failed" not in text


def test_the_gates_and_failures_are_listed() -> None:
    text = markdown.of_run(document(gates.judged(a_report(exact=False), BOUNDS)))
    assert text.startswith("## ❌ mcuforge: net: bytes differ\n")
    assert "| ❌ | net on mps2-an386: RAM 20,000 B, max-ram allows" in text
    assert "| ✅ | net on mps2-an386: flash 64,000 B" in text
    assert "Failed:\n\n- net on mps2-an386: op 0 differs\n" in text
    text = markdown.of_run(document(gates.judged(a_report(), BOUNDS)))
    assert text.startswith("## ❌ mcuforge: net: byte-exact, but failed\n")


def test_both_are_written_before_the_run_fails(tmp_path: Path) -> None:
    files = Summaries(tmp_path / "j.xml", tmp_path / "m.md")
    with pytest.raises(ForgeError):
        run_command.finish([a_report()], tmp_path, True, [Demand(BOUNDS)], summaries=files)
    assert len(list(suites((tmp_path / "j.xml").read_text())[0])) == 4
    assert (tmp_path / "m.md").read_text().startswith("## ❌")


def test_an_error_is_told_in_both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise ToolError("no compiler")

    monkeypatch.setattr(driver, "run", fails)
    monkeypatch.chdir(tmp_path)
    spec = Spec((1, 4), scale=0.5)
    Path("relu.tflite").write_bytes(build("RELU", [spec], [spec]))
    for command in ("run", "parity", "bench"):
        files = ("--junit", f"{command}.xml", "--markdown", f"{command}.md")
        mcuforge(command, "relu.tflite", *files).refused(1, "no compiler")
        (suite,) = suites(Path(f"{command}.xml").read_text())
        assert suite.attrib["errors"] == "1" and suite[0].find("error") is not None
        assert "no compiler" in Path(f"{command}.md").read_text()
