/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_copy.h"

static void resize_row(const nn_resize_nearest_params *p, const int8_t *row, int8_t *output) {
    const int32_t pixel = p->sizes.input_channels, stride = p->output_pixel_stride;
    for (int32_t x = 0; x < p->sizes.output_width; ++x) {
        nn_copy(output, row + p->columns[x] * pixel, pixel);
        output += stride;
    }
}

void nn_resize_nearest(const nn_resize_nearest_params *params, const void *input, void *output) {
    const int32_t input_row = params->sizes.input_width * params->sizes.input_channels;
    const int32_t output_row = params->sizes.output_width * params->output_pixel_stride;
    const int has_gaps = params->output_pixel_stride != params->sizes.input_channels;
    const int8_t *image = input;
    int8_t *line = output;
    for (int32_t batch = 0; batch < params->sizes.batches; ++batch) {
        int32_t above = -1; /* the row that the line above shows, if it can be copied */
        for (int32_t y = 0; y < params->sizes.output_height; ++y) {
            const int32_t row = params->rows[y];
            if (row == above) {
                nn_copy(line, line - output_row, output_row);
            } else {
                resize_row(params, image + row * input_row, line);
                above = has_gaps ? -1 : row;
            }
            line += output_row;
        }
        image += params->sizes.input_height * input_row;
    }
}
