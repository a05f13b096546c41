"""SQUARED_DIFFERENCE of two int8 or int16 tensors, with broadcasting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from mcuforge.frontend.graph import DType, Graph, Op
from mcuforge.planning.numerics import Int64Array, clamp_int8, quantize_multiplier, requantize
from mcuforge.planning.ops import Operator, binary
from mcuforge.planning.ops.binary import Broadcast
from mcuforge.planning.ops.common import (
    constraint_arity,
    constraint_not_empty,
    constraint_symmetric,
    suffix,
)
from mcuforge.planning.ops.elementwise import constraint_broadcast, constraint_operands
from mcuforge.planning.plan import I32, KernelCall, KernelParams

LEFT_SHIFT = {DType.INT8: 7, DType.INT16: 0}
MAX_OUTPUT_SHIFT = {DType.INT8: 1, DType.INT16: 0}  # (255 * 2^7)^2 * 2 < 2^31; 2^15 * 2^15 < 2^31


@dataclass(frozen=True, eq=False)
class SquaredDifferenceS8Params(KernelParams):
    """Mirror of nn_squared_difference_s8_params."""

    c_type: ClassVar[str] = "nn_squared_difference_s8_params"
    loops: Broadcast
    offset1: I32
    multiplier1: I32
    shift1: I32
    offset2: I32
    multiplier2: I32
    shift2: I32
    output_multiplier: I32
    output_shift: I32
    output_offset: I32


@dataclass(frozen=True)
class Scaling:
    """Multiplier and shift of both inputs and of the square of their difference."""

    input1: tuple[int, int]
    input2: tuple[int, int]
    output: tuple[int, int]


def scaling(graph: Graph, op: Op) -> Scaling:
    """As TFLM's Prepare computes it: in double precision, but for the output's scaled scale."""
    a, b, output = binary.quantizations(graph, op)
    twice = 2 * max(a.scale, b.scale)
    with np.errstate(over="ignore"):
        left = 2 * LEFT_SHIFT[graph.output(op).dtype]
        scaled = float(np.float32(1 << left) * np.float32(output.scale))
    reals = (a.scale / twice, b.scale / twice, twice * twice / scaled)
    return Scaling(*(quantize_multiplier(real) for real in reals))


def constraint_scales(graph: Graph, op: Op) -> str | None:
    """The square of the larger input scale is below 2^13 times the output scale, with int16 a
    quarter of it."""
    shift = scaling(graph, op).output[1]
    most = MAX_OUTPUT_SHIFT[graph.output(op).dtype]
    return None if shift <= most else binary.scales_of(graph, op)


def values(graph: Graph, op: Op, a: Int64Array, b: Int64Array) -> npt.NDArray[np.int8]:
    """SQUARED_DIFFERENCE of stored int8 values. Source: TFLM's SquaredDifference."""
    first, second, target = binary.quantizations(graph, op)
    found = scaling(graph, op)
    by = LEFT_SHIFT[DType.INT8]
    left = requantize((a - first.zero_point) << by, *found.input1)
    right = requantize((b - second.zero_point) << by, *found.input2)
    return clamp_int8(target.zero_point + requantize((left - right) ** 2, *found.output))


def lower(graph: Graph, op: Op) -> tuple[KernelCall, ...]:
    """The call of SQUARED_DIFFERENCE."""
    first, second, target = binary.quantizations(graph, op)
    found = scaling(graph, op)
    params = SquaredDifferenceS8Params(
        loops=binary.broadcast(graph, op),
        offset1=-first.zero_point,
        multiplier1=found.input1[0],
        shift1=found.input1[1],
        offset2=-second.zero_point,
        multiplier2=found.input2[0],
        shift2=found.input2[1],
        output_multiplier=found.output[0],
        output_shift=found.output[1],
        output_offset=target.zero_point,
    )
    return binary.call(graph, op, f"squared_difference_{suffix(graph.output(op))}", params)


OPERATORS = (
    Operator(
        kinds=("SQUARED_DIFFERENCE",),
        constraints=(
            constraint_arity(2, 2),
            constraint_operands,
            constraint_not_empty,
            constraint_symmetric,
            constraint_broadcast,
            constraint_scales,
        ),
        lower=binary.with_table(values, lower),
        kernels=("squared_difference_s8", "squared_difference_s16", "lookup_s8"),
        since="0.2.0",
        since_16x8="0.2.0",
    ),
)
