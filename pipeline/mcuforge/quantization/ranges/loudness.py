"""Which samples of a set may be outliers."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from mcuforge.quantization.ranges.observers import loud_samples
from mcuforge.samples.calibration import Sample


def loud(samples: Iterable[Sample]) -> frozenset[int]:
    """The numbers of those that `loud_samples` names, by their mean squares, in any input."""
    energies = [[float(np.mean(np.square(values, dtype="f8"))) for values in s] for s in samples]
    return frozenset(n for column in zip(*energies, strict=True) for n in loud_samples(column))
