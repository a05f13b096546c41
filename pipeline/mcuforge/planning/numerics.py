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
INT16_MIN, INT16_MAX = -32768, 32767
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


def quantize_multipliers(reals: npt.NDArray[np.float64]) -> Int64Array:
    """`quantize_multiplier` of each value: int64 [n, 2]."""
    fractions, shifts = np.frexp(reals)
    multipliers = np.floor(fractions * (1 << 31) + 0.5).astype(np.int64)
    full = multipliers == 1 << 31
    multipliers = np.where(full, multipliers // 2, multipliers)
    pairs = np.stack([multipliers, shifts + full], axis=1).astype(np.int64)
    pairs[(reals == 0.0) | (pairs[:, 1] < -31)] = 0
    return pairs


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


def requantize(x: Int64Array, multiplier: int | Int64Array, shift: int | Int64Array) -> Int64Array:
    """x * multiplier * 2^shift on int32 values: TFLM's MultiplyByQuantizedMultiplier."""
    left, right = np.maximum(shift, 0), np.maximum(np.negative(shift), 0)
    shifted = wrap_int32(np.asarray(x, np.int64) << left)
    return rounding_divide_by_pot(rounding_doubling_high_mul(shifted, multiplier), right)


def reduced_multipliers(multipliers: Int64Array) -> Int64Array:
    """Q0.31 multipliers >= 0 rounded to Q0.15, at most 2^15 - 1: what TFLM multiplies int64 by."""
    rounded = (np.asarray(multipliers, np.int64) + (1 << 15)) >> 16
    return np.asarray(np.minimum(rounded, 0x7FFF), np.int64)


def all_int8() -> Int64Array:
    """Every int8 value in ascending order, shape (256,): the index of a lookup table."""
    return np.arange(INT8_MIN, INT8_MAX + 1, dtype=np.int64)


def clamp_int8(x: Int64Array, low: int = INT8_MIN, high: int = INT8_MAX) -> npt.NDArray[np.int8]:
    """x clamped to [low, high], as int8."""
    return np.clip(x, low, high).astype(np.int8)


def wrap_int8(x: Int64Array) -> npt.NDArray[np.int8]:
    """x modulo 2^8, as int8: the bits of an unsigned byte."""
    return np.asarray((np.asarray(x, np.int64) & 0xFF).astype(np.uint8).view(np.int8))


# Transcendental functions of gemmlowp. Qm.n names an int32 with m integer and n fractional bits.

_ONE_Q0_31 = INT32_MAX
_ONE_Q2_29 = 1 << 29
# exp(-2^k) as Q0.31, for k = -2 ... 4.
_EXP_OF_MINUS_POWERS = (1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242)


def saturating_shift_left(x: Int64Array, shift: int) -> Int64Array:
    """x * 2^shift clamped to int32."""
    return np.asarray(np.clip(np.asarray(x, np.int64) << shift, INT32_MIN, INT32_MAX), np.int64)


def _exp_in_last_quarter(a: Int64Array) -> Int64Array:
    """exp(a) for a in [-1/4, 0), Q0.31 to Q0.31: the Taylor series around -1/8 to degree four."""
    exp_of_minus_eighth, third = 1895147668, 715827883
    x = a + (1 << 28)
    x2 = rounding_doubling_high_mul(x, x)
    x3 = rounding_doubling_high_mul(x2, x)
    x4 = rounding_doubling_high_mul(x2, x2)
    sixths = rounding_doubling_high_mul(rounding_divide_by_pot(x4, 2) + x3, third)
    series = x + rounding_divide_by_pot(sixths + x2, 1)
    return exp_of_minus_eighth + rounding_doubling_high_mul(series, exp_of_minus_eighth)


def exp_on_negative_values(a: Int64Array, integer_bits: int) -> Int64Array:
    """exp(a) as Q0.31 for a <= 0 with 4 or 5 integer bits (gemmlowp's function of that name).

    exp of the last quarter, times exp(-2^k) for each bit of what is left of -a.
    """
    a = np.asarray(a, np.int64)
    fractional_bits = 31 - integer_bits
    quarter = 1 << (fractional_bits - 2)
    in_last_quarter = (a & (quarter - 1)) - quarter
    result = _exp_in_last_quarter(saturating_shift_left(in_last_quarter, integer_bits))
    rest = in_last_quarter - a
    for power, factor in zip(range(-2, integer_bits), _EXP_OF_MINUS_POWERS, strict=False):
        bit = (rest >> (fractional_bits + power)) & 1
        result = np.where(bit, rounding_doubling_high_mul(result, factor), result)
    return np.where(a == 0, _ONE_Q0_31, result)


def _reciprocal_of_half_sum(a: Int64Array) -> Int64Array:
    """2 / (1 + a) as Q2.29 for a in [0, 1] as Q0.31: three Newton-Raphson steps.

    For a = -1, where the sum is 0, the steps wrap as they do in TFLM.
    """
    total = np.asarray(a, np.int64) + _ONE_Q0_31
    half = (total + (total >= 0)) >> 1
    x = 1515870810 + rounding_doubling_high_mul(half, -1010580540)  # 48/17 - 32/17 * half
    for _ in range(3):
        error = _ONE_Q2_29 - rounding_doubling_high_mul(half, x)
        x = wrap_int32(x + saturating_shift_left(rounding_doubling_high_mul(x, error), 2))
    return x


def one_over_one_plus_x(a: Int64Array) -> Int64Array:
    """1 / (1 + a) as Q0.31 for a in [0, 1] as Q0.31."""
    return saturating_shift_left(_reciprocal_of_half_sum(a), 1)


def one_minus_x_over_one_plus_x(a: Int64Array) -> Int64Array:
    """(1 - a) / (1 + a) as Q0.31 for a in [0, 1] as Q0.31."""
    return saturating_shift_left(_reciprocal_of_half_sum(a) - _ONE_Q2_29, 2)


def logistic(a: Int64Array) -> Int64Array:
    """1 / (1 + exp(-a)) as Q0.31 for any a as Q4.27."""
    a = np.asarray(a, np.int64)
    positive = one_over_one_plus_x(exp_on_negative_values(-np.abs(a), 4))
    result = np.where(a > 0, positive, _ONE_Q0_31 - positive)
    return np.where(a == 0, 1 << 30, result)


def tanh(a: Int64Array) -> Int64Array:
    """tanh(a) as Q0.31 for any a as Q4.27."""
    a = np.asarray(a, np.int64)
    # -2|a| as Q5.26 has the bits of -|a| as Q4.27.
    magnitude = one_minus_x_over_one_plus_x(exp_on_negative_values(-np.abs(a), 5))
    return np.where(a == 0, 0, np.where(a < 0, -magnitude, magnitude))


def input_radius(integer_bits: int, left_shift: int) -> int:
    """Largest |x| for which x * 2^left_shift stays below the top of Q<integer_bits>.

    Source: TFLite's CalculateInputRadius with 31 bits in all.
    """
    return math.floor(((1 << integer_bits) - 1) * (1 << (31 - integer_bits)) / (1 << left_shift))


def inverse_sqrt_multiplier(x: int) -> tuple[int, int]:
    """1 / sqrt(x) as a Q0.31 multiplier and a shift (positive: left), for 0 <= x < 2^31.

    0 counts as 1. Five Newton-Raphson steps in Q3.28, from 1. Source: TFLite's
    GetInvSqrtQuantizedMultiplierExp.
    """
    if x <= 1:
        return INT32_MAX, 0
    right = 11
    while x >= 1 << 29:
        x //= 4
        right += 1
    pairs = (31 - x.bit_length()) // 2 - 1  # of zero bits that are shifted out
    right -= pairs
    x <<= 2 * pairs  # in [2^27, 2^29)
    root = _newton_inverse_sqrt(np.asarray(x >> 1, np.int64))
    multiplier = int(rounding_doubling_high_mul(root, 1518500250))  # sqrt(2) / 2
    return (multiplier << max(-right, 0)), -max(right, 0)


def _newton_inverse_sqrt(x: Int64Array) -> Int64Array:
    """1 / sqrt(x) of a Q3.28 value."""
    half_x = rounding_divide_by_pot(x, 1)
    half_three = (1 << 28) + (1 << 27)
    root: Int64Array = np.asarray(1 << 28, np.int64)
    for _ in range(5):
        square = rounding_doubling_high_mul(root, root)
        cube = saturating_shift_left(rounding_doubling_high_mul(square, root), 6)
        grown = rounding_doubling_high_mul(root, half_three)
        shrunk = rounding_doubling_high_mul(cube, half_x)
        root = saturating_shift_left(grown - shrunk, 3)
    return root
