"""How scores tell two classes apart: the ROC, and thresholds on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from mcuforge.recipe.metrics import roc_auc
from mcuforge.report.accuracy.plain import Array, evenly, number, numbers

BALANCED, RARE = "Youden's J", "at most 1 % false alarms"  # the rules
FALSE_ALARMS = 0.01  # of the second rule
_MOST_POINTS = 200


class Roc(NamedTuple):
    """The curve: a point for each distinct score, the highest first, after the point of no alarm.

    `cuts` float64 or int64 [points]: what scores at least that is called positive; the first is
    above all scores. `false_alarms` and `found` are the shares of the negatives and the positives.
    """

    cuts: Array
    false_alarms: Array
    found: Array
    area: float


@dataclass(frozen=True)
class Curve:
    """A ROC of at most 200 points, with the area under the whole of it."""

    area: float
    false_alarms: tuple[float, ...]
    found: tuple[float, ...]


@dataclass(frozen=True)
class Point:
    """A threshold: scores of at least `cut` are positive. What that gives on the samples."""

    rule: str
    cut: int | float
    false_alarms: float
    found: float


def roc(scores: Array, positive: Array) -> Roc:
    """The ROC of scores [N], finite numbers, where the higher ones are to be positive.

    `positive` bool or 0/1 [N]. Equal scores fall on one side together. Raises `ValueError` for
    NaN or infinity, and unless both classes are present.
    """
    scores, chosen = np.asarray(scores), np.asarray(positive, bool)
    if scores.ndim != 1 or scores.shape != chosen.shape or not np.isfinite(scores).all():
        raise ValueError("the ROC needs a finite score for each sample")
    area = roc_auc(scores, chosen)
    distinct, inverse = np.unique(scores, return_inverse=True)
    of_positives = np.bincount(inverse, chosen, len(distinct))[::-1]
    of_all = np.bincount(inverse, minlength=len(distinct))[::-1]
    found = np.concatenate([[0], np.cumsum(of_positives)]) / chosen.sum()
    false = np.concatenate([[0], np.cumsum(of_all - of_positives)]) / (~chosen).sum()
    above = distinct[-1] + 1 if distinct.dtype.kind in "iu" else np.inf
    return Roc(np.concatenate([[above], distinct[::-1]]), false, found, area)


def curve(of: Roc) -> Curve:
    """The curve without points on its straight lines, at most 200 of what is left."""
    steps = np.stack([np.diff(of.false_alarms), np.diff(of.found)])
    turns = steps[0, 1:] * steps[1, :-1] != steps[0, :-1] * steps[1, 1:]
    kept = np.flatnonzero(np.concatenate([[True], turns, [True]]))
    kept = kept[evenly(len(kept), _MOST_POINTS)]
    return Curve(number(of.area), numbers(of.false_alarms[kept]), numbers(of.found[kept]))


def thresholds(of: Roc) -> tuple[Point, ...]:
    """The thresholds by two rules; none by a rule that no cut of the scores is good for.

    Youden's J, the most that is found above the share of false alarms; and what finds the most at
    a false alarm of a hundred negatives, or less. Of equally good cuts the highest.
    """
    best = int(np.argmax(of.found - of.false_alarms))
    allowed = np.flatnonzero(of.false_alarms <= FALSE_ALARMS)
    rare = int(allowed[np.argmax(of.found[allowed])])
    chosen = {best: f"{BALANCED}; {RARE}"} if best == rare else {best: BALANCED, rare: RARE}
    good = {p: rule for p, rule in chosen.items() if of.found[p] > of.false_alarms[p]}
    return tuple(_point(rule, of, place) for place, rule in good.items())


def _point(rule: str, of: Roc, place: int) -> Point:
    cut: int | float = _between(of.cuts, place)
    return Point(rule, cut, number(of.false_alarms[place]), number(of.found[place]))


def _between(cuts: Array, place: int) -> int | float:
    """Half-way to the next lower score, so that what lies between goes to the nearer side."""
    high = cuts[place]
    low = cuts[place + 1] if place + 1 < len(cuts) else high
    if cuts.dtype.kind in "iu":
        return (int(high) + int(low) + 1) // 2
    middle = float(low) + (float(high) - float(low)) / 2
    return middle if middle > low else float(high)
