/* SPDX-License-Identifier: Apache-2.0 */
#define NN_ELEMENT int16_t
#include "nn.h"
#include "nn_broadcast.h"
#include "nn_fixed_point.h"

/* (x * 2^15) * multiplier * 2^shift: TFLM's rescaling of an input, x = q - zero_point.
 *
 * The doubling high multiply rounds x * 2^15 * multiplier / 2^31; 2^15 cancels. */
static int32_t rescale(int32_t x, int32_t multiplier, int32_t shift) {
    const int64_t product = (int64_t)x * multiplier;
    return nn_rounding_divide_by_pot((int32_t)((product + (INT32_C(1) << 15)) >> 16), -shift);
}

static int16_t sum(const void *params, int32_t a, int32_t b) {
    const nn_add_s8_params *const p = params;
    const int32_t wide = a * p->wide_factor + p->wide_bias;
    const int32_t narrow = rescale(b + p->narrow_offset, p->narrow_multiplier, p->narrow_shift);
    /* Each is at most 65535 * 2^14 in magnitude. */
    const int32_t total = wide + p->narrow_sign * narrow;
    const int32_t high = nn_rounding_high_mul(total, p->output_multiplier);
    const int32_t rescaled = nn_rounding_divide_by_pot(high, -p->output_shift);
    return (int16_t)nn_clamp(nn_wrapping_add(rescaled, p->output_offset), p->activation_min,
                             p->activation_max);
}

void nn_add_s16(const nn_add_s8_params *params, const int16_t *wide, const int16_t *narrow,
                int16_t *output) {
    /* A copy that no output can alias: its members stay in registers. */
    const nn_add_s8_params p = *params;
    const nn_broadcast loops = {p.inner,   p.wide_stride, p.narrow_stride, p.rank,
                                p.extents, p.wide_steps,  p.narrow_steps};
    nn_broadcast_apply(&loops, sum, &p, wide, narrow, output);
}
