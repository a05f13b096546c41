"""What is proved of channels: reachable sums, thresholds, and records that compute the same."""

from __future__ import annotations

import time
import tracemalloc

import numpy as np
import pytest

from mcuforge.planning.numerics import INT8_MAX, INT8_MIN, quantize_multiplier
from mcuforge.planning.ops.weighted_sum import OutputStage
from mcuforge.planning.variants.channels import HALF, OUTPUTS, Channels, Records

ROOM = (1 << 23) - 1


def stage(
    bias: list[int],
    factors: list[tuple[int, int]],
    offset: int = 0,
    low: int = INT8_MIN,
    high: int = INT8_MAX,
) -> OutputStage:
    multiplier, shift = np.array(factors, np.int32).T
    return OutputStage(np.array(bias, np.int32), multiplier, shift, offset, low, high)


def channels(weights: list[list[int]], made: OutputStage) -> Channels:
    return Channels.of(np.array(weights, np.int8), made)


def random_channels(seed: int, count: int) -> Channels:
    """Of few taps, so that all sums can be tried, with any bias, scale, offset and clamp."""
    random = np.random.default_rng(seed)
    weights = random.integers(-127, 128, (count, 2)) * random.integers(0, 2, (count, 1))
    scales = 2.0 ** random.uniform(-34, 3, count)
    reach = random.choice([0, 100, 2**20, 2**23, 2**30 - 2**20], count)
    bias = (random.uniform(-1, 1, count) * reach).astype(int)
    near = random.random(count) < 0.5  # a threshold is within reach of the sums
    wanted = random.integers(-130, 130, count) / scales
    bias = np.where(near, np.clip(wanted, -(2**30), 2**30), bias).astype(int)
    offset = int(random.choice([-128, -128, 127, 0, random.integers(-128, 128)]))
    low = int(random.choice([-128, offset, random.integers(-128, 100)]))
    factors = [quantize_multiplier(float(scale)) for scale in scales]
    made = stage(bias.tolist(), factors, offset, low, int(random.choice([127, max(low, 100)])))
    return Channels.of(weights.astype(np.int8), made)


def all_sums(of: Channels) -> list[np.ndarray]:
    """Every sum of products that a channel can have."""
    return [
        np.arange(low - bias, high - bias + 1)
        for low, high, bias in zip(of.lowest, of.highest, of.bias, strict=True)
    ]


def test_sums_reach_what_int8_inputs_make_of_the_weights() -> None:
    made = channels([[3, -2], [0, 0], [-127, 127]], stage([10, 1 << 30, -5], [(HALF, 0)] * 3))
    assert made.lowest.tolist() == [10 - 384 - 254, 1 << 30, -5 - 127 * 255]
    assert made.highest.tolist() == [10 + 381 + 256, 1 << 30, -5 + 127 * 255]


def test_sums_are_those_whose_bias_was_folded_modulo_2_to_the_32() -> None:
    """The bias alone would leave int32, and no sum with it does."""
    made = channels([[127, 127]], stage([-(2**31) + 10_000], [(HALF, -5)]))
    assert made.lowest > made.highest  # such sums wrap around: no order among outputs
    assert not made.ordered.any()
    assert not Records.of(made).fits.any()


def test_left_shifts_that_wrap_around_leave_no_order() -> None:
    made = channels([[127], [1]], stage([0, 0], [(HALF, 20), (HALF, 20)]))
    assert made.ordered.tolist() == [False, True]


@pytest.mark.parametrize("seed", range(3))
def test_outputs_change_at_the_thresholds(seed: int) -> None:
    made = random_channels(seed, 15)
    made = made.take(made.ordered)
    bare = Channels(**{**vars(made), "activation_min": INT8_MIN, "activation_max": INT8_MAX})
    thresholds = bare.thresholds()
    for number, sums in enumerate(all_sums(bare)):
        x = sums + bare.bias[number]
        outputs = bare.take(np.array([number])).outputs(x[None])[0]
        expected = x[0] + np.searchsorted(outputs, OUTPUTS)
        assert np.array_equal(thresholds[number], expected)


@pytest.mark.parametrize("max_sum", [ROOM, 140_000])
@pytest.mark.parametrize("seed", range(3))
def test_records_make_the_outputs_of_every_reachable_sum(seed: int, max_sum: int) -> None:
    made = random_channels(100 + seed, 30)
    records = Records.of(made, max_sum)
    assert np.all(records.fits | (made.shift >= 0) | ~made.ordered)
    for number in np.flatnonzero(records.fits):
        one = np.array([number])
        sums = all_sums(made)[number]
        kept = Records(
            **{n: v[one] if isinstance(v, np.ndarray) else v for n, v in vars(records).items()}
        )
        actual = kept.outputs(sums[None], made.activation_min, made.activation_max)
        expected = made.take(one).outputs(sums[None] + made.bias[number])
        assert np.array_equal(actual, expected)
        if not kept.zeroed[0]:
            assert np.abs(sums + kept.bias).max() <= max_sum


def test_a_channel_of_zero_weights_and_a_huge_bias_becomes_a_constant() -> None:
    """As pruned channels of MobileNets have it."""
    made = channels([[0, 0]], stage([1 << 30], [(1 << 30, -31)], offset=-128))
    records = Records.of(made, ROOM)
    assert records.zeroed.all() and records.fits.all() and records.bias.tolist() == [0]
    assert records.outputs(np.zeros((1, 1), np.int64)).tolist() == [[-128]]


def test_a_channel_of_two_outputs_is_moved_to_where_its_sums_are_small() -> None:
    """round((2^29 +- 32385) / 2^30) is 0 or 1."""
    made = channels([[127, 127]], stage([1 << 29], [(1 << 30, -29)], offset=7))
    assert made.outputs(made.lowest) == 7 and made.outputs(made.highest) == 8
    records = Records.of(made, 1 << 17)
    assert records.fits.all() and not records.zeroed.any()
    sums = all_sums(made)[0]
    expected = np.where(sums + (1 << 29) >= made.thresholds()[0, 8 + 127], 8, 7)
    assert records.outputs(sums[None])[0].tolist() == expected.tolist()


def test_a_large_bias_is_taken_out_where_that_is_right_at_every_threshold() -> None:
    """Sums of 2^23 and more, by a multiplier of 2^-16: outputs 96 ... 127 of offset -100."""
    weights, shift = [[127] * 90], -16
    made = channels(weights, stage([3 << 22], [(1 << 30, shift)], offset=-100))
    assert made.highest[0] > ROOM
    records = Records.of(made, ROOM)
    assert records.fits.all()
    sums = np.arange(made.lowest[0], made.highest[0] + 1) - made.bias[0]
    assert np.array_equal(records.outputs(sums[None]), made.outputs(sums[None] + made.bias[0]))


def test_what_does_not_fit_is_said_in_words() -> None:
    made = channels([[1], [1]], stage([0, 9], [(HALF, -3), (HALF, 2)]))
    records = Records.of(made)
    assert records.fits.tolist() == [True, False]
    assert records.unfit(made) == "channel 1 sums to -119 ... 136, and has a shift of 2"
    assert Records.of(made.take(np.array([0]))).unfit(made) is None


@pytest.mark.parametrize(("low", "away"), [(-128, True), (6, True), (7, False), (20, False)])
def test_ties_need_no_correction_after_a_relu(low: int, away: bool) -> None:
    made = channels([[4, -4]], stage([0], [(HALF, -2)], offset=7, low=low))
    records = Records.of(made)
    assert records.away is away
    sums = np.arange(-1000, 1000)[None]
    assert np.array_equal(records.outputs(sums, low), made.outputs(sums))


def test_many_insane_channels_take_little_time_and_memory() -> None:
    """Each has 255 thresholds at most: tables of all would take far more."""
    count = 8000
    bias = np.random.default_rng(3).integers(-(2**17), 2**17, count).tolist()
    made = channels([[127] * 4] * count, stage(bias, [(HALF + 12_345, -9)] * count, offset=3))
    tracemalloc.start()
    begin = time.process_time()
    Records.of(made, 70_000)
    assert time.process_time() - begin < 2
    assert tracemalloc.get_traced_memory()[1] < 60 * 2**20
    tracemalloc.stop()
