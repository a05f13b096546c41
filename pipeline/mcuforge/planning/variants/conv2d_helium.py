"""Convolutions with Helium: four filters with two pixels at a time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, cast

from mcuforge.planning.ops import overlap
from mcuforge.planning.ops.convolution import Conv2dS8Params
from mcuforge.planning.ops.window import ImageSizes, SlidingWindow, loops
from mcuforge.planning.plan import I32, ArrayI8, KernelCall, KernelParams
from mcuforge.planning.target import Target
from mcuforge.planning.variants import Variant
from mcuforge.planning.variants.helium import (
    FILTERS,
    VECTOR,
    HeliumStage,
    pack_filters,
    pack_records,
)
from mcuforge.planning.variants.row_helium import of_one_row


@dataclass(frozen=True, eq=False)
class Conv2dHeliumS8Params(KernelParams):
    """Mirror of nn_conv2d_helium_s8_params."""

    c_type: ClassVar[str] = "nn_conv2d_helium_s8_params"
    stage: HeliumStage
    sizes: ImageSizes
    window: SlidingWindow
    output_channels: I32
    output_start: I32
    output_batch_stride: I32
    output_row_stride: I32
    output_pixel_stride: I32
    input_zero_point: I32
    chunks: I32
    weights: ArrayI8


def _params(call: KernelCall) -> Conv2dS8Params:
    return cast(Conv2dS8Params, call.params)


def constraint_one_group(call: KernelCall) -> str | None:
    """Every filter sees all channels."""
    params = _params(call)
    groups = params.sizes.input_channels // params.group_channels
    return None if groups == 1 else f"there are {groups} groups"


def is_one_row(p: Conv2dS8Params) -> bool:
    """Whether there is one output pixel, whose taps are the pixels of the input, one by one."""
    sizes, window = p.sizes, p.window
    outputs = sizes.batches * sizes.output_height * sizes.output_width
    taps = (window.filter_height, window.filter_width)
    whole = (sizes.input_height, sizes.input_width)
    reach = (
        (window.filter_height - 1) * window.dilation_height + 1,
        (window.filter_width - 1) * window.dilation_width + 1,
    )
    at_once = window.padding_top == window.padding_left == p.output_start == 0
    return outputs == 1 and taps == whole == reach and at_once


def make(call: KernelCall) -> KernelCall:
    """The call of `nn_conv2d_helium_s8`, or of `nn_fully_connected_helium_s8` for one row."""
    p = _params(call)
    assert p.weights is not None
    if is_one_row(p):
        return of_one_row(call, p.output_stage, p.weights, p.sizes.input_elements)
    weights = pack_filters(p.weights)
    groups, chunks, _, _ = weights.shape
    sizes, window = _flattened(p)
    params = Conv2dHeliumS8Params(
        stage=HeliumStage.of(p.output_stage, pack_records(p.output_stage, groups * FILTERS)),
        sizes=sizes,
        window=window,
        output_channels=p.output_channels,
        output_start=p.output_start,
        output_batch_stride=p.output_batch_stride,
        output_row_stride=p.output_row_stride,
        output_pixel_stride=p.output_pixel_stride,
        input_zero_point=p.input_zero_point,
        chunks=chunks,
        weights=weights,
    )
    return KernelCall(
        kernel="conv2d_helium_s8",
        params=params,
        inputs=call.inputs,
        output=call.output,
        reason="four filters and two pixels share each load of 16 taps",
        scratch_bytes=2 * chunks * VECTOR,
        overlaps={0: overlap_distance(p)} if call.overlaps else {},
    )


def last_alone(call: KernelCall) -> KernelCall:
    """The call that computes an odd last pixel alone, eight filters at a time."""
    if call.kernel != "conv2d_helium_s8":
        return call
    batches, height, width = cast(Conv2dHeliumS8Params, call.params).sizes.output
    if batches * height * width % 2 == 0:
        return call
    reason = f"{call.reason}; the last pixel shares them with eight filters"
    return replace(call, kernel="conv2d_helium_odd_s8", reason=reason)


def _windows_are_runs(p: Conv2dS8Params) -> bool:
    """Whether a window's taps lie side by side in the input, which the kernel then reads there."""
    sizes, window = p.sizes, p.window
    if window.dilation_width > 1 and window.filter_width > 1:
        return False
    row_step = window.dilation_height * sizes.input_width
    return window.filter_height == 1 or window.filter_width == row_step


def overlap_distance(p: Conv2dS8Params) -> int:
    """How many bytes a contiguous output may run into the input: see `overlap.distance`.

    A step is two pixels, gathered before their outputs are written, unless they are read where they
    lie. Pairs may begin at any pixel, and go on in the next row; that no pixel reads what those
    before it write is more than is needed.
    """
    steps = loops(p.sizes, p.window, p.output_channels)
    written = 2 * p.output_channels if _windows_are_runs(p) else None
    return overlap.distance(steps, p.sizes.input_elements, written)


def _flattened(p: Conv2dS8Params) -> tuple[ImageSizes, SlidingWindow]:
    """Sizes and window; all pixels as one row where each output sees the pixel in its place."""
    sizes, window = p.sizes, p.window
    ones = (window.filter_height, window.filter_width, window.stride_height, window.stride_width)
    same = (sizes.input_height, sizes.input_width) == (sizes.output_height, sizes.output_width)
    row = p.output_pixel_stride * sizes.output_width
    strides = (p.output_row_stride, p.output_batch_stride)
    if ones != (1, 1, 1, 1) or not same or strides != (row, row * sizes.output_height):
        return sizes, window
    pixels = sizes.batches * sizes.input_height * sizes.input_width
    flat = replace(
        sizes, batches=1, input_height=1, input_width=pixels, output_height=1, output_width=pixels
    )
    return flat, replace(window, padding_top=0, padding_left=0)


VARIANT = Variant(
    kernel="conv2d_helium_s8",
    replaces="conv2d_s8",
    targets=(Target.HELIUM,),
    constraints=(constraint_one_group,),
    make=make,
)
