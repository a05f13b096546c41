/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_sigmoid.h"

void nn_tanh_s16(const nn_sigmoid_s16_params *params, const int16_t *input, int16_t *output) {
    for (int32_t i = 0; i < params->elements; ++i) {
        output[i] = nn_tanh(params->table, nn_sigmoid_input(params, input[i]));
    }
}
