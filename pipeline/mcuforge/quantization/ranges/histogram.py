"""A histogram that takes values as they come, in bounded memory, whatever their range.

Bins are 2^k wide and begin at multiples of 2^k. Where values fall outside, the bins are merged in
pairs until all fit. As merging is exact, the result does not depend on the order or the batches in
which the values came.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

BINS = 8192
_SMALLEST_EXPONENT = -149  # of a float32
_INDEX_BITS = 50  # an index must be exact in float64


class Histogram:
    """Counts of finite values. At most `BINS` bins are kept; zeros are counted apart as well."""

    def __init__(self) -> None:
        self.count = 0
        self.zeros = 0
        self.low = math.inf
        self.high = -math.inf
        self._exponent = _SMALLEST_EXPONENT
        self._first = 0
        self._counts = np.zeros(0, np.int64)

    @property
    def width(self) -> float:
        """The width of a bin."""
        return math.ldexp(1.0, self._exponent)

    @property
    def start(self) -> float:
        """Where the first bin begins."""
        return self._first * self.width

    @property
    def counts(self) -> npt.NDArray[np.int64]:
        """Values a bin, in ascending order."""
        return self._counts

    @property
    def nonzero_counts(self) -> npt.NDArray[np.int64]:
        """The same without the exact zeros."""
        counts = self._counts.copy()
        if self.zeros:
            counts[-self._first] -= self.zeros
        return counts

    @property
    def centers(self) -> Floats:
        """The middle of every bin, kept inside what was observed."""
        middles = (self._first + np.arange(len(self._counts)) + 0.5) * self.width
        return np.asarray(np.clip(middles, self.low, self.high), np.float64)

    def add(self, values: npt.ArrayLike) -> None:
        """Count values of any shape. Raises `ValueError` for NaN or infinity."""
        flat = np.asarray(values, np.float64).ravel()
        if not flat.size:
            return
        if not np.isfinite(flat).all():
            raise ValueError("values are NaN or infinite")
        self.low, self.high = min(self.low, float(flat.min())), max(self.high, float(flat.max()))
        self._widen()
        indices = np.floor(flat / self.width).astype(np.int64) - self._first
        self._counts += np.bincount(indices, minlength=len(self._counts))
        self.count += flat.size
        self.zeros += int(np.count_nonzero(flat == 0.0))

    def merge(self, other: Histogram) -> None:
        """Count everything that `other` counted."""
        if not other.count:
            return
        self.low, self.high = min(self.low, other.low), max(self.high, other.high)
        self._widen(other._exponent)
        indices = (other._first + np.arange(len(other._counts))) >> (
            self._exponent - other._exponent
        )
        np.add.at(self._counts, indices - self._first, other._counts)
        self.count += other.count
        self.zeros += other.zeros

    def percentile(self, percent: float) -> float:
        """The value below which `percent` per cent lie, exact to the width of a bin.

        Raises `ValueError` where nothing was counted.
        """
        if not self.count:
            raise ValueError("nothing was counted")
        wanted = percent / 100 * self.count
        below = np.cumsum(self._counts)
        bin_index = min(int(np.searchsorted(below, wanted)), len(below) - 1)
        inside = int(self._counts[bin_index])
        part = (wanted - (int(below[bin_index]) - inside)) / inside if inside else 0.0
        value = (self._first + bin_index + min(max(part, 0.0), 1.0)) * self.width
        return min(max(value, self.low), self.high)

    def _widen(self, least_exponent: int = _SMALLEST_EXPONENT) -> None:
        """Choose the exponent and the bins that low and high need; move the counts there."""
        largest = max(abs(self.low), abs(self.high))
        exponent = max(self._exponent, least_exponent)
        if largest:
            exponent = max(exponent, math.frexp(largest)[1] - _INDEX_BITS)
        span = self.high - self.low
        if span / BINS > math.ldexp(1.0, exponent):
            exponent = max(exponent, math.frexp(span / BINS)[1] - 1)
        while self._index(self.high, exponent) - self._index(self.low, exponent) >= BINS:
            exponent += 1
        first = self._index(self.low, exponent)
        counts = np.zeros(self._index(self.high, exponent) - first + 1, np.int64)
        if len(self._counts):
            old = self._first + np.arange(len(self._counts))
            # bins at the ends may be empty and lie outside low ... high
            kept = self._counts > 0
            moved = (old[kept] >> (exponent - self._exponent)) - first
            np.add.at(counts, moved, self._counts[kept])
        self._exponent, self._first, self._counts = exponent, first, counts

    @staticmethod
    def _index(value: float, exponent: int) -> int:
        return math.floor(math.ldexp(value, -exponent))
