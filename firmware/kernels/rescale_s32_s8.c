/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_rescale.h"

void nn_rescale_s32_s8(const nn_rescale_params *params, const int32_t *input, int8_t *output) {
    for (int32_t i = 0; i < params->elements; ++i) {
        output[i] = (int8_t)nn_rescale(params, input[i]);
    }
}
