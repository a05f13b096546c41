/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_copy.h"

static void resize_row(const nn_resize_nearest_s8_params *p, const int8_t *row, int8_t *output) {
    const int32_t channels = p->sizes.input_channels;
    for (int32_t x = 0; x < p->sizes.output_width; ++x) {
        nn_copy(output, row + p->columns[x] * channels, channels);
        output += channels;
    }
}

void nn_resize_nearest_s8(const nn_resize_nearest_s8_params *params, const int8_t *input,
                          int8_t *output) {
    const int32_t input_row = params->sizes.input_width * params->sizes.input_channels;
    const int32_t output_row = params->sizes.output_width * params->sizes.input_channels;
    for (int32_t batch = 0; batch < params->sizes.batches; ++batch) {
        for (int32_t y = 0; y < params->sizes.output_height; ++y) {
            if (y > 0 && params->rows[y] == params->rows[y - 1]) {
                nn_copy(output, output - output_row, output_row);
            } else {
                resize_row(params, input + params->rows[y] * input_row, output);
            }
            output += output_row;
        }
        input += params->sizes.input_height * input_row;
    }
}
