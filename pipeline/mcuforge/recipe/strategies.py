"""Strategies for the range of a tensor, as a person names them: `percentile 0.1 99.9`.

What each observes and chooses is told by `quantization/observers.py`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from mcuforge.errors import UsageError

NAMES = ("min-max", "moving-average", "percentile", "mse", "kl")
MOMENTUM = 0.01  # weight of a sample in the moving average, as in TensorFlow's FakeQuant
PERCENTILES = 0.1, 99.9
_EVERY_SAMPLE = ("min-max", "moving-average")


@dataclass(frozen=True)
class Strategy:
    """A strategy and its parameters; equal ones choose alike. `str` is what `parse` takes."""

    name: str
    parameters: tuple[float, ...] = ()

    @property
    def takes_outliers(self) -> bool:
        """True where every sample counts, also those that are louder than all others by far."""
        return self.name in _EVERY_SAMPLE

    def __str__(self) -> str:
        return " ".join([self.name, *(f"{p:g}" for p in self.parameters)])


def parse(text: str) -> Strategy:
    """A strategy as a person writes it.

    min-max | moving-average [MOMENTUM] | percentile [[LOW] HIGH] | mse | kl (or cross-entropy).
    Raises `UsageError` for an unknown name or parameters out of range.
    """
    name, *words = text.replace(",", " ").split() or [""]
    name = {"minmax": "min-max", "cross-entropy": "kl"}.get(name, name)
    if name not in NAMES:
        known = ", ".join((*NAMES, "auto", "converter"))
        raise UsageError(f"there is no calibration strategy '{name}'. Choose one of: {known}.")
    try:
        numbers = tuple(float(word) for word in words)
    except ValueError:
        raise UsageError(f"'{text}': the parameters of {name} are numbers.") from None
    return Strategy(name, _PARAMETERS.get(name, _none)(text, numbers))


def _none(text: str, numbers: tuple[float, ...]) -> tuple[float, ...]:
    if numbers:
        raise UsageError(f"'{text}': this strategy has no parameters.")
    return ()


def _percentiles(text: str, numbers: tuple[float, ...]) -> tuple[float, ...]:
    if len(numbers) == 1:
        numbers = 100 - numbers[0], numbers[0]
    low, high = (numbers or PERCENTILES) if len(numbers) in (0, 2) else (math.nan, math.nan)
    if not 0 <= low < high <= 100:
        raise UsageError(
            f"'{text}': give one percentile above 50 and up to 100, or a lower and a higher one "
            "from 0 to 100, such as 'percentile 0.1 99.9'."
        )
    # 100 - 99.9 is 0.09999999999999432
    return round(low, 9), round(high, 9)


def _momentum(text: str, numbers: tuple[float, ...]) -> tuple[float, ...]:
    momentum = numbers[0] if numbers else MOMENTUM
    if len(numbers) > 1 or not 0 < momentum <= 1:
        raise UsageError(f"'{text}': the momentum is one number above 0 and up to 1.")
    return () if momentum == MOMENTUM else (momentum,)


_PARAMETERS: dict[str, Callable[[str, tuple[float, ...]], tuple[float, ...]]] = {
    "percentile": _percentiles,
    "moving-average": _momentum,
}
