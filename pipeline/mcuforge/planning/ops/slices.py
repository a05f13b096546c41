"""SLICE and STRIDED_SLICE: what a few numbers cut out of a tensor, copied row by row."""

from __future__ import annotations

from mcuforge.frontend.graph import DType, Graph, Op, StridedSliceAttributes
from mcuforge.planning.ops.common import constraint_arity, constraint_not_empty, describe
from mcuforge.planning.ops.loops import dense_strides
from mcuforge.planning.ops.moving import (
    Move,
    constraint_constants,
    constraint_copied,
    constraint_types,
    gathered,
    integers,
    operator,
)

TYPES = (DType.INT8, DType.INT16, DType.INT32, DType.FLOAT32, DType.BOOL)
MAX_STRIDED_RANK = 4
MAX_RANK = 5


def attributes(op: Op) -> StridedSliceAttributes:
    """The op's attributes, which the reader has made of this type."""
    if not isinstance(op.attributes, StridedSliceAttributes):
        raise TypeError(f"{op.kind} carries {type(op.attributes).__name__}")
    return op.attributes


def constraint_masks(_graph: Graph, op: Op) -> str | None:
    """No axis is new, none is left out by an ellipsis, and ends do not count from begins: TFLM
    ignores all three."""
    a = attributes(op)
    found = {
        f"the ellipsis mask is {a.ellipsis_mask}": a.ellipsis_mask,
        f"the mask of new axes is {a.new_axis_mask}": a.new_axis_mask,
        "ends count from begins": a.offset,
    }
    return next((text for text, is_set in found.items() if is_set), None)


def constraint_strided_ranks(graph: Graph, op: Op) -> str | None:
    """The rank is 1 to 4; begin, end and strides have a number for each axis, no stride is 0."""
    rank = len(graph.input(op, 0).shape)
    if not 1 <= rank <= MAX_STRIDED_RANK:
        return f"the rank is {rank}"
    for position in (1, 2, 3):
        if graph.input(op, position).shape != (rank,):
            return f"input {position} is {describe(graph.input(op, position))} for a rank of {rank}"
    return "a stride is 0" if 0 in integers(graph.input(op, 3)) else None


def constraint_strided_shape(graph: Graph, op: Op) -> str | None:
    """What is cut out lies in the input and has the output's shape; an axis that is shrunk has a
    positive stride."""
    a, found, expected = attributes(op), graph.output(op), []
    for axis, taken in enumerate(_taken(graph, op)):
        if not len(taken):
            return f"nothing is taken along axis {axis}"
        if not a.shrink_axis_mask >> axis & 1:
            expected.append(len(taken))
    return None if list(found.shape) == expected else f"{describe(found)}, not {expected}"


def _taken(graph: Graph, op: Op) -> list[range]:
    """The indices that are taken along each axis, in order. Source: TFLM's strided_slice_logic."""
    begins, ends, strides = (integers(graph.input(op, i)) for i in (1, 2, 3))
    a = attributes(op)
    taken = []
    for axis, extent in enumerate(graph.input(op, 0).shape):
        stride = strides[axis]
        low, high = (0, extent) if stride > 0 else (-1, extent - 1)
        begin = _clamped(begins[axis], extent, low, high)
        end = _clamped(ends[axis], extent, low, high)
        if a.begin_mask >> axis & 1:
            begin = 0 if stride > 0 else extent - 1
        if a.end_mask >> axis & 1:
            end = extent if stride > 0 else -1
        if a.shrink_axis_mask >> axis & 1:
            end = begin + (begin < extent)
        taken.append(range(begin, end, stride))
    return taken


def _clamped(index: int, extent: int, low: int, high: int) -> int:
    """An index that may count from the end, within an axis or just beside it."""
    return min(max(index + extent if index < 0 else index, low), high)


def strided_moves(graph: Graph, op: Op) -> tuple[Move, ...]:
    """What STRIDED_SLICE copies."""
    source, taken = graph.input(op, 0), _taken(graph, op)
    shrunk = attributes(op).shrink_axis_mask
    dense = dense_strides(source.shape)
    strides = [
        part.step * stride
        for axis, (part, stride) in enumerate(zip(taken, dense, strict=True))
        if not shrunk >> axis & 1
    ]
    read = sum(part.start * stride for part, stride in zip(taken, dense, strict=True))
    return (gathered(source, graph.output(op), strides, read),)


def constraint_slice(graph: Graph, op: Op) -> str | None:
    """The rank is 1 to 5, begin and size have a number for each axis, and what they cut out lies in
    the input and has the output's shape."""
    shape, found = graph.input(op, 0).shape, graph.output(op)
    begin, size = graph.input(op, 1), graph.input(op, 2)
    if not 1 <= len(shape) <= MAX_RANK:
        return f"the rank is {len(shape)}"
    if not begin.shape == size.shape == (len(shape),) or begin.dtype is not size.dtype:
        return f"they are {describe(begin)} and {describe(size)} for a rank of {len(shape)}"
    expected = []
    for extent, first, count in zip(shape, integers(begin), integers(size), strict=True):
        taken = extent - first if count == -1 else count
        if first < 0 or taken < 0 or first + taken > extent:
            return f"{count} from {first} on of {extent}"
        expected.append(taken)
    return None if list(found.shape) == expected else f"{describe(found)}, not {expected}"


def slice_moves(graph: Graph, op: Op) -> tuple[Move, ...]:
    """What SLICE copies."""
    source, strides = graph.input(op, 0), dense_strides(graph.input(op, 0).shape)
    begins = integers(graph.input(op, 1))
    read = sum(begin * stride for begin, stride in zip(begins, strides, strict=True))
    return (gathered(source, graph.output(op), strides, read),)


OPERATORS = (
    operator(
        "STRIDED_SLICE",
        (
            constraint_arity(4, 4),
            constraint_types(*TYPES),
            constraint_not_empty,
            constraint_constants(1, 2, 3),
            constraint_masks,
            constraint_strided_ranks,
            constraint_strided_shape,
            constraint_copied(),
        ),
        strided_moves,
        int16=True,
    ),
    operator(
        "SLICE",
        (
            constraint_arity(3, 3),
            constraint_types(*TYPES),
            constraint_not_empty,
            constraint_constants(1, 2, dtypes=(DType.INT32, DType.INT64)),
            constraint_slice,
            constraint_copied(),
        ),
        slice_moves,
        int16=True,
    ),
)
