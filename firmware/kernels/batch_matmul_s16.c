/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_loops.h"
#include "nn_s16.h"

/* The product of a row, whose elements lie `step1` apart, and a column. */
static int64_t dot(const int16_t *row, int32_t step1, const int16_t *column, int32_t step2,
                   int32_t count) {
    int64_t sum = 0;
    for (int32_t i = 0; i < count; ++i) {
        sum += (int32_t)row[i * step1] * column[i * step2];
    }
    return sum;
}

static void multiply(const nn_batch_matmul_s8_params *p, const int16_t *lhs, const int16_t *rhs,
                     int16_t *output) {
    const int32_t row = p->lhs_transposed ? 1 : p->depth;
    const int32_t lhs_step = p->lhs_transposed ? p->rows : 1;
    const int32_t column = p->rhs_transposed ? p->depth : 1;
    const int32_t rhs_step = p->rhs_transposed ? 1 : p->columns;
    for (int32_t r = 0; r < p->rows; ++r) {
        for (int32_t c = 0; c < p->columns; ++c) {
            const int64_t sum = dot(lhs + r * row, lhs_step, rhs + c * column, rhs_step, p->depth);
            const int32_t scaled = nn_s16_rescale(sum, p->multiplier, p->shift);
            *output++ = (int16_t)nn_clamp(scaled, p->activation_min, p->activation_max);
        }
    }
}

void nn_batch_matmul_s16(const nn_batch_matmul_s8_params *params, const int16_t *lhs,
                         const int16_t *rhs, int16_t *output) {
    int32_t digits[NN_MAX_LOOPS] = {0};
    for (;;) {
        multiply(params, lhs, rhs, output);
        const int32_t level = nn_odometer_next(digits, params->extents, params->rank);
        if (level == params->rank) {
            return;
        }
        lhs += params->lhs_steps[level];
        rhs += params->rhs_steps[level];
        output += params->rows * params->columns;
    }
}
