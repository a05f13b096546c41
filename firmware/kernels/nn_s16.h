/* SPDX-License-Identifier: Apache-2.0
 *
 * What the kernels of int16 activations with int8 weights share: dot products, and the last step
 * from a sum to an int16 output.
 *
 * A product of int16 and int8 is at most 2^22 in magnitude, so that 508 of them fit int32 whatever
 * the data. The inner loops add that many, and then once in 64 bits.
 */
#ifndef NN_S16_H
#define NN_S16_H

#include <stdint.h>

#include "nn.h"
#include "nn_copy.h"
#include "nn_dot.h"
#include "nn_fixed_point.h"

enum { NN_S16_BLOCK = 508 };

#if defined(__GNUC__)
#define NN_NO_INLINE __attribute__((noinline, unused))
#else
#define NN_NO_INLINE
#endif

#if NN_DSP

/* Four inputs: 0 and 2 in the halfwords of `even`, 1 and 3 in those of `odd`, as SXTB16 orders the
 * taps of a filter. */
typedef struct {
    uint32_t even;
    uint32_t odd;
} nn_s16_quad;

static inline nn_s16_quad nn_s16_load(const int16_t *row) {
    const uint32_t low = nn_load_word(row), high = nn_load_word(row + 2);
    const nn_s16_quad quad = {nn_pkhbt(low, high), nn_pkhtb(high, low)};
    return quad;
}

static inline int32_t nn_s16_taps(nn_s16_quad x, const int8_t *filter, int32_t sum) {
    const uint32_t taps = nn_load_word(filter);
    return nn_smlad(x.odd, nn_sxtb16_ror8(taps), nn_smlad(x.even, nn_sxtb16(taps), sum));
}

#endif

/* `count` <= NN_S16_BLOCK taps of one row with one filter. */
static inline int32_t nn_s16_block(const int16_t *row, const int8_t *filter, int32_t count) {
    int32_t sum = 0;
    int32_t i = 0;
#if NN_DSP
    for (; i + 4 <= count; i += 4) {
        sum = nn_s16_taps(nn_s16_load(row + i), filter + i, sum);
    }
#endif
    for (; i < count; ++i) {
        sum += (int32_t)row[i] * filter[i];
    }
    return sum;
}

/* The same with four filters, `stride` bytes apart, which share each load of the row. */
static inline void nn_s16_block_4(const int16_t *row, const int8_t *filter, int32_t stride,
                                  int32_t count, int32_t sums[4]) {
    const int8_t *second = filter + 2 * stride;
    int32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    const int16_t *const end = row + count;
#if NN_DSP
    for (const int16_t *const fours = row + (count & ~3); row < fours; row += 4) {
        const nn_s16_quad x = nn_s16_load(row);
        s0 = nn_s16_taps(x, filter, s0);
        s1 = nn_s16_taps(x, filter + stride, s1);
        s2 = nn_s16_taps(x, second, s2);
        s3 = nn_s16_taps(x, second + stride, s3);
        filter += 4;
        second += 4;
    }
#endif
    for (; row < end; ++row, ++filter, ++second) {
        const int32_t x = *row;
        s0 += x * filter[0];
        s1 += x * filter[stride];
        s2 += x * second[0];
        s3 += x * second[stride];
    }
    sums[0] = s0;
    sums[1] = s1;
    sums[2] = s2;
    sums[3] = s3;
}

/* The sums of a row of any length with four filters. */
static inline void nn_s16_dot_4(const int16_t *row, const int8_t *filter, int32_t stride,
                                int32_t count, int64_t sums[4]) {
    int32_t part[4];
    nn_s16_block_4(row, filter, stride, nn_min(count, NN_S16_BLOCK), part);
    for (int32_t i = 0; i < 4; ++i) {
        sums[i] = part[i];
    }
    for (int32_t at = NN_S16_BLOCK; at < count; at += NN_S16_BLOCK) {
        nn_s16_block_4(row + at, filter + at, stride, nn_min(count - at, NN_S16_BLOCK), part);
        for (int32_t i = 0; i < 4; ++i) {
            sums[i] += part[i];
        }
    }
}

/* The sum of a row of any length with one filter. */
static inline int64_t nn_s16_dot(const int16_t *row, const int8_t *filter, int32_t count) {
    int64_t sum = 0;
    for (int32_t at = 0; at < count; at += NN_S16_BLOCK) {
        sum += nn_s16_block(row + at, filter + at, nn_min(count - at, NN_S16_BLOCK));
    }
    return sum;
}

/* Copies `count` values between areas that do not overlap. */
static inline void nn_s16_copy(int16_t *target, const int16_t *source, int32_t count) {
    nn_copy((int8_t *)target, (const int8_t *)source, 2 * count);
}

static inline void nn_s16_zero(int16_t *target, int32_t count) {
    for (int32_t i = 0; i < count; ++i) {
        target[i] = 0;
    }
}

/* x * multiplier / 2^shift rounded to nearest, ties up, modulo 2^32; |x| < 2^47, the multiplier has
 * 15 bits, and shift >= 1. TFLM's rescaling of int64. */
static inline int32_t nn_s16_rescale(int64_t x, int32_t multiplier, int32_t shift) {
    return (int32_t)((((x * multiplier) >> (shift - 1)) + 1) >> 1);
}

/* The output of one channel from its sum. */
static inline int16_t nn_finish_s16(const nn_output_stage_s16 *stage, int64_t sum,
                                    int32_t channel) {
    const int64_t acc = sum + stage->bias[channel];
    const int32_t multiplier = stage->multiplier[channel];
    const int32_t shift = stage->shift[channel];
    const int32_t scaled = stage->wide ? nn_s16_rescale(acc, multiplier, shift)
                                       : nn_requantize((int32_t)acc, multiplier, shift);
    return (int16_t)nn_clamp(nn_wrapping_add(scaled, stage->offset), stage->activation_min,
                             stage->activation_max);
}

/* The outputs of the channels [first, last) from one row of `count` taps. Filters, of which
 * `weights` is the first of all, lie `stride` bytes apart. Not inlined: the registers are for it.
 */
NN_NO_INLINE static void nn_filters_s16(const nn_output_stage_s16 *stage, const int16_t *row,
                                        const int8_t *weights, int32_t stride, int32_t count,
                                        int32_t first, int32_t last, int16_t *output) {
    const int8_t *filter = weights + first * stride;
    int32_t channel = first;
    for (; channel + 4 <= last; channel += 4, filter += 4 * stride) {
        int64_t sums[4];
        nn_s16_dot_4(row, filter, stride, count, sums);
        for (int32_t i = 0; i < 4; ++i) {
            output[channel + i] = nn_finish_s16(stage, sums[i], channel + i);
        }
    }
    for (; channel < last; ++channel, filter += stride) {
        output[channel] = nn_finish_s16(stage, nn_s16_dot(row, filter, count), channel);
    }
}

#endif /* NN_S16_H */
