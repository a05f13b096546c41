"""What the convolutions share: the kernel's parameters, and the rules of their windows.

CONV_2D and TRANSPOSE_CONV become calls of `nn_conv2d_s8` or, with int16 activations, of
`nn_conv2d_s16`; CONV_2D and DEPTHWISE_CONV_2D slide their filters over the input alike.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, cast

from mcuforge.frontend.graph import (
    Conv2DAttributes,
    DepthwiseConv2DAttributes,
    DType,
    Graph,
    Op,
)
from mcuforge.planning.ops import overlap
from mcuforge.planning.ops.weighted_sum import OutputStage, OutputStageS16
from mcuforge.planning.ops.window import (
    ImageSizes,
    SlidingWindow,
    image_sizes,
    loops,
    output_sizes,
    sliding_window,
)
from mcuforge.planning.plan import I32, KernelParams, OptionalArrayI8

MAX_OPTION = 32_767


@dataclass(frozen=True, eq=False)
class Conv2dS8Params(KernelParams):
    """Mirror of nn_conv2d_s8_params."""

    c_type: ClassVar[str] = "nn_conv2d_s8_params"
    output_stage: OutputStage
    sizes: ImageSizes
    window: SlidingWindow
    group_channels: I32
    output_channels: I32
    output_start: I32
    output_batch_stride: I32
    output_row_stride: I32
    output_pixel_stride: I32
    input_zero_point: I32
    filter_stride: I32
    weights: OptionalArrayI8


@dataclass(frozen=True, eq=False)
class Conv2dS16Params(Conv2dS8Params):
    """Mirror of nn_conv2d_s16_params."""

    c_type: ClassVar[str] = "nn_conv2d_s16_params"
    output_stage: OutputStageS16


PARAMS: dict[DType, type[Conv2dS8Params]] = {
    DType.INT8: Conv2dS8Params,
    DType.INT16: Conv2dS16Params,
}


def scratch_bytes(filter_stride: int, dtype: DType) -> int:
    """Scratch of `nn_conv2d_s8`: two patches of 16-bit lanes; of `nn_conv2d_s16`: one patch."""
    return 4 * filter_stride if dtype is DType.INT8 else 2 * filter_stride


def overlap_distance(params: Conv2dS8Params) -> int:
    """How many elements the output may run into the input: see `overlap.distance`.

    A step is two pixels, gathered before their outputs are written; with several groups it is a
    row, which every group reads again. The output must be contiguous. With int16 activations a
    step is a pixel.
    """
    sizes, channels = params.sizes, params.output_channels
    if isinstance(params, Conv2dS16Params):
        grouped = params.group_channels != sizes.input_channels
        steps = loops(sizes, params.window, channels)
        return overlap.distance(steps, sizes.input_elements, channels if grouped else None)
    batches, rows, columns = loops(sizes, params.window, channels, columns=2)
    if params.group_channels == sizes.input_channels:
        return overlap.distance([batches, rows, columns], sizes.input_elements, None)
    return overlap.distance([batches, rows], sizes.input_elements, sizes.output_width * channels)


def outside_range(*values: int) -> str | None:
    """What is wrong with options that must be from 1 to 32767; None where they are.

    The bound keeps every position that a kernel computes inside int32.
    """
    wrong = [value for value in values if not 1 <= value <= MAX_OPTION]
    return f"one of them is {wrong[0]}" if wrong else None


def _attributes(op: Op) -> Conv2DAttributes | DepthwiseConv2DAttributes:
    return cast(Conv2DAttributes | DepthwiseConv2DAttributes, op.attributes)


def window_of(graph: Graph, op: Op) -> tuple[ImageSizes, SlidingWindow]:
    """The geometry of a CONV_2D or DEPTHWISE_CONV_2D."""
    a = _attributes(op)
    sizes = image_sizes(graph.input(op, 0), graph.output(op))
    _, filter_height, filter_width, _ = graph.input(op, 1).shape
    stride, dilation = (a.stride_h, a.stride_w), (a.dilation_h, a.dilation_w)
    window = sliding_window(sizes, (filter_height, filter_width), stride, dilation)
    if a.pads is not None:
        window = replace(window, padding_top=a.pads[0][0], padding_left=a.pads[1][0])
    return sizes, window


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


def constraint_output_size(graph: Graph, op: Op) -> str | None:
    """The output's height and width follow from input, weights, padding, stride and dilation."""
    a = _attributes(op)
    _, height, width, _ = graph.input(op, 0).shape
    if a.pads is not None:
        height, width = height + sum(a.pads[0]), width + sum(a.pads[1])
    _, filter_height, filter_width, _ = graph.input(op, 1).shape
    expected = output_sizes(
        a.padding,
        (height, width),
        (filter_height, filter_width),
        (a.stride_h, a.stride_w),
        (a.dilation_h, a.dilation_w),
    )
    found = graph.output(op).shape[1:3]
    return None if found == expected else f"the output is {found}, not {expected}"
