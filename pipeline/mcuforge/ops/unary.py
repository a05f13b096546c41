"""Unary int8 operators, all computed by one table look-up.

An int8 input has 256 values, so the planner evaluates the op on each of them, with TFLM's own
fixed-point steps, and the device only looks results up.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from mcuforge.graph import Graph, Op, Quantization
from mcuforge.numerics import (
    all_int8,
    clamp_int8,
    quantize_multiplier,
    requantize,
)
from mcuforge.ops import Operator
from mcuforge.ops.common import (
    constraint_int8_activations,
    constraint_not_empty,
    quantization,
)
from mcuforge.plan import I32, ArrayI8, KernelCall, KernelParams

Table = npt.NDArray[np.int8]


@dataclass(frozen=True, eq=False)
class LookupS8Params(KernelParams):
    """Mirror of nn_lookup_s8_params."""

    c_type: ClassVar[str] = "nn_lookup_s8_params"
    elements: I32
    table: ArrayI8


def constraint_same_elements(graph: Graph, op: Op) -> str | None:
    """Input and output have the same number of elements."""
    given, computed = graph.input(op, 0).elements, graph.output(op).elements
    return None if given == computed else f"{given} elements go in and {computed} come out"


def relu_table(source: Quantization, target: Quantization) -> Table:
    """RELU with requantisation. Source: TFLM's ReluQuantized."""
    ratio = np.float32(source.scale) / np.float32(target.scale)
    multiplier, shift = quantize_multiplier(float(ratio))
    x = requantize(all_int8() - source.zero_point, multiplier, shift)
    return clamp_int8(target.zero_point + x, low=target.zero_point)


def lookup(graph: Graph, op: Op, table: Table) -> tuple[KernelCall, ...]:
    """The call that applies `table` to the op's input."""
    return (
        KernelCall(
            kernel="lookup_s8",
            params=LookupS8Params(elements=graph.output(op).elements, table=table),
            inputs=(op.inputs[0],),
            output=op.outputs[0],
            reason=f"{op.kind} of int8 has 256 results: a table is exact and fastest",
            in_place=(0,),
        ),
    )


def _operator(kind: str, table: Callable[[Quantization, Quantization], Table]) -> Operator:
    def lower(graph: Graph, op: Op) -> tuple[KernelCall, ...]:
        source = quantization(graph.input(op, 0))
        return lookup(graph, op, table(source, quantization(graph.output(op))))

    return Operator(
        kinds=(kind,),
        constraints=(constraint_int8_activations, constraint_not_empty, constraint_same_elements),
        lower=lower,
        kernels=("lookup_s8",),
    )


OPERATORS = (_operator("RELU", relu_table),)
