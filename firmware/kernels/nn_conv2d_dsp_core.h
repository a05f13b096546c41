/* SPDX-License-Identifier: Apache-2.0
 *
 * The inner loops of nn_conv2d_dsp_s8: four, two or one filter on two pixels.
 *
 * A step is two taps. Its lanes are two words: two int16 input values of the first pixel, and two
 * of the second. Its weights are a word for every two filters, whose lanes hold
 *
 *   v = 256 * odd + even
 *
 * so that a weight takes one byte, and a word serves both filters: SMLAD with v sums 256 * odd +
 * even, and SXTB16 makes of v the even weight alone. The planner has proved that v fits int16 and
 * the sum of the odd filter 24 bits; the difference of both sums shifted right by 7 is then twice
 * the sum of the odd filter, exactly. A filter without a partner has the four bytes of two steps in
 * a word.
 *
 * Records: where the sums of a tile begin, which is the bias for even filters, and for odd ones
 * 256 * bias + the bias of the even one; then {m, n, k} of each filter as nn_records.h has it, with
 * 2m for even filters and those without a partner.
 */
#ifndef NN_CONV2D_DSP_CORE_H
#define NN_CONV2D_DSP_CORE_H

#include "nn_records.h"

typedef struct {
    const uint32_t *lanes;
    const uint32_t *weights;
    const int32_t *records;
    int8_t *first;  /* the first output of the first pixel */
    int8_t *second; /* and of the second */
    int32_t tiles;  /* of four filters, >= 1; one where there are less filters */
    int32_t steps;  /* >= 1; even but for tiles of four filters */
    int32_t away;   /* -1 where ties are rounded away from zero, else 0 */
} nn_conv2d_dsp_block;

#if NN_ASM

#define NN_NAKED __attribute__((naked, noinline)) static void

/* r0, r1: lanes and weights. r2, r3: lanes of both pixels. r4, r5: weights of filters 0, 1 and of
 * 2, 3. r6, r7: sums of filters 0 and of 0, 1 on the first pixel; r8, r9: on the second; r10, r11
 * and r12, lr: those of filters 2 and 2, 3. The order keeps both pipelines of an M7 busy. A step is
 * 48 bytes of code. */
#define NN_STEP_2X4                                                                                \
    "ldrd r2, r3, [r0], #8\n"                                                                      \
    "ldrd r4, r5, [r1], #8\n"                                                                      \
    "smlad r7, r4, r2, r7\n"                                                                       \
    "smlad r9, r4, r3, r9\n"                                                                       \
    "sxtb16 r4, r4\n"                                                                              \
    "smlad r6, r4, r2, r6\n"                                                                       \
    "smlad r8, r4, r3, r8\n"                                                                       \
    "smlad r11, r5, r2, r11\n"                                                                     \
    "smlad lr, r5, r3, lr\n"                                                                       \
    "sxtb16 r5, r5\n"                                                                              \
    "smlad r10, r5, r2, r10\n"                                                                     \
    "smlad r12, r5, r3, r12\n"

#define NN_STEP_2X2                                                                                \
    "ldrd r2, r3, [r0], #8\n"                                                                      \
    "ldr r4, [r1], #4\n"                                                                           \
    "smlad r7, r4, r2, r7\n"                                                                       \
    "smlad r9, r4, r3, r9\n"                                                                       \
    "sxtb16 r4, r4\n"                                                                              \
    "smlad r6, r4, r2, r6\n"                                                                       \
    "smlad r8, r4, r3, r8\n"

#define NN_TWO_STEPS_2X1                                                                           \
    "ldm r0!, {r2, r3, r8, r9}\n"                                                                  \
    "ldr r4, [r1], #4\n"                                                                           \
    "sxtb16 r12, r4\n"                                                                             \
    "sxtb16 r4, r4, ror #8\n"                                                                      \
    "smlad r6, r12, r2, r6\n"                                                                      \
    "smlad r7, r12, r3, r7\n"                                                                      \
    "smlad r6, r4, r8, r6\n"                                                                       \
    "smlad r7, r4, r9, r7\n"

/* Outputs of filters with the next {m, n, k} at r0 and the places of the outputs of both pixels in
 * r4 and r5. What rounds ties away from zero adds the sign: that of the rounded product is that of
 * the sum, or the product is 0, for which it makes no difference as n is at least 1. */
#define NN_STORE(x, output)                                                                        \
    "asr.w " x ", " x ", r2\n"                                                                     \
    "ssat " x ", #8, " x "\n"                                                                      \
    "strb " x ", [" output "], #1\n"
#define NN_EVEN_UP(x, output)                                                                      \
    "smmlar " x ", " x ", r1, " x "\n"                                                             \
    "add.w " x ", " x ", r3\n" NN_STORE(x, output)
#define NN_EVEN_AWAY(x, output)                                                                    \
    "smmlar " x ", " x ", r1, " x "\n"                                                             \
    "add.w " x ", " x ", " x ", asr #31\n"                                                         \
    "add.w " x ", " x ", r3\n" NN_STORE(x, output)
#define NN_ODD_UP(x, output, spare) "smmlar " x ", " x ", r1, r3\n" NN_STORE(x, output)
#define NN_ODD_AWAY(x, output, spare)                                                              \
    "add.w " spare ", r3, " x ", asr #31\n"                                                        \
    "smmlar " x ", " x ", r1, " spare "\n" NN_STORE(x, output)
/* Either, as lr says. */
#define NN_EVEN_EITHER(x, output)                                                                  \
    "and.w r12, lr, " x ", asr #31\n"                                                              \
    "smmlar " x ", " x ", r1, " x "\n"                                                             \
    "add.w r12, r12, r3\n"                                                                         \
    "add.w " x ", " x ", r12\n" NN_STORE(x, output)
#define NN_ODD_EITHER(x, output, spare)                                                            \
    "and.w r12, lr, " x ", asr #31\n"                                                              \
    "add.w r12, r12, r3\n"                                                                         \
    "smmlar " x ", " x ", r1, r12\n" NN_STORE(x, output)

#define NN_TWICE_ODD(even, both)                                                                   \
    "sub.w " both ", " both ", " even "\n"                                                         \
    "asr.w " both ", " both ", #7\n"
#define NN_FINISH_2X2(EVEN, ODD, even0, both0, even1, both1)                                       \
    NN_TWICE_ODD(even0, both0)                                                                     \
    NN_TWICE_ODD(even1, both1)                                                                     \
    "ldm r0!, {r1, r2, r3}\n" EVEN(even0, "r4")                                                    \
        EVEN(even1, "r5") "ldm r0!, {r1, r2, r3}\n" ODD(both0, "r4", even0)                        \
            ODD(both1, "r5", even0)
#define NN_FINISH_2X4(EVEN, ODD)                                                                   \
    NN_FINISH_2X2(EVEN, ODD, "r6", "r7", "r8", "r9")                                               \
    NN_FINISH_2X2(EVEN, ODD, "r10", "r11", "r12", "lr")

#define NN_BLOCK const nn_conv2d_dsp_block *block __attribute__((unused))

/* Tiles of four filters. The eight steps of the loop begin in their midst where `steps` is no
 * multiple of eight. On the stack: [0] end of the lanes, [4] lanes, [8] records, [12] first,
 * [16] second, [20] tiles, [24] weights, [28] where the steps begin, [32] what makes outputs. */
NN_NAKED nn_conv2d_dsp_2x4(NN_BLOCK) {
    __asm__(".syntax unified\n"
            "push {r4-r11, lr}\n"
            "sub sp, #36\n"
            "ldr.w r12, [r0, #28]\n"
            "ldm r0, {r1-r7}\n"
            "add.w r8, r1, r7, lsl #3\n"
            "strd r8, r1, [sp]\n"
            "strd r3, r4, [sp, #8]\n"
            "strd r5, r6, [sp, #16]\n"
            "rsb.w r7, r7, #0\n"
            "and.w r7, r7, #7\n"
            "add.w r7, r7, r7, lsl #1\n"
            "adr.w r8, 2f\n"
            "add.w r8, r8, r7, lsl #4\n"
            "orr.w r8, r8, #1\n"
            "adr.w r9, 4f\n"
            "adr.w r10, 3f\n"
            "cmp.w r12, #0\n"
            "it ne\n"
            "movne r9, r10\n"
            "orr.w r9, r9, #1\n"
            "strd r8, r9, [sp, #28]\n"
            "mov r1, r2\n"
            "1:\n"
            "ldrd r0, r2, [sp, #4]\n"
            "ldm.w r2, {r6, r7, r10, r11}\n"
            "mov r8, r6\n"
            "mov r9, r7\n"
            "mov r12, r10\n"
            "mov lr, r11\n"
            "ldr.w pc, [sp, #28]\n"
            ".p2align 2\n"
            "2:\n" /* clang-format off */
            NN_STEP_2X4 NN_STEP_2X4 NN_STEP_2X4 NN_STEP_2X4
            NN_STEP_2X4 NN_STEP_2X4 NN_STEP_2X4 NN_STEP_2X4
            "ldr r2, [sp]\n"
            "cmp r0, r2\n"
            "bne.w 2b\n"
            "str r1, [sp, #24]\n"
            "ldr r0, [sp, #8]\n"
            "ldrd r4, r5, [sp, #12]\n"
            "adds r0, #16\n"
            "ldr.w pc, [sp, #32]\n"
            ".p2align 2\n"
            "3:\n"
            NN_FINISH_2X4(NN_EVEN_AWAY, NN_ODD_AWAY)
            "b.w 5f\n"
            ".p2align 2\n"
            "4:\n"
            NN_FINISH_2X4(NN_EVEN_UP, NN_ODD_UP)
            "5:\n" /* clang-format on */
                                                                       "strd r0, r4, [sp, #8]\n"
                                                                       "ldrd r2, r1, [sp, #20]\n"
                                                                       "subs r2, #1\n"
                                                                       "strd r5, r2, [sp, #16]\n"
                                                                       "bne.w 1b\n"
                                                                       "add sp, #36\n"
                                                                       "pop {r4-r11, pc}\n");
}

#define NN_CORE_OF_ONE_TILE(FIRST_SUMS, STEPS, RECORD, FINISH)                                     \
    ".syntax unified\n"                                                                            \
    "push {r4-r10, lr}\n"                                                                          \
    "mov r10, r0\n"                                                                                \
    "ldrd r0, r1, [r10]\n"                                                                         \
    "ldr.w r2, [r10, #8]\n"                                                                        \
    "ldrd r5, lr, [r10, #24]\n" FIRST_SUMS "add.w r5, r0, r5, lsl #3\n"                            \
    "1:\n" STEPS "cmp r0, r5\n"                                                                    \
    "bne.w 1b\n"                                                                                   \
    "ldr.w r0, [r10, #8]\n"                                                                        \
    "ldrd r4, r5, [r10, #12]\n"                                                                    \
    "adds r0, #" RECORD "\n" FINISH "pop {r4-r10, pc}\n"

NN_NAKED nn_conv2d_dsp_2x2(NN_BLOCK) {
    __asm__(
        NN_CORE_OF_ONE_TILE("ldrd r6, r7, [r2]\nldrd r8, r9, [r2]\n", NN_STEP_2X2 NN_STEP_2X2, "8",
                            NN_FINISH_2X2(NN_EVEN_EITHER, NN_ODD_EITHER, "r6", "r7", "r8", "r9")));
}

NN_NAKED nn_conv2d_dsp_2x1(NN_BLOCK) {
    __asm__(NN_CORE_OF_ONE_TILE("ldr r6, [r2]\nmov r7, r6\n", NN_TWO_STEPS_2X1, "4",
                                "ldm r0!, {r1, r2, r3}\n" NN_EVEN_EITHER("r6", "r4")
                                    NN_EVEN_EITHER("r7", "r5")));
}

#else

/* Sums of two filters on both pixels: even and both of the first pixel, then of the second. The
 * weights of a step are `stride` words further on. */
static inline void nn_conv2d_dsp_sums(const nn_conv2d_dsp_block *block, const uint32_t *weights,
                                      int32_t stride, const int32_t *begin, int32_t sums[4]) {
    const uint32_t *lanes = block->lanes;
    sums[0] = sums[2] = begin[0];
    sums[1] = sums[3] = begin[1];
    for (int32_t step = 0; step < block->steps; ++step, lanes += 2, weights += stride) {
        const uint32_t even = nn_sxtb16(*weights);
        sums[0] = nn_smlad(even, lanes[0], sums[0]);
        sums[1] = nn_smlad(*weights, lanes[0], sums[1]);
        sums[2] = nn_smlad(even, lanes[1], sums[2]);
        sums[3] = nn_smlad(*weights, lanes[1], sums[3]);
    }
}

static void nn_conv2d_dsp_2x4(const nn_conv2d_dsp_block *block) {
    const uint32_t *weights = block->weights;
    const int32_t *records = block->records;
    for (int32_t tile = 0; tile < block->tiles; ++tile) {
        for (int32_t pair = 0; pair < 2; ++pair) {
            int32_t sums[4];
            const int32_t *const record = records + 4 + 2 * pair * NN_RECORD_WORDS;
            nn_conv2d_dsp_sums(block, weights + pair, 2, records + 2 * pair, sums);
            nn_record_outputs_of_pair(record, sums[0], sums[1], block->away,
                                      block->first + 4 * tile + 2 * pair);
            nn_record_outputs_of_pair(record, sums[2], sums[3], block->away,
                                      block->second + 4 * tile + 2 * pair);
        }
        weights += 2 * block->steps;
        records += 4 + 4 * NN_RECORD_WORDS;
    }
}

static void nn_conv2d_dsp_2x2(const nn_conv2d_dsp_block *block) {
    int32_t sums[4];
    nn_conv2d_dsp_sums(block, block->weights, 1, block->records, sums);
    nn_record_outputs_of_pair(block->records + 2, sums[0], sums[1], block->away, block->first);
    nn_record_outputs_of_pair(block->records + 2, sums[2], sums[3], block->away, block->second);
}

static void nn_conv2d_dsp_2x1(const nn_conv2d_dsp_block *block) {
    const uint32_t *lanes = block->lanes;
    int32_t first = block->records[0], second = block->records[0];
    for (int32_t step = 0; step < block->steps; step += 2, lanes += 4) {
        const uint32_t taps = block->weights[step / 2];
        first = nn_smlad(nn_sxtb16(taps), lanes[0], first);
        second = nn_smlad(nn_sxtb16(taps), lanes[1], second);
        first = nn_smlad(nn_sxtb16_ror8(taps), lanes[2], first);
        second = nn_smlad(nn_sxtb16_ror8(taps), lanes[3], second);
    }
    *block->first = nn_record_output(block->records + 1, first, block->away);
    *block->second = nn_record_output(block->records + 1, second, block->away);
}

#endif

#endif /* NN_CONV2D_DSP_CORE_H */
