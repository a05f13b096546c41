"""Ops that reduce several elements to one, and SOFTMAX: how to draw each."""

from __future__ import annotations

from functools import partial

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from single_op import Spec
from sketch import Sketch, Values, options_of
from weighted import activation

from mcuforge.frontend.graph import Padding
from mcuforge.planning.ops.window import output_sizes


def pool(sketch: Sketch, kind: str) -> bool:
    source = sketch.pick(lambda spec: len(spec.shape) == 4 and max(spec.shape[1:3]) > 1)
    if source is None or not sketch.lively(source):
        return False
    draw, (batches, height, width, channels) = sketch.draw, sketch.spec(source).shape
    padding = draw.choice([Padding.SAME, Padding.VALID])
    window = (draw.integer(1, min(4, height)), draw.integer(1, min(4, width)))
    stride = (draw.integer(1, 3), draw.integer(1, 3))
    size = output_sizes(padding, (height, width), window, stride)
    options = schema.Pool2DOptionsT()
    options.padding = getattr(schema.Padding, padding.value)
    options.filterHeight, options.filterWidth = window
    options.strideH, options.strideW = stride
    options.fusedActivationFunction = activation(sketch, sketch.values[source])
    values, count = sketch.values[source], window[0] * window[1]
    if kind == "AVERAGE_POOL_2D":
        values = Values(values.mean, values.deviation / count**0.4)
    goal = sketch.alike(source, (batches, *size, channels))
    sketch.op(kind, [source], goal, values, options, 2)
    return True


def over_picture(sketch: Sketch, kind: str) -> bool:
    """A pooling or a reduction over all rows of a picture."""
    is_signal = sketch.is_signal
    source = sketch.pick(
        lambda spec: len(spec.shape) == 4 and spec.shape[2 if is_signal else 1] > 1
    )
    if source is None or not sketch.lively(source):
        return False
    if not kind.endswith("POOL_2D"):
        axes = sketch.draw.choice([(2 if is_signal else 1,), (1, 2), (1, 2, 3)])
        return _reduced(sketch, kind, source, axes, sketch.draw.chance(0.5))
    batches, height, width, channels = sketch.spec(source).shape
    options = schema.Pool2DOptionsT()
    options.padding = sketch.draw.choice([schema.Padding.SAME, schema.Padding.VALID])
    options.filterHeight, options.filterWidth = height, width
    options.strideH, options.strideW = height, width
    options.fusedActivationFunction = activation(sketch, sketch.values[source])
    goal = sketch.alike(source, (batches, 1, 1, channels))
    sketch.op(kind, [source], goal, sketch.values[source], options, 2)
    return True


def reduce(sketch: Sketch, kind: str) -> bool:
    """A reduction over one or two axes. Extrema keep the input's quantisation."""
    source = sketch.pick(lambda spec: 2 <= len(spec.shape) <= 5)
    if source is None or not sketch.lively(source):
        return False
    draw, shape = sketch.draw, sketch.spec(source).shape
    inner = sketch.inner_axis(len(shape))
    axes = sorted({draw.integer(inner, len(shape) - 1) for _ in range(draw.integer(1, 2))})
    return _reduced(sketch, kind, source, tuple(axes), draw.chance(0.5))


def _reduced(sketch: Sketch, kind: str, source: int, axes: tuple[int, ...], keep: bool) -> bool:
    draw, shape = sketch.draw, sketch.spec(source).shape
    reduced = tuple(1 if i in axes else d for i, d in enumerate(shape) if keep or i not in axes)
    if not reduced:
        return False
    count = int(np.prod([shape[i] for i in axes]))
    values = sketch.values[source]
    if kind == "MEAN":
        values = Values(values.mean, values.deviation / count**0.4)
    elif kind == "SUM":
        values = Values(values.mean * count, values.deviation * count**0.6)
    counted = [axis if draw.chance(0.5) else axis - len(shape) for axis in axes]
    options = options_of(kind, keepDims=keep)
    free = kind in ("MEAN", "SUM")
    goal = sketch.quantised(reduced, values) if free else sketch.alike(source, reduced)
    sketch.op(kind, [source, sketch.integers(*counted)], goal, values, options)
    return True


def normalised(
    sketch: Sketch, kind: str, targets: dict[str, tuple[float, int]], reach: float
) -> bool:
    """An op over the last axis whose output's quantisation follows from its range."""
    source = sketch.pick(lambda spec: 1 <= len(spec.shape) <= 4 and 1 < spec.shape[-1] < 20)
    if source is None or not sketch.lively(source):
        return False
    shape = sketch.spec(source).shape
    scale, zero_point = targets[sketch.dtype]
    goal = Spec(shape, sketch.dtype, scale, zero_point)
    options = options_of(kind)
    if kind == "SOFTMAX":
        options.beta = sketch.draw.choice([1.0, 1.0, 0.5])
    sketch.op(kind, [source], goal, Values(reach / shape[-1], abs(reach) / 2), options)
    return True


softmax = partial(
    normalised, kind="SOFTMAX", targets={"int8": (1 / 256, -128), "int16": (1 / 32768, 0)},
    reach=0.3,
)  # fmt: skip
log_softmax = partial(normalised, kind="LOG_SOFTMAX", targets={"int8": (1 / 16, 127)}, reach=-3.0)
l2_normalization = partial(
    normalised, kind="L2_NORMALIZATION", targets={"int8": (1 / 128, 0)}, reach=0.6
)
max_pool = partial(pool, kind="MAX_POOL_2D")
average_pool = partial(pool, kind="AVERAGE_POOL_2D")
mean = partial(reduce, kind="MEAN")
total = partial(reduce, kind="SUM")
maximum = partial(reduce, kind="REDUCE_MAX")
minimum = partial(reduce, kind="REDUCE_MIN")
