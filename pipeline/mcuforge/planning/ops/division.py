"""DIV of two int8 tensors, with broadcasting.

TFLM multiplies with a reciprocal that it computes for every element. There are 256 divisors, so
that the planner computes each once, with TFLM's own fixed-point steps.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from mcuforge.frontend.graph import Graph, Op
from mcuforge.planning.numerics import (
    Int64Array,
    clamp_int8,
    one_over_one_plus_x,
    quantize_multiplier,
    rounding_divide_by_pot,
    rounding_doubling_high_mul,
    wrap_int32,
)
from mcuforge.planning.ops import Operator, binary
from mcuforge.planning.ops.binary import Broadcast
from mcuforge.planning.ops.common import (
    clamp_range,
    constraint_arity,
    constraint_fused_activation,
    constraint_not_empty,
    fused_activation,
)
from mcuforge.planning.ops.elementwise import constraint_broadcast
from mcuforge.planning.plan import I32, ArrayI8, ArrayI32, KernelCall, KernelParams

MAX_RIGHT_SHIFT = 31


@dataclass(frozen=True, eq=False)
class DivS8Params(KernelParams):
    """Mirror of nn_div_s8_params."""

    c_type: ClassVar[str] = "nn_div_s8_params"
    loops: Broadcast
    offset1: I32
    offset2: I32
    reciprocals: ArrayI32
    shifts: ArrayI8
    multiplier: I32
    output_offset: I32
    activation_min: I32
    activation_max: I32


def _real_multiplier(graph: Graph, op: Op) -> float:
    """Scale of the quotient of stored values, in float32 as TFLM's Prepare computes it."""
    a, b, output = (np.float32(q.scale) for q in binary.quantizations(graph, op))
    with np.errstate(over="ignore", under="ignore", divide="ignore"):
        return float(a / (b * output))


def constraint_ratio(graph: Graph, op: Op) -> str | None:
    """The first scale over the product of the others is a float32 above 0."""
    real = _real_multiplier(graph, op)
    return None if math.isfinite(real) and real > 0.0 else binary.scales_of(graph, op)


def constraint_shifts(graph: Graph, op: Op) -> str | None:
    """TFLM shifts every quotient by 0 to 31 bits, as far as operands may be: beyond, its result is
    undefined. The first scale is then from about 2^7 to 2^22 times the product of the others."""
    first, second = binary.operands(graph, op)
    a, b, _ = binary.quantizations(graph, op)
    dividends = binary.possible_values(first) - a.zero_point
    divisors = np.abs(binary.possible_values(second) - b.zero_point)
    _, shifts = _reciprocals(graph, op)
    headroom = _sign_bits(np.concatenate([dividends, -dividends]))  # a divisor may be negative
    found = shifts[divisors][:, None] + headroom[None, :]
    if not found.size or (found.min() >= 0 and found.max() <= MAX_RIGHT_SHIFT):
        return None
    return f"{binary.scales_of(graph, op)}, and shifts would be from {found.min()} to {found.max()}"


def _sign_bits(x: Int64Array) -> Int64Array:
    """Bits below the sign bit of an int32 that equal it."""
    return 31 - _bits(np.where(x < 0, ~x, x))


def _bits(x: Int64Array) -> Int64Array:
    """Bits of numbers >= 0, from the highest that is set."""
    return np.frexp(x.astype(np.float64))[1].astype(np.int64)


def _reciprocals(graph: Graph, op: Op) -> tuple[Int64Array, Int64Array]:
    """2^31 / d scaled to [2^30, 2^31] for d = 0 ... 255, and the right shifts that undo it.

    Source: TFLite's GetReciprocal, whose steps give a number for d = 0, too.
    """
    divisors = np.arange(256, dtype=np.int64)
    bits = _bits(divisors)
    normalised = wrap_int32((divisors << (32 - bits)) - 2**31)
    _, shift = quantize_multiplier(_real_multiplier(graph, op))
    return one_over_one_plus_x(normalised), bits - 1 - shift


def values(graph: Graph, op: Op, a: Int64Array, b: Int64Array) -> npt.NDArray[np.int8]:
    """DIV of stored values. Source: TFLite's reference DivElementwise."""
    first, second, target = binary.quantizations(graph, op)
    dividends, divisors = np.broadcast_arrays(a - first.zero_point, b - second.zero_point)
    dividends = np.where(divisors < 0, -dividends, dividends)
    reciprocals, shifts = (table[np.abs(divisors)] for table in _reciprocals(graph, op))
    headroom = _sign_bits(dividends)
    quotients = rounding_doubling_high_mul(wrap_int32(dividends << headroom), reciprocals)
    multiplier, _ = quantize_multiplier(_real_multiplier(graph, op))
    scaled = rounding_doubling_high_mul(quotients, multiplier)
    result = rounding_divide_by_pot(scaled, shifts + headroom)
    low, high = clamp_range(fused_activation(op), target)
    return clamp_int8(target.zero_point + result, low, high)


def lower(graph: Graph, op: Op) -> tuple[KernelCall, ...]:
    """The call of DIV."""
    first, second, target = binary.quantizations(graph, op)
    reciprocals, shifts = _reciprocals(graph, op)
    low, high = clamp_range(fused_activation(op), target)
    params = DivS8Params(
        loops=binary.broadcast(graph, op),
        offset1=-first.zero_point,
        offset2=-second.zero_point,
        reciprocals=reciprocals.astype(np.int32),
        shifts=shifts.astype(np.int8),
        multiplier=quantize_multiplier(_real_multiplier(graph, op))[0],
        output_offset=target.zero_point,
        activation_min=low,
        activation_max=high,
    )
    return binary.call(graph, op, "div_s8", params)


OPERATORS = (
    Operator(
        kinds=("DIV",),
        constraints=(
            constraint_arity(2, 2),
            binary.constraint_int8_operands,
            constraint_not_empty,
            constraint_broadcast,
            constraint_fused_activation,
            constraint_ratio,
            constraint_shifts,
        ),
        lower=binary.with_table(values, lower),
        kernels=("div_s8", "lookup_s8"),
        since="0.2.0",
    ),
)
