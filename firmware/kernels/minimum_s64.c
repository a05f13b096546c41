/* SPDX-License-Identifier: Apache-2.0 */
#define NN_ELEMENT int64_t
#define NN_OPERAND int64_t
#include <stddef.h>

#include "nn.h"
#include "nn_broadcast.h"

static int64_t minimum(const void *params, int64_t a, int64_t b) {
    (void)params;
    return a < b ? a : b;
}

void nn_minimum_s64(const nn_binary_s8_params *params, const int64_t *input1, const int64_t *input2,
                    int64_t *output) {
    nn_broadcast_apply(&params->loops, minimum, NULL, input1, input2, output);
}
