/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_loops.h"

static void logical_row(const nn_logical_params *p, const uint8_t *input1, const uint8_t *input2,
                        uint8_t *output) {
    for (int32_t i = 0; i < p->loops.inner; ++i) {
        const int32_t row = 2 * (*input1 != 0) + (*input2 != 0);
        output[i] = (uint8_t)((p->truth >> row) & 1);
        input1 += p->loops.stride1;
        input2 += p->loops.stride2;
    }
}

void nn_logical(const nn_logical_params *params, const uint8_t *input1, const uint8_t *input2,
                uint8_t *output) {
    /* A copy that no output can alias: its members stay in registers. */
    const nn_logical_params p = *params;
    int32_t digits[NN_MAX_LOOPS] = {0};
    for (;;) {
        logical_row(&p, input1, input2, output);
        const int32_t level = nn_odometer_next(digits, p.loops.extents, p.loops.rank);
        if (level == p.loops.rank) {
            return;
        }
        input1 += p.loops.steps1[level];
        input2 += p.loops.steps2[level];
        output += p.loops.inner;
    }
}
