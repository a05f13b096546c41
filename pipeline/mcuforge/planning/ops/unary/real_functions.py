"""Functions whose reference kernels fill the table in float32: ELU, EXP, LOG and GELU.

The table holds round(f(scale * (q - zero_point)) / output scale) + zero point, each step in
float32; see `in_double` for the transcendental ones.

TFLM has ELU. EXP and LOG it has in float alone, and GELU not at all: these are LiteRT's, whose
tables are put into the file that TFLM runs as the oracle (`oracle/stand_ins.py`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import numpy as np
import numpy.typing as npt

from mcuforge.frontend.graph import GeluAttributes, Graph, Op, Quantization
from mcuforge.planning.numerics import INT32_MAX, all_int8, clamp_int8
from mcuforge.planning.ops import Operator
from mcuforge.planning.ops.unary.float_islands import in_double
from mcuforge.planning.ops.unary.lookup import Table, ends, unary_operator

Float32Array = npt.NDArray[np.float32]
Function = Callable[[Float32Array, Op], Float32Array]

_ERF = np.vectorize(math.erf, otypes=[np.float64])
_SQRT_2_OVER_PI = np.float32(math.sqrt(2 / math.pi))


def elu(x: Float32Array, _op: Op) -> Float32Array:
    """ELU as TFLM's elu.cc writes it: exp(x) - 1 below zero, which loses the bits of small x."""
    return np.where(x < 0, in_double(np.exp)(np.minimum(x, np.float32(0))) - np.float32(1), x)


def exponential(x: Float32Array, _op: Op) -> Float32Array:
    """exp(x)."""
    return in_double(np.exp)(x)


def logarithm(x: Float32Array, _op: Op) -> Float32Array:
    """log(x); minus infinity, which saturates, for zero and below."""
    positive = np.where(x > 0, x, np.float32(1))
    return np.where(x > 0, in_double(np.log)(positive), np.float32(-np.inf))


def gelu(x: Float32Array, op: Op) -> Float32Array:
    """GELU. Source: TFLite's reference_ops::GeluTransform and its approximation with tanh."""
    if not isinstance(op.attributes, GeluAttributes):
        raise TypeError(f"{op.kind} carries {type(op.attributes).__name__}")
    half, one = np.float32(0.5), np.float32(1)
    if op.attributes.approximate:
        inner = _SQRT_2_OVER_PI * (x + np.float32(0.044715) * x * x * x)
        return half * x * (one + in_double(np.tanh)(inner))
    return half * x * (one + in_double(_ERF)(x * np.float32(math.sqrt(0.5))))


def _steps(
    function: Function, source: Quantization, target: Quantization, op: Op
) -> npt.NDArray[np.float64]:
    """Results in steps of the output, rounded to nearest with ties away from zero."""
    with np.errstate(over="ignore", invalid="ignore"):
        x = np.float32(source.scale) * (all_int8() - source.zero_point).astype(np.float32)
        scaled = function(x, op) * (np.float32(1) / np.float32(target.scale))
    steps = scaled.astype(np.float64)
    return np.asarray(np.copysign(np.floor(np.abs(steps) + 0.5), steps), np.float64)


def _table(function: Function, source: Quantization, target: Quantization, op: Op) -> Table:
    """Source: TFLM's elu.cc, PopulateLookupTable, and TFLite's LUTPopulate."""
    steps = _steps(function, source, target, op)
    shifted = steps.astype(np.float32) + np.float32(target.zero_point)
    return clamp_int8(np.maximum(shifted, -(2.0**31)).astype(np.int64))


def _operator(kind: str, function: Function) -> Operator:
    def constraint_fits_int32(graph: Graph, op: Op) -> str | None:
        """Every result is below 2^31 steps of the output: the kernel converts it to an int32."""
        source, target = ends(graph, op)
        steps = _steps(function, source, target, op)
        if np.all(np.abs(steps[~np.isneginf(steps)]) < INT32_MAX - 256):
            return None
        return f"the scales are {source.scale} and {target.scale}"

    return unary_operator(kind, partial(_table, function), constraint_fits_int32)


OPERATORS = (
    _operator("ELU", elu),
    _operator("EXP", exponential),
    _operator("LOG", logarithm),
    _operator("GELU", gelu),
)
