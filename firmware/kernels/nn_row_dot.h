/* SPDX-License-Identifier: Apache-2.0
 *
 * The dot product of one row of int8 with one filter, both as they are: nothing is gathered, and
 * nothing padded.
 */
#ifndef NN_ROW_DOT_H
#define NN_ROW_DOT_H

#include "nn_dot.h"

#if NN_MVE

static inline int32_t nn_row_dot(const int8_t *row, const int8_t *filter, int32_t count) {
    return nn_mve_dot(row, filter, count);
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

#else

static inline int32_t nn_row_dot(const int8_t *row, const int8_t *filter, int32_t count) {
    int32_t sum = 0;
    for (int32_t i = 0; i < count; ++i) {
        sum += row[i] * filter[i];
    }
    return sum;
}

#endif

#endif /* NN_ROW_DOT_H */
