"""`mcuforge bench` where TensorFlow Lite Micro fails, or is no match."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from mcuforge import boards
from mcuforge.build import BuildError
from mcuforge.cli.bench import command
from mcuforge.proof.parity import Comparison, Verdict
from mcuforge.report import Costs, RunReport
from mcuforge.studies import bench

MODEL = Path(__file__).parents[3] / "models" / "autoencoder" / "artifacts" / "model.tflite"
EQUAL = Verdict(1, (Comparison("device", 10, 0, 0, 0.0, decides=True),))
WRONG = replace(
    EQUAL, comparisons=(Comparison("device", 10, 3, 1, 2.0, decides=True),), divergence="op 3"
)
COSTS = Costs(6_000, 20_000, 10_000, 9_990, 10_000, 30_000, 400, 2_000)


def report(engine: str, **changes: Any) -> RunReport:
    made = RunReport("net", "ab" * 32, "mps2-an386", engine, EQUAL, (), None, COSTS, ())
    return replace(made, **changes)


def measured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, theirs: RunReport | None) -> None:
    """`bench` gets these reports; TFLM fails to build where there is none of it."""

    def run(*_: object, engine: str, **__: object) -> RunReport:
        if engine == "aot":
            return report("aot")
        if theirs is None:
            raise BuildError("it does not link")
        return theirs

    monkeypatch.setattr(bench.driver, "run", run)
    monkeypatch.setenv("TFLM_ROOT", str(tmp_path))


@pytest.mark.parametrize(
    ("theirs", "why"),
    [(None, "it does not link"), (report("tflm", verdict=WRONG), "tflm on mps2-an386: op 3")],
)
def test_what_aot_measured_is_kept_where_tflm_fails(
    theirs: RunReport | None, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured(monkeypatch, tmp_path, theirs)
    arguments = [str(MODEL), "--board", "mps2-an386", "-o", str(tmp_path / "out")]
    done = CliRunner().invoke(command, arguments)
    assert done.exit_code == 1 and "2,000" in done.output
    content = json.loads((tmp_path / "out" / "bench.json").read_text())
    assert list(content["engines"]) == ["aot"]
    assert content["failed"].startswith("tflm could not be measured") and why in content["failed"]


@pytest.mark.parametrize(
    ("board", "library", "unfair"),
    [
        ("mps3-an547", "CMSIS-NN, v8.1-M.mainline, Helium (lib/x.a)", True),
        ("mps3-an547-helium", "CMSIS-NN, v8.1-M.mainline (lib/x.a)", True),
        ("mps3-an547-helium", "CMSIS-NN, v8.1-M.mainline, Helium (lib/x.a)", False),
        ("mps2-an386", "reference kernels, v7E-M (lib/x.a)", False),
    ],
)
def test_the_library_is_named_and_unequal_vectors_are_told(
    board: str, library: str, unfair: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = report("tflm", library=library, warnings=("for a lesser core",))
    measured(monkeypatch, tmp_path, theirs)
    result = bench.run(MODEL, boards.load(board), tmp_path, count=1, on_stage=lambda *_: None)
    assert result.notes[:2] == (f"tflm: {library}", "Warning: for a lesser core")
    assert any("no fair comparison" in note for note in result.notes) == unfair
    assert json.loads(bench.as_json(result))["libraries"] == {"tflm": library}
