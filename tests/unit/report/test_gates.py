"""Bounds of a run: each is judged by what was measured, with the numbers, and none unjudged."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from command_line import mcuforge
from made_up_reports import a_report

from mcuforge import driver
from mcuforge.cli import run as run_command
from mcuforge.cli.gates import Demand
from mcuforge.documents.run import RunDocument
from mcuforge.errors import GateError, ParityError, UsageError
from mcuforge.recipe.gates import Gates
from mcuforge.report import Accuracy, RunReport, as_json, earlier, gates
from mcuforge.report.sections.time import Times


def reread(reports: Sequence[RunReport], folder: Path) -> RunDocument:
    """The reports as a later run reads them."""
    file = folder / "earlier.json"
    file.write_text(as_json(reports), encoding="utf-8")
    return earlier.load(file)


@pytest.mark.parametrize(
    ("bounds", "held", "words"),
    [
        (Gates(max_flash=64000), True, "flash 64,000 B, max-flash allows 64,000 B: held"),
        (Gates(max_flash=63999), False, "63,999 B: 1 B (0.00%) too much"),
        (Gates(max_ram=20000), True, "RAM 20,000 B"),
        (Gates(max_ram=16000), False, "max-ram allows 16,000 B: 4,000 B (25.00%) too much"),
        (Gates(max_instructions=1_000_000), True, "instructions 1,000,000"),
        (Gates(max_instructions=999_000), False, "1,000 (0.10%) too much"),
        (Gates(min_accuracy=0.9), True, "auc 0.9, min-accuracy asks for 0.9: held"),
        (Gates(min_accuracy=0.9000001), False, "auc 0.9, min-accuracy asks for 0.9: 1e-07"),
        (Gates(min_metric=(("auc", 0.95),)), False, "min-metric asks for 0.95: 0.05 (5.26%) too"),
        (Gates(max_metric=(("mse", 0.02),)), True, "mse 0.02, max-metric allows 0.02: held"),
        (Gates(max_metric=(("mse", 0.01),)), False, "0.01 (100.00%) too much"),
        (Gates(max_difference=0.0), False, "steps: 1 steps too much"),
        (Gates(max_difference=1.0), True, "1 steps, max-difference allows 1 steps: held"),
    ],
)
def test_a_bound_is_judged_with_its_numbers(bounds: Gates, held: bool, words: str) -> None:
    (found,) = gates.judge(a_report(), bounds)
    assert found.held is held
    assert found.text.startswith("net on mps2-an386: ") and words in found.text


def test_cycles_are_those_of_a_board_or_else_estimated() -> None:
    board = _without(cycles=9_000, instructions=None)
    times = Times("instructions", 1_000_000, 1.0, (), cycles=2_000_000, error=0.1)
    simulated = replace(a_report(), details={"time": times})
    bounds = Gates(max_cycles=10_000)
    ((measured,), (estimated,)) = (gates.judge(each, bounds) for each in (board, simulated))
    assert measured.held and "cycles 9,000, max-cycles allows 10,000: held" in measured.text
    assert not estimated.held and "cycles 2,000,000" in estimated.text


def _without(**costs: Any) -> RunReport:
    report = a_report()
    return replace(report, costs=replace(report.costs, **costs))


@pytest.mark.parametrize(
    ("report", "bounds", "why"),
    [
        (_without(instructions=None), Gates(max_instructions=9), "only a simulator counts"),
        (a_report(), Gates(max_cycles=9), "known of our own kernels on a known core alone"),
        (_without(text=0, constants=0), Gates(max_flash=9), "no firmware of a board"),
        (_without(text=0, ram=0), Gates(max_ram=9), "no firmware of a board"),
        (replace(a_report(), accuracy=()), Gates(min_accuracy=0.1), "accuracy was not measured"),
        (
            replace(a_report(), accuracy=(Accuracy("mse", 1.0, 1.0, 1.0),)),
            Gates(min_accuracy=0.1),
            "accuracy was not measured, only mse",
        ),
        (a_report(), Gates(min_metric=(("psnr", 1.0),)), "psnr was not measured, only mse, auc"),
        (a_report(steps=None), Gates(max_difference=9.0), "reference kernels did not run"),
        (a_report(), Gates(baseline="x"), "no report of it, only of nothing"),
    ],
)
def test_what_cannot_be_judged_does_not_hold(report: RunReport, bounds: Gates, why: str) -> None:
    (found,) = gates.judge(report, bounds)
    assert not found.held and "cannot be judged: " in found.text and why in found.text


def test_not_a_number_is_within_no_bound() -> None:
    report = replace(a_report(), accuracy=(Accuracy("mse", 0.0, 0.0, math.nan),))
    (found,) = gates.judge(report, Gates(max_metric=(("mse", 1e9),)))
    assert not found.held


def test_nothing_grew_of_the_same_run(tmp_path: Path) -> None:
    found = gates.judge(a_report(), Gates(baseline="x"), reread([a_report()], tmp_path))
    assert [j.title for j in found] == [
        f"max-growth of {name}" for name in ("flash", "RAM", "instructions", "mse", "auc")
    ]  # and none of the sparsity, which is neither good nor bad
    assert all(j.held for j in found)


@pytest.mark.parametrize(
    ("costs", "growth", "failed"),
    [
        ({"text": 40_001}, 0.0, ["flash"]),
        ({"constants": 20_640}, 0.01, []),
        ({"constants": 20_641}, 0.01, ["flash"]),
        ({"data": 4_001}, None, ["flash"]),
        ({"ram": 20_201}, 0.01, ["RAM"]),
        ({"ram": 10, "instructions": 10}, 0.0, []),
        ({"instructions": 1_010_001}, 0.01, ["instructions"]),
        ({"instructions": None}, 0.01, ["instructions"]),
    ],
)
def test_growth_of_costs(
    tmp_path: Path, costs: dict[str, Any], growth: float | None, failed: list[str]
) -> None:
    bounds = Gates(baseline="x", max_growth=growth)
    found = gates.judge(_without(**costs), bounds, reread([a_report()], tmp_path))
    assert [j.subject for j in found if not j.held] == failed


@pytest.mark.parametrize(
    ("mse", "auc", "failed"),
    [
        (0.0202, 0.891, []),
        (0.0203, 0.9, ["mse"]),
        (0.02, 0.89, ["auc"]),
        (0.001, 1.0, []),
    ],
)
def test_loss_of_accuracy(tmp_path: Path, mse: float, auc: float, failed: list[str]) -> None:
    now = replace(
        a_report(), accuracy=(Accuracy("mse", None, mse, mse), Accuracy("auc", None, auc, auc))
    )
    bounds = Gates(baseline="x", max_growth=0.01)
    found = gates.judge(now, bounds, reread([a_report()], tmp_path))
    assert [j.subject for j in found if not j.held] == failed


def test_a_negative_metric_may_lose_its_share_as_well(tmp_path: Path) -> None:
    def of(r2: float) -> RunReport:
        return replace(a_report(), accuracy=(Accuracy("r2", None, r2, r2),))

    bounds = Gates(baseline="x", max_growth=0.1)
    baseline = reread([of(-2.0)], tmp_path)
    assert all(j.held for j in gates.judge(of(-2.2), bounds, baseline))
    assert not all(j.held for j in gates.judge(of(-2.3), bounds, baseline))


def test_another_model_board_or_engine_is_no_baseline(tmp_path: Path) -> None:
    bounds = Gates(baseline="x")
    for change in ({"model": "other"}, {"board": "pico"}, {"engine": "tflm"}):
        (found,) = gates.judge(
            a_report(), bounds, reread([replace(a_report(), **change)], tmp_path)
        )
        assert not found.held and next(iter(change.values())) in found.text


def test_other_samples_measure_another_accuracy(tmp_path: Path) -> None:
    fewer = replace(a_report(), verdict=replace(a_report().verdict, samples=8))
    found = gates.judge(fewer, Gates(baseline="x"), reread([a_report()], tmp_path))
    assert [j.subject for j in found if not j.held] == ["mse", "auc"]
    assert "the baseline has 16 samples, this run 8" in found[-1].text


def test_a_metric_that_is_gone_was_lost(tmp_path: Path) -> None:
    found = gates.judge(
        replace(a_report(), accuracy=()), Gates(baseline="x"), reread([a_report()], tmp_path)
    )
    assert [j.subject for j in found if not j.held] == ["mse", "auc"]


def test_boards_are_compared_by_their_cycles(tmp_path: Path) -> None:
    bounds = Gates(baseline="x")
    before = reread([_without(instructions=None, cycles=1000)], tmp_path)
    slower = gates.judge(_without(instructions=None, cycles=1001), bounds, before)
    assert [j.subject for j in slower if not j.held] == ["cycles"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"{", "not a report.json of mcuforge, or damaged"),
        (b"\xff\xfe", "damaged"),
        (b"[" * 100_000, "damaged"),
        (b'{"mcuforge": "0.1.0", "reports": []}', "mcuforge 0.1.0, which this version cannot"),
        (b'{"mcuforge": "9", "schema": "run/2"}', "written by mcuforge 9 as 'run/2'; this version"),
        (b'{"mcuforge": "9", "schema": "bench/1"}', "is 'bench/1', where a report.json ('run/1')"),
        (b'{"mcuforge": "9", "schema": "run/1", "reports": [{}]}', "$.reports[0]"),
        (b"", "damaged"),
    ],
)
def test_a_file_that_is_no_report(tmp_path: Path, content: bytes, words: str) -> None:
    file = tmp_path / "report.json"
    file.write_bytes(content)
    with pytest.raises(UsageError) as raised:
        earlier.load(file)
    assert str(file) in raised.value.message and words in raised.value.message


@pytest.mark.parametrize("change", [("text", -1), ("instructions", 1e400), ("ram", "many")])
def test_a_report_with_impossible_numbers(tmp_path: Path, change: tuple[str, Any]) -> None:
    content = json.loads(as_json([a_report()]))
    content["reports"][0]["costs"][change[0]] = change[1]
    file = tmp_path / "report.json"
    file.write_text(json.dumps(content))
    with pytest.raises(UsageError, match="damaged"):
        earlier.load(file)


def test_keys_of_a_later_version_are_no_harm(tmp_path: Path) -> None:
    content = json.loads(as_json([a_report()]))
    content["reports"][0]["costs"]["joules"] = content["more"] = 1
    file = tmp_path / "report.json"
    file.write_text(json.dumps(content))
    assert earlier.load(file).reports[0].costs.flash == 64_000


def test_a_baseline_is_named_by_file_folder_or_run(tmp_path: Path) -> None:
    file = tmp_path / "runs" / "3" / "report.json"
    file.parent.mkdir(parents=True)
    file.touch()
    assert earlier.find("3", tmp_path) == file
    assert earlier.find(str(file), tmp_path) == file
    assert earlier.find(str(file.parent), tmp_path) == file
    with pytest.raises(UsageError, match=r"4/report\.json: there is no run 4 of"):
        earlier.find("4", tmp_path)


def test_all_gates_that_fail_are_told_after_all_was_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bounds = Gates(max_flash=1, max_ram=1, max_instructions=10**9)
    with pytest.raises(GateError) as raised:
        run_command.finish([a_report()], tmp_path, False, [Demand(bounds)])
    assert (raised.value.exit_code, raised.value.error_kind) == (1, "gate")
    assert len(raised.value.problems) == 2 and "max-flash" in raised.value.problems[0]
    written = json.loads((tmp_path / "report.json").read_text())
    assert "63,999 B" in (tmp_path / "report" / "run-net_on_mps2_an386.html").read_text()
    assert [g["held"] for g in written["reports"][0]["gates"]] == [False, False, True]
    assert raised.value.result == written
    shown = capsys.readouterr().out
    assert "FAILED: 63,999 B" in shown and "max-instructions" in shown and "held" in shown


def test_a_byte_that_differs_weighs_more_than_a_gate(tmp_path: Path) -> None:
    with pytest.raises(ParityError) as raised:
        run_command.finish([a_report(exact=False)], tmp_path, True, [Demand(Gates(max_ram=1))])
    assert len(raised.value.problems) == 2


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A model, where a run measures what `a_report` holds without doing anything."""
    monkeypatch.setattr(driver, "run", lambda *_, **__: a_report())
    monkeypatch.chdir(tmp_path)
    recipe = tmp_path / "net"
    recipe.mkdir()
    (recipe / "recipe.toml").write_text(
        'name = "net"\nsummary = "s"\n[model]\nkeras = "m.keras"\ntflite = "m.tflite"\n'
        '[convert]\ncalibration = "c.npz"\n'
        '[evaluation]\ngolden = "g.npz"\nmetric = "reconstruction"\n'
        '[gates]\nmax_flash = "1k"\nmin_metric = { auc = 0.95 }\n'
    )
    return recipe


def test_a_recipe_has_gates_that_options_replace(measured: Path) -> None:
    mcuforge("run", measured).refused(1, "max-flash allows 1,024 B", "min-metric asks for 0.95")
    mcuforge("run", measured, "--max-flash", "1M").refused(1, "min-metric asks for 0.95")
    better = ("--max-flash", "1M", "--min-metric", "auc=0.9", "--max-metric", "mse=0.5")
    outcome = mcuforge("run", measured, *better)
    assert outcome.code == 0 and outcome.stdout.count("held") == 3
    outcome = mcuforge("run", measured, "--no-gates")
    assert outcome.code == 0 and "Gates" not in outcome.stdout


def test_the_report_of_the_last_run_may_be_the_baseline_of_the_next(measured: Path) -> None:
    assert mcuforge("run", measured, "--no-gates").code == 0
    options = ("--no-gates", "--baseline", "build/report.json", "--max-growth", "0%")
    outcome = mcuforge("run", measured, *options, "--json")
    assert outcome.code == 0
    assert {g["gate"] for g in json.loads(outcome.stdout)["reports"][0]["gates"]} == {"max-growth"}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--max-growth", "1%"), "--max-growth needs a --baseline"),
        (("--max-growth", "1", "--baseline", "x"), "write a percentage, such as 1%"),
        (("--baseline", "none.json"), "none.json: no such file"),
        (("--baseline", "7"), "there is no run 7 of build"),
        (("--min-accuracy", "nan"), "write a number"),
        (("--min-metric", "auc"), "write NAME=X"),
        (("--min-metric", "auc=nan"), "write a number"),
        (("--min-metric", "acc=0.9"), "no metric 'acc' (did you mean 'auc'?)"),
        (("--min-metric", "mse=0.9"), "less is better"),
        (("--max-metric", "auc=0.9"), "more is better"),
        (("--max-flash", "64q"), "write bytes"),
    ],
)
def test_a_gate_that_makes_no_sense_is_bad_usage(
    measured: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], words: str
) -> None:
    monkeypatch.setattr(driver, "run", lambda *_, **__: pytest.fail("work was begun"))
    mcuforge("run", measured, *options).refused(2, words)
