/* SPDX-License-Identifier: Apache-2.0
 *
 * What SOFTMAX and LOG_SOFTMAX know of a row: its maximum, and the sum of its exponentials.
 */
#ifndef NN_EXPONENTIALS_H
#define NN_EXPONENTIALS_H

#include "nn_fixed_point.h"

enum { NN_SUM_INTEGER_BITS = 12 };

static inline int32_t nn_row_maximum(const int8_t *input, int32_t depth) {
    int32_t best = INT8_MIN;
    for (int32_t i = 0; i < depth; ++i) {
        best = nn_max(best, input[i]);
    }
    return best;
}

/* Sum of exp(x - maximum) over a row as Q12.19. exponentials[d] is exp of the rescaled difference
 * -d as Q0.31; from d = entries on it counts as 0. */
static inline int32_t nn_row_sum(const int32_t *exponentials, int32_t entries, const int8_t *input,
                                 int32_t depth, int32_t maximum) {
    const uint32_t half = UINT32_C(1) << (NN_SUM_INTEGER_BITS - 1);
    int32_t sum = 0;
    for (int32_t i = 0; i < depth; ++i) {
        const int32_t difference = maximum - input[i];
        if (difference < entries) {
            const uint32_t exponential = (uint32_t)exponentials[difference];
            sum += (int32_t)((exponential + half) >> NN_SUM_INTEGER_BITS);
        }
    }
    return sum;
}

#endif /* NN_EXPONENTIALS_H */
