"""BROADCAST_TO, TILE, FILL and MIRROR_PAD: elements that are read more than once."""

from __future__ import annotations

from math import prod

from mcuforge.frontend.graph import DType, Graph, MirrorPadAttributes, Op
from mcuforge.planning.ops import Operator
from mcuforge.planning.ops.common import (
    STORED_DTYPES,
    constraint_arity,
    constraint_not_empty,
    describe,
)
from mcuforge.planning.ops.loops import Loop, dense_strides
from mcuforge.planning.ops.moving import (
    ONE,
    SINCE,
    Move,
    constraint_constants,
    constraint_copied,
    constraint_types,
    fits,
    gathered,
    integers,
    operator,
)

INDICES = (DType.INT32, DType.INT64)
FILLED = (DType.INT8, DType.INT32, DType.FLOAT32)
MIRRORED = (DType.INT8, DType.FLOAT32)
MAX_BROADCAST_RANK = 5


def constraint_broadcast(graph: Graph, op: Op) -> str | None:
    """The rank is at most 5, the second input is the output's shape, and the input's dimensions are
    its last ones, or 1."""
    source, target = graph.input(op, 0), graph.output(op)
    if len(target.shape) > MAX_BROADCAST_RANK or len(source.shape) > len(target.shape):
        return f"{describe(source)} becomes {describe(target)}"
    if tuple(integers(graph.input(op, 1))) != target.shape:
        return f"{integers(graph.input(op, 1))} for {describe(target)}"
    last = target.shape[len(target.shape) - len(source.shape) :]
    if any(s not in (1, t) for s, t in zip(source.shape, last, strict=True)):
        return f"{describe(source)} becomes {describe(target)}"
    return None


def broadcast_moves(graph: Graph, op: Op) -> tuple[Move, ...]:
    """The moves of BROADCAST_TO."""
    source, target = graph.input(op, 0), graph.output(op)
    new = len(target.shape) - len(source.shape)
    dense = zip(source.shape, dense_strides(source.shape), strict=True)
    strides = [0] * new + [0 if extent == 1 else stride for extent, stride in dense]
    return (gathered(source, target, strides),)


def constraint_multiples(graph: Graph, op: Op) -> str | None:
    """There is a positive multiple for each dimension, and they account for the output's shape."""
    source, target = graph.input(op, 0), graph.output(op)
    multiples = integers(graph.input(op, 1))
    if len(multiples) != len(source.shape) or min(multiples, default=1) < 1:
        return f"multiples {multiples} for {describe(source)}"
    expected = tuple(m * s for m, s in zip(multiples, source.shape, strict=True))
    if target.shape != expected:
        return f"{describe(target)}, not {list(expected)}"
    return None if fits(tile_moves(graph, op)) else f"multiples {multiples} take too many loops"


def tile_moves(graph: Graph, op: Op) -> tuple[Move, ...]:
    """The moves of TILE: an axis is two loops, over its copies and within them."""
    source, target = graph.input(op, 0), graph.output(op)
    loops: list[Loop] = []
    for multiple, extent, read, write in zip(
        integers(graph.input(op, 1)),
        source.shape,
        dense_strides(source.shape),
        dense_strides(target.shape),
        strict=True,
    ):
        loops += [Loop(multiple, (0, extent * write)), Loop(extent, (read, write))]
    return (Move(source.index, target.index, tuple(loops) or ONE),)


def constraint_filled(graph: Graph, op: Op) -> str | None:
    """The first input is the output's shape, the second a scalar."""
    dims, value, target = graph.input(op, 0), graph.input(op, 1), graph.output(op)
    if len(dims.shape) != 1 or tuple(integers(dims)) != target.shape:
        return f"{integers(dims)} for {describe(target)}"
    return None if not value.shape else f"the value is {describe(value)}"


def fill_moves(graph: Graph, op: Op) -> tuple[Move, ...]:
    """The moves of FILL."""
    target = graph.output(op)
    return (gathered(graph.input(op, 1), target, [0] * len(target.shape)),)


def _offset(op: Op) -> int:
    """Elements at an edge that are not repeated: 1 of REFLECT, 0 of SYMMETRIC."""
    if not isinstance(op.attributes, MirrorPadAttributes):
        raise TypeError(f"{op.kind} carries {type(op.attributes).__name__}")
    return int(op.attributes.reflect)


def constraint_mirrored(graph: Graph, op: Op) -> str | None:
    """There are two paddings for each dimension, of which the input has enough elements, and which
    account for the output's shape."""
    source, target, paddings = graph.input(op, 0), graph.output(op), graph.input(op, 1)
    if not source.shape or paddings.shape != (len(source.shape), 2):
        return f"the paddings are {describe(paddings)} for {describe(source)}"
    pairs = _pairs(graph, op)
    expected = []
    for extent, (before, after) in zip(source.shape, pairs, strict=True):
        if not (min(before, after) >= 0 and max(before, after) <= extent - _offset(op)):
            return f"paddings {before} and {after} of {extent}"
        expected.append(before + extent + after)
    return None if list(target.shape) == expected else f"{describe(target)}, not {expected}"


def _pairs(graph: Graph, op: Op) -> list[tuple[int, int]]:
    paddings = integers(graph.input(op, 1))
    return list(zip(paddings[::2], paddings[1::2], strict=True))


def mirrored_axes(graph: Graph, op: Op) -> list[list[int]]:
    """Which element of the input each element of the output is, along each axis."""
    found = []
    for extent, (before, after) in zip(graph.input(op, 0).shape, _pairs(graph, op), strict=True):
        numbers, edge = list(range(extent)), _offset(op)
        first = numbers[edge : edge + before][::-1]
        last = numbers[extent - edge - after : extent - edge][::-1]
        found.append([*first, *numbers, *last])
    return found


def mirror_moves(graph: Graph, op: Op) -> tuple[Move, ...]:
    """The input to the middle of the output, and then, from the last axis to the first, what lies
    beside it, mirrored from the output itself."""
    source, target = graph.input(op, 0), graph.output(op)
    strides, pairs = dense_strides(target.shape), _pairs(graph, op)
    begins = [before * stride for (before, _), stride in zip(pairs, strides, strict=True)]
    middle = zip(source.shape, dense_strides(source.shape), strides, strict=True)
    nest = tuple(Loop(extent, (read, write)) for extent, read, write in middle)
    made = [Move(source.index, target.index, nest, 0, sum(begins))]
    for axis in reversed(range(len(source.shape))):
        stride, extent = strides[axis], source.shape[axis]
        ready = prod(target.shape[axis + 1 :])
        around = tuple(
            Loop(e, (s, s)) for e, s in zip(source.shape[:axis], strides[:axis], strict=True)
        )
        first = sum(begins[: axis + 1])
        last = first + (extent - 1) * stride
        for count, read, write in (
            (pairs[axis][0], first + _offset(op) * stride, first - stride),
            (pairs[axis][1], last - _offset(op) * stride, last + stride),
        ):
            back = -1 if write < first else 1
            mirrored = Loop(count, (-back * stride, back * stride))
            loops = (*around, mirrored, Loop(ready, (1, 1)))
            if count:
                made.append(Move(target.index, target.index, loops, read, write, ascending=False))
    return tuple(made)


def constraint_folded(graph: Graph, op: Op) -> str | None:
    """The output is a constant, which the reader makes: TFLM writes bytes of 0, which mean zero
    where the zero point is 0."""
    output = graph.output(op)
    zero_point = output.quantization.zero_point if output.quantization else 0
    return f"the zero point is {zero_point} and the output {describe(output)}"


OPERATORS = (
    Operator(
        kinds=("ZEROS_LIKE",),
        constraints=(constraint_arity(1, 1), constraint_not_empty, constraint_folded),
        lower=lambda _graph, _op: (),
        kernels=(),
        since=SINCE,
        since_16x8=SINCE,
    ),
    operator(
        "BROADCAST_TO",
        (
            constraint_arity(2, 2),
            constraint_types(*STORED_DTYPES),
            constraint_not_empty,
            constraint_constants(1, dtypes=INDICES),
            constraint_broadcast,
            constraint_copied(),
        ),
        broadcast_moves,
        int16=True,
    ),
    operator(
        "TILE",
        (
            constraint_arity(2, 2),
            constraint_types(*STORED_DTYPES),
            constraint_not_empty,
            constraint_constants(1, dtypes=INDICES),
            constraint_multiples,
            constraint_copied(),
        ),
        tile_moves,
        int16=True,
    ),
    operator(
        "FILL",
        (
            constraint_arity(2, 2),
            constraint_types(*FILLED, data=1),
            constraint_not_empty,
            constraint_constants(0, dtypes=INDICES),
            constraint_filled,
            constraint_copied(1),
        ),
        fill_moves,
        data=1,
    ),
    operator(
        "MIRROR_PAD",
        (
            constraint_arity(2, 2),
            constraint_types(*MIRRORED),
            constraint_not_empty,
            constraint_constants(1, dtypes=INDICES),
            constraint_mirrored,
            constraint_copied(),
        ),
        mirror_moves,
    ),
)
