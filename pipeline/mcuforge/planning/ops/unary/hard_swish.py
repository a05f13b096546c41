"""HARD_SWISH: x * relu6(x + 3) / 6, in TFLite's 16-bit fixed point."""

from __future__ import annotations

import numpy as np

from mcuforge.frontend.graph import Graph, Op, Quantization
from mcuforge.planning.numerics import (
    Int64Array,
    all_int8,
    clamp_int8,
    quantize_multiplier,
    rounding_divide_by_pot,
)
from mcuforge.planning.ops.unary.lookup import Table, ends, unary_operator

INT16_MIN, INT16_MAX = -(2**15), 2**15 - 1
MAX_LEFT_SHIFT = 30
MAX_RIGHT_SHIFT = 15  # beyond, the mask of a 16-bit rounding divide does not fit
_RELUISH_STEP = 3 / 2**15


def _multipliers(source: Quantization, target: Quantization) -> tuple[tuple[int, int], ...]:
    """Q0.31 multiplier and shift from input / 128 to the output, and to the step of "relu-ish".

    The oracle computes the ratios in double, though there is a TFLM that does so in float32.
    """
    finer = source.scale / 128
    return quantize_multiplier(finer / target.scale), quantize_multiplier(finer / _RELUISH_STEP)


def constraint_hard_swish_scales(graph: Graph, op: Op) -> str | None:
    """The input's scale is from 2^-9 to below 2^7 times the output's, and from 2^-22 to 2^23: with
    others, TFLM's 16 bits do not suffice."""
    source, target = ends(graph, op)
    (_, output_shift), (_, reluish_shift) = _multipliers(source, target)
    if -MAX_RIGHT_SHIFT <= output_shift <= 0 and (
        -MAX_RIGHT_SHIFT <= reluish_shift <= MAX_LEFT_SHIFT
    ):
        return None
    return f"the scales are {source.scale} and {target.scale}"


def _narrow(multiplier: int) -> int:
    """A Q0.31 multiplier as Q0.15, saturated. Source: TFLite's DownScaleInt32ToInt16Multiplier."""
    return min((multiplier + (1 << 15)) >> 16, INT16_MAX)


def _rounding_high_mul(a: Int64Array, b: int) -> Int64Array:
    """Q0.15 product of int16, rounded to nearest, ties up; `b` is not -2^15."""
    return np.asarray((a * b + (1 << 14)) >> 15, np.int64)


def _truncating_high_mul(a: Int64Array, b: Int64Array) -> Int64Array:
    """Q0.15 product of int16, rounded towards zero."""
    product = a * b
    return np.asarray(np.sign(product) * (np.abs(product) >> 15), np.int64)


def _saturate(x: Int64Array) -> Int64Array:
    return np.asarray(np.clip(x, INT16_MIN, INT16_MAX), np.int64)


def _reluish(x: Int64Array, multiplier: int, exponent: int) -> Int64Array:
    """relu6(x + 3) / 6 as Q0.15: rescaled so that +-3 is +-1, saturated, then halved and raised."""
    if exponent > 0:
        x = _saturate(x << (exponent - 1))
    x = _rounding_high_mul(x, _narrow(multiplier))
    if exponent > 0:
        x = _saturate(x << 1)
    elif exponent < 0:
        x = rounding_divide_by_pot(x, -exponent)
    return np.asarray((x + (1 << 15)) >> 1, np.int64)


def hard_swish_table(source: Quantization, target: Quantization, _op: Op) -> Table:
    """HARD_SWISH. Source: TFLite's reference_ops::HardSwish and TFLM's HardSwishPrepare."""
    to_output, to_reluish = _multipliers(source, target)
    x = (all_int8() - source.zero_point) << 7
    preshift = _rounding_high_mul(x, _narrow(to_output[0]))
    product = _truncating_high_mul(_reluish(x, *to_reluish), preshift)
    return clamp_int8(rounding_divide_by_pot(product, -to_output[1]) + target.zero_point)


OPERATORS = (unary_operator("HARD_SWISH", hard_swish_table, constraint_hard_swish_scales),)
