/* SPDX-License-Identifier: Apache-2.0
 *
 * The part of a pooling window that lies inside the input.
 */
#ifndef NN_WINDOW_H
#define NN_WINDOW_H

#include "nn.h"
#include "nn_fixed_point.h"

/* Elements first ... first + count - 1 along one axis. */
typedef struct {
    int32_t first;
    int32_t count;
} nn_span;

/* The elements of `window` from `origin` on (which may be negative) that exist. */
static inline nn_span nn_clip(int32_t origin, int32_t window, int32_t size) {
    const int32_t first = nn_max(origin, 0);
    const nn_span span = {first, nn_min(origin + window, size) - first};
    return span;
}

/* The rows of the windows of output row `out_y`. */
static inline nn_span nn_pool_rows(const nn_pool2d_s8_params *p, int32_t out_y) {
    return nn_clip(out_y * p->window.stride_height - p->window.padding_top, p->window.filter_height,
                   p->sizes.input_height);
}

/* The columns of the windows of output column `out_x`. */
static inline nn_span nn_pool_columns(const nn_pool2d_s8_params *p, int32_t out_x) {
    return nn_clip(out_x * p->window.stride_width - p->window.padding_left, p->window.filter_width,
                   p->sizes.input_width);
}

/* One channel of a clipped window: the elements to reduce. */
typedef struct {
    const int8_t *start;
    int32_t rows;
    int32_t columns;
    int32_t column_step; /* bytes to the next element of a row: the number of channels */
    int32_t row_step;    /* bytes from the end of a row to the start of the next */
} nn_window;

/* Channel 0 of the window of output column `out_x` with `rows` rows, of which the first begins at
 * `line`. */
static inline nn_window nn_pool_window(const nn_pool2d_s8_params *p, const int8_t *line,
                                       int32_t rows, int32_t out_x) {
    const nn_span x = nn_pool_columns(p, out_x);
    const nn_window window = {
        line + x.first * p->sizes.input_channels,
        rows,
        x.count,
        p->sizes.input_channels,
        (p->sizes.input_width - x.count) * p->sizes.input_channels,
    };
    return window;
}

#endif /* NN_WINDOW_H */
