"""FULLY_CONNECTED whose weights are computed, or have a zero point: a product of two matrices.

The weights cannot be prepared, nor their zero point folded into a bias, so that the op becomes a
call of BATCH_MATMUL's kernel. With int16 activations they have no zero point, and the op's own
kernel takes them as an input (`fully_connected.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from math import prod

import numpy as np

from mcuforge.frontend.graph import DType, Graph, Op
from mcuforge.planning.numerics import INT32_MAX, quantize_multiplier
from mcuforge.planning.ops import Constraint, batch_matmul, binary
from mcuforge.planning.ops.batch_matmul import BatchMatMulS8Params
from mcuforge.planning.ops.common import clamp_range, fused_activation, is_per_tensor_int8
from mcuforge.planning.plan import KernelCall

Lower = Callable[[Graph, Op], tuple[KernelCall, ...]]


def is_product(graph: Graph, op: Op) -> bool:
    """True for an int8 op whose weights have one scale, and are computed or have a zero point."""
    source, weights = graph.input(op, 0), graph.input(op, 1)
    if source.dtype is not DType.INT8 or weights.packed or not is_per_tensor_int8(weights):
        return False
    return not weights.is_constant or binary.quantizations(graph, op)[1].zero_point != 0


def is_given(graph: Graph, op: Op) -> bool:
    """True for an int16 op whose weights, of one scale, are computed."""
    source, weights = graph.input(op, 0), graph.input(op, 1)
    given = not weights.is_constant and is_per_tensor_int8(weights)
    return source.dtype is DType.INT16 and given


def of_prepared_weights(constraint: Constraint) -> Constraint:
    """The constraint, which only holds for weights that are prepared."""

    @wraps(constraint)
    def narrowed(graph: Graph, op: Op) -> str | None:
        prepared = not (is_product(graph, op) or is_given(graph, op))
        return constraint(graph, op) if prepared else None

    return narrowed


def constraint_sums(graph: Graph, op: Op) -> str | None:
    """Weights that are computed, or that have a zero point, are int8 with one scale, and no sum of
    their products can leave int32."""
    if not is_product(graph, op):
        return None
    depth, bias = graph.input(op, 1).shape[-1], _bias(graph, op)
    worst = batch_matmul.largest_sum(graph, op, depth)
    worst += 0 if bias is None else int(np.abs(bias.astype(np.int64)).max())
    return None if worst <= INT32_MAX else f"sums of {depth} products may reach {worst}"


def _bias(graph: Graph, op: Op) -> np.ndarray[tuple[int, ...], np.dtype[np.int32]] | None:
    bias = graph.optional_input(op, 2)
    return None if bias is None or bias.data is None else bias.data.reshape(-1).astype(np.int32)


def with_products(lower: Lower) -> Lower:
    """`lower`, but a product of matrices where the weights cannot be prepared."""
    return lambda graph, op: (_lower if is_product(graph, op) else lower)(graph, op)


def _lower(graph: Graph, op: Op) -> tuple[KernelCall, ...]:
    a, b, target = binary.quantizations(graph, op)
    columns, depth = graph.input(op, 1).shape
    multiplier, shift = quantize_multiplier(batch_matmul.real_multiplier(graph, op))
    low, high = clamp_range(fused_activation(op), target)
    params = BatchMatMulS8Params(
        rows=prod(graph.output(op).shape[:-1]),
        columns=columns,
        depth=depth,
        lhs_transposed=0,
        rhs_transposed=1,
        rank=0,
        extents=None,
        lhs_steps=None,
        rhs_steps=None,
        lhs_offset=-a.zero_point,
        rhs_offset=-b.zero_point,
        bias=_bias(graph, op),
        multiplier=multiplier,
        shift=shift,
        output_offset=target.zero_point,
        activation_min=low,
        activation_max=high,
    )
    return batch_matmul.call(op, params)
