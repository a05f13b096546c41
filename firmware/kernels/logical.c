/* SPDX-License-Identifier: Apache-2.0 */
#define NN_ELEMENT uint8_t
#include "nn.h"
#include "nn_broadcast.h"

static uint8_t logical(const void *params, int32_t a, int32_t b) {
    const nn_logical_params *const p = params;
    const int32_t row = 2 * (a != 0) + (b != 0);
    return (uint8_t)((p->truth >> row) & 1);
}

void nn_logical(const nn_logical_params *params, const uint8_t *input1, const uint8_t *input2,
                uint8_t *output) {
    /* A copy that no output can alias: its members stay in registers. */
    const nn_logical_params p = *params;
    nn_broadcast_apply(&p.loops, logical, &p, input1, input2, output);
}
