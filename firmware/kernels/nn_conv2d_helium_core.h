/* SPDX-License-Identifier: Apache-2.0
 *
 * The inner loops of conv2d_helium_s8: two pixels with four filters at a time, in assembly, with
 * the intrinsics of Helium for compilers that take no such assembly, and in C for other machines.
 * What a patch holds in a chunk beyond its taps meets zeros.
 */
#ifndef NN_CONV2D_HELIUM_CORE_H
#define NN_CONV2D_HELIUM_CORE_H

#include "nn_helium.h"

/* What the loops take: `pairs` pairs of patches, each `input_step` bytes after the one before,
 * whose outputs begin `output_step` bytes after each other. The assembly knows the order of the
 * members. */
typedef struct {
    const int8_t *patch0;
    const int8_t *patch1;
    int8_t *output0;
    int8_t *output1;
    int32_t more_chunks; /* after the first */
    const int8_t *weights;
    int32_t channels; /* >= 1 */
    int32_t pairs;    /* >= 1 */
    int32_t input_step;
    int32_t output_step;
    nn_helium_stage stage;
} nn_helium_pairs;

#if NN_MVE && NN_ASM

/* clang-format off */

/* A chunk of two patches (r1, r3) with four filters (r5): 128 products. VMLADAV adds in even
 * registers. Loads alternate with products, which then seldom wait. */
#define NN_HELIUM_CHUNK(vmladav) \
    "    vldrb.8 q0, [r1], #16        \n" \
    "    vldrb.8 q2, [r5], #16        \n" \
    "    vldrb.8 q1, [r3], #16        \n" \
    "    " vmladav " r0, q2, q0           \n" \
    "    vldrb.8 q3, [r5], #16        \n" \
    "    " vmladav " r8, q2, q1           \n" \
    "    " vmladav " r2, q3, q0           \n" \
    "    vldrb.8 q2, [r5], #16        \n" \
    "    " vmladav " r10, q3, q1          \n" \
    "    " vmladav " r4, q2, q0           \n" \
    "    vldrb.8 q3, [r5], #16        \n" \
    "    " vmladav " r12, q2, q1          \n" \
    "    " vmladav " r6, q3, q0           \n" \
    "    " vmladav " lr, q3, q1           \n"

/* All of the function. On the stack: patch0, patch1, output0 and output1 of the next four filters,
 * more_chunks, the pairs that are left, the struct. r5: weights, r9: records, r11: the channels that
 * are left; q5, q6: the limits of the clamp; q7: the offset. Stores leave out filters that only fill
 * up the four, but go on by four. */
#define NN_HELIUM_PAIRS(requantise, clamp) \
    "    push {r4-r11, lr}            \n" \
    "    vpush {d8-d15}               \n" \
    "    sub sp, sp, #28              \n" \
    "    ldm r0, {r1-r5}              \n" \
    "    stm sp, {r1-r5}              \n" \
    "    ldr r1, [r0, #28]            \n" \
    "    strd r1, r0, [sp, #20]       \n" \
    "    ldrd r1, r2, [r0, #44]       \n" \
    "    ldr r3, [r0, #52]            \n" \
    "    vdup.16 q7, r1               \n" \
    "    vdup.16 q5, r2               \n" \
    "    vdup.16 q6, r3               \n" \
    "1:                               \n" \
    "    ldr r0, [sp, #24]            \n" \
    "    ldrd r5, r11, [r0, #20]      \n" \
    "    ldr r9, [r0, #40]            \n" \
    "2:                               \n" \
    "    ldrd r1, r3, [sp]            \n" \
    "    ldr r7, [sp, #16]            \n" \
    NN_HELIUM_CHUNK("vmladav.s8") \
    "    cbz r7, 4f                   \n" \
    "3:                               \n" \
    NN_HELIUM_CHUNK("vmladava.s8") \
    "    subs r7, r7, #1              \n" \
    "    bne 3b                       \n" \
    "4:                               \n" \
    "    vmov q0[2], q0[0], r0, r4    \n" \
    "    vmov q0[3], q0[1], r2, r6    \n" \
    "    vldrw.32 q2, [r9], #16       \n" \
    "    vmov q1[2], q1[0], r8, r12   \n" \
    "    vmov q1[3], q1[1], r10, lr   \n" \
    "    vldrw.32 q3, [r9], #16       \n" \
    "    vadd.i32 q0, q0, q2          \n" \
    "    vldrw.32 q4, [r9], #16       \n" \
    "    vadd.i32 q1, q1, q2          \n" \
    "    ldrd r1, r3, [sp, #8]        \n" \
    requantise("q0", "q3", "q4", "q2") \
    requantise("q1", "q3", "q4", "q2") \
    "    vqmovnb.s32 q2, q0           \n" \
    "    vqmovnt.s32 q2, q1           \n" \
    "    vqadd.s16 q2, q2, q7         \n" \
    clamp("q2", "q5", "q6") \
    "    vqmovnb.s16 q2, q2           \n" \
    "    vctp.32 r11                  \n" \
    "    vshr.u32 q3, q2, #16         \n" \
    "    vpstt                        \n" \
    "    vstrbt.32 q2, [r1], #4       \n" \
    "    vstrbt.32 q3, [r3], #4       \n" \
    "    strd r1, r3, [sp, #8]        \n" \
    "    subs r11, r11, #4            \n" \
    "    bgt.w 2b                     \n" \
    "    ldrd r2, r0, [sp, #20]       \n" \
    "    subs r2, r2, #1              \n" \
    "    beq 5f                       \n" \
    "    str r2, [sp, #20]            \n" \
    "    ldr r4, [r0, #24]            \n" \
    "    ldrd r5, r6, [r0, #32]       \n" \
    "    add r4, r4, #3               \n" \
    "    bic r4, r4, #3               \n" \
    "    sub r6, r6, r4               \n" \
    "    add r1, r1, r6               \n" \
    "    add r3, r3, r6               \n" \
    "    strd r1, r3, [sp, #8]        \n" \
    "    ldrd r1, r3, [sp]            \n" \
    "    add r1, r1, r5               \n" \
    "    add r3, r3, r5               \n" \
    "    strd r1, r3, [sp]            \n" \
    "    b.w 1b                       \n" \
    "5:                               \n" \
    "    add sp, sp, #28              \n" \
    "    vpop {d8-d15}                \n" \
    "    pop {r4-r11, pc}             \n"

/* clang-format on */

NN_ASM_FUNCTION static void nn_helium_pairs_up(NN_ASM_UNUSED const nn_helium_pairs *pairs) {
    __asm__(NN_HELIUM_PAIRS(NN_HELIUM_UP, NN_HELIUM_NO_CLAMP));
}

NN_ASM_FUNCTION static void nn_helium_pairs_away(NN_ASM_UNUSED const nn_helium_pairs *pairs) {
    __asm__(NN_HELIUM_PAIRS(NN_HELIUM_AWAY, NN_HELIUM_NO_CLAMP));
}

NN_ASM_FUNCTION static void nn_helium_pairs_any(NN_ASM_UNUSED const nn_helium_pairs *pairs) {
    __asm__(NN_HELIUM_PAIRS(NN_HELIUM_ANY, NN_HELIUM_CLAMP));
}

/* All outputs of all pairs. */
static void nn_helium_run_pairs(const nn_helium_pairs *pairs) {
    if (pairs->stage.rounding == NN_ROUND_UP) {
        nn_helium_pairs_up(pairs);
    } else if (pairs->stage.rounding == NN_ROUND_AWAY) {
        nn_helium_pairs_away(pairs);
    } else {
        nn_helium_pairs_any(pairs);
    }
}

#else

#if NN_MVE

static void nn_helium_pixel(const nn_helium_pairs *pairs, const int8_t *patch, int8_t *output) {
    const int32_t chunks = pairs->more_chunks + 1;
    const int8_t *weights = pairs->weights;
    const int32_t *record = pairs->stage.records;
    for (int32_t channel = 0; channel < pairs->channels; channel += NN_FILTERS) {
        const int32x4_t sums = nn_helium_sums(patch, weights, chunks, vdupq_n_s32(0));
        nn_helium_finish(&pairs->stage, sums, record, pairs->channels - channel, output + channel);
        weights += chunks * NN_FILTERS * NN_CHUNK;
        record += NN_RECORD;
    }
}

#else

static void nn_helium_pixel(const nn_helium_pairs *pairs, const int8_t *patch, int8_t *output) {
    const int32_t taps = (pairs->more_chunks + 1) * NN_CHUNK;
    for (int32_t channel = 0; channel < pairs->channels; ++channel) {
        const int32_t group = channel / NN_FILTERS, filter = channel % NN_FILTERS;
        const int8_t *const weights =
            pairs->weights + group * NN_FILTERS * taps + filter * NN_CHUNK;
        int32_t sum = 0;
        for (int32_t tap = 0; tap < taps; ++tap) {
            sum += patch[tap] * weights[tap / NN_CHUNK * NN_FILTERS * NN_CHUNK + tap % NN_CHUNK];
        }
        output[channel] =
            nn_helium_finish(&pairs->stage, sum, pairs->stage.records + group * NN_RECORD + filter);
    }
}

#endif

static void nn_helium_run_pairs(const nn_helium_pairs *pairs) {
    for (int32_t pair = 0; pair < pairs->pairs; ++pair) {
        const int32_t in = pair * pairs->input_step, out = pair * pairs->output_step;
        nn_helium_pixel(pairs, pairs->patch0 + in, pairs->output0 + out);
        nn_helium_pixel(pairs, pairs->patch1 + in, pairs->output1 + out);
    }
}

#endif

#endif /* NN_CONV2D_HELIUM_CORE_H */
