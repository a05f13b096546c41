"""Which samples of a set may be outliers."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from mcuforge.quantization.strategies import loud_samples


def loud(samples: Iterable[npt.NDArray[np.float32]]) -> frozenset[int]:
    """The numbers of those that `loud_samples` names, by their mean squares."""
    return frozenset(loud_samples([float(np.mean(np.square(s, dtype="f8"))) for s in samples]))
