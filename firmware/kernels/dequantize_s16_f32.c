/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"

void nn_dequantize_s16_f32(const nn_dequantize_s8_f32_params *params, const int16_t *input,
                           float *output) {
    for (int32_t i = 0; i < params->elements; ++i) {
        output[i] = params->scale * (float)(input[i] - params->zero_point);
    }
}
