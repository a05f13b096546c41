/* SPDX-License-Identifier: Apache-2.0 */
#define NN_ELEMENT int32_t
#include <stddef.h>

#include "nn.h"
#include "nn_broadcast.h"
#include "nn_fixed_point.h"

static int32_t minimum(const void *params, int32_t a, int32_t b) {
    (void)params;
    return nn_min(a, b);
}

void nn_minimum_s32(const nn_binary_s8_params *params, const int32_t *input1, const int32_t *input2,
                    int32_t *output) {
    nn_broadcast_apply(&params->loops, minimum, NULL, input1, input2, output);
}
