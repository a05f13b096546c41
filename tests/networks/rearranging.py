"""Ops that cut, turn, repeat and choose elements: how to draw each."""

from __future__ import annotations

from functools import partial
from math import prod
from typing import Any

import numpy as np
from sketch import Sketch, options_of


def transpose(sketch: Sketch) -> bool:
    source = sketch.pick(lambda spec: 2 <= len(spec.shape) <= 5)
    if source is None:
        return False
    shape = sketch.spec(source).shape
    order = sketch.draw.rng.permutation(len(shape)).tolist()
    goal = sketch.alike(source, [shape[i] for i in order])
    sketch.op("TRANSPOSE", [source, sketch.integers(*order)], goal, sketch.values[source])
    return True


def reverse(sketch: Sketch) -> bool:
    source = sketch.pick(lambda spec: 1 <= len(spec.shape) <= 6)
    if source is None:
        return False
    shape = sketch.spec(source).shape
    first = sketch.draw.integer(0, len(shape) - 1)
    axes = range(first, sketch.draw.integer(first, len(shape) - 1) + 1)
    inputs = [source, sketch.integers(*axes)]
    sketch.op("REVERSE_V2", inputs, sketch.alike(source, shape), sketch.values[source])
    return True


def cut(sketch: Sketch, kind: str) -> bool:
    """SPLIT, SPLIT_V and UNPACK: along an axis."""
    source = sketch.pick(lambda spec: 2 <= len(spec.shape) <= 5 and 2 <= max(spec.shape) <= 24)
    if source is None:
        return False
    draw, shape = sketch.draw, sketch.spec(source).shape
    axis = draw.choice([i for i, d in enumerate(shape) if 2 <= d <= 24])
    extent, number = shape[axis], sketch.constant(np.array(axis, np.int32))
    if kind == "UNPACK":
        if extent > 8:
            return False
        parts = [shape[:axis] + shape[axis + 1 :]] * extent
        inputs, options = [source], options_of(kind, num=extent, axis=axis)
    else:
        count = draw.choice([n for n in (2, 3, 4, 1) if extent % n == 0])
        first = draw.integer(1, extent - 1)
        sizes = [extent // count] * count if kind == "SPLIT" else [first, extent - first]
        parts = [(*shape[:axis], size, *shape[axis + 1 :]) for size in sizes]
        inputs = [number, source] if kind == "SPLIT" else [source, sketch.integers(*sizes), number]
        options = options_of(kind, numSplits=len(sizes))
    targets = [sketch.alike(source, part) for part in parts]
    sketch.ops(kind, inputs, targets, sketch.values[source], options)
    return True


def pack(sketch: Sketch) -> bool:
    source = sketch.pick(lambda spec: 1 <= len(spec.shape) <= 4)
    if source is None:
        return False
    spec, count = sketch.spec(source), sketch.draw.integer(1, 3)
    shape = list(spec.shape)
    same = [i for i in sketch.values if _alike(sketch, i, source)]
    inputs = [source, *(sketch.draw.choice(same) for _ in range(count - 1))]
    if prod(shape) * count > sketch.most_elements:
        return False
    axis = sketch.draw.integer(0, len(shape))
    shape.insert(axis, count)
    options = options_of("PACK", valuesCount=count, axis=axis)
    sketch.op("PACK", inputs, sketch.alike(source, shape), sketch.values[source], options)
    return True


def _alike(sketch: Sketch, one: int, other: int) -> bool:
    a, b = sketch.spec(one), sketch.spec(other)
    return (a.shape, a.dtype, a.scale, a.zero_point) == (b.shape, b.dtype, b.scale, b.zero_point)


def part(sketch: Sketch, kind: str) -> bool:
    """SLICE and STRIDED_SLICE."""
    source = sketch.pick(lambda spec: 1 <= len(spec.shape) <= 4)
    if source is None:
        return False
    draw, shape = sketch.draw, sketch.spec(source).shape
    begins = [draw.integer(0, d // 2) for d in shape]
    if kind == "SLICE":
        left = [d - b for b, d in zip(begins, shape, strict=True)]
        sizes = [draw.integer(max(1, n // 2), n) for n in left]
        inputs, kept = [source, sketch.integers(*begins), sketch.integers(*sizes)], sizes
        options = options_of(kind)
    else:
        steps = [draw.choice([1, 1, 2, -1]) for _ in shape]
        ends = [d if s > 0 else -d - 1 for d, s in zip(shape, steps, strict=True)]
        firsts = [b if s > 0 else d - 1 - b for b, d, s in zip(begins, shape, steps, strict=True)]
        shrunk = 1 if len(shape) > 2 and draw.chance(0.3) and steps[0] > 0 else 0
        taken = [-(-(d - b) // abs(s)) for b, d, s in zip(begins, shape, steps, strict=True)]
        kept = taken[shrunk:]
        inputs = [source, *(sketch.integers(*numbers) for numbers in (firsts, ends, steps))]
        options = options_of(kind, shrinkAxisMask=shrunk, endMask=draw.integer(0, 15))
    sketch.op(kind, inputs, sketch.alike(source, kept), sketch.values[source], options)
    return True


def blocks(sketch: Sketch, kind: str) -> bool:
    """Between space and depth, and between space and batch."""
    source = sketch.pick(lambda spec: len(spec.shape) == 4)
    if source is None:
        return False
    n, h, w, c = sketch.spec(source).shape
    for b in (3, 2):
        shape = {
            "SPACE_TO_DEPTH": (n, h / b, w / b, c * b * b),
            "DEPTH_TO_SPACE": (n, h * b, w * b, c / b / b),
            "SPACE_TO_BATCH_ND": (n * b, h, w / b, c),
            "BATCH_TO_SPACE_ND": (n / b, h, w * b - 1, c),
        }[kind]
        if all(d >= 1 and d == int(d) for d in shape):
            break
    else:
        return False
    goal, inputs, options = sketch.alike(source, [int(d) for d in shape]), [source], None
    if kind.endswith("ND"):
        edges = np.array([[0, 0], [0, int(kind == "BATCH_TO_SPACE_ND")]], np.int32)
        inputs += [sketch.integers(1, b), sketch.constant(edges)]
    else:
        options = options_of(kind, blockSize=b)
    sketch.op(kind, inputs, goal, sketch.values[source], options)
    return True


def broadcast(sketch: Sketch) -> bool:
    source = sketch.pick(lambda spec: 1 <= len(spec.shape) <= 4 and prod(spec.shape) <= 200)
    if source is None:
        return False
    shape = sketch.spec(source).shape
    larger = (2, *(3 if d == 1 else d for d in shape))
    if prod(larger) > sketch.most_elements:
        return False
    goal = sketch.alike(source, larger)
    sketch.op("BROADCAST_TO", [source, sketch.integers(*larger)], goal, sketch.values[source])
    return True


def mirror_pad(sketch: Sketch) -> bool:
    source = sketch.pick(lambda spec: 1 <= len(spec.shape) <= 5)
    if source is None:
        return False
    draw, shape, reflect = sketch.draw, sketch.spec(source).shape, sketch.draw.chance(0.5)
    pads = [[draw.integer(0, min(2, d - reflect)) for _ in range(2)] for d in shape]
    padded = [d + sum(p) for d, p in zip(shape, pads, strict=True)]
    if prod(padded) > sketch.most_elements:
        return False
    options = options_of("MIRROR_PAD", mode=0 if reflect else 1)
    inputs = [source, sketch.constant(np.array(pads, np.int32))]
    sketch.op("MIRROR_PAD", inputs, sketch.alike(source, padded), sketch.values[source], options)
    return True


def fill(sketch: Sketch) -> bool:
    source = sketch.pick(lambda spec: 2 <= prod(spec.shape) <= 40)
    if source is None:
        return False
    rank = len(sketch.spec(source).shape)
    numbers = [sketch.integers(*n) for n in ([0] * rank, [1] * rank, [1] * rank)]
    options = options_of("STRIDED_SLICE", shrinkAxisMask=2**rank - 1)
    goal, values = sketch.alike(source, ()), sketch.values[source]
    scalar = sketch.op("STRIDED_SLICE", [source, *numbers], goal, values, options)
    del sketch.values[scalar]  # few ops read one
    shape = (sketch.draw.integer(1, 4), sketch.draw.integer(1, 9))
    sketch.op("FILL", [sketch.integers(*shape), scalar], sketch.alike(source, shape), values)
    return True


def gather(sketch: Sketch, kind: str) -> bool:
    """GATHER, GATHER_ND and EMBEDDING_LOOKUP with constant indices."""
    source = sketch.pick(lambda spec: 2 <= len(spec.shape) <= 4 and spec.dtype == "int8")
    if source is None:
        return False
    draw, shape, options = sketch.draw, sketch.spec(source).shape, None
    axis = draw.integer(0, len(shape) - 1) if kind == "GATHER" else 0
    count = draw.integer(1, 2 * shape[axis])
    chosen: Any = draw.rng.integers(0, shape[axis], count).astype(np.int32)
    goal = sketch.alike(source, (*shape[:axis], count, *shape[axis + 1 :]))
    if prod(goal.shape) > sketch.most_elements:
        return False
    if kind == "GATHER":
        options = options_of(kind, axis=axis)
    if kind == "GATHER_ND":
        chosen = chosen[:, np.newaxis]
    inputs = [source, sketch.constant(chosen)]
    if kind == "EMBEDDING_LOOKUP":
        inputs.reverse()
    sketch.op(kind, inputs, goal, sketch.values[source], options)
    return True


def update_slice(sketch: Sketch) -> bool:
    source = sketch.pick(lambda spec: 1 <= len(spec.shape) <= 5)
    if source is None:
        return False
    draw, spec = sketch.draw, sketch.spec(source)
    part = tuple(draw.integer(1, d) for d in spec.shape)
    data = draw.rng.integers(*sketch.limits, part).astype(sketch.dtype)
    assert isinstance(spec.scale, float)
    update = sketch.constant(data, spec.scale, spec.zero_point)
    places = [draw.integer(-2, d) for d in spec.shape]
    goal, values = sketch.alike(source, spec.shape), sketch.values[source]
    sketch.op("DYNAMIC_UPDATE_SLICE", [source, update, sketch.integers(*places)], goal, values)
    return True


OPS = {
    "BROADCAST_TO": broadcast,
    "DYNAMIC_UPDATE_SLICE": update_slice,
    "FILL": fill,
    "MIRROR_PAD": mirror_pad,
    "PACK": pack,
    "REVERSE_V2": reverse,
    "TRANSPOSE": transpose,
    **{kind: partial(cut, kind=kind) for kind in ("SPLIT", "SPLIT_V", "UNPACK")},
    **{kind: partial(part, kind=kind) for kind in ("SLICE", "STRIDED_SLICE")},
    **{kind: partial(gather, kind=kind) for kind in ("EMBEDDING_LOOKUP", "GATHER", "GATHER_ND")},
    **{
        kind: partial(blocks, kind=kind)
        for kind in ("SPACE_TO_DEPTH", "DEPTH_TO_SPACE", "SPACE_TO_BATCH_ND", "BATCH_TO_SPACE_ND")
    },
}
