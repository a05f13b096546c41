"""What a training script may tell, and scripts that make a `.tflite` themselves."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Any

import pytest
import searches

from mcuforge import recipe
from mcuforge.errors import UsageError
from mcuforge.training import train, training_job
from mcuforge.training.training_job import GivenUpError, Report


def silent(_done: int, _total: int) -> None:
    """Tell nobody."""


def test_a_report_keeps_curve_and_figures() -> None:
    seen: list[tuple[int, int]] = []
    report = Report(lambda done, total: seen.append((done, total)))
    report(1, 3)
    report(2, 3, 0.5, sparsity=0.2)
    report(3, 3, 0.75, sparsity=0.4, odd=math.nan)
    assert seen == [(1, 3), (2, 3), (3, 3)]
    assert report.told() == {
        "curve": [(2, 0.5), (3, 0.75)], "figures": {"sparsity": 0.4}, "stopped_at": None,
    }  # fmt: skip


def test_a_training_below_the_floor_is_given_up() -> None:
    report = Report(silent, [[2, 0.6]])
    report(1, 3, 0.1)
    with pytest.raises(GivenUpError):
        report(2, 3, 0.5)
    assert report.told()["stopped_at"] == 2
    astray = Report(silent, [[1, 0.0]])
    with pytest.raises(GivenUpError):
        astray(1, 3, math.nan)


def test_a_script_that_makes_a_tflite(tmp_path: Path) -> None:
    """In a child process without TensorFlow; twice the same."""
    loaded = recipe.load(searches.toy(tmp_path))
    result = train.run(loaded)
    assert result.conversion is None
    assert set(result.written) == {loaded.tflite, loaded.golden}
    first = loaded.tflite.read_bytes()
    train.run(loaded)
    assert loaded.tflite.read_bytes() == first


@pytest.mark.parametrize(
    ("returned", "told"),
    [
        ("b'x'", "must return the bytes of a .tflite and the golden arrays"),
        ("(1, {})", "must return the bytes of a .tflite and the golden arrays"),
    ],
)
def test_a_script_that_returns_something_else(returned: str, told: str, tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text(f"def train(seed, epochs, on_progress):\n    return {returned}\n")
    asked: dict[str, Any] = {
        "recipe_file": "recipe.toml", "script": str(script), "seed": 1, "epochs": 1,
        "options": {}, "golden": str(tmp_path / "g.npz"),
    }  # fmt: skip
    with pytest.raises(UsageError, match=told):
        training_job.train_tflite(asked, str(tmp_path / "m.tflite"), silent)


def test_a_script_that_was_just_edited_runs_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing compiled is kept beside it, which Python takes for the script within a second."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    script = tmp_path / "train.py"
    for value in (1, 2):
        script.write_text(f"import neighbour\nVALUE = {value}\n")
        (tmp_path / "neighbour.py").write_text("")
        assert value == training_job.load(script).VALUE
    assert not (tmp_path / "__pycache__").exists()
