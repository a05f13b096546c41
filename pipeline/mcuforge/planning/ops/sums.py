"""ADD_N and CUMSUM of int8.

TFLM multiplies each element by 2^20, halves it, and adds such numbers up in an int32, from that of
byte 0 on. All of it is exact until the sum is rescaled, so that the device adds elements as they
are, and the planner says how many may be added.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import ClassVar

import numpy as np

from mcuforge.frontend.graph import CumsumAttributes, DType, Graph, Op
from mcuforge.planning.numerics import INT32_MAX, quantize_multiplier, requantize
from mcuforge.planning.ops import Operator
from mcuforge.planning.ops.common import (
    constraint_arity,
    constraint_int8_activations,
    constraint_not_empty,
    describe,
    found_type,
    is_per_tensor_int8,
    limits,
    quantization,
)
from mcuforge.planning.ops.elementwise import ADD_LEFT_SHIFT, MAX_RANK, add_scaling
from mcuforge.planning.ops.reduce import axes_of, constraint_constant_axes
from mcuforge.planning.plan import I32, CStruct, KernelCall, KernelParams

MAX_TERMS = 32  # a sum of more fits for no zero point
_SHIFT = ADD_LEFT_SHIFT[DType.INT8] - 1  # times 2^20, then halved
_BYTES_OF_A_SUM = 2


@dataclass(frozen=True, eq=False)
class SumStage(CStruct):
    """Mirror of nn_sum_stage."""

    c_type: ClassVar[str] = "nn_sum_stage"
    start: I32
    input_offset: I32
    multiplier: I32
    shift: I32
    output_offset: I32


@dataclass(frozen=True, eq=False)
class CumsumS8Params(KernelParams):
    """Mirror of nn_cumsum_s8_params."""

    c_type: ClassVar[str] = "nn_cumsum_s8_params"
    stage: SumStage
    blocks: I32
    lines: I32
    extent: I32
    first: I32
    step: I32
    exclusive: I32


@dataclass(frozen=True, eq=False)
class AddNS8Params(KernelParams):
    """Mirror of nn_add_n_s8_params."""

    c_type: ClassVar[str] = "nn_add_n_s8_params"
    stage: SumStage
    elements: I32
    is_first: I32
    is_last: I32


def constraint_terms(graph: Graph, op: Op) -> str | None:
    """All terms and the output are int8 of one shape, of rank 6 at most, quantised per tensor, and
    all terms alike."""
    if min(op.inputs) < 0:
        return "one is left out"
    first, output = graph.input(op, 0), graph.output(op)
    for tensor in (*(graph.tensor(i) for i in op.inputs), output):
        if not is_per_tensor_int8(tensor):
            return f"tensor '{tensor.name}' is {found_type(tensor)}"
        if tensor.shape != first.shape or len(tensor.shape) > MAX_RANK:
            return f"tensor '{tensor.name}' is {describe(tensor)}, the first {describe(first)}"
        if tensor is not output and tensor.quantization != first.quantization:
            return f"'{tensor.name}' has another scale or zero point than '{first.name}'"
    return None


def constraint_cumsum_shape(graph: Graph, op: Op) -> str | None:
    """Input and output have one shape, of rank 1 to 6, and there is one axis."""
    source, output, axes = graph.input(op, 0), graph.output(op), graph.input(op, 1)
    if source.shape != output.shape or not 1 <= len(source.shape) <= MAX_RANK:
        return f"{describe(source)} becomes {describe(output)}"
    return None if axes.elements == 1 else f"there are {axes.elements} axes"


def constraint_sum_fits(graph: Graph, op: Op) -> str | None:
    """TFLM's sums stay within its int32, whatever the values: 15 terms at most where the zero point
    is -128 or 127, up to 32 where it is 0. TFLM begins each sum with what the byte 0 stands for,
    and so does the kernel."""
    terms = terms_of(graph, op)
    found = f"a sum of {terms} terms of zero point {quantization(graph.input(op, 0)).zero_point}"
    low, high = (total << _SHIFT for total in _range(graph, op))
    return None if low >= -INT32_MAX - 1 and high <= INT32_MAX else found


def constraint_sum_scales(graph: Graph, op: Op) -> str | None:
    """The input scale is below 2^19 times the output scale, and a sum that is rescaled leaves room
    for the output's zero point in an int32."""
    source, target = quantization(graph.input(op, 0)), quantization(graph.output(op))
    real = add_scaling(source, source, target).output
    found = f"the scales are {source.scale} and {target.scale}"
    if not 0.0 < real < 1.0 or quantize_multiplier(real)[1] > 0:
        return found
    ends = np.array(_range(graph, op), np.int64) << _SHIFT
    results = requantize(ends, *quantize_multiplier(real)) + target.zero_point
    return None if np.abs(results).max() <= INT32_MAX else found


def terms_of(graph: Graph, op: Op) -> int:
    """How many elements the longest sum has."""
    if op.kind == "ADD_N":
        return len(op.inputs)
    return graph.input(op, 0).shape[_axis(graph, op)]


def _range(graph: Graph, op: Op) -> tuple[int, int]:
    """The least and the largest sum of so many elements, or of fewer."""
    offset, terms = -quantization(graph.input(op, 0)).zero_point, terms_of(graph, op)
    low, high = limits(DType.INT8)
    return offset + terms * (low + offset), offset + terms * (high + offset)


def _axis(graph: Graph, op: Op) -> int:
    (axis,) = axes_of(graph, op)
    return axis


def _stage(graph: Graph, op: Op) -> SumStage:
    source, target = quantization(graph.input(op, 0)), quantization(graph.output(op))
    multiplier, shift = quantize_multiplier(add_scaling(source, source, target).output)
    offset = -source.zero_point
    return SumStage(offset, offset, multiplier, shift, target.zero_point)


def lower_cumsum(graph: Graph, op: Op) -> tuple[KernelCall, ...]:
    """The call of CUMSUM."""
    if not isinstance(op.attributes, CumsumAttributes):
        raise TypeError(f"{op.kind} carries {type(op.attributes).__name__}")
    shape, axis = graph.input(op, 0).shape, _axis(graph, op)
    lines, reverse = prod(shape[axis + 1 :]), op.attributes.reverse
    ascending = lines == 1 and not reverse
    return (
        KernelCall(
            kernel="cumsum_s8",
            params=CumsumS8Params(
                stage=_stage(graph, op),
                blocks=prod(shape[:axis]),
                lines=lines,
                extent=shape[axis],
                first=(shape[axis] - 1) * lines if reverse else 0,
                step=-lines if reverse else lines,
                exclusive=int(op.attributes.exclusive),
            ),
            inputs=(op.inputs[0],),
            output=op.outputs[0],
            reason="elements are added as they are, and each sum is rescaled once",
            overlaps={0: 0} if ascending else {},
        ),
    )


def lower_add_n(graph: Graph, op: Op) -> tuple[KernelCall, ...]:
    """The calls of ADD_N, one a term."""
    stage, elements, last = _stage(graph, op), graph.output(op).elements, len(op.inputs) - 1
    return tuple(
        KernelCall(
            kernel="add_n_s8",
            params=AddNS8Params(stage, elements, int(number == 0), int(number == last)),
            inputs=(term,),
            output=op.outputs[0],
            reason="elements are added as they are, and the sum is rescaled once",
            scratch_bytes=_BYTES_OF_A_SUM * elements,
        )
        for number, term in enumerate(op.inputs)
    )


OPERATORS = (
    Operator(
        kinds=("ADD_N",),
        constraints=(
            constraint_arity(2, MAX_TERMS),
            constraint_terms,
            constraint_not_empty,
            constraint_sum_fits,
            constraint_sum_scales,
        ),
        lower=lower_add_n,
        kernels=("add_n_s8",),
        since="0.2.0",
    ),
    Operator(
        kinds=("CUMSUM",),
        constraints=(
            constraint_arity(2, 2),
            constraint_int8_activations,
            constraint_not_empty,
            constraint_constant_axes,
            constraint_cumsum_shape,
            constraint_sum_fits,
            constraint_sum_scales,
        ),
        lower=lower_cumsum,
        kernels=("cumsum_s8",),
        since="0.2.0",
    ),
)
