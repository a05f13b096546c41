"""Counts of values in bins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mcuforge.report.accuracy.plain import Array, number

BINS = 48
_TAIL = 0.2  # percent of the values at either end that share the last bin


@dataclass(frozen=True)
class Histogram:
    """How many values of each series lie in each of equal bins from `low` to `high`.

    The first and the last bin hold all beyond, too, which are `beyond` values.
    """

    low: float
    high: float
    counts: dict[str, tuple[int, ...]]
    beyond: int = 0


def of(
    series: Mapping[str, Array],
    low: float | None = None,
    high: float | None = None,
    bins: int = BINS,
) -> Histogram | None:
    """The histogram of series of finite values, over one range; None without any value.

    Without `low` and `high` the range leaves a thousandth or so of the values out at either end, so
    that a few far away do not press all others into one bin.
    """
    flat = {name: np.asarray(values, np.float64).reshape(-1) for name, values in series.items()}
    flat = {name: values for name, values in flat.items() if values.size}
    if not flat:
        return None
    ends = np.array([np.percentile(v, (_TAIL, 100 - _TAIL)) for v in flat.values()])
    low = float(ends[:, 0].min()) if low is None else low
    high = float(ends[:, 1].max()) if high is None else high
    if not high > low:
        wide = max(abs(low), 1.0) / 2
        low, high = low - wide, high + wide
    return Histogram(
        number(low),
        number(high),
        {n: tuple(map(int, _counts(values, low, high, bins))) for n, values in flat.items()},
        sum(int(np.count_nonzero((v < low) | (v > high))) for v in flat.values()),
    )


def _counts(values: Array, low: float, high: float, bins: int) -> Array:
    places = np.clip((values - low) / (high - low) * bins, 0, bins - 1).astype(np.int64)
    return np.bincount(places, minlength=bins)
