/* SPDX-License-Identifier: Apache-2.0 */
#define NN_ELEMENT int64_t
#define NN_OPERAND int64_t
#define NN_RESULT uint8_t
#include "nn.h"
#include "nn_broadcast.h"
#include "nn_compare.h"

static uint8_t compare(const void *params, int64_t a, int64_t b) {
    const nn_compare_params *const p = params;
    return nn_related_s64(a, b, p->relation);
}

void nn_compare_s64(const nn_compare_params *params, const int64_t *input1, const int64_t *input2,
                    uint8_t *output) {
    const nn_compare_params p = *params;
    nn_broadcast_apply(&p.loops, compare, &p, input1, input2, output);
}
