"""Numbers as a document keeps them: of Python, rounded, the same on every computer."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

FLOAT, DEVICE = "float", "device"  # whose figures
_DIGITS = 6


def number(value: Any) -> float:
    """A real value with six significant digits; infinity and NaN stay."""
    real = float(value)
    return float(f"{real:.{_DIGITS}g}") + 0.0  # no negative zero


def numbers(values: Any) -> tuple[float, ...]:
    """Real values with six significant digits, as they follow each other in memory."""
    return tuple(number(value) for value in np.asarray(values, np.float64).reshape(-1))


def ratio(part: Any, whole: Any) -> float | None:
    """A share; None of nothing."""
    return number(part / whole) if whole else None


def evenly(count: int, most: int) -> npt.NDArray[np.int64]:
    """At most so many positions of `count`, evenly spread, the first and the last among them."""
    positions = np.linspace(0, max(count - 1, 0), min(count, most))
    return np.unique(np.round(positions).astype(np.int64))
