/* SPDX-License-Identifier: Apache-2.0 */
#define NN_RESULT uint8_t
#include "nn.h"
#include "nn_broadcast.h"
#include "nn_compare.h"

static uint8_t compare(const void *params, int32_t a, int32_t b) {
    const nn_compare_s8_params *const p = params;
    return nn_related(p->ranks1[a + 128], p->ranks2[b + 128], p->relation);
}

void nn_compare_s8(const nn_compare_s8_params *params, const int8_t *input1, const int8_t *input2,
                   uint8_t *output) {
    /* A copy that no output can alias: its members stay in registers. */
    const nn_compare_s8_params p = *params;
    nn_broadcast_apply(&p.loops, compare, &p, input1, input2, output);
}
