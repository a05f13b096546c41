/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_fixed_point.h"
#include "nn_loops.h"

/* (x * 2^15) * multiplier * 2^shift: TFLM's rescaling of an input, x = q - zero_point.
 *
 * The doubling high multiply rounds x * 2^15 * multiplier / 2^31; 2^15 cancels. */
static int32_t rescale(int32_t x, int32_t multiplier, int32_t shift) {
    const int64_t product = (int64_t)x * multiplier;
    return nn_rounding_divide_by_pot((int32_t)((product + (INT32_C(1) << 15)) >> 16), -shift);
}

static void add_row(const nn_add_s8_params *p, const int16_t *wide, const int16_t *narrow,
                    int16_t *output) {
    for (int32_t i = 0; i < p->inner; ++i) {
        const int32_t scaled_wide = *wide * p->wide_factor + p->wide_bias;
        const int32_t scaled_narrow =
            rescale(*narrow + p->narrow_offset, p->narrow_multiplier, p->narrow_shift);
        /* Each is at most 65535 * 2^14 in magnitude. */
        const int32_t sum = scaled_wide + p->narrow_sign * scaled_narrow;
        const int32_t high = nn_rounding_high_mul(sum, p->output_multiplier);
        const int32_t rescaled = nn_rounding_divide_by_pot(high, -p->output_shift);
        output[i] = (int16_t)nn_clamp(nn_wrapping_add(rescaled, p->output_offset),
                                      p->activation_min, p->activation_max);
        wide += p->wide_stride;
        narrow += p->narrow_stride;
    }
}

void nn_add_s16(const nn_add_s8_params *params, const int16_t *wide, const int16_t *narrow,
                int16_t *output) {
    int32_t digits[NN_MAX_LOOPS] = {0};
    for (;;) {
        add_row(params, wide, narrow, output);
        const int32_t level = nn_odometer_next(digits, params->extents, params->rank);
        if (level == params->rank) {
            return;
        }
        wide += params->wide_steps[level];
        narrow += params->narrow_steps[level];
        output += params->inner;
    }
}
