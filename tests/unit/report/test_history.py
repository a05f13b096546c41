"""Runs of a folder are kept by number, and two of them compared."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from command_line import mcuforge
from made_up_reports import a_report, an_op

from mcuforge.cli import run as run_command
from mcuforge.documents.run import RunDocument
from mcuforge.errors import ForgeError
from mcuforge.report import (
    Accuracy,
    RunReport,
    as_json,
    changes,
    changes_text,
    earlier,
    history,
)
from mcuforge.report.changes import Changes, ModelChanges


def finish(folder: Path, *reports: RunReport, **options: Any) -> None:
    """A run that leaves these reports."""
    run_command.finish(list(reports), folder, True, **options)


def document(*reports: RunReport, folder: Path) -> RunDocument:
    file = folder / "one.json"
    file.write_text(as_json(reports), encoding="utf-8")
    return earlier.load(file)


def cheaper(**costs: Any) -> RunReport:
    report = a_report()
    return replace(report, costs=replace(report.costs, **costs))


def test_every_run_is_kept_as_it_is(tmp_path: Path) -> None:
    finish(tmp_path, a_report())
    finish(tmp_path, cheaper(text=39_000))
    assert history.numbers(tmp_path) == [1, 2]
    newest = (tmp_path / "runs" / "2" / "report.json").read_bytes()
    assert newest == (tmp_path / "report.json").read_bytes()
    assert newest != (tmp_path / "runs" / "1" / "report.json").read_bytes()


def test_the_same_run_leaves_the_same_bytes(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        finish(tmp_path / folder, a_report())
        finish(tmp_path / folder, cheaper(ram=9))
    a, b = (
        {p.relative_to(tmp_path / f): p.read_bytes() for p in (tmp_path / f).rglob("*.*")}
        for f in ("a", "b")
    )
    assert a == b and Path("report/history-runs_of_this_folder.html") in a


def test_what_is_there_keeps_its_number(tmp_path: Path) -> None:
    for name in ("1", "7", "notes", "08"):
        (tmp_path / "runs" / name).mkdir(parents=True)
    assert history.keep(tmp_path, b"{}") == 8
    assert history.numbers(tmp_path) == [8]


def test_none_is_kept_where_that_was_asked(tmp_path: Path) -> None:
    finish(tmp_path, a_report(), history=False)
    assert not (tmp_path / "runs").exists()


def test_a_file_in_the_place_of_the_runs(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("mine")
    with pytest.raises(ForgeError, match=r"runs: is a file.*--no-history"):
        run_command.check_written(tmp_path, history=True, force=False)
    run_command.check_written(tmp_path, history=False, force=False)


def test_a_damaged_run_is_told_of_and_stops_nothing(tmp_path: Path) -> None:
    for _ in range(3):
        history.keep(tmp_path, as_json([a_report()]).encode())
    (tmp_path / "runs" / "2" / "report.json").write_text("{")
    finish(tmp_path, a_report())
    page = next((tmp_path / "report").glob("history-*.html")).read_text()
    assert "runs/2/report.json: not a report.json" in page and "<td>4</td>" in page
    runs, problems = history.read(tmp_path)
    assert [r.number for r in runs] == [1, 3, 4] and len(problems) == 1


def test_the_last_two_are_of_the_same_model(tmp_path: Path) -> None:
    other = replace(a_report(), model="other")
    for report in (a_report(), other, a_report(), replace(other, board="pico")):
        history.keep(tmp_path, as_json([report]).encode())
    assert history.last_two(history.read(tmp_path)[0]) is None
    history.keep(tmp_path, as_json([other]).encode())
    two = history.last_two(history.read(tmp_path)[0])
    assert two is not None and [run.number for run in two] == [2, 5]


def compared(before: RunReport, after: RunReport, folder: Path) -> ModelChanges:
    found = changes.between(
        document(before, folder=folder), document(after, folder=folder), ("a", "b")
    )
    (model,) = found.models
    return model


def test_what_changed_is_judged(tmp_path: Path) -> None:
    after = replace(
        cheaper(text=39_000, ram=20_001, cycles=7),
        accuracy=(
            Accuracy("mse", None, 0.03, 0.03),
            Accuracy("auc", None, 0.95, 0.95),
            Accuracy("code_sparsity", None, 0.4, 0.4),
        ),
        quantization="mse",
    )
    rows = {row.label: row for row in compared(a_report(), after, tmp_path).rows}
    judged = {label: row.judgement for label, row in rows.items() if row.judgement != "same"}
    assert judged == {
        "flash": "better",
        "flash: code": "better",
        "RAM": "worse",
        "cycles / inference": "other",
        "mse on the device": "worse",
        "auc on the device": "better",
        "code_sparsity on the device": "other",
        "quantisation": "other",
    }
    assert rows["flash"].shown == ("64,000 B", "63,000 B", "-1,000 B (-1.6%)")
    assert rows["cycles / inference"].shown == ("-", "7", "")
    assert rows["instructions / inference"].shown[2] == "="
    assert rows["mse on the device"].shown == ("0.02", "0.03", "+0.01 (+50.0%)")


def test_bytes_that_no_longer_agree_are_worse(tmp_path: Path) -> None:
    rows = compared(a_report(), a_report(exact=False), tmp_path).rows
    assert (rows[0].label, rows[0].judgement, rows[0].shown) == (
        "bytes", "worse", ("exact", "differ", "changed"),
    )  # fmt: skip


def test_the_same_run_has_no_changes(tmp_path: Path) -> None:
    found = compared(a_report(), a_report(), tmp_path)
    assert found.is_same and {row.judgement for row in found.rows} == {"same"}


def test_ops_that_changed(tmp_path: Path) -> None:
    before = (an_op(0, "CONV_2D", "a"), an_op(1, "RELU", "b"), an_op(2, "SOFTMAX", "c"))
    after = (an_op(0, "CONV_2D", "a", kernel="conv_fast", constants=32), an_op(1, "SOFTMAX", "c"))
    found = compared(replace(a_report(), ops=before), replace(a_report(), ops=after), tmp_path)
    assert found.ops == (
        "op 0, CONV_2D 'a': kernel conv -> conv_fast; constants 16 B -> 32 B",
        "gone: op 1, RELU 'b', int8[1, 4]",
    )
    assert not found.is_same


def test_many_ops_are_counted(tmp_path: Path) -> None:
    def report(count: int) -> RunReport:
        return replace(a_report(), ops=tuple(an_op(n, "ADD", f"l{n}") for n in range(count)))

    assert compared(report(150), report(151), tmp_path).ops == ("ADD: 150 before, 151 after",)


def test_what_one_run_holds_alone(tmp_path: Path) -> None:
    other = replace(a_report(), model="other", engine="tflm")
    found = changes.between(
        document(a_report(), folder=tmp_path), document(other, folder=tmp_path), ("a", "b")
    )
    assert changes_text.alone(found) == [
        "Only in a: net on mps2-an386.",
        "Only in b: other on mps2-an386 with tflm.",
    ]


HOSTILE = "<img src=x onerror=alert(1)>|`[x](http://a)"


def test_hostile_names_stay_text(tmp_path: Path) -> None:
    report = replace(a_report(), model=HOSTILE, quantization=HOSTILE)
    finish(tmp_path, report)
    finish(tmp_path, replace(report, quantization=f"{HOSTILE}2", ops=(an_op(0, HOSTILE, "x"),)))
    for page in (tmp_path / "report").glob("*.html"):
        assert "<img src=x" not in page.read_text()
    runs, _ = history.read(tmp_path)
    text = changes_text.as_markdown(changes.between(runs[0].document, runs[1].document, ("a", "b")))
    assert ("<img" not in text and "](http://" not in text.replace("\\", "")) or "\\[x\\]" in text


@pytest.fixture
def two_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    keep(a_report())
    keep(cheaper(text=41_000))


def keep(report: RunReport) -> None:
    content = as_json([report]).encode()
    history.keep(Path("build"), content)
    Path("build/report.json").write_bytes(content)


@pytest.mark.usefixtures("two_runs")
@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        ((), ("run 1", "run 2")),
        (("2", "1"), ("run 2", "run 1")),
        (("1",), ("run 1", "run 2")),
        (("build/report.json",), ("build/report.json", "run 2")),
        (("build/runs/1", "build"), ("build/runs/1", "build")),
    ],
)
def test_compare_names_its_runs(arguments: Sequence[str], names: tuple[str, str]) -> None:
    found = json.loads(mcuforge("compare", *arguments, "--json").stdout)
    assert (found["before"], found["after"]) == names
    assert found["schema"] == "compare/1"
    assert found["models"][0]["model"] == "net"


@pytest.mark.usefixtures("two_runs")
def test_compare_fits_80_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    outcome = mcuforge("compare")
    assert outcome.code == 0 and "+1,000 B (+1.6%)" in outcome.stdout
    assert "worse" in outcome.stdout
    assert max(map(len, outcome.stdout.splitlines())) <= 80


@pytest.mark.usefixtures("two_runs")
def test_compare_fails_for_growth() -> None:
    mcuforge("compare", "--max-growth", "1%").refused(1, "flash 65,000 B, max-growth allows 64,640")
    assert mcuforge("compare", "--max-growth", "2%").code == 0
    outcome = mcuforge("compare", "--max-growth", "1%", "--json")
    content = json.loads(outcome.stdout)
    assert content["error"]["kind"] == "gate" and content["models"]
    assert [g["held"] for g in content["gates"]] == [False, True, True, True, True]


@pytest.mark.usefixtures("two_runs")
def test_compare_writes_pages() -> None:
    mcuforge("compare", "--markdown", "x.md", "--html", "x.html")
    assert "| flash | 64,000 B | 65,000 B |" in Path("x.md").read_text()
    page = Path("x.html").read_text()
    assert "run 1 → run 2" in page and "badge bad" in page


@pytest.mark.usefixtures("two_runs")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("3",), "there is no run 3 of build"),
        (("1", "2", "3"), "compare takes two runs, not 3"),
        (("none.json",), "none.json: no such file"),
        (("-o", "empty"), "empty/runs: there are no two runs"),
        (("1", "-o", "empty"), "empty/runs: holds no run to compare 1 with"),
    ],
)
def test_compare_says_what_is_missing(arguments: Sequence[str], words: str) -> None:
    mcuforge("compare", *arguments).refused(2, words)


@pytest.mark.usefixtures("two_runs")
def test_growth_needs_a_model_of_both() -> None:
    keep(replace(a_report(), model="other"))
    mcuforge("compare", "1", "--max-growth", "1%").refused(2, "share no model")


def test_a_page_of_many_models_is_bounded() -> None:
    ops = tuple(f"op {n}" for n in range(100))
    model = ModelChanges("m", "b", "aot", (), ops)
    found = changes_text.sections(Changes("a", "b", (model,)))
    assert "80 more" in found[0].body and "op 20<" not in found[0].body
