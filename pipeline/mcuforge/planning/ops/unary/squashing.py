"""LOGISTIC and TANH, in gemmlowp's fixed point."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from mcuforge.frontend.graph import Graph, Op, Quantization
from mcuforge.planning.numerics import (
    INT8_MIN,
    INT32_MAX,
    Int64Array,
    all_int8,
    clamp_int8,
    input_radius,
    logistic,
    requantize,
    rounding_divide_by_pot,
    tanh,
)
from mcuforge.planning.ops.common import quantization
from mcuforge.planning.ops.unary.lookup import (
    Table,
    constraint_approximates,
    unary_operator,
)

MAX_LOGISTIC_SHIFT = 62
LOGISTIC_INTEGER_BITS = 4
_SATURATES = (
    "from an input scale of 4 on they saturate too early. "
    "`mcuforge convert` puts a QUANTIZE before."
)


def constraint_logistic_input(graph: Graph, op: Op) -> str | None:
    """The input's scale is from 2^-28 to 2^35."""
    scale = quantization(graph.input(op, 0)).scale
    _, shift = _q4_multiplier(scale)
    return None if 0 <= shift <= MAX_LOGISTIC_SHIFT else f"it is {scale}"


def constraint_logistic_output(graph: Graph, op: Op) -> str | None:
    """The output's zero point is -128: TFLM takes no other. Its results are in steps of 1/256."""
    zero_point = quantization(graph.output(op)).zero_point
    return None if zero_point == INT8_MIN else f"it is {zero_point}"


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


def _sigmoid(x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return 0.5 + 0.5 * np.tanh(0.5 * x)


def _tanh(x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.asarray(np.tanh(x), np.float64)


OPERATORS = (
    unary_operator(
        "LOGISTIC",
        logistic_table,
        constraint_logistic_input,
        constraint_logistic_output,
        constraint_approximates(logistic_table, _sigmoid, _SATURATES),
        since="0.1.0",
    ),
    unary_operator(
        "TANH",
        tanh_table,
        constraint_logistic_input,
        constraint_approximates(tanh_table, _tanh, _SATURATES),
        since="0.1.0",
    ),
)
