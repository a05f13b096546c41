/* SPDX-License-Identifier: Apache-2.0
 *
 * What ADD_N and CUMSUM make of a sum (see nn_sum_stage in nn.h).
 */
#ifndef NN_SUMS_H
#define NN_SUMS_H

#include <stdint.h>

#include "nn.h"
#include "nn_fixed_point.h"

enum { NN_SUM_SHIFT = 19 };

/* TFLM sums halves of elements times 2^20: that is exact, and here done once, at last. */
static inline int8_t nn_rescaled_sum(const nn_sum_stage *stage, int32_t sum) {
    const int32_t high =
        nn_rounding_high_mul(sum * (INT32_C(1) << NN_SUM_SHIFT), stage->multiplier);
    const int32_t result = nn_rounding_divide_by_pot(high, -stage->shift) + stage->output_offset;
    return (int8_t)nn_clamp(result, INT8_MIN, INT8_MAX);
}

#endif /* NN_SUMS_H */
