/* SPDX-License-Identifier: Apache-2.0 */
#define NN_ELEMENT int16_t
#include "nn.h"
#include "nn_broadcast.h"
#include "nn_fixed_point.h"

/* x * multiplier * 2^shift, at most half of x. */
static int32_t rescale(int32_t x, int32_t multiplier, int32_t shift) {
    return nn_rounding_shift_right(nn_rounding_high_mul(x, multiplier), -shift);
}

static int16_t squared_difference(const void *params, int32_t a, int32_t b) {
    const nn_squared_difference_s8_params *const p = params;
    const int32_t difference =
        rescale(a, p->multiplier1, p->shift1) - rescale(b, p->multiplier2, p->shift2);
    const int32_t square = difference * difference;
    const int32_t result = nn_requantize(square, p->output_multiplier, p->output_shift);
    return (int16_t)nn_clamp(result, INT16_MIN, INT16_MAX);
}

void nn_squared_difference_s16(const nn_squared_difference_s8_params *params, const int16_t *input1,
                               const int16_t *input2, int16_t *output) {
    nn_broadcast_apply(&params->loops, squared_difference, params, input1, input2, output);
}
