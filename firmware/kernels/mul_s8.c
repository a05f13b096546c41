/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_fixed_point.h"
#include "nn_loops.h"

static void mul_row(const nn_mul_s8_params *p, const int8_t *input1, const int8_t *input2,
                    int8_t *output) {
    const int32_t left = nn_max(p->shift, 0);
    const int32_t right = nn_max(-p->shift, 0);
    for (int32_t i = 0; i < p->inner; ++i) {
        const int32_t product = (*input1 + p->offset1) * (*input2 + p->offset2);
        /* |product| < 2^16, so that one that is shifted right is below 2^30 as well. */
        const int32_t high = nn_rounding_high_mul(product * (INT32_C(1) << left), p->multiplier);
        const int32_t rescaled = nn_rounding_shift_right(high, right) + p->output_offset;
        output[i] = (int8_t)nn_clamp(rescaled, p->activation_min, p->activation_max);
        input1 += p->stride1;
        input2 += p->stride2;
    }
}

void nn_mul_s8(const nn_mul_s8_params *params, const int8_t *input1, const int8_t *input2,
               int8_t *output) {
    /* A copy that no output can alias: its members stay in registers. */
    const nn_mul_s8_params p = *params;
    int32_t digits[NN_MAX_LOOPS] = {0};
    for (;;) {
        mul_row(&p, input1, input2, output);
        const int32_t level = nn_odometer_next(digits, p.extents, p.rank);
        if (level == p.rank) {
            return;
        }
        input1 += p.steps1[level];
        input2 += p.steps2[level];
        output += p.inner;
    }
}
