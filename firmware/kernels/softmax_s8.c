/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_exponentials.h"
#include "nn_fixed_point.h"

enum { BITS_BELOW_OUTPUT = 31 - 8 };

/* The factor from exponentials to probabilities in 1/256: reciprocal (Q0.31) / 2^exponent. */
typedef struct {
    int32_t reciprocal;
    int32_t exponent;
} factor;

static factor row_factor(int32_t sum) {
    const int32_t headroom = nn_leading_zeros(sum);
    /* sum = (1 + fraction) * 2^(12 - headroom), the fraction being Q0.31. */
    const int32_t fraction = (int32_t)(((uint32_t)sum << headroom) - (UINT32_C(1) << 31));
    const int32_t exponent = NN_SUM_INTEGER_BITS - headroom + BITS_BELOW_OUTPUT;
    const factor negligible = {0, 31};
    const factor f = {nn_one_over_one_plus_x(fraction), exponent};
    return exponent > 31 ? negligible : f;
}

static void softmax_row(const nn_softmax_s8_params *p, const int8_t *input, int8_t *output) {
    const int32_t maximum = nn_row_maximum(input, p->depth);
    const factor f = row_factor(nn_row_sum(p->exponentials, p->entries, input, p->depth, maximum));
    /* Nothing is negative, so that both roundings are plain; 2^31 + half fits uint32. */
    const uint32_t half = (UINT32_C(1) << f.exponent) >> 1;
    for (int32_t i = 0; i < p->depth; ++i) {
        const int32_t difference = maximum - input[i];
        uint32_t probability = 0;
        if (difference < p->entries) {
            const int32_t exponential = p->exponentials[difference];
            const int32_t product = nn_rounding_high_mul(f.reciprocal, exponential);
            probability = ((uint32_t)product + half) >> f.exponent;
        }
        output[i] = (int8_t)nn_min((int32_t)probability + INT8_MIN, INT8_MAX);
    }
}

void nn_softmax_s8(const nn_softmax_s8_params *params, const int8_t *input, int8_t *output) {
    /* A copy that no output can alias: its members stay in registers. */
    const nn_softmax_s8_params p = *params;
    for (int32_t row = 0; row < p.rows; ++row) {
        softmax_row(&p, input, output);
        input += p.depth;
        output += p.depth;
    }
}
