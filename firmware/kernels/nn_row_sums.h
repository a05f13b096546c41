/* SPDX-License-Identifier: Apache-2.0
 *
 * Sums of the elements of every channel of a picture that comes row by row.
 */
#ifndef NN_ROW_SUMS_H
#define NN_ROW_SUMS_H

#include <stdint.h>

#include "nn.h"
#include "nn_byte_sums.h"
#include "nn_dsp.h"
#include "nn_fixed_point.h"
#include "nn_mve.h"

/* The type of elements: a kernel of another one defines it before it includes this. */
#ifndef NN_ELEMENT
#define NN_ELEMENT int8_t
#define NN_ELEMENT_IS_BYTE 1
#endif
typedef NN_ELEMENT nn_element;

#if NN_MVE && defined(NN_ELEMENT_IS_BYTE)

static inline void nn_add_four(const int8_t *input, int32_t pixels, int32_t stride, int32_t *sums) {
    int32x4_t four = vldrwq_s32(sums);
    for (int32_t i = 0; i < pixels; ++i, input += stride) {
        four = vaddq_s32(four, vldrbq_s32(input));
    }
    vstrwq_s32(sums, four);
}

#elif NN_HAS_DSP && defined(NN_ELEMENT_IS_BYTE)

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

/* A step of nn_sum_rows_*; results are clamped to the limits of their type. */
static inline void nn_sum_rows(const nn_sum_rows_s8_params *params, const nn_element *input,
                               nn_element *output, int8_t *scratch, int32_t lowest,
                               int32_t highest) {
    int32_t *const sums = (int32_t *)(void *)scratch;
    nn_add_rows(&params->step, params->bias, input, sums);
    if (params->step.is_last) {
        for (int32_t channel = 0; channel < params->step.channels; ++channel) {
            const int32_t scaled = nn_requantize(sums[channel], params->multiplier, params->shift);
            const int32_t result = scaled + params->output_offset;
            output[channel] = (nn_element)nn_clamp(result, lowest, highest);
        }
    }
}

/* sum / count rounded to nearest, ties away from zero, then clamped. */
static inline nn_element nn_row_average(const nn_average_rows_s8_params *p, int32_t sum) {
    const int32_t half = p->count / 2;
    const int32_t mean = (sum > 0 ? sum + half : sum - half) / p->count;
    return (nn_element)nn_clamp(mean, p->activation_min, p->activation_max);
}

/* A step of nn_average_rows_*. */
static inline void nn_average_rows(const nn_average_rows_s8_params *params, const nn_element *input,
                                   nn_element *output, int8_t *scratch) {
    int32_t *const sums = (int32_t *)(void *)scratch;
    nn_add_rows(&params->step, 0, input, sums);
    if (params->step.is_last) {
        for (int32_t channel = 0; channel < params->step.channels; ++channel) {
            output[channel] = nn_row_average(params, sums[channel]);
        }
    }
}

#endif /* NN_ROW_SUMS_H */
