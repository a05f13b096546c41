"""SPACE_TO_BATCH_ND and BATCH_TO_SPACE_ND: phases of an image become images of the batch, and back.

Pixel (y, x) of phase (i, j) of a block [b, d] is pixel (y * b + i, x * d + j) of the image, less
what is cropped at its top and left. Phases that are cropped alike move together, so that each axis
has three groups of them at most.

What SPACE_TO_BATCH_ND pads is cropped on the way back. It is written first, over the whole output.
TFLM pads with memory that it never wrote: it gets a PAD before the op (`tflite/folded_file.py`),
whose zeros are those of LiteRT.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import groupby, pairwise

from mcuforge.frontend.graph import DType, Graph, Op
from mcuforge.planning.ops import Operator
from mcuforge.planning.ops.common import constraint_arity, constraint_not_empty, describe
from mcuforge.planning.ops.loops import Loop, dense_strides
from mcuforge.planning.ops.moving import (
    Move,
    constraint_constants,
    constraint_copied,
    constraint_types,
    integers,
    operator,
)
from mcuforge.planning.ops.pad import Axis, constraint_int8_is_quantized, pad_params, zero
from mcuforge.planning.plan import KernelCall

TYPES = (DType.INT8, DType.FLOAT32)


@dataclass(frozen=True)
class Phases:
    """Phases `first` ... `first` + `count` - 1, of each the pixels `begin` ... `begin` + `pixels`
    - 1."""

    first: int
    count: int
    begin: int
    pixels: int


def constraint_ranks(graph: Graph, op: Op) -> str | None:
    """Both tensors have rank 3 or 4, and blocks and crops or paddings have a row for each dimension
    between the first and the last."""
    source, target = graph.input(op, 0), graph.output(op)
    spatial = len(source.shape) - 2
    if spatial not in (1, 2) or len(target.shape) != len(source.shape):
        return f"{describe(source)} becomes {describe(target)}"
    blocks, edges = graph.input(op, 1), graph.input(op, 2)
    if blocks.shape != (spatial,) or edges.shape != (spatial, 2):
        return f"{describe(blocks)} and {describe(edges)} for {describe(source)}"
    return None


def constraint_padding(graph: Graph, op: Op) -> str | None:
    """What is padded is the zero point of an int8 output, which must have one, or 0."""
    return constraint_int8_is_quantized(graph, op) if _pads(graph, op) else None


def _pads(graph: Graph, op: Op) -> bool:
    return any(integers(graph.input(op, 2)))


def constraint_block_shapes(graph: Graph, op: Op) -> str | None:
    """Blocks are positive, crops are not negative, and both account for the shapes."""
    to_batch = op.kind == "SPACE_TO_BATCH_ND"
    wide, deep = graph.input(op, 0), graph.output(op)
    if not to_batch:
        wide, deep = deep, wide
    blocks, crops = integers(graph.input(op, 1)), integers(graph.input(op, 2))
    if min(blocks) < 1 or min(crops) < 0:
        return f"blocks {blocks} and {crops}"
    batches = wide.shape[0]
    for block in blocks:
        batches *= block
    sizes = [
        extent * block - before - after
        for extent, block, before, after in zip(
            deep.shape[1:-1], blocks, crops[::2], crops[1::2], strict=True
        )
    ]
    expected = (deep.shape[0], *sizes, deep.shape[-1])
    given = (batches, *wide.shape[1:])
    return None if expected == given else f"blocks {blocks}: {describe(wide)} for {describe(deep)}"


def phases(extent: int, block: int, before: int, size: int) -> list[Phases]:
    """Phases of an axis that are cropped alike: `extent` pixels each, `size` in the image."""

    def pixels(phase: int) -> tuple[int, int]:
        begin = max(0, -(-(before - phase) // block))
        end = min(extent, -(-(before + size - phase) // block))
        return begin, max(end - begin, 0)

    changes = sorted({0, before % block, (before + size) % block, block})
    groups = groupby(pairwise(changes), key=lambda pair: pixels(pair[0]))
    found = []
    for (begin, count), pairs in groups:
        spans = list(pairs)
        first, last = spans[0][0], spans[-1][1]
        if count:
            found.append(Phases(first, last - first, begin, count))
    return found


def moves(graph: Graph, op: Op) -> tuple[Move, ...]:
    """A move for each pair of groups of phases."""
    to_batch = op.kind == "SPACE_TO_BATCH_ND"
    source, target = graph.input(op, 0), graph.output(op)
    wide, deep = (source, target) if to_batch else (target, source)
    blocks, crops = integers(graph.input(op, 1)), integers(graph.input(op, 2))[::2]
    (n, *sizes, c), extents = wide.shape, list(deep.shape[1:-1])
    if len(sizes) == 1:
        blocks, crops, sizes, extents = [*blocks, 1], [*crops, 0], [*sizes, 1], [*extents, 1]
    image = dense_strides((n, *sizes, c))
    batch = dense_strides((*blocks, n, *extents, c))
    edges = zip(extents, blocks, crops, sizes, strict=True)
    rows, columns = (phases(*edge) for edge in edges)
    alone = len(rows) == len(columns) == 1
    made = []
    for row in rows:
        for column in columns:
            at = row.begin * blocks[0] + row.first - crops[0]
            beside = column.begin * blocks[1] + column.first - crops[1]
            first = at * image[1] + beside * image[2]
            phase = row.first * batch[0] + column.first * batch[1]
            phase += row.begin * batch[3] + column.begin * batch[4]
            nest = {
                "image": (n, image[0], batch[2]),
                "y": (row.pixels, blocks[0] * image[1], batch[3]),
                "i": (row.count, image[1], batch[0]),
                "x": (column.pixels, blocks[1] * image[2], batch[4]),
                "j": (column.count, image[2], batch[1]),
                "c": (c, 1, 1),
            }
            order = ("i", "j", "image", "y", "x", "c") if to_batch else tuple(nest)
            ends = (first, phase) if to_batch else (phase, first)
            loops = tuple(
                Loop(extent, (a, b) if to_batch else (b, a))
                for extent, a, b in (nest[axis] for axis in order)
            )
            made.append(Move(source.index, target.index, loops, *ends, ascending=alone))
    return tuple(made)


def _operator(kind: str) -> Operator:
    return operator(
        kind,
        (
            constraint_arity(3, 3),
            constraint_types(*TYPES),
            constraint_not_empty,
            constraint_constants(1, 2),
            constraint_ranks,
            *((constraint_padding,) if kind == "SPACE_TO_BATCH_ND" else ()),
            constraint_block_shapes,
            constraint_copied(),
        ),
        moves,
    )


def _padding(graph: Graph, op: Op) -> KernelCall:
    """Zeros all over the output; of the input, which is still to move, nothing is read."""
    output = graph.output(op)
    return KernelCall(
        kernel="pad",
        params=pad_params([Axis(0, output.elements, 0)], zero(output)),
        inputs=(op.inputs[0],),
        output=output.index,
        reason="the padding, before what lies in it",
    )


def _padded(unpadded: Operator) -> Operator:
    def lower(graph: Graph, op: Op) -> tuple[KernelCall, ...]:
        calls = unpadded.lower(graph, op)
        if not _pads(graph, op):
            return calls
        return _padding(graph, op), *(replace(call, overlaps={}) for call in calls)

    return replace(unpadded, lower=lower, kernels=(*unpadded.kernels, "pad"))


OPERATORS = (_padded(_operator("SPACE_TO_BATCH_ND")), _operator("BATCH_TO_SPACE_ND"))
