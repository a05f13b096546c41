/* SPDX-License-Identifier: Apache-2.0 */
#define NN_ELEMENT int32_t
#define NN_RESULT uint8_t
#include "nn.h"
#include "nn_broadcast.h"
#include "nn_compare.h"

static uint8_t compare(const void *params, int32_t a, int32_t b) {
    const nn_compare_params *const p = params;
    return nn_related(a, b, p->relation);
}

void nn_compare_s32(const nn_compare_params *params, const int32_t *input1, const int32_t *input2,
                    uint8_t *output) {
    const nn_compare_params p = *params;
    nn_broadcast_apply(&p.loops, compare, &p, input1, input2, output);
}
