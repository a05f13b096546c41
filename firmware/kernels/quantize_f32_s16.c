/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_fixed_point.h"
#include "nn_quantize.h"

void nn_quantize_f32_s16(const nn_quantize_f32_s8_params *params, const float *input,
                         int16_t *output) {
    const int32_t limit = INT32_C(1) << 17;
    for (int32_t i = 0; i < params->elements; ++i) {
        const int32_t q = nn_round_clamped(input[i] / params->scale, limit) + params->zero_point;
        output[i] = (int16_t)nn_clamp(q, INT16_MIN, INT16_MAX);
    }
}
