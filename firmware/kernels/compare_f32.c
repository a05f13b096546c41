/* SPDX-License-Identifier: Apache-2.0 */
#define NN_ELEMENT float
#define NN_OPERAND float
#define NN_RESULT uint8_t
#include "nn.h"
#include "nn_broadcast.h"
#include "nn_compare.h"

static uint8_t compare(const void *params, float a, float b) {
    const nn_compare_params *const p = params;
    return nn_related_f32(a, b, p->relation);
}

void nn_compare_f32(const nn_compare_params *params, const float *input1, const float *input2,
                    uint8_t *output) {
    const nn_compare_params p = *params;
    nn_broadcast_apply(&p.loops, compare, &p, input1, input2, output);
}
