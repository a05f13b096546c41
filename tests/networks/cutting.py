"""Ops that cut tensors apart and stack them: how to draw each, given the tensors of a sketch."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from elementwise import requantise
from sketch import Sketch, options_of


def strided_slice(sketch: Sketch) -> bool:
    """Steps of either direction; masks for a begin or an end; axes that are shrunk away."""
    source = sketch.pick(lambda spec: 1 <= len(spec.shape) <= 4)
    if source is None:
        return False
    draw, shape = sketch.draw, sketch.spec(source).shape
    numbers: list[tuple[int, int, int]] = []
    masks, index = {"beginMask": 0, "endMask": 0, "shrinkAxisMask": 0}, []
    for axis, extent in enumerate(shape):
        begin = draw.integer(0, extent - 1)
        if len(shape) > 1 and draw.chance(0.1):
            masks["shrinkAxisMask"] |= 1 << axis
            numbers.append((begin, begin + 1, 1))
            index.append(begin)
            continue
        if draw.chance(0.2):  # against the order, down to the first element
            masks["endMask"] |= 1 << axis
            numbers.append((begin, 0, -1))
            index.append(slice(begin, None, -1))
            continue
        begin = draw.choice([0, 0, begin])
        end, step = draw.choice([extent, draw.integer(begin + 1, extent)]), draw.choice([1, 1, 2])
        if draw.chance(0.3):
            masks["endMask"] |= 1 << axis
            end = extent
        numbers.append((begin - draw.choice([0, extent]), end, step))
        index.append(slice(begin, end, step))
    goal = sketch.alike(source, np.empty(shape)[tuple(index)].shape)
    if not goal.shape:
        return False
    columns = [sketch.integers(*column) for column in zip(*numbers, strict=True)]
    options = options_of("STRIDED_SLICE", **masks)
    sketch.op("STRIDED_SLICE", [source, *columns], goal, sketch.values[source], options)
    return True


def cut(sketch: Sketch) -> bool:
    """SLICE: a begin and a size for each axis."""
    source = sketch.pick(lambda spec: 1 <= len(spec.shape) <= 5)
    if source is None:
        return False
    draw, shape = sketch.draw, sketch.spec(source).shape
    begins = [draw.choice([0, draw.integer(0, extent - 1)]) for extent in shape]
    rest = [extent - begin for extent, begin in zip(shape, begins, strict=True)]
    made = tuple(draw.choice([size, draw.integer(1, size)]) for size in rest)
    goal = sketch.alike(source, made)
    inputs = [source, sketch.integers(*begins), sketch.integers(*made)]
    sketch.op("SLICE", inputs, goal, sketch.values[source])
    return True


def split(sketch: Sketch, kind: str) -> bool:
    """Two to four parts along an axis, alike for SPLIT."""
    draw = sketch.draw
    source = sketch.pick(lambda spec: 1 <= len(spec.shape) <= 5 and max(spec.shape) > 1)
    if source is None:
        return False
    shape = sketch.spec(source).shape
    inner = sketch.inner_axis(len(shape))
    axes = [i for i, extent in enumerate(shape) if extent > 1 and i >= inner]
    if not axes:
        return False
    axis = draw.choice(axes)
    extent = shape[axis]
    if kind == "SPLIT":
        found = [n for n in (2, 3, 4) if extent % n == 0]
        if not found:
            return False
        parts = draw.choice(found)
        sizes = [extent // parts] * parts
    else:
        first = draw.integer(1, extent - 1)
        sizes = [first, extent - first]
    goals = [sketch.alike(source, (*shape[:axis], size, *shape[axis + 1 :])) for size in sizes]
    number = sketch.integers(draw.choice([axis, axis - len(shape)]))
    inputs = [number, source] if kind == "SPLIT" else [source, sketch.integers(*sizes), number]
    sketch.ops(kind, inputs, goals, sketch.values[source], options_of(kind, numSplits=len(sizes)))
    return True


def unpack(sketch: Sketch) -> bool:
    """An axis of two to four elements."""
    source = sketch.pick(
        lambda spec: 2 <= len(spec.shape) <= 5 and any(2 <= d <= 4 for d in spec.shape)
    )
    if source is None:
        return False
    shape = sketch.spec(source).shape
    inner = sketch.inner_axis(len(shape))
    axes = [i for i, extent in enumerate(shape) if 2 <= extent <= 4 and i >= inner]
    if not axes:
        return False
    axis = sketch.draw.choice(axes)
    goal = sketch.alike(source, (*shape[:axis], *shape[axis + 1 :]))
    options: Any = options_of("UNPACK", axis=axis, num=shape[axis])
    sketch.ops("UNPACK", [source], [goal] * shape[axis], sketch.values[source], options)
    return True


def pack(sketch: Sketch) -> bool:
    """One to three tensors of a shape, of one scale or brought to it."""
    first = sketch.pick(lambda spec: len(spec.shape) <= 4)
    if first is None:
        return False
    shape = sketch.spec(first).shape
    others = [
        sketch.pick(lambda spec: spec.shape == shape) for _ in range(sketch.draw.integer(0, 2))
    ]
    found = [first, *(i for i in others if i is not None)]
    if len(found) * int(np.prod(shape)) > sketch.most_elements:
        return False
    axis = sketch.draw.integer(sketch.inner_axis(len(shape) + 1), len(shape))
    goal = sketch.alike(first, (*shape[:axis], len(found), *shape[axis:]))
    inputs = [requantise(sketch, i, goal) for i in found]
    options = options_of("PACK", axis=axis, valuesCount=len(found))
    sketch.op("PACK", inputs, goal, sketch.values[first], options)
    return True


OPS = {
    "PACK": pack,
    "SLICE": cut,
    "SPLIT": partial(split, kind="SPLIT"),
    "SPLIT_V": partial(split, kind="SPLIT_V"),
    "STRIDED_SLICE": strided_slice,
    "UNPACK": unpack,
}
