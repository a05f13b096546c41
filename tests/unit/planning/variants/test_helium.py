"""Packing for Helium, and which calls its kernels take."""

from __future__ import annotations

import numpy as np
import pytest

from mcuforge.planning.ops.convolution import Conv2dS8Params
from mcuforge.planning.ops.depthwise_conv2d import DepthwiseConv2dS8Params
from mcuforge.planning.ops.fully_connected import FullyConnectedS8Params
from mcuforge.planning.ops.weighted_sum import OutputStage
from mcuforge.planning.ops.window import ImageSizes, SlidingWindow
from mcuforge.planning.plan import KernelCall, KernelParams
from mcuforge.planning.target import Target
from mcuforge.planning.variants import chosen, conv2d_helium, depthwise_conv2d_helium, row_helium
from mcuforge.planning.variants.helium import (
    ROUND_ANY,
    ROUND_AWAY,
    ROUND_UP,
    pack_block_records,
    pack_filters,
    pack_records,
    pack_taps,
    rounding,
    unpack_block_records,
    unpack_filters,
    unpack_records,
    unpack_taps,
)
from mcuforge.planning.variants.registry import VARIANTS

RANDOM = np.random.default_rng(5)
POINT = SlidingWindow(1, 1, 1, 1, 1, 1, 0, 0)


def stage(channels: int, offset: int = -128, low: int = -128, high: int = 127) -> OutputStage:
    bias, multiplier = RANDOM.integers(1, 2**30, (2, channels)).astype(np.int32)
    shift = RANDOM.integers(-31, 0, channels).astype(np.int32)
    return OutputStage(bias, multiplier, shift, offset, low, high)


def filters(channels: int, taps: int) -> np.ndarray:
    return RANDOM.integers(-128, 128, (channels, taps)).astype(np.int8)


@pytest.mark.parametrize("channels", [1, 3, 4, 5, 8])
@pytest.mark.parametrize("taps", [0, 1, 15, 16, 17, 48])
def test_filters_are_packed_by_fours_and_sixteens(channels: int, taps: int) -> None:
    given = filters(channels, taps)
    packed = pack_filters(given)
    assert packed.shape == (-(-channels // 4), max(-(-taps // 16), 1), 4, 16)
    assert np.array_equal(unpack_filters(packed, channels, taps), given)
    assert np.count_nonzero(packed) == np.count_nonzero(given)  # what fills up is zero


def test_a_chunk_holds_the_same_taps_of_four_filters() -> None:
    given = filters(8, 40)
    assert np.array_equal(pack_filters(given)[1, 2, 3, :8], given[7, 32:])


@pytest.mark.parametrize("taps", [1, 16, 17, 50])
def test_rows_begin_with_their_last_chunk(taps: int) -> None:
    given = filters(5, taps)
    packed = row_helium.pack_rows(given)
    last = (taps - 1) // 16 * 16
    assert np.array_equal(packed[0, 0, 2, : taps - last], given[2, last:])
    assert np.array_equal(row_helium.unpack_rows(packed, 5, taps), given)


def test_records_hold_four_channels() -> None:
    given = stage(6)
    packed = pack_records(given, 8)
    assert packed.shape == (2, 3, 4)
    assert packed[1, 0, 1] == given.bias[5]
    assert packed[0, 2, 3] == given.shift[3]
    assert not packed[1, :, 2:].any()
    assert np.array_equal(unpack_records(packed, 6), [given.bias, given.multiplier, given.shift])


def test_records_of_blocks_follow_the_lanes() -> None:
    given = stage(32)
    packed = pack_block_records(given)
    assert packed.shape == (2, 48)
    assert packed[1, :8].tolist() == given.bias[16:][[0, 4, 8, 12, 2, 6, 10, 14]].tolist()
    odd = packed[0, 16 + 2 * 8 : 16 + 3 * 8]
    assert odd[:4].tolist() == given.multiplier[[1, 5, 9, 13]].tolist()
    assert odd[4:].tolist() == given.shift[[1, 5, 9, 13]].tolist()
    assert np.array_equal(unpack_block_records(packed), [given.bias, given.multiplier, given.shift])


def test_taps_of_blocks_lie_together() -> None:
    given = filters(9, 48)
    packed = pack_taps(given)
    assert np.array_equal(packed[2, 4], given[4, 32:])
    assert np.array_equal(unpack_taps(packed), given)


@pytest.mark.parametrize(
    ("offset", "limits", "shift", "expected"),
    [
        (-128, (-128, 127), -1, ROUND_UP),
        (-128, (-128, 127), 0, ROUND_UP),
        (-128, (-128, 127), -31, ROUND_UP),
        (-127, (-128, 127), -1, ROUND_AWAY),
        (5, (-128, 127), 0, ROUND_ANY),
        (-128, (-128, 127), 1, ROUND_ANY),
        (-128, (-128, 126), -9, ROUND_ANY),
        (3, (3, 127), -9, ROUND_ANY),
    ],
)
def test_ties_are_left_to_the_shift_where_that_is_exact(
    offset: int, limits: tuple[int, int], shift: int, expected: int
) -> None:
    one = stage(4, offset, *limits)
    one.shift[2] = shift
    assert rounding(one) == expected


def test_a_channel_that_multiplies_by_zero_may_round_as_it_likes() -> None:
    one = stage(4, 0)
    one.shift[1] = one.multiplier[1] = 0
    assert rounding(one) == ROUND_AWAY


def call(kernel: str, params: KernelParams) -> KernelCall:
    return KernelCall(kernel, params, (0,), 1, "it computes all cases", overlaps={0: 0})


def convolution(
    sizes: ImageSizes, window: SlidingWindow, outputs: int, groups: int = 1
) -> KernelCall:
    channels = sizes.input_channels // groups
    taps = window.filter_height * window.filter_width * channels
    packed = filters(outputs, taps + -taps % 4)
    row = sizes.output_width * outputs
    return call(
        "conv2d_s8",
        Conv2dS8Params(
            output_stage=stage(outputs),
            sizes=sizes,
            window=window,
            group_channels=channels,
            output_channels=outputs,
            output_start=0,
            output_batch_stride=sizes.output_height * row,
            output_row_stride=row,
            output_pixel_stride=outputs,
            input_zero_point=3,
            filter_stride=packed.shape[1],
            weights=packed,
        ),
    )


def helium(given: KernelCall) -> KernelCall:
    return chosen(given, Target.HELIUM, VARIANTS)


def test_a_point_sees_all_pixels_as_one_row() -> None:
    found = helium(convolution(ImageSizes(2, 3, 5, 8, 3, 5), POINT, 6))
    assert isinstance(found.params, conv2d_helium.Conv2dHeliumS8Params)
    sizes = found.params.sizes
    assert (sizes.batches, sizes.output_height, sizes.input_width, sizes.output_width) == (
        *(1, 1),
        *(30, 30),
    )
    assert found.overlaps == {0: -2 * 6 + min(0, 29 * (8 - 6))}  # a pair writes while it reads


def test_a_window_keeps_its_geometry() -> None:
    window = SlidingWindow(3, 3, 1, 1, 1, 1, 1, 1)
    found = helium(convolution(ImageSizes(1, 6, 7, 8, 6, 7), window, 8))
    assert isinstance(found.params, conv2d_helium.Conv2dHeliumS8Params)
    assert found.params.sizes.output == (1, 6, 7)
    assert found.params.chunks == 5
    assert found.scratch_bytes == 2 * 80
    assert found.overlaps == {0: -(7 + 1) * 8}  # gathered, then written


def test_one_window_over_everything_is_a_row() -> None:
    window = SlidingWindow(3, 3, 1, 1, 1, 1, 0, 0)
    found = helium(convolution(ImageSizes(1, 3, 3, 5, 1, 1), window, 7))
    assert isinstance(found.params, row_helium.FullyConnectedHeliumS8Params)
    assert (found.params.inputs, found.params.outputs, found.scratch_bytes) == (45, 7, 0)


def test_groups_are_passed_over_in_words() -> None:
    found = helium(convolution(ImageSizes(1, 4, 4, 6, 4, 4), POINT, 6, groups=3))
    assert found.kernel == "conv2d_s8"
    assert found.passed_over == (
        "conv2d_helium_s8: Every filter sees all channels; there are 3 groups",
    )


@pytest.mark.parametrize(("rows", "kernel"), [(1, "fully_connected"), (2, "conv2d")])
def test_several_rows_are_a_convolution(rows: int, kernel: str) -> None:
    params = FullyConnectedS8Params(stage(5), rows, 30, 5, 32, filters(5, 32))
    found = helium(call("fully_connected_s8", params))
    assert found.kernel == f"{kernel}_helium_s8"


def depthwise(weights: np.ndarray, stride: int = 1, multiplier: int = 1) -> KernelCall:
    channels = weights.shape[1]
    sizes = ImageSizes(1, 9, 9, channels // multiplier, 9 // stride, 9 // stride)
    return call(
        "depthwise_conv2d_s8",
        DepthwiseConv2dS8Params(
            output_stage=stage(channels),
            sizes=sizes,
            window=SlidingWindow(3, 3, stride, stride, 1, 1, 1, 1),
            depth_multiplier=multiplier,
            output_channels=channels,
            output_pixel_stride=channels,
            input_zero_point=3,
            input_taps=np.zeros(9, np.int32),
            gathered_taps=np.zeros(9, np.int32),
            weights=weights,
        ),
    )


@pytest.mark.parametrize(
    ("channels", "stride", "pixels"),
    [(8, 1, 2), (8, 2, 1), (16, 1, 1), (40, 1, 2), (4, 1, 4), (3, 1, 5), (1, 1, 9), (128, 1, 1)],
)
def test_steps_fill_their_vectors(channels: int, stride: int, pixels: int) -> None:
    found = helium(depthwise(filters(9, channels), stride)).params
    assert isinstance(found, depthwise_conv2d_helium.DepthwiseConv2dHeliumS8Params)
    assert found.pixels == pixels
    blocks = -(-pixels * channels // 16)
    assert found.weights.shape == (blocks, 9, 16)
    assert found.stage.records.shape == (blocks, 48)


def test_pixels_of_a_step_repeat_the_weights() -> None:
    weights = filters(9, 8)
    found = helium(depthwise(weights)).params
    assert isinstance(found, depthwise_conv2d_helium.DepthwiseConv2dHeliumS8Params)
    assert np.array_equal(unpack_taps(found.weights), np.tile(weights, 2))


@pytest.mark.parametrize(("place", "kernel"), [(4, "depthwise_conv2d_s8"), (8, None)])
def test_pairs_of_products_must_fit_16_bits(place: int, kernel: str | None) -> None:
    weights = np.full((9, 4), -127, np.int8)
    weights[5, 2] = weights[place, 2] = -128  # taps 4 and 5 are a pair
    found = helium(depthwise(weights))
    assert found.kernel == (kernel or "depthwise_conv2d_helium_s8")
    if kernel:
        assert found.passed_over[0].endswith("within 16 bits; two of them are -128")


def test_a_depth_multiplier_is_passed_over() -> None:
    assert helium(depthwise(filters(9, 8), multiplier=2)).kernel == "depthwise_conv2d_s8"
