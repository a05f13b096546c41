"""How weights are packed for depthwise convolutions that take two taps at once."""

from __future__ import annotations

import numpy as np
import pytest

from mcuforge.planning.variants import depthwise_conv2d_pairs_dsp as pairs
from mcuforge.planning.variants.channels import Records


@pytest.mark.parametrize(
    ("channels", "multiplier", "expected"),
    [
        (9, 1, [4, 4, 1]),
        (3, 1, [1, 1, 1]),
        (6, 2, [2, 2, 2]),
        (6, 3, [2, 1, 2, 1]),
    ],
)
def test_tiles(channels: int, multiplier: int, expected: list[int]) -> None:
    assert pairs.tiles(channels, multiplier) == expected


@pytest.mark.parametrize("taps", [1, 2, 9, 25])
@pytest.mark.parametrize(("channels", "multiplier"), [(4, 1), (7, 1), (1, 1), (6, 2), (9, 3)])
def test_unpacked_weights_are_those_that_were_packed(
    taps: int, channels: int, multiplier: int
) -> None:
    filters = np.random.default_rng(1).integers(-128, 128, (channels, taps)).astype(np.int8)
    packed = pairs.pack_pairs(filters, multiplier)
    assert packed.dtype == np.uint32 and packed.size == channels * ((taps + 1) // 2)
    assert np.array_equal(pairs.unpack_pairs(packed, channels, taps, multiplier), filters)


def test_the_words_of_four_channels_lie_side_by_side() -> None:
    filters = np.arange(1, 13, dtype=np.int8).reshape(4, 3)
    words = pairs.pack_pairs(filters, 1).tolist()
    assert words == [0x20001, 0x50004, 0x80007, 0xB000A, 3, 6, 9, 12]


def test_records_of_a_tile_begin_with_its_biases() -> None:
    bias, m, n, k = (np.arange(5, dtype=np.int64) + 10 * i for i in range(1, 5))
    none = np.zeros(5, np.bool_)
    packed = pairs.pack_records(Records(bias, m, n, k, none, none, False), 1).tolist()
    assert packed[:7] == [10, 11, 12, 13, 40, 30, 40]
    assert packed[-4:] == [14, 48, 34, 44]


def test_the_last_tap_without_a_partner_is_read_twice() -> None:
    assert pairs.pair_taps(np.array([0, 4, 8], np.int32)).tolist() == [0, 4, 8, 8]
    assert pairs.pair_taps(np.array([0, 4], np.int32)).tolist() == [0, 4]
