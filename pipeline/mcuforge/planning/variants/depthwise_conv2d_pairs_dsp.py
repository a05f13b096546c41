"""depthwise_conv2d_s8 on cores with DSP instructions: two taps of any filter at once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, cast

import numpy as np
import numpy.typing as npt

from mcuforge.planning.numerics import wrap_int32
from mcuforge.planning.ops.depthwise_conv2d import DepthwiseConv2dS8Params
from mcuforge.planning.ops.window import ImageSizes, SlidingWindow
from mcuforge.planning.plan import I32, ArrayI32, ArrayU32, KernelCall, KernelParams
from mcuforge.planning.target import Target
from mcuforge.planning.variants import Variant
from mcuforge.planning.variants.channels import Channels, Records


@dataclass(frozen=True, eq=False)
class DepthwiseConv2dPairsDspS8Params(KernelParams):
    """Mirror of nn_depthwise_conv2d_pairs_dsp_s8_params."""

    c_type: ClassVar[str] = "nn_depthwise_conv2d_pairs_dsp_s8_params"
    sizes: ImageSizes
    window: SlidingWindow
    depth_multiplier: I32
    output_channels: I32
    output_pixel_stride: I32
    input_zero_point: I32
    ties_away: I32
    activation_min: I32
    activation_max: I32
    pairs: I32
    input_taps: ArrayI32
    gathered_taps: ArrayI32
    weights: ArrayU32
    records: ArrayI32


def _params(call: KernelCall) -> DepthwiseConv2dS8Params:
    return cast(DepthwiseConv2dS8Params, call.params)


def _filters(params: DepthwiseConv2dS8Params) -> npt.NDArray[np.int8]:
    """int8 [output channels, taps]."""
    return cast(npt.NDArray[np.int8], params.weights).T


def _records(params: DepthwiseConv2dS8Params) -> tuple[Channels, Records]:
    channels = Channels.of(_filters(params), params.output_stage)
    return channels, Records.of(channels)


def constraint_records(call: KernelCall) -> str | None:
    """With every input, one product, one sum and a shift to the right of 1 to 22 make the output of
    each sum."""
    channels, records = _records(_params(call))
    return records.unfit(channels)


def tiles(output_channels: int, depth_multiplier: int) -> list[int]:
    """How many output channels the kernel computes at once, in its order.

    With a depth multiplier of 1 four neighbours; else, and of what is left over, two filters of one
    input channel, and the last one.
    """
    if depth_multiplier == 1:
        return [4] * (output_channels // 4) + [1] * (output_channels % 4)
    of_one = [2] * (depth_multiplier // 2) + [1] * (depth_multiplier % 2)
    return of_one * (output_channels // depth_multiplier)


def pack_pairs(filters: npt.NDArray[np.int8], depth_multiplier: int) -> npt.NDArray[np.uint32]:
    """int8 filters [output channels, taps] -> words, of each tile [pairs of taps, its channels]:
    the first tap of a pair low, a last one without another beside zero."""
    padded = np.pad(filters, ((0, 0), (0, filters.shape[1] % 2))).astype(np.int64) & 0xFFFF
    words = (padded[:, 0::2] | padded[:, 1::2] << 16).astype(np.uint32)
    ends = np.cumsum(tiles(len(filters), depth_multiplier))[:-1]
    return np.concatenate([tile.T.reshape(-1) for tile in np.split(words, ends)])


def unpack_pairs(
    packed: npt.NDArray[np.uint32], output_channels: int, taps: int, depth_multiplier: int
) -> npt.NDArray[np.int8]:
    """int8 [output channels, taps] of what `pack_pairs` made."""
    pairs = (taps + 1) // 2
    sizes = tiles(output_channels, depth_multiplier)
    parts = np.split(packed, np.cumsum(sizes)[:-1] * pairs)
    words = np.concatenate(
        [part.reshape(pairs, size).T for part, size in zip(parts, sizes, strict=True)]
    )
    return (
        np.ascontiguousarray(words)
        .view("<i2")
        .reshape(output_channels, -1)[:, :taps]
        .astype(np.int8)
    )


def pack_records(records: Records, depth_multiplier: int) -> npt.NDArray[np.int32]:
    """int32 [4 * output channels]: of each tile its biases, then {2m, n, k} of its channels."""
    words = np.stack([2 * records.m, records.n, records.k], axis=1)
    ends = np.cumsum(tiles(len(words), depth_multiplier))[:-1]
    split = zip(np.split(records.bias, ends), np.split(words, ends), strict=True)
    parts = [part for bias, rest in split for part in (bias, rest.reshape(-1))]
    return wrap_int32(np.concatenate(parts)).astype(np.int32)


def pair_taps(taps: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """The places of taps, an even number: a last one twice, as its weight is zero then."""
    return np.pad(taps, (0, len(taps) % 2), mode="edge").astype(np.int32)


def make(call: KernelCall) -> KernelCall:
    """The call of `nn_depthwise_conv2d_pairs_dsp_s8`."""
    params = _params(call)
    _, records = _records(params)
    filters = np.where(records.zeroed[:, None], 0, _filters(params)).astype(np.int8)
    made = DepthwiseConv2dPairsDspS8Params(
        sizes=params.sizes,
        window=params.window,
        depth_multiplier=params.depth_multiplier,
        output_channels=params.output_channels,
        output_pixel_stride=params.output_pixel_stride,
        input_zero_point=params.input_zero_point,
        ties_away=int(records.away),
        activation_min=params.output_stage.activation_min,
        activation_max=params.output_stage.activation_max,
        pairs=(filters.shape[1] + 1) // 2,
        input_taps=pair_taps(params.input_taps),
        gathered_taps=pair_taps(params.gathered_taps),
        weights=pack_pairs(filters, params.depth_multiplier),
        records=pack_records(records, params.depth_multiplier),
    )
    return replace(
        call,
        kernel="depthwise_conv2d_pairs_dsp_s8",
        params=made,
        reason="two taps at once; only positions at the border are gathered first",
    )


VARIANT = Variant(
    kernel="depthwise_conv2d_pairs_dsp_s8",
    replaces="depthwise_conv2d_s8",
    targets=(Target.DSP,),
    constraints=(constraint_records,),
    make=make,
)
