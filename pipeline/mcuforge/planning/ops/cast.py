"""CAST: stored values as another type, whatever their quantisation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mcuforge.frontend.graph import DType, Graph, Op
from mcuforge.planning.ops import Operator, overlap
from mcuforge.planning.ops.common import constraint_arity, constraint_not_empty, describe
from mcuforge.planning.ops.unary.lookup import constraint_same_elements
from mcuforge.planning.plan import I32, KernelCall, KernelParams

# The enumeration NN_CAST_... of nn.h.
TYPES = {DType.INT8: 0, DType.INT16: 1, DType.INT32: 2, DType.FLOAT32: 3, DType.BOOL: 4}


@dataclass(frozen=True, eq=False)
class CastParams(KernelParams):
    """Mirror of nn_cast_params."""

    c_type: ClassVar[str] = "nn_cast_params"
    elements: I32
    source: I32
    target: I32


def constraint_cast_types(graph: Graph, op: Op) -> str | None:
    """It maps int8, int16, int32, float32 or bool to one of these but bool."""
    source, target = graph.input(op, 0), graph.output(op)
    if source.dtype in TYPES and target.dtype in TYPES and target.dtype is not DType.BOOL:
        return None
    return f"{describe(source)} becomes {describe(target)}"


def is_view(graph: Graph, op: Op) -> bool:
    """True where the types are the same."""
    return graph.input(op, 0).dtype is graph.output(op).dtype


def lower(graph: Graph, op: Op) -> tuple[KernelCall, ...]:
    """The call of CAST."""
    source, target = graph.input(op, 0), graph.output(op)
    distance = overlap.elementwise(target.elements, source.dtype.bytes, target.dtype.bytes)
    return (
        KernelCall(
            kernel="cast",
            params=CastParams(target.elements, TYPES[source.dtype], TYPES[target.dtype]),
            inputs=op.inputs,
            output=op.outputs[0],
            reason="stored values are converted, not what they stand for",
            overlaps={0: distance},
        ),
    )


OPERATORS = (
    Operator(
        kinds=("CAST",),
        constraints=(
            constraint_arity(1, 1),
            constraint_cast_types,
            constraint_not_empty,
            constraint_same_elements,
        ),
        lower=lower,
        kernels=("cast",),
        view=is_view,
        since="0.2.0",
    ),
)
