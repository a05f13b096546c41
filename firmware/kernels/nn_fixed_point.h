/* SPDX-License-Identifier: Apache-2.0
 *
 * Fixed-point arithmetic of the int8 kernels. The Python mirror is mcuforge/numerics.py; a test
 * runs both on the same corners.
 *
 * Rounding: TFLM is built without TFLITE_SINGLE_ROUNDING, so a product is rounded twice: the
 * saturating rounding doubling high multiply, then a rounding divide by a power of two with ties
 * away from zero (gemmlowp's SaturatingRoundingDoublingHighMul and RoundingDivideByPOT).
 */
#ifndef NN_FIXED_POINT_H
#define NN_FIXED_POINT_H

#include <stdint.h>

static inline int32_t nn_min(int32_t a, int32_t b) {
    return a < b ? a : b;
}

static inline int32_t nn_max(int32_t a, int32_t b) {
    return a > b ? a : b;
}

static inline int32_t nn_clamp(int32_t x, int32_t low, int32_t high) {
    return nn_min(nn_max(x, low), high);
}

/* a + b modulo 2^32: for sums that are known to fit once complete, whatever the order. */
static inline int32_t nn_wrapping_add(int32_t a, int32_t b) {
    return (int32_t)((uint32_t)a + (uint32_t)b);
}

static inline int32_t nn_wrapping_sub(int32_t a, int32_t b) {
    return (int32_t)((uint32_t)a - (uint32_t)b);
}

static inline int32_t nn_wrapping_mul(int32_t a, int32_t b) {
    return (int32_t)((uint32_t)a * (uint32_t)b);
}

/* x * 2^shift modulo 2^32, 0 <= shift <= 31: what TFLM's left shift does to values too large. */
static inline int32_t nn_wrapping_shift_left(int32_t x, int32_t shift) {
    return (int32_t)((uint32_t)x << shift);
}

/* Q0.31 product a * b, rounded to nearest, ties up; the one overflow (both -2^31) saturates.
 *
 * gemmlowp divides (ab + nudge) by 2^31 with truncation, the nudge being 2^30 for ab >= 0 and
 * 1 - 2^30 below. That is floor((ab + 2^30) / 2^31) for both signs, an arithmetic shift. */
static inline int32_t nn_rounding_doubling_high_mul(int32_t a, int32_t b) {
    if (a == INT32_MIN && b == INT32_MIN) {
        return INT32_MAX;
    }
    return (int32_t)(((int64_t)a * b + (INT64_C(1) << 30)) >> 31);
}

/* x / 2^exponent rounded to nearest, ties away from zero, 0 <= exponent <= 31. */
static inline int32_t nn_rounding_divide_by_pot(int32_t x, int32_t exponent) {
    const int32_t mask = (int32_t)((UINT32_C(1) << exponent) - 1u);
    const int32_t remainder = x & mask;
    const int32_t threshold = (mask >> 1) + (x < 0);
    return (x >> exponent) + (remainder > threshold);
}

/* nn_rounding_doubling_high_mul for b >= 0, which cannot meet the one overflow. */
static inline int32_t nn_rounding_high_mul(int32_t a, int32_t b) {
    return (int32_t)(((int64_t)a * b + (INT64_C(1) << 30)) >> 31);
}

/* nn_rounding_divide_by_pot for |x| < 2^30 (any x for exponent 0), in half the instructions: the
 * nudge is 2^(exponent - 1), less one for negative x so that ties go away from zero. */
static inline int32_t nn_rounding_shift_right(int32_t x, int32_t exponent) {
    const int32_t half = (int32_t)((UINT32_C(1) << exponent) >> 1);
    const int32_t negative = half != 0 ? x >> 31 : 0;
    return (x + half + negative) >> exponent;
}

/* x * multiplier * 2^shift, 0 <= multiplier, -31 <= shift <= 30: TFLM's
 * MultiplyByQuantizedMultiplier. A multiplier that is not negative cannot meet the one overflow of
 * the doubling high multiply, which is therefore left out. */
static inline int32_t nn_requantize(int32_t x, int32_t multiplier, int32_t shift) {
    const int32_t left = shift > 0 ? shift : 0;
    const int32_t right = shift > 0 ? 0 : -shift;
    const int32_t high = nn_rounding_high_mul(nn_wrapping_shift_left(x, left), multiplier);
    return nn_rounding_divide_by_pot(high, right);
}

/* Zero bits above the highest one, for x > 0. */
static inline int32_t nn_leading_zeros(int32_t x) {
    uint32_t rest = (uint32_t)x;
    int32_t count = 0;
    for (int32_t half = 16; half > 0; half /= 2) {
        if ((rest >> (32 - half)) == 0) {
            rest <<= half;
            count += half;
        }
    }
    return count;
}

/* x * 2^shift clamped to int32, 0 <= shift <= 30. */
static inline int32_t nn_saturating_shift_left(int32_t x, int32_t shift) {
    const int32_t limit = INT32_MAX >> shift;
    if (x > limit) {
        return INT32_MAX;
    }
    return x < -limit - 1 ? INT32_MIN : x * (INT32_C(1) << shift);
}

/* 1 / (1 + x) as Q0.31 for x in [0, 1] as Q0.31: three Newton-Raphson steps on Q2.29 values, which
 * is gemmlowp's one_over_one_plus_x_for_x_in_0_1. */
static inline int32_t nn_one_over_one_plus_x(int32_t x) {
    const int32_t one = INT32_C(1) << 29;
    const int32_t half_sum = (int32_t)(((int64_t)x + INT32_MAX + 1) >> 1); /* (1 + x) / 2 */
    /* 48/17 - 32/17 * half_sum is the linear first guess. */
    int32_t reciprocal = 1515870810 + nn_rounding_doubling_high_mul(half_sum, -1010580540);
    for (int32_t step = 0; step < 3; ++step) {
        const int32_t error = one - nn_rounding_doubling_high_mul(half_sum, reciprocal);
        reciprocal += nn_saturating_shift_left(nn_rounding_doubling_high_mul(reciprocal, error), 2);
    }
    return nn_saturating_shift_left(reciprocal, 1);
}

/* A Q0.31 multiplier and its shift, positive to the left: the arguments of nn_requantize. */
typedef struct {
    int32_t multiplier;
    int32_t shift;
} nn_factor;

/* 1 / sqrt(x) of a Q3.28 value: five Newton-Raphson steps from 1. */
static inline int32_t nn_newton_inverse_sqrt(int32_t x) {
    const int32_t half_x = nn_rounding_divide_by_pot(x, 1);
    const int32_t half_three = (INT32_C(1) << 28) + (INT32_C(1) << 27);
    int32_t root = INT32_C(1) << 28;
    for (int32_t step = 0; step < 5; ++step) {
        const int32_t square = nn_rounding_doubling_high_mul(root, root);
        const int32_t cube =
            nn_saturating_shift_left(nn_rounding_doubling_high_mul(square, root), 6);
        const int32_t grown = nn_rounding_doubling_high_mul(half_three, root);
        const int32_t shrunk = nn_rounding_doubling_high_mul(half_x, cube);
        root = nn_saturating_shift_left(grown - shrunk, 3);
    }
    return root;
}

/* 1 / sqrt(x) for x >= 0; 0 counts as 1. TFLite's GetInvSqrtQuantizedMultiplierExp. */
static inline nn_factor nn_inverse_sqrt(int32_t x) {
    if (x <= 1) {
        return (nn_factor){INT32_MAX, 0};
    }
    int32_t right = 11;
    for (; x >= INT32_C(1) << 29; x /= 4) {
        ++right;
    }
    const int32_t pairs = (nn_leading_zeros(x) - 1) / 2 - 1; /* of bits that are zero */
    right -= pairs;
    const int32_t root = nn_newton_inverse_sqrt((x * (INT32_C(1) << (2 * pairs))) >> 1);
    const int32_t sqrt_half = 1518500250;
    const int32_t multiplier = nn_rounding_doubling_high_mul(root, sqrt_half);
    const int32_t left = nn_max(-right, 0);
    return (nn_factor){multiplier * (INT32_C(1) << left), -nn_max(right, 0)};
}

#endif /* NN_FIXED_POINT_H */
