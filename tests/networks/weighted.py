"""Ops with weights: how to draw each, given the tensors of a sketch. True where one was drawn."""

from __future__ import annotations

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from draw import ACTIVATIONS
from single_op import Spec
from sketch import Sketch, Values, options_of
from weighted_op import Window, draw_window

from mcuforge.frontend.graph import Padding
from mcuforge.planning.ops.window import output_sizes

_UNIFORM = {"int8": 73.3, "int4": 4.6}  # deviation of uniform values
_ACT = schema.ActivationFunctionType
_BOUNDS = {
    _ACT.NONE: (-np.inf, np.inf), _ACT.RELU: (0.0, np.inf), _ACT.RELU6: (0.0, 6.0),
    _ACT.RELU_N1_TO_1: (-1.0, 1.0),
}  # fmt: skip


def activation(sketch: Sketch, values: Values) -> int:
    """A fused activation that leaves something of the values."""
    chosen: int = sketch.draw.choice(ACTIVATIONS)
    low, high = _BOUNDS[chosen]
    passes = low - values.deviation < values.mean < high + values.deviation
    return chosen if passes else _ACT.NONE


def bounded(values: Values, activation: int) -> Values:
    """Values after a fused activation, about."""
    if activation == _ACT.NONE:
        return values
    if activation == _ACT.RELU_N1_TO_1:
        return Values(0.0, min(values.deviation, 0.8))
    return Values(max(values.mean, 0.0) + 0.4 * values.deviation, 0.6 * values.deviation)


def target(sketch: Sketch, shape: tuple[int, ...], values: Values, activation: int) -> Spec:
    """An output that fits `values` after a fused activation."""
    return sketch.quantised(shape, values, *_BOUNDS[activation])


def weights(
    sketch: Sketch,
    source: int,
    shape: tuple[int, ...],
    axis: int,
    taps: int,
    outputs: int,
    dtype: str = "int8",
) -> tuple[int, int, Values]:
    """Weights and bias, constants that bring the sums to a deviation of about 1; and the sums.

    The weights are stored as `dtype`.
    """
    draw = sketch.draw
    deviation = draw.scale(0.5, 3.0)
    square = max(sketch.values[source].square, 1e-12)
    base = deviation / (_UNIFORM[dtype] * np.sqrt(taps * square))
    channels = shape[axis]
    one_scale = dtype == "int4" and len(shape) == 2  # all that TFLM takes
    per_channel = channels > 1 and draw.chance(0.6) and not one_scale
    factors = 2.0 ** draw.rng.uniform(-1.5, 1.0, channels if per_channel else 1)
    scales = np.float32(base * factors)
    low, high = (-8, 8) if dtype == "int4" else (-127, 128)
    data = draw.rng.integers(low, high, shape).astype(np.int8)
    products = np.float32(sketch.scale(source)) * scales
    real = draw.rng.normal(0.0, deviation / 2, outputs)
    wide = np.int64 if sketch.dtype == "int16" else np.int32
    bias = np.rint(real / products).astype(wide)
    numbers = scales.tolist() if per_channel else float(scales[0])
    biases = products.tolist() if per_channel else float(products[0])
    return (
        sketch.constant(data, numbers, axis=axis, dtype=dtype),
        sketch.constant(bias, biases),
        Values(0.0, deviation * 1.2),
    )


def _stored(sketch: Sketch) -> str:
    """How an op's weights are stored."""
    return "int4" if sketch.dtype == "int8" and sketch.draw.chance(0.2) else "int8"


def _image(sketch: Sketch) -> int | None:
    return sketch.pick(lambda spec: len(spec.shape) == 4)


def _window(sketch: Sketch, source: int) -> tuple[Window, tuple[int, int]] | None:
    """A window over an image, mostly of stride 1, and the height and width that it leaves."""
    window = draw_window(sketch.draw, 3, (1, 1, 2))
    if sketch.draw.chance(0.6):
        window = Window(Padding.SAME, window.filter_size, (1, 1), window.dilation)
    if sketch.is_signal:
        window = Window(
            window.padding, (1, window.filter_size[1]), (1, window.stride[1]),
            (1, window.dilation[1]),
        )  # fmt: skip
    _, height, width, _ = sketch.spec(source).shape
    size = output_sizes(
        window.padding, (height, width), window.filter_size, window.stride, window.dilation
    )
    return (window, size) if min(size) >= 1 else None


def conv2d(sketch: Sketch) -> bool:
    source = _image(sketch)
    drawn = None if source is None else _window(sketch, source)
    if source is None or drawn is None:
        return False
    window, size = drawn
    batches, _, _, channels = sketch.spec(source).shape
    groups = sketch.draw.choice([1, 1, 1, *(g for g in (2, 3) if channels % g == 0)])
    outputs = groups * sketch.draw.integer(1, 8)
    if batches * size[0] * size[1] * outputs > sketch.most_elements:
        return False
    shape = (outputs, *window.filter_size, channels // groups)
    taps = int(np.prod(shape[1:]))
    filters, bias, sums = weights(sketch, source, shape, 0, taps, outputs, _stored(sketch))
    options = window.fill(schema.Conv2DOptionsT())
    fused = options.fusedActivationFunction = activation(sketch, sums)
    goal = target(sketch, (batches, *size, outputs), sums, fused)
    sketch.op("CONV_2D", [source, filters, bias], goal, bounded(sums, fused), options, 5)
    return True


def depthwise_conv2d(sketch: Sketch) -> bool:
    source = _image(sketch)
    drawn = None if source is None else _window(sketch, source)
    if source is None or drawn is None:
        return False
    window, size = drawn
    batches, _, _, channels = sketch.spec(source).shape
    multiplier = sketch.draw.choice([1, 1, 1, 2])
    outputs = channels * multiplier
    if batches * size[0] * size[1] * outputs > sketch.most_elements:
        return False
    taps = int(np.prod(window.filter_size))
    shape = (1, *window.filter_size, outputs)
    filters, bias, sums = weights(sketch, source, shape, 3, taps, outputs, _stored(sketch))
    options = window.fill(schema.DepthwiseConv2DOptionsT())
    options.depthMultiplier = multiplier
    fused = options.fusedActivationFunction = activation(sketch, sums)
    goal = target(sketch, (batches, *size, outputs), sums, fused)
    sketch.op("DEPTHWISE_CONV_2D", [source, filters, bias], goal, bounded(sums, fused), options, 4)
    return True


def transpose_conv(sketch: Sketch) -> bool:
    source = _image(sketch)
    if source is None:
        return False
    batches, height, width, channels = sketch.spec(source).shape
    stride = sketch.draw.choice([(1, 1), (2, 2), (2, 1), (1, 3)])
    window = Window(Padding.SAME, (sketch.draw.integer(1, 4), sketch.draw.integer(1, 4)), stride)
    if sketch.is_signal:
        stride = (1, stride[1])
        window = Window(Padding.SAME, (1, window.filter_size[1]), stride)
    outputs = sketch.draw.integer(1, 5)
    goal_shape = (batches, height * stride[0], width * stride[1], outputs)
    if np.prod(goal_shape) > sketch.most_elements:
        return False
    shape = (outputs, *window.filter_size, channels)
    taps = max(int(np.prod(shape[1:])) // (stride[0] * stride[1]), 1)
    filters, bias, sums = weights(sketch, source, shape, 0, taps, outputs)
    options = window.fill(schema.TransposeConvOptionsT())
    fused = options.fusedActivationFunction = activation(sketch, sums)
    goal = target(sketch, goal_shape, sums, fused)
    inputs = [sketch.integers(*goal_shape), filters, source]
    if sketch.draw.chance(0.7):
        inputs.append(bias)
    sketch.op("TRANSPOSE_CONV", inputs, goal, bounded(sums, fused), options, 4)
    return True


def fully_connected(sketch: Sketch) -> bool:
    source = sketch.pick(lambda spec: len(spec.shape) >= 2 and int(np.prod(spec.shape)) <= 300)
    if source is None:
        return False
    shape = sketch.spec(source).shape
    keep = len(shape) > 2 and sketch.draw.chance(0.5)
    inputs = shape[-1] if keep or sketch.draw.chance(0.3) else int(np.prod(shape[1:]))
    rows, outputs = int(np.prod(shape)) // inputs, sketch.draw.integer(1, 24)
    if rows * outputs > sketch.most_elements or outputs * inputs > 2000:
        return False
    shaped = outputs, inputs
    filters, bias, sums = weights(sketch, source, shaped, 0, inputs, outputs, _stored(sketch))
    options = options_of("FULLY_CONNECTED", keepNumDims=keep)
    fused = options.fusedActivationFunction = activation(sketch, sums)
    goal = target(sketch, (*shape[:-1], outputs) if keep else (rows, outputs), sums, fused)
    given = [source, filters, bias if sketch.draw.chance(0.8) else -1]
    sketch.op("FULLY_CONNECTED", given, goal, bounded(sums, fused), options, 4)
    return True


def _right_side(sketch: Sketch, first: int) -> tuple[int, bool]:
    """What to multiply matrices with, and whether as its transpose: a constant or an activation."""
    draw, shape = sketch.draw, sketch.spec(first).shape
    fitting = sketch.pick(lambda spec: len(spec.shape) == 2 and spec.shape[0] == shape[-1])
    if fitting is not None and draw.chance(0.3):
        return fitting, False
    if shape[-2] <= 20 and draw.chance(0.6):
        return first, True
    low, high = sketch.limits
    data = draw.rng.integers(low, high + 1, (shape[-1], draw.integer(1, 12))).astype(sketch.dtype)
    zero_point = draw.integer(-60, 60) if sketch.dtype == "int8" else 0
    return sketch.constant(data, float(np.float32(draw.scale(0.003, 0.02))), zero_point), False


def batch_matmul(sketch: Sketch) -> bool:
    """A product with a constant, with another activation, or with its own transpose."""
    first = sketch.pick(lambda spec: 2 <= len(spec.shape) <= 5)
    if first is None or not sketch.lively(first):
        return False
    second, adjoint = _right_side(sketch, first)
    shape, other = sketch.spec(first).shape, sketch.spec(second).shape
    goal_shape = (*shape[:-1], other[-2] if adjoint else other[-1])
    if int(np.prod(goal_shape)) > sketch.most_elements:
        return False
    square = sketch.values[second].square if second in sketch.values else 0.5
    sums = Values(0.0, float(np.sqrt(shape[-1] * sketch.values[first].square * square)))
    options = options_of("BATCH_MATMUL", adjY=adjoint)
    sketch.op("BATCH_MATMUL", [first, second], sketch.quantised(goal_shape, sums), sums, options)
    return True
