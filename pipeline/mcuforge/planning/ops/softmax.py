"""SOFTMAX over the last axis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from mcuforge.frontend.graph import Graph, Op, SoftmaxAttributes
from mcuforge.planning.numerics import (
    exp_on_negative_values,
    input_radius,
    quantize_multiplier,
    requantize,
)
from mcuforge.planning.ops import Operator
from mcuforge.planning.ops.common import (
    constraint_arity,
    constraint_int8_activations,
    constraint_not_empty,
    describe,
    quantization,
)
from mcuforge.planning.plan import I32, ArrayI32, KernelCall, KernelParams

DIFFERENCE_INTEGER_BITS = 5
MAX_DEPTH = 4095  # the Q12.19 sum of that many ones still fits
MAX_RANK = 6  # of TFLM's RuntimeShape
MAX_REAL_MULTIPLIER = float((1 << 31) - 1)


@dataclass(frozen=True, eq=False)
class SoftmaxS8Params(KernelParams):
    """Mirror of nn_softmax_s8_params."""

    c_type: ClassVar[str] = "nn_softmax_s8_params"
    rows: I32
    depth: I32
    entries: I32
    exponentials: ArrayI32


def real_multiplier(beta: float, scale: float) -> float:
    """Input difference -> Q5.26, capped. Source: TFLite's PreprocessSoftmaxScaling."""
    return min(beta * scale * (1 << (31 - DIFFERENCE_INTEGER_BITS)), MAX_REAL_MULTIPLIER)


def _real_multiplier(graph: Graph, op: Op) -> float:
    if not isinstance(op.attributes, SoftmaxAttributes):
        raise TypeError(f"{op.kind} carries {type(op.attributes).__name__}")
    return real_multiplier(op.attributes.beta, quantization(graph.input(op, 0)).scale)


def constraint_shape(graph: Graph, op: Op) -> str | None:
    """Input and output have the same shape, of rank 1 to 6, with at most 4095 on the last axis."""
    given, computed = graph.input(op, 0), graph.output(op)
    if given.shape != computed.shape or not 1 <= len(given.shape) <= MAX_RANK:
        return f"{describe(given)} becomes {describe(computed)}"
    return None if given.shape[-1] <= MAX_DEPTH else f"the last axis has {given.shape[-1]}"


def constraint_output_scale(graph: Graph, op: Op) -> str | None:
    """The output's scale is 1/256 and its zero point -128."""
    q = quantization(graph.output(op))
    if (q.scale, q.zero_point) != (1 / 256, -128):
        return f"they are {q.scale} and {q.zero_point}"
    return None


def constraint_beta(graph: Graph, op: Op) -> str | None:
    """beta times the input's scale is above 2^-26."""
    real = _real_multiplier(graph, op)
    return None if real > 1.0 else f"it is {real} * 2^-26"


def exponentials(real_multiplier: float) -> npt.NDArray[np.int32]:
    """exp(-d * scale * beta) as Q0.31 for differences d = 0, 1, ... that are not negligible."""
    multiplier, shift = quantize_multiplier(real_multiplier)
    entries = min(input_radius(DIFFERENCE_INTEGER_BITS, shift), 255) + 1
    differences = -np.arange(entries, dtype=np.int64)
    scaled = requantize(differences, multiplier, shift)
    return exp_on_negative_values(scaled, DIFFERENCE_INTEGER_BITS).astype(np.int32)


def call(graph: Graph, op: Op, kernel: str, distance: int) -> tuple[KernelCall, ...]:
    """The call of SOFTMAX of int8. The output may begin `distance` bytes after the input."""
    output = graph.output(op)
    table = exponentials(_real_multiplier(graph, op))
    depth = output.shape[-1]
    params = SoftmaxS8Params(
        rows=output.elements // depth, depth=depth, entries=len(table), exponentials=table
    )
    return (
        KernelCall(
            kernel=kernel,
            params=params,
            inputs=(op.inputs[0],),
            output=op.outputs[0],
            reason=f"{len(table)} differences from the maximum matter: exp is a table",
            overlaps={0: distance},
        ),
    )


def lower(graph: Graph, op: Op) -> tuple[KernelCall, ...]:
    """The call with an int8 output, in place."""
    return call(graph, op, "softmax_s8", 0)


OPERATORS = (
    Operator(
        kinds=("SOFTMAX",),
        constraints=(
            constraint_arity(1, 1),
            constraint_int8_activations,
            constraint_not_empty,
            constraint_shape,
            constraint_output_scale,
            constraint_beta,
        ),
        lower=lower,
        kernels=("softmax_s8",),
    ),
)
