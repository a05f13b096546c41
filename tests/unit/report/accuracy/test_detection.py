"""ROC curves and thresholds, by hand and at the edges."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mcuforge.report.accuracy import detection
from mcuforge.report.accuracy.detection import BALANCED, RARE

# Descending: 9+, 7-, 5+ 5-, 2-
SCORES = np.array([5, 9, 2, 7, 5])
POSITIVE = np.array([1, 1, 0, 0, 0])


def test_the_curve_goes_through_each_distinct_score() -> None:
    roc = detection.roc(SCORES, POSITIVE)
    assert roc.cuts.tolist() == [10, 9, 7, 5, 2]
    assert roc.found.tolist() == [0, 0.5, 0.5, 1, 1]  # equal scores fall together
    assert np.allclose(roc.false_alarms, [0, 0, 1 / 3, 2 / 3, 1])
    area = np.trapezoid(roc.found, roc.false_alarms)
    assert math.isclose(roc.area, area) and math.isclose(area, 0.75)


def test_thresholds_lie_between_scores_and_decide_as_told() -> None:
    (only,) = detection.thresholds(detection.roc(SCORES, POSITIVE))
    assert only.rule == f"{BALANCED}; {RARE}" and only.cut == 8
    assert (only.found, only.false_alarms) == (0.5, 0.0)
    called = only.cut <= SCORES
    assert called[POSITIVE == 1].mean() == only.found
    neighbours = np.array([4, 3]), np.array([1, 0])
    assert detection.thresholds(detection.roc(*neighbours))[0].cut == 4  # above 3, up to 4
    close = np.array([np.nextafter(1.0, 2.0), 1.0]), np.array([1, 0])
    assert detection.thresholds(detection.roc(*close))[0].cut == close[0][0]


def test_few_false_alarms_are_another_threshold_than_the_balanced_one() -> None:
    rng = np.random.default_rng(1)
    positive = np.arange(4000) % 2 == 0
    scores = rng.normal(positive * 1.5)
    balanced, rare = detection.thresholds(detection.roc(scores, positive))
    assert balanced.rule == BALANCED and rare.rule == RARE and rare.cut > balanced.cut
    assert rare.false_alarms <= 0.01 < balanced.false_alarms
    for point in (balanced, rare):
        assert math.isclose((scores >= point.cut)[positive].mean(), point.found, abs_tol=1e-6)
    best = max((scores[positive] >= c).mean() - (scores[~positive] >= c).mean() for c in scores)
    assert math.isclose(balanced.found - balanced.false_alarms, best, abs_tol=2e-6)


@pytest.mark.parametrize("scores", [np.ones(6), np.array([0, 0, 1, 1, 0, 1])])
def test_scores_that_tell_nothing_have_no_threshold(scores: np.ndarray) -> None:
    positive = np.array([1, 1, 0, 0, 1, 0])  # all alike, or the wrong way round
    roc = detection.roc(scores, positive)
    assert detection.thresholds(roc) == () and roc.area in (0.0, 0.5)


@pytest.mark.parametrize(
    ("scores", "positive"),
    [
        ([1.0, math.nan], [0, 1]),
        ([1.0, math.inf], [0, 1]),
        ([1.0, 2.0], [1, 1]),
        ([1.0, 2.0], [0, 0]),
        ([1.0, 2.0], [0, 1, 1]),
        ([], []),
    ],
)
def test_what_has_no_curve_is_refused(scores: list[float], positive: list[int]) -> None:
    with pytest.raises(ValueError, match=r"both classes|finite"):
        detection.roc(np.array(scores), np.array(positive))


def test_a_curve_is_thinned_and_keeps_its_ends_and_area() -> None:
    rng = np.random.default_rng(2)
    positive = rng.random(20_000) < 0.3
    roc = detection.roc(rng.normal(positive * 1.0), positive)
    curve = detection.curve(roc)
    assert len(curve.found) == len(curve.false_alarms) <= 200
    assert (curve.false_alarms[0], curve.found[0]) == (0, 0)
    assert (curve.false_alarms[-1], curve.found[-1]) == (1, 1)
    assert abs(np.trapezoid(curve.found, curve.false_alarms) - curve.area) < 0.002
    assert curve == detection.curve(roc)
    perfect = detection.curve(detection.roc(np.arange(100), np.arange(100) >= 50))
    assert perfect.found == (0, 1, 1) and perfect.false_alarms == (0, 0, 1)  # corners alone
