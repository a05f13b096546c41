"""How weights and scales are packed for depthwise convolutions that slide along rows."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from mcuforge.planning.numerics import rounding_divide_by_pot
from mcuforge.planning.ops.depthwise_conv2d import DepthwiseConv2dS8Params
from mcuforge.planning.ops.weighted_sum import OutputStage
from mcuforge.planning.ops.window import ImageSizes, SlidingWindow
from mcuforge.planning.variants import depthwise_conv2d_dsp as dsp
from mcuforge.planning.variants.channels import Channels, Int64Array


def test_unpacked_weights_are_those_that_were_packed() -> None:
    rng = np.random.default_rng(1)
    weights = rng.integers(-32768, 32768, (5, 3, 3))
    bias, m, k = (rng.integers(-(2**31), 2**31, 5) for _ in range(3))
    sliding = dsp.Sliding(weights.reshape(5, 9), bias, m, k, np.ones(5, np.bool_), False)
    packed = dsp.pack_channels(weights, sliding)
    assert packed.dtype == np.int32 and packed.shape == (5, dsp.RECORD_WORDS)
    assert np.array_equal(dsp.unpack_weights(packed), weights)
    assert (packed[:, 4] & 0xFFFF).tolist() == [5] * 5
    assert np.array_equal(packed[:, 5:], np.stack([bias, m, k], axis=1))


def stage(shifts: list[int], offset: int, bias: list[int], low: int = -128) -> OutputStage:
    multiplier = np.random.default_rng(2).integers(1 << 30, 2**31 - 1, len(shifts))
    return OutputStage(
        np.array(bias, np.int32), multiplier.astype(np.int32), np.array(shifts, np.int32),
        offset, low, 127,
    )  # fmt: skip


def outputs(sliding: dsp.Sliding, products: Int64Array, scale: Int64Array) -> Int64Array:
    """What the kernel makes of sums of weights * inputs [channels, any], as its header says."""
    x = products * scale[:, None] + sliding.bias[:, None]
    assert np.abs(x).max() < 2**31
    m, k = sliding.m[:, None], sliding.k[:, None]
    if sliding.ties_away:
        scaled = rounding_divide_by_pot((x * m + (1 << 31)) >> 32, k & 255) + (k >> 8)
    else:
        scaled = (k + (x * m >> 32)) >> 12
    return np.asarray(np.clip(scaled, -128, 127), np.int64)


@pytest.mark.parametrize(
    ("shifts", "offset", "ties_away"),
    [
        ([-5, -6, -7, -8, -9, -10, -11], -128, False),
        ([-17, -9, -31], -128, False),  # m loses bits, or the output is constant
        ([-3, -9], -128, True),  # weights would leave int16
        ([-1, -9, -22], 5, True),
    ],
)
def test_every_sum_becomes_the_output_that_it_must(
    shifts: list[int], offset: int, ties_away: bool
) -> None:
    filters = np.random.default_rng(3).integers(-127, 128, (len(shifts), 9)).astype(np.int8)
    given = stage(shifts, offset, [100 * i - 200 for i in range(len(shifts))])
    channels = Channels.of(filters, given)
    sliding = (
        dsp._of_any_shift(filters, channels) if ties_away else dsp._of_one_shift(filters, channels)
    )
    assert sliding.fits.all()
    assert dsp.sliding_of(params(filters, given)).ties_away == ties_away
    nonzero = np.argmax(filters != 0, axis=1)
    rows = np.arange(len(shifts))
    scale = sliding.weights[rows, nonzero] // filters[rows, nonzero]
    assert np.array_equal(sliding.weights, filters * scale[:, None])
    reach = np.linspace(channels.lowest, channels.highest, 40_001, axis=1).astype(np.int64)
    found = outputs(sliding, reach - channels.bias[:, None], scale)
    assert np.array_equal(found, channels.outputs(reach))


def params(filters: npt.NDArray[np.int8], given: OutputStage) -> DepthwiseConv2dS8Params:
    sizes, window = geometry((6, 6), (3, 3), (1, 1), (1, 1))
    taps = np.zeros(9, np.int32)
    return DepthwiseConv2dS8Params(
        output_stage=given,
        sizes=sizes,
        window=window,
        depth_multiplier=1,
        output_channels=len(filters),
        output_pixel_stride=len(filters),
        input_zero_point=0,
        input_taps=taps,
        gathered_taps=taps,
        weights=np.ascontiguousarray(filters.T),
    )


def test_channels_that_lost_their_weights_take_none_of_the_room() -> None:
    filters = np.zeros((2, 9), np.int8)
    filters[0] = 5
    channels = Channels.of(filters, stage([-8, -31], -128, [0, 1 << 30]))
    sliding = dsp._of_one_shift(filters, channels)
    assert sliding.fits.all() and not sliding.weights[1].any() and sliding.bias[1] == 0
    assert sliding.k[1] >> 12 == channels.outputs(channels.lowest)[1]


def geometry(
    size: tuple[int, int],
    filter_size: tuple[int, int],
    stride: tuple[int, int],
    padding: tuple[int, int],
    dilation: int = 1,
) -> tuple[ImageSizes, SlidingWindow]:
    """Of SAME padding."""
    rows, columns = (-(-s // d) for s, d in zip(size, stride, strict=True))
    sizes = ImageSizes(1, *size, 4, rows, columns)
    return sizes, SlidingWindow(*filter_size, *stride, dilation, 1, *padding)


@pytest.mark.parametrize(
    ("size", "filter_size", "stride", "padding", "place"),
    [
        ((6, 6), (3, 3), (1, 1), (1, 1), dsp.Place(0, 0, 1, 1)),
        ((6, 6), (3, 3), (2, 2), (0, 0), dsp.Place(0, 0, 0, 1)),
        ((1, 6), (1, 3), (1, 1), (0, 1), dsp.Place(1, 0, 1, 1)),
        ((6, 1), (3, 1), (1, 1), (1, 0), dsp.Place(0, 1, 1, 1)),
        ((6, 6), (2, 2), (1, 1), (0, 0), dsp.Place(1, 1, 1, 1)),
        ((6, 6), (2, 2), (2, 2), (0, 0), dsp.Place(0, 0, 0, 1)),
        ((6, 6), (3, 3), (1, 1), (2, 2), None),  # padding of its own, before the op
        ((6, 6), (3, 3), (1, 1), (2, 1), None),
    ],
)
def test_a_filter_lies_where_the_padding_is_least(
    size: tuple[int, int],
    filter_size: tuple[int, int],
    stride: tuple[int, int],
    padding: tuple[int, int],
    place: dsp.Place | None,
) -> None:
    assert dsp.place_of(*geometry(size, filter_size, stride, padding)) == place
