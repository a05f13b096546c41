/* SPDX-License-Identifier: Apache-2.0 */
#define NN_ELEMENT int16_t
#include "nn.h"
#include "nn_row_sums.h"

void nn_sum_rows_s16(const nn_sum_rows_s8_params *params, const int16_t *input, int16_t *output,
                     int8_t *scratch) {
    int32_t *const sums = (int32_t *)(void *)scratch;
    nn_add_rows(&params->step, params->bias, input, sums);
    if (params->step.is_last) {
        for (int32_t channel = 0; channel < params->step.channels; ++channel) {
            const int32_t scaled = nn_requantize(sums[channel], params->multiplier, params->shift);
            const int32_t result = scaled + params->output_offset;
            output[channel] = (int16_t)nn_clamp(result, INT16_MIN, INT16_MAX);
        }
    }
}
