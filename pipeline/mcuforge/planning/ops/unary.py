"""Unary int8 operators, all computed by one table look-up.

An int8 input has 256 values, so the planner evaluates the op on each of them, with TFLM's own
fixed-point steps, and the device only looks results up.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from mcuforge.frontend.graph import DType, Graph, LeakyReluAttributes, Op, Quantization
from mcuforge.planning.numerics import (
    INT8_MAX,
    INT8_MIN,
    INT32_MAX,
    Int64Array,
    all_int8,
    clamp_int8,
    input_radius,
    logistic,
    quantize_multiplier,
    requantize,
    round_half_away,
    rounding_divide_by_pot,
    tanh,
)
from mcuforge.planning.ops import Constraint, Operator, meaning
from mcuforge.planning.ops.common import (
    constraint_arity,
    constraint_int8_activations,
    constraint_not_empty,
    float32_ratio,
    quantization,
)
from mcuforge.planning.plan import I32, ArrayI8, KernelCall, KernelParams

Table = npt.NDArray[np.int8]

MAX_TABLE_SHIFT = 23  # 255 * 2^23 < 2^31
MAX_LOGISTIC_SHIFT = 62
LOGISTIC_INTEGER_BITS = 4


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


def constraint_rescaling(graph: Graph, op: Op) -> str | None:
    """The input's scale is below 2^23 times the output's."""
    source, target = _ends(graph, op)
    ratio = float32_ratio(source.scale, target.scale)
    if not fits_table(ratio):
        return f"the scales are {source.scale} and {target.scale}"
    return None


def constraint_alpha(graph: Graph, op: Op) -> str | None:
    """alpha is not negative, and alpha times the input's scale below 2^23 times the output's."""
    source, target = _ends(graph, op)
    alpha = _alpha(op)
    if not (alpha >= 0.0 and fits_table(_alpha_ratio(source, target, alpha))):
        return f"alpha is {alpha}, the scales are {source.scale} and {target.scale}"
    return None


def constraint_six(graph: Graph, op: Op) -> str | None:
    """The input's scale is at least 2^-28, so that 6 is an int32 number of steps."""
    scale = quantization(graph.input(op, 0)).scale
    return None if 6.0 / scale < INT32_MAX - 256 else f"it is {scale}"


def constraint_clamps_only(graph: Graph, op: Op) -> str | None:
    """TFLM clamps the bytes of RELU6 and rescales nothing, so that input and output must be
    quantised alike, to one step of the output; a RELU, or a QUANTIZE before, is computed as meant,
    and `mcuforge convert` writes it."""
    source, target = _ends(graph, op)
    meant = meaning.rescaled(all_int8(), source, target, 0.0, 6.0)
    computed = relu6_table(source, target, op).astype(np.int64)
    apart = meaning.steps_apart(computed, meant, DType.INT8)
    return None if apart <= meaning.MAX_STEPS else meaning.off(source, target, apart)


def constraint_logistic_input(graph: Graph, op: Op) -> str | None:
    """The input's scale is from 2^-28 to 2^35."""
    scale = quantization(graph.input(op, 0)).scale
    _, shift = _q4_multiplier(scale)
    return None if 0 <= shift <= MAX_LOGISTIC_SHIFT else f"it is {scale}"


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


def fits_table(ratio: float) -> bool:
    """True where rescaling a difference of int8 values by `ratio` >= 0 stays inside int32."""
    return math.isfinite(ratio) and quantize_multiplier(ratio)[1] <= MAX_TABLE_SHIFT


def _ends(graph: Graph, op: Op) -> tuple[Quantization, Quantization]:
    return quantization(graph.input(op, 0)), quantization(graph.output(op))


def relu_table(source: Quantization, target: Quantization, _op: Op) -> Table:
    """RELU with requantisation. Source: TFLM's ReluQuantized."""
    multiplier, shift = quantize_multiplier(float32_ratio(source.scale, target.scale))
    x = requantize(all_int8() - source.zero_point, multiplier, shift)
    return clamp_int8(target.zero_point + x, low=target.zero_point)


def relu6_table(source: Quantization, _target: Quantization, _op: Op) -> Table:
    """RELU6, which only clamps: TFLM takes both bounds from the input's quantisation."""
    six = source.zero_point + round_half_away(float32_ratio(6.0, source.scale))
    return clamp_int8(all_int8(), source.zero_point, min(six, INT8_MAX))


def _alpha(op: Op) -> float:
    if not isinstance(op.attributes, LeakyReluAttributes):
        raise TypeError(f"{op.kind} carries {type(op.attributes).__name__}")
    return op.attributes.alpha


def _alpha_ratio(source: Quantization, target: Quantization, alpha: float) -> float:
    with np.errstate(over="ignore", under="ignore"):
        scaled = np.float32(source.scale) * np.float32(alpha)
    return float32_ratio(float(scaled), target.scale)


def leaky_relu_table(source: Quantization, target: Quantization, op: Op) -> Table:
    """LEAKY_RELU with requantisation. Source: TFLite's QuantizeLeakyRelu."""
    x = all_int8() - source.zero_point
    identity = quantize_multiplier(float32_ratio(source.scale, target.scale))
    leak = quantize_multiplier(_alpha_ratio(source, target, _alpha(op)))
    scaled = np.where(x >= 0, requantize(x, *identity), requantize(x, *leak))
    return clamp_int8(target.zero_point + scaled)


def abs_table(source: Quantization, target: Quantization, _op: Op) -> Table:
    """ABS with requantisation, left out where the scales are equal. Source: TFLM's elementwise."""
    x = np.abs(all_int8() - source.zero_point)
    if source.scale != target.scale:
        x = requantize(x, *quantize_multiplier(float32_ratio(source.scale, target.scale)))
    return clamp_int8(target.zero_point + x)


def _q4_multiplier(scale: float) -> tuple[int, int]:
    """Multiplier and left shift from the input's scale to Q4.27.

    A float32 scale has 24 bits, so that the multiplier is exact and below 2^31.
    """
    fraction, shift = math.frexp(scale * (1 << (31 - LOGISTIC_INTEGER_BITS)))
    return int(fraction * (1 << 31)), shift


def _squash(source: Quantization, function: Callable[[Int64Array], Int64Array]) -> Int64Array:
    """`function` as Q0.31 of every int8 input; beyond the radius of Q4.27 it is saturated."""
    multiplier, shift = _q4_multiplier(source.scale)
    radius = input_radius(LOGISTIC_INTEGER_BITS, shift)
    x = all_int8() - source.zero_point
    inside = np.abs(x) < radius
    result = function(requantize(np.where(inside, x, 0), multiplier, shift))
    # An input of 0 with a radius of 0 counts as negative, as in TFLM.
    saturated = np.where(x > 0, INT32_MAX, -INT32_MAX - 1)
    return np.where(inside, result, saturated)


def logistic_table(source: Quantization, _target: Quantization, _op: Op) -> Table:
    """LOGISTIC. Source: TFLite's reference_integer_ops::Logistic."""
    q = rounding_divide_by_pot(_squash(source, logistic), 31 - 8) + INT8_MIN
    return clamp_int8(q)


def tanh_table(source: Quantization, _target: Quantization, _op: Op) -> Table:
    """TANH. Source: TFLite's reference_integer_ops::Tanh."""
    return clamp_int8(rounding_divide_by_pot(_squash(source, tanh), 31 - 7))


def _constraint_squash(
    table: Callable[[Quantization, Quantization, Op], Table],
    function: Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]],
) -> Constraint:
    """The constraint that TFLM's fixed-point steps give what the function is."""

    def constraint_fixed_point_suffices(graph: Graph, op: Op) -> str | None:
        """TFLM's fixed-point steps are within 3 steps of the function for every input; from an
        input scale of 4 on they saturate too early. `mcuforge convert` puts a QUANTIZE before."""
        source, target = _ends(graph, op)
        real = source.scale * (all_int8() - source.zero_point).astype(np.float64)
        meant = function(real) / target.scale + target.zero_point
        computed = table(source, target, op).astype(np.int64)
        apart = meaning.steps_apart(computed, meant, DType.INT8)
        if apart <= meaning.MAX_FUNCTION_STEPS:
            return None
        return f"the scale is {source.scale:g}, and a result would be {apart:.0f} steps off"

    return constraint_fixed_point_suffices


def _sigmoid(x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return 0.5 + 0.5 * np.tanh(0.5 * x)


def _tanh(x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.asarray(np.tanh(x), np.float64)


def lookup(graph: Graph, op: Op, table: Table) -> tuple[KernelCall, ...]:
    """The call that applies `table` to the op's input."""
    return (
        KernelCall(
            kernel="lookup_s8",
            params=LookupS8Params(elements=graph.output(op).elements, table=table),
            inputs=(op.inputs[0],),
            output=op.outputs[0],
            reason=f"{op.kind} of int8 has 256 results: a table is exact and fastest",
            overlaps={0: 0},
        ),
    )


def _operator(
    kind: str, table: Callable[[Quantization, Quantization, Op], Table], *constraints: Constraint
) -> Operator:
    def lower(graph: Graph, op: Op) -> tuple[KernelCall, ...]:
        source, target = _ends(graph, op)
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
    )


OPERATORS = (
    _operator("RELU", relu_table, constraint_rescaling),
    _operator("RELU6", relu6_table, constraint_six, constraint_clamps_only),
    _operator("LEAKY_RELU", leaky_relu_table, constraint_rescaling, constraint_alpha),
    _operator("ABS", abs_table, constraint_rescaling),
    _operator(
        "LOGISTIC",
        logistic_table,
        constraint_logistic_input,
        constraint_output(1 / 256, -128),
        _constraint_squash(logistic_table, _sigmoid),
    ),
    _operator(
        "TANH",
        tanh_table,
        constraint_logistic_input,
        constraint_output(1 / 128, 0),
        _constraint_squash(tanh_table, _tanh),
    ),
)
