"""RELU and its kin: straight lines with a bend.

Ratios of scales are computed in double, as the oracle does, though there is a TFLM that computes
them in float32: the two differ by one step where a result is a tie.
"""

from __future__ import annotations

import math

import numpy as np

from mcuforge.frontend.graph import DType, Graph, LeakyReluAttributes, Op, Quantization
from mcuforge.planning.numerics import (
    INT8_MAX,
    INT32_MAX,
    all_int8,
    clamp_int8,
    quantize_multiplier,
    requantize,
    round_half_away,
)
from mcuforge.planning.ops import meaning
from mcuforge.planning.ops.common import float32_ratio, quantization
from mcuforge.planning.ops.unary.lookup import (
    Table,
    constraint_rescaling,
    ends,
    fits_table,
    unary_operator,
)


def constraint_alpha(graph: Graph, op: Op) -> str | None:
    """alpha times the input's scale is a number of a magnitude below 2^23 times the output's."""
    source, target = ends(graph, op)
    alpha = _alpha(op)
    if not fits_table(_alpha_ratio(source, target, alpha)):
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
    source, target = ends(graph, op)
    meant = meaning.rescaled(all_int8(), source, target, 0.0, 6.0)
    computed = relu6_table(source, target, op).astype(np.int64)
    apart = meaning.steps_apart(computed, meant, DType.INT8)
    return None if apart <= meaning.MAX_STEPS else meaning.off(source, target, apart)


def relu_table(source: Quantization, target: Quantization, _op: Op) -> Table:
    """RELU with requantisation. Source: TFLM's ReluQuantized."""
    multiplier, shift = quantize_multiplier(source.scale / target.scale)
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
    return source.scale * alpha / target.scale


def leaky_relu_table(source: Quantization, target: Quantization, op: Op) -> Table:
    """LEAKY_RELU with requantisation. Source: TFLite's QuantizeLeakyRelu."""
    x = all_int8() - source.zero_point
    identity = quantize_multiplier(source.scale / target.scale)
    slope = _alpha_ratio(source, target, _alpha(op))
    # Of a negative slope the oracle changes the sign last: ties between are rounded so.
    leak = math.copysign(1, slope) * requantize(x, *quantize_multiplier(abs(slope)))
    scaled = np.where(x >= 0, requantize(x, *identity), leak.astype(np.int64))
    return clamp_int8(target.zero_point + scaled)


def abs_table(source: Quantization, target: Quantization, _op: Op) -> Table:
    """ABS with requantisation, left out where the scales are equal. Source: TFLM's elementwise."""
    x = np.abs(all_int8() - source.zero_point)
    if source.scale != target.scale:
        x = requantize(x, *quantize_multiplier(source.scale / target.scale))
    return clamp_int8(target.zero_point + x)


OPERATORS = (
    unary_operator("RELU", relu_table, constraint_rescaling, since="0.1.0"),
    unary_operator("RELU6", relu6_table, constraint_six, constraint_clamps_only, since="0.1.0"),
    unary_operator(
        "LEAKY_RELU", leaky_relu_table, constraint_rescaling, constraint_alpha, since="0.1.0"
    ),
    unary_operator("ABS", abs_table, constraint_rescaling, since="0.1.0"),
)
