/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_arg.h"

static int32_t larger(int8_t candidate, int8_t found) {
    return candidate > found;
}

void nn_arg_max_s8(const nn_arg_s8_params *params, const int8_t *input, int32_t *output) {
    nn_arg(params, input, output, larger);
}
