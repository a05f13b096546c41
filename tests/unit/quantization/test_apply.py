"""Ranges observed on float models and applied to them. Needs the quantizer, but no TensorFlow."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import Any

import float_models
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from float_models import NONE, RELU6, FloatBuilder
from tflite_runs import kinds

from mcuforge.convert.full_integer import enforce_full_integer
from mcuforge.errors import UsageError
from mcuforge.proof.evaluation import host_outputs
from mcuforge.quantization import application, job
from mcuforge.quantization.float_model import activations
from mcuforge.quantization.ranges import observers
from mcuforge.quantization.ranges.observation import observe
from mcuforge.quantization.ranges.observers import Range
from mcuforge.recipe import strategies
from mcuforge.recipe.quantization import DEFAULT, QuantizationSettings, combine
from mcuforge.samples import calibration
from mcuforge.tflite import flatbuffer

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("litert_quantizer") is None, reason="needs mcuforge[train]"
)

RNG = np.random.default_rng(8)
SAMPLES = RNG.normal(0, 1, (24, 6, 6, 3)).astype(np.float32)
INT8, INT16, FLOAT32 = schema.TensorType.INT8, schema.TensorType.INT16, schema.TensorType.FLOAT32


def small() -> bytes:
    rng = np.random.default_rng(8)  # of its own: the same model whatever test runs before
    builder = FloatBuilder([1, 6, 6, 3])
    x = builder.conv(builder.source, rng.normal(0, 0.4, (4, 3, 3, 3)), rng.normal(0, 0.1, 4))
    return builder.build(builder.conv(x, rng.normal(0, 0.4, (2, 1, 1, 4)), np.zeros(2), NONE))


def quantize(model: bytes, settings: QuantizationSettings, folder: Path) -> tuple[bytes, Any]:
    """The model quantised on SAMPLES, and what the job tells."""
    (folder / "float.tflite").write_bytes(model)
    samples = calibration.write(SAMPLES, folder / "samples.f32")
    told = job.quantize(
        str(folder / "float.tflite"),
        str(samples.file),
        samples.layout_json,
        samples.count,
        settings.to_json(),
        str(folder / "quantized.tflite"),
        lambda _done, _total: None,
    )
    return (folder / "quantized.tflite").read_bytes(), told


def tensors(model: bytes) -> list[Any]:
    return list(flatbuffer.unpack(model).subgraphs[0].tensors)


def scales(model: bytes, kind: int) -> list[tuple[int, int]]:
    """Number of scales and zero point of the tensors of a type."""
    found = [t.quantization for t in tensors(model) if t.type == kind]
    return [(len(q.scale), int(q.zeroPoint[0])) for q in found]


def error(model: bytes, quantized: bytes) -> float:
    """Relative, of all values: auto clips a rare extreme where that makes the others better."""
    expected = float_models.run(model, list(SAMPLES))
    outputs, _ = host_outputs(quantized, SAMPLES)
    noise = outputs.reshape(expected.shape) - expected
    return float(np.linalg.norm(noise) / np.linalg.norm(expected))


def test_observed_ranges_are_those_of_the_activations() -> None:
    model = small()
    minmax, percentile = strategies.parse("min-max"), strategies.parse("percentile 1 99")
    named = activations(flatbuffer.unpack(model))
    seen = observe(
        model, list(SAMPLES), {t.name: [minmax, percentile] for t in named}, lambda: None
    )
    outputs = float_models.run(model, list(SAMPLES))
    assert len(named) == 3
    for name, values in ((named[0].name, SAMPLES), (named[-1].name, outputs)):
        ranges = seen.ranges[name]
        assert ranges[minmax] == pytest.approx((values.min(), values.max()), rel=1e-6)
        assert ranges[percentile] == pytest.approx(np.percentile(values, [1, 99]), rel=0.02)
        channels = values.reshape(-1, values.shape[-1]).mean(axis=0)
        np.testing.assert_allclose(seen.means[name], channels, rtol=1e-5)


@pytest.mark.parametrize(
    ("words", "largest"),
    [
        ({"calibration": "percentile", "percentile": "99.99"}, 0.03),
        ({"calibration": "mse"}, 0.05),
        ({"calibration": "auto"}, 0.05),
        ({"activations": "symmetric"}, 0.05),
        ({"weights": "per-tensor"}, 0.03),
        ({"bits": "16x8"}, 0.02),
        ({"bits": "dynamic"}, 0.03),
        ({"equalization": True, "bias_correction": True}, 0.03),
    ],
)
def test_quantised_models_compute_nearly_the_same(
    tmp_path: Path, words: dict[str, Any], largest: float
) -> None:
    model = small()
    quantized, _ = quantize(model, combine(DEFAULT, **words), tmp_path)
    assert 0 < error(model, quantized) < largest


def test_the_settings_decide_types_scales_and_zero_points(tmp_path: Path) -> None:
    model = small()

    def made(**words: Any) -> bytes:
        return quantize(model, combine(DEFAULT, bias_correction=True, **words), tmp_path)[0]

    asymmetric = made()
    assert sorted(n for n, _ in scales(asymmetric, INT8)) == [1, 1, 1, 2, 4]
    assert any(zero not in (0, -128) for _, zero in scales(asymmetric, INT8))
    assert {zero for _, zero in scales(made(activations="symmetric"), INT8)} == {0}
    assert {n for n, _ in scales(made(weights="per-tensor"), INT8)} == {1}
    assert sorted(scales(made(bits="16x8"), INT16)) == [(1, 0)] * 3
    dynamic = made(bits="dynamic")
    assert sorted(n for n, _ in scales(dynamic, INT8)) == [2, 4]
    assert not [t for t in tensors(dynamic) if t.type == INT16]


def test_a_layer_can_have_a_strategy_of_its_own(tmp_path: Path) -> None:
    model = small()
    layers = [t.layer for t in activations(flatbuffer.unpack(model))]
    chosen = combine(DEFAULT, calibration="percentile", layers={layers[1]: "min-max"})
    _, told = quantize(model, chosen, tmp_path)
    assert [t["strategy"] for t in told["tensors"]] == [
        "percentile 0.1 99.9", "min-max", "percentile 0.1 99.9"
    ]  # fmt: skip
    with pytest.raises(UsageError, match=f"'nowhere', which is no layer.*{layers[1]}"):
        quantize(model, combine(DEFAULT, layers={"nowhere": "mse"}), tmp_path)


def test_auto_tells_why_and_corrections_are_measured(tmp_path: Path) -> None:
    _, told = quantize(small(), combine(DEFAULT, calibration="auto", equalization=True), tmp_path)
    assert all("output error" in t["reason"] for t in told["tensors"])
    without, with_it = told["effects"]["equalization"]
    assert list(told["effects"]) == ["equalization"] and without > 0 and with_it > 0


@pytest.mark.parametrize("bias", [[2.0, 2.0, 2.0], [-3.0, -3.0, -3.0], [0.0] * 3, [0.0, 0.5, -1.0]])
def test_a_constant_tensor_is_stored_exactly(bias: list[float]) -> None:
    """Weights that are all zero: the range is one value, and the bias has next to no scale."""
    builder = FloatBuilder([1, 6, 6, 3])
    x = builder.conv(builder.source, np.zeros((3, 1, 1, 3)), np.array(bias), NONE)
    model = builder.build(x)
    named = activations(flatbuffer.unpack(model))
    asked = [strategies.parse(name) for name in strategies.NAMES]
    seen = observe(model, list(SAMPLES), {t.name: asked for t in named}, lambda: None)
    for settings in (DEFAULT, combine(DEFAULT, weights="per-tensor")):
        ranges = {name: by[asked[0]] for name, by in seen.ranges.items()}
        outputs, _ = host_outputs(application.apply(model, ranges, settings), SAMPLES)
        step = (max(*bias, 0) - min(*bias, 0)) / 255
        np.testing.assert_allclose(outputs[:, 0, 0], [bias] * len(outputs), atol=step / 2)
    low, high = application.usable(seen.ranges[named[-1].name][asked[0]])
    for found in seen.ranges[named[-1].name].values():
        assert application.usable(found) == pytest.approx((low, high), rel=0.01)


@pytest.mark.parametrize(
    ("given", "expected"),
    [((0.5, 2), (0, 2)), ((-3, -1), (-3, 0)), ((0, 0), (0, 1)), ((-1, 2), (-1, 2))],
)
def test_ranges_hold_zero(given: tuple[float, float], expected: tuple[float, float]) -> None:
    assert application.usable(Range(*given)) == Range(*expected)


@pytest.mark.parametrize("at_the_end", [True, False])
def test_an_op_without_a_rule_of_the_quantizer_is_integer_all_the_same(
    tmp_path: Path, at_the_end: bool
) -> None:
    builder = FloatBuilder([1, 6, 6, 3])
    x = builder.conv(builder.source, RNG.normal(0, 0.4, (4, 3, 3, 3)), np.ones(4), NONE)
    x = builder.leaky(x, 0.1)
    if not at_the_end:
        x = builder.conv(x, RNG.normal(0, 0.4, (2, 1, 1, 4)), np.zeros(2), NONE)
    model = builder.build(x)
    quantized, _ = quantize(model, combine(DEFAULT, calibration="mse"), tmp_path)
    assert kinds(quantized) == ["CONV_2D", "LEAKY_RELU"] + ["CONV_2D"] * (not at_the_end)
    enforce_full_integer(quantized, "model")
    assert 0 < error(model, quantized) < 0.05
    # there is no int16 kernel: left in float, and refused by the conversion
    assert "DEQUANTIZE" in kinds(quantize(model, combine(DEFAULT, bits="16x8"), tmp_path)[0])


PEAK = """
import json, resource, sys
import numpy as np
from pathlib import Path
from mcuforge.samples import calibration
from mcuforge.quantization import job
from mcuforge.recipe.quantization import DEFAULT, combine
folder, count = Path(sys.argv[1]), int(sys.argv[2])
rng = np.random.default_rng(1)
samples = calibration.write(
    (rng.normal(0, 1, (6, 6, 3)).astype(np.float32) for _ in range(count)), folder / "samples"
)
job.quantize(
    str(folder / "float.tflite"), str(samples.file), samples.layout_json, count,
    combine(DEFAULT, calibration="mse", bias_correction=True).to_json(), str(folder / "out"),
    lambda done, total: None,
)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.slow
def test_10_000_samples_need_as_much_memory_as_100(tmp_path: Path) -> None:
    (tmp_path / "float.tflite").write_bytes(small())
    peaks = []
    for count in (100, 10_000):
        command = [sys.executable, "-c", PEAK, str(tmp_path), str(count)]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
        peaks.append(int(done.stdout.splitlines()[-1]))
    # in KiB: the samples alone would be 4.3 MB, and what each activation holds 7 MB
    assert peaks[1] < peaks[0] + 3000


def test_a_loud_sample_is_left_out_behind_a_saturating_layer(tmp_path: Path) -> None:
    """There it is no louder than others, but its values would be what a percentile cuts off."""
    builder = FloatBuilder([1, 6, 6, 3])
    x = builder.conv(builder.source, RNG.normal(0, 0.4, (4, 3, 3, 3)), np.ones(4), RELU6)
    y = builder.conv(x, RNG.normal(0, 0.4, (2, 1, 1, 4)), np.zeros(2), NONE)
    model = builder.build(y)
    named = activations(flatbuffer.unpack(model))
    batch = np.tile(SAMPLES * np.float32(0.1), (3, 1, 1, 1))
    damaged = batch.copy()
    damaged[7] *= 20
    energies = [float(np.mean(s**2)) for s in damaged]
    assert observers.loud_samples(energies) == [7]
    assert observers.loud_samples(energies[:8] * 2) == []  # too many to be outliers
    for text, same in (("percentile 0.1 99.9", True), ("mse", True), ("min-max", False)):
        wanted = {t.name: [strategies.parse(text)] for t in named}
        quiet = np.delete(damaged, 7, axis=0)
        found = observe(model, damaged, wanted, lambda: None, loud={7})
        expected = observe(model, quiet, wanted, lambda: None)
        assert (found.ranges == expected.ranges) is same
    written = calibration.write(damaged, tmp_path / "s.f32")
    told = job._Data(written.file, written.layout, 72, True)
    assert told.loud() == frozenset()  # number 7 is held out ...
    assert not any(
        np.array_equal(s, damaged[7]) for (s,) in told.held_out()
    )  # ... and not measured on
