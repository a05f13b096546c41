"""ADD, SUB and MUL: their rules, and their arithmetic for the tables of scalar operands."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mcuforge.frontend.graph import Graph, Op
from mcuforge.planning.numerics import Int64Array, clamp_int8, quantize_multiplier, requantize
from mcuforge.planning.ops import Operator, binary
from mcuforge.planning.ops.common import (
    clamp_range,
    constraint_arity,
    constraint_fused_activation,
    constraint_not_empty,
    constraint_symmetric,
    fused_activation,
)
from mcuforge.planning.ops.elementwise import (
    ADD_LEFT_SHIFT,
    add_scaling,
    constraint_add_scales,
    constraint_broadcast,
    constraint_mul_scales,
    constraint_operands,
    lower_add,
    lower_mul,
)


def add_values(graph: Graph, op: Op, a: Int64Array, b: Int64Array) -> npt.NDArray[np.int8]:
    """ADD or SUB of stored values. Source: TFLite's reference_integer_ops::AddFunc."""
    first, second, target = binary.quantizations(graph, op)
    scaling, dtype = add_scaling(first, second, target), graph.output(op).dtype
    left, right = (
        requantize((x - q.zero_point) << ADD_LEFT_SHIFT[dtype], *quantize_multiplier(real))
        for x, q, real in ((a, first, scaling.input1), (b, second, scaling.input2))
    )
    total = left - right if op.kind == "SUB" else left + right
    rescaled = requantize(total, *quantize_multiplier(scaling.output))
    return clamp_int8(target.zero_point + rescaled, *clamp_range(fused_activation(op), target))


def mul_values(graph: Graph, op: Op, a: Int64Array, b: Int64Array) -> npt.NDArray[np.int8]:
    """MUL of stored values. Source: TFLite's reference_integer_ops::MulElementwise."""
    first, second, target = binary.quantizations(graph, op)
    multiplier = quantize_multiplier(first.scale * second.scale / target.scale)
    product = requantize((a - first.zero_point) * (b - second.zero_point), *multiplier)
    return clamp_int8(target.zero_point + product, *clamp_range(fused_activation(op), target))


_CONSTRAINTS = (
    constraint_arity(2, 2),
    constraint_operands,
    constraint_not_empty,
    constraint_broadcast,
    constraint_fused_activation,
)

OPERATORS = (
    Operator(
        kinds=("ADD", "SUB"),
        constraints=(*_CONSTRAINTS, constraint_add_scales),
        lower=binary.with_table(add_values, lower_add),
        kernels=("add_s8", "add_s16", "lookup_s8"),
        since_16x8="0.2.0",
    ),
    Operator(
        kinds=("MUL",),
        constraints=(*_CONSTRAINTS, constraint_symmetric, constraint_mul_scales),
        lower=binary.with_table(mul_values, lower_mul),
        kernels=("mul_s8", "mul_s16", "lookup_s8"),
        since_16x8="0.2.0",
    ),
)
