/* SPDX-License-Identifier: Apache-2.0
 *
 * The inner loops of depthwise_conv2d_helium_s8: sixteen sums at a time, in assembly, with the
 * intrinsics of Helium for compilers that take no such assembly, and in C for other machines.
 *
 * A *step* makes `bytes` neighbouring outputs, a block of 16 after the other, from as many bytes at
 * every tap. Two products of int8 are added in 16 bits before they become 32: the weights of a pair
 * of taps are such that they fit.
 *
 * The products of even and of odd lanes come apart, and so do their halves: sums are held as the
 * lanes 0, 4, 8, 12, then 2, 6, 10, 14, then 1, 5, 9, 13, then 3, 7, 11, 15. A record has 16 biases
 * in that order, then four multipliers and four shifts for each of the four.
 */
#ifndef NN_DEPTHWISE_HELIUM_CORE_H
#define NN_DEPTHWISE_HELIUM_CORE_H

#include "nn_helium.h"

enum { NN_BLOCK = 16, NN_BLOCK_RECORD = 3 * NN_BLOCK };

/* What the loops take. The assembly knows the order of the members. */
typedef struct {
    const int8_t *const *taps; /* what each sees at the first step */
    int32_t steps;
    int32_t input_advance; /* bytes, from behind the blocks of a step to the next step */
    int32_t output_advance;
    const int8_t *weights; /* [blocks][taps][16] */
    int32_t bytes;
    int8_t *output;
    int32_t tap_count;
    nn_helium_stage stage; /* records of blocks */
} nn_depthwise_steps;

/* All steps; it reads whole blocks. */
typedef void (*nn_depthwise_loop)(const nn_depthwise_steps *s);

#if NN_MVE && NN_ASM

/* clang-format off */

/* The products of the tap at x in q6 (even lanes) and q7 (odd ones). r9: the weights. */
#define NN_DEPTHWISE_FIRST(x) \
    "    vldrb.8 q4, " x "                \n" \
    "    vldrb.8 q5, [r9], #16        \n" \
    "    vmullb.s8 q6, q4, q5         \n" \
    "    vmullt.s8 q7, q4, q5         \n"

/* Adds those of a second one, whose input is loaded twice for want of a register. */
#define NN_DEPTHWISE_SECOND(x, x_again) \
    "    vldrb.8 q4, " x "                \n" \
    "    vldrb.8 q5, [r9], #16        \n" \
    "    vmullb.s8 q4, q4, q5         \n" \
    "    vadd.i16 q6, q6, q4          \n" \
    "    vldrb.8 q4, " x_again "          \n" \
    "    vmullt.s8 q4, q4, q5         \n" \
    "    vadd.i16 q7, q7, q4          \n"

/* Adds the products to the sums in q0 ... q3. */
#define NN_DEPTHWISE_ADD \
    "    vmovlb.s16 q4, q6            \n" \
    "    vmovlt.s16 q5, q6            \n" \
    "    vadd.i32 q0, q0, q4          \n" \
    "    vmovlb.s16 q4, q7            \n" \
    "    vadd.i32 q1, q1, q5          \n" \
    "    vmovlt.s16 q5, q7            \n" \
    "    vadd.i32 q2, q2, q4          \n" \
    "    vadd.i32 q3, q3, q5          \n"

#define NN_DEPTHWISE_PAIR(x, y) \
    NN_DEPTHWISE_FIRST("[" x "], #16") \
    NN_DEPTHWISE_SECOND("[" y "]", "[" y "], #16") \
    NN_DEPTHWISE_ADD

/* Sums begin with the biases. r10: the records. */
#define NN_DEPTHWISE_BIASES \
    "    vldrw.32 q0, [r10], #16      \n" \
    "    vldrw.32 q1, [r10], #16      \n" \
    "    vldrw.32 q2, [r10], #16      \n" \
    "    vldrw.32 q3, [r10], #16      \n"

#define NN_DEPTHWISE_SCALE(x, requantise) \
    "    vldrw.32 q5, [r10], #16      \n" \
    "    vldrw.32 q6, [r10], #16      \n" \
    requantise(x, "q5", "q6", "q7")

/* The limits of the clamp in q4 and q5, where there is one. */
#define NN_DEPTHWISE_LIMITS \
    "    ldr lr, [sp]                 \n" \
    "    ldr lr, [lr, #40]            \n" \
    "    vdup.16 q4, lr               \n" \
    "    ldr lr, [sp]                 \n" \
    "    ldr lr, [lr, #44]            \n" \
    "    vdup.16 q5, lr               \n" \
    "    ldr lr, [sp]                 \n" \
    "    ldr lr, [lr, #36]            \n"

#define NN_DEPTHWISE_NO_LIMITS

/* From sums to outputs. r11: the output, r12: the bytes that are left, lr: the offset. */
#define NN_DEPTHWISE_FINISH(requantise, limits, clamp) \
    NN_DEPTHWISE_SCALE("q0", requantise) \
    NN_DEPTHWISE_SCALE("q1", requantise) \
    NN_DEPTHWISE_SCALE("q2", requantise) \
    NN_DEPTHWISE_SCALE("q3", requantise) \
    limits \
    "    vqmovnb.s32 q0, q0           \n" \
    "    vqmovnb.s32 q2, q2           \n" \
    "    vqmovnt.s32 q0, q1           \n" \
    "    vqmovnt.s32 q2, q3           \n" \
    "    vqadd.s16 q0, q0, lr         \n" \
    "    vqadd.s16 q2, q2, lr         \n" \
    clamp("q0", "q4", "q5") \
    clamp("q2", "q4", "q5") \
    "    vqmovnb.s16 q0, q0           \n" \
    "    vctp.8 r12                   \n" \
    "    vqmovnt.s16 q0, q2           \n" \
    "    vpst                         \n" \
    "    vstrbt.8 q0, [r11], #16      \n" \
    "    subs r12, r12, #16           \n"

/* On the stack: the struct, and the steps that are left. */
#define NN_DEPTHWISE_ENTER \
    "    push {r4-r11, lr}            \n" \
    "    vpush {d8-d15}               \n" \
    "    sub sp, sp, #8               \n" \
    "    ldr r1, [r0, #4]             \n" \
    "    ldr r11, [r0, #24]           \n" \
    "    strd r0, r1, [sp]            \n"

/* Weights, records, bytes and offset of a step. */
#define NN_DEPTHWISE_STEP \
    "    ldr lr, [sp]                 \n" \
    "    ldrd r9, r12, [lr, #16]      \n" \
    "    ldrd r10, lr, [lr, #32]      \n"

/* Ends after the last step; else the output goes on, and r9 is how far the input does. */
#define NN_DEPTHWISE_NEXT \
    "    ldr r9, [sp, #4]             \n" \
    "    subs r9, r9, #1              \n" \
    "    beq 9f                       \n" \
    "    str r9, [sp, #4]             \n" \
    "    ldr lr, [sp]                 \n" \
    "    ldrd r9, r10, [lr, #8]       \n" \
    "    add r11, r11, r10            \n"

#define NN_DEPTHWISE_LEAVE \
    "9:                               \n" \
    "    add sp, sp, #8               \n" \
    "    vpop {d8-d15}                \n" \
    "    pop {r4-r11, pc}             \n"

/* Nine taps, in r0 ... r8. */
#define NN_DEPTHWISE_NINE(requantise, limits, clamp) \
    NN_DEPTHWISE_ENTER \
    "    ldr r0, [r0]                 \n" \
    "    ldm r0, {r0-r8}              \n" \
    "1:                               \n" \
    NN_DEPTHWISE_STEP \
    "2:                               \n" \
    NN_DEPTHWISE_BIASES \
    NN_DEPTHWISE_PAIR("r0", "r1") \
    NN_DEPTHWISE_PAIR("r2", "r3") \
    NN_DEPTHWISE_PAIR("r4", "r5") \
    NN_DEPTHWISE_PAIR("r6", "r7") \
    NN_DEPTHWISE_FIRST("[r8], #16") \
    NN_DEPTHWISE_ADD \
    NN_DEPTHWISE_FINISH(requantise, limits, clamp) \
    "    bgt.w 2b                     \n" \
    NN_DEPTHWISE_NEXT \
    "    cmp r9, #0                   \n" \
    "    beq.w 1b                     \n" \
    "    add r0, r0, r9               \n" \
    "    add r1, r1, r9               \n" \
    "    add r2, r2, r9               \n" \
    "    add r3, r3, r9               \n" \
    "    add r4, r4, r9               \n" \
    "    add r5, r5, r9               \n" \
    "    add r6, r6, r9               \n" \
    "    add r7, r7, r9               \n" \
    "    add r8, r8, r9               \n" \
    "    b.w 1b                       \n" \
    NN_DEPTHWISE_LEAVE

/* Any number of taps, whose addresses stay in memory. r0: bytes from what they see at first. */
#define NN_DEPTHWISE_MANY(requantise, limits, clamp) \
    NN_DEPTHWISE_ENTER \
    "    mov r0, #0                   \n" \
    "1:                               \n" \
    NN_DEPTHWISE_STEP \
    "2:                               \n" \
    NN_DEPTHWISE_BIASES \
    "    ldr lr, [sp]                 \n" \
    "    ldr r1, [lr]                 \n" \
    "    ldr r2, [lr, #28]            \n" \
    "    lsr lr, r2, #1               \n" \
    "    wls lr, lr, 4f               \n" \
    "3:                               \n" \
    "    ldrd r3, r4, [r1], #8        \n" \
    "    add r3, r3, r0               \n" \
    "    add r4, r4, r0               \n" \
    NN_DEPTHWISE_FIRST("[r3]") \
    NN_DEPTHWISE_SECOND("[r4]", "[r4]") \
    NN_DEPTHWISE_ADD \
    "    le lr, 3b                    \n" \
    "4:                               \n" \
    "    tst r2, #1                   \n" \
    "    beq 5f                       \n" \
    "    ldr r3, [r1]                 \n" \
    "    add r3, r3, r0               \n" \
    NN_DEPTHWISE_FIRST("[r3]") \
    NN_DEPTHWISE_ADD \
    "5:                               \n" \
    "    ldr lr, [sp]                 \n" \
    "    ldr lr, [lr, #36]            \n" \
    "    add r0, r0, #16              \n" \
    NN_DEPTHWISE_FINISH(requantise, limits, clamp) \
    "    bgt.w 2b                     \n" \
    NN_DEPTHWISE_NEXT \
    "    add r0, r0, r9               \n" \
    "    b.w 1b                       \n" \
    NN_DEPTHWISE_LEAVE

/* clang-format on */

NN_ASM_FUNCTION static void nn_depthwise_nine_up(NN_ASM_UNUSED const nn_depthwise_steps *s) {
    __asm__(NN_DEPTHWISE_NINE(NN_HELIUM_UP, NN_DEPTHWISE_NO_LIMITS, NN_HELIUM_NO_CLAMP));
}

NN_ASM_FUNCTION static void nn_depthwise_nine_away(NN_ASM_UNUSED const nn_depthwise_steps *s) {
    __asm__(NN_DEPTHWISE_NINE(NN_HELIUM_AWAY, NN_DEPTHWISE_NO_LIMITS, NN_HELIUM_NO_CLAMP));
}

NN_ASM_FUNCTION static void nn_depthwise_many_away(NN_ASM_UNUSED const nn_depthwise_steps *s) {
    __asm__(NN_DEPTHWISE_MANY(NN_HELIUM_AWAY, NN_DEPTHWISE_NO_LIMITS, NN_HELIUM_NO_CLAMP));
}

NN_ASM_FUNCTION static void nn_depthwise_many_any(NN_ASM_UNUSED const nn_depthwise_steps *s) {
    __asm__(NN_DEPTHWISE_MANY(NN_HELIUM_ANY, NN_DEPTHWISE_LIMITS, NN_HELIUM_CLAMP));
}

/* The loop for so many taps and such rounding. */
static nn_depthwise_loop nn_depthwise_loop_of(const nn_depthwise_steps *s) {
    if (s->stage.rounding == NN_ROUND_ANY) {
        return nn_depthwise_many_any;
    }
    if (s->tap_count != 9) {
        return nn_depthwise_many_away;
    }
    return s->stage.rounding == NN_ROUND_UP ? nn_depthwise_nine_up : nn_depthwise_nine_away;
}

#elif NN_MVE

/* Adds the products of the taps first ... last - 1, one or two of them, to `sums`. */
static inline void nn_depthwise_add(const int8_t *const *taps, int32_t count, int32_t at,
                                    const int8_t *weights, int32x4_t sums[4]) {
    int8x16_t x = vldrbq_s8(taps[0] + at), w = vldrbq_s8(weights);
    int16x8_t even = vmullbq_int_s8(x, w), odd = vmulltq_int_s8(x, w);
    if (count > 1) {
        x = vldrbq_s8(taps[1] + at);
        w = vldrbq_s8(weights + NN_BLOCK);
        even = vaddq_s16(even, vmullbq_int_s8(x, w));
        odd = vaddq_s16(odd, vmulltq_int_s8(x, w));
    }
    sums[0] = vaddq_s32(sums[0], vmovlbq_s16(even));
    sums[1] = vaddq_s32(sums[1], vmovltq_s16(even));
    sums[2] = vaddq_s32(sums[2], vmovlbq_s16(odd));
    sums[3] = vaddq_s32(sums[3], vmovltq_s16(odd));
}

/* Block `at` bytes into the step that is `from` bytes from the first. */
static void nn_depthwise_block(const nn_depthwise_steps *s, int32_t from, int32_t at,
                               int8_t *output) {
    const int8_t *const weights = s->weights + at * s->tap_count;
    const int32_t *const record = s->stage.records + at / NN_BLOCK * NN_BLOCK_RECORD;
    int32x4_t sums[4];
    for (int32_t set = 0; set < 4; ++set) {
        sums[set] = vldrwq_s32(record + 4 * set);
    }
    for (int32_t tap = 0; tap < s->tap_count; tap += 2) {
        nn_depthwise_add(s->taps + tap, s->tap_count - tap, from + at, weights + tap * NN_BLOCK,
                         sums);
    }
    const int32_t *scale = record + NN_BLOCK;
    for (int32_t set = 0; set < 4; ++set, scale += 8) {
        sums[set] = nn_mve_requantize(sums[set], vldrwq_s32(scale), vldrwq_s32(scale + 4));
    }
    const int16x8_t offset = vdupq_n_s16((int16_t)s->stage.offset);
    const int16x8_t low = vdupq_n_s16((int16_t)s->stage.activation_min);
    const int16x8_t high = vdupq_n_s16((int16_t)s->stage.activation_max);
    int16x8_t even = vqmovntq_s32(vqmovnbq_s32(low, sums[0]), sums[1]);
    int16x8_t odd = vqmovntq_s32(vqmovnbq_s32(low, sums[2]), sums[3]);
    even = vminq_s16(vmaxq_s16(vqaddq_s16(even, offset), low), high);
    odd = vminq_s16(vmaxq_s16(vqaddq_s16(odd, offset), low), high);
    const int8x16_t bytes = vqmovntq_s16(vqmovnbq_s16(vdupq_n_s8(0), even), odd);
    vstrbq_p_s8(output + at, bytes, vctp8q((uint32_t)(s->bytes - at)));
}

static void nn_depthwise_all(const nn_depthwise_steps *s) {
    const int32_t blocks = (s->bytes + NN_BLOCK - 1) & -NN_BLOCK; /* in bytes */
    int8_t *output = s->output;
    for (int32_t step = 0; step < s->steps; ++step) {
        for (int32_t at = 0; at < blocks; at += NN_BLOCK) {
            nn_depthwise_block(s, step * (blocks + s->input_advance), at, output);
        }
        output += blocks + s->output_advance;
    }
}

#else

/* The step that is `from` bytes from the first. */
static void nn_depthwise_step(const nn_depthwise_steps *s, int32_t from, int8_t *output) {
    for (int32_t i = 0; i < s->bytes; ++i) {
        const int32_t block = i / NN_BLOCK, lane = i % NN_BLOCK;
        const int32_t set = ((lane & 1) << 1) | ((lane >> 1) & 1), place = lane >> 2;
        const int32_t *const record = s->stage.records + block * NN_BLOCK_RECORD;
        const int32_t *const scale = record + NN_BLOCK + set * 8 + place;
        const int8_t *const weights = s->weights + block * s->tap_count * NN_BLOCK + lane;
        int32_t sum = 0;
        for (int32_t tap = 0; tap < s->tap_count; ++tap) {
            sum += s->taps[tap][from + i] * weights[tap * NN_BLOCK];
        }
        sum = nn_wrapping_add(sum, record[set * 4 + place]);
        const int32_t scaled = nn_requantize(sum, scale[0], scale[4]) + s->stage.offset;
        output[i] = (int8_t)nn_clamp(scaled, s->stage.activation_min, s->stage.activation_max);
    }
}

static void nn_depthwise_all(const nn_depthwise_steps *s) {
    const int32_t blocks = (s->bytes + NN_BLOCK - 1) & -NN_BLOCK; /* in bytes */
    for (int32_t step = 0; step < s->steps; ++step) {
        nn_depthwise_step(s, step * (blocks + s->input_advance),
                          s->output + step * (blocks + s->output_advance));
    }
}

#endif

#if !NN_MVE || !NN_ASM

static nn_depthwise_loop nn_depthwise_loop_of(const nn_depthwise_steps *s) {
    (void)s;
    return nn_depthwise_all;
}

#endif

#endif /* NN_DEPTHWISE_HELIUM_CORE_H */
