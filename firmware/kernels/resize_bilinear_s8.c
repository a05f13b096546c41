/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_bilinear.h"

void nn_resize_bilinear_s8(const nn_resize_bilinear_s8_params *params, const int8_t *input,
                           int8_t *output) {
    const int32_t input_row = params->sizes.input_width * params->sizes.input_channels;
    const int32_t output_row = params->sizes.output_width * params->output_pixel_stride;
    for (int32_t batch = 0; batch < params->sizes.batches; ++batch) {
        for (int32_t y = 0; y < params->sizes.output_height; ++y) {
            const int32_t weight = params->row_weights[y];
            const int8_t *const top = input + params->rows[y] * input_row;
            nn_bilinear_row(params, top, weight != 0 ? top + input_row : top, weight, output);
            output += output_row;
        }
        input += params->sizes.input_height * input_row;
    }
}
