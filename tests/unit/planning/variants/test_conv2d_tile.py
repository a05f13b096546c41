"""Packing for four filters at a time, and the records that requantise in pieces."""

from __future__ import annotations

import numpy as np
import pytest

from mcuforge.planning.numerics import quantize_multipliers
from mcuforge.planning.ops.weighted_sum import OutputStage
from mcuforge.planning.variants.channels import Channels, Records
from mcuforge.planning.variants.conv2d_tile import (
    FOUR,
    THREE,
    chosen_form,
    packed_records,
    packed_weights,
    unpacked_weights,
)


@pytest.mark.parametrize("channels", [4, 5, 7, 8, 13])
@pytest.mark.parametrize("taps", [4, 12, 64])
def test_weights_are_packed_and_unpacked(channels: int, taps: int) -> None:
    weights = np.random.default_rng(channels).integers(-128, 128, (channels, taps)).astype(np.int8)
    packed = packed_weights(weights)
    assert packed.size == weights.size
    np.testing.assert_array_equal(unpacked_weights(packed, taps), weights)


def test_a_group_lies_tap_by_tap() -> None:
    weights = np.arange(8, dtype=np.int8).reshape(4, 2)
    assert packed_weights(weights).tolist() == [w + 128 for w in (0, 2, 4, 6, 1, 3, 5, 7)]


def _stage(rng: np.random.Generator, channels: int, least: int) -> OutputStage:
    real = 2.0 ** rng.uniform(-14, -4, channels)
    multiplier, shift = quantize_multipliers(real).astype(np.int32).T
    bias = rng.integers(-5000, 5000, channels).astype(np.int32)
    return OutputStage(bias, multiplier.copy(), shift.copy(), least, least, 127)


@pytest.mark.parametrize(("least", "form"), [(-128, THREE), (-100, THREE), (-128, FOUR)])
def test_the_words_of_a_record_make_the_outputs(least: int, form: object) -> None:
    """What nn_tile.h computes of the packed words is what the channels make of every sum."""
    rng = np.random.default_rng(-least)
    taps = 16 if form is THREE else 600
    weights = rng.integers(-127, 128, (6, taps)).astype(np.int8)
    stage = _stage(rng, 6, least)
    channels = Channels.of(weights, stage)
    records = Records.of(channels, FOUR.max_sum)
    found = chosen_form(records, channels)
    assert found is form and found is not None
    words = packed_records(weights, records, found).reshape(-1, 16).astype(np.int64)
    for channel in range(len(weights)):
        group, place = divmod(channel, 4)
        record = words[group, 4 + 3 * place :][:3]
        sums = np.linspace(channels.lowest[channel], channels.highest[channel], 4001).astype(int)
        moved = int(records.bias[channel] - stage.bias[channel])
        x = sums + moved
        addend = int(np.uint32(record[2]).astype(np.int32))
        if found is THREE:
            total = x * (record[0] & 0xFFFF) >> 10
            total = total + x * (record[0] >> 16) >> 11
            outputs = total + x * (record[1] & 0xFFFF) + addend >> (record[1] >> 16)
        else:
            total = x * record[0] >> 24
            outputs = total + np.where(x < 0, -128, 0) + addend >> record[1]
        expected = channels.take(np.array([channel])).outputs(sums[None])[0]
        clamped = np.clip(np.clip(outputs, -128, 127), least, 127)
        np.testing.assert_array_equal(clamped, expected)


def test_sums_that_no_piece_fits_have_no_form() -> None:
    weights = np.full((4, 9000), 127, np.int8)
    stage = _stage(np.random.default_rng(1), 4, -100)
    channels = Channels.of(weights, stage)
    assert chosen_form(Records.of(channels, FOUR.max_sum), channels) is None
