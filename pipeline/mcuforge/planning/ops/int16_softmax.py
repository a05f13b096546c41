"""SOFTMAX of int16 over the last axis: tables of exp and of 1 / x, interpolated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from mcuforge.frontend.graph import Graph, Op, SoftmaxAttributes
from mcuforge.planning.numerics import INT16_MAX, INT16_MIN, quantize_multiplier
from mcuforge.planning.ops import Operator
from mcuforge.planning.ops.common import (
    constraint_activations,
    constraint_arity,
    constraint_not_empty,
    constraint_symmetric,
    describe,
    quantization,
)
from mcuforge.planning.ops.int16_rescale import MAX_SHIFT
from mcuforge.planning.plan import I32, ArrayI16, KernelCall, KernelParams

OUTPUT_SCALE = 2.0**-15
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


def constraint_shape(graph: Graph, op: Op) -> str | None:
    """Input and output have the same shape, of rank 1 to 6, with at most 65535 on the last axis."""
    given, computed = graph.input(op, 0), graph.output(op)
    if given.shape != computed.shape or not 1 <= len(given.shape) <= MAX_RANK:
        return f"{describe(given)} becomes {describe(computed)}"
    return None if given.shape[-1] <= MAX_DEPTH else f"the last axis has {given.shape[-1]}"


def constraint_output_scale(graph: Graph, op: Op) -> str | None:
    """The output's scale is 1/32768."""
    scale = quantization(graph.output(op)).scale
    return None if scale == OUTPUT_SCALE else f"it is {scale}"


def constraint_beta(graph: Graph, op: Op) -> str | None:
    """beta is not negative, and times the input's scale below 2.5."""
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


OPERATORS = (
    Operator(
        kinds=("SOFTMAX",),
        constraints=(
            constraint_arity(1, 1),
            constraint_activations,
            constraint_not_empty,
            constraint_symmetric,
            constraint_shape,
            constraint_output_scale,
            constraint_beta,
        ),
        lower=lower,
        kernels=("softmax_s16",),
        since_16x8="0.2.0",
    ),
)
