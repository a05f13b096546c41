/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_rescale.h"

void nn_rescale_s16_s32(const nn_rescale_params *params, const int16_t *input, int32_t *output) {
    for (int32_t i = 0; i < params->elements; ++i) {
        output[i] = nn_rescale(params, input[i]);
    }
}
