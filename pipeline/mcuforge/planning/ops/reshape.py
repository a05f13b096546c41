"""RESHAPE, SQUEEZE and EXPAND_DIMS: the bytes stay, only the shape changes.

They are views, but of the state of another op, which changes under them: that is copied.
"""

from __future__ import annotations

from mcuforge.frontend.graph import DType, Graph, Op
from mcuforge.planning.ops import Operator, variables
from mcuforge.planning.ops.common import (
    STORED_DTYPES,
    constraint_arity,
    constraint_not_empty,
    describe,
)
from mcuforge.planning.ops.meaning import constraint_copies

EXPANDED = (DType.INT8, DType.INT16, DType.FLOAT32)


def constraint_same_bytes(graph: Graph, op: Op) -> str | None:
    """Input and output have the same type and number of elements."""
    given, computed = graph.input(op, 0), graph.output(op)
    if given.dtype is not computed.dtype or given.dtype not in STORED_DTYPES:
        return f"{describe(given)} becomes {describe(computed)}"
    if given.elements != computed.elements:
        return f"{describe(given)} becomes {describe(computed)}"
    return None


def constraint_expanded_types(graph: Graph, op: Op) -> str | None:
    """The input is int8, int16 or float32."""
    source = graph.input(op, 0)
    return None if source.dtype in EXPANDED else f"it is {describe(source)}"


def constraint_only_ones_change(graph: Graph, op: Op) -> str | None:
    """Input and output differ only in dimensions of extent 1."""
    given, computed = graph.input(op, 0), graph.output(op)
    if [d for d in given.shape if d != 1] != [d for d in computed.shape if d != 1]:
        return f"{describe(given)} becomes {describe(computed)}"
    return None


def _is_view(_graph: Graph, _op: Op) -> bool:
    return True


OPERATORS = (
    Operator(
        kinds=("RESHAPE",),
        # The second input repeats the output's shape; TFLM does not read it either.
        constraints=(
            constraint_arity(1, 2),
            constraint_not_empty,
            constraint_same_bytes,
            constraint_copies,
        ),
        lower=variables.lower,
        kernels=(),
        view=_is_view,
        since_16x8="0.2.0",
    ),
    Operator(
        kinds=("SQUEEZE",),
        constraints=(
            constraint_arity(1, 1),
            constraint_not_empty,
            constraint_same_bytes,
            constraint_only_ones_change,
            constraint_copies,
        ),
        lower=variables.lower,
        kernels=(),
        view=_is_view,
        since_16x8="0.2.0",
    ),
    Operator(
        kinds=("EXPAND_DIMS",),
        constraints=(
            constraint_arity(2, 2),
            constraint_not_empty,
            constraint_expanded_types,
            constraint_same_bytes,
            constraint_only_ones_change,
            constraint_copies,
        ),
        lower=variables.lower,
        kernels=(),
        view=_is_view,
        since_16x8="0.2.0",
    ),
)
