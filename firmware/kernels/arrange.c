/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_copy.h"
#include "nn_fixed_point.h"
#include "nn_loops.h"
#include "nn_rows.h"

/* A piece of the picture; see nn_arrange_params. */
typedef struct {
    int32_t source;
    int32_t from;
    int32_t to;
    int32_t bytes;
    int32_t first;
    int32_t end;
    int32_t is_run;
} nn_piece;

/* `count` pixels of a piece, of `bytes` each, into pixels that lie `pitch` bytes apart. */
NN_ALWAYS_INLINE void pixels(int8_t *output, const int8_t *row, const uint16_t *columns,
                             int32_t count, int32_t pitch, int32_t bytes) {
    for (; count > 0; --count) {
        nn_copy(output, row + *columns++, bytes);
        output += pitch;
    }
}

/* The columns [first, end) of a piece. */
static void copy_columns(const nn_piece *piece, int32_t pitch, const int8_t *row,
                         const uint16_t *columns, int32_t first, int32_t end, int8_t *output) {
    const int32_t count = end - first;
    columns += first;
    if (piece->is_run) {
        nn_copy(output, row + columns[0], count * pitch);
        return;
    }
    switch (piece->bytes) { /* sizes of which the copy becomes a few instructions */
    case 4:
        pixels(output, row, columns, count, pitch, 4);
        break;
    case 8:
        pixels(output, row, columns, count, pitch, 8);
        break;
    case 16:
        pixels(output, row, columns, count, pitch, 16);
        break;
    case 32:
        pixels(output, row, columns, count, pitch, 32);
        break;
    default:
        pixels(output, row, columns, count, pitch, piece->bytes);
        break;
    }
}

/* Whether pieces lie everywhere in the window. */
static int is_filled(const nn_arrange_params *p, const nn_arrange_window *window) {
    return p->is_covered && window->top >= 0 && window->left >= 0 &&
           window->top + (window->rows - 1) * window->row_step < p->height &&
           window->left + window->columns <= p->width;
}

void nn_arrange(const nn_arrange_params *params, const struct nn_rows *const *sources,
                const nn_arrange_window *window, void *output) {
    const nn_arrange_params p = *params;
    const int32_t left = window->left, right = left + window->columns;
    const int32_t row_bytes = window->columns * p.pixel;
    int8_t *line = output;
    if (!is_filled(params, window)) {
        memset(output, (uint8_t)p.fill, (size_t)(window->rows * row_bytes));
    }
    int32_t y = window->top;
    for (int32_t row = 0; row < window->rows; ++row, y += window->row_step, line += row_bytes) {
        if (y < 0 || y >= p.height) {
            continue;
        }
        const nn_piece *piece = (const nn_piece *)(const void *)p.pieces;
        for (int32_t i = 0; i < p.count; ++i, ++piece) {
            const int32_t source_row = p.rows[i * p.height + y];
            const int32_t first = nn_max(piece->first, left), end = nn_min(piece->end, right);
            if (source_row >= 0 && first < end) {
                const int8_t *const source = nn_rows_at(sources[piece->source], source_row);
                copy_columns(piece, p.pixel, source + piece->from, p.columns + i * p.width, first,
                             end, line + (first - left) * p.pixel + piece->to);
            }
        }
    }
}
