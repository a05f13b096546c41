"""RSQRT: 1 / sqrt(x), in TFLite's Newton-Raphson iteration."""

from __future__ import annotations

import math
from functools import cache

import numpy as np

from mcuforge.frontend.graph import Graph, Op, Quantization
from mcuforge.planning.numerics import (
    INT8_MAX,
    Int64Array,
    all_int8,
    clamp_int8,
    inverse_sqrt_multiplier,
    quantize_multiplier,
    requantize,
)
from mcuforge.planning.ops.unary.lookup import Table, ends, unary_operator

_FRACTION_BITS = 20  # of 1 / sqrt(q)
_MIN_SHIFT, _MAX_SHIFT = _FRACTION_BITS - 31, 30


def _multiplier(source: Quantization, target: Quantization) -> tuple[int, int]:
    """From 1 / sqrt(q) to steps of the output, in double, as the oracle computes it."""
    return quantize_multiplier(1.0 / (math.sqrt(source.scale) * target.scale))


def constraint_rsqrt_scales(graph: Graph, op: Op) -> str | None:
    """The root of the input's scale times the output's scale is from 2^-30 to 2^11."""
    source, target = ends(graph, op)
    multiplier, shift = _multiplier(source, target)
    if multiplier and _MIN_SHIFT <= shift <= _MAX_SHIFT:
        return None
    return f"the scales are {source.scale} and {target.scale}"


def rsqrt_table(source: Quantization, target: Quantization, _op: Op) -> Table:
    """RSQRT. Source: TFLM's elementwise, GetInvSqrtQuantizedMultiplierExp.

    0 becomes 127, in TFLM as well. For what is negative TFLM stops with an error; here it is 127.
    """
    multiplier, shift = _multiplier(source, target)
    steps = all_int8() - source.zero_point
    positive = np.maximum(steps, 1)
    inverse: Int64Array = np.array([_inverse_root(int(q)) for q in positive], np.int64)
    result = requantize(inverse, multiplier, shift - _FRACTION_BITS) + target.zero_point
    return clamp_int8(np.where(steps > 0, result, INT8_MAX))


@cache
def _inverse_root(q: int) -> int:
    """1 / sqrt(q) in 20 fractional bits, for q >= 1."""
    multiplier, shift = inverse_sqrt_multiplier(q)
    return int(requantize(np.asarray(1, np.int64), multiplier, shift + _FRACTION_BITS))


OPERATORS = (unary_operator("RSQRT", rsqrt_table, constraint_rsqrt_scales),)
