/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_fixed_point.h"
#include "nn_quantize.h"

void nn_quantize_f32_s8(const nn_quantize_f32_s8_params *params, const float *input,
                        int8_t *output) {
    for (int32_t i = 0; i < params->elements; ++i) {
        const int32_t q = nn_round_clamped(input[i] / params->scale, 512) + params->zero_point;
        output[i] = (int8_t)nn_clamp(q, INT8_MIN, INT8_MAX);
    }
}
