"""Every combination, once; what is quantised already has no settings for that."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcuforge.errors import UsageError
from mcuforge.search import grid

MODELS = Path(__file__).parents[3] / "models"
KERAS = MODELS / "autoencoder"
TFLITE = KERAS / "artifacts" / "model.tflite"
CHOICES = {
    "quantization.calibration": ("min-max", "mse"),
    "quantization.bits": ("8", "16x8"),
    "run.memory": ("fit", "small"),
    "run.optimize": (),
}


def test_combinations() -> None:
    sweep = grid.asked([KERAS, TFLITE], ["mps2-an386", "microbit"], CHOICES, None, 15.0)
    found = sweep.combinations()
    of_keras = [each for each in found if each["model"] == str(KERAS)]
    of_tflite = [each for each in found if each["model"] == str(TFLITE)]
    assert len(of_keras) == 2 * 3 * 2, "mse and 16x8 contradict each other"
    assert len(of_tflite) == 2 * 2
    assert all(set(each) == {"model", "board", "run.memory"} for each in of_tflite)
    assert len({str(each) for each in found}) == len(found)
    drawn = grid.drawn(sweep)
    assert [each.params for each in drawn] == found
    assert all(set(each.distributions) == set(each.params) for each in drawn)


def test_a_worker_has_the_same_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = tmp_path / "model.tflite"
    model.write_bytes(TFLITE.read_bytes())
    monkeypatch.chdir(tmp_path)
    stored = grid.asked([Path(model.name)], ["mps2-an386"], {}, 3, 15.0).settings()
    assert grid.joined(stored).combinations() == [{"model": model.name, "board": "mps2-an386"}]
    model.write_bytes((MODELS / "unet" / "artifacts" / "model.tflite").read_bytes())
    with pytest.raises(UsageError, match="not the model that the sweep was begun with"):
        grid.joined(stored)
    model.unlink()
    with pytest.raises(UsageError, match=r"model\.tflite: no such file"):
        grid.joined(stored)


def test_what_is_unknown_is_told_before_the_work() -> None:
    with pytest.raises(UsageError, match="no calibration strategy 'maximum'"):
        grid.asked([KERAS], ["microbit"], {"quantization.calibration": ["maximum"]}, None, 15.0)
    with pytest.raises(UsageError, match="nowhere"):
        grid.asked([KERAS], ["nowhere"], {}, None, 15.0)
