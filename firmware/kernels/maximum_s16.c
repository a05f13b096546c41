/* SPDX-License-Identifier: Apache-2.0 */
#define NN_ELEMENT int16_t
#include <stddef.h>

#include "nn.h"
#include "nn_broadcast.h"
#include "nn_fixed_point.h"

static int16_t maximum(const void *params, int32_t a, int32_t b) {
    (void)params;
    return (int16_t)nn_max(a, b);
}

void nn_maximum_s16(const nn_binary_s8_params *params, const int16_t *input1, const int16_t *input2,
                    int16_t *output) {
    nn_broadcast_apply(&params->loops, maximum, NULL, input1, input2, output);
}
