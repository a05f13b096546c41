"""The TensorFlow Lite converter's ranges beside those observed, and every row of the table had."""

from __future__ import annotations

import importlib.util
import json
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import in_tensorflow
import numpy as np
import pytest
from click.testing import CliRunner, Result

from mcuforge.cli import cli
from mcuforge.cli.quantization import chosen, quantization_options
from mcuforge.errors import UsageError
from mcuforge.quantization.ranges import range_checks
from mcuforge.quantization.ranges.range_checks import SeenRange
from mcuforge.recipe import quantization
from mcuforge.recipe.quantization import CONVERTER, DEFAULT, MIN_MAX, QuantizationSettings
from mcuforge.studies.quantization import comparison

missing = any(importlib.util.find_spec(n) is None for n in ("tensorflow", "litert_quantizer"))

SAVE = """
import sys, keras
import numpy as np
from keras import layers
keras.utils.set_random_seed(1)
rng = np.random.default_rng(0)
image = keras.Input((12, 12, 1), name="image")
x = layers.Conv2D(6, 3, padding="same", name="front")(image)
x = layers.ReLU()(x)
normalise = layers.BatchNormalization(name="normalise")
x = normalise(x)
x = layers.GlobalAveragePooling2D(name="average")(x)
model = keras.Model(image, layers.Dense(3, name="out")(x))
g, b, m, v = normalise.get_weights()
normalise.set_weights([g, b, m + 0.1, v * rng.uniform(0.002, 0.01, v.shape)])
model.save(sys.argv[1])
"""
RECIPE = """
name = "tiny"
summary = "a model"
[model]
keras = "model.keras"
tflite = "model.tflite"
[convert]
calibration = "samples.npz"
[evaluation]
golden = "samples.npz"
metric = "none"
[quantization]
activations = "symmetric"
[quantization.layers]
front = "mse"
"""


@pytest.fixture(scope="module")
def keras(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A convolution, ReLU and BatchNormalization, with samples and a recipe beside it."""
    folder = tmp_path_factory.mktemp("model")
    file = folder / "model.keras"
    in_tensorflow.run(SAVE, file)
    rng = np.random.default_rng(2)
    np.savez(folder / "samples.npz", inputs=rng.random((40, 12, 12, 1), np.float32))
    np.savez(folder / "held_out.npz", inputs=rng.random((20, 12, 12, 1), np.float32))
    (folder / "recipe.toml").write_text(RECIPE)
    return file


def command(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(a) for a in arguments], catch_exceptions=False)


needs_tensorflow = pytest.mark.skipif(missing, reason="needs the train extra")


@pytest.mark.tensorflow
@needs_tensorflow
def test_convert_warns_and_min_max_observes(keras: Path, tmp_path: Path) -> None:
    samples = ["--samples", keras.parent / "samples.npz", "--json", "-o"]
    plain = command("convert", keras, *samples, tmp_path / "a.tflite")
    assert plain.exit_code == 0, plain.output
    warnings = json.loads(plain.stdout)["warnings"]
    assert any(
        "front: the converter's range 0 ..." in text and "--calibration min-max" in text
        for text in warnings
    )
    own = command("convert", keras, "--calibration", "min-max", *samples, tmp_path / "b.tflite")
    assert own.exit_code == 0, own.output
    told = json.loads(own.stdout)
    assert not any("converter" in text for text in told["warnings"])
    assert told["quantization"] == "min-max" and told["ranges"]
    assert (tmp_path / "a.tflite").read_bytes() != (tmp_path / "b.tflite").read_bytes()


@pytest.mark.slow
@pytest.mark.tensorflow
@needs_tensorflow
@pytest.mark.parametrize("folder", [False, True], ids=["keras", "recipe"])
def test_every_row_s_options_give_its_file(
    keras: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: bool
) -> None:
    monkeypatch.setattr(comparison, "STRATEGIES", ("min-max", "percentile 1 99", "auto"))
    measured: dict[str, bytes] = {}
    measure = comparison.outcome

    def remember(
        subject: comparison.Subject, variant: QuantizationSettings, tflite: bytes, costs: Any
    ) -> comparison.Outcome:
        measured[str(variant)] = tflite
        return measure(subject, variant, tflite, costs)

    monkeypatch.setattr(comparison, "outcome", remember)
    model = keras.parent if folder else keras
    samples = [] if folder else ["--samples", keras.parent / "samples.npz"]
    held_out = ["--held-out", keras.parent / "held_out.npz", "-o", tmp_path / "page.html"]
    done = command("debug-quantization", model, *samples, *held_out, "--no-firmware", "--json")
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    rows = [report["present"], *report["outcomes"]]
    assert len({row["settings"] for row in rows}) == 6 + folder
    for row in rows:
        target = tmp_path / "row.tflite"
        again = command("convert", model, *samples, *row["options"], "-o", target)
        assert again.exit_code == 0, again.output
        assert target.read_bytes() == measured[row["settings"]], row["settings"]


BASES = (
    DEFAULT,
    quantization.combine(DEFAULT, bits="16x8", activations="symmetric", layers={"a": "min-max"}),
    quantization.combine(
        DEFAULT, weights="per-tensor", bias_correction=True, calibration="min-max"
    ),
    quantization.combine(DEFAULT, equalization=True, percentile="99"),
)


@pytest.mark.parametrize("base", BASES, ids=str)
def test_options_make_the_settings_of_every_row(
    base: QuantizationSettings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Parsed as a person types them beside a recipe with settings of its own."""
    found: list[QuantizationSettings | None] = []

    @click.command()
    @quantization_options
    def typed(**words: Any) -> None:
        found.append(chosen(tmp_path, words))

    (tmp_path / "recipe.toml").write_text(RECIPE)
    fake = type("Recipe", (), {"quantization": base, "keras": tmp_path / "model.keras"})
    monkeypatch.setattr("mcuforge.cli.quantization.recipe.load", lambda _path: fake)
    wanted = [*comparison._variants(base), *BASES]
    for variant in wanted:
        done = CliRunner().invoke(typed, list(variant.options(base)), catch_exceptions=False)
        assert done.exit_code == 0, done.output
        given = found.pop()
        assert given is not None and str(given) == str(variant)
        assert given.by_converter == variant.by_converter
        assert replace(given, strategy=given.observed) == replace(
            variant, strategy=variant.observed
        )


def test_the_converter_s_own_choice_has_a_name() -> None:
    assert DEFAULT.strategy == CONVERTER and str(DEFAULT) == "converter"
    own = quantization.from_table("recipe.toml", {"calibration": "min-max"})
    assert own.strategy == MIN_MAX and not own.by_converter
    mixed = quantization.combine(BASES[1], calibration="converter")
    assert mixed == DEFAULT
    with pytest.raises(UsageError, match="has no choice of its own: not of 'weights per tensor'"):
        quantization.combine(DEFAULT, calibration="converter", weights="per-tensor")
    for name in ("converter", "auto"):
        with pytest.raises(UsageError, match=f"no calibration strategy '{name}' for a single"):
            quantization.combine(DEFAULT, layers={"a": name})


def test_layers_are_an_option(tmp_path: Path) -> None:
    keras = tmp_path / "a.keras"
    with zipfile.ZipFile(keras, "w") as archive:
        archive.writestr("config.json", "{}")
    nothing: dict[str, Any] = {"calibration": None}
    given = chosen(keras, {**nothing, "layers": ("a=b=mse", "c=kl"), "no_layers": False})
    assert given is not None and [str(s) for _, s in given.layers] == ["mse", "kl"]
    assert given.layers[0][0] == "a=b"
    assert chosen(keras, {**nothing, "layers": (), "no_layers": False}) is None
    for layers, none, message in ((("mse",), False, "NAME=STRATEGY"), (("a=kl",), True, "contra")):
        with pytest.raises(UsageError, match=message):
            chosen(keras, {**nothing, "layers": layers, "no_layers": none})


RELU = SeenRange("m/relu", "front", "CONV_2D", 24 / 255, -128, 0, 24, 0, 1.0, ())


def test_ranges_that_fit_or_are_shared_are_not_blamed() -> None:
    def sentences(*tensors: SeenRange) -> list[str]:
        return [text for _, text in range_checks.misjudged(tensors)]

    assert "24 times as wide as needed" in sentences(RELU)[0]
    assert "0 ... 1" in sentences(RELU)[0]
    assert not sentences(replace(RELU, seen_high=7))
    assert not sentences(RELU, replace(RELU, tensor="m/join", op="CONCATENATION", seen_high=23))
    assert len(sentences(RELU, replace(RELU, tensor="m/pool", op="MAX_POOL_2D"))) == 1
    softmax = replace(RELU, tensor="m/softmax", op="SOFTMAX", seen_high=0.1)
    assert not sentences(softmax, replace(softmax, tensor="m/reshape", op="RESHAPE"))
    assert not sentences(replace(RELU, seen_high=0.0))
    clipped = sentences(replace(RELU, seen_high=30))
    assert len(clipped) == 1 and "clips" in clipped[0]
    assert not sentences(replace(RELU, seen_high=24.1))
    # What the model itself clips, as ReLU(max_value=24) does with a MINIMUM.
    before = replace(RELU, tensor="m/conv", seen_high=30)
    assert not sentences(before, replace(RELU, op="MINIMUM", seen_high=24))
    assert "clips" in sentences(before, replace(RELU, op="MINIMUM", seen_high=30))[0]
