/* SPDX-License-Identifier: Apache-2.0
 *
 * The dot products of one row of int8 with one filter, or with neighbouring filters that begin
 * `stride` bytes apart. All are read as they are: nothing is gathered, and nothing padded.
 */
#ifndef NN_ROW_DOT_H
#define NN_ROW_DOT_H

#include "nn_dot.h"

enum { NN_ROW_FILTERS = 4 };

#if NN_MVE

static inline int32_t nn_row_dot(const int8_t *row, const int8_t *filter, int32_t count) {
    return nn_mve_dot(row, filter, count);
}

static inline void nn_row_dots(const int8_t *row, const int8_t *filter, int32_t count,
                               int32_t stride, int32_t sums[NN_ROW_FILTERS]) {
    vstrwq_s32(sums, nn_mve_dot_4(row, filter, stride, count));
}

#elif NN_DSP

static inline int32_t nn_add_taps(uint32_t low, uint32_t high, const int8_t *filter, int32_t sum) {
    const uint32_t taps = nn_load_word(filter);
    sum = nn_smlad(low, nn_sxtb16(taps), sum);
    return nn_smlad(high, nn_sxtb16_ror8(taps), sum);
}

static inline int32_t nn_row_dot(const int8_t *row, const int8_t *filter, int32_t count) {
    int32_t sum = 0;
    int32_t i = 0;
    for (; i + 4 <= count; i += 4) {
        const uint32_t word = nn_load_word(row + i);
        sum = nn_add_taps(nn_sxtb16(word), nn_sxtb16_ror8(word), filter + i, sum);
    }
    for (; i < count; ++i) {
        sum += row[i] * filter[i];
    }
    return sum;
}

static inline void nn_row_dots(const int8_t *row, const int8_t *filter, int32_t count,
                               int32_t stride, int32_t sums[NN_ROW_FILTERS]) {
    int32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    const int8_t *second = filter + 2 * stride; /* of the second pair of filters */
    for (const int8_t *const end = row + (count & ~3); row < end; row += 4) {
        const uint32_t word = nn_load_word(row);
        const uint32_t low = nn_sxtb16(word), high = nn_sxtb16_ror8(word);
        s0 = nn_add_taps(low, high, filter, s0);
        s1 = nn_add_taps(low, high, filter + stride, s1);
        s2 = nn_add_taps(low, high, second, s2);
        s3 = nn_add_taps(low, high, second + stride, s3);
        filter += 4;
        second += 4;
    }
    for (int32_t i = 0; i < (count & 3); ++i) { /* the row, unlike the filters, is not padded */
        s0 += row[i] * filter[i];
        s1 += row[i] * filter[stride + i];
        s2 += row[i] * second[i];
        s3 += row[i] * second[stride + i];
    }
    sums[0] = s0;
    sums[1] = s1;
    sums[2] = s2;
    sums[3] = s3;
}

#else

static inline int32_t nn_row_dot(const int8_t *row, const int8_t *filter, int32_t count) {
    int32_t sum = 0;
    for (int32_t i = 0; i < count; ++i) {
        sum += row[i] * filter[i];
    }
    return sum;
}

static inline void nn_row_dots(const int8_t *row, const int8_t *filter, int32_t count,
                               int32_t stride, int32_t sums[NN_ROW_FILTERS]) {
    int32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    const int8_t *second = filter + 2 * stride;
    for (const int8_t *const end = row + count; row < end; ++row, ++filter, ++second) {
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

#endif

#endif /* NN_ROW_DOT_H */
