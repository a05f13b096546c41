/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_bilinear.h"

void nn_resize_bilinear_row_s8(const nn_resize_bilinear_s8_params *params, int32_t row,
                               const int8_t *input, int8_t *output) {
    const int32_t weight = params->row_weights[row];
    const int32_t input_row = params->sizes.input_width * params->sizes.input_channels;
    nn_bilinear_row(params, input, weight != 0 ? input + input_row : input, weight, output);
}
