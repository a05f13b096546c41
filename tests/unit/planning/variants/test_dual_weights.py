"""Weights of two filters in one word: packed, unpacked, and summed as the kernel sums them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from mcuforge.planning.ops.weighted_sum import OutputStage
from mcuforge.planning.variants.channels import HALF, Channels, Int64Array
from mcuforge.planning.variants.dual_weights import (
    MAX_ODD_SUM,
    NO_TAP,
    dual_records,
    odd_filters,
    pack_dual,
    pack_records,
    run_steps,
    steps_of_runs,
)

Words = npt.NDArray[np.uint32]


def halves(words: Words) -> Int64Array:
    """The lanes of words: int64 [..., 2]."""
    return np.stack([words & 0xFFFF, words >> 16], axis=-1).astype(np.uint16).view(np.int16) + 0


def both(words: Words) -> tuple[Int64Array, Int64Array]:
    """The even and the odd weights of words of steps: int64 [..., 2]."""
    lanes = halves(words).astype(np.int64)
    even = (lanes & 0xFF).astype(np.uint8).view(np.int8).astype(np.int64)
    return even, (lanes - even) // 256


def unpacked(words: Words, outputs: int, group_outputs: int, steps: int) -> list[Int64Array]:
    """The weights of each filter in the order of its steps: int64 [steps, 2]."""
    filters: list[Int64Array] = []
    more = steps + steps % 2
    while len(filters) < outputs:
        left = group_outputs - len(filters) % group_outputs
        if left >= 4:
            taken, words = words[: 2 * steps].reshape(steps, 2), words[2 * steps :]
            for pair in taken.T:
                filters += both(pair)
        elif left >= 2:
            taken, words = words[:more], words[more:]
            filters += [lanes[:steps] for lanes in both(taken)]
        else:
            taken, words = words[: more // 2], words[more // 2 :]
            quads = taken.view(np.int8).reshape(-1, 4).astype(np.int64)
            filters.append(quads[:, [0, 2, 1, 3]].reshape(-1, 2)[:steps])
    assert len(words) == 0
    return filters


@pytest.mark.parametrize("runs", [0, 1, 3])
@pytest.mark.parametrize("taps", range(12))
def test_steps_take_every_tap_once_and_in_the_order_of_bytes(runs: int, taps: int) -> None:
    steps = steps_of_runs(runs, taps)
    assert sorted(steps[steps != NO_TAP]) == list(range(runs * taps))
    assert len(steps) == max(runs * (taps // 4 * 2 + (0, 1, 1, 2)[taps % 4]), 1)


def test_four_taps_are_bytes_0_and_2_then_1_and_3() -> None:
    assert run_steps(7).tolist() == [[0, 2], [1, 3], [4, 6], [5, NO_TAP]]
    assert run_steps(6).tolist() == [[0, 2], [1, 3], [4, 5]]


@pytest.mark.parametrize("group_outputs", range(1, 12))
@pytest.mark.parametrize(("runs", "taps"), [(1, 4), (3, 3), (2, 9), (1, 1), (3, 2), (1, 0)])
def test_packed_filters_unpack_to_what_they_were(group_outputs: int, runs: int, taps: int) -> None:
    random = np.random.default_rng(group_outputs)
    filters = random.integers(-127, 128, (2 * group_outputs, runs * taps)).astype(np.int8)
    steps = steps_of_runs(runs, taps)
    words = pack_dual(filters, steps, group_outputs)
    expected = np.where(steps == NO_TAP, 0, np.pad(filters, ((0, 0), (0, 1)))[:, steps])
    found = unpacked(words, len(filters), group_outputs, len(steps))
    assert np.array_equal(np.array(found), expected)


def test_weights_take_no_more_room_than_bytes() -> None:
    filters = np.ones((11, 36), np.int8)
    assert pack_dual(filters, steps_of_runs(1, 36), 11).nbytes == filters.nbytes


def test_odd_filters_are_those_with_a_partner_before_them() -> None:
    assert odd_filters(7, 7).tolist() == [False, True, False, True, False, True, False]
    assert odd_filters(6, 3).tolist() == [False, True, False] * 2


def stage(bias: list[int], shift: int = -8, offset: int = 3) -> OutputStage:
    count = len(bias)
    multipliers = np.full(count, HALF + 5, np.int32)
    return OutputStage(
        np.array(bias, np.int32), multipliers, np.full(count, shift, np.int32), offset, -128, 127
    )


def test_records_begin_with_where_the_sums_of_a_tile_begin() -> None:
    filters = np.ones((3, 4), np.int8)
    made = stage([5, 7, -9])
    records = dual_records(filters, Channels.of(filters, made), 3)[1]
    assert pack_records(records, 3).tolist() == [
        *(5, 256 * 7 + 5),
        *(2 * (HALF + 5) - 2**32, 8, 128 + (3 << 8)),
        *(HALF + 5, 8, 128 + (3 << 8)),
        *(-9, 2 * (HALF + 5) - 2**32, 8, 128 + (3 << 8)),
    ]


def test_sums_of_odd_filters_must_leave_room_to_be_summed_256_times() -> None:
    filters = np.full((2, 600), 127, np.int8)
    for bias, fits in (([0, 0], False), ([2**23, -9], False)):
        words = dual_records(filters, Channels.of(filters, stage(bias)), 2)[2]
        assert (words is None) is fits
    small = filters.copy()
    small[1] //= 2
    assert dual_records(small, Channels.of(small, stage([2**23, 0])), 2)[2] is None
    assert MAX_ODD_SUM < 600 * 127 * 128


def test_pairs_beyond_int16_are_told_apart() -> None:
    filters = np.array([[-1, 1], [-128, 127]], np.int8)
    words = dual_records(filters, Channels.of(filters, stage([0, 0])), 2)[2]
    assert words == "one of them is -128, beside a negative one"
    filters[0, 0] = 0
    assert dual_records(filters, Channels.of(filters, stage([0, 0])), 2)[2] is None


def test_filters_whose_output_is_constant_are_zeroed() -> None:
    filters = np.full((2, 4), 127, np.int8)
    made = stage([0, 2**30], shift=-31)
    kept, records, words = dual_records(filters, Channels.of(filters, made), 2)
    assert words is None and not kept.any() and records.bias.tolist() == [0, 0]
