/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "nn.h"
#include "nn_loops.h"

static void select_bytes(const nn_select_params *p, const uint8_t *condition, const uint8_t *input1,
                         const uint8_t *input2, uint8_t *output) {
    for (int32_t i = 0; i < p->inner; ++i) {
        output[i] = *condition != 0 ? *input1 : *input2;
        condition += p->condition_stride;
        input1 += p->stride1;
        input2 += p->stride2;
    }
}

static void select_row(const nn_select_params *p, const uint8_t *condition, const uint8_t *input1,
                       const uint8_t *input2, uint8_t *output) {
    for (int32_t i = 0; i < p->inner; ++i) {
        /* In place the two are the same bytes, which memcpy may not copy. */
        memmove(output, *condition != 0 ? input1 : input2, (size_t)p->element_bytes);
        condition += p->condition_stride;
        input1 += p->stride1;
        input2 += p->stride2;
        output += p->element_bytes;
    }
}

void nn_select(const nn_select_params *params, const uint8_t *condition, const void *input1,
               const void *input2, void *output) {
    /* A copy that no output can alias: its members stay in registers. */
    const nn_select_params p = *params;
    const uint8_t *a = input1;
    const uint8_t *b = input2;
    uint8_t *to = output;
    int32_t digits[NN_MAX_LOOPS] = {0};
    for (;;) {
        if (p.element_bytes == 1) {
            select_bytes(&p, condition, a, b, to);
        } else {
            select_row(&p, condition, a, b, to);
        }
        const int32_t level = nn_odometer_next(digits, p.extents, p.rank);
        if (level == p.rank) {
            return;
        }
        condition += p.condition_steps[level];
        a += p.steps1[level];
        b += p.steps2[level];
        to += p.inner * p.element_bytes;
    }
}
