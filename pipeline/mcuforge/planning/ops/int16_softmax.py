"""SOFTMAX with an int16 output over the last axis.

Of an int16 input: tables of exp and of 1 / x, interpolated. Of an int8 input: as with an int8
output, which has fewer bits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from mcuforge.frontend.graph import DType, Graph, Op, SoftmaxAttributes
from mcuforge.planning.numerics import INT16_MAX, INT16_MIN, quantize_multiplier
from mcuforge.planning.ops import Operator, Variant, overlap, softmax
from mcuforge.planning.ops.common import (
    constraint_arity,
    constraint_not_empty,
    describe,
    is_per_tensor,
    quantization,
)
from mcuforge.planning.ops.int16_rescale import MAX_SHIFT
from mcuforge.planning.plan import I32, ArrayI16, KernelCall, KernelParams

# Scale and zero point of the output, by type of the input.
OUTPUTS = {DType.INT16: (2.0**-15, 0), DType.INT8: (2.0**-16, -32768)}
SCALE_TOLERANCE = 1e-3  # relative: 1/65535 is one of the scales that files hold
MAX_DEPTH = 65_535  # the sum of that many ones fits int32
MAX_RANK = 6  # of TFLM's RuntimeShape
_RANGE = INT16_MAX - INT16_MIN
_PARTS = 512  # of a table

FloatArray = npt.NDArray[np.float32]
Int16Array = npt.NDArray[np.int16]


@dataclass(frozen=True, eq=False)
class SoftmaxS16Params(KernelParams):
    """Mirror of nn_softmax_s16_params."""

    c_type: ClassVar[str] = "nn_softmax_s16_params"
    rows: I32
    depth: I32
    multiplier: I32
    shift: I32
    exponentials: ArrayI16
    reciprocals: ArrayI16


def table(function: Callable[[FloatArray], FloatArray], low: float, high: float) -> Int16Array:
    """513 values in 1/32768 of a function over low ... high, in float32.

    Each is corrected by half of what a straight line to the next is off by in the middle. Source:
    TFLite's LUTPopulateInt16.
    """
    low32, high32, unit = np.float32(low), np.float32(high), np.float32(1 << 15)
    step = (high32 - low32) / np.float32(_PARTS)
    at = low32 + np.arange(_PARTS, dtype=np.float32) * step
    following = low32 + np.arange(1, _PARTS + 1, dtype=np.float32) * step
    here = _rounded(function(at) * unit)
    drawn = _rounded((function(following) * unit + here) / np.float32(2))
    middle = _rounded(function(at + step / np.float32(2)) * unit)
    values = here - _rounded((drawn - middle) / np.float32(2))
    last = _rounded(function(np.full(1, high32, np.float32)) * unit)
    every = np.concatenate([values, last])
    return np.asarray(np.clip(every, INT16_MIN, INT16_MAX), np.int16)


def _rounded(x: FloatArray) -> FloatArray:
    """To nearest, ties away from zero."""
    return np.asarray(np.trunc(x + np.copysign(np.float32(0.5), x)), np.float32)


def exponentials() -> Int16Array:
    """exp over -10 ... 0; what is below -10 counts as -10."""
    return table(lambda x: np.exp(x, dtype=np.float32), -10.0, 0.0)


def reciprocals() -> Int16Array:
    """1 / (1 + x) over 0 ... 1."""
    one = np.float32(1)
    return table(lambda x: np.asarray(one / (one + x), np.float32), 0.0, 1.0)


def constraint_types(graph: Graph, op: Op) -> str | None:
    """The input is int16 or int8, the output int16, both quantised per tensor."""
    source, target = graph.input(op, 0), graph.output(op)
    known = source.dtype in OUTPUTS and is_per_tensor(source, source.dtype)
    if known and is_per_tensor(target, DType.INT16):
        return None
    return f"{describe(source)} becomes {describe(target)}, or is not quantised per tensor"


def constraint_zero_point(graph: Graph, op: Op) -> str | None:
    """An int16 input has the zero point 0."""
    source = graph.input(op, 0)
    zero_point = quantization(source).zero_point
    return f"it is {zero_point}" if source.dtype is DType.INT16 and zero_point else None


def constraint_shape(graph: Graph, op: Op) -> str | None:
    """Input and output have the same shape, of rank 1 to 6, with at most 65535 on the last axis,
    of int8 4095."""
    given, computed = graph.input(op, 0), graph.output(op)
    if given.shape != computed.shape or not 1 <= len(given.shape) <= MAX_RANK:
        return f"{describe(given)} becomes {describe(computed)}"
    most = MAX_DEPTH if given.dtype is DType.INT16 else softmax.MAX_DEPTH
    return None if given.shape[-1] <= most else f"the last axis has {given.shape[-1]}"


def constraint_output_scale(graph: Graph, op: Op) -> str | None:
    """The output's scale is 1/32768 and its zero point 0; of an int8 input 1/65536 and -32768.
    TFLM allows the scale a thousandth."""
    q = quantization(graph.output(op))
    scale, zero_point = OUTPUTS[graph.input(op, 0).dtype]
    near = abs(q.scale - scale) <= SCALE_TOLERANCE * scale
    return None if near and q.zero_point == zero_point else f"they are {q.scale}, {q.zero_point}"


def constraint_beta(graph: Graph, op: Op) -> str | None:
    """beta is not negative, and times the input's scale below 2.5; of int8 above 2^-26."""
    if graph.input(op, 0).dtype is DType.INT8:
        return softmax.constraint_beta(graph, op)
    real = _real_multiplier(graph, op)
    if not 0.0 <= real < np.inf or quantize_multiplier(real)[1] > MAX_SHIFT:
        return f"they make {real * 10 / _RANGE:g}"
    return None


def _real_multiplier(graph: Graph, op: Op) -> float:
    """Input difference -> steps of 10 / 65535. Source: TFLM's CalculateSoftmaxParams."""
    if not isinstance(op.attributes, SoftmaxAttributes):
        raise TypeError(f"{op.kind} carries {type(op.attributes).__name__}")
    return quantization(graph.input(op, 0)).scale * op.attributes.beta / (10.0 / 65535.0)


def lower(graph: Graph, op: Op) -> tuple[KernelCall, ...]:
    """The call of SOFTMAX."""
    if graph.input(op, 0).dtype is DType.INT8:
        distance = overlap.elementwise(graph.output(op).elements, 1, 2)
        return softmax.call(graph, op, "softmax_s8_s16", distance)
    output = graph.output(op)
    depth = output.shape[-1]
    multiplier, shift = quantize_multiplier(_real_multiplier(graph, op))
    params = SoftmaxS16Params(
        rows=output.elements // depth,
        depth=depth,
        multiplier=multiplier,
        shift=shift,
        exponentials=exponentials(),
        reciprocals=reciprocals(),
    )
    return (
        KernelCall(
            kernel="softmax_s16",
            params=params,
            inputs=(op.inputs[0],),
            output=op.outputs[0],
            reason="exp and 1 / x are tables of 513 values, interpolated",
            overlaps={0: 0},
        ),
    )


VARIANTS = (
    Variant(
        Operator(
            kinds=("SOFTMAX",),
            constraints=(
                constraint_arity(1, 1),
                constraint_types,
                constraint_not_empty,
                constraint_zero_point,
                constraint_shape,
                constraint_output_scale,
                constraint_beta,
            ),
            lower=lower,
            kernels=("softmax_s16", "softmax_s8_s16"),
            since_16x8="0.2.0",
        ),
        words="With an int16 output",
    ),
)
