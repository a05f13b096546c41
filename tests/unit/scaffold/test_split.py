"""Samples are parted fairly, the same way for the same seed, and none is in both parts."""

from __future__ import annotations

import numpy as np
import pytest

from mcuforge.errors import UsageError
from mcuforge.scaffold import split
from mcuforge.scaffold.split import Sizes

KINDS = np.repeat([0, 1, 2], [300, 90, 10])


def test_the_same_seed_gives_the_same_order_and_another_one_another() -> None:
    for kinds in (None, KINDS):
        first, second, other = (split.order(400, kinds, seed) for seed in (1, 1, 2))
        assert (first == second).all() and (first != other).any()
        assert sorted(first) == list(range(400))


@pytest.mark.parametrize("count", [20, 40, 100, 200])
def test_every_beginning_holds_every_kind_in_its_share(count: int) -> None:
    drawn = np.bincount(KINDS[split.order(400, KINDS, 3)[:count]], minlength=3)
    assert (np.abs(drawn - np.array([300, 90, 10]) * count / 400) <= 1).all(), drawn


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ((1000, None, None), Sizes(100, 256)),
        ((300, None, None), Sizes(100, 200)),
        ((60, None, None), Sizes(30, 30)),
        ((3, None, None), Sizes(1, 2)),
        ((2, None, None), Sizes(1, 1)),
        ((1000, 20, None), Sizes(20, 256)),
        ((1000, None, 950), Sizes(50, 950)),
        ((1000, 600, 400), Sizes(600, 400)),
    ],
)
def test_sizes(asked: tuple[int, int | None, int | None], expected: Sizes) -> None:
    assert split.sizes(*asked, converts=True) == expected


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        ((1, None, None), "at least two"),
        ((10, 10, None), "--calibration 10: too few samples"),
        ((10, None, 10), "--golden 10: too few samples for that; at most 9"),
        ((10, 4, 7), "--calibration 4: too few samples for that; at most 3"),
    ],
)
def test_too_few_samples_are_told(asked: tuple[int, int | None, int | None], part: str) -> None:
    with pytest.raises(UsageError, match=part):
        split.sizes(*asked, converts=True)


def test_of_a_quantised_model_all_samples_judge() -> None:
    assert split.sizes(30, None, None, converts=False) == Sizes(0, 30)
    assert split.sizes(30, None, 7, converts=False) == Sizes(0, 7)
    with pytest.raises(UsageError, match="quantised already"):
        split.sizes(30, 5, None, converts=False)


def test_a_sample_that_equals_a_judging_one_does_not_calibrate() -> None:
    values = np.array([[0.0], [1.0], [0.0], [2.0], [1.0]], np.float32)
    other = np.array([[5.0], [5.0], [5.0], [5.0], [6.0]], np.float32)
    rest, judging = np.array([2, 3, 4]), np.array([0, 1])
    assert split.unlike(rest, judging, [values]).tolist() == [3]
    assert split.unlike(rest, judging, [values, other]).tolist() == [3, 4]
