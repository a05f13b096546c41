/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_broadcast.h"
#include "nn_fixed_point.h"

/* Bits below the sign that equal it: 31 for 0 and -1. */
static int32_t sign_bits(int32_t x) {
    const int32_t magnitude = x < 0 ? ~x : x;
    return magnitude == 0 ? 31 : nn_leading_zeros(magnitude) - 1;
}

static int8_t quotient(const void *params, int32_t a, int32_t b) {
    const nn_div_s8_params *const p = params;
    const int32_t divisor = b + p->offset2;
    const int32_t dividend = divisor < 0 ? -(a + p->offset1) : a + p->offset1;
    const int32_t entry = divisor < 0 ? -divisor : divisor;
    const int32_t headroom = sign_bits(dividend);
    const int32_t scaled = nn_rounding_doubling_high_mul(nn_wrapping_shift_left(dividend, headroom),
                                                         p->reciprocals[entry]);
    const int32_t shift = p->shifts[entry] + headroom;
    const int32_t result =
        nn_rounding_divide_by_pot(nn_rounding_high_mul(scaled, p->multiplier), shift) +
        p->output_offset;
    return (int8_t)nn_clamp(result, p->activation_min, p->activation_max);
}

void nn_div_s8(const nn_div_s8_params *params, const int8_t *input1, const int8_t *input2,
               int8_t *output) {
    /* A copy that no output can alias: its members stay in registers. */
    const nn_div_s8_params p = *params;
    nn_broadcast_apply(&p.loops, quotient, &p, input1, input2, output);
}
