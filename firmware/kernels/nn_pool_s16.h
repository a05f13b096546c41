/* SPDX-License-Identifier: Apache-2.0
 *
 * The walk of pooling over images of int16.
 */
#ifndef NN_POOL_S16_H
#define NN_POOL_S16_H

#include "nn.h"
#include "nn_window.h"

/* A window that is clipped to the input. */
typedef struct {
    const int16_t *start; /* channel 0 of its first pixel */
    int32_t rows;
    int32_t row;  /* elements of its rows, all channels */
    int32_t line; /* elements from a row of the input to the next */
} nn_window_s16;

/* Calls `reduce` for every pixel of the output, in order. */
static inline void nn_pool_s16(const nn_pool2d_s8_params *p, const int16_t *input, int16_t *output,
                               void (*reduce)(const nn_pool2d_s8_params *p, nn_window_s16 window,
                                              int16_t *output)) {
    const int32_t channels = p->sizes.input_channels;
    const int32_t line = p->sizes.input_width * channels;
    for (int32_t batch = 0; batch < p->sizes.batches; ++batch) {
        for (int32_t out_y = 0; out_y < p->sizes.output_height; ++out_y) {
            const nn_span y = nn_pool_rows(p, out_y);
            for (int32_t out_x = 0; out_x < p->sizes.output_width; ++out_x) {
                const nn_span x = nn_pool_columns(p, out_x);
                const nn_window_s16 window = {input + y.first * line + x.first * channels, y.count,
                                              x.count * channels, line};
                reduce(p, window, output);
                output += p->output_pixel_stride;
            }
        }
        input += p->sizes.input_height * line;
    }
}

#endif /* NN_POOL_S16_H */
