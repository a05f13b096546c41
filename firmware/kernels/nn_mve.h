/* SPDX-License-Identifier: Apache-2.0
 *
 * Dot products and requantisation with Helium, Arm's M-Profile Vector Extension (MVE): sixteen int8
 * products or four int32 results an instruction.
 *
 * NN_MVE tells whether it is there and wanted: NN_NO_HELIUM leaves it out, for simulators that lack
 * its multiply-accumulate.
 */
#ifndef NN_MVE_H
#define NN_MVE_H

#if defined(__ARM_FEATURE_MVE) && !defined(NN_NO_HELIUM)
#define NN_MVE 1

#include <arm_mve.h>
#include <stdint.h>

enum { NN_MVE_BYTES = 16, NN_MVE_WORDS = 4 };

/* Whole vectors in `count` >= 0 bytes, and the bytes after them. */
static inline int32_t nn_mve_vectors(int32_t count) {
    return count >> 4;
}

static inline uint32_t nn_mve_rest(int32_t count) {
    return (uint32_t)count & 15u;
}

static inline void nn_mve_copy(int8_t *target, const int8_t *source, int32_t count) {
    for (int32_t i = nn_mve_vectors(count); i > 0; --i) {
        vstrbq_s8(target, vldrbq_s8(source));
        target += NN_MVE_BYTES;
        source += NN_MVE_BYTES;
    }
    if (nn_mve_rest(count) != 0) {
        const mve_pred16_t rest = vctp8q(nn_mve_rest(count));
        vstrbq_p_s8(target, vldrbq_z_s8(source, rest), rest);
    }
}

static inline void nn_mve_fill(int8_t *target, int8_t value, int32_t count) {
    const int8x16_t values = vdupq_n_s8(value);
    for (int32_t i = nn_mve_vectors(count); i > 0; --i) {
        vstrbq_s8(target, values);
        target += NN_MVE_BYTES;
    }
    if (nn_mve_rest(count) != 0) {
        vstrbq_p_s8(target, values, vctp8q(nn_mve_rest(count)));
    }
}

static inline int32_t nn_mve_dot(const int8_t *row, const int8_t *filter, int32_t count) {
    int32_t sum = 0;
    for (int32_t i = nn_mve_vectors(count); i > 0; --i) {
        sum = vmladavaq_s8(sum, vldrbq_s8(row), vldrbq_s8(filter));
        row += NN_MVE_BYTES;
        filter += NN_MVE_BYTES;
    }
    if (nn_mve_rest(count) != 0) {
        const mve_pred16_t rest = vctp8q(nn_mve_rest(count));
        sum = vmladavaq_s8(sum, vldrbq_z_s8(row, rest), vldrbq_z_s8(filter, rest));
    }
    return sum;
}

/* The dot products of one row with four filters that lie `stride` bytes apart. A function of its
 * own, since it takes all registers. */
__attribute__((noinline, unused)) static int32x4_t
nn_mve_dot_4(const int8_t *row, const int8_t *filter, int32_t stride, int32_t count) {
    const int8_t *filter1 = filter + stride, *filter2 = filter1 + stride,
                 *filter3 = filter2 + stride;
    int32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    for (int32_t i = nn_mve_vectors(count); i > 0; --i) {
        const int8x16_t x = vldrbq_s8(row);
        s0 = vmladavaq_s8(s0, x, vldrbq_s8(filter));
        s1 = vmladavaq_s8(s1, x, vldrbq_s8(filter1));
        s2 = vmladavaq_s8(s2, x, vldrbq_s8(filter2));
        s3 = vmladavaq_s8(s3, x, vldrbq_s8(filter3));
        row += NN_MVE_BYTES;
        filter += NN_MVE_BYTES;
        filter1 += NN_MVE_BYTES;
        filter2 += NN_MVE_BYTES;
        filter3 += NN_MVE_BYTES;
        /* Or else GCC computes them from each other, which takes an instruction each. */
        __asm__("" : "+r"(row), "+r"(filter), "+r"(filter1), "+r"(filter2), "+r"(filter3));
    }
    if (nn_mve_rest(count) != 0) {
        const mve_pred16_t rest = vctp8q(nn_mve_rest(count));
        const int8x16_t x = vldrbq_z_s8(row, rest);
        s0 = vmladavaq_s8(s0, x, vldrbq_z_s8(filter, rest));
        s1 = vmladavaq_s8(s1, x, vldrbq_z_s8(filter1, rest));
        s2 = vmladavaq_s8(s2, x, vldrbq_z_s8(filter2, rest));
        s3 = vmladavaq_s8(s3, x, vldrbq_z_s8(filter3, rest));
    }
    const int32x4_t sums = {s0, s1, s2, s3};
    return sums;
}

/* nn_rounding_divide_by_pot by 2^-exponent in each lane, -31 <= exponent <= 0. VRSHL rounds ties
 * up; what is negative and gets shifted is made one less, so that ties go away from zero. */
static inline int32x4_t nn_mve_rounding_divide_by_pot(int32x4_t x, int32x4_t exponent) {
    const int32x4_t fixup = vshrq_n_s32(vandq_s32(x, exponent), 31);
    return vrshlq_s32(vqaddq_s32(x, fixup), exponent);
}

/* nn_requantize in each lane. VQRDMULH is the saturating rounding doubling high multiply. */
static inline int32x4_t nn_mve_requantize(int32x4_t x, int32x4_t multiplier, int32x4_t shift) {
    const int32x4_t zero = vdupq_n_s32(0);
    const int32x4_t high = vqrdmulhq_s32(vshlq_s32(x, vmaxq_s32(shift, zero)), multiplier);
    return nn_mve_rounding_divide_by_pot(high, vminq_s32(shift, zero));
}

static inline int32x4_t nn_mve_clamp(int32x4_t x, int32_t min, int32_t max) {
    return vminq_s32(vmaxq_s32(x, vdupq_n_s32(min)), vdupq_n_s32(max));
}

#else
#define NN_MVE 0
#endif

#endif /* NN_MVE_H */
