"""RELU_N1_TO_1 and RELU_0_TO_1, as LiteRT computes them: TFLM has neither.

The oracle's file gets LiteRT's table in their place (`oracle/stand_ins.py`).
"""

from __future__ import annotations

from functools import partial

from mcuforge.frontend.graph import Graph, Op, Quantization
from mcuforge.planning.numerics import (
    INT32_MAX,
    all_int8,
    clamp_int8,
    quantize_multiplier,
    requantize,
    round_half_away,
)
from mcuforge.planning.ops import Operator
from mcuforge.planning.ops.common import float32_ratio, quantization
from mcuforge.planning.ops.unary.lookup import Table, constraint_rescaling, unary_operator


def constraint_one(graph: Graph, op: Op) -> str | None:
    """The output's scale is at least 2^-30, so that 1 is an int32 number of steps."""
    scale = quantization(graph.output(op)).scale
    return None if 1.0 / scale < INT32_MAX // 2 else f"it is {scale}"


def _table(least: float, source: Quantization, target: Quantization, _op: Op) -> Table:
    """Rescaled, then clamped to [least, 1]. Source: TFLite's QuantizedReluX, ratios in float32."""
    multiplier, shift = quantize_multiplier(float32_ratio(source.scale, target.scale))
    x = requantize(all_int8() - source.zero_point, multiplier, shift) + target.zero_point
    low, high = (
        target.zero_point + round_half_away(float32_ratio(real, target.scale))
        for real in (least, 1.0)
    )
    return clamp_int8(x, max(low, -128), min(high, 127))


def _operator(kind: str, least: float) -> Operator:
    return unary_operator(kind, partial(_table, least), constraint_rescaling, constraint_one)


OPERATORS = (_operator("RELU_N1_TO_1", -1.0), _operator("RELU_0_TO_1", 0.0))
