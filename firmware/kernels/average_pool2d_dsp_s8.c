/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_pool_dsp.h"

/* sum / count rounded to nearest, ties away from zero, then clamped. */
static inline int8_t average(const nn_pool2d_s8_params *p, int32_t sum, int32_t count) {
    const int32_t half = count / 2;
    const int32_t mean = (sum > 0 ? sum + half : sum - half) / count;
    return (int8_t)nn_clamp(mean, p->activation_min, p->activation_max);
}

/* Sums of up to 256 bytes, which fit halfwords. */
NN_ALWAYS_INLINE void average_of_four(const nn_pool2d_s8_params *p, nn_window w, int8_t *output) {
    const int32_t count = w.rows * w.columns;
    uint32_t even = 0, odd = 0;
    for (int32_t y = 0; y < w.rows; ++y) {
        const int8_t *const end = w.start + w.columns * w.column_step;
        for (; w.start < end; w.start += w.column_step) {
            const uint32_t word = nn_load_word(w.start);
            even = nn_sxtab16(even, word);
            odd = nn_sxtab16_ror8(odd, word);
        }
        w.start += w.row_step;
    }
    output[0] = average(p, (int16_t)(even & 0xFFFFu), count);
    output[1] = average(p, (int16_t)(odd & 0xFFFFu), count);
    output[2] = average(p, (int32_t)even >> 16, count);
    output[3] = average(p, (int32_t)odd >> 16, count);
}

void nn_average_pool2d_dsp_s8(const nn_pool2d_s8_params *params, const int8_t *input,
                              int8_t *output) {
    nn_pool_words(params, average_of_four, input, output);
}
