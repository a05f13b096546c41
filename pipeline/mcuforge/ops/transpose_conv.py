"""TRANSPOSE_CONV, as one ordinary convolution for each phase of its stride.

Output row y receives the input rows i with i * stride - padding + k = y for some filter row k. The
output rows with the same (y + padding) mod stride meet the same filter rows: they are a
convolution with stride 1 of the input with every stride-th filter row, in reverse order. The
phases write pixels that lie `stride` apart, and need no accumulator the size of the output.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt

from mcuforge.graph import Graph, Op, TransposeConvAttributes
from mcuforge.ops import Operator, meaning
from mcuforge.ops.common import (
    clamp_range,
    constraint_arity,
    constraint_fused_activation,
    constraint_not_empty,
    describe,
    is_per_tensor_int8,
    output_size,
    padding_before,
    quantization,
)
from mcuforge.ops.convolution import (
    MAX_TAPS,
    Conv2dS8Params,
    Int64Array,
    accumulator_overflow,
    bias_values,
    constant,
    constraint_bias,
    constraint_shifts,
    constraint_weights,
    fold_bias,
    multipliers,
    outside_range,
    pack_filters,
    scratch_bytes,
)
from mcuforge.plan import KernelCall

Scaling = tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]

MAX_PHASES = 64  # each becomes a call with filters of its own
WEIGHTS, INPUT, BIAS = 1, 2, 3  # positions of the op's inputs; 0 is the output shape


def _attributes(op: Op) -> TransposeConvAttributes:
    return cast(TransposeConvAttributes, op.attributes)


@dataclass(frozen=True)
class Phase:
    """One axis of one phase: which outputs it computes, from which filter rows.

    Outputs are first, first + stride, ...; output number j sees the input rows
    j - padding ... j - padding + len(taps) - 1 through the filter rows `taps`, in that order.
    """

    first: int
    outputs: int
    taps: tuple[int, ...]
    padding: int


def phases(output: int, window: int, stride: int, padding: int) -> tuple[Phase, ...]:
    """The phases of one axis; none where there is no output in a phase."""
    found = []
    for first in range(min(stride, output)):
        smallest = (first + padding) % stride
        taps = tuple(range(smallest, window, stride))[::-1]
        # Output number 0 meets filter row `taps[0]` at this input row.
        start = (first + padding - taps[0]) // stride if taps else 0
        found.append(Phase(first, -(-(output - first) // stride), taps, -start))
    return tuple(found)


def constraint_int8_input(graph: Graph, op: Op) -> str | None:
    """Input and output are int8, quantised per tensor."""
    for tensor in (graph.input(op, INPUT), graph.output(op)):
        if not is_per_tensor_int8(tensor):
            return f"tensor '{tensor.name}' is {describe(tensor)}, or not quantised per tensor"
    return None


def constraint_shapes(graph: Graph, op: Op) -> str | None:
    """Input, weights and output have four dimensions that agree."""
    source, weights, output = graph.input(op, INPUT), graph.input(op, WEIGHTS), graph.output(op)
    ranks = [len(t.shape) for t in (source, weights, output)]
    if ranks != [4, 4, 4]:
        return f"they have {ranks} dimensions"
    if source.shape[0] != output.shape[0]:
        return f"the batches are {source.shape[0]} and {output.shape[0]}"
    if (weights.shape[0], weights.shape[3]) != (output.shape[3], source.shape[3]):
        return f"{describe(source)} meets weights {describe(weights)} and makes {describe(output)}"
    return None


def constraint_strides(graph: Graph, op: Op) -> str | None:
    """Strides are at least 1 and have at most 64 phases; the filter's extent is at most 32767."""
    a = _attributes(op)
    _, height, width, _ = graph.input(op, WEIGHTS).shape
    wrong = outside_range(a.stride_h, a.stride_w, height, width)
    if wrong is None and a.stride_h * a.stride_w > MAX_PHASES:
        return f"strides of {a.stride_h} and {a.stride_w} have {a.stride_h * a.stride_w}"
    return wrong


def constraint_output_shape(graph: Graph, op: Op) -> str | None:
    """The output shape is a constant and equals the output's shape."""
    shape = graph.input(op, 0)
    if shape.data is None:
        return "the output shape is computed at run time"
    given = tuple(int(d) for d in shape.data.reshape(-1))
    found = graph.output(op).shape
    return None if given == found else f"the output is {found}, but {given} is asked for"


def constraint_accumulator(graph: Graph, op: Op) -> str | None:
    """No input can drive an accumulator out of int32; a filter has at most 131,072 taps."""
    filters = constant(graph.input(op, WEIGHTS))
    if filters[0].size > MAX_TAPS:
        return f"a filter has {filters[0].size} taps"
    bias = bias_values(graph, op, BIAS, len(filters))
    zero_point = quantization(graph.input(op, INPUT)).zero_point
    return accumulator_overflow(filters, bias, zero_point)


def _padding(graph: Graph, op: Op) -> tuple[int, int]:
    """Padding above and to the left, derived as TFLM does: as if the output were convolved."""
    a = _attributes(op)
    _, height, width, _ = graph.output(op).shape
    _, filter_h, filter_w, _ = graph.input(op, WEIGHTS).shape
    rows = output_size(a.padding, height, filter_h, a.stride_h, 1)
    columns = output_size(a.padding, width, filter_w, a.stride_w, 1)
    return (
        padding_before(height, rows, filter_h, a.stride_h, 1),
        padding_before(width, columns, filter_w, a.stride_w, 1),
    )


def lower(graph: Graph, op: Op) -> tuple[KernelCall, ...]:
    """A call of `nn_conv2d_s8` for each phase: stride_h * stride_w of them at most."""
    a = _attributes(op)
    _, height, width, _ = graph.output(op).shape
    filters = constant(graph.input(op, WEIGHTS))
    padding_top, padding_left = _padding(graph, op)
    scaling = multipliers(
        quantization(graph.input(op, INPUT)),
        quantization(graph.input(op, WEIGHTS)),
        quantization(graph.output(op)),
        len(filters),
    )
    return tuple(
        _call(graph, op, filters, scaling, rows, columns)
        for rows in phases(height, filters.shape[1], a.stride_h, padding_top)
        for columns in phases(width, filters.shape[2], a.stride_w, padding_left)
    )


def _call(
    graph: Graph, op: Op, filters: Int64Array, scaling: Scaling, rows: Phase, columns: Phase
) -> KernelCall:
    a = _attributes(op)
    source, output = graph.input(op, INPUT), graph.output(op)
    batches, height, width, channels = source.shape
    _, output_height, output_width, output_channels = output.shape
    taken = filters[:, list(rows.taps)][:, :, list(columns.taps)]
    packed = pack_filters(taken)
    zero_point = quantization(source).zero_point
    low, high = clamp_range(a.activation, quantization(output))
    multiplier, shift = scaling
    row_bytes = output_width * output_channels
    params = Conv2dS8Params(
        batches=batches,
        input_height=height,
        input_width=width,
        input_channels=channels,
        group_channels=channels,
        output_height=rows.outputs,
        output_width=columns.outputs,
        output_channels=output_channels,
        filter_height=len(rows.taps),
        filter_width=len(columns.taps),
        filter_stride=packed.shape[1],
        stride_height=1,
        stride_width=1,
        dilation_height=1,
        dilation_width=1,
        padding_top=rows.padding,
        padding_left=columns.padding,
        output_start=rows.first * row_bytes + columns.first * output_channels,
        output_batch_stride=output_height * row_bytes,
        output_row_stride=a.stride_h * row_bytes,
        output_pixel_stride=a.stride_w * output_channels,
        input_zero_point=zero_point,
        output_offset=quantization(output).zero_point,
        activation_min=low,
        activation_max=high,
        weights=packed,
        bias=fold_bias(taken, bias_values(graph, op, BIAS, output_channels), zero_point),
        multiplier=multiplier,
        shift=shift,
    )
    return KernelCall(
        kernel="conv2d_s8",
        params=params,
        inputs=(op.inputs[INPUT],),
        output=op.outputs[0],
        reason=(
            f"phase ({rows.first}, {columns.first}) of the stride is a convolution with "
            f"{len(rows.taps)}x{len(columns.taps)} taps; no accumulator of the output's size"
        ),
        scratch_bytes=scratch_bytes(packed.shape[1]),
    )


OPERATORS = (
    Operator(
        kinds=("TRANSPOSE_CONV",),
        constraints=(
            constraint_arity(3, 4),
            constraint_int8_input,
            constraint_not_empty,
            constraint_fused_activation,
            constraint_weights(WEIGHTS, axis=0),
            constraint_shapes,
            constraint_strides,
            constraint_output_shape,
            constraint_bias(BIAS, channels=3),
            constraint_shifts(INPUT, WEIGHTS),
            meaning.constraint_bias_scale(INPUT, WEIGHTS, BIAS),
            constraint_accumulator,
        ),
        lower=lower,
        kernels=("conv2d_s8",),
    ),
)
