"""Ops that bring elements into another order, repeat or choose them: how to draw each."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from elementwise import requantise
from single_op import Spec
from sketch import Sketch, Values, options_of


def _moved(
    sketch: Sketch, kind: str, inputs: list[int], source: int, shape: Any, **members: Any
) -> bool:
    """Append an op whose output holds elements of `source`; not where they are too many."""
    made = tuple(int(extent) for extent in shape)
    if int(np.prod(made)) > sketch.most_elements:
        return False
    options = options_of(kind, **members)
    sketch.op(kind, inputs, sketch.alike(source, made), sketch.values[source], options)
    return True


def transpose(sketch: Sketch) -> bool:
    source = sketch.pick(lambda spec: 2 <= len(spec.shape) <= 5)
    if source is None:
        return False
    shape = sketch.spec(source).shape
    inner = sketch.inner_axis(len(shape))
    moved = sketch.draw.rng.permutation(len(shape) - inner) + inner
    order = [*range(inner), *moved.tolist()]
    inputs = [source, sketch.integers(*order)]
    return _moved(sketch, "TRANSPOSE", inputs, source, [shape[i] for i in order])


def reverse(sketch: Sketch) -> bool:
    source = sketch.pick(lambda spec: 1 <= len(spec.shape) <= 5)
    if source is None:
        return False
    shape = sketch.spec(source).shape
    axis = sketch.draw.integer(sketch.inner_axis(len(shape)), len(shape) - 1)
    return _moved(sketch, "REVERSE_V2", [source, sketch.integers(axis)], source, shape)


def blocks(sketch: Sketch, kind: str) -> bool:
    """SPACE_TO_DEPTH and DEPTH_TO_SPACE, with the largest blocks up to three by three."""
    source = sketch.pick(lambda spec: len(spec.shape) == 4)
    if source is None:
        return False
    batches, height, width, channels = sketch.spec(source).shape
    to_depth = kind == "SPACE_TO_DEPTH"
    side = next(
        n for n in (3, 2, 1) if (height % n == width % n == 0 if to_depth else channels % n**2 == 0)
    )
    if side == 1 and sketch.draw.chance(0.9):
        return False
    made = (batches, height // side, width // side, channels * side**2)
    if not to_depth:
        made = (batches, height * side, width * side, channels // side**2)
    return _moved(sketch, kind, [source], source, made, blockSize=side)


def space_to_batch(sketch: Sketch) -> bool:
    """Every second row or column becomes a batch of its own, as dilated convolutions have it."""
    source = sketch.pick(lambda spec: len(spec.shape) == 4)
    if source is None:
        return False
    batches, height, width, channels = sketch.spec(source).shape
    block = [2 if extent % 2 == 0 else 1 for extent in (height, width)]
    made = (batches * block[0] * block[1], height // block[0], width // block[1], channels)
    nothing = sketch.constant(np.zeros((2, 2), np.int32))
    inputs = [source, sketch.integers(*block), nothing]
    return _moved(sketch, "SPACE_TO_BATCH_ND", inputs, source, made)


def batch_to_space(sketch: Sketch) -> bool:
    """And back, with something cropped."""
    source = sketch.pick(lambda spec: len(spec.shape) == 4)
    if source is None:
        return False
    draw, (batches, height, width, channels) = sketch.draw, sketch.spec(source).shape
    found = [b for b in ((1, 1), (2, 1), (1, 2), (2, 2), (3, 1)) if batches % (b[0] * b[1]) == 0]
    block = draw.choice(found)
    sizes = (height * block[0], width * block[1])
    crops = [[draw.integer(0, min(1, s - 1)), 0] for s in sizes]
    made = (
        batches // block[0] // block[1], sizes[0] - crops[0][0], sizes[1] - crops[1][0], channels,
    )  # fmt: skip
    inputs = [source, sketch.integers(*block), sketch.constant(np.array(crops, np.int32))]
    return _moved(sketch, "BATCH_TO_SPACE_ND", inputs, source, made)


def broadcast_to(sketch: Sketch) -> bool:
    source = sketch.pick(lambda spec: 1 <= len(spec.shape) <= 4 and 1 in spec.shape)
    if source is None:
        return False
    shape = [d if d > 1 else sketch.draw.integer(1, 4) for d in sketch.spec(source).shape]
    return _moved(sketch, "BROADCAST_TO", [source, sketch.integers(*shape)], source, shape)


def tile(sketch: Sketch) -> bool:
    source = sketch.pick(lambda spec: 1 <= len(spec.shape) <= 4)
    if source is None:
        return False
    shape = sketch.spec(source).shape
    multiples = [sketch.draw.choice([1, 1, 2, 3]) for _ in shape]
    made = [d * m for d, m in zip(shape, multiples, strict=True)]
    return _moved(sketch, "TILE", [source, sketch.integers(*multiples)], source, made)


def mirror_pad(sketch: Sketch) -> bool:
    source = sketch.pick(lambda spec: 1 <= len(spec.shape) <= 4)
    if source is None:
        return False
    draw, shape = sketch.draw, sketch.spec(source).shape
    mode = draw.choice([schema.MirrorPadMode.REFLECT, schema.MirrorPadMode.SYMMETRIC])
    most = [min(d - (mode == schema.MirrorPadMode.REFLECT), 2) for d in shape]
    pads = [[draw.choice([0, draw.integer(0, m)]) for _ in range(2)] for m in most]
    made = [d + sum(p) for d, p in zip(shape, pads, strict=True)]
    inputs = [source, sketch.constant(np.array(pads, np.int32))]
    return _moved(sketch, "MIRROR_PAD", inputs, source, made, mode=mode)


def gather(sketch: Sketch) -> bool:
    """Elements of an axis, some more than once."""
    source = sketch.pick(lambda spec: 1 <= len(spec.shape) <= 4)
    if source is None:
        return False
    draw, shape = sketch.draw, sketch.spec(source).shape
    axis = draw.integer(sketch.inner_axis(len(shape)), len(shape) - 1)
    numbers = draw.rng.integers(0, shape[axis], draw.integer(1, 5)).astype(np.int32)
    made = (*shape[:axis], numbers.size, *shape[axis + 1 :])
    inputs = [source, sketch.constant(numbers)]
    return _moved(sketch, "GATHER", inputs, source, made, axis=axis)


def gather_nd(sketch: Sketch) -> bool:
    source = sketch.pick(lambda spec: 2 <= len(spec.shape) <= 4)
    if source is None:
        return False
    draw, shape = sketch.draw, sketch.spec(source).shape
    depth = draw.integer(1, len(shape))
    numbers = draw.rng.integers(0, shape[:depth], (draw.integer(1, 6), depth)).astype(np.int32)
    made = (len(numbers), *shape[depth:])
    return _moved(sketch, "GATHER_ND", [source, sketch.constant(numbers)], source, made)


def embedding_lookup(sketch: Sketch) -> bool:
    source = sketch.pick(lambda spec: len(spec.shape) in (2, 3) and spec.zero_point == 0)
    if source is None:
        return False
    draw, shape = sketch.draw, sketch.spec(source).shape
    numbers = draw.rng.integers(0, shape[0], draw.integer(1, 4)).astype(np.int32)
    inputs = [sketch.constant(numbers), source]
    return _moved(sketch, "EMBEDDING_LOOKUP", inputs, source, (numbers.size, *shape[1:]))


def update_slice(sketch: Sketch) -> bool:
    """Part of a tensor is overwritten with another, brought to its scale."""
    source = sketch.pick(lambda spec: 1 <= len(spec.shape) <= 5)
    if source is None:
        return False
    shape = sketch.spec(source).shape

    def smaller(spec: Spec) -> bool:
        pairs = zip(spec.shape, shape, strict=False)
        return len(spec.shape) == len(shape) and all(a <= b for a, b in pairs)

    update = sketch.pick(smaller)
    if update is None or update == source:
        return False
    places = [sketch.draw.integer(-1, extent) for extent in shape]
    part = requantise(sketch, update, sketch.spec(source))
    inputs = [source, part, sketch.integers(*places)]
    return _moved(sketch, "DYNAMIC_UPDATE_SLICE", inputs, source, shape)


def arg_extremum(sketch: Sketch, kind: str) -> bool:
    """Where the largest or the smallest lies: int32."""
    source = sketch.pick(lambda spec: 2 <= len(spec.shape) <= 5)
    if source is None:
        return False
    shape = sketch.spec(source).shape
    axis = sketch.draw.integer(sketch.inner_axis(len(shape)), len(shape) - 1)
    options = options_of(kind, outputType=schema.TensorType.INT32)
    goal = Spec((*shape[:axis], *shape[axis + 1 :]), "int32", None)
    inputs = [source, sketch.constant(np.array(axis, np.int32))]
    sketch.op(kind, inputs, goal, Values(1.0, 1.0), options)
    return True


def fill(sketch: Sketch) -> bool:
    """With the first element of a tensor, which a STRIDED_SLICE makes a scalar."""
    source = sketch.pick(lambda spec: 1 <= len(spec.shape) <= 4)
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


OPS = {
    "ARG_MAX": partial(arg_extremum, kind="ARG_MAX"),
    "ARG_MIN": partial(arg_extremum, kind="ARG_MIN"),
    "BATCH_TO_SPACE_ND": batch_to_space,
    "BROADCAST_TO": broadcast_to,
    "DEPTH_TO_SPACE": partial(blocks, kind="DEPTH_TO_SPACE"),
    "DYNAMIC_UPDATE_SLICE": update_slice,
    "EMBEDDING_LOOKUP": embedding_lookup,
    "FILL": fill,
    "GATHER": gather,
    "GATHER_ND": gather_nd,
    "MIRROR_PAD": mirror_pad,
    "REVERSE_V2": reverse,
    "SPACE_TO_BATCH_ND": space_to_batch,
    "SPACE_TO_DEPTH": partial(blocks, kind="SPACE_TO_DEPTH"),
    "TILE": tile,
    "TRANSPOSE": transpose,
}
