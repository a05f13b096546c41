/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>

#include "nn.h"
#include "nn_fixed_point.h"
#include "nn_loops.h"
#include "nn_row_dot.h"

/* The scratch: sums of the rows of lhs, the column of rhs in hand, and lhs where it is transposed.
 */
typedef struct {
    int32_t *row_sums;
    int8_t *column;
    int8_t *rows;
} work;

static work divide(const nn_batch_matmul_s8_params *p, int8_t *scratch) {
    int32_t *const row_sums = (int32_t *)(void *)scratch; /* scratch is aligned */
    int8_t *const bytes = (int8_t *)(row_sums + p->rows);
    const work w = {row_sums, bytes, bytes + p->depth};
    return w;
}

/* `count` elements that lie `stride` apart, side by side. */
static void gather(int8_t *target, const int8_t *source, int32_t count, int32_t stride) {
    for (int32_t i = 0; i < count; ++i) {
        target[i] = source[i * stride];
    }
}

static int32_t sum_of(const int8_t *values, int32_t count) {
    int32_t sum = 0;
    for (int32_t i = 0; i < count; ++i) {
        sum += values[i];
    }
    return sum;
}

/* lhs as [rows][depth], and what the zero point of rhs makes of its rows. */
static const int8_t *prepare_rows(const nn_batch_matmul_s8_params *p, const int8_t *lhs,
                                  const work *w) {
    if (p->lhs_transposed) {
        for (int32_t row = 0; row < p->rows; ++row) {
            gather(w->rows + row * p->depth, lhs + row, p->depth, p->rows);
        }
        lhs = w->rows;
    }
    for (int32_t row = 0; row < p->rows; ++row) {
        w->row_sums[row] =
            p->rhs_offset == 0 ? 0 : p->rhs_offset * sum_of(lhs + row * p->depth, p->depth);
    }
    return lhs;
}

static int8_t finish(const nn_batch_matmul_s8_params *p, int32_t sum) {
    const int32_t result = nn_requantize(sum, p->multiplier, p->shift) + p->output_offset;
    return (int8_t)nn_clamp(result, p->activation_min, p->activation_max);
}

/* One column of the output, from all rows of lhs; `constant` goes into each of its sums. */
static void multiply_column(const nn_batch_matmul_s8_params *p, const int8_t *rows,
                            const int8_t *column, int32_t constant, const int32_t *row_sums,
                            int8_t *output) {
    int32_t row = 0;
    for (; row + NN_ROW_FILTERS <= p->rows; row += NN_ROW_FILTERS) {
        int32_t sums[NN_ROW_FILTERS];
        nn_row_dots(column, rows + row * p->depth, p->depth, p->depth, sums);
        for (int32_t i = 0; i < NN_ROW_FILTERS; ++i) {
            const int32_t offsets = nn_wrapping_add(constant, row_sums[row + i]);
            output[(row + i) * p->columns] = finish(p, nn_wrapping_add(sums[i], offsets));
        }
    }
    for (; row < p->rows; ++row) {
        const int32_t sum = nn_row_dot(column, rows + row * p->depth, p->depth);
        const int32_t offsets = nn_wrapping_add(constant, row_sums[row]);
        output[row * p->columns] = finish(p, nn_wrapping_add(sum, offsets));
    }
}

static void multiply(const nn_batch_matmul_s8_params *p, const int8_t *lhs, const int8_t *rhs,
                     int8_t *output, const work *w) {
    const int8_t *const rows = prepare_rows(p, lhs, w);
    for (int32_t c = 0; c < p->columns; ++c) {
        const int8_t *column = rhs + c * p->depth;
        if (!p->rhs_transposed) {
            gather(w->column, rhs + c, p->depth, p->columns);
            column = w->column;
        }
        const int32_t bias = p->bias == NULL ? 0 : p->bias[c];
        const int32_t sum = p->lhs_offset * (sum_of(column, p->depth) + p->depth * p->rhs_offset);
        multiply_column(p, rows, column, nn_wrapping_add(bias, sum), w->row_sums, output + c);
    }
}

void nn_batch_matmul_s8(const nn_batch_matmul_s8_params *params, const int8_t *lhs,
                        const int8_t *rhs, int8_t *output, int8_t *scratch) {
    const work w = divide(params, scratch);
    int32_t digits[NN_MAX_LOOPS] = {0};
    for (;;) {
        multiply(params, lhs, rhs, output, &w);
        const int32_t level = nn_odometer_next(digits, params->extents, params->rank);
        if (level == params->rank) {
            return;
        }
        lhs += params->lhs_steps[level];
        rhs += params->rhs_steps[level];
        output += params->rows * params->columns;
    }
}
