"""`debug-quantization` and `convert --report` as a person types them. TensorFlow starts slowly."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

import keras_models
import numpy as np
import pytest
from click.testing import CliRunner, Result
from command_line import mcuforge
from json_documents import checked

from mcuforge.cli import cli
from mcuforge.cli import convert as convert_command
from mcuforge.studies.quantization import comparison

AUTOENCODER = Path(__file__).parents[3] / "models/autoencoder"
missing = any(importlib.util.find_spec(n) is None for n in ("tensorflow", "litert_quantizer"))
pytestmark = [
    pytest.mark.tensorflow,
    pytest.mark.skipif(missing, reason="needs mcuforge[train]"),
]

BATCH = np.random.default_rng(3).random((16, *keras_models.SHAPE), np.float32)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The saved models."""
    return keras_models.saved(tmp_path_factory)


def command(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(a) for a in arguments], catch_exceptions=False)


@pytest.mark.slow
def test_tells_tables_page_and_json(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    options = ["--percentile", "20,80", "--no-strategies", "--no-firmware", "--json", "-o", page]
    done = command("debug-quantization", AUTOENCODER, *options)
    assert done.exit_code == 0, done.output
    report = checked(done.stdout)
    worst = report["damage"]["tensors"][0]
    assert worst["clipped"] > 0.1 and worst["alone"] > 0.01
    assert any("clips" in text and worst["layer"] in text for text in report["recommendations"])
    assert report["present"]["metrics"][1][0] == "auc" and report["damage"]["samples"] == 128
    assert "<svg" in page.read_text(encoding="utf-8") and list(tmp_path.iterdir()) == [page]


def test_holds_out_a_quarter_of_a_keras_files_samples(folder: Path, tmp_path: Path) -> None:
    batch = np.concatenate([BATCH] * 6)
    batch[7] *= 20  # held out, and not to decide
    np.savez(tmp_path / "samples.npz", inputs=batch)
    keras = folder / "good.keras"
    arguments = ["debug-quantization", keras, "--samples", tmp_path / "samples.npz"]
    done = command(*arguments, "--no-strategies", "--json", "-o", tmp_path / "page.html")
    assert done.exit_code == 0, done.output
    report = checked(done.stdout)
    assert report["damage"]["samples"] == len(batch) // 4 - 1
    assert any("1 of 24 held-out samples may be outliers" in text for text in report["warnings"])
    assert report["present"]["flash"] > 1000 and report["present"]["instructions"] > 1000
    assert report["present"]["arena"] > 0


def test_refuses_what_it_cannot_look_into(tmp_path: Path) -> None:
    model, keras = AUTOENCODER, tmp_path / "m.keras"
    keras.write_bytes((AUTOENCODER / "artifacts/model.keras").read_bytes())
    for arguments, message in (
        (["debug-quantization", model, "--bits", "dynamic"], "no range to look at"),
        (["debug-quantization", model / "artifacts/model.tflite"], "the float model is needed"),
        (["debug-quantization", tmp_path / "n.keras", "--samples", "x.npz"], "x.npz: no such"),
        (["convert", keras, "--report"], "--report needs a model folder"),
    ):
        outcome = mcuforge(*arguments)
        assert outcome.code in (1, 2), outcome
        outcome.refused(outcome.code, message)


def test_held_out_samples_of_another_shape_are_refused(folder: Path, tmp_path: Path) -> None:
    other, page = tmp_path / "other.npz", tmp_path / "page.html"
    np.savez(tmp_path / "samples.npz", inputs=BATCH)
    np.savez(other, inputs=np.zeros((4, 3, 3, 1), np.float32))
    given = ["--samples", tmp_path / "samples.npz", "--held-out", other, "-o", page]
    done = command("debug-quantization", folder / "good.keras", *given)
    assert (
        done.exit_code == 2 and "other.npz: samples of shape [4, 3, 3, 1] do not fit" in done.stderr
    )
    assert not page.exists()


@pytest.mark.slow
def test_one_sample_is_warned_about(folder: Path, tmp_path: Path) -> None:
    np.savez(tmp_path / "one.npz", inputs=BATCH[:1])
    plain = ["--no-strategies", "--no-firmware", "-o", tmp_path / "page.html"]
    keras, samples = folder / "good.keras", tmp_path / "one.npz"
    done = command("debug-quantization", keras, "--samples", samples, *plain)
    assert done.exit_code == 0, done.output
    assert "nothing is said of other inputs" in done.stderr


def autoencoder_with(samples: int, folder: Path) -> Path:
    """The model folder of the autoencoder in which so many samples are left, to be quick."""
    copy = Path(shutil.copytree(AUTOENCODER, folder / "autoencoder"))
    for file in (copy / "artifacts").glob("*.npz"):
        with np.load(file) as arrays:
            every = {name: array[:: len(array) // samples] for name, array in arrays.items()}
        np.savez(file, **every)
    return copy


def test_convert_reports_what_it_wrote(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparison, "STRATEGIES", ("mse",))
    monkeypatch.setattr(convert_command, "default_board", lambda: None)
    target, model = tmp_path / "a.tflite", autoencoder_with(16, tmp_path)
    done = command("convert", model, "--calibration", "kl", "--report", "--json", "-o", target)
    assert done.exit_code == 0, done.output
    report = checked(done.stdout)["report"]
    assert report["present"]["tflite_bytes"] == target.stat().st_size
    ways = [outcome["settings"] for outcome in report["outcomes"]]
    assert ways == ["converter", "mse", "min-max, weights per tensor", "min-max, int16 activations"]
    assert all(outcome["noise"] > 0 and outcome["metrics"] for outcome in report["outcomes"])
    assert (tmp_path / "a.quantization.html").read_text(encoding="utf-8").count("<svg") > 10
