"""LOG_SOFTMAX over the last axis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mcuforge.frontend.graph import Graph, Op
from mcuforge.planning.numerics import quantize_multiplier, requantize
from mcuforge.planning.ops import Operator
from mcuforge.planning.ops.common import (
    constraint_arity,
    constraint_int8_activations,
    constraint_not_empty,
    quantization,
)
from mcuforge.planning.ops.softmax import constraint_shape, exponentials, real_multiplier
from mcuforge.planning.ops.unary.lookup import constraint_output
from mcuforge.planning.plan import I32, ArrayI32, KernelCall, KernelParams


@dataclass(frozen=True, eq=False)
class LogSoftmaxS8Params(KernelParams):
    """Mirror of nn_log_softmax_s8_params."""

    c_type: ClassVar[str] = "nn_log_softmax_s8_params"
    rows: I32
    depth: I32
    entries: I32
    exponentials: ArrayI32
    differences: ArrayI32
    reverse_multiplier: I32
    reverse_shift: I32


def _real_multiplier(graph: Graph, op: Op) -> float:
    return real_multiplier(1.0, quantization(graph.input(op, 0)).scale)


def constraint_input_scale(graph: Graph, op: Op) -> str | None:
    """The input's scale is above 2^-26."""
    real = _real_multiplier(graph, op)
    return None if real > 1.0 else f"it is {real} * 2^-26"


def lower(graph: Graph, op: Op) -> tuple[KernelCall, ...]:
    """The call of LOG_SOFTMAX. Source: TFLite's PreprocessLogSoftmaxScalingExp."""
    output = graph.output(op)
    real = _real_multiplier(graph, op)
    table = exponentials(real)
    multiplier, shift = quantize_multiplier(real)
    differences = requantize(-np.arange(len(table), dtype=np.int64), multiplier, shift)
    reverse_multiplier, reverse_shift = quantize_multiplier((1 << (31 - shift)) / multiplier)
    depth = output.shape[-1]
    params = LogSoftmaxS8Params(
        rows=output.elements // depth,
        depth=depth,
        entries=len(table),
        exponentials=table,
        differences=differences.astype(np.int32),
        reverse_multiplier=reverse_multiplier,
        reverse_shift=reverse_shift,
    )
    return (
        KernelCall(
            kernel="log_softmax_s8",
            params=params,
            inputs=(op.inputs[0],),
            output=op.outputs[0],
            reason=f"{len(table)} differences from the maximum matter: exp is a table",
            overlaps={0: 0},
        ),
    )


OPERATORS = (
    Operator(
        kinds=("LOG_SOFTMAX",),
        constraints=(
            constraint_arity(1, 1),
            constraint_int8_activations,
            constraint_not_empty,
            constraint_shape,
            constraint_output(1 / 16, 127),
            constraint_input_scale,
        ),
        lower=lower,
        kernels=("log_softmax_s8",),
        since="0.2.0",
    ),
)
