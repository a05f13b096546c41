"""SPLIT, SPLIT_V and UNPACK: one copy an output; views where the input is cut along its rows."""

from __future__ import annotations

from math import prod

from mcuforge.frontend.graph import DType, Graph, Op, PackAttributes
from mcuforge.planning.ops import Constraint
from mcuforge.planning.ops.common import constraint_arity, constraint_not_empty, describe
from mcuforge.planning.ops.loops import Loop
from mcuforge.planning.ops.moving import (
    Move,
    Moves,
    constraint_constants,
    constraint_copied,
    constraint_types,
    integers,
    operator,
)

TYPES = (DType.INT8, DType.INT16, DType.INT32, DType.FLOAT32)


def pack_attributes(op: Op) -> PackAttributes:
    """The attributes of PACK or UNPACK, which the reader has made of this type."""
    if not isinstance(op.attributes, PackAttributes):
        raise TypeError(f"{op.kind} carries {type(op.attributes).__name__}")
    return op.attributes


def constraint_axis(data: int, axis: int) -> Constraint:
    """The constraint on SPLIT and SPLIT_V, whose input `data` is cut along that of input `axis`."""

    def constraint_split_axis(graph: Graph, op: Op) -> str | None:
        """The axis is one number, and one of the input's dimensions."""
        numbers, rank = integers(graph.input(op, axis)), len(graph.input(op, data).shape)
        if len(numbers) != 1:
            return f"it is {describe(graph.input(op, axis))}"
        return None if -rank <= numbers[0] < rank else f"axis {numbers[0]} of {rank}"

    return constraint_split_axis


def constraint_parts(data: int, axis: int, *, equal: bool) -> Constraint:
    """The constraint on the outputs of SPLIT (`equal`) and SPLIT_V."""

    def constraint_split_parts(graph: Graph, op: Op) -> str | None:
        source, cut = graph.input(op, data), _axis(graph, op, data, axis)
        parts = [graph.tensor(i) for i in op.outputs]
        for part in parts:
            if len(part.shape) != len(source.shape) or any(
                p != s
                for i, (p, s) in enumerate(zip(part.shape, source.shape, strict=True))
                if i != cut
            ):
                return f"{describe(source)} becomes {describe(part)}"
        total = sum(part.shape[cut] for part in parts)
        if total != source.shape[cut]:
            return f"{source.shape[cut]} elements become {total}"
        if equal and len({part.shape for part in parts}) > 1:
            return "the outputs differ"
        return None

    alike = "have the same shape and " if equal else ""
    constraint_split_parts.__doc__ = (
        f"The outputs {alike}have the input's dimensions, but along the axis, where they add up."
    )
    return constraint_split_parts


def _axis(graph: Graph, op: Op, data: int, axis: int) -> int:
    """The axis, counted from the front."""
    return integers(graph.input(op, axis))[0] % len(graph.input(op, data).shape)


def cut(graph: Graph, op: Op, data: int, axis: int, widths: list[int]) -> tuple[Move, ...]:
    """A move an output: of each of the input's rows along `axis` the next `widths` elements."""
    source = graph.input(op, data)
    rows, row = prod(source.shape[:axis]), prod(source.shape[axis:])
    moves, begin = [], 0
    for index, width in zip(op.outputs, widths, strict=True):
        loops = (Loop(rows, (row, width)), Loop(width, (1, 1)))
        moves.append(Move(source.index, index, loops, begin))
        begin += width
    return tuple(moves)


def split_moves(data: int, axis: int) -> Moves:
    """The moves of SPLIT or SPLIT_V."""

    def moves(graph: Graph, op: Op) -> tuple[Move, ...]:
        at = _axis(graph, op, data, axis)
        return cut(graph, op, data, at, [prod(graph.tensor(i).shape[at:]) for i in op.outputs])

    return moves


def constraint_unpacked(graph: Graph, op: Op) -> str | None:
    """There is an output for each element along the axis, of the input's other dimensions."""
    source, a = graph.input(op, 0), pack_attributes(op)
    rank = len(source.shape)
    if not -rank <= a.axis < rank:
        return f"axis {a.axis} of {rank}"
    if not a.count == len(op.outputs) == source.shape[a.axis]:
        return f"{source.shape[a.axis]} elements become {len(op.outputs)} outputs of {a.count}"
    expected = source.shape[: a.axis % rank] + source.shape[a.axis % rank + 1 :]
    other = next((t for i in op.outputs if (t := graph.tensor(i)).shape != expected), None)
    return None if other is None else f"{describe(other)}, not {list(expected)}"


def unpack_moves(graph: Graph, op: Op) -> tuple[Move, ...]:
    """The moves of UNPACK."""
    shape = graph.input(op, 0).shape
    axis = pack_attributes(op).axis % len(shape)
    return cut(graph, op, 0, axis, [prod(shape[axis + 1 :])] * len(op.outputs))


OPERATORS = (
    operator(
        "SPLIT",
        (
            constraint_arity(2, 2, several_outputs=True),
            constraint_types(*TYPES, data=1),
            constraint_not_empty,
            constraint_constants(0),
            constraint_axis(1, 0),
            constraint_parts(1, 0, equal=True),
            constraint_copied(1),
        ),
        split_moves(1, 0),
        data=1,
        int16=True,
    ),
    operator(
        "SPLIT_V",
        # TFLM takes the sizes from the outputs' shapes, not from the second input.
        (
            constraint_arity(3, 3, several_outputs=True),
            constraint_types(*TYPES),
            constraint_not_empty,
            constraint_constants(2),
            constraint_axis(0, 2),
            constraint_parts(0, 2, equal=False),
            constraint_copied(),
        ),
        split_moves(0, 2),
        int16=True,
    ),
    operator(
        "UNPACK",
        (
            constraint_arity(1, 1, several_outputs=True),
            constraint_types(*TYPES),
            constraint_not_empty,
            constraint_unpacked,
            constraint_copied(),
        ),
        unpack_moves,
        int16=True,
    ),
)
