"""The models of the repository with ranges of one's own choice: generated C against TFLM."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mcuforge import boards, driver, planning, recipe
from mcuforge.build import build
from mcuforge.convert import convert
from mcuforge.device.client import Device
from mcuforge.emit import project
from mcuforge.oracle.tflm import TFLM
from mcuforge.proof import parity
from mcuforge.recipe import metrics
from mcuforge.recipe.quantization import DEFAULT, combine
from mcuforge.samples import quantised

MODELS = Path(__file__).parents[2] / "models"
FAMILY = ["autoencoder", "denoising_autoencoder", "sparse_autoencoder", "unet", "vae"]
BENCHMARK = Path(__file__).parents[2] / "benchmarks/quantization.py"
missing = any(importlib.util.find_spec(n) is None for n in ("tensorflow", "litert_quantizer"))
pytestmark = [
    pytest.mark.tensorflow,
    pytest.mark.skipif(missing, reason="needs mcuforge[train]"),
]
WIDE = {"bits": "16x8"}
SYMMETRIC = {"calibration": "mse", "activations": "symmetric", "weights": "per-tensor"}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("autoencoder", SYMMETRIC),
        ("unet", {"percentile": "99.6"}),
        pytest.param("autoencoder", WIDE, marks=pytest.mark.slow),
        pytest.param("unet", WIDE, marks=pytest.mark.slow),
    ],
)
def test_generated_c_equals_tflm(tmp_path: Path, name: str, words: dict[str, Any]) -> None:
    loaded = recipe.load(MODELS / name)
    tflite = tmp_path / "model.tflite"
    tflite.write_bytes(convert(loaded, settings=combine(DEFAULT, **words)).tflite)
    plan = planning.make_plan(tflite, name)
    project.emit(plan, boards.load("host"), tmp_path / "project")
    executable = build(tmp_path / "project", "host-asan").elf
    golden = metrics.load_golden(loaded.golden, loaded.metric)
    inputs = quantised.quantize_batch(golden["inputs"][:6], plan.graph, "golden")
    inputs += quantised.random_samples(plan.graph, 4)
    expected = TFLM.run(tflite.read_bytes(), inputs)
    with Device.spawn([str(executable)]) as host:
        actual = [host.run(sample).outputs for sample in inputs]
    comparison = parity.compare("generated C", expected, actual, decides=True)
    assert comparison.bytes_compared == sum(o.nbytes for s in expected for o in s)
    assert comparison.bytes_differing == 0, comparison.first_difference


@pytest.mark.slow
@pytest.mark.sim
@pytest.mark.parametrize("name", ["autoencoder", "unet"])
@pytest.mark.parametrize(
    "words",
    [{"calibration": c} for c in ("percentile", "mse", "kl", "auto")] + [WIDE],
    ids=lambda words: next(iter(words.values())),
)
def test_the_device_equals_tflm(tmp_path: Path, name: str, words: dict[str, str]) -> None:
    report = driver.run(
        MODELS / name,
        boards.load("mps2-an386"),
        tmp_path,
        count=16,
        inputs_file=None,
        port=None,
        on_stage=lambda *_: None,
        settings=combine(DEFAULT, **words),
    )
    assert report.verdict.exact, report.verdict.divergence
    expected = "int16" if words == WIDE else words["calibration"]
    assert report.quantization is not None and expected in report.quantization
    assert all(a.device == a.int8_model for a in report.accuracy)


def benchmark() -> Any:
    spec = importlib.util.spec_from_file_location("benchmark_quantization", BENCHMARK)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look it up
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
@pytest.mark.parametrize("name", FAMILY)
def test_damaged_samples_cost_other_strategies_a_tenth_of_what_they_cost_min_max(name: str) -> None:
    """1 sample in 100 scaled by 20; and without them auto is as good as min-max."""
    tool = benchmark()
    subject = tool.load(MODELS / name)
    clean = {
        text: tool.quality(subject, subject.calibration, tool.strategy(text))
        for text in ("converter", "auto")
    }
    for metric, allowed in {"auc": 0.002, "mean_iou": 0.002, "psnr": 0.2}.items():
        if metric in subject.floats:
            assert clean["auto"][metric] > clean["converter"][metric] - allowed
    shares: dict[str, list[float]] = {tool.PERCENTILE: [], "mse": [], "auto": []}
    for seed in range(3):
        damaged = tool.with_outliers(subject.calibration, seed)
        changed = (damaged != subject.calibration).reshape(len(damaged), -1).any(axis=1)
        assert np.count_nonzero(changed) == max(1, round(len(changed) / 100))
        lost = tool.quality(subject, damaged, tool.strategy("converter"))
        for text, found in shares.items():
            kept = tool.quality(subject, damaged, tool.strategy(text))
            found += [tool.recovered(subject.floats[m], lost[m], kept[m]) for m in lost]
    assert all(min(found) >= 0.9 for found in shares.values()), shares
