/* SPDX-License-Identifier: Apache-2.0
 *
 * A row of RESIZE_BILINEAR: weights have 10 fractional bits, their products 20.
 */
#ifndef NN_BILINEAR_H
#define NN_BILINEAR_H

#include <stdint.h>

#include "nn.h"
#include "nn_fixed_point.h"

enum { NN_BILINEAR_ONE = 1 << 10, NN_BILINEAR_PRODUCT_BITS = 20 };

/* Blends `channels` values of four pixels. The weights add up to 2^20. */
static inline void nn_bilinear_blend(const int8_t *const pixels[4], const int32_t weights[4],
                                     int32_t channels, int8_t *output) {
    const int8_t *top_left = pixels[0];
    const int8_t *top_right = pixels[1];
    const int8_t *bottom_left = pixels[2];
    const int8_t *bottom_right = pixels[3];
    for (int32_t c = 0; c < channels; ++c) {
        const int32_t sum = top_left[c] * weights[0] + top_right[c] * weights[1] +
                            bottom_left[c] * weights[2] + bottom_right[c] * weights[3];
        output[c] = (int8_t)nn_rounding_divide_by_pot(sum, NN_BILINEAR_PRODUCT_BITS);
    }
}

/* One output row from input rows `top` and `bottom`; `weight` (of 1024) is that of `bottom`. */
static inline void nn_bilinear_row(const nn_resize_bilinear_s8_params *p, const int8_t *top,
                                   const int8_t *bottom, int32_t weight, int8_t *output) {
    const int16_t *column = p->columns, *column_weight = p->column_weights;
    for (int32_t left_over = p->sizes.output_width; left_over > 0; --left_over) {
        const int32_t weight_x = *column_weight++;
        const int32_t left = *column++ * p->sizes.input_channels;
        const int32_t right = weight_x != 0 ? left + p->sizes.input_channels : left;
        const int8_t *const pixels[4] = {top + left, top + right, bottom + left, bottom + right};
        const int32_t weights[4] = {
            (NN_BILINEAR_ONE - weight) * (NN_BILINEAR_ONE - weight_x),
            (NN_BILINEAR_ONE - weight) * weight_x,
            weight * (NN_BILINEAR_ONE - weight_x),
            weight * weight_x,
        };
        nn_bilinear_blend(pixels, weights, p->sizes.input_channels, output);
        output += p->output_pixel_stride;
    }
}

#endif /* NN_BILINEAR_H */
