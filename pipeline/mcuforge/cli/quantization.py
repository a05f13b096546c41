"""The options that say how a model is quantised."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from mcuforge import recipe
from mcuforge.cli.arguments import STRATEGY
from mcuforge.errors import UsageError
from mcuforge.model_files.kind import Kind, recognise
from mcuforge.recipe import quantization
from mcuforge.recipe.quantization import QuantizationSettings

F = TypeVar("F", bound=Callable[..., Any])

_SAMPLE_FILES = (".npz", ".npy")
_OPTIONS = (
    click.option(
        "--calibration",
        metavar="STRATEGY",
        type=STRATEGY,
        help="How ranges are chosen: converter (the TensorFlow Lite converter's, the default), "
        "min-max, moving-average, percentile, mse, kl or auto.",
    ),
    click.option(
        "--percentile",
        metavar="HIGH|LOW,HIGH",
        help="For --calibration percentile. HIGH alone cuts as much off below  [0.1,99.9]",
    ),
    click.option(
        "--layer",
        "layers",
        metavar="NAME=STRATEGY",
        multiple=True,
        help="A strategy of its own for a layer's outputs; may be repeated.",
    ),
    click.option("--no-layers", is_flag=True, help="Without the recipe's [quantization.layers]."),
    click.option(
        "--bits",
        type=click.Choice(quantization.BITS),
        help="8; 16x8: int16 activations; dynamic: int8 weights only, without firmware.",
    ),
    click.option(
        "--activations",
        type=click.Choice(quantization.ACTIVATIONS),
        help="symmetric: every zero point is 0.",
    ),
    click.option(
        "--weights",
        type=click.Choice(quantization.WEIGHTS),
        help="A scale for each output channel, or one for the tensor.",
    ),
    click.option(
        "--bias-correction/--no-bias-correction",
        default=None,
        help="Take back what rounded weights add to the mean of each channel.",
    ),
    click.option(
        "--equalization/--no-equalization",
        default=None,
        help="Even out the channels between two layers.",
    ),
)


def quantization_options(function: F) -> F:
    """The options whose values `chosen` takes; each replaces the recipe's."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def chosen(model: Path, words: dict[str, Any]) -> QuantizationSettings | None:
    """The settings of MODEL's recipe with the options given; None where none was given.

    Raises `UsageError` where an option makes no sense, or MODEL is quantised already.
    """
    words = {**words, "layers": _layers(words["layers"], words["no_layers"])}
    del words["no_layers"]
    if all(value is None for value in words.values()):
        return None
    kind = recognise(model)
    loaded = recipe.load(model) if kind is Kind.RECIPE else None
    if kind is Kind.TFLITE or (loaded is not None and loaded.keras is None):
        raise UsageError(f"{model} is quantised already; the options are for Keras models.")
    return quantization.combine(loaded.quantization if loaded else quantization.DEFAULT, **words)


def _layers(given: tuple[str, ...], none: bool) -> dict[str, str] | None:
    """The strategies of single layers that replace the recipe's; None where it keeps its own."""
    pairs = [text.rpartition("=") for text in given]
    for text, (name, _, strategy) in zip(given, pairs, strict=True):
        if not (name.strip() and strategy.strip()):
            raise UsageError(f"--layer {text}: write NAME=STRATEGY, such as conv2d_3=mse.")
    if none and given:
        raise UsageError("--layer and --no-layers contradict each other. Give one.")
    if not given and not none:
        return None
    return {name.strip(): strategy.strip() for name, _, strategy in pairs}


def split_calibration(
    calibration: str | None, samples: Path | None
) -> tuple[str | None, Path | None]:
    """The strategy and the samples' file: `--calibration FILE.npz` means `--samples FILE.npz`."""
    if calibration is None or not calibration.endswith(_SAMPLE_FILES):
        return calibration, samples
    if samples is not None:
        raise UsageError(f"--calibration {calibration} and --samples both name a file. Give one.")
    return None, Path(calibration)
