"""Ranges of an anomaly detector are judged by normal samples; its AUC still needs both."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from made_up_damage import FINE, damage_of

from mcuforge import recipe
from mcuforge.convert import sample_checks
from mcuforge.recipe import Metric, metrics
from mcuforge.recipe.quantization import DEFAULT
from mcuforge.samples import calibration
from mcuforge.studies import debug_quantization
from mcuforge.studies.quantization.comparison import Outcome
from mcuforge.studies.quantization.recommend import recommend

RNG = np.random.default_rng(6)
NORMAL = RNG.normal(0, 1, (30, 6)).astype(np.float32)
LABELS = np.arange(30) % 3 != 0  # most golden samples are anomalies
RECIPE = """
name = "detector"
summary = "a model"
[model]
keras = "m.keras"
tflite = "m.tflite"
[convert]
calibration = "calibration.npz"
[evaluation]
golden = "golden.npz"
metric = "reconstruction"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    golden = np.where(LABELS[:, np.newaxis], 40 * NORMAL, NORMAL)
    np.savez(tmp_path / "golden.npz", inputs=golden, labels=LABELS[:, np.newaxis])
    np.savez(tmp_path / "calibration.npz", inputs=RNG.normal(0, 1, (40, 6)).astype(np.float32))
    (tmp_path / "recipe.toml").write_text(RECIPE)
    return tmp_path


def test_only_normal_samples_are_measured_on(folder: Path, tmp_path: Path) -> None:
    data = debug_quantization._samples(recipe.load(folder), None, None, tmp_path)
    assert data.measured.count == 10 and data.measured.inputs[0].high < 6
    assert data.measured.name.endswith("golden.npz")


def test_other_metrics_measure_on_all(folder: Path) -> None:
    golden = folder / "golden.npz"
    assert len(metrics.measured_inputs(golden, Metric.RECONSTRUCTION)) == 10
    assert len(metrics.measured_inputs(golden, Metric.CLASSIFICATION)) == 30
    np.savez(golden, inputs=NORMAL, labels=np.ones(30))
    assert len(metrics.measured_inputs(golden, Metric.RECONSTRUCTION)) == 30
    np.savez(golden, inputs=NORMAL)
    assert len(metrics.measured_inputs(golden, Metric.RECONSTRUCTION)) == 30


def test_calibration_samples_are_compared_with_normal_ones(folder: Path) -> None:
    given = calibration.write(folder / "calibration.npz", folder / "samples")
    golden = folder / "golden.npz"
    assert sample_checks.warnings(given, golden, Metric.RECONSTRUCTION) == ()
    (text,) = sample_checks.warnings(given, golden, Metric.CLASSIFICATION)
    assert "but the golden samples lie in" in text


def test_the_advice_asks_for_normal_samples() -> None:
    damage = damage_of(replace(FINE, clipped=0.02, seen_high=9.0))
    for normal_only, wanted in ((True, "more normal ones"), (False, "more typical ones")):
        found = recommend(damage, DEFAULT, Outcome("a", 1e-4), (), normal_only=normal_only)
        assert wanted in found[1]
