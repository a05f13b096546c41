"""What all unary int8 operators share: a table of 256 results, and the op that looks them up."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from mcuforge.frontend.graph import DType, Graph, Op, Quantization
from mcuforge.planning.numerics import all_int8, quantize_multiplier
from mcuforge.planning.ops import Constraint, Operator, meaning
from mcuforge.planning.ops.common import (
    constraint_arity,
    constraint_int8_activations,
    constraint_not_empty,
    quantization,
)
from mcuforge.planning.plan import I32, ArrayI8, KernelCall, KernelParams

Table = npt.NDArray[np.int8]
MakeTable = Callable[[Quantization, Quantization, Op], Table]
RealFunction = Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]]

MAX_TABLE_SHIFT = 23  # 255 * 2^23 < 2^31


@dataclass(frozen=True, eq=False)
class LookupS8Params(KernelParams):
    """Mirror of nn_lookup_s8_params."""

    c_type: ClassVar[str] = "nn_lookup_s8_params"
    elements: I32
    table: ArrayI8


def ends(graph: Graph, op: Op) -> tuple[Quantization, Quantization]:
    """The quantisation of the op's input and output."""
    return quantization(graph.input(op, 0)), quantization(graph.output(op))


def fits_table(ratio: float) -> bool:
    """True where rescaling a difference of int8 values by `ratio` stays inside int32."""
    return math.isfinite(ratio) and quantize_multiplier(ratio)[1] <= MAX_TABLE_SHIFT


def constraint_same_elements(graph: Graph, op: Op) -> str | None:
    """Input and output have the same number of elements."""
    given, computed = graph.input(op, 0).elements, graph.output(op).elements
    return None if given == computed else f"{given} elements go in and {computed} come out"


def constraint_rescaling(graph: Graph, op: Op) -> str | None:
    """The input's scale is below 2^23 times the output's."""
    source, target = ends(graph, op)
    if not fits_table(source.scale / target.scale):
        return f"the scales are {source.scale} and {target.scale}"
    return None


def constraint_output(scale: float, zero_point: int) -> Constraint:
    """The constraint that the output has the one quantisation that the op's range calls for."""

    def constraint(graph: Graph, op: Op) -> str | None:
        q = quantization(graph.output(op))
        if (q.scale, q.zero_point) == (scale, zero_point):
            return None
        return f"they are {q.scale} and {q.zero_point}"

    constraint.__doc__ = (
        f"The output's scale is 1/{round(1 / scale)} and its zero point {zero_point}."
    )
    return constraint


def constraint_approximates(table: MakeTable, function: RealFunction, advice: str) -> Constraint:
    """The constraint that TFLM's fixed-point steps give what the function is."""

    def constraint_fixed_point_suffices(graph: Graph, op: Op) -> str | None:
        source, target = ends(graph, op)
        real = source.scale * (all_int8() - source.zero_point).astype(np.float64)
        meant = function(real) / target.scale + target.zero_point
        computed = table(source, target, op).astype(np.int64)
        apart = meaning.steps_apart(computed, meant, DType.INT8)
        if apart <= meaning.MAX_FUNCTION_STEPS:
            return None
        return (
            f"the scale is {source.scale:g}, and a result would be {apart:.0f} steps of "
            f"{target.scale:g} off"
        )

    constraint_fixed_point_suffices.__doc__ = (
        f"TFLM's fixed-point steps are within 3 steps of the function for every input; {advice}"
    )
    return constraint_fixed_point_suffices


def lookup(graph: Graph, op: Op, table: Table, source: int = 0) -> tuple[KernelCall, ...]:
    """The call that applies `table` to the op's input."""
    return (
        KernelCall(
            kernel="lookup_s8",
            params=LookupS8Params(elements=graph.output(op).elements, table=table),
            inputs=(op.inputs[source],),
            output=op.outputs[0],
            reason=f"{op.kind} of int8 has 256 results: a table is exact and fastest",
            overlaps={0: 0},
        ),
    )


def unary_operator(
    kind: str, table: MakeTable, *constraints: Constraint, since: str = "0.2.0"
) -> Operator:
    """The operator whose int8 form is `table`, where its `constraints` hold."""

    def lower(graph: Graph, op: Op) -> tuple[KernelCall, ...]:
        source, target = ends(graph, op)
        return lookup(graph, op, table(source, target, op))

    return Operator(
        kinds=(kind,),
        constraints=(
            constraint_arity(1, 1),
            constraint_int8_activations,
            constraint_not_empty,
            constraint_same_elements,
            *constraints,
        ),
        lower=lower,
        kernels=("lookup_s8",),
        since=since,
    )
