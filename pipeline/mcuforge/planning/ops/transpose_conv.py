"""TRANSPOSE_CONV, as one ordinary convolution for each phase of its stride.

Output row y receives the input rows i with i * stride - padding + k = y for some filter row k. The
output rows with the same (y + padding) mod stride meet the same filter rows: they are a
convolution with stride 1 of the input with every stride-th filter row, in reverse order. The
phases write pixels that lie `stride` apart, and need no accumulator the size of the output.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import cast

from mcuforge.frontend.graph import DType, Graph, Op, TransposeConvAttributes
from mcuforge.planning.ops import Operator
from mcuforge.planning.ops.common import (
    alike,
    constraint_arity,
    constraint_fused_activation,
    constraint_not_empty,
    constraint_symmetric,
    describe,
    quantization,
    suffix,
)
from mcuforge.planning.ops.convolution import PARAMS, outside_range, scratch_bytes
from mcuforge.planning.ops.weighted_sum import Int64Array, OutputStage, WeightedSum, pack_filters
from mcuforge.planning.ops.window import Pair, SlidingWindow, image_sizes, output_sizes, paddings
from mcuforge.planning.plan import KernelCall

MAX_PHASES = 64  # each becomes a call with filters of its own
WEIGHTS, INPUT, BIAS = 1, 2, 3  # positions of the op's inputs; 0 is the output shape
SUM = WeightedSum(source=INPUT, weights=WEIGHTS, bias=BIAS, bias_types=(DType.INT16, DType.INT64))


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


def constraint_types(graph: Graph, op: Op) -> str | None:
    """Input and output are int8 or, both, int16, quantised per tensor."""
    return alike((graph.input(op, INPUT), graph.output(op)))


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
    """A constant output shape equals the output's shape; TFLM does not read one of the run time."""
    shape = graph.input(op, 0)
    if shape.data is None:
        return None
    given = tuple(int(d) for d in shape.data.reshape(-1))
    found = graph.output(op).shape
    return None if given == found else f"the output is {found}, but {given} is asked for"


def _padding(graph: Graph, op: Op) -> Pair:
    """Padding above and to the left, derived as TFLM does: as if the output were convolved."""
    a = _attributes(op)
    _, height, width, _ = graph.output(op).shape
    _, filter_height, filter_width, _ = graph.input(op, WEIGHTS).shape
    size, window, stride = (height, width), (filter_height, filter_width), (a.stride_h, a.stride_w)
    return paddings(size, output_sizes(a.padding, size, window, stride), window, stride)


def lower(graph: Graph, op: Op) -> tuple[KernelCall, ...]:
    """A call of the convolution for each phase: stride_h * stride_w of them at most."""
    a = _attributes(op)
    _, height, width, _ = graph.output(op).shape
    filters = SUM.filters(graph, op)
    stage = SUM.output_stage(graph, op, filters)
    padding_top, padding_left = _padding(graph, op)
    return tuple(
        _call(graph, op, filters, stage, rows, columns)
        for rows in phases(height, filters.shape[1], a.stride_h, padding_top)
        for columns in phases(width, filters.shape[2], a.stride_w, padding_left)
    )


def _call(
    graph: Graph, op: Op, filters: Int64Array, stage: OutputStage, rows: Phase, columns: Phase
) -> KernelCall:
    a = _attributes(op)
    source, output = graph.input(op, INPUT), graph.output(op)
    _, output_height, output_width, output_channels = output.shape
    sizes = image_sizes(source, output)
    taken = filters[:, list(rows.taps)][:, :, list(columns.taps)]
    packed = pack_filters(taken)
    row = output_width * output_channels
    params = PARAMS[source.dtype](
        output_stage=replace(stage, bias=SUM.folded_bias(graph, op, taken)),
        sizes=replace(sizes, output_height=rows.outputs, output_width=columns.outputs),
        window=_window(rows, columns),
        group_channels=sizes.input_channels,
        output_channels=output_channels,
        output_start=rows.first * row + columns.first * output_channels,
        output_batch_stride=output_height * row,
        output_row_stride=a.stride_h * row,
        output_pixel_stride=a.stride_w * output_channels,
        input_zero_point=quantization(source).zero_point,
        filter_stride=packed.shape[1],
        weights=packed,
    )
    return KernelCall(
        kernel=f"conv2d_{suffix(source)}",
        params=params,
        inputs=(op.inputs[INPUT],),
        output=op.outputs[0],
        reason=(
            f"phase ({rows.first}, {columns.first}) of the stride is a convolution with "
            f"{len(rows.taps)}x{len(columns.taps)} taps; no accumulator of the output's size"
        ),
        scratch_bytes=scratch_bytes(packed.shape[1], source.dtype),
    )


def _window(rows: Phase, columns: Phase) -> SlidingWindow:
    return SlidingWindow(
        filter_height=len(rows.taps),
        filter_width=len(columns.taps),
        stride_height=1,
        stride_width=1,
        dilation_height=1,
        dilation_width=1,
        padding_top=rows.padding,
        padding_left=columns.padding,
    )


OPERATORS = (
    Operator(
        kinds=("TRANSPOSE_CONV",),
        constraints=(
            constraint_arity(3, 4),
            constraint_types,
            constraint_symmetric,
            constraint_not_empty,
            constraint_fused_activation,
            SUM.constraint_weights,
            constraint_shapes,
            constraint_strides,
            constraint_output_shape,
            *SUM.constraints,
        ),
        lower=lower,
        kernels=("conv2d_s8", "conv2d_s16"),
        since_16x8="0.2.0",
    ),
)
