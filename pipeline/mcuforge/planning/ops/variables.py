"""READ_VARIABLE and ASSIGN_VARIABLE: copies from and to what a model keeps.

The passes have put variable tensors in place of handles: one is the input of the former and the
output of the latter. The planner leaves out the copy of a read where nothing writes meanwhile.
"""

from __future__ import annotations

from dataclasses import replace

from mcuforge.frontend.graph import Graph, Op
from mcuforge.planning.ops import Operator, moving
from mcuforge.planning.ops.common import constraint_arity, constraint_not_empty, describe
from mcuforge.planning.ops.loops import Loop
from mcuforge.planning.ops.meaning import constraint_copies
from mcuforge.planning.plan import KernelCall


def constraint_same_bytes(graph: Graph, op: Op) -> str | None:
    """The variable and the value have the same type and number of elements."""
    given, computed = graph.input(op, 0), graph.output(op)
    if (given.dtype, given.elements) == (computed.dtype, computed.elements):
        return None if given.dtype.bytes else f"they are {describe(given)}"
    return f"{describe(given)} becomes {describe(computed)}"


def lower(graph: Graph, op: Op) -> tuple[KernelCall, ...]:
    """One copy: to a variable, or from one that is written before the last use of its value."""
    run = (Loop(graph.output(op).elements, (1, 1)),)
    copy = moving.call(graph, moving.Move(op.inputs[0], op.outputs[0], run))
    reason = (
        "the value is kept for the next inference"
        if op.kind == "ASSIGN_VARIABLE"
        else "a variable's value is read after the variable was written"
    )
    # Variables lie outside the arena, where nothing overlaps.
    return (replace(copy, reason=reason, overlaps={}),)


OPERATORS = (
    Operator(
        kinds=("READ_VARIABLE", "ASSIGN_VARIABLE"),
        constraints=(
            constraint_arity(1, 1),
            constraint_not_empty,
            constraint_same_bytes,
            constraint_copies,
        ),
        lower=lower,
        kernels=moving.KERNELS,
        since="0.2.0",
    ),
)
