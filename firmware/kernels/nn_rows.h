/* SPDX-License-Identifier: Apache-2.0
 *
 * Tensors that are made row by row, of which only the rows are kept that are still to be read.
 *
 * The rows that are kept lie side by side, so that kernels see a picture of few rows.
 */
#ifndef NN_ROWS_H
#define NN_ROWS_H

#include <stdint.h>
#include <string.h>

/* Output row y reads the rows (y * step - before) / divisor ... (y * step + after) / divisor of the
 * `rows` of an input. Quotients are rounded down. Where there is a table it tells of each y the
 * first row, and the one after the last. */
typedef struct {
    int32_t step;
    int32_t before;
    int32_t after;
    int32_t rows;
    int32_t divisor;
    const int16_t *table;
} nn_row_window;

/* `made` rows so far, the first `gone` of which are no longer kept. */
typedef struct nn_rows {
    uint8_t *base;
    int32_t row_bytes;
    int32_t made;
    int32_t gone;
} nn_rows;

static inline int32_t nn_rows_quotient(const nn_row_window *window, int32_t number) {
    const int32_t divisor = window->divisor;
    if (divisor == 1) {
        return number;
    }
    return number >= 0 ? number / divisor : -((divisor - 1 - number) / divisor);
}

static inline int32_t nn_rows_clipped(const nn_row_window *window, int32_t row) {
    return row < 0 ? 0 : row > window->rows ? window->rows : row;
}

/* The first row that output row y reads. */
static inline int32_t nn_rows_first(const nn_row_window *window, int32_t y) {
    if (window->table != NULL) {
        return window->table[2 * y];
    }
    return nn_rows_clipped(window, nn_rows_quotient(window, y * window->step - window->before));
}

/* The row after the last that output row y reads. */
static inline int32_t nn_rows_end(const nn_row_window *window, int32_t y) {
    if (window->table != NULL) {
        return window->table[2 * y + 1];
    }
    return nn_rows_clipped(window, nn_rows_quotient(window, y * window->step + window->after) + 1);
}

/* The first row that is still to be read where `made` of `rows` output rows are there: of two
 * readers the lower one. */
static inline int32_t nn_rows_needed(const nn_row_window *window, int32_t made, int32_t rows,
                                     int32_t other) {
    const int32_t first = made < rows ? nn_rows_first(window, made) : INT32_MAX;
    return first < other ? first : other;
}

static inline void *nn_rows_at(const nn_rows *rows, int32_t row) {
    return rows->base + (row - rows->gone) * rows->row_bytes;
}

#if defined(__GNUC__)
#define NN_ROWS_APART __attribute__((noinline, unused)) static
#define NN_ROWS_WORDS(pointer) __builtin_assume_aligned(pointer, 4)
#else
#define NN_ROWS_APART static inline
#define NN_ROWS_WORDS(pointer) (pointer)
#endif

enum { NN_ROWS_BLOCK = 16, NN_ROWS_BLOCKS = 64 }; /* bytes that are loaded and stored at once */

/* Moves rows of `row_bytes` down, by at least a row. Rings begin at words. */
NN_ROWS_APART void nn_rows_move(uint8_t *to, const uint8_t *from, int32_t bytes,
                                int32_t row_bytes) {
    if (row_bytes < NN_ROWS_BLOCK || (row_bytes & 3) != 0) {
        memmove(to, from, (size_t)bytes);
        return;
    }
    for (; bytes >= NN_ROWS_BLOCKS && row_bytes >= NN_ROWS_BLOCKS; bytes -= NN_ROWS_BLOCKS) {
        memcpy(NN_ROWS_WORDS(to), NN_ROWS_WORDS(from), NN_ROWS_BLOCKS);
        to += NN_ROWS_BLOCKS;
        from += NN_ROWS_BLOCKS;
    }
    for (; bytes >= NN_ROWS_BLOCK; bytes -= NN_ROWS_BLOCK) {
        memcpy(NN_ROWS_WORDS(to), NN_ROWS_WORDS(from), NN_ROWS_BLOCK);
        to += NN_ROWS_BLOCK;
        from += NN_ROWS_BLOCK;
    }
    for (; bytes > 0; bytes -= 4) {
        memcpy(NN_ROWS_WORDS(to), NN_ROWS_WORDS(from), 4);
        to += 4;
        from += 4;
    }
}

/* Lets the rows before `first` go. */
static inline void nn_rows_keep(nn_rows *rows, int32_t first) {
    const int32_t kept = first < rows->made ? first : rows->made;
    if (kept > rows->gone) {
        nn_rows_move(rows->base, nn_rows_at(rows, kept), (rows->made - kept) * rows->row_bytes,
                     rows->row_bytes);
        rows->gone = kept;
    }
}

#endif /* NN_ROWS_H */
