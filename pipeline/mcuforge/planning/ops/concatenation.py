"""CONCATENATION: one strided copy an input."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod
from typing import ClassVar, cast

from mcuforge.frontend.graph import Activation, ConcatenationAttributes, Graph, Op
from mcuforge.planning.ops import Operator, overlap
from mcuforge.planning.ops.common import (
    constraint_arity,
    constraint_not_empty,
    describe,
    found_type,
    is_per_tensor_int8,
    quantization,
)
from mcuforge.planning.plan import I32, KernelCall, KernelParams

MAX_INPUTS = 10
MAX_RANK = 6  # of TFLM's RuntimeShape


@dataclass(frozen=True, eq=False)
class CopyRowsS8Params(KernelParams):
    """Mirror of nn_copy_rows_s8_params."""

    c_type: ClassVar[str] = "nn_copy_rows_s8_params"
    rows: I32
    row_bytes: I32
    output_offset: I32
    output_stride: I32


def attributes(op: Op) -> ConcatenationAttributes:
    """The op's attributes, which the reader has made of this type."""
    if not isinstance(op.attributes, ConcatenationAttributes):
        raise TypeError(f"{op.kind} carries {type(op.attributes).__name__}")
    return op.attributes


def constraint_all_present(_graph: Graph, op: Op) -> str | None:
    """No input is left out."""
    return "an input is left out" if any(i < 0 for i in op.inputs) else None


def constraint_same_quantization(graph: Graph, op: Op) -> str | None:
    """All inputs and the output are int8 with the same scale and zero point."""
    output = graph.output(op)
    if not is_per_tensor_int8(output):
        return f"the output is {found_type(output)}"
    target = quantization(output)
    for tensor in map(graph.tensor, op.inputs):
        if not is_per_tensor_int8(tensor):
            return f"input '{tensor.name}' is {found_type(tensor)}"
        q = quantization(tensor)
        if (q.scale, q.zero_point) != (target.scale, target.zero_point):
            return f"input '{tensor.name}' has another scale or zero point than the output"
    return None


def constraint_no_activation(_graph: Graph, op: Op) -> str | None:
    """No activation is fused."""
    activation = attributes(op).activation
    return None if activation is Activation.NONE else f"it fuses {activation.value}"


def constraint_axis(graph: Graph, op: Op) -> str | None:
    """The output has a rank from 1 to 6, and the axis is one of its dimensions."""
    rank, axis = len(graph.output(op).shape), attributes(op).axis
    return None if 1 <= rank <= MAX_RANK and -rank <= axis < rank else f"axis {axis} of {rank}"


def constraint_shapes(graph: Graph, op: Op) -> str | None:
    """The inputs' shapes equal the output's except along the axis, where they add up to it."""
    shape, axis = graph.output(op).shape, _axis(graph, op)
    total = 0
    for tensor in map(graph.tensor, op.inputs):
        given = tensor.shape
        if len(given) != len(shape) or _others(given, axis) != _others(shape, axis):
            return f"input '{tensor.name}' is {describe(tensor)}, the output has {list(shape)}"
        total += given[axis]
    return None if total == shape[axis] else f"{total} elements go into {shape[axis]}"


def _others(shape: tuple[int, ...], axis: int) -> tuple[int, ...]:
    return shape[:axis] + shape[axis + 1 :]


def _axis(graph: Graph, op: Op) -> int:
    """The axis, counted from the front."""
    return attributes(op).axis % len(graph.output(op).shape)


def lower(graph: Graph, op: Op) -> tuple[KernelCall, ...]:
    """One call for each input, the largest first: only it may share bytes with the output."""
    calls = _copies(graph, op)
    sizes = [graph.tensor(call.inputs[0]).bytes for call in calls]
    largest = calls.pop(sizes.index(max(sizes)))
    return replace(largest, overlaps=_overlaps(largest)), *calls


def _overlaps(call: KernelCall) -> dict[int, int]:
    """A step is a row."""
    params = cast(CopyRowsS8Params, call.params)
    rows = overlap.linear(params.rows, params.row_bytes, params.output_stride)
    step = params.output_offset + params.row_bytes
    return {0: overlap.distance([rows], params.rows * params.row_bytes, step)}


def _copies(graph: Graph, op: Op) -> list[KernelCall]:
    """One call for each input, in order."""
    shape, axis = graph.output(op).shape, _axis(graph, op)
    calls = []
    offset = 0
    for index in op.inputs:
        row_bytes = prod(graph.tensor(index).shape[axis:])
        params = CopyRowsS8Params(
            rows=prod(shape[:axis]),
            row_bytes=row_bytes,
            output_offset=offset,
            output_stride=prod(shape[axis:]),
        )
        calls.append(
            KernelCall(
                kernel="copy_rows_s8",
                params=params,
                inputs=(index,),
                output=op.outputs[0],
                reason="all inputs share the output's quantisation: rows are only copied",
            )
        )
        offset += row_bytes
    return calls


OPERATORS = (
    Operator(
        kinds=("CONCATENATION",),
        constraints=(
            constraint_arity(1, MAX_INPUTS),
            constraint_all_present,
            constraint_same_quantization,
            constraint_not_empty,
            constraint_no_activation,
            constraint_axis,
            constraint_shapes,
        ),
        lower=lower,
        kernels=("copy_rows_s8",),
    ),
)
