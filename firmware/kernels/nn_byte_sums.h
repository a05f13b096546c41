/* SPDX-License-Identifier: Apache-2.0
 *
 * Sums of bytes that lie in words, four sums at a time.
 */
#ifndef NN_BYTE_SUMS_H
#define NN_BYTE_SUMS_H

#include <stdint.h>

#include "nn_dsp.h"

enum { NN_MOST_IN_16_BITS = 256 }; /* bytes whose sum fits a halfword */

/* Adds `count` <= 256 words, `stride` bytes apart, byte by byte to four sums. */
static inline void nn_add_words(const int8_t *input, int32_t count, int32_t stride, int32_t *sums) {
    uint32_t even = 0, odd = 0;
    for (const int8_t *const end = input + count * stride; input < end; input += stride) {
        const uint32_t word = nn_load_word(input);
        even = nn_sxtab16(even, word);
        odd = nn_sxtab16_ror8(odd, word);
    }
    sums[0] += (int16_t)(even & 0xFFFFu);
    sums[1] += (int16_t)(odd & 0xFFFFu);
    sums[2] += (int32_t)even >> 16;
    sums[3] += (int32_t)odd >> 16;
}

#endif /* NN_BYTE_SUMS_H */
