/* SPDX-License-Identifier: Apache-2.0 */
#define NN_ELEMENT int32_t
#include "nn.h"
#include "nn_broadcast.h"
#include "nn_fixed_point.h"

static int32_t sum(const void *params, int32_t a, int32_t b) {
    const nn_arithmetic_s32_params *const p = params;
    return nn_clamp(nn_wrapping_add(a, b), p->activation_min, p->activation_max);
}

void nn_add_s32(const nn_arithmetic_s32_params *params, const int32_t *input1,
                const int32_t *input2, int32_t *output) {
    /* A copy that no output can alias: its members stay in registers. */
    const nn_arithmetic_s32_params p = *params;
    nn_broadcast_apply(&p.loops, sum, &p, input1, input2, output);
}
