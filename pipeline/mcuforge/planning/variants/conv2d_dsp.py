"""conv2d_s8 on cores with DSP instructions: two pixels and four filters at a time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, cast

import numpy as np
import numpy.typing as npt

from mcuforge.planning.ops import overlap
from mcuforge.planning.ops.convolution import Conv2dS8Params
from mcuforge.planning.ops.window import ImageSizes, SlidingWindow, is_inside, loops
from mcuforge.planning.plan import I32, ArrayI32, ArrayU32, KernelCall, KernelParams
from mcuforge.planning.target import Target
from mcuforge.planning.variants import Variant
from mcuforge.planning.variants.channels import Channels, Int64Array, Records
from mcuforge.planning.variants.dual_weights import (
    dual_records,
    pack_dual,
    pack_records,
    steps_of_runs,
)

STEP_BYTES = 8  # of lanes: two taps of two pixels
MAX_PADDING_SHARE = 0.05  # of the weights, where runs are rows; or so many bytes:
MAX_PADDING_BYTES = 256


@dataclass(frozen=True, eq=False)
class Conv2dDspS8Params(KernelParams):
    """Mirror of nn_conv2d_dsp_s8_params."""

    c_type: ClassVar[str] = "nn_conv2d_dsp_s8_params"
    sizes: ImageSizes
    window: SlidingWindow
    group_channels: I32
    group_outputs: I32
    output_channels: I32
    output_start: I32
    output_batch_stride: I32
    output_row_stride: I32
    output_pixel_stride: I32
    input_zero_point: I32
    activation_min: I32
    activation_max: I32
    rows_are_runs: I32
    ties_away: I32
    steps: I32
    weights: ArrayU32
    records: ArrayI32


def _params(call: KernelCall) -> Conv2dS8Params:
    """The call's parameters, with a 1x1 convolution of all pixels as one of one long row."""
    params = cast(Conv2dS8Params, call.params)
    return _one_row(params) if _is_pixel_by_pixel(params) else params


def _is_pixel_by_pixel(params: Conv2dS8Params) -> bool:
    """Whether output pixel i sees input pixel i alone, and lies right after the one before."""
    sizes, window, channels = params.sizes, params.window, params.output_channels
    row, image = sizes.output_width * channels, sizes.output_height * sizes.output_width * channels
    return (
        (window.filter_height, window.filter_width) == (1, 1)
        and (window.stride_height, window.stride_width) == (1, 1)
        and (window.padding_top, window.padding_left) == (0, 0)
        and (sizes.input_height, sizes.input_width) == sizes.output[1:]
        and (params.output_start, params.output_pixel_stride) == (0, channels)
        and (params.output_row_stride, params.output_batch_stride) == (row, image)
    )


def _one_row(params: Conv2dS8Params) -> Conv2dS8Params:
    pixels = params.sizes.batches * params.sizes.output_height * params.sizes.output_width
    extents = {"input_width": pixels, "output_width": pixels}
    row = pixels * params.output_channels
    return replace(
        params,
        sizes=replace(params.sizes, batches=1, input_height=1, output_height=1, **extents),
        output_row_stride=row,
        output_batch_stride=row,
    )


def _filters(params: Conv2dS8Params) -> npt.NDArray[np.int8]:
    """int8 [channels, taps], without what pads a filter."""
    window = params.window
    taps = window.filter_height * window.filter_width * params.group_channels
    return cast(npt.NDArray[np.int8], params.weights)[:, :taps]


def _group_outputs(params: Conv2dS8Params) -> int:
    return params.output_channels * params.group_channels // params.sizes.input_channels


def _records(params: Conv2dS8Params) -> tuple[npt.NDArray[np.int8], Records, str | None]:
    filters = _filters(params)
    channels = Channels.of(filters, params.output_stage)
    return dual_records(filters, channels, _group_outputs(params))


def constraint_records(call: KernelCall) -> str | None:
    """With every input, the sums of every other filter stay within 24 bits, and one product, one
    sum and a shift to the right of 1 to 22 make the output of each; 256 times a weight plus that
    of the filter before fits int16."""
    return _records(_params(call))[2]


def make(call: KernelCall) -> KernelCall:
    """The call of `nn_conv2d_dsp_s8`."""
    params = _params(call)
    stage, group_outputs = params.output_stage, _group_outputs(params)
    filters, records, _ = _records(params)
    steps, rows_are_runs = _steps(params)
    made = Conv2dDspS8Params(
        sizes=params.sizes,
        window=params.window,
        group_channels=params.group_channels,
        group_outputs=group_outputs,
        output_channels=params.output_channels,
        output_start=params.output_start,
        output_batch_stride=params.output_batch_stride,
        output_row_stride=params.output_row_stride,
        output_pixel_stride=params.output_pixel_stride,
        input_zero_point=params.input_zero_point,
        activation_min=stage.activation_min,
        activation_max=stage.activation_max,
        rows_are_runs=int(rows_are_runs),
        ties_away=int(records.away),
        steps=len(steps),
        weights=pack_dual(filters, steps, group_outputs),
        records=pack_records(records, group_outputs),
    )
    return replace(
        call,
        kernel="conv2d_dsp_s8",
        params=made,
        reason="two pixels meet four filters at once, two of whose weights share an int16",
        scratch_bytes=scratch_bytes(made),
        overlaps={0: overlap_distance(made)} if call.overlaps else {},
    )


def last_alone(call: KernelCall) -> KernelCall:
    """The call that computes an odd last pixel alone, if it does: worth its code for short rows."""
    params = call.params
    if not isinstance(params, Conv2dDspS8Params) or call.kernel != "conv2d_dsp_s8":
        return call
    batches, height, width = params.sizes.output
    if batches * height * width % 2 == 0 or params.group_outputs % 4 or params.steps % 2:
        return call
    reason = f"{call.reason}; the last pixel meets them alone"
    return replace(call, kernel="conv2d_dsp_odd_s8", reason=reason)


def last_three(call: KernelCall) -> KernelCall:
    """The call that computes the last three pixels of an odd row together, if it does.

    It is worth its code for short rows, and half as much scratch again.
    """
    params = call.params
    if not isinstance(params, Conv2dDspS8Params) or call.kernel != "conv2d_dsp_s8":
        return call
    batches, height, width = params.sizes.output
    if batches * height > 1 or width % 2 == 0 or width < 3 or params.group_outputs % 4:
        return call
    return replace(
        call,
        kernel="conv2d_dsp_row_s8",
        reason=f"{call.reason}; the last three pixels meet them together",
        scratch_bytes=_scratch_of_three(params),
        overlaps={},
    )


def _scratch_of_three(params: Conv2dDspS8Params) -> int:
    """Lanes of three pixels, and what these see where some of it is padding, byte by byte."""
    window, channels = params.window, params.group_channels
    lanes = 3 * STEP_BYTES // 2 * params.steps
    if channels % 4 == 0 or (params.rows_are_runs and is_inside(params.sizes, params.window)):
        return lanes
    columns = window.filter_width + (2 * window.stride_width if params.rows_are_runs else 0)
    return lanes + window.filter_height * columns * channels


def _steps(params: Conv2dS8Params) -> tuple[Int64Array, bool]:
    """The taps of the steps, and whether each row of the filter is a run of its own.

    It may be where its taps lie side by side in the input, and rows that are no multiple of four
    taps do not pad the weights by much. Else the filter is one run.
    """
    window, channels = params.window, params.group_channels
    row = window.filter_width * channels
    by_rows = steps_of_runs(window.filter_height, row)
    whole = steps_of_runs(1, window.filter_height * row)
    side_by_side = window.dilation_width == 1 and channels == params.sizes.input_channels
    more = 2 * (len(by_rows) - len(whole)) * params.output_channels
    most = max(MAX_PADDING_BYTES, MAX_PADDING_SHARE * 2 * len(whole) * params.output_channels)
    by_row = side_by_side and more <= most
    return (by_rows, True) if by_row else (whole, False)


def scratch_bytes(params: Conv2dDspS8Params) -> int:
    """Lanes of two pixels, and a run of taps where one must be gathered byte by byte."""
    lanes = STEP_BYTES * (params.steps + params.steps % 2)
    window, channels = params.window, params.group_channels
    if channels % 4 == 0 or (params.rows_are_runs and is_inside(params.sizes, params.window)):
        return lanes
    rows = 1 if params.rows_are_runs else window.filter_height
    return lanes + rows * window.filter_width * channels


def overlap_distance(params: Conv2dDspS8Params) -> int:
    """How many bytes the output may run into the input: see `overlap.distance`.

    A step is two pixels, gathered before their outputs are written; with several groups each
    gathers from both again. Where rows have an odd number of pixels a step may be the last of one
    and the first of the next: then it counts as a step for each, of which the second has written
    no more than the first.
    """
    sizes, channels = params.sizes, params.output_channels
    columns = 2 if sizes.output_width % 2 == 0 else 1
    steps = loops(sizes, params.window, channels, columns)
    grouped = params.group_channels != sizes.input_channels
    return overlap.distance(steps, sizes.input_elements, 2 * channels if grouped else None)


VARIANT = Variant(
    kernel="conv2d_dsp_s8",
    replaces="conv2d_s8",
    targets=(Target.DSP,),
    constraints=(constraint_records,),
    make=make,
)
