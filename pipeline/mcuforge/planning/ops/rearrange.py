"""TRANSPOSE, REVERSE_V2, SPACE_TO_DEPTH and DEPTH_TO_SPACE: one copy in another order."""

from __future__ import annotations

from mcuforge.frontend.graph import BlockAttributes, DType, Graph, Op
from mcuforge.planning.ops.common import constraint_arity, constraint_not_empty, describe
from mcuforge.planning.ops.loops import Loop, dense_strides
from mcuforge.planning.ops.moving import (
    Move,
    constraint_constants,
    constraint_copied,
    constraint_types,
    gathered,
    integers,
    operator,
)

TRANSPOSED = (DType.INT8, DType.INT16, DType.FLOAT32)
REVERSED = (
    *(DType.INT8, DType.UINT8, DType.INT16, DType.INT32, DType.INT64, DType.FLOAT32),
    DType.BOOL,
)
BLOCKS = (DType.INT8, DType.FLOAT32)
MAX_TRANSPOSED_RANK = 5
MAX_REVERSED_RANK = 6


def constraint_permutation(graph: Graph, op: Op) -> str | None:
    """The rank is 1 to 5, the second input is a permutation of the axes, and the output has the
    input's extents in that order."""
    shape, numbers = graph.input(op, 0).shape, graph.input(op, 1)
    if not 1 <= len(shape) <= MAX_TRANSPOSED_RANK:
        return f"the rank is {len(shape)}"
    axes = integers(numbers)
    if numbers.shape != (len(shape),) or sorted(axes) != list(range(len(shape))):
        return f"{axes} for {list(shape)}"
    expected = tuple(shape[axis] for axis in axes)
    found = graph.output(op)
    return None if found.shape == expected else f"{describe(found)}, not {list(expected)}"


def transpose_moves(graph: Graph, op: Op) -> tuple[Move, ...]:
    """The moves of TRANSPOSE."""
    source = graph.input(op, 0)
    strides = dense_strides(source.shape)
    order = [strides[axis] for axis in integers(graph.input(op, 1))]
    return (gathered(source, graph.output(op), order),)


def constraint_reversed_axes(graph: Graph, op: Op) -> str | None:
    """The rank is 1 to 6; the axes are different dimensions side by side; the shape stays."""
    source, numbers = graph.input(op, 0), graph.input(op, 1)
    rank = len(source.shape)
    if not 1 <= rank <= MAX_REVERSED_RANK:
        return f"the rank is {rank}"
    if len(numbers.shape) != 1 or numbers.elements > rank:
        return f"the axes are {describe(numbers)} for a rank of {rank}"
    given = integers(numbers)
    if any(not -rank <= axis < rank for axis in given):
        return f"axes {given} of {rank}"
    axes = sorted(axis % rank for axis in given)
    if axes != list(range(axes[0], axes[0] + len(axes))):
        return f"axes {given}: TFLM reverses neighbouring axes only"
    found = graph.output(op)
    return None if found.shape == source.shape else f"{describe(source)} becomes {describe(found)}"


def reverse_moves(graph: Graph, op: Op) -> tuple[Move, ...]:
    """The moves of REVERSE_V2."""
    source = graph.input(op, 0)
    strides, read = list(dense_strides(source.shape)), 0
    for axis in integers(graph.input(op, 1)):
        read += (source.shape[axis] - 1) * strides[axis]
        strides[axis] = -strides[axis]
    return (gathered(source, graph.output(op), strides, read),)


def block_size(op: Op) -> int:
    """The block of SPACE_TO_DEPTH or DEPTH_TO_SPACE."""
    if not isinstance(op.attributes, BlockAttributes):
        raise TypeError(f"{op.kind} carries {type(op.attributes).__name__}")
    return op.attributes.block_size


def constraint_blocks(graph: Graph, op: Op) -> str | None:
    """Both tensors have rank 4, the block is positive, and the larger image is made of blocks."""
    images = graph.input(op, 0), graph.output(op)
    if any(len(image.shape) != 4 for image in images):
        return f"{describe(images[0])} becomes {describe(images[1])}"
    wide, deep = images if op.kind == "SPACE_TO_DEPTH" else reversed(images)
    block = block_size(op)
    batches, height, width, depth = deep.shape
    if block < 1 or depth % block**2:
        return f"blocks of {block} for {describe(deep)}"
    expected = (batches, height * block, width * block, depth // block**2)
    return None if wide.shape == expected else f"{describe(wide)} for {describe(deep)}"


def depth_moves(graph: Graph, op: Op) -> tuple[Move, ...]:
    """The moves of SPACE_TO_DEPTH and DEPTH_TO_SPACE.

    Both are the wide image [N, H, b, W, b, C] and the deep one [N, H, W, b, b, C].
    """
    to_depth, block = op.kind == "SPACE_TO_DEPTH", block_size(op)
    source, target = graph.input(op, 0), graph.output(op)
    batches, height, width, _ = (target if to_depth else source).shape
    channels = (source if to_depth else target).shape[3]
    wide = dense_strides((batches, height, block, width, block, channels))
    deep = dense_strides((batches, height, width, block, block, channels))
    n, y, i, x, j, c = range(6)
    at = {n: deep[0], y: deep[1], x: deep[2], i: deep[3], j: deep[4], c: deep[5]}
    extents = {n: batches, y: height, i: block, x: width, j: block, c: channels}
    order = (n, y, x, i, j, c) if to_depth else (n, y, i, x, j, c)
    loops = tuple(
        Loop(extents[axis], (wide[axis], at[axis]) if to_depth else (at[axis], wide[axis]))
        for axis in order
    )
    return (Move(source.index, target.index, loops),)


OPERATORS = (
    operator(
        "TRANSPOSE",
        (
            constraint_arity(2, 2),
            constraint_types(*TRANSPOSED),
            constraint_not_empty,
            constraint_constants(1),
            constraint_permutation,
            constraint_copied(),
        ),
        transpose_moves,
        int16=True,
    ),
    operator(
        "REVERSE_V2",
        (
            constraint_arity(2, 2),
            constraint_types(*REVERSED),
            constraint_not_empty,
            constraint_constants(1),
            constraint_reversed_axes,
            constraint_copied(),
        ),
        reverse_moves,
        int16=True,
    ),
    *(
        operator(
            kind,
            (
                constraint_arity(1, 1),
                constraint_types(*BLOCKS),
                constraint_not_empty,
                constraint_blocks,
                constraint_copied(),
            ),
            depth_moves,
        )
        for kind in ("SPACE_TO_DEPTH", "DEPTH_TO_SPACE")
    ),
)
