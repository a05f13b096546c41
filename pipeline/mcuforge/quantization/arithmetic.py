"""The formulas of affine quantisation, in the open: real x <-> integer q of n bits.

    asymmetric   s = (alpha - beta) / (2^n - 1)    z = round(-beta / s)
                 q = clamp(round(x / s) + z, 0, 2^n - 1)
    symmetric    s = max |alpha| / (2^(n-1) - 1)   z = 0
                 q = clamp(round(x / s), -(2^(n-1) - 1), 2^(n-1) - 1)
    back         x' = (q - z) * s

beta and alpha are the lower and the upper end of the range. TFLite's int8 is the asymmetric form
with 128 taken off q and z. Source: Jacob et al., "Quantization and Training of Neural Networks for
Efficient Integer-Arithmetic-Only Inference", 2018, sections 2.1 and 3.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

import numpy as np
import numpy.typing as npt

from mcuforge.errors import UsageError

MIN_BITS, MAX_BITS = 2, 16

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


class Rounding(Enum):
    """What becomes of the fraction."""

    HALF_AWAY = "half away from zero"
    HALF_EVEN = "half to even"
    FLOOR = "floor"

    def __call__(self, x: npt.ArrayLike) -> Floats:
        """Whole numbers, as float64."""
        return np.asarray(_ROUNDING[self](np.asarray(x, np.float64)), np.float64)


def _half_away(x: Floats) -> Floats:
    # 0.49999999999999994 + 0.5 is 1.0 in float64: compare the fraction instead of adding to it.
    whole = np.trunc(x)
    return np.where(np.abs(x - whole) >= 0.5, whole + np.sign(x), whole)


_ROUNDING: dict[Rounding, Callable[[Floats], Floats]] = {
    Rounding.HALF_AWAY: _half_away,
    Rounding.HALF_EVEN: lambda x: np.asarray(np.rint(x), np.float64),
    Rounding.FLOOR: lambda x: np.asarray(np.floor(x), np.float64),
}


@dataclass(frozen=True)
class Affine:
    """A quantisation: q = clamp(round(x / scale) + zero_point, low, high)."""

    scale: float
    zero_point: int
    low: int
    high: int

    def quantize(self, x: npt.ArrayLike, rounding: Rounding = Rounding.HALF_AWAY) -> Integers:
        """Integers in [low, high], of x's shape. Infinities saturate; NaN raises `ValueError`."""
        values = np.asarray(x, np.float64)
        if np.isnan(values).any():
            raise ValueError("NaN has no integer")
        bounded = np.clip(values / self.scale, -(2.0**40), 2.0**40)
        shifted = rounding(bounded) + self.zero_point
        return np.clip(shifted, self.low, self.high).astype(np.int64)

    def dequantize(self, q: npt.ArrayLike) -> Floats:
        """(q - zero_point) * scale as float64, of q's shape."""
        return (np.asarray(q, np.float64) - self.zero_point) * self.scale


def asymmetric(low: float, high: float, bits: int = 8) -> Affine:
    """Unsigned `bits` bits for the range [low, high].

    A range that leaves out zero is widened to it: padding and ReLU need an exact zero. An empty
    range [0, 0] gets scale 1. Raises `UsageError` for bits outside 2 ... 16, ends that are not
    finite or in the wrong order.
    """
    low, high = _checked(low, high, bits)
    low, high = min(low, 0.0), max(high, 0.0)
    top = 2**bits - 1
    scale = (high - low) / top
    if scale == 0.0:
        return Affine(1.0, 0, 0, top)
    zero_point = int(Rounding.HALF_AWAY(-low / scale))
    return Affine(scale, min(max(zero_point, 0), top), 0, top)


def symmetric(low: float, high: float, bits: int = 8) -> Affine:
    """Signed `bits` bits for [-m, m] with m the larger magnitude; zero point 0, no -2^(n-1).

    Raises `UsageError` as `asymmetric` does.
    """
    low, high = _checked(low, high, bits)
    top = 2 ** (bits - 1) - 1
    scale = max(abs(low), abs(high)) / top
    return Affine(scale or 1.0, 0, -top, top)


def _checked(low: float, high: float, bits: int) -> tuple[float, float]:
    if not MIN_BITS <= bits <= MAX_BITS:
        raise UsageError(f"{bits} bits: choose {MIN_BITS} to {MAX_BITS}.")
    if not (np.isfinite(low) and np.isfinite(high)):
        raise UsageError(f"the range [{low}, {high}] is not finite.")
    if low > high:
        raise UsageError(f"the range [{low}, {high}] is upside down.")
    return float(low), float(high)
