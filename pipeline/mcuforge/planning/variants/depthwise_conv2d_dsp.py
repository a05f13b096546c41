"""depthwise_conv2d_s8 on cores with DSP instructions: a channel slides along the row."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, NamedTuple, cast

import numpy as np
import numpy.typing as npt

from mcuforge.planning.numerics import INT32_MAX, wrap_int32
from mcuforge.planning.ops import overlap
from mcuforge.planning.ops.depthwise_conv2d import DepthwiseConv2dS8Params
from mcuforge.planning.ops.window import ImageSizes, SlidingWindow, loops
from mcuforge.planning.plan import I32, ArrayI32, KernelCall, KernelParams
from mcuforge.planning.target import Target
from mcuforge.planning.variants import Variant
from mcuforge.planning.variants.channels import HALF, Channels, Int64Array, Records

TAPS = 3  # of rows, and of columns
MAX_CHANNELS = 65_535  # which a record holds in 16 bits
SHIFT = 12  # NN_DEPTHWISE_SHIFT of nn_depthwise_dsp_core.h
MAX_WEIGHT = 32_767
RECORD_WORDS = 8
# Instructions, counted: of a channel's row, and of a position of depthwise_conv2d_pairs_dsp_s8.
ROW_ALONE, ROW_PER_OUTPUT = 45, 13
PAIRS_ALONE, PAIR = 13, 7


@dataclass(frozen=True, eq=False)
class DepthwiseConv2dDspS8Params(KernelParams):
    """Mirror of nn_depthwise_conv2d_dsp_s8_params."""

    c_type: ClassVar[str] = "nn_depthwise_conv2d_dsp_s8_params"
    sizes: ImageSizes
    output_pixel_stride: I32
    stride_height: I32
    stride_width: I32
    dilation_height: I32
    padding_top: I32
    padding_left: I32
    padding_right: I32
    first_row: I32
    last_row: I32
    input_zero_point: I32
    ties_away: I32
    activation_min: I32
    activation_max: I32
    channels: ArrayI32


class Place(NamedTuple):
    """Where a filter lies in one of 3x3, and the padding that this has then."""

    row: int
    column: int
    left: int
    right: int


@dataclass(frozen=True, eq=False)
class Sliding:
    """What the kernel keeps of every channel: the sum x of weights * inputs + bias becomes

        (k + floor(x * m / 2^32)) >> 12              rounding ties up, or with `ties_away`
        round(round(x * m / 2^32) / 2^n) + offset    where k is n + 256 * offset

    clamped to int8. Arrays are int64 [channels], the weights [channels, taps].
    """

    weights: Int64Array
    bias: Int64Array
    m: Int64Array
    k: Int64Array
    fits: npt.NDArray[np.bool_]
    ties_away: bool


def _params(call: KernelCall) -> DepthwiseConv2dS8Params:
    return cast(DepthwiseConv2dS8Params, call.params)


def constraint_multiplier(call: KernelCall) -> str | None:
    """Every channel has one filter, and there are at most 65,535."""
    params = _params(call)
    if params.depth_multiplier != 1:
        return f"the depth multiplier is {params.depth_multiplier}"
    channels = params.output_channels
    return None if channels <= MAX_CHANNELS else f"there are {channels} channels"


def constraint_window(call: KernelCall) -> str | None:
    """Filters have at most 3x3 taps and no dilation along the row, where the stride is 1 or 2."""
    w = _params(call).window
    if max(w.filter_height, w.filter_width) > TAPS:
        return f"they have {w.filter_height}x{w.filter_width}"
    if w.dilation_width != 1 and w.filter_width > 1:
        return f"the dilation is {w.dilation_width}"
    return None if w.stride_width in (1, 2) else f"the stride is {w.stride_width}"


def constraint_padding(call: KernelCall) -> str | None:
    """The filter, or one of 3x3 around it, reaches at most one column beyond the input, and its
    middle row never lies beyond."""
    params = _params(call)
    if place_of(params.sizes, params.window) is not None:
        return None
    w = params.window
    return f"the padding is {w.padding_top} rows and {w.padding_left} columns"


def constraint_row(call: KernelCall) -> str | None:
    """Rows of the output are long enough for what a channel of a row takes besides, compared with
    two taps at once."""
    params = _params(call)
    columns = params.sizes.output_width
    pairs = (params.window.filter_height * params.window.filter_width + 1) // 2
    per_output = ROW_PER_OUTPUT * params.window.stride_width
    worth = ROW_ALONE + per_output * columns <= columns * (PAIRS_ALONE + PAIR * pairs)
    return None if worth else f"they have {columns} pixels, of {pairs} pairs of taps"


def constraint_records(call: KernelCall) -> str | None:
    """With every input, one product and a shift to the right make the output of each sum."""
    sliding = sliding_of(_params(call))
    if sliding.fits.all():
        return None
    at = int(np.argmin(sliding.fits))
    shift = int(_params(call).output_stage.shift[at])
    return f"channel {at} has a shift of {shift}, or sums that need more than int32"


def place_of(sizes: ImageSizes, window: SlidingWindow) -> Place | None:
    """Where the filter lies so that the kernel's rules of the padding hold; None for nowhere."""
    rows = [row for row in (0, 1) if _middle_row_is_read(sizes, window, row)]
    places = [
        Place(row, column, left, max(right, 0))
        for row in rows
        for column in range(TAPS + 1 - window.filter_width)
        for left, right in [_padding(sizes, window, column)]
        if 0 <= left <= 1 and right <= 1
    ]
    return min(places, key=lambda place: place.left + place.right, default=None)


def _middle_row_is_read(sizes: ImageSizes, window: SlidingWindow, row: int) -> bool:
    """Whether row 1 of 3x3, where the filter begins in `row`, is one of its rows, and lies within
    the input for every row of the output."""
    tap = 1 - row
    first = tap * window.dilation_height - window.padding_top
    last = first + (sizes.output_height - 1) * window.stride_height
    return 0 <= tap < window.filter_height <= TAPS - row and 0 <= first <= last < sizes.input_height


def _padding(sizes: ImageSizes, window: SlidingWindow, column: int) -> tuple[int, int]:
    """Columns of 3x3 beyond the input, left and right, where the filter begins in `column`."""
    left = window.padding_left + column
    last = (sizes.output_width - 1) * window.stride_width - left + TAPS - 1
    return left, last - (sizes.input_width - 1)


def sliding_of(params: DepthwiseConv2dS8Params) -> Sliding:
    """The weights and records of all channels: with a shift that all share where that can be."""
    filters = cast(npt.NDArray[np.int8], params.weights).T
    channels = Channels.of(filters, params.output_stage)
    if not channels.away:
        shared = _of_one_shift(filters, channels)
        if shared.fits.all():
            return shared
    return _of_any_shift(filters, channels)


def _of_one_shift(filters: npt.NDArray[np.int8], channels: Channels) -> Sliding:
    """With weights * 2^s, so that all channels are shifted by 12 bits at last.

    A record shifts by n: with s = 13 - n, k has what rounds the product, and what rounds the
    shift. Where that leaves less than two bits of s, which rounding the product takes, m loses some
    instead, which is proved at every threshold.
    """
    records = Records.of(channels)
    lost = np.maximum(records.n - (SHIFT - 1), 0)
    s = SHIFT + 1 - (records.n - lost)
    m = np.asarray((records.m + (np.int64(1) << lost >> 1)) >> lost, np.int64)
    k = (records.k << (s - 1)) + (np.int64(1) << (s - 1) >> 1)
    centre = channels.bias - records.bias

    def rounded(sums: Int64Array) -> Int64Array:
        return np.asarray(((sums - centre[:, None]) << s[:, None]) * m[:, None] >> 32)

    least, most = channels.addends(rounded, np.full_like(s, SHIFT))
    k = np.where((lost > 0) & ~records.zeroed, least, k)
    weights = np.where(records.zeroed[:, None], 0, filters.astype(np.int64) << s[:, None])
    bias = wrap_int32(records.bias << s)
    ends = np.stack([channels.lowest - centre, channels.highest - centre], axis=1)
    ends = np.where(records.zeroed[:, None], 0, ends << s[:, None])
    fits = records.fits & ((lost == 0) | records.zeroed | (least <= most))
    fits &= (np.abs(weights).max(axis=1) <= MAX_WEIGHT) & (np.abs(ends).max(axis=1) <= INT32_MAX)
    fits &= np.abs(k) <= HALF
    return Sliding(weights, bias, m, k, fits, ties_away=False)


def _of_any_shift(filters: npt.NDArray[np.int8], channels: Channels) -> Sliding:
    """With TFLM's own rounding and shift: the weights are doubled, for the product's sake."""
    constant, n = channels.constant, -channels.shift
    output = np.where(constant, channels.outputs(channels.lowest), channels.offset)
    n = np.where(constant, 1, n)
    weights = np.where(constant[:, None], np.int64(0), 2 * filters.astype(np.int64))
    bias = np.where(constant, 0, wrap_int32(2 * channels.bias))
    ends = np.stack([channels.lowest, channels.highest], axis=1)
    in_room = (2 * np.abs(ends)).max(axis=1) <= INT32_MAX
    fits = constant | (channels.ordered & (n >= 1) & (n <= 31) & in_room)
    k = np.where(fits, n, np.int64(1)) + 256 * output
    return Sliding(weights, bias, channels.multiplier, k, fits, ties_away=True)


def pack_channels(weights: Int64Array, sliding: Sliding) -> npt.NDArray[np.int32]:
    """int32 [channels, 8]: the words of nn_depthwise_dsp_core.h. Weights are [channels, 3, 3]."""
    count = len(weights)

    def halves(low: Int64Array, high: Int64Array) -> Int64Array:
        return np.asarray(low & 0xFFFF | (high & 0xFFFF) << 16)

    words = [halves(weights[:, 0, column], weights[:, 1, column]) for column in range(TAPS)]
    words.append(halves(weights[:, 2, 0], weights[:, 2, 1]))
    words.append(halves(np.full(count, count, np.int64), weights[:, 2, 2]))
    words += [sliding.bias, sliding.m, sliding.k]
    return wrap_int32(np.stack(words, axis=1)).astype(np.int32)


def unpack_weights(packed: npt.NDArray[np.int32]) -> Int64Array:
    """int64 [channels, 3, 3] of what `pack_channels` made."""
    halves = np.ascontiguousarray(packed[:, :5]).view("<i2").astype(np.int64).reshape(-1, 5, 2)
    first, second = halves[:, :3, 0], halves[:, :3, 1]
    third = np.stack([halves[:, 3, 0], halves[:, 3, 1], halves[:, 4, 1]], axis=1)
    return np.stack([first, second, third], axis=1)


def make(call: KernelCall) -> KernelCall:
    """The call of `nn_depthwise_conv2d_dsp_s8`."""
    params = _params(call)
    sizes, window = params.sizes, params.window
    place = cast(Place, place_of(sizes, window))
    sliding = sliding_of(params)
    shape = (-1, window.filter_height, window.filter_width)
    below, right = (
        TAPS - place.row - window.filter_height,
        TAPS - place.column - window.filter_width,
    )
    margins = ((0, 0), (place.row, below), (place.column, right))
    made = DepthwiseConv2dDspS8Params(
        sizes=sizes,
        output_pixel_stride=params.output_pixel_stride,
        stride_height=window.stride_height,
        stride_width=window.stride_width,
        dilation_height=window.dilation_height,
        padding_top=window.padding_top + place.row * window.dilation_height,
        padding_left=place.left,
        padding_right=place.right,
        first_row=place.row,
        last_row=place.row + window.filter_height - 1,
        input_zero_point=params.input_zero_point,
        ties_away=int(sliding.ties_away),
        activation_min=params.output_stage.activation_min,
        activation_max=params.output_stage.activation_max,
        channels=pack_channels(np.pad(sliding.weights.reshape(shape), margins), sliding),
    )
    batches, rows, _ = loops(sizes, window, params.output_channels)
    row_bytes = sizes.output_width * params.output_channels
    return replace(
        call,
        kernel="depthwise_conv2d_dsp_s8",
        params=made,
        reason="each channel slides along the row: a column of the input serves three outputs",
        scratch_bytes=0,
        overlaps={0: overlap.distance([batches, rows], sizes.input_elements, row_bytes)},
    )


def leaving_gaps(call: KernelCall) -> KernelCall:
    """The call whose kernel can leave gaps after the pixels of its output."""
    if call.kernel != "depthwise_conv2d_dsp_s8":
        return call
    return replace(call, kernel="depthwise_conv2d_dsp_gaps_s8")


VARIANT = Variant(
    kernel="depthwise_conv2d_dsp_s8",
    replaces="depthwise_conv2d_s8",
    targets=(Target.DSP,),
    constraints=(
        constraint_multiplier,
        constraint_window,
        constraint_padding,
        constraint_row,
        constraint_records,
    ),
    make=make,
)
