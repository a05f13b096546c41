"""The `[gates]` table of a recipe, and the metrics that it may name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mcuforge import recipe
from mcuforge.errors import UsageError
from mcuforge.recipe import Metric, metric_names, metrics
from mcuforge.recipe.gates import Gates

HEAD = (
    'name = "net"\nsummary = "s"\n[model]\nkeras = "m.keras"\ntflite = "m.tflite"\n'
    '[convert]\ncalibration = "c.npz"\n[evaluation]\ngolden = "g.npz"\nmetric = "{metric}"\n'
)


def loaded(folder: Path, table: str, metric: str = "reconstruction") -> Gates:
    """The gates of a recipe with this table."""
    (folder / "recipe.toml").write_text(f"{HEAD.format(metric=metric)}\n{table}")
    return recipe.load(folder).gates


def test_every_key_is_read(tmp_path: Path) -> None:
    table = (
        '[gates]\nmax_flash = "64k"\nmax_ram = 32768\nmax_instructions = "1.5M"\n'
        "max_cycles = 2000\nmax_difference = 3\nmin_accuracy = 1\n"
        'baseline = "base/report.json"\nmax_growth = "0.5 %"\n'
        "min_metric = { auc = 0.9 }\n[gates.max_metric]\nmse = 0.01\n"
    )
    assert loaded(tmp_path, table) == Gates(
        max_flash=65536,
        max_ram=32768,
        max_instructions=1_500_000,
        max_cycles=2000,
        max_difference=3,
        min_accuracy=1,
        min_metric=(("auc", 0.9),),
        max_metric=(("mse", 0.01),),
        baseline=str(tmp_path / "base" / "report.json"),
        max_growth=0.005,
    )
    assert loaded(tmp_path, "") == Gates()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('max_flash = "64q"', "gates.max_flash: '64q': write bytes, such as"),
        ("max_flash = 0", "gates.max_flash: 0 is not from 1"),
        ("max_flash = true", "gates.max_flash: is true; it must be bytes"),
        ("max_ram = 1.5", "gates.max_ram: is 1.5; it must be bytes"),
        ("max_instructions = 5e6", "gates.max_instructions: is 5000000.0; it must be a number"),
        ("min_accuracy = nan", "gates.min_accuracy: is nan; it must be a finite number"),
        ("min_metric.auc = inf", "gates.min_metric.auc: is inf"),
        ("max_difference = -1", "gates.max_difference: is -1; it must be a number, at least 0"),
        ('max_growth = "1"', "gates.max_growth: '1': write a percentage"),
        ("max_growth = 0.01", "gates.max_growth: is 0.01; it must be a percentage"),
        ("min_metric.mse = 1", "gates.min_metric: of mse less is better"),
        ("max_metric.auc = 1", "gates.max_metric: of auc more is better"),
        ("min_metric.accuracy = 1", "there is no metric 'accuracy'; there are: mse, auc"),
        ("max_rom = 1", "gates.max_rom: unknown key (did you mean 'max_ram'?)"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, line: str, words: str) -> None:
    with pytest.raises(UsageError) as raised:
        loaded(tmp_path, f"[gates]\n{line}")
    assert words in raised.value.message


def test_no_accuracy_without_a_metric(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="metric 'none' measures no accuracy"):
        loaded(tmp_path, "[gates]\nmin_accuracy = 0.9", "none")


def test_bounds_override_each_other_one_by_one() -> None:
    ours = Gates(max_flash=1, max_ram=2, min_metric=(("auc", 0.5), ("psnr", 1.0)))
    theirs = Gates(max_ram=3, min_metric=(("psnr", 2.0),))
    assert ours.overridden(theirs) == Gates(1, 3, min_metric=(("auc", 0.5), ("psnr", 2.0)))
    assert ours.overridden(Gates()) == ours


def _measured(metric: Metric) -> set[str]:
    rng = np.random.default_rng(1)
    inputs = rng.random((6, 4, 4, 2))
    golden = {
        "labels": np.array([0, 1, 0, 1, 0, 1]),
        "targets": inputs,
        "masks": rng.integers(0, 2, (6, 4, 4)),
        "clean": inputs,
    }
    outputs = {Metric.CLASSIFICATION: rng.random((6, 2))}.get(metric, rng.random((6, 4, 4, 2)))
    return set(metrics.evaluate(metric, rng.random((6, 4, 4, 2)), outputs, golden, outputs))


@pytest.mark.parametrize("metric", list(Metric))
def test_the_names_are_those_that_are_measured(metric: Metric) -> None:
    assert set(metric_names.GIVEN[metric.value]) == _measured(metric)
    main = metric_names.main(_measured(metric))
    assert main == metric_names.MAIN.get(metric.value)
    assert main is None or main in metric_names.MORE_IS_BETTER
