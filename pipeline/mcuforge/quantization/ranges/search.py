"""Searches for the range that loses least of a histogram.

The ends are shrunk from the smallest and the largest value seen, in steps of 1/16 octave down to
1/256: a grid of [beta, alpha]. Zero stays inside. Then the best point's surroundings are searched
once more in finer steps.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from mcuforge.quantization.ranges.histogram import Histogram

Floats = npt.NDArray[np.float64]

BITS = 8
_GRID = 2.0 ** (-np.arange(129) / 16)
_PROMISING = 1000
_MOST_CLIPPED = 0.01  # of the values that are not zero, by the least divergence
_FINE = 2.0 ** (np.arange(-8, 9) / 128)


def least_square_error(histogram: Histogram, values: Floats | None = None) -> tuple[float, float]:
    """The range with the least squared error of 8-bit quantisation.

    That of `values`, where these are given: what was counted, and little enough of it. Else the
    expected one: a value inside the range errs by an even share of a step, so by step^2 / 12 in
    the mean square; an exact zero does not err; one outside errs by its distance to the range.
    """
    moments = _Moments(histogram)

    def cost(low: Floats, high: Floats) -> Floats:
        step = (high - low) / (2**BITS - 1)
        above, below = moments.clipped_above(high), moments.clipped_below(low)
        inside = histogram.count - histogram.zeros - above[0] - below[0]
        return np.asarray(inside * step * step / 12 + above[1] + below[1], np.float64)

    if values is None:
        return _search(histogram, cost)

    def cost_of_values(low: Floats, high: Floats) -> Floats:
        """Measured for the ranges that are expected to be good, and for the widest."""
        expected = cost(low, high)
        promising = np.union1d(np.argsort(expected, kind="stable")[:_PROMISING], [0])
        measured = np.full(low.shape, np.inf)
        measured[promising] = [_square_error(values, low[i], high[i]) for i in promising]
        return measured

    return _search(histogram, cost_of_values)


def _square_error(values: Floats, low: float, high: float) -> float:
    step = (high - low) / (2**BITS - 1)
    zero_point = np.rint(-low / step)
    quantized = np.clip(np.rint(values / step) + zero_point, 0, 2**BITS - 1)
    return float(np.sum(np.square((quantized - zero_point) * step - values)))


def least_divergence(histogram: Histogram) -> tuple[float, float]:
    """The range whose 8-bit levels keep the distribution best: least Kullback-Leibler divergence.

    P is the histogram with what lies outside moved to the ends; Q gives each of the 256 levels its
    mass, spread evenly over the bins that hold any. Exact zeros are stored exactly and left out.
    As values that are never seen cost nothing, and frequent ones much, this suits outputs such as
    softmax. Source: the calibration of TensorRT (Migacz, "8-bit Inference with TensorRT", 2017).
    Ranges that clip more than 1 % are left out (TensorRT: those narrower than 1/16): P is measured
    after clipping, so that two levels on which almost everything ends have no divergence.
    """
    centers, counts = histogram.centers, histogram.nonzero_counts.astype(np.float64)

    def cost_of_one(low: float, high: float) -> float:
        return _divergence(centers, counts, low, high)

    def cost(low: Floats, high: Floats) -> Floats:
        pairs = np.broadcast(low, high)
        return np.array([cost_of_one(a, b) for a, b in pairs], np.float64).reshape(pairs.shape)

    # Both ends shrink alike: each point costs a pass over the histogram.
    return _search(histogram, cost, together=True)


def _divergence(centers: Floats, counts: Floats, low: float, high: float) -> float:
    step = (high - low) / (2**BITS - 1)
    levels = np.rint((np.clip(centers, low, high) - low) / step).astype(np.int64)
    inside = (centers >= low) & (centers <= high)
    if not inside.any() or counts[~inside].sum() > _MOST_CLIPPED * counts.sum():
        return float("inf")
    p = np.where(inside, counts, 0.0)
    ends = np.flatnonzero(inside)[[0, -1]]
    np.add.at(p, ends[0], counts[centers < low].sum())
    np.add.at(p, ends[1], counts[centers > high].sum())
    # Q knows the mass of a level without what was clipped: clipping is then a difference too.
    seen = inside & (counts > 0)
    mass = np.bincount(levels[seen], counts[seen], minlength=2**BITS)
    bins = np.bincount(levels[seen], minlength=2**BITS)
    q = np.zeros_like(p)
    q[seen] = (mass / np.maximum(bins, 1))[levels[seen]]
    used = p > 0
    p, q = p[used] / p.sum(), q[used] / max(q.sum(), 1e-300)
    return float(np.sum(p * np.log(p / np.maximum(q, 1e-12))))


class _Moments:
    """Sums over the values beyond a point: how many, and their squared distances to it."""

    def __init__(self, histogram: Histogram) -> None:
        self._x = histogram.centers
        counts = histogram.counts.astype(np.float64)
        self._sums = [
            np.concatenate([[0.0], np.cumsum(counts * self._x**power)]) for power in range(3)
        ]

    def clipped_above(self, high: Floats) -> tuple[Floats, Floats]:
        start = np.searchsorted(self._x, high, side="right")
        n, first, second = (s[-1] - s[start] for s in self._sums)
        return n, np.maximum(second - 2 * high * first + high * high * n, 0.0)

    def clipped_below(self, low: Floats) -> tuple[Floats, Floats]:
        stop = np.searchsorted(self._x, low, side="left")
        n, first, second = (s[stop] for s in self._sums)
        return n, np.maximum(second - 2 * low * first + low * low * n, 0.0)


def _search(
    histogram: Histogram, cost: Callable[[Floats, Floats], Floats], *, together: bool = False
) -> tuple[float, float]:
    low, high = lowest, highest = min(histogram.low, 0.0), max(histogram.high, 0.0)
    if low == high:
        return low, high
    for factors in (_GRID, _FINE):
        lows, highs = np.maximum(low * factors, lowest), np.minimum(high * factors, highest)
        if not together:
            lows, highs = (a.ravel() for a in np.meshgrid(lows, highs))
        best = int(np.argmin(cost(lows, highs)))
        low, high = float(lows[best]), float(highs[best])
    return low, high
