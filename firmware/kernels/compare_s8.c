/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_compare.h"
#include "nn_loops.h"

static void compare_row(const nn_compare_s8_params *p, const int8_t *input1, const int8_t *input2,
                        uint8_t *output) {
    const int16_t *const middle1 = p->ranks1 + 128;
    const int16_t *const middle2 = p->ranks2 + 128;
    for (int32_t i = 0; i < p->loops.inner; ++i) {
        output[i] = nn_related(middle1[*input1], middle2[*input2], p->relation);
        input1 += p->loops.stride1;
        input2 += p->loops.stride2;
    }
}

void nn_compare_s8(const nn_compare_s8_params *params, const int8_t *input1, const int8_t *input2,
                   uint8_t *output) {
    /* A copy that no output can alias: its members stay in registers. */
    const nn_compare_s8_params p = *params;
    int32_t digits[NN_MAX_LOOPS] = {0};
    for (;;) {
        compare_row(&p, input1, input2, output);
        const int32_t level = nn_odometer_next(digits, p.loops.extents, p.loops.rank);
        if (level == p.loops.rank) {
            return;
        }
        input1 += p.loops.steps1[level];
        input2 += p.loops.steps2[level];
        output += p.loops.inner;
    }
}
