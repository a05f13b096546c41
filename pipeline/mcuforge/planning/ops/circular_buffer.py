"""CIRCULAR_BUFFER, a custom op of TFLM: the last rows of a stream, the newest at the end.

Source: TFLM's circular_buffer.cc and circular_buffer_common.cc. The output is a variable; an
inference ends at the op until `cycles_max` rows have come since it last went on. Ours have no such
end, so that only buffers are computed that go on every time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mcuforge.frontend.graph import CircularBufferAttributes, Graph, Op
from mcuforge.planning.ops import Operator
from mcuforge.planning.ops.common import (
    constraint_arity,
    constraint_int8_activations,
    constraint_not_empty,
    describe,
)
from mcuforge.planning.ops.meaning import constraint_copies
from mcuforge.planning.plan import I32, KernelCall, KernelParams

_ONCE_EACH = (5, 13, 25)  # rows of the buffers of which TFLM guesses that they always go on


@dataclass(frozen=True, eq=False)
class ShiftInParams(KernelParams):
    """Mirror of nn_shift_in_params."""

    c_type: ClassVar[str] = "nn_shift_in_params"
    kept: I32
    added: I32


def constraint_variable(graph: Graph, op: Op) -> str | None:
    """The output is a variable, which keeps the rows from one inference to the next."""
    output = graph.output(op)
    return None if output.is_variable else f"'{output.name}' is none"


def constraint_rows(graph: Graph, op: Op) -> str | None:
    """The input is int8[1, 1, h, c], the output int8[1, rows, h, c]."""
    source, output = graph.input(op, 0), graph.output(op)
    one_row = len(source.shape) == 4 and source.shape[:2] == (1, 1)
    if one_row and len(output.shape) == 4 and output.shape[0] == 1:
        return None if source.shape[2:] == output.shape[2:] else _becomes(graph, op)
    return _becomes(graph, op)


def _becomes(graph: Graph, op: Op) -> str:
    return f"{describe(graph.input(op, 0))} becomes {describe(graph.output(op))}"


def constraint_every_time(graph: Graph, op: Op) -> str | None:
    """cycles_max is 1, or left out in a buffer of 5, 13 or 25 rows, where TFLM takes it for 1. With
    another, TFLM ends most inferences at this op, and leaves the model's outputs unwritten; a
    resource variable keeps rows without that."""
    attributes = op.attributes
    if not isinstance(attributes, CircularBufferAttributes) or attributes.cycles_max is None:
        return "its options are not one number, cycles_max"
    cycles, rows = attributes.cycles_max, graph.output(op).shape[1]
    if cycles == 1 or (cycles <= 0 and rows in _ONCE_EACH):
        return None
    return f"cycles_max is {cycles}" if cycles else f"cycles_max is left out, with {rows} rows"


def lower(graph: Graph, op: Op) -> tuple[KernelCall, ...]:
    """One call: the oldest row falls out, the new one comes in."""
    added = graph.input(op, 0).bytes
    return (
        KernelCall(
            kernel="shift_in",
            params=ShiftInParams(kept=graph.output(op).bytes - added, added=added),
            inputs=(op.inputs[0],),
            output=op.outputs[0],
            reason="the rows move up by one in the variable itself",
        ),
    )


OPERATORS = (
    Operator(
        kinds=("CUSTOM CIRCULAR_BUFFER",),
        constraints=(
            constraint_arity(1, 1),
            constraint_int8_activations,
            constraint_not_empty,
            constraint_variable,
            constraint_rows,
            constraint_every_time,
            constraint_copies,
        ),
        lower=lower,
        kernels=("shift_in",),
        since="0.2.0",
    ),
)
