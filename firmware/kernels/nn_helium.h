/* SPDX-License-Identifier: Apache-2.0
 *
 * What the kernels of packed weights for Helium share: how they are packed, and how sums are
 * requantised, in assembly or otherwise.
 *
 * Filters of convolutions and rows are read in chunks of 16 bytes: [groups of 4][chunks][4][16],
 * with zeros where there is no tap or no filter. Their records are the int32 [groups of 4][3][4]:
 * the biases, multipliers and shifts (positive to the left) of four filters.
 */
#ifndef NN_HELIUM_H
#define NN_HELIUM_H

#include "nn.h"
#include "nn_dsp.h"
#include "nn_fixed_point.h"
#include "nn_mve.h"

enum { NN_CHUNK = 16, NN_FILTERS = 4, NN_RECORD = 3 * NN_FILTERS };

#if NN_MVE && NN_ASM

/* clang-format off */

/* Requantise the sums in vector x, bias included, by multipliers m and shifts n. t is free. */
#define NN_HELIUM_UP(x, m, n, t) \
    "    vqrdmulh.s32 " x ", " x ", " m "      \n" \
    "    vrshl.s32 " x ", " x ", " n "         \n"

/* VRSHL rounds ties up: one less where it is negative, and they go away from zero. */
#define NN_HELIUM_AWAY(x, m, n, t) \
    "    vqrdmulh.s32 " x ", " x ", " m "      \n" \
    "    vshr.s32 " t ", " x ", #31            \n" \
    "    vadd.i32 " x ", " x ", " t "          \n" \
    "    vrshl.s32 " x ", " x ", " n "         \n"

/* nn_mve_requantize: shifts to the left go before the multiplication, and where there is none to
 * the right, nothing is rounded. */
#define NN_HELIUM_ANY(x, m, n, t) \
    "    vmov.i32 " t ", #0                    \n" \
    "    vmax.s32 " t ", " t ", " n "          \n" \
    "    vshl.s32 " x ", " x ", " t "          \n" \
    "    vqrdmulh.s32 " x ", " x ", " m "      \n" \
    "    vand " t ", " x ", " n "              \n" \
    "    vshr.s32 " t ", " t ", #31            \n" \
    "    vqadd.s32 " x ", " x ", " t "         \n" \
    "    vmov.i32 " t ", #0                    \n" \
    "    vmin.s32 " t ", " t ", " n "          \n" \
    "    vrshl.s32 " x ", " x ", " t "         \n"

#define NN_HELIUM_CLAMP(x, low, high) \
    "    vmax.s16 " x ", " x ", " low "        \n" \
    "    vmin.s16 " x ", " x ", " high "       \n"

#define NN_HELIUM_NO_CLAMP(x, low, high)

/* clang-format on */

#elif NN_MVE

/* The sums of a patch with four filters. */
static inline int32x4_t nn_helium_sums(const int8_t *patch, const int8_t *weights, int32_t chunks,
                                       int32x4_t sums) {
    int32_t s0 = sums[0], s1 = sums[1], s2 = sums[2], s3 = sums[3];
    for (; chunks > 0; --chunks) {
        const int8x16_t x = vldrbq_s8(patch);
        s0 = vmladavaq_s8(s0, x, vldrbq_s8(weights));
        s1 = vmladavaq_s8(s1, x, vldrbq_s8(weights + NN_CHUNK));
        s2 = vmladavaq_s8(s2, x, vldrbq_s8(weights + 2 * NN_CHUNK));
        s3 = vmladavaq_s8(s3, x, vldrbq_s8(weights + 3 * NN_CHUNK));
        patch += NN_CHUNK;
        weights += NN_FILTERS * NN_CHUNK;
    }
    return (int32x4_t){s0, s1, s2, s3};
}

/* Requantises the sums of four filters, and writes as many of them as are left. */
static inline void nn_helium_finish(const nn_helium_stage *stage, int32x4_t sums,
                                    const int32_t *record, int32_t left, int8_t *output) {
    const int32x4_t scaled =
        nn_mve_requantize(vaddq_s32(sums, vldrwq_s32(record)), vldrwq_s32(record + NN_FILTERS),
                          vldrwq_s32(record + 2 * NN_FILTERS));
    const int32x4_t shifted = vaddq_s32(scaled, vdupq_n_s32(stage->offset));
    vstrbq_p_s32(output, nn_mve_clamp(shifted, stage->activation_min, stage->activation_max),
                 vctp32q((uint32_t)left));
}

#else

/* The output of one filter. */
static inline int8_t nn_helium_finish(const nn_helium_stage *stage, int32_t sum,
                                      const int32_t *record) {
    const int32_t acc = nn_wrapping_add(sum, record[0]);
    const int32_t scaled = nn_requantize(acc, record[NN_FILTERS], record[2 * NN_FILTERS]);
    return (int8_t)nn_clamp(scaled + stage->offset, stage->activation_min, stage->activation_max);
}

#endif

#endif /* NN_HELIUM_H */
