/* SPDX-License-Identifier: Apache-2.0
 *
 * Sums of the elements of every channel of a picture that comes row by row.
 */
#ifndef NN_ROW_SUMS_H
#define NN_ROW_SUMS_H

#include <stdint.h>

#include "nn.h"
#include "nn_dsp.h"
#include "nn_fixed_point.h"

/* The type of elements: a kernel of another one defines it before it includes this. */
#ifndef NN_ELEMENT
#define NN_ELEMENT int8_t
#define NN_ELEMENT_IS_BYTE 1
#endif
typedef NN_ELEMENT nn_element;

#if NN_HAS_DSP && defined(NN_ELEMENT_IS_BYTE)

enum { NN_MOST_IN_16_BITS = 256 }; /* bytes whose sum fits a halfword */

/* Adds `pixels` <= 256 words, `stride` bytes apart, byte by byte to four sums. */
static inline void nn_add_words(const int8_t *input, int32_t pixels, int32_t stride,
                                int32_t *sums) {
    uint32_t even = 0, odd = 0;
    for (const int8_t *const end = input + pixels * stride; input < end; input += stride) {
        const uint32_t word = nn_load_word(input);
        even = nn_sxtab16(even, word);
        odd = nn_sxtab16_ror8(odd, word);
    }
    sums[0] += (int16_t)(even & 0xFFFFu);
    sums[1] += (int16_t)(odd & 0xFFFFu);
    sums[2] += (int32_t)even >> 16;
    sums[3] += (int32_t)odd >> 16;
}

static inline void nn_add_four(const int8_t *input, int32_t pixels, int32_t stride, int32_t *sums) {
    for (; pixels > NN_MOST_IN_16_BITS; pixels -= NN_MOST_IN_16_BITS) {
        nn_add_words(input, NN_MOST_IN_16_BITS, stride, sums);
        input += NN_MOST_IN_16_BITS * stride;
    }
    nn_add_words(input, pixels, stride, sums);
}

#else

static inline void nn_add_four(const nn_element *input, int32_t pixels, int32_t stride,
                               int32_t *sums) {
    int32_t sum0 = sums[0], sum1 = sums[1], sum2 = sums[2], sum3 = sums[3];
    for (int32_t i = 0; i < pixels; ++i, input += stride) {
        sum0 += input[0];
        sum1 += input[1];
        sum2 += input[2];
        sum3 += input[3];
    }
    sums[0] = sum0;
    sums[1] = sum1;
    sums[2] = sum2;
    sums[3] = sum3;
}

#endif

/* Adds a step's elements to the sum of each channel, which begins with `start`. */
static inline void nn_add_rows(const nn_row_step *step, int32_t start, const nn_element *input,
                               int32_t *sums) {
    const int32_t channels = step->channels;
    if (step->is_first) {
        for (int32_t channel = 0; channel < channels; ++channel) {
            sums[channel] = start;
        }
    }
    int32_t channel = 0;
    for (; channel + 4 <= channels; channel += 4) {
        nn_add_four(input + channel, step->pixels, channels, sums + channel);
    }
    for (; channel < channels; ++channel) {
        for (int32_t i = 0; i < step->pixels; ++i) {
            sums[channel] += input[i * channels + channel];
        }
    }
}

#endif /* NN_ROW_SUMS_H */
