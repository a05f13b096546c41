# SPDX-License-Identifier: Apache-2.0
"""What each way to quantise costs in accuracy, on clean calibration samples and on damaged ones.

    python benchmarks/quantization.py models/autoencoder models/unet [--seeds 3]

Damaged: 1 sample in 100 is scaled by 20. Accuracy is that of the oracle (TFLM on the host; LiteRT
for dynamic range) on the golden samples. "recovered" is the share of what the converter loses to
the damage that another strategy does not lose: 100 % is as good as the float model.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.table import Table

from mcuforge import recipe
from mcuforge.convert import convert, float_outputs
from mcuforge.proof.evaluation import host_outputs
from mcuforge.recipe import Recipe, metrics, quantization
from mcuforge.recipe.quantization import DEFAULT, QuantizationSettings
from mcuforge.samples import array_files

Array = npt.NDArray[Any]

OUTLIER_SHARE = 0.01
OUTLIER_FACTOR = 20
PERCENTILE = "percentile 0.1 99.9"
STRATEGIES = (
    "converter",
    "moving-average",
    PERCENTILE,
    "percentile 1 99",
    "mse",
    "kl",
    "auto",
)
VARIANTS: tuple[Mapping[str, Any], ...] = (
    {},
    {"activations": "symmetric"},
    {"weights": "per-tensor"},
    {"bias_correction": True},
    {"equalization": True},
    {"weights": "per-tensor", "bias_correction": True},
    {"weights": "per-tensor", "equalization": True},
    {"bits": "16x8"},
    {"bits": "dynamic"},
)


@dataclass(frozen=True, eq=False)
class Subject:
    """A model with its golden and calibration samples, and the float model's quality."""

    recipe: Recipe
    golden: Mapping[str, Array]
    calibration: Array
    floats: Mapping[str, float]


def load(folder: Path) -> Subject:
    """Read a model folder and run its float model on the golden samples."""
    loaded = recipe.load(folder)
    golden = metrics.load_golden(loaded.golden, loaded.metric)
    outputs = float_outputs(loaded.keras, golden["inputs"])
    quality = metrics.evaluate(loaded.metric, golden["inputs"], outputs, golden)
    return Subject(loaded, golden, array_files.read_array(loaded.calibration), quality)


def quality(subject: Subject, calibration: Array, chosen: QuantizationSettings) -> dict[str, float]:
    """The metrics of the model, quantised with these samples and settings."""
    converted = convert(subject.recipe, calibration, settings=chosen)
    inputs = subject.golden["inputs"]
    outputs, _ = host_outputs(converted.tflite, inputs)
    return metrics.evaluate(subject.recipe.metric, inputs, outputs, subject.golden)


def with_outliers(calibration: Array, seed: int) -> Array:
    """The samples, 1 in 100 of them scaled by 20."""
    damaged = np.array(calibration)
    # a sample that is all zero would stay as it is
    candidates = np.flatnonzero(np.abs(damaged).reshape(len(damaged), -1).max(axis=1) > 0)
    count = max(1, round(len(damaged) * OUTLIER_SHARE))
    chosen = np.random.default_rng(seed).choice(candidates, count, replace=False)
    damaged[chosen] *= OUTLIER_FACTOR
    return damaged


def recovered(floats: float, converter: float, other: float) -> float:
    """The share of the converter's loss that the other does not have; 1 is the float model."""
    return (other - converter) / (floats - converter)


def strategy(text: str) -> QuantizationSettings:
    """The default settings with a strategy."""
    return QuantizationSettings(strategy=quantization.parse_strategy(text))


def _strategies(subject: Subject, seeds: Sequence[int]) -> Table:
    names = list(subject.floats)
    title = f"{subject.recipe.name}, float " + ", ".join(
        f"{n} {v:.5g}" for n, v in subject.floats.items()
    )
    table = Table("strategy", *(f"{n}, clean" for n in names), title=title)
    for seed in seeds:
        for name in names:
            table.add_column(f"{name}, damaged ({seed})", justify="right")
    damaged = {seed: with_outliers(subject.calibration, seed) for seed in seeds}
    base: dict[int, dict[str, float]] = {}
    for text in STRATEGIES:
        clean = quality(subject, subject.calibration, strategy(text))
        cells = [f"{clean[n]:.5g}" for n in names]
        for seed in seeds:
            found = quality(subject, damaged[seed], strategy(text))
            base.setdefault(seed, found)
            for n in names:
                share = recovered(subject.floats[n], base[seed][n], found[n])
                cells.append(f"{found[n]:.5g} ({share:.0%})")
        table.add_row(text, *cells)
    return table


def _variants(subject: Subject) -> Table:
    table = Table("settings", *subject.floats, title=f"{subject.recipe.name}, min-max ranges")
    for words in VARIANTS:
        chosen = quantization.combine(DEFAULT, **words)
        found = quality(subject, subject.calibration, chosen)
        table.add_row(str(chosen), *(f"{found[n]:.5g}" for n in subject.floats))
    return table


def main() -> None:
    """Print both tables for every model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="+", type=Path)
    parser.add_argument("--seeds", type=int, default=1, help="ways to damage the samples")
    arguments = parser.parse_args()
    console = Console() if sys.stdout.isatty() else Console(width=200)
    for folder in arguments.models:
        subject = load(folder)
        console.print(_strategies(subject, range(arguments.seeds)))
        console.print(_variants(subject))


if __name__ == "__main__":
    main()
