"""Keras models quantised with ranges of one's own choice. TensorFlow starts slowly: few calls."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Iterator
from pathlib import Path

import keras_models
import numpy as np
import pytest
from click.testing import CliRunner, Result
from json_documents import checked
from tflite_runs import kinds

from mcuforge.cli import cli
from mcuforge.convert import convert
from mcuforge.errors import ModelError, UsageError
from mcuforge.recipe.quantization import DEFAULT, combine

MODELS = Path(__file__).parents[3] / "models"
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


def test_the_converters_min_max_gives_the_bytes_it_always_gave(tmp_path: Path) -> None:
    done = command("convert", MODELS / "autoencoder", "-o", tmp_path / "a.tflite")
    assert done.exit_code == 0, done.output
    shipped = (MODELS / "autoencoder/artifacts/model.tflite").read_bytes()
    assert (tmp_path / "a.tflite").read_bytes() == shipped
    assert "(converter)" in done.output and "Warning" not in done.output


def test_options_and_evaluation(tmp_path: Path) -> None:
    target = tmp_path / "a.tflite"
    options = ["--percentile", "0.1,99.9", "--weights", "per-tensor", "--bias-correction"]
    done = command(
        "convert", MODELS / "autoencoder", *options, "--evaluate", "--json", "-o", target
    )
    assert done.exit_code == 0, done.output
    told = checked(done.stdout)
    assert told["quantization"] == "percentile 0.1 99.9, weights per tensor, bias correction"
    assert {r["strategy"] for r in told["ranges"]} == {"percentile 0.1 99.9"}
    assert told["ranges"][0]["layer"] == "image" and told["ranges"][0]["high"] < 1
    assert told["effects"][0]["correction"] == "bias_correction"
    evaluation = told["evaluation"]
    assert evaluation["engine"] == "TFLM on the host"
    assert 0.99 < evaluation["quantized"]["auc"] < 1
    assert evaluation["quantized"]["mse"] != evaluation["float_model"]["mse"]


def test_a_recipe_asks_for_its_quantisation(tmp_path: Path) -> None:
    shutil.copytree(MODELS / "unet/artifacts", tmp_path / "artifacts")
    text = (MODELS / "unet/recipe.toml").read_text()
    table = '\n[quantization]\ncalibration = "mse"\n[quantization.layers]\nclasses = "min-max"\n'
    (tmp_path / "recipe.toml").write_text(text + table)
    target = tmp_path / "own.tflite"
    done = command("convert", tmp_path, "-o", target, "--json")
    assert done.exit_code == 0, done.output
    told = checked(done.stdout)
    by_layer = {r["layer"]: r["strategy"] for r in told["ranges"]}
    assert by_layer.pop("classes") == "min-max" and set(by_layer.values()) == {"mse"}
    assert len(told["rewritten"]) == 2
    assert not {"TILE", "DEQUANTIZE"} & set(kinds(target.read_bytes()))
    # an option takes the place of the recipe's: the converter's own bytes again
    (tmp_path / "recipe.toml").write_text(text + '\n[quantization]\nweights = "per-tensor"\n')
    done = command("convert", tmp_path, "-o", target, "--weights", "per-channel")
    assert done.exit_code == 0, done.output
    assert target.read_bytes() == (MODELS / "unet/artifacts/model.tflite").read_bytes()


def test_other_bits(folder: Path, tmp_path: Path) -> None:
    found = {
        bits: convert(folder / "good.keras", BATCH, settings=combine(DEFAULT, bits=bits))
        for bits in ("16x8", "dynamic")
    }
    done = command("run", MODELS / "unet", "--bits", "dynamic", "-o", tmp_path)
    assert done.exit_code == 1
    assert "bits = 'dynamic' has no firmware" in done.output
    assert found["16x8"].kind.startswith("full-integer, int16")
    assert "RESIZE_NEAREST_NEIGHBOR" in kinds(found["dynamic"].tflite)


@pytest.mark.parametrize("name", ["float_op", "unknown_op"])
def test_what_the_quantizer_cannot_do_is_named(folder: Path, name: str) -> None:
    with pytest.raises(ModelError, match=rf"{name}\.keras: "):
        convert(folder / f"{name}.keras", BATCH, settings=combine(DEFAULT, calibration="mse"))


def test_samples_of_another_shape(folder: Path) -> None:
    with pytest.raises(UsageError, match=r"of shape \[16, 6, 8, 2\] do not fit input 'image'"):
        convert(
            folder / "good.keras",
            BATCH.transpose(0, 2, 1, 3),
            settings=combine(DEFAULT, calibration="mse"),
        )


def test_a_generator_of_samples_and_one_that_fails(folder: Path) -> None:
    settings = combine(DEFAULT, calibration="percentile")
    whole = convert(folder / "good.keras", BATCH, settings=settings)
    assert convert(folder / "good.keras", iter(BATCH), settings=settings).tflite == whole.tflite

    def failing() -> Iterator[np.ndarray]:
        yield from BATCH[:3]
        raise OSError("camera gone")

    with pytest.raises(UsageError, match=r"failed at sample 3 \(OSError: camera gone\)"):
        convert(folder / "good.keras", failing(), settings=settings)


def test_an_interruption_leaves_the_old_model(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import mcuforge.cli.convert as module

    def interrupted(*arguments: object) -> None:
        def stop(_done: int, _total: int) -> None:
            raise KeyboardInterrupt

        convert(arguments[0], arguments[1], stop, arguments[3])  # type: ignore[arg-type]

    np.savez(tmp_path / "samples.npz", inputs=BATCH)
    target = tmp_path / "out" / "model.tflite"
    target.parent.mkdir()
    target.write_bytes(b"old")
    monkeypatch.setattr(module, "convert", interrupted)
    arguments = [folder / "good.keras", "--samples", tmp_path / "samples.npz"]
    done = command("convert", *arguments, "--calibration", "mse", "-o", target)
    assert done.exit_code == 1
    assert [p.name for p in target.parent.iterdir()] == ["model.tflite"]
    assert target.read_bytes() == b"old"


def test_odd_samples_are_warned_about(folder: Path, tmp_path: Path) -> None:
    np.savez(tmp_path / "pixels.npz", inputs=np.rint(BATCH * 255))
    # the option as it was before there were strategies
    done = command("convert", folder / "good.keras", "--calibration", tmp_path / "pixels.npz")
    assert done.exit_code == 0, done.output
    assert "Warning: " in done.stderr and "raw pixels?" in done.stderr
