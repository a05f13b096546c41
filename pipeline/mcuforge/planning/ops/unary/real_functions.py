"""Functions whose reference kernels fill the table in float32: ELU.

The table holds round(f(scale * (q - zero_point)) / output scale) + zero point, each step in
float32. A transcendental function is taken in double precision and rounded to float32: what the
mathematical libraries give in all but a few of a thousand cases, where they are one unit in the
last place beside it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from mcuforge.frontend.graph import Graph, Op, Quantization
from mcuforge.planning.numerics import INT32_MAX, all_int8, clamp_int8
from mcuforge.planning.ops.unary.lookup import Table, ends, unary_operator

Float32Array = npt.NDArray[np.float32]


def _in_double(
    function: Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]], x: Float32Array
) -> Float32Array:
    """The function in double precision, rounded to float32 once."""
    return np.asarray(function(x.astype(np.float64)), np.float64).astype(np.float32)


def elu(x: Float32Array) -> Float32Array:
    """ELU as TFLM's elu.cc writes it: exp(x) - 1 below zero, which loses the bits of small x."""
    return np.where(x < 0, _in_double(np.exp, np.minimum(x, np.float32(0))) - np.float32(1), x)


def _dequantised(source: Quantization) -> Float32Array:
    steps = (all_int8() - source.zero_point).astype(np.float32)
    return np.float32(source.scale) * steps


def _steps(source: Quantization, target: Quantization) -> npt.NDArray[np.float64]:
    """ELU in steps of the output, rounded to nearest with ties away from zero."""
    with np.errstate(over="ignore"):
        scaled = elu(_dequantised(source)) * (np.float32(1) / np.float32(target.scale))
    steps = scaled.astype(np.float64)
    return np.asarray(np.copysign(np.floor(np.abs(steps) + 0.5), steps), np.float64)


def constraint_fits_int32(graph: Graph, op: Op) -> str | None:
    """Every result is below 2^31 steps of the output: TFLM converts it to an int32."""
    source, target = ends(graph, op)
    most = float(np.max(np.abs(_steps(source, target))))
    if np.isfinite(most) and most < INT32_MAX - 256:
        return None
    return f"the scales are {source.scale} and {target.scale}"


def elu_table(source: Quantization, target: Quantization, _op: Op) -> Table:
    """ELU. Source: TFLM's elu.cc, PopulateLookupTable."""
    rounded = _steps(source, target).astype(np.float32) + np.float32(target.zero_point)
    return clamp_int8(rounded.astype(np.int64))


OPERATORS = (unary_operator("ELU", elu_table, constraint_fits_int32),)
