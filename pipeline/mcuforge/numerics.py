"""Fixed-point arithmetic, the Python mirror of `nn_fixed_point.h`.

Everything works on Python ints or NumPy int64 arrays that hold int32 values, and wraps or saturates
exactly where TFLM does. The sources are TFLite's `quantization_util` (multipliers) and gemmlowp's
`fixedpoint.h` (saturating rounding doubling high multiply, rounding divide by a power of two).
Functions named `..._array` take and return int64 NumPy arrays.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

INT8_MIN, INT8_MAX = -128, 127
INT32_MIN, INT32_MAX = -(2**31), 2**31 - 1

Int64Array = npt.NDArray[np.int64]


def round_half_away(value: float) -> int:
    """Round to nearest, ties away from zero (C's `round`)."""
    return int(math.copysign(math.floor(abs(value) + 0.5), value))


def quantize_multiplier(real: float) -> tuple[int, int]:
    """Split `real` >= 0 into a Q0.31 multiplier in [2^30, 2^31) and a shift (positive: left).

    real ~= multiplier / 2^31 * 2^shift. Values below 2^-32 become (0, 0). Source: TFLite's
    QuantizeMultiplier. The shift is not bounded above: callers refuse shifts over 30.
    """
    if real == 0.0:
        return 0, 0
    fraction, shift = math.frexp(real)
    multiplier = round_half_away(fraction * (1 << 31))
    if multiplier == 1 << 31:
        multiplier //= 2
        shift += 1
    if shift < -31:
        return 0, 0
    return multiplier, shift


def wrap_int32(x: Int64Array) -> Int64Array:
    """x modulo 2^32, as a signed int32 value."""
    return np.asarray(((x + 2**31) & 0xFFFFFFFF) - 2**31, np.int64)


def rounding_doubling_high_mul(a: Int64Array, b: Int64Array | int) -> Int64Array:
    """Q0.31 product, rounded to nearest with ties up; (-2^31)^2 saturates to 2^31 - 1."""
    product = (np.asarray(a, np.int64) * b + (1 << 30)) >> 31
    return np.asarray(np.minimum(product, INT32_MAX), np.int64)


def rounding_divide_by_pot(x: Int64Array, exponent: int | Int64Array) -> Int64Array:
    """x / 2^exponent rounded to nearest, ties away from zero. 0 <= exponent <= 31."""
    x = np.asarray(x, np.int64)
    mask = (np.int64(1) << np.asarray(exponent, np.int64)) - 1
    threshold = (mask >> 1) + (x < 0)
    return (x >> exponent) + ((x & mask) > threshold)


def requantize(x: Int64Array, multiplier: int, shift: int) -> Int64Array:
    """x * multiplier * 2^shift on int32 values: TFLM's MultiplyByQuantizedMultiplier."""
    left, right = max(shift, 0), max(-shift, 0)
    shifted = wrap_int32(np.asarray(x, np.int64) << left)
    return rounding_divide_by_pot(rounding_doubling_high_mul(shifted, multiplier), right)


def all_int8() -> Int64Array:
    """Every int8 value in ascending order, shape (256,): the index of a lookup table."""
    return np.arange(INT8_MIN, INT8_MAX + 1, dtype=np.int64)


def clamp_int8(x: Int64Array, low: int = INT8_MIN, high: int = INT8_MAX) -> npt.NDArray[np.int8]:
    """x clamped to [low, high], as int8."""
    return np.clip(x, low, high).astype(np.int8)
