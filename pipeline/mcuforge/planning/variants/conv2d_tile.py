"""Convolutions and FULLY_CONNECTED on cores without DSP instructions: four filters at a time.

The records that requantise hold TFLM's multipliers in pieces, since these cores multiply 32 bits by
32 and keep 32; a sum must be short enough for that. Channels that would not fit get records of
their own, proved at every threshold of the output: see `channels.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, cast

import numpy as np
import numpy.typing as npt

from mcuforge.planning.numerics import wrap_int32
from mcuforge.planning.ops import overlap
from mcuforge.planning.ops.convolution import Conv2dS8Params
from mcuforge.planning.ops.fully_connected import FullyConnectedS8Params
from mcuforge.planning.ops.window import ImageSizes, SlidingWindow, loops
from mcuforge.planning.plan import I32, ArrayU8, ArrayU32, KernelCall, KernelParams
from mcuforge.planning.target import Target
from mcuforge.planning.variants import Variant
from mcuforge.planning.variants.channels import BoolArray, Channels, Records
from mcuforge.planning.variants.dense import as_convolution

FILTERS = 4  # a group of them shares each load of an input


@dataclass(frozen=True)
class Form:
    """How a record holds the multiplier: in `pieces` (bit, bits), the lowest first.

    Their products with a sum of at most `max_sum` fit int32; `fraction` bits of the total are below
    TFLM's high word.
    """

    pieces: tuple[tuple[int, int], ...]
    max_sum: int
    fraction: int


THREE = Form(((0, 10), (10, 11), (21, 10)), (1 << 20) - 1, 10)
FOUR = Form(((0, 8), (8, 8), (16, 8), (24, 8)), (1 << 23) - 1, 7)


@dataclass(frozen=True, eq=False)
class Conv2dTileS8Params(KernelParams):
    """Mirror of nn_conv2d_tile_s8_params."""

    c_type: ClassVar[str] = "nn_conv2d_tile_s8_params"
    sizes: ImageSizes
    window: SlidingWindow
    output_channels: I32
    output_start: I32
    output_batch_stride: I32
    output_row_stride: I32
    output_pixel_stride: I32
    input_zero_point: I32
    filter_stride: I32
    activation_min: I32
    activation_max: I32
    three: I32
    records: ArrayU32
    weights: ArrayU8


def chosen_form(records: Records, channels: Channels) -> Form | None:
    """The shortest form for all of the records; None where none can hold them.

    Three pieces leave out what ties of negative sums ask for.
    """
    return next((form for form in forms(records) if _fit(form, records, channels).all()), None)


def forms(records: Records) -> tuple[Form, ...]:
    """The forms that records may take, the fastest first."""
    return (FOUR,) if records.away else (THREE, FOUR)


def _fit(form: Form, records: Records, channels: Channels) -> BoolArray:
    """Which records a form can hold: bool [channels]. Nothing may leave int32."""
    moved = wrap_int32(records.bias - channels.bias)
    ends = np.stack([channels.lowest + moved, channels.highest + moved], axis=1)
    ends = np.where(records.zeroed[:, None], 0, ends)
    addend = (records.k << form.fraction) + (1 << form.fraction >> 1)
    totals = addend[:, None] + (ends * records.m[:, None] >> (31 - form.fraction))
    fits = records.fits & (np.abs(ends).max(axis=1) <= form.max_sum)
    fits &= (np.abs(totals).max(axis=1) < 2**31 - (1 << form.fraction)) & (np.abs(addend) < 2**31)
    return np.asarray(fits & (records.n + form.fraction < 32))


def constraint_one_group(call: KernelCall) -> str | None:
    """Every filter sees all channels"""
    params = _params(call)
    one = params.group_channels == params.sizes.input_channels
    return None if one else f"these see {params.group_channels} of {params.sizes.input_channels}"


def constraint_filters(call: KernelCall) -> str | None:
    """There are at least four filters, of at least a tap"""
    params = _params(call)
    if params.output_channels < FILTERS:
        return f"there are {params.output_channels}"
    return None if params.filter_stride > 0 else "they have none"


def constraint_records(call: KernelCall) -> str | None:
    """Pieces of its multiplier times any sum of a channel fit int32"""
    channels = _channels(_params(call))
    records = _records(channels)
    if chosen_form(records, channels) is not None:
        return None
    unfit = ~_fit(FOUR, records, channels)
    at = int(np.argmax(unfit))
    return (
        f"channel {at} sums to {int(channels.lowest[at]):,} ... {int(channels.highest[at]):,}, "
        f"with a shift of {int(channels.shift[at])}"
    )


def _records(channels: Channels) -> Records:
    return Records.of(channels, FOUR.max_sum)


def _params(call: KernelCall) -> Conv2dS8Params:
    """The call's parameters; those of FULLY_CONNECTED as of a convolution."""
    params = call.params
    if isinstance(params, FullyConnectedS8Params):
        return as_convolution(params)
    return cast(Conv2dS8Params, params)


def _weights(params: Conv2dS8Params) -> npt.NDArray[np.int8]:
    """int8 [channels, filter stride]."""
    if params.weights is None:
        raise ValueError("the weights are packed")
    return params.weights.reshape(params.output_channels, params.filter_stride)


def _channels(params: Conv2dS8Params) -> Channels:
    return Channels.of(_weights(params), params.output_stage)


def packed_weights(weights: npt.NDArray[np.int8]) -> npt.NDArray[np.uint8]:
    """w + 128 as uint8: groups of four filters tap by tap, then the filters that are left.

    `weights` are int8 [channels, taps].
    """
    unsigned = (weights.astype(np.int16) + 128).astype(np.uint8)
    whole = len(weights) // FILTERS * FILTERS
    groups = unsigned[:whole].reshape(-1, FILTERS, weights.shape[1]).transpose(0, 2, 1)
    return np.concatenate([groups.reshape(-1), unsigned[whole:].reshape(-1)])


def unpacked_weights(packed: npt.NDArray[np.uint8], taps: int) -> npt.NDArray[np.int8]:
    """The inverse of `packed_weights`: int8 [channels, taps]."""
    signed = (packed.astype(np.int16) - 128).astype(np.int8).reshape(-1, taps)
    whole = len(signed) // FILTERS * FILTERS
    groups = signed[:whole].reshape(-1, taps, FILTERS).transpose(0, 2, 1)
    return np.concatenate([groups.reshape(-1, taps), signed[whole:]])


def packed_records(
    weights: npt.NDArray[np.int8], records: Records, form: Form
) -> npt.NDArray[np.uint32]:
    """uint32 [channels rounded up to 4, 4], in groups of sixteen words: see nn_tile.h.

    `weights` are int8 [channels, taps], and zero where a record has to have no products.
    """
    pieces = [records.m >> bit & ((1 << bits) - 1) for bit, bits in form.pieces]
    n = records.n + form.fraction
    first, second = (
        (pieces[0] | pieces[1] << 16, pieces[2] | n << 16) if form is THREE else (records.m, n)
    )
    columns = np.zeros((4, len(weights) + -len(weights) % FILTERS), np.int64)
    columns[:, : len(weights)] = (
        records.bias - 128 * weights.sum(axis=1, dtype=np.int64),
        first,
        second,
        (records.k << form.fraction) + (1 << form.fraction >> 1),
    )
    grouped = columns.reshape(4, -1, FILTERS)
    rest = grouped[1:].transpose(1, 2, 0).reshape(-1, 3 * FILTERS)
    words = np.concatenate([grouped[0], rest], axis=1)
    return wrap_int32(words).astype(np.int32).view(np.uint32).reshape(-1, 4)


def make(call: KernelCall) -> KernelCall:
    """A call of `nn_conv2d_tile_s8`."""
    params = _params(call)
    stage, sizes, channels = params.output_stage, params.sizes, _channels(params)
    records = _records(channels)
    form = chosen_form(records, channels)
    if form is None:
        raise ValueError("a channel has no record")
    weights = np.where(records.zeroed[:, None], np.int8(0), _weights(params))
    steps = loops(sizes, params.window, params.output_channels)
    return replace(
        call,
        kernel="conv2d_tile_s8",
        params=Conv2dTileS8Params(
            sizes=sizes,
            window=params.window,
            output_channels=params.output_channels,
            output_start=params.output_start,
            output_batch_stride=params.output_batch_stride,
            output_row_stride=params.output_row_stride,
            output_pixel_stride=params.output_pixel_stride,
            input_zero_point=params.input_zero_point,
            filter_stride=params.filter_stride,
            activation_min=stage.activation_min,
            activation_max=stage.activation_max,
            three=int(form is THREE),
            records=packed_records(weights, records, form),
            weights=packed_weights(weights),
        ),
        reason="four filters share each load of an input; products of 32 bits requantise",
        scratch_bytes=params.filter_stride,
        overlaps={0: overlap.distance(steps, sizes.input_elements, None)} if call.overlaps else {},
    )


VARIANTS = tuple(
    Variant(
        kernel="conv2d_tile_s8",
        replaces=replaced,
        targets=(Target.PORTABLE,),
        constraints=(constraint_one_group, constraint_filters, constraint_records),
        make=make,
    )
    for replaced in ("conv2d_s8", "fully_connected_s8")
)
