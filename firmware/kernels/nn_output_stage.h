/* SPDX-License-Identifier: Apache-2.0
 *
 * From sums of input * weight to int8 outputs: the last step of every operator with weights, for
 * one output and, with Helium, for four or eight.
 *
 * A kernel's outputs are bytes, which may alias anything: where its stage is a local copy, the
 * members stay in registers.
 */
#ifndef NN_OUTPUT_STAGE_H
#define NN_OUTPUT_STAGE_H

#include <stdint.h>

#include "nn.h"
#include "nn_fixed_point.h"
#include "nn_mve.h"

/* The output of one channel from its sum. */
static inline int8_t nn_finish(const nn_output_stage *stage, int32_t sum, int32_t channel) {
    const int32_t acc = nn_wrapping_add(sum, stage->bias[channel]);
    const int32_t scaled =
        nn_requantize(acc, stage->multiplier[channel], stage->shift[channel]) + stage->offset;
    return (int8_t)nn_clamp(scaled, stage->activation_min, stage->activation_max);
}

#if NN_MVE

static inline int32x4_t nn_mve_scale(int32x4_t sums, int32x4_t bias, int32x4_t multiplier,
                                     int32x4_t shift) {
    return nn_mve_requantize(vaddq_s32(sums, bias), multiplier, shift);
}

/* Four neighbouring outputs from their sums. `channel` is the first of them. */
static inline void nn_mve_finish(const nn_output_stage *stage, int32x4_t sums, int32_t channel,
                                 int8_t *output) {
    const int32x4_t scaled =
        nn_mve_scale(sums, vldrwq_s32(stage->bias + channel),
                     vldrwq_s32(stage->multiplier + channel), vldrwq_s32(stage->shift + channel));
    const int32x4_t shifted = vaddq_s32(scaled, vdupq_n_s32(stage->offset));
    vstrbq_s32(output + channel,
               nn_mve_clamp(shifted, stage->activation_min, stage->activation_max));
}

/* Eight neighbouring outputs from the sums of the even and of the odd channels. */
static inline void nn_mve_finish_8(const nn_output_stage *stage, int32x4x2_t sums, int32_t channel,
                                   int8_t *output) {
    const int32x4x2_t bias = vld2q_s32(stage->bias + channel);
    const int32x4x2_t multiplier = vld2q_s32(stage->multiplier + channel);
    const int32x4x2_t shift = vld2q_s32(stage->shift + channel);
    int16x8_t x = vdupq_n_s16(0);
    x = vqmovnbq_s32(x, nn_mve_scale(sums.val[0], bias.val[0], multiplier.val[0], shift.val[0]));
    x = vqmovntq_s32(x, nn_mve_scale(sums.val[1], bias.val[1], multiplier.val[1], shift.val[1]));
    /* What saturated at 16 bits is beyond the clamp's limits with the offset, too. */
    x = vqaddq_s16(x, vdupq_n_s16((int16_t)stage->offset));
    x = vmaxq_s16(x, vdupq_n_s16((int16_t)stage->activation_min));
    vstrbq_s16(output + channel, vminq_s16(x, vdupq_n_s16((int16_t)stage->activation_max)));
}

#endif

#endif /* NN_OUTPUT_STAGE_H */
