"""Cross-layer equalisation and bias correction, on float models written for the purpose."""

from __future__ import annotations

import importlib.util
import itertools

import float_models
import numpy as np
import pytest
from float_models import NONE, RELU6, FloatBuilder

from mcuforge.quantization import application, weights
from mcuforge.quantization.corrections.bias_correction import correct_biases
from mcuforge.quantization.corrections.equalization import equalize
from mcuforge.quantization.float_model import activations
from mcuforge.quantization.ranges.observation import observe
from mcuforge.quantization.ranges.observers import Range
from mcuforge.recipe import strategies
from mcuforge.recipe.quantization import QuantizationSettings
from mcuforge.tflite import flatbuffer

RNG = np.random.default_rng(11)
needs_quantizer = pytest.mark.skipif(
    importlib.util.find_spec("litert_quantizer") is None, reason="needs mcuforge[train]"
)
PER_TENSOR = QuantizationSettings(per_channel=False)
MIN_MAX = strategies.parse("min-max")
SAMPLES = [RNG.random((1, 8, 8, 3), np.float32) for _ in range(24)]


def skewed(activation: int = float_models.RELU) -> bytes:
    """conv - pool - depthwise - conv, whose channels differ by a factor of up to 1000."""
    factors = np.geomspace(0.03, 30, 6)
    builder = FloatBuilder([1, 8, 8, 3])
    first = RNG.normal(0, 0.3, (6, 3, 3, 3)) * factors.reshape(6, 1, 1, 1)
    x = builder.conv(builder.source, first, RNG.normal(0, 0.1, 6) * factors, activation)
    x = builder.pool(x)
    x = builder.conv(x, RNG.normal(0, 0.5, (1, 2, 2, 6)), RNG.normal(0, 0.1, 6), kind="depthwise")
    last = RNG.normal(0, 0.3, (4, 1, 1, 6)) / factors
    return builder.build(builder.conv(x, last, np.zeros(4), NONE))


def ranges(model: bytes, samples: list[np.ndarray]) -> dict[str, Range]:
    tensors = [t.name for t in activations(flatbuffer.unpack(model))]
    seen = observe(model, samples, {name: [MIN_MAX] for name in tensors}, lambda: None)
    return {name: by[MIN_MAX] for name, by in seen.ranges.items()}


def largest(model: bytes) -> list[tuple[np.ndarray, np.ndarray]]:
    """Of each layer the largest weight that writes each output and reads each input channel."""
    unpacked = flatbuffer.unpack(model)
    found = []
    for op in weights.weighted_ops(unpacked):
        values = np.abs(weights.values(unpacked, op.weights))
        by_axis = [
            values.max(axis=tuple(a for a in range(4) if a != axis))
            for axis in (op.output_axis, op.input_axis)
        ]
        found.append((by_axis[0], by_axis[1]))
    return found


def test_equalised_models_compute_the_same() -> None:
    model = skewed()
    even = equalize(model)
    assert even != model
    expected, actual = float_models.run(model, SAMPLES), float_models.run(even, SAMPLES)
    assert np.abs(expected).max() > 0.1
    np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-5)


def test_equalised_channels_are_as_large_on_both_sides() -> None:
    before, after = largest(skewed()), largest(equalize(skewed()))
    assert (before[0][0] / before[1][1]).max() > 10
    for (writing, _), (_, reading) in itertools.pairwise(after):
        np.testing.assert_allclose(writing / reading, 1, rtol=0.05)


def test_what_a_factor_does_not_pass_is_left_alone() -> None:
    builder = FloatBuilder([1, 4, 4, 2])
    x = builder.conv(builder.source, RNG.normal(size=(2, 1, 1, 2)), RNG.normal(size=2), RELU6)
    x = builder.conv(x, RNG.normal(size=(2, 1, 1, 2)), RNG.normal(size=2))
    a = builder.conv(
        x, RNG.normal(size=(2, 1, 1, 2)), RNG.normal(size=2)
    )  # x has two readers, a is an output
    b = builder.conv(x, RNG.normal(size=(2, 1, 1, 2)), RNG.normal(size=2))
    c = builder.conv(a, RNG.normal(size=(2, 1, 1, 2)), RNG.normal(size=2))
    model = builder.build(a, b, c)
    assert equalize(model) == model


def test_dead_channels_are_left_alone() -> None:
    builder = FloatBuilder([1, 4, 4, 2])
    first, second = RNG.normal(size=(3, 1, 1, 2)), RNG.normal(size=(2, 1, 1, 3))
    first[1], second[..., 2] = 0, 0
    x = builder.conv(builder.source, first, RNG.normal(size=3))
    model = builder.build(builder.conv(x, second, np.zeros(2), NONE))
    samples = [RNG.random((1, 4, 4, 2), np.float32)]
    expected = float_models.run(model, samples)
    np.testing.assert_allclose(float_models.run(equalize(model), samples), expected, rtol=1e-4)


@needs_quantizer
def test_equalisation_saves_uneven_channels_from_weights_per_tensor() -> None:
    errors = []
    for model in (skewed(), equalize(skewed())):
        quantized = application.apply(model, ranges(model, SAMPLES), PER_TENSOR)
        expected = float_models.run(model, SAMPLES)
        errors.append(np.square(float_models.run(quantized, SAMPLES) - expected).mean())
    assert errors[1] < errors[0] / 10


def one_layer(kind: str) -> tuple[bytes, list[np.ndarray]]:
    """A layer whose weights lose much to rounding, and samples whose mean is far from zero."""
    shape = [1, 12] if kind == "dense" else [1, 8, 8, 3]
    builder = FloatBuilder(shape)
    if kind == "dense":
        matrix = RNG.normal(0, 0.1, (5, 12))
        matrix[0, 0] = 20
        x = builder.dense(builder.source, matrix, RNG.normal(size=5))
    elif kind == "transpose_conv":
        kernel = RNG.normal(0, 0.1, (4, 4, 4, 3))
        kernel[0, 0, 0, 0] = 20
        x = builder.transpose_conv(builder.source, kernel, RNG.normal(size=4), 2)
    else:
        kernel = RNG.normal(0, 0.1, (1, 3, 3, 3) if kind == "depthwise" else (4, 3, 3, 3))
        kernel[0, 0, 0, 0] = 20
        bias = RNG.normal(size=3 if kind == "depthwise" else 4)
        x = builder.conv(builder.source, kernel, bias, NONE, kind)
    samples = [RNG.random(shape, np.float32) + np.float32(0.5) for _ in range(40)]
    return builder.build(x), samples


@needs_quantizer
@pytest.mark.parametrize("kind", ["conv", "depthwise", "dense", "transpose_conv"])
def test_bias_correction_takes_back_the_shift_of_the_mean(kind: str) -> None:
    model, samples = one_layer(kind)
    chosen = ranges(model, samples)
    tensors = activations(flatbuffer.unpack(model))
    seen = observe(model, samples, {t.name: [MIN_MAX] for t in tensors}, lambda: None)
    expected = float_models.run(model, samples)
    wide = QuantizationSettings(per_channel=False)
    quantized = application.apply(model, chosen, wide)
    corrected = application.apply(correct_biases(model, quantized, seen.means), chosen, wide)

    def shift(candidate: bytes) -> np.ndarray:
        difference = float_models.run(candidate, samples).reshape(expected.shape) - expected
        # away from the border, where a transposed convolution has fewer inputs
        inner = difference[:, :, 4:-4, 4:-4] if kind == "transpose_conv" else difference
        return inner.reshape(-1, inner.shape[-1]).mean(axis=0)

    others = slice(1, None)  # channel 0 is so wide that its output's step hides the shift
    before, after = np.abs(shift(quantized)[others]), np.abs(shift(corrected)[others])
    assert before.max() > 0.05
    assert after.max() < before.max() / 2
