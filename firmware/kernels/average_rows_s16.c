/* SPDX-License-Identifier: Apache-2.0 */
#define NN_ELEMENT int16_t
#include "nn.h"
#include "nn_row_sums.h"

/* sum / count rounded to nearest, ties away from zero, then clamped. */
static int16_t average(const nn_average_rows_s8_params *p, int32_t sum) {
    const int32_t half = p->count / 2;
    const int32_t mean = (sum > 0 ? sum + half : sum - half) / p->count;
    return (int16_t)nn_clamp(mean, p->activation_min, p->activation_max);
}

void nn_average_rows_s16(const nn_average_rows_s8_params *params, const int16_t *input,
                         int16_t *output, int8_t *scratch) {
    int32_t *const sums = (int32_t *)(void *)scratch;
    nn_add_rows(&params->step, 0, input, sums);
    if (params->step.is_last) {
        for (int32_t channel = 0; channel < params->step.channels; ++channel) {
            output[channel] = average(params, sums[channel]);
        }
    }
}
