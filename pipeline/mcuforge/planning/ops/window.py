"""Windows that slide over images: what convolutions, pooling and resizing share.

Output sizes and padding follow TFLite's `padding.h`. Pairs are [height, width].
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mcuforge.frontend.graph import Padding, Tensor
from mcuforge.planning.ops import overlap
from mcuforge.planning.plan import I32, CStruct

Pair = tuple[int, int]


@dataclass(frozen=True, eq=False)
class ImageSizes(CStruct):
    """Mirror of nn_image_sizes."""

    c_type: ClassVar[str] = "nn_image_sizes"
    batches: I32
    input_height: I32
    input_width: I32
    input_channels: I32
    output_height: I32
    output_width: I32

    @property
    def output(self) -> tuple[int, int, int]:
        """Batches, height and width of the output."""
        return self.batches, self.output_height, self.output_width

    @property
    def input_elements(self) -> int:
        """Elements of the input."""
        return self.batches * self.input_height * self.input_width * self.input_channels


@dataclass(frozen=True, eq=False)
class SlidingWindow(CStruct):
    """Mirror of nn_sliding_window."""

    c_type: ClassVar[str] = "nn_sliding_window"
    filter_height: I32
    filter_width: I32
    stride_height: I32
    stride_width: I32
    dilation_height: I32
    dilation_width: I32
    padding_top: I32
    padding_left: I32


def image_sizes(source: Tensor, output: Tensor) -> ImageSizes:
    """The sizes of an operator's NHWC input and output."""
    batches, input_height, input_width, input_channels = source.shape
    _, output_height, output_width, _ = output.shape
    return ImageSizes(
        batches=batches,
        input_height=input_height,
        input_width=input_width,
        input_channels=input_channels,
        output_height=output_height,
        output_width=output_width,
    )


def sliding_window(
    sizes: ImageSizes, filter_size: Pair, stride: Pair, dilation: Pair = (1, 1)
) -> SlidingWindow:
    """A window over the input whose padding follows from the size of the output."""
    padding_top, padding_left = paddings(
        (sizes.input_height, sizes.input_width),
        (sizes.output_height, sizes.output_width),
        filter_size,
        stride,
        dilation,
    )
    return SlidingWindow(
        filter_height=filter_size[0],
        filter_width=filter_size[1],
        stride_height=stride[0],
        stride_width=stride[1],
        dilation_height=dilation[0],
        dilation_width=dilation[1],
        padding_top=padding_top,
        padding_left=padding_left,
    )


def output_sizes(
    padding: Padding, size: Pair, filter_size: Pair, stride: Pair, dilation: Pair = (1, 1)
) -> Pair:
    """Height and width of a sliding window's output."""
    height, width = (
        output_size(padding, *axis)
        for axis in zip(size, filter_size, stride, dilation, strict=True)
    )
    return height, width


def paddings(
    size: Pair, output: Pair, filter_size: Pair, stride: Pair, dilation: Pair = (1, 1)
) -> Pair:
    """Padding above and to the left of the input."""
    top, left = (
        padding_before(*axis)
        for axis in zip(size, output, filter_size, stride, dilation, strict=True)
    )
    return top, left


def output_size(padding: Padding, size: int, window: int, stride: int, dilation: int) -> int:
    """Extent of a sliding window's output along one axis."""
    effective = (window - 1) * dilation + 1
    if padding is Padding.SAME:
        return (size + stride - 1) // stride
    return (size + stride - effective) // stride


def padding_before(size: int, output: int, window: int, stride: int, dilation: int) -> int:
    """Elements of padding before the first input element; the odd one of SAME goes after."""
    effective = (window - 1) * dilation + 1
    return max((output - 1) * stride + effective - size, 0) // 2


def is_inside(sizes: ImageSizes, window: SlidingWindow) -> bool:
    """Whether no window leaves the input."""
    axes = (
        (sizes.input_height, sizes.output_height, window.filter_height, window.stride_height,
         window.dilation_height, window.padding_top),
        (sizes.input_width, sizes.output_width, window.filter_width, window.stride_width,
         window.dilation_width, window.padding_left),
    )  # fmt: skip
    return all(
        padding <= 0 and (output - 1) * stride - padding + (taps - 1) * dilation < size
        for size, output, taps, stride, dilation, padding in axes
    )


def loops(
    sizes: ImageSizes, window: SlidingWindow, output_channels: int, columns: int = 1
) -> tuple[overlap.Gaps, overlap.Gaps, overlap.Gaps]:
    """The loops over batches, rows and columns, `columns` a step: see `overlap.windows`."""
    return overlap.windows(
        sizes.output,
        (sizes.input_height, sizes.input_width, sizes.input_channels),
        (window.stride_height, window.stride_width),
        (window.padding_top, window.padding_left),
        output_channels,
        columns,
    )


def pixel_overlap(sizes: ImageSizes, window: SlidingWindow, output_channels: int) -> int:
    """Overlap distance, in elements, of a kernel whose step is a pixel, its channels read and
    written in turn."""
    steps = loops(sizes, window, output_channels)
    return overlap.distance(steps, sizes.input_elements, output_channels)


def channel_overlap(sizes: ImageSizes, window: SlidingWindow) -> int:
    """Overlap distance, in elements, of a kernel that reads some channels of a window before it
    writes the same ones of a pixel, and those from first to last."""
    channels = overlap.linear(sizes.input_channels, 1, 1)
    steps = loops(sizes, window, sizes.input_channels)
    return overlap.distance([*steps, channels], sizes.input_elements, None)
