"""The kernels of ADD, SUB and MUL of two int8 or int16 tensors, with broadcasting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mcuforge.frontend.graph import (
    DType,
    Graph,
    Op,
    Quantization,
    Tensor,
)
from mcuforge.planning.numerics import quantize_multiplier
from mcuforge.planning.ops.common import (
    alike,
    clamp_range,
    describe,
    fused_activation,
    quantization,
    suffix,
)
from mcuforge.planning.ops.loops import Loop, Odometer, dense_strides, merge, odometer
from mcuforge.planning.plan import I32, KernelCall, KernelParams, OptionalArrayI32

MAX_RANK = 6  # of TFLM's RuntimeShape
ADD_LEFT_SHIFT = {DType.INT8: 20, DType.INT16: 15}
MAX_MUL_SHIFT = {DType.INT8: 15, DType.INT16: 0}  # 255 * 255 * 2^15 < 2^31; 2^15 * 2^15 < 2^31


@dataclass(frozen=True, eq=False)
class AddS8Params(KernelParams):
    """Mirror of nn_add_s8_params."""

    c_type: ClassVar[str] = "nn_add_s8_params"
    inner: I32
    wide_stride: I32
    narrow_stride: I32
    rank: I32
    extents: OptionalArrayI32
    wide_steps: OptionalArrayI32
    narrow_steps: OptionalArrayI32
    wide_factor: I32
    wide_bias: I32
    narrow_offset: I32
    narrow_multiplier: I32
    narrow_shift: I32
    narrow_sign: I32
    output_multiplier: I32
    output_shift: I32
    output_offset: I32
    activation_min: I32
    activation_max: I32


@dataclass(frozen=True, eq=False)
class MulS8Params(KernelParams):
    """Mirror of nn_mul_s8_params."""

    c_type: ClassVar[str] = "nn_mul_s8_params"
    inner: I32
    stride1: I32
    stride2: I32
    rank: I32
    extents: OptionalArrayI32
    steps1: OptionalArrayI32
    steps2: OptionalArrayI32
    offset1: I32
    offset2: I32
    multiplier: I32
    shift: I32
    output_offset: I32
    activation_min: I32
    activation_max: I32


@dataclass(frozen=True)
class AddScaling:
    """Real multipliers of ADD and SUB: of both inputs (one is 0.5), and of their sum."""

    input1: float
    input2: float
    output: float


def constraint_operands(graph: Graph, op: Op) -> str | None:
    """Both inputs and the output are int8 or, all of them, int16, quantised per tensor."""
    return alike((*operands(graph, op), graph.output(op)))


def constraint_broadcast(graph: Graph, op: Op) -> str | None:
    """The inputs' shapes broadcast to the output's shape, of rank 6 at most."""
    inputs = [graph.tensor(i) for i in op.inputs]
    output = graph.output(op)
    found = f"{' and '.join(map(describe, inputs))} become {describe(output)}"
    if max(len(t.shape) for t in (*inputs, output)) > MAX_RANK:
        return found
    try:
        expected = np.broadcast_shapes(*(t.shape for t in inputs))
    except ValueError:
        return found
    return None if expected == output.shape else found


def add_scaling(
    a: Quantization, b: Quantization, output: Quantization, dtype: DType = DType.INT8
) -> AddScaling:
    """Real multipliers as TFLM's Prepare computes them, in double precision.

    TFLM up to August 2026 computed those of SUB in float32. The oracle does not, and the two
    differ by one step where the result is a tie.
    """
    twice = 2 * max(a.scale, b.scale)
    return AddScaling(
        a.scale / twice, b.scale / twice, twice / ((1 << ADD_LEFT_SHIFT[dtype]) * output.scale)
    )


def constraint_add_scales(graph: Graph, op: Op) -> str | None:
    """Twice the larger input scale is below 2^20 (int16: 2^15) times the output scale."""
    a, b, output = (quantization(t) for t in (*operands(graph, op), graph.output(op)))
    scaling = add_scaling(a, b, output, graph.output(op).dtype)
    for real in (scaling.input1, scaling.input2, scaling.output):
        if not 0.0 < real < 1.0 or quantize_multiplier(real)[1] > 0:
            return f"the scales are {a.scale}, {b.scale} and {output.scale}"
    return None


def constraint_mul_scales(graph: Graph, op: Op) -> str | None:
    """The product of the input scales is below 2^15 times the output scale; with int16, whose
    products have 31 bits, below the output scale."""
    a, b, output = (quantization(t) for t in (*operands(graph, op), graph.output(op)))
    if (
        quantize_multiplier(a.scale * b.scale / output.scale)[1]
        > MAX_MUL_SHIFT[graph.output(op).dtype]
    ):
        return f"the scales are {a.scale}, {b.scale} and {output.scale}"
    return None


def operands(graph: Graph, op: Op) -> tuple[Tensor, Tensor]:
    """Both inputs."""
    return graph.input(op, 0), graph.input(op, 1)


def broadcast_loops(
    shapes: Sequence[tuple[int, ...]], output: tuple[int, ...]
) -> tuple[Loop, Odometer]:
    """The innermost loop over all inputs, and the odometer of the loops around it."""
    rank = len(output)
    strides = []
    for shape in shapes:
        padded = (1,) * (rank - len(shape)) + shape
        dense = dense_strides(padded)
        strides.append([0 if d == 1 else s for d, s in zip(padded, dense, strict=True)])
    loops = merge(
        [Loop(extent, tuple(moves)) for extent, *moves in zip(output, *strides, strict=True)]
        or [Loop(1, (0,) * len(shapes))]
    )
    return loops[-1], odometer(loops[:-1], len(shapes))


def overlaps_of_elementwise(graph: Graph, inputs: tuple[int, ...], output: int) -> dict[int, int]:
    """The inputs that are not broadcast: each element is read just before it is overwritten."""
    elements = graph.tensor(output).elements
    return {i: 0 for i, t in enumerate(inputs) if graph.tensor(t).elements == elements}


def _add_params(graph: Graph, op: Op, wide: int) -> AddS8Params:
    """Parameters with the input at position `wide`, which has the larger scale, first."""
    tensors = operands(graph, op)
    a, b = (quantization(t) for t in tensors)
    target = quantization(graph.output(op))
    dtype = graph.output(op).dtype
    scaling = add_scaling(a, b, target, dtype)
    narrow = 1 - wide
    signs = (1, -1) if op.kind == "SUB" else (1, 1)
    inner, outer = broadcast_loops(
        (tensors[wide].shape, tensors[narrow].shape), graph.output(op).shape
    )
    factor = signs[wide] << (ADD_LEFT_SHIFT[dtype] - 1)
    narrow_multiplier, narrow_shift = quantize_multiplier((scaling.input1, scaling.input2)[narrow])
    output_multiplier, output_shift = quantize_multiplier(scaling.output)
    low, high = clamp_range(fused_activation(op), target, dtype)
    return AddS8Params(
        inner=inner.extent,
        wide_stride=inner.strides[0],
        narrow_stride=inner.strides[1],
        rank=outer.rank,
        extents=outer.extents,
        wide_steps=outer.steps[0],
        narrow_steps=outer.steps[1],
        wide_factor=factor,
        wide_bias=-(a, b)[wide].zero_point * factor,
        narrow_offset=-(a, b)[narrow].zero_point,
        narrow_multiplier=narrow_multiplier,
        narrow_shift=narrow_shift,
        narrow_sign=signs[narrow],
        output_multiplier=output_multiplier,
        output_shift=output_shift,
        output_offset=target.zero_point,
        activation_min=low,
        activation_max=high,
    )


def lower_add(graph: Graph, op: Op) -> tuple[KernelCall, ...]:
    """The call of ADD or SUB."""
    a, b = (quantization(t) for t in operands(graph, op))
    wide = 0 if a.scale >= b.scale else 1
    inputs = (op.inputs[wide], op.inputs[1 - wide])
    return (
        KernelCall(
            kernel=f"add_{suffix(graph.output(op))}",
            params=_add_params(graph, op, wide),
            inputs=inputs,
            output=op.outputs[0],
            reason=f"input {wide} has the larger scale: rescaling it is exactly a shift",
            overlaps=overlaps_of_elementwise(graph, inputs, op.outputs[0]),
        ),
    )


def lower_mul(graph: Graph, op: Op) -> tuple[KernelCall, ...]:
    """The call of MUL."""
    tensors, target = operands(graph, op), graph.output(op)
    a, b, output = (quantization(t) for t in (*tensors, target))
    inner, outer = broadcast_loops((tensors[0].shape, tensors[1].shape), target.shape)
    multiplier, shift = quantize_multiplier(a.scale * b.scale / output.scale)
    low, high = clamp_range(fused_activation(op), output, target.dtype)
    params = MulS8Params(
        inner=inner.extent,
        stride1=inner.strides[0],
        stride2=inner.strides[1],
        rank=outer.rank,
        extents=outer.extents,
        steps1=outer.steps[0],
        steps2=outer.steps[1],
        offset1=-a.zero_point,
        offset2=-b.zero_point,
        multiplier=multiplier,
        shift=shift,
        output_offset=output.zero_point,
        activation_min=low,
        activation_max=high,
    )
    inputs = (op.inputs[0], op.inputs[1])
    return (
        KernelCall(
            kernel=f"mul_{suffix(target)}",
            params=params,
            inputs=inputs,
            output=op.outputs[0],
            reason=f"dimensions merged into {outer.rank + 1} loop(s)",
            overlaps=overlaps_of_elementwise(graph, inputs, op.outputs[0]),
        ),
    )
