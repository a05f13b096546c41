"""How a tensor's range is chosen from what was seen of it.

    watching = observer(parse("percentile 0.1 99.9"))
    for sample in samples:
        watching.observe(values)          # one call a sample, an array of any shape
    low, high = watching.range()

One pass, and the state of an observer does not grow with the number of samples.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from mcuforge.quantization.ranges.histogram import Histogram
from mcuforge.quantization.ranges.search import least_divergence, least_square_error
from mcuforge.recipe.strategies import MOMENTUM, PERCENTILES, Strategy

FEW = 8192  # values that are kept to take percentiles of
OUTLIER_ENERGY = 16.0  # a sample with this many times the median energy may be an outlier ...
OUTLIER_SHARE = 0.05  # ... if there are no more of them than this
_LOWEST_OCTAVE = -300

Floats = npt.NDArray[np.float64]
Search = Callable[[Histogram, Floats | None], tuple[float, float]]


class Range(NamedTuple):
    """The real values that the lowest and the highest integer stand for."""

    low: float
    high: float


class Observer(Protocol):
    """What a strategy keeps of one tensor."""

    def observe(self, values: npt.ArrayLike) -> None:
        """Take one sample's values, of any shape. Raises `ValueError` for NaN or infinity."""
        ...

    def range(self) -> Range:
        """The range chosen. Raises `ValueError` where nothing was observed."""
        ...


class MinMax:
    """The smallest and the largest value seen."""

    def __init__(self) -> None:
        self._low, self._high = math.inf, -math.inf

    def observe(self, values: npt.ArrayLike) -> None:
        """See `Observer.observe`."""
        low, high = _ends(values)
        self._low, self._high = min(self._low, low), max(self._high, high)

    def range(self) -> Range:
        """See `Observer.range`."""
        return _known(self._low, self._high)


class MovingAverage:
    """The mean of each sample's smallest and largest value, later samples counting more."""

    def __init__(self, momentum: float = MOMENTUM) -> None:
        self._momentum = momentum
        self._low, self._high = math.inf, -math.inf

    def observe(self, values: npt.ArrayLike) -> None:
        """See `Observer.observe`."""
        low, high = _ends(values)
        if math.isinf(low):
            return
        if math.isinf(self._low):
            self._low, self._high = low, high
        self._low += self._momentum * (low - self._low)
        self._high += self._momentum * (high - self._high)

    def range(self) -> Range:
        """See `Observer.range`."""
        return _known(self._low, self._high)


def loud_samples(energies: npt.ArrayLike) -> list[int]:
    """The numbers of the samples that may be outliers, by their energies (mean squares) [N].

    Those with 16 times the median's energy and more, if they are no more than 5 %.
    """
    values = np.asarray(energies, np.float64)
    loud = np.flatnonzero((values >= OUTLIER_ENERGY * np.median(values)) & (values > 0))
    return [int(n) for n in loud] if len(loud) <= OUTLIER_SHARE * len(values) else []


class QuietSamples:
    """Histograms of all samples that are no outliers, which is known only in the end.

    Samples are sorted by their energy (mean square) into octaves, each with a histogram. The
    loudest octaves, 16 times the median's energy and more, are left out if they hold no more than
    5 % of the samples: one sample at 20 times the amplitude has the squared error of 400 others,
    and the whole share of values that a percentile may cut off.
    """

    def __init__(self) -> None:
        self._samples: dict[int, int] = {}
        self._histograms: dict[int, Histogram] = {}
        self._few: dict[int, list[Floats]] = {}  # all values, while there are no more than FEW
        self._count = 0

    def add(self, values: npt.ArrayLike) -> None:
        """Take one sample of any shape. Raises `ValueError` for NaN or infinity."""
        flat = np.array(values, np.float64).ravel()
        if not flat.size:
            return
        energy = float(np.mean(flat * flat))
        octave = math.frexp(energy)[1] if energy > 0 and math.isfinite(energy) else _LOWEST_OCTAVE
        self._histograms.setdefault(octave, Histogram()).add(flat)
        self._samples[octave] = self._samples.get(octave, 0) + 1
        self._count += flat.size
        if self._count > FEW:
            self._few.clear()
        else:
            self._few.setdefault(octave, []).append(flat)

    def histogram(self) -> Histogram:
        """What the samples kept hold. Raises `ValueError` where nothing was observed."""
        together = Histogram()
        for octave in self._octaves():
            together.merge(self._histograms[octave])
        return together

    def values(self) -> Floats | None:
        """All values of the samples kept; None where there were more than `FEW` values."""
        if self._count > FEW:
            return None
        return np.concatenate([values for o in self._octaves() for values in self._few[o]])

    def _octaves(self) -> list[int]:
        if not self._samples:
            raise ValueError("nothing was observed")
        octaves = sorted(self._samples)
        total = sum(self._samples.values())
        below = np.cumsum([self._samples[o] for o in octaves])
        median = octaves[int(np.searchsorted(below, total / 2))]
        loud = [o for o in octaves if o - median >= math.log2(OUTLIER_ENERGY)]
        if sum(self._samples[o] for o in loud) > OUTLIER_SHARE * total:
            return octaves
        return [o for o in octaves if o not in loud]


class Percentile:
    """The values below which `low` and `high` per cent of the values of quiet samples lie.

    Exact, with linear interpolation, up to `FEW` values; then to the width of a histogram's bin.
    """

    def __init__(self, low: float = PERCENTILES[0], high: float = PERCENTILES[1]) -> None:
        self._percentiles = low, high
        self._quiet = QuietSamples()

    def observe(self, values: npt.ArrayLike) -> None:
        """See `Observer.observe`."""
        self._quiet.add(values)

    def range(self) -> Range:
        """See `Observer.range`."""
        histogram, values = self._quiet.histogram(), self._quiet.values()
        if values is None:
            low, high = (histogram.percentile(p) for p in self._percentiles)
        else:
            low, high = np.percentile(values, self._percentiles)
        return Range(float(low), float(high))


class Searched:
    """The range that minimises a cost over the quiet samples: their histogram, and few values."""

    def __init__(self, search: Search) -> None:
        self._search = search
        self._quiet = QuietSamples()

    def observe(self, values: npt.ArrayLike) -> None:
        """See `Observer.observe`."""
        self._quiet.add(values)

    def range(self) -> Range:
        """See `Observer.range`."""
        return Range(*self._search(self._quiet.histogram(), self._quiet.values()))


def _ends(values: npt.ArrayLike) -> tuple[float, float]:
    flat = np.asarray(values)
    if not flat.size:
        return math.inf, -math.inf
    low, high = float(flat.min()), float(flat.max())
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ValueError("values are NaN or infinite")
    return low, high


def _known(low: float, high: float) -> Range:
    if math.isinf(low):
        raise ValueError("nothing was observed")
    return Range(low, high)


_OBSERVERS: dict[str, Callable[..., Observer]] = {
    "min-max": MinMax,
    "moving-average": MovingAverage,
    "percentile": Percentile,
    "mse": lambda: Searched(least_square_error),
    "kl": lambda: Searched(lambda histogram, _: least_divergence(histogram)),
}


def observer(strategy: Strategy) -> Observer:
    """A fresh observer of a strategy, for one tensor."""
    return _OBSERVERS[strategy.name](*strategy.parameters)
