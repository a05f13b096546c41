"""PRELU: alpha * x below zero, alpha a tensor that broadcasts, as a rule one value a channel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mcuforge.frontend.graph import DType, Graph, Op
from mcuforge.planning.numerics import quantize_multiplier
from mcuforge.planning.ops import Operator
from mcuforge.planning.ops.binary import constraint_int8_operands
from mcuforge.planning.ops.common import constraint_arity, constraint_not_empty, quantization
from mcuforge.planning.ops.elementwise import (
    MAX_MUL_SHIFT,
    broadcast_loops,
    constraint_broadcast,
    overlaps_of_elementwise,
)
from mcuforge.planning.ops.unary.lookup import MAX_TABLE_SHIFT
from mcuforge.planning.plan import I32, KernelCall, KernelParams, OptionalArrayI32


@dataclass(frozen=True, eq=False)
class PreluS8Params(KernelParams):
    """Mirror of nn_prelu_s8_params."""

    c_type: ClassVar[str] = "nn_prelu_s8_params"
    inner: I32
    input_stride: I32
    alpha_stride: I32
    rank: I32
    extents: OptionalArrayI32
    input_steps: OptionalArrayI32
    alpha_steps: OptionalArrayI32
    input_offset: I32
    alpha_offset: I32
    multiplier: I32
    shift: I32
    alpha_multiplier: I32
    alpha_shift: I32
    output_offset: I32


def _multipliers(graph: Graph, op: Op) -> tuple[tuple[int, int], tuple[int, int]]:
    """Multiplier and shift from zero on, and below. Source: TFLM's CalculatePreluParams."""
    x, alpha, target = (
        quantization(t) for t in (graph.input(op, 0), graph.input(op, 1), graph.output(op))
    )
    return (
        quantize_multiplier(x.scale / target.scale),
        quantize_multiplier(x.scale * alpha.scale / target.scale),
    )


def constraint_prelu_scales(graph: Graph, op: Op) -> str | None:
    """The input's scale is below 2^23 times the output's, and times alpha's below 2^15 times it."""
    (_, shift), (_, alpha_shift) = _multipliers(graph, op)
    if shift <= MAX_TABLE_SHIFT and alpha_shift <= MAX_MUL_SHIFT[DType.INT8]:
        return None
    scales = [quantization(graph.input(op, i)).scale for i in range(2)]
    return f"the scales are {scales[0]}, {scales[1]} and {quantization(graph.output(op)).scale}"


def lower(graph: Graph, op: Op) -> tuple[KernelCall, ...]:
    """The call of PRELU."""
    x, alpha, target = graph.input(op, 0), graph.input(op, 1), graph.output(op)
    inner, outer = broadcast_loops((x.shape, alpha.shape), target.shape)
    identity, leak = _multipliers(graph, op)
    params = PreluS8Params(
        inner=inner.extent,
        input_stride=inner.strides[0],
        alpha_stride=inner.strides[1],
        rank=outer.rank,
        extents=outer.extents,
        input_steps=outer.steps[0],
        alpha_steps=outer.steps[1],
        input_offset=-quantization(x).zero_point,
        alpha_offset=-quantization(alpha).zero_point,
        multiplier=identity[0],
        shift=identity[1],
        alpha_multiplier=leak[0],
        alpha_shift=leak[1],
        output_offset=quantization(target).zero_point,
    )
    inputs = (op.inputs[0], op.inputs[1])
    return (
        KernelCall(
            kernel="prelu_s8",
            params=params,
            inputs=inputs,
            output=op.outputs[0],
            reason=f"dimensions merged into {outer.rank + 1} loop(s)",
            overlaps=overlaps_of_elementwise(graph, inputs, op.outputs[0]),
        ),
    )


OPERATORS = (
    Operator(
        kinds=("PRELU",),
        constraints=(
            constraint_arity(2, 2),
            constraint_int8_operands,
            constraint_not_empty,
            constraint_broadcast,
            constraint_prelu_scales,
        ),
        lower=lower,
        kernels=("prelu_s8",),
        since="0.2.0",
    ),
)
