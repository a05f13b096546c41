/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_fixed_point.h"
#include "nn_loops.h"
#include "nn_mve.h"

/* (x * 2^20) * multiplier * 2^shift: TFLM's rescaling of an input, x = q - zero_point.
 *
 * The doubling high multiply rounds x * 2^20 * multiplier / 2^31; 2^20 cancels. */
static int32_t rescale(int32_t x, int32_t multiplier, int32_t shift) {
    const int64_t product = (int64_t)x * multiplier;
    return nn_rounding_shift_right((int32_t)((product + (1 << 10)) >> 11), -shift);
}

#if NN_MVE
/* Four elements. */
static inline void add_vector(const nn_add_s8_params *p, const int8_t *wide, const int8_t *narrow,
                              int8_t *output) {
    const int32x4_t scaled_wide = vaddq_s32(
        vmulq_s32(vldrbq_s32(wide), vdupq_n_s32(p->wide_factor)), vdupq_n_s32(p->wide_bias));
    const int32x4_t moved = vaddq_s32(vldrbq_s32(narrow), vdupq_n_s32(p->narrow_offset));
    const int32x4_t scaled_narrow = nn_mve_rounding_divide_by_pot(
        vqrdmulhq_s32(vshlq_n_s32(moved, 20), vdupq_n_s32(p->narrow_multiplier)),
        vdupq_n_s32(p->narrow_shift));
    const int32x4_t sum =
        vaddq_s32(scaled_wide, vmulq_s32(scaled_narrow, vdupq_n_s32(p->narrow_sign)));
    const int32x4_t rescaled = nn_mve_rounding_divide_by_pot(
        vqrdmulhq_s32(sum, vdupq_n_s32(p->output_multiplier)), vdupq_n_s32(p->output_shift));
    const int32x4_t result = vaddq_s32(rescaled, vdupq_n_s32(p->output_offset));
    vstrbq_s32(output, nn_mve_clamp(result, p->activation_min, p->activation_max));
}
#endif

static void add_row(const nn_add_s8_params *p, const int8_t *wide, const int8_t *narrow,
                    int8_t *output) {
    int32_t i = 0;
#if NN_MVE
    if (p->wide_stride == 1 && p->narrow_stride == 1) {
        for (; i + NN_MVE_WORDS <= p->inner; i += NN_MVE_WORDS) {
            add_vector(p, wide, narrow, output + i);
            wide += NN_MVE_WORDS;
            narrow += NN_MVE_WORDS;
        }
    }
#endif
    for (; i < p->inner; ++i) {
        const int32_t scaled_wide = *wide * p->wide_factor + p->wide_bias;
        const int32_t scaled_narrow =
            rescale(*narrow + p->narrow_offset, p->narrow_multiplier, p->narrow_shift);
        const int32_t sum = scaled_wide + p->narrow_sign * scaled_narrow;
        /* |sum| < 2^28: there is room for the cheaper rounding. */
        const int32_t high = nn_rounding_high_mul(sum, p->output_multiplier);
        const int32_t rescaled = nn_rounding_shift_right(high, -p->output_shift) + p->output_offset;
        output[i] = (int8_t)nn_clamp(rescaled, p->activation_min, p->activation_max);
        wide += p->wide_stride;
        narrow += p->narrow_stride;
    }
}

void nn_add_s8(const nn_add_s8_params *params, const int8_t *wide, const int8_t *narrow,
               int8_t *output) {
    /* A copy that no output can alias: its members stay in registers. */
    const nn_add_s8_params p = *params;
    int32_t digits[NN_MAX_LOOPS] = {0};
    for (;;) {
        add_row(&p, wide, narrow, output);
        const int32_t level = nn_odometer_next(digits, p.extents, p.rank);
        if (level == p.rank) {
            return;
        }
        wide += p.wide_steps[level];
        narrow += p.narrow_steps[level];
        output += p.inner;
    }
}
