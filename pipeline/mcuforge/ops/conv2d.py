"""CONV_2D."""

from __future__ import annotations

from typing import cast

from mcuforge.graph import Conv2DAttributes, Graph, Op
from mcuforge.ops import Operator, meaning
from mcuforge.ops.common import (
    clamp_range,
    constraint_arity,
    constraint_fused_activation,
    constraint_int8_activations,
    constraint_not_empty,
    output_size,
    padding_before,
    quantization,
)
from mcuforge.ops.convolution import (
    MAX_TAPS,
    Conv2dS8Params,
    accumulator_overflow,
    bias_values,
    constant,
    constraint_bias,
    constraint_shifts,
    constraint_weights,
    fold_bias,
    multipliers,
    outside_range,
    overlap_distance,
    pack_filters,
    scratch_bytes,
)
from mcuforge.plan import KernelCall


def _attributes(op: Op) -> Conv2DAttributes:
    return cast(Conv2DAttributes, op.attributes)


def constraint_ranks(graph: Graph, op: Op) -> str | None:
    """Input, weights and output have four dimensions, and one batch size."""
    tensors = (graph.input(op, 0), graph.input(op, 1), graph.output(op))
    ranks = [len(t.shape) for t in tensors]
    if ranks != [4, 4, 4]:
        return f"they have {ranks} dimensions"
    batches = tensors[0].shape[0], tensors[2].shape[0]
    return None if batches[0] == batches[1] else f"the batches are {batches[0]} and {batches[1]}"


def constraint_options(graph: Graph, op: Op) -> str | None:
    """Strides and dilations are from 1 to 32767, and so is the extent of the dilated filter."""
    a = _attributes(op)
    _, height, width, _ = graph.input(op, 1).shape
    return outside_range(a.stride_h, a.stride_w, a.dilation_h, a.dilation_w) or outside_range(
        (height - 1) * a.dilation_h + 1, (width - 1) * a.dilation_w + 1
    )


def constraint_channels(graph: Graph, op: Op) -> str | None:
    """The weights' channels divide the input's, and the groups divide the output's."""
    inputs = graph.input(op, 0).shape[3]
    outputs, _, _, group = graph.input(op, 1).shape
    if graph.output(op).shape[3] != outputs:
        return f"{outputs} filters make {graph.output(op).shape[3]} channels"
    if group == 0 or inputs % group or outputs % (inputs // group):
        return f"{inputs} input channels meet {outputs} filters of {group} channels"
    return None


def constraint_output_size(graph: Graph, op: Op) -> str | None:
    """The output's height and width follow from input, weights, padding, stride and dilation."""
    a = _attributes(op)
    _, height, width, _ = graph.input(op, 0).shape
    _, filter_height, filter_width, _ = graph.input(op, 1).shape
    expected = (
        output_size(a.padding, height, filter_height, a.stride_h, a.dilation_h),
        output_size(a.padding, width, filter_width, a.stride_w, a.dilation_w),
    )
    found = graph.output(op).shape[1:3]
    return None if found == expected else f"the output is {found}, not {expected}"


def constraint_accumulator(graph: Graph, op: Op) -> str | None:
    """No input can drive an accumulator out of int32; a filter has at most 131,072 taps."""
    filters = constant(graph.input(op, 1))
    if filters[0].size > MAX_TAPS:
        return f"a filter has {filters[0].size} taps"
    bias = bias_values(graph, op, 2, filters.shape[0])
    return accumulator_overflow(filters, bias, quantization(graph.input(op, 0)).zero_point)


def lower(graph: Graph, op: Op) -> tuple[KernelCall, ...]:
    """One call of `nn_conv2d_s8`."""
    a = _attributes(op)
    source, output = graph.input(op, 0), graph.output(op)
    batches, height, width, channels = source.shape
    _, output_height, output_width, output_channels = output.shape
    filters = constant(graph.input(op, 1))
    _, filter_height, filter_width, group_channels = filters.shape
    packed = pack_filters(filters)
    zero_point = quantization(source).zero_point
    low, high = clamp_range(a.activation, quantization(output))
    multiplier, shift = multipliers(
        quantization(source), quantization(graph.input(op, 1)), quantization(output), len(filters)
    )
    params = Conv2dS8Params(
        batches=batches,
        input_height=height,
        input_width=width,
        input_channels=channels,
        group_channels=group_channels,
        output_height=output_height,
        output_width=output_width,
        output_channels=output_channels,
        filter_height=filter_height,
        filter_width=filter_width,
        filter_stride=packed.shape[1],
        stride_height=a.stride_h,
        stride_width=a.stride_w,
        dilation_height=a.dilation_h,
        dilation_width=a.dilation_w,
        padding_top=padding_before(height, output_height, filter_height, a.stride_h, a.dilation_h),
        padding_left=padding_before(width, output_width, filter_width, a.stride_w, a.dilation_w),
        output_start=0,
        output_batch_stride=output_height * output_width * output_channels,
        output_row_stride=output_width * output_channels,
        output_pixel_stride=output_channels,
        input_zero_point=zero_point,
        output_offset=quantization(output).zero_point,
        activation_min=low,
        activation_max=high,
        weights=packed,
        bias=fold_bias(filters, bias_values(graph, op, 2, len(filters)), zero_point),
        multiplier=multiplier,
        shift=shift,
    )
    return (
        KernelCall(
            kernel="conv2d_s8",
            params=params,
            inputs=(op.inputs[0],),
            output=op.outputs[0],
            reason="two pixels share each load of the weights; the input offset is in the bias",
            scratch_bytes=scratch_bytes(packed.shape[1]),
            overlaps={0: overlap_distance(params)},
        ),
    )


OPERATORS = (
    Operator(
        kinds=("CONV_2D",),
        constraints=(
            constraint_arity(2, 3),
            constraint_int8_activations,
            constraint_not_empty,
            constraint_fused_activation,
            constraint_weights(1, axis=0),
            constraint_ranks,
            constraint_options,
            constraint_channels,
            constraint_output_size,
            constraint_bias(2, channels=3),
            constraint_shifts(0, 1),
            meaning.constraint_bias_scale(0, 1, 2),
            constraint_accumulator,
        ),
        lower=lower,
        kernels=("conv2d_s8",),
    ),
)
