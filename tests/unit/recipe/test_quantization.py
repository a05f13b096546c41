"""Settings: from recipes and options, what is refused, and how they travel."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from mcuforge.cli.quantization import split_calibration
from mcuforge.errors import UnsupportedError, UsageError
from mcuforge.recipe import quantization, strategies
from mcuforge.recipe.quantization import DEFAULT, Bits, QuantizationSettings, combine

ALL = """
calibration = "percentile"
percentile = [0.5, 99.5]
bits = "16x8"
activations = "symmetric"
weights = "per-tensor"
bias_correction = true
equalization = true
[layers]
conv2d_3 = "min-max"
"""


def from_toml(text: str) -> QuantizationSettings:
    return quantization.from_table("recipe.toml", tomllib.loads(text))


def test_a_recipe_can_say_everything() -> None:
    assert from_toml(ALL) == QuantizationSettings(
        strategy=strategies.parse("percentile 0.5 99.5"),
        layers=(("conv2d_3", strategies.parse("min-max")),),
        bits=Bits.INT16,
        symmetric=True,
        per_channel=False,
        bias_correction=True,
        equalization=True,
    )


@pytest.mark.parametrize("text", ["", 'calibration = "converter"', "bias_correction = false"])
def test_the_defaults_leave_it_to_the_converter(text: str) -> None:
    assert from_toml(text) == DEFAULT and DEFAULT.by_converter


@pytest.mark.parametrize(
    "line", [line for line in ALL.splitlines()[1:-2] if "percentile" not in line]
)
def test_everything_else_does_not(line: str) -> None:
    assert not from_toml(line).by_converter
    assert not from_toml('[layers]\na = "mse"').by_converter


@pytest.mark.parametrize("text", [ALL, 'calibration = "auto"', 'bits = "dynamic"'])
def test_settings_travel_to_a_child_process(text: str) -> None:
    assert quantization.from_json(from_toml(text).to_json()) == from_toml(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('calibration = "best"', "recipe.toml: quantization: .*no calibration strategy 'best'"),
        ("percentile = 101", "quantization: .*percentile above 50"),
        ("percentile = [99, 1]", "quantization: .*percentile above 50"),
        (
            'percentile = "99"',
            r"quantization.percentile: is '99'; it must be HIGH or \[LOW, HIGH\]",
        ),
        ("percentile = [1, 2, 3]", "quantization.percentile: is"),
        ("percentile = true", "quantization.percentile: is true"),
        ('calibration = "mse"\npercentile = 99', "not for 'mse'"),
        ("bits = 8", "quantization.bits: is 8; it must be one of: '16x8', '8', 'dynamic'"),
        ('weights = "per-row"', "quantization.weights: is 'per-row'"),
        ('activations = "both"', "quantization.activations: is 'both'"),
        ("equalization = 1", "quantization.equalization: is 1; it must be true or false"),
        (
            "equalisation = true",
            "quantization.equalisation: unknown key .*allowed here: 'calibration'",
        ),
        ("[layers]\na = 1", "quantization.layers.a: is 1; it must be one line of text"),
        ('[layers]\na = "auto"', "no calibration strategy 'auto'"),
        ('bits = "dynamic"\ncalibration = "mse"', "no strategy applies"),
        ('bits = "16x8"\ncalibration = "kl"', "'kl' searches for the best 8 bits"),
    ],
)
def test_what_makes_no_sense_is_refused(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        from_toml(text)


def test_options_replace_the_recipe_one_by_one() -> None:
    base = from_toml(ALL)
    assert combine(base) == base
    assert combine(base, bits="8", calibration="mse") == combine(
        combine(base, bits="8"), calibration="mse"
    )
    assert combine(base, percentile="99.9").strategy == strategies.parse("percentile 0.1 99.9")
    assert combine(base, equalization=False).bias_correction
    assert combine(DEFAULT, calibration="auto").strategy is None


def test_settings_in_words() -> None:
    assert str(DEFAULT) == "converter"
    assert str(from_toml('calibration = "min-max"')) == "min-max"
    assert str(from_toml('weights = "per-tensor"')) == "min-max, weights per tensor"
    assert str(from_toml('bits = "dynamic"')) == "dynamic range"
    assert str(from_toml(ALL)) == (
        "percentile 0.5 99.5, min-max for conv2d_3, int16 activations, symmetric, "
        "weights per tensor, bias correction, equalization"
    )


def test_firmware_needs_integers() -> None:
    with pytest.raises(UnsupportedError, match=r"unet: .*no firmware.*on the fly.*--evaluate"):
        combine(DEFAULT, bits="dynamic").check_runs_on_device("unet")
    combine(DEFAULT, bits="16x8").check_runs_on_device("unet")
    DEFAULT.check_runs_on_device("unet")


def test_calibration_names_a_strategy_or_as_before_a_file() -> None:
    file = Path("a.npz")
    assert split_calibration("a.npz", None) == (None, file)
    assert split_calibration("folder/b.npy", None) == (None, Path("folder/b.npy"))
    assert split_calibration("mse", file) == ("mse", file)
    assert split_calibration(None, file) == (None, file)
    with pytest.raises(UsageError, match="both name a file"):
        split_calibration("a.npz", file)
