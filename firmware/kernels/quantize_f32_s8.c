/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_fixed_point.h"

/* x rounded to nearest, ties away from zero. Far enough outside int8 that every zero point
 * saturates alike, x is clamped first, so that the conversion is defined; NaN becomes 0. */
static int32_t round_clamped(float x) {
    const float limit = 512.0f;
    if (x >= limit) {
        return 512;
    }
    if (x <= -limit) {
        return -512;
    }
    if (x != x) {
        return 0;
    }
    const int32_t whole = (int32_t)x;
    const float rest = x - (float)whole;
    return whole + (rest >= 0.5f) - (rest <= -0.5f);
}

void nn_quantize_f32_s8(const nn_quantize_f32_s8_params *params, const float *input,
                        int8_t *output) {
    for (int32_t i = 0; i < params->elements; ++i) {
        const int32_t q = round_clamped(input[i] / params->scale) + params->zero_point;
        output[i] = (int8_t)nn_clamp(q, INT8_MIN, INT8_MAX);
    }
}
