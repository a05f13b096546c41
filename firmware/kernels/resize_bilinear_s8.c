/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_fixed_point.h"

enum { ONE = 1 << 10, BITS_OF_PRODUCT = 20 };

/* Blends `channels` values of four pixels. The weights add up to 2^20. */
static void blend(const int8_t *const pixels[4], const int32_t weights[4], int32_t channels,
                  int8_t *output) {
    const int8_t *top_left = pixels[0];
    const int8_t *top_right = pixels[1];
    const int8_t *bottom_left = pixels[2];
    const int8_t *bottom_right = pixels[3];
    for (int32_t c = 0; c < channels; ++c) {
        const int32_t sum = top_left[c] * weights[0] + top_right[c] * weights[1] +
                            bottom_left[c] * weights[2] + bottom_right[c] * weights[3];
        output[c] = (int8_t)nn_rounding_divide_by_pot(sum, BITS_OF_PRODUCT);
    }
}

/* One output row from input rows `top` and `bottom`; `weight` (of 1024) is that of `bottom`. */
static void resize_row(const nn_resize_bilinear_s8_params *p, const int8_t *top,
                       const int8_t *bottom, int32_t weight, int8_t *output) {
    for (int32_t x = 0; x < p->sizes.output_width; ++x) {
        const int32_t weight_x = p->column_weights[x];
        const int32_t left = p->columns[x] * p->sizes.input_channels;
        const int32_t right = weight_x != 0 ? left + p->sizes.input_channels : left;
        const int8_t *const pixels[4] = {top + left, top + right, bottom + left, bottom + right};
        const int32_t weights[4] = {
            (ONE - weight) * (ONE - weight_x),
            (ONE - weight) * weight_x,
            weight * (ONE - weight_x),
            weight * weight_x,
        };
        blend(pixels, weights, p->sizes.input_channels, output);
        output += p->sizes.input_channels;
    }
}

void nn_resize_bilinear_s8(const nn_resize_bilinear_s8_params *params, const int8_t *input,
                           int8_t *output) {
    const int32_t input_row = params->sizes.input_width * params->sizes.input_channels;
    const int32_t output_row = params->sizes.output_width * params->sizes.input_channels;
    for (int32_t batch = 0; batch < params->sizes.batches; ++batch) {
        for (int32_t y = 0; y < params->sizes.output_height; ++y) {
            const int32_t weight = params->row_weights[y];
            const int8_t *const top = input + params->rows[y] * input_row;
            resize_row(params, top, weight != 0 ? top + input_row : top, weight, output);
            output += output_row;
        }
        input += params->sizes.input_height * input_row;
    }
}
