/* SPDX-License-Identifier: Apache-2.0
 *
 * SOFTMAX of int8: what all values of a row share, and the probability of one.
 */
#ifndef NN_SOFTMAX_H
#define NN_SOFTMAX_H

#include "nn.h"
#include "nn_exponentials.h"
#include "nn_fixed_point.h"

/* The factor from exponentials to probabilities: reciprocal (Q0.31) / 2^exponent. */
typedef struct {
    int32_t maximum;
    int32_t reciprocal;
    int32_t exponent;
    uint32_t half; /* of 2^exponent */
} nn_softmax_row;

/* `bits` is the width of the output: probabilities are in 1 / 2^bits. */
static inline nn_softmax_row nn_softmax_row_of(const nn_softmax_s8_params *p, const int8_t *input,
                                               int32_t bits) {
    const int32_t maximum = nn_row_maximum(input, p->depth);
    const int32_t sum = nn_row_sum(p->exponentials, p->entries, input, p->depth, maximum);
    const int32_t headroom = nn_leading_zeros(sum);
    /* sum = (1 + fraction) * 2^(12 - headroom), the fraction being Q0.31. */
    const int32_t fraction = (int32_t)(((uint32_t)sum << headroom) - (UINT32_C(1) << 31));
    const int32_t exponent = NN_SUM_INTEGER_BITS - headroom + 31 - bits;
    if (exponent > 31) { /* nothing is left */
        return (nn_softmax_row){maximum, 0, 31, UINT32_C(1) << 30};
    }
    const uint32_t half = (UINT32_C(1) << exponent) >> 1;
    return (nn_softmax_row){maximum, nn_one_over_one_plus_x(fraction), exponent, half};
}

static inline int32_t nn_softmax_probability(const nn_softmax_s8_params *p,
                                             const nn_softmax_row *row, int32_t value) {
    const int32_t difference = row->maximum - value;
    if (difference >= p->entries) {
        return 0;
    }
    /* Nothing is negative, so that both roundings are plain; 2^31 + half fits uint32. */
    const int32_t product = nn_rounding_high_mul(row->reciprocal, p->exponentials[difference]);
    return (int32_t)(((uint32_t)product + row->half) >> row->exponent);
}

#endif /* NN_SOFTMAX_H */
