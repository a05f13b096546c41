"""DEPTHWISE_CONV_2D."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, cast

import numpy as np

from mcuforge.frontend.graph import DepthwiseConv2DAttributes, DType, Graph, Op
from mcuforge.planning.ops import Operator, conv2d
from mcuforge.planning.ops.common import (
    constraint_activations,
    constraint_arity,
    constraint_fused_activation,
    constraint_not_empty,
    constraint_symmetric,
    quantization,
    suffix,
)
from mcuforge.planning.ops.convolution import (
    constraint_options,
    constraint_output_size,
    constraint_ranks,
    outside_range,
    window_of,
)
from mcuforge.planning.ops.weighted_sum import OutputStage, OutputStageS16, WeightedSum
from mcuforge.planning.ops.window import (
    ImageSizes,
    SlidingWindow,
    channel_overlap,
    is_inside,
    pixel_overlap,
)
from mcuforge.planning.plan import I32, ArrayI32, KernelCall, KernelParams, OptionalArrayI8

MIN_FILTERS = 4  # fewer do not make up for gathering what they see
SUM = WeightedSum(axis=3, bias_types=(DType.INT64,))


@dataclass(frozen=True, eq=False)
class DepthwiseConv2dS8Params(KernelParams):
    """Mirror of nn_depthwise_conv2d_s8_params."""

    c_type: ClassVar[str] = "nn_depthwise_conv2d_s8_params"
    output_stage: OutputStage
    sizes: ImageSizes
    window: SlidingWindow
    depth_multiplier: I32
    output_channels: I32
    output_pixel_stride: I32
    input_zero_point: I32
    input_taps: ArrayI32
    gathered_taps: ArrayI32
    weights: OptionalArrayI8


@dataclass(frozen=True, eq=False)
class DepthwiseConv2dS16Params(DepthwiseConv2dS8Params):
    """Mirror of nn_depthwise_conv2d_s16_params."""

    c_type: ClassVar[str] = "nn_depthwise_conv2d_s16_params"
    output_stage: OutputStageS16


PARAMS: dict[DType, type[DepthwiseConv2dS8Params]] = {
    DType.INT8: DepthwiseConv2dS8Params,
    DType.INT16: DepthwiseConv2dS16Params,
}


def _depth_multiplier(op: Op) -> int:
    return cast(DepthwiseConv2DAttributes, op.attributes).depth_multiplier


def constraint_one_filter(graph: Graph, op: Op) -> str | None:
    """The weights hold one filter; the depth multiplier is from 1 to 32767."""
    filters, multiplier = graph.input(op, 1).shape[0], _depth_multiplier(op)
    if filters != 1:
        return f"the weights hold {filters} filters"
    return None if outside_range(multiplier) is None else f"the depth multiplier is {multiplier}"


def constraint_bias_is_not_an_empty_place(_graph: Graph, op: Op) -> str | None:
    """A bias that is left out has no place among the inputs: TFLM reads memory that is not there
    where the third input is -1."""
    return "its third input is -1" if len(op.inputs) == 3 and op.inputs[2] < 0 else None


def constraint_channels(graph: Graph, op: Op) -> str | None:
    """Input channels times the depth multiplier are the weights' and the output's channels."""
    expected = graph.input(op, 0).shape[3] * _depth_multiplier(op)
    found = graph.input(op, 1).shape[3], graph.output(op).shape[3]
    return None if found == (expected, expected) else f"{found} channels, not {expected}"


def _is_convolution(graph: Graph, op: Op) -> bool:
    """Whether `nn_conv2d_s8` computes the op, in fewer instructions."""
    source = graph.input(op, 0)
    enough = _depth_multiplier(op) >= MIN_FILTERS
    return source.dtype is DType.INT8 and source.shape[3] == 1 and enough


def lower(graph: Graph, op: Op) -> tuple[KernelCall, ...]:
    """One call of `nn_depthwise_conv2d_s8` or `nn_depthwise_conv2d_s16`.

    Where several filters see the only input channel, it is an ordinary convolution.
    """
    source = graph.input(op, 0)
    sizes, window = window_of(graph, op)
    filters = SUM.filters(graph, op)
    if _is_convolution(graph, op):
        return conv2d.lowered(graph, op, SUM, np.moveaxis(filters, 1, 3))
    taps, pixel = np.arange(filters[0].size), source.dtype.bytes * sizes.input_channels
    rows, columns = np.divmod(taps, window.filter_width)
    down, right = rows * window.dilation_height, columns * window.dilation_width
    params = PARAMS[source.dtype](
        output_stage=SUM.output_stage(graph, op, filters),
        sizes=sizes,
        window=window,
        depth_multiplier=_depth_multiplier(op),
        output_channels=len(filters),
        output_pixel_stride=len(filters),
        input_zero_point=quantization(source).zero_point,
        input_taps=((down * sizes.input_width + right) * sizes.input_channels).astype(np.int32),
        gathered_taps=(taps * sizes.input_channels).astype(np.int32),
        weights=np.ascontiguousarray(filters.reshape(len(filters), -1).T, np.int8),
    )
    return (
        KernelCall(
            kernel=f"depthwise_conv2d_{suffix(source)}",
            params=params,
            inputs=(op.inputs[0],),
            output=op.outputs[0],
            reason="a few channels at a time; only positions at the border are gathered first",
            scratch_bytes=0 if is_inside(sizes, window) else taps.size * pixel,
            overlaps={0: source.dtype.bytes * _overlap_distance(params)},
        ),
    )


def _overlap_distance(params: DepthwiseConv2dS8Params) -> int:
    """In elements. With a filter a channel those that are read are read for the last time."""
    if params.depth_multiplier == 1:
        return channel_overlap(params.sizes, params.window)
    return pixel_overlap(params.sizes, params.window, params.output_channels)


OPERATORS = (
    Operator(
        kinds=("DEPTHWISE_CONV_2D",),
        constraints=(
            constraint_arity(2, 3),
            constraint_bias_is_not_an_empty_place,
            constraint_activations,
            constraint_symmetric,
            constraint_not_empty,
            constraint_fused_activation,
            SUM.constraint_weights,
            constraint_ranks,
            constraint_one_filter,
            constraint_options,
            constraint_channels,
            constraint_output_size,
            *SUM.constraints,
        ),
        lower=lower,
        kernels=("depthwise_conv2d_s8", "depthwise_conv2d_s16", "conv2d_s8"),
        since_16x8="0.2.0",
    ),
)
