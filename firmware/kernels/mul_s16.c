/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_fixed_point.h"
#include "nn_loops.h"

static void mul_row(const nn_mul_s8_params *p, const int16_t *input1, const int16_t *input2,
                    int16_t *output) {
    for (int32_t i = 0; i < p->inner; ++i) {
        const int32_t scaled = nn_requantize((int32_t)*input1 * *input2, p->multiplier, p->shift);
        output[i] = (int16_t)nn_clamp(scaled, p->activation_min, p->activation_max);
        input1 += p->stride1;
        input2 += p->stride2;
    }
}

void nn_mul_s16(const nn_mul_s8_params *params, const int16_t *input1, const int16_t *input2,
                int16_t *output) {
    int32_t digits[NN_MAX_LOOPS] = {0};
    for (;;) {
        mul_row(params, input1, input2, output);
        const int32_t level = nn_odometer_next(digits, params->extents, params->rank);
        if (level == params->rank) {
            return;
        }
        input1 += params->steps1[level];
        input2 += params->steps2[level];
        output += params->inner;
    }
}
