/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_broadcast.h"
#include "nn_fixed_point.h"

/* x * 2^7 * multiplier * 2^shift. */
static int32_t rescale(int32_t x, int32_t multiplier, int32_t shift) {
    return nn_rounding_shift_right(nn_rounding_high_mul(x * 128, multiplier), -shift);
}

static int8_t squared_difference(const void *params, int32_t a, int32_t b) {
    const nn_squared_difference_s8_params *const p = params;
    const int32_t difference = rescale(a + p->offset1, p->multiplier1, p->shift1) -
                               rescale(b + p->offset2, p->multiplier2, p->shift2);
    const int32_t square = difference * difference;
    const int32_t result =
        nn_requantize(square, p->output_multiplier, p->output_shift) + p->output_offset;
    return (int8_t)nn_clamp(result, INT8_MIN, INT8_MAX);
}

void nn_squared_difference_s8(const nn_squared_difference_s8_params *params, const int8_t *input1,
                              const int8_t *input2, int8_t *output) {
    /* A copy that no output can alias: its members stay in registers. */
    const nn_squared_difference_s8_params p = *params;
    nn_broadcast_apply(&p.loops, squared_difference, &p, input1, input2, output);
}
