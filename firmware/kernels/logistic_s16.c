/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_sigmoid.h"

/* 2^25 * sigmoid(magnitude / 12288), saturated. */
static int32_t sigmoid(const uint16_t *table, int32_t magnitude) {
    const int32_t index = magnitude >> 9;
    if (index >= NN_SIGMOID_LAST) {
        return INT32_C(0x7FFF) << 10;
    }
    return nn_sigmoid_between(table, index, magnitude & 0x1FF, 9);
}

void nn_logistic_s16(const nn_sigmoid_s16_params *params, const int16_t *input, int16_t *output) {
    const int32_t one = INT32_C(1) << 25;
    for (int32_t i = 0; i < params->elements; ++i) {
        const int32_t x = nn_sigmoid_input(params, input[i]);
        const int32_t positive = sigmoid(params->table, x < 0 ? -x : x);
        /* Rounded to nearest, symmetrically around 1/2. */
        const int32_t result = x < 0 ? one - positive + (1 << 9) - 1 : positive + (1 << 9);
        output[i] = (int16_t)(result >> 10);
    }
}
