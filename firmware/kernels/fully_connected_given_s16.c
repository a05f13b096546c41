/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_s16.h"

void nn_fully_connected_given_s16(const nn_fully_connected_s16_params *params, const int16_t *input,
                                  const int8_t *weights, int16_t *output) {
    for (int32_t row = 0; row < params->rows; ++row) {
        nn_filters_s16(&params->output_stage, input, weights, params->filter_stride, params->inputs,
                       0, params->outputs, output);
        input += params->inputs;
        output += params->outputs;
    }
}
