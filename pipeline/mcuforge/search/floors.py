"""When a training is given up: the quality that a trial must have reached after so many epochs.

Optuna's pruners look at one objective, and refuse studies of several, rightly: a small network that
learns less than a large one may well be the best of its size. So a trial is compared only with
those that cost no more than it in every respect, as the plans of the untrained models tell. If it
is worse than the median of these after as many epochs (from a third of all on), half of them beat
it in everything as things stand, and it is given up: the median rule, at equal or less cost.

The floors are known before the training begins, from trials that are over whatever happens
(`drawing.known_before`): nothing depends on which worker is faster.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median

from mcuforge.search.figures import QUALITY, Objective
from mcuforge.search.record import COMPLETE, Record

_LEAST_RIVALS = 3
_FREE_SHARE = 1 / 3  # of the epochs, in which nothing is given up


def floors(
    forecast: Mapping[str, float],
    known: Sequence[Record],
    objectives: Sequence[Objective],
    epochs: int,
) -> list[tuple[int, float]]:
    """Pairs of so many epochs and the least quality after them; none where nothing can be said.

    `forecast` are the costs of the trial that is to begin.
    """
    costs = [o.name for o in objectives if o.name != QUALITY]
    if len(costs) == len(objectives) or any(name not in forecast for name in costs):
        return []
    rivals = [
        dict(each.outcome.curve)
        for each in known
        if each.outcome is not None
        and each.outcome.end == COMPLETE
        and all(
            name in each.outcome.forecast and each.outcome.forecast[name] <= forecast[name]
            for name in costs
        )
    ]
    if len(rivals) < _LEAST_RIVALS:
        return []
    shared = set.intersection(*(set(curve) for curve in rivals))
    steps = sorted(step for step in shared if epochs * _FREE_SHARE <= step < epochs)
    return [(step, median(curve[step] for curve in rivals)) for step in steps]
