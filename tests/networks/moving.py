"""Ops that only move elements: how to draw each, given the tensors of a sketch."""

from __future__ import annotations

from functools import partial

import numpy as np
from elementwise import requantise
from single_op import Spec
from sketch import Sketch, options_of


def split_up(sketch: Sketch, elements: int) -> tuple[int, ...]:
    """A random shape of so many elements, of rank 1 to 5."""
    shape, rest = [], elements
    for _ in range(sketch.draw.integer(0, 4)):
        factors = [f for f in range(1, 12) if rest % f == 0]
        shape.append(sketch.draw.choice(factors))
        rest //= shape[-1]
    shape.insert(sketch.draw.integer(0, len(shape)), rest)
    return tuple(shape)


def reshape(sketch: Sketch) -> bool:
    source = sketch.pick()
    if source is None:
        return False
    shape = split_up(sketch, int(np.prod(sketch.spec(source).shape)))
    if sketch.draw.chance(0.5):
        shape = (1, *shape)[:5] if shape[4:] in ((), (1,)) else shape
    if len(shape) == 3:
        shape = (1, *shape)  # images are what most ops read
    return reshaped(sketch, source, shape) != source


def reshaped(sketch: Sketch, source: int, shape: tuple[int, ...]) -> int:
    """A RESHAPE to a shape of as many elements; the source itself where it has that shape."""
    if sketch.spec(source).shape == shape:
        return source
    goal = sketch.alike(source, shape)
    inputs = [source, sketch.integers(*shape)]
    options = options_of("RESHAPE", newShape=list(shape))
    return sketch.op("RESHAPE", inputs, goal, sketch.values[source], options)


def squeeze(sketch: Sketch) -> bool:
    source = sketch.pick(lambda spec: 1 in spec.shape and len(spec.shape) > 2)
    if source is None:
        return False
    shape = sketch.spec(source).shape
    ones = [i for i, d in enumerate(shape) if d == 1]
    gone = ones if sketch.draw.chance(0.5) else [sketch.draw.choice(ones)]
    kept = tuple(d for i, d in enumerate(shape) if i not in gone)
    options = options_of("SQUEEZE", squeezeDims=gone)
    sketch.op("SQUEEZE", [source], sketch.alike(source, kept), sketch.values[source], options)
    return True


def expand_dims(sketch: Sketch) -> bool:
    source = sketch.pick(lambda spec: len(spec.shape) < 5)
    if source is None:
        return False
    shape = sketch.spec(source).shape
    axis = sketch.draw.integer(-len(shape) - 1, len(shape))
    expanded = np.expand_dims(np.empty(shape), axis).shape
    inputs = [source, sketch.constant(np.array(axis, np.int32))]
    sketch.op("EXPAND_DIMS", inputs, sketch.alike(source, expanded), sketch.values[source])
    return True


def pad(sketch: Sketch, kind: str) -> bool:
    source = sketch.pick(lambda spec: 1 <= len(spec.shape) <= 4)
    if source is None:
        return False
    draw, spec = sketch.draw, sketch.spec(source)
    paddings = np.array([[draw.choice([0, 0, 1, 2]) for _ in range(2)] for _ in spec.shape])
    paddings[: sketch.free_axis(len(spec.shape))] = 0
    shape = tuple(d + sum(p) for d, p in zip(spec.shape, paddings.tolist(), strict=True))
    if int(np.prod(shape)) > sketch.most_elements:
        return False
    inputs = [source, sketch.constant(paddings.astype(np.int32))]
    if kind == "PADV2":
        value = draw.rng.integers(*sketch.limits, ()).astype(sketch.dtype)
        inputs.append(sketch.constant(np.asarray(value), spec.scale, spec.zero_point))
    sketch.op(kind, inputs, sketch.alike(source, shape), sketch.values[source])
    return True


def concatenation(sketch: Sketch) -> bool:
    """Inputs of other scales go through a QUANTIZE first, as converters do it."""
    first = sketch.pick(lambda spec: 1 <= len(spec.shape) <= 6)
    if first is None:
        return False
    shape = sketch.spec(first).shape
    axis = sketch.draw.integer(min(sketch.free_axis(len(shape)), len(shape) - 1), len(shape) - 1)

    def joins(spec: Spec) -> bool:
        others = [d for i, d in enumerate(spec.shape) if i != axis]
        return len(spec.shape) == len(shape) and others == [*shape[:axis], *shape[axis + 1 :]]

    found = [first, *(sketch.pick(joins) for _ in range(sketch.draw.integer(1, 4)))]
    inputs = [i for i in found if i is not None]
    extent = sum(sketch.spec(i).shape[axis] for i in inputs)
    joined = (*shape[:axis], extent, *shape[axis + 1 :])
    if int(np.prod(joined)) > sketch.most_elements:
        return False
    goal = sketch.alike(first, joined)
    given = [requantise(sketch, i, goal) for i in inputs]
    counted = axis if sketch.draw.chance(0.5) else axis - len(shape)
    options = options_of("CONCATENATION", axis=counted)
    sketch.op("CONCATENATION", given, goal, sketch.values[first], options)
    return True


def resize(sketch: Sketch, kind: str) -> bool:
    source = sketch.pick(lambda spec: len(spec.shape) == 4)
    if source is None:
        return False
    draw = sketch.draw
    batches, height, width, channels = sketch.spec(source).shape
    size = draw.choice([(2 * height, 2 * width), (draw.integer(1, 9), draw.integer(1, 9))])
    if sketch.is_signal and height == 1:
        size = (1, size[1])
    if batches * size[0] * size[1] * channels > sketch.most_elements:
        return False
    corners = draw.chance(0.3)
    options = options_of(
        kind, alignCorners=corners, halfPixelCenters=not corners and draw.chance(0.5)
    )
    goal = sketch.alike(source, (batches, *size, channels))
    sketch.op(kind, [source, sketch.integers(*size)], goal, sketch.values[source], options)
    return True


pad_zero = partial(pad, kind="PAD")
pad_value = partial(pad, kind="PADV2")
nearest = partial(resize, kind="RESIZE_NEAREST_NEIGHBOR")
bilinear = partial(resize, kind="RESIZE_BILINEAR")
