"""LOGICAL_AND, LOGICAL_OR and LOGICAL_NOT: operators of bool, each a truth table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from mcuforge.frontend.graph import DType, Graph, Op
from mcuforge.planning.ops import Operator
from mcuforge.planning.ops.binary import Broadcast, broadcast_of
from mcuforge.planning.ops.common import constraint_arity, constraint_not_empty, describe
from mcuforge.planning.ops.elementwise import constraint_broadcast
from mcuforge.planning.plan import I32, KernelCall, KernelParams

# Bit 2 * a + b is the result for a and b.
ALIKE, DIFFERENT = 0b1001, 0b0110
TRUTHS = {"LOGICAL_AND": 0b1000, "LOGICAL_OR": 0b1110, "LOGICAL_NOT": 0b0001}


@dataclass(frozen=True, eq=False)
class LogicalParams(KernelParams):
    """Mirror of nn_logical_params."""

    c_type: ClassVar[str] = "nn_logical_params"
    loops: Broadcast
    truth: I32


def constraint_bool(graph: Graph, op: Op) -> str | None:
    """Inputs and output are bool."""
    for tensor in map(graph.tensor, (*op.inputs, *op.outputs)):
        if tensor.dtype is not DType.BOOL:
            return f"tensor '{tensor.name}' is {describe(tensor)}"
    return None


def call(graph: Graph, op: Op, inputs: Sequence[int], truth: int) -> tuple[KernelCall, ...]:
    """The call that combines two inputs: in place over one that is not broadcast."""
    output = graph.output(op)
    first, second = map(graph.tensor, inputs)
    whole = [i for i, t in enumerate((first, second)) if t.elements == output.elements]
    return (
        KernelCall(
            kernel="logical",
            params=LogicalParams(broadcast_of((first, second), output), truth),
            inputs=(inputs[0], inputs[1]),
            output=op.outputs[0],
            reason="a truth table of four bits",
            overlaps=dict.fromkeys(whole, 0),
        ),
    )


def lower(graph: Graph, op: Op) -> tuple[KernelCall, ...]:
    """The call of LOGICAL_AND, LOGICAL_OR or LOGICAL_NOT, which gets its input twice."""
    return call(graph, op, (op.inputs * 2)[:2], TRUTHS[op.kind])


def _operator(kind: str, inputs: int) -> Operator:
    return Operator(
        kinds=(kind,),
        constraints=(
            constraint_arity(inputs, inputs),
            constraint_bool,
            constraint_not_empty,
            constraint_broadcast,
        ),
        lower=lower,
        kernels=("logical",),
        since="0.2.0",
    )


OPERATORS = (
    _operator("LOGICAL_AND", 2),
    _operator("LOGICAL_OR", 2),
    _operator("LOGICAL_NOT", 1),
)
