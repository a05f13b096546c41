"""The shipped models: their artefacts fit together, and are as good as MODEL.md says."""

from __future__ import annotations

import importlib.util
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mcuforge import recipe
from mcuforge.convert import all_float_outputs, convert
from mcuforge.frontend import tflite_reader
from mcuforge.frontend.verify import verify
from mcuforge.oracle import tflm
from mcuforge.recipe import Metric, Recipe, metrics
from mcuforge.samples import array_files, quantised

MODELS = Path(__file__).parents[3] / "models"
NAMES = sorted(file.parent.name for file in MODELS.glob("*/recipe.toml"))
WITH_VARIANTS = [*NAMES, "unet/without_skips.toml"]
# Its conversion is that of the others: once in a while is enough.
WITH_TENSORFLOW = [
    pytest.param(name, marks=pytest.mark.slow) if name == "chirps" else name for name in NAMES
]
FLOOR = {
    "auc": 0.98,
    "mean_iou": 0.85,
    "psnr": 18.0,
    "psnr_gain": 8.2,
    "code_zeros": 0.5,
    "accuracy": 0.95,
}
WITHIN = {"psnr": 0.1, "psnr_gain": 0.1}  # dB; a point elsewhere
PARITY_SAMPLES = 64
needs_tensorflow = pytest.mark.skipif(
    importlib.util.find_spec("tensorflow") is None, reason="needs mcuforge[train]"
)


@cache
def int8_quality(folder: Path) -> dict[str, float]:
    """Quality of the committed .tflite by the oracle, on all golden samples."""
    loaded = recipe.load(folder)
    golden = metrics.load_golden(loaded.golden, loaded.metric)
    graph = tflite_reader.read(loaded.tflite)
    batch = quantised.quantize_batch(golden["inputs"], graph, str(loaded.golden))
    results = tflm.run_tflm(loaded.tflite.read_bytes(), batch)
    outputs = quantised.real_outputs(graph, results)
    return metrics.evaluate(loaded.metric, golden["inputs"], outputs[0], golden, *outputs[1:2])


def data_module(loaded: Recipe, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The model's data.py."""
    spec = importlib.util.spec_from_file_location(f"{loaded.name}_data", loaded.folder / "data.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    monkeypatch.syspath_prepend(str(loaded.folder))  # it may import its neighbours
    spec.loader.exec_module(module)
    return module


def test_the_models_are_there() -> None:
    assert set(NAMES) >= {
        "autoencoder",
        "chirps",
        "denoising_autoencoder",
        "sparse_autoencoder",
        "unet",
        "vae",
    }


@pytest.mark.parametrize("name", WITH_VARIANTS)
def test_artefacts_are_small_and_fit_together(name: str) -> None:
    loaded = recipe.load(MODELS / name)
    for path in (loaded.keras, loaded.tflite, loaded.calibration, loaded.golden):
        assert path.stat().st_size < 600_000, path
    graph = verify(tflite_reader.read(loaded.tflite))
    golden = metrics.load_golden(loaded.golden, loaded.metric)
    assert golden["inputs"].dtype == np.float32
    assert len(golden["inputs"]) >= PARITY_SAMPLES
    quantised.quantize_batch(golden["inputs"], graph, "golden")
    quantised.quantize_batch(array_files.read_array(loaded.calibration), graph, "calibration")
    if loaded.metric is Metric.RECONSTRUCTION:
        assert 0.4 < golden["labels"][:PARITY_SAMPLES].mean() < 0.6


@pytest.mark.parametrize("name", NAMES)
def test_int8_is_good_enough_to_be_useful(name: str) -> None:
    quality = int8_quality(MODELS / name)
    judged = [metric for metric in FLOOR if metric in quality]
    assert judged
    for metric in judged:
        assert quality[metric] >= FLOOR[metric]


@pytest.mark.tensorflow
@needs_tensorflow
@pytest.mark.parametrize("name", WITH_TENSORFLOW)
def test_int8_is_within_a_point_of_float(name: str) -> None:
    loaded = recipe.load(MODELS / name)
    golden = metrics.load_golden(loaded.golden, loaded.metric)
    floats = all_float_outputs(loaded.keras, golden["inputs"])
    quality = metrics.evaluate(loaded.metric, golden["inputs"], floats[0], golden, *floats[1:2])
    assert set(quality) == set(int8_quality(MODELS / name))
    for metric, value in int8_quality(MODELS / name).items():
        assert value == pytest.approx(quality[metric], abs=WITHIN.get(metric, 0.01))


@pytest.mark.tensorflow
@needs_tensorflow
@pytest.mark.parametrize("name", [*WITH_TENSORFLOW, "unet/without_skips.toml"])
def test_the_committed_tflite_is_what_convert_makes(name: str) -> None:
    # Not byte for byte: the calibration's float kernels may round differently on another CPU.
    loaded = recipe.load(MODELS / name)
    committed = tflite_reader.read(loaded.tflite)
    made = tflite_reader.read_bytes(convert(loaded).tflite, name)
    assert [op.kind for op in made.ops] == [op.kind for op in committed.ops]
    for ours, theirs in zip(made.tensors, committed.tensors, strict=True):
        assert (ours.name, ours.shape, ours.dtype) == (theirs.name, theirs.shape, theirs.dtype)
        if ours.quantization is not None and theirs.quantization is not None:
            assert ours.quantization.scales == pytest.approx(theirs.quantization.scales, rel=1e-3)


@pytest.mark.tensorflow
@needs_tensorflow
@pytest.mark.parametrize("name", WITH_TENSORFLOW)
def test_the_data_is_made_again_from_its_seed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = recipe.load(MODELS / name)
    assert loaded.training is not None
    module = data_module(loaded, monkeypatch)
    for path, arrays in (
        (loaded.golden, module.golden(loaded.training.seed)),
        (loaded.calibration, module.calibration(loaded.training.seed)),
    ):
        for key, values in arrays.items():
            stored = array_files.read_array(path, key)
            assert stored.dtype == values.dtype
            step = 16 if key == "raw" else 1 / 64 if name == "chirps" else 1 / 256
            assert np.abs(stored.astype(float) - values).max() <= step
            assert np.mean(stored != values) < 0.001  # libraries may round a pixel differently
