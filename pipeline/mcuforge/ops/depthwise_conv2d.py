"""DEPTHWISE_CONV_2D."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, cast

import numpy as np

from mcuforge.graph import DepthwiseConv2DAttributes, Graph, Op
from mcuforge.ops import Operator, meaning, overlap
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
)
from mcuforge.plan import I32, ArrayI8, ArrayI32, KernelCall, KernelParams


@dataclass(frozen=True, eq=False)
class DepthwiseConv2dS8Params(KernelParams):
    """Mirror of nn_depthwise_conv2d_s8_params."""

    c_type: ClassVar[str] = "nn_depthwise_conv2d_s8_params"
    batches: I32
    input_height: I32
    input_width: I32
    input_channels: I32
    depth_multiplier: I32
    output_height: I32
    output_width: I32
    filter_height: I32
    filter_width: I32
    stride_height: I32
    stride_width: I32
    dilation_height: I32
    dilation_width: I32
    padding_top: I32
    padding_left: I32
    input_zero_point: I32
    output_offset: I32
    activation_min: I32
    activation_max: I32
    weights: ArrayI8
    bias: ArrayI32
    multiplier: ArrayI32
    shift: ArrayI32
    input_taps: ArrayI32
    gathered_taps: ArrayI32


def _attributes(op: Op) -> DepthwiseConv2DAttributes:
    return cast(DepthwiseConv2DAttributes, op.attributes)


def _filters(graph: Graph, op: Op) -> Int64Array:
    """The weights as [output channels, taps]."""
    weights = constant(graph.input(op, 1))
    return weights.reshape(-1, weights.shape[-1]).T


def constraint_ranks(graph: Graph, op: Op) -> str | None:
    """Input, weights and output have four dimensions; the weights hold one filter."""
    tensors = (graph.input(op, 0), graph.input(op, 1), graph.output(op))
    ranks = [len(t.shape) for t in tensors]
    if ranks != [4, 4, 4]:
        return f"they have {ranks} dimensions"
    if tensors[1].shape[0] != 1:
        return f"the weights hold {tensors[1].shape[0]} filters"
    batches = tensors[0].shape[0], tensors[2].shape[0]
    return None if batches[0] == batches[1] else f"the batches are {batches[0]} and {batches[1]}"


def constraint_options(graph: Graph, op: Op) -> str | None:
    """Strides, dilations, depth multiplier and the dilated filter's extent: from 1 to 32767."""
    a = _attributes(op)
    _, height, width, _ = graph.input(op, 1).shape
    return outside_range(
        a.stride_h, a.stride_w, a.dilation_h, a.dilation_w, a.depth_multiplier
    ) or outside_range((height - 1) * a.dilation_h + 1, (width - 1) * a.dilation_w + 1)


def constraint_bias_is_not_an_empty_place(_graph: Graph, op: Op) -> str | None:
    """A bias that is left out has no place among the inputs: TFLM reads memory that is not there
    where the third input is -1."""
    return "its third input is -1" if len(op.inputs) == 3 and op.inputs[2] < 0 else None


def constraint_channels(graph: Graph, op: Op) -> str | None:
    """Input channels times the depth multiplier are the weights' and the output's channels."""
    expected = graph.input(op, 0).shape[3] * _attributes(op).depth_multiplier
    found = graph.input(op, 1).shape[3], graph.output(op).shape[3]
    return None if found == (expected, expected) else f"{found} channels, not {expected}"


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
    filters = _filters(graph, op)
    if filters.shape[1] > MAX_TAPS:
        return f"a filter has {filters.shape[1]} taps"
    bias = bias_values(graph, op, 2, len(filters))
    return accumulator_overflow(filters, bias, quantization(graph.input(op, 0)).zero_point)


def lower(graph: Graph, op: Op) -> tuple[KernelCall, ...]:
    """One call of `nn_depthwise_conv2d_s8`."""
    a = _attributes(op)
    source, output = graph.input(op, 0), graph.output(op)
    batches, height, width, channels = source.shape
    _, output_height, output_width, _ = output.shape
    _, filter_height, filter_width, _ = graph.input(op, 1).shape
    filters = _filters(graph, op)
    taps = filters.shape[1]
    zero_point = quantization(source).zero_point
    low, high = clamp_range(a.activation, quantization(output))
    multiplier, shift = multipliers(
        quantization(source), quantization(graph.input(op, 1)), quantization(output), len(filters)
    )
    rows, columns = np.divmod(np.arange(taps), filter_width)
    input_taps = (rows * a.dilation_h * width + columns * a.dilation_w) * channels
    params = DepthwiseConv2dS8Params(
        batches=batches,
        input_height=height,
        input_width=width,
        input_channels=channels,
        depth_multiplier=a.depth_multiplier,
        output_height=output_height,
        output_width=output_width,
        filter_height=filter_height,
        filter_width=filter_width,
        stride_height=a.stride_h,
        stride_width=a.stride_w,
        dilation_height=a.dilation_h,
        dilation_width=a.dilation_w,
        padding_top=padding_before(height, output_height, filter_height, a.stride_h, a.dilation_h),
        padding_left=padding_before(width, output_width, filter_width, a.stride_w, a.dilation_w),
        input_zero_point=zero_point,
        output_offset=quantization(output).zero_point,
        activation_min=low,
        activation_max=high,
        weights=np.ascontiguousarray(filters.T).astype(np.int8),
        bias=fold_bias(filters, bias_values(graph, op, 2, len(filters)), zero_point),
        multiplier=multiplier,
        shift=shift,
        input_taps=input_taps.astype(np.int32),
        gathered_taps=(np.arange(taps) * channels).astype(np.int32),
    )
    return (
        KernelCall(
            kernel="depthwise_conv2d_s8",
            params=params,
            inputs=(op.inputs[0],),
            output=op.outputs[0],
            reason="four channels at a time; only positions at the border are gathered first",
            scratch_bytes=taps * channels,
            overlaps={0: _overlap_distance(params)},
        ),
    )


def _overlap_distance(params: DepthwiseConv2dS8Params) -> int:
    """A step is a pixel, whose channels are read and written in turn."""
    pixel = params.input_channels * params.depth_multiplier
    loops = overlap.windows(
        (params.batches, params.output_height, params.output_width),
        (params.input_height, params.input_width, params.input_channels),
        (params.stride_height, params.stride_width),
        (params.padding_top, params.padding_left),
        pixel,
    )
    size = params.batches * params.input_height * params.input_width * params.input_channels
    return overlap.distance(loops, size, pixel)


OPERATORS = (
    Operator(
        kinds=("DEPTHWISE_CONV_2D",),
        constraints=(
            constraint_arity(2, 3),
            constraint_bias_is_not_an_empty_place,
            constraint_int8_activations,
            constraint_not_empty,
            constraint_fused_activation,
            constraint_weights(1, axis=3),
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
        kernels=("depthwise_conv2d_s8",),
    ),
)
