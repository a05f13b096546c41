"""CONCATENATION and PACK: one strided copy an input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod

from mcuforge.frontend.graph import Activation, ConcatenationAttributes, DType, Graph, Op
from mcuforge.planning.ops import Operator, meaning
from mcuforge.planning.ops.common import (
    constraint_arity,
    constraint_not_empty,
    describe,
    found_type,
    is_per_tensor_int8,
    is_quantized_per_axis,
    quantization,
)
from mcuforge.planning.ops.loops import Loop
from mcuforge.planning.ops.moving import KERNELS, SINCE, Move, call
from mcuforge.planning.ops.split import pack_attributes
from mcuforge.planning.plan import KernelCall

MAX_INPUTS = 4096  # calls of a kernel: what a file of some KB may ask for
MAX_RANK = 6  # of TFLM's RuntimeShape
TYPES = (DType.INT8, DType.INT16, DType.INT32, DType.INT64, DType.FLOAT32, DType.BOOL)
PACKED = (DType.INT8, DType.INT16, DType.INT32, DType.INT64, DType.FLOAT32)


def attributes(op: Op) -> ConcatenationAttributes:
    """The op's attributes, which the reader has made of this type."""
    if not isinstance(op.attributes, ConcatenationAttributes):
        raise TypeError(f"{op.kind} carries {type(op.attributes).__name__}")
    return op.attributes


def constraint_all_present(_graph: Graph, op: Op) -> str | None:
    """No input is left out."""
    return "an input is left out" if any(i < 0 for i in op.inputs) else None


def constraint_same_type(graph: Graph, op: Op) -> str | None:
    """Inputs and output are all int8, int16, int32, int64 or float32, or those of CONCATENATION all
    bool, and not quantised per axis."""
    output = graph.output(op)
    types = TYPES if op.kind == "CONCATENATION" else PACKED
    for tensor in (output, *map(graph.tensor, op.inputs)):
        if tensor.dtype not in types or tensor.dtype is not output.dtype:
            return f"tensor '{tensor.name}' is {describe(tensor)}"
        if is_quantized_per_axis(tensor):
            return f"tensor '{tensor.name}' is quantised per axis"
    return None


def constraint_same_meaning(graph: Graph, op: Op) -> str | None:
    """TFLM rescales nothing in this op, so that inputs and output must be quantised alike, to one
    step of the output."""
    for tensor in map(graph.tensor, op.inputs):
        found = meaning.copied(tensor, graph.output(op))
        if found is not None:
            return f"input '{tensor.name}': {found}"
    return None


def constraint_same_quantization(graph: Graph, op: Op) -> str | None:
    """int8 inputs have the scale and zero point of the output, int16 ones the zero point 0."""
    output = graph.output(op)
    if output.dtype is DType.INT16:
        zero_points = [graph.tensor(i).quantization for i in (*op.inputs, *op.outputs)]
        return "a zero point is not 0" if any(q and q.zero_point for q in zero_points) else None
    if output.dtype is not DType.INT8:
        return None
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
    shape = graph.output(op).shape
    axis, total = attributes(op).axis % len(shape), 0
    for tensor in map(graph.tensor, op.inputs):
        given = tensor.shape
        if len(given) != len(shape) or _others(given, axis) != _others(shape, axis):
            return f"input '{tensor.name}' is {describe(tensor)}, the output has {list(shape)}"
        total += given[axis]
    return None if total == shape[axis] else f"{total} elements go into {shape[axis]}"


def _others(shape: tuple[int, ...], axis: int) -> tuple[int, ...]:
    return shape[:axis] + shape[axis + 1 :]


def constraint_packed(graph: Graph, op: Op) -> str | None:
    """The output has a dimension more, along which its extent is the number of inputs, and the
    inputs have its other dimensions."""
    output, a = graph.output(op), pack_attributes(op)
    rank = len(output.shape)
    if not -rank <= a.axis < rank:
        return f"axis {a.axis} of {rank}"
    if not a.count == len(op.inputs) == output.shape[a.axis]:
        return f"{len(op.inputs)} inputs of {a.count} become {describe(output)}"
    expected = _others(output.shape, a.axis % rank)
    other = next((t for i in op.inputs if (t := graph.tensor(i)).shape != expected), None)
    return None if other is None else f"{describe(other)}, not {list(expected)}"


def _joined(graph: Graph, op: Op, axis: int, widths: Sequence[int]) -> tuple[KernelCall, ...]:
    """One call for each input; only the first may share bytes with the output.

    That is the largest of those that nothing reads afterwards, or else the largest.

    Each row of the output along `axis` is made of `widths` elements of each input.
    """
    rows, row = prod(graph.output(op).shape[:axis]), sum(widths)
    calls, begin = [], 0
    for index, width in zip(op.inputs, widths, strict=True):
        loops = (Loop(rows, (width, row)), Loop(width, (1, 1)))
        calls.append(call(graph, Move(index, op.outputs[0], loops, write=begin)))
        begin += width
    ends = [graph.last_readers.get(i) is op and i not in graph.outputs for i in op.inputs]
    first = calls.pop(max(range(len(widths)), key=lambda n: (ends[n], widths[n], -n)))
    return first, *(replace(other, overlaps={}) for other in calls)


def lower(graph: Graph, op: Op) -> tuple[KernelCall, ...]:
    """The calls of CONCATENATION."""
    axis = attributes(op).axis % len(graph.output(op).shape)
    return _joined(graph, op, axis, [prod(graph.tensor(i).shape[axis:]) for i in op.inputs])


def lower_pack(graph: Graph, op: Op) -> tuple[KernelCall, ...]:
    """The calls of PACK."""
    shape = graph.output(op).shape
    axis = pack_attributes(op).axis % len(shape)
    return _joined(graph, op, axis, [prod(shape[axis + 1 :])] * len(op.inputs))


OPERATORS = (
    Operator(
        kinds=("CONCATENATION",),
        constraints=(
            constraint_arity(1, MAX_INPUTS),
            constraint_all_present,
            constraint_same_type,
            constraint_same_quantization,
            constraint_not_empty,
            constraint_no_activation,
            constraint_axis,
            constraint_shapes,
            constraint_same_meaning,
        ),
        lower=lower,
        kernels=KERNELS,
        since_16x8=SINCE,
    ),
    Operator(
        kinds=("PACK",),
        constraints=(
            constraint_arity(1, MAX_INPUTS),
            constraint_all_present,
            constraint_same_type,
            constraint_not_empty,
            constraint_packed,
            constraint_same_meaning,
        ),
        lower=lower_pack,
        kernels=KERNELS,
        since=SINCE,
        since_16x8=SINCE,
    ),
)
