/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_sigmoid.h"

/* 2^24 * sigmoid(2 * magnitude / 12288), saturated. */
static int32_t sigmoid_of_twice(const uint16_t *table, int32_t magnitude) {
    const int32_t index = magnitude >> 8;
    if (index >= NN_SIGMOID_LAST) {
        return INT32_C(0xFFFF) << 8;
    }
    return nn_sigmoid_between(table, index, magnitude & 0xFF, 8);
}

void nn_tanh_s16(const nn_sigmoid_s16_params *params, const int16_t *input, int16_t *output) {
    const int32_t half = INT32_C(1) << 23;
    for (int32_t i = 0; i < params->elements; ++i) {
        const int32_t x = nn_sigmoid_input(params, input[i]);
        const int32_t above = sigmoid_of_twice(params->table, x < 0 ? -x : x) - half;
        const int32_t result = x < 0 ? (1 << 7) - 1 - above : (1 << 7) + above;
        output[i] = (int16_t)(result >> 8);
    }
}
