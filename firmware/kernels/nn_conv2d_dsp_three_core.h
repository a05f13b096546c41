/* SPDX-License-Identifier: Apache-2.0
 *
 * The inner loop of nn_conv2d_dsp_row_s8: four filters on three pixels, two filters at a time.
 *
 * Weights, records and sums are those of nn_conv2d_dsp_core.h; a step's lanes are three words.
 */
#ifndef NN_CONV2D_DSP_THREE_CORE_H
#define NN_CONV2D_DSP_THREE_CORE_H

#include "nn_conv2d_dsp_core.h"

/* Words, as the assembly takes them. */
typedef struct {
    const uint32_t *lanes;
    const uint32_t *weights;
    const int32_t *records;
    int8_t *outputs[3]; /* the first one of each pixel */
    int32_t tiles;      /* of four filters, >= 1 */
    int32_t steps;      /* >= 1 */
    int32_t away;       /* -1 where ties are rounded away from zero, else 0 */
} nn_conv2d_dsp_three;

#if NN_ASM

/* r0, r1: lanes and weights, of which every other word is of these filters. r2 to r4: lanes of the
 * pixels. r5: weights. r6 to r8: sums of the even filter on them; r9 to r11: of both. A step is 36
 * bytes of code. */
#define NN_STEP_3X2                                                                                \
    "ldm.w r0!, {r2, r3, r4}\n"                                                                    \
    "ldr.w r5, [r1], #8\n"                                                                         \
    "smlad r9, r5, r2, r9\n"                                                                       \
    "smlad r10, r5, r3, r10\n"                                                                     \
    "smlad r11, r5, r4, r11\n"                                                                     \
    "sxtb16 r5, r5\n"                                                                              \
    "smlad r6, r5, r2, r6\n"                                                                       \
    "smlad r7, r5, r3, r7\n"                                                                       \
    "smlad r8, r5, r4, r8\n"

/* Outputs at r4, r5 and r12 of the next two {m, n, k} at r0. */
#define NN_FINISH_3X2(EVEN, ODD)                                                                   \
    NN_TWICE_ODD("r6", "r9")                                                                       \
    NN_TWICE_ODD("r7", "r10")                                                                      \
    NN_TWICE_ODD("r8", "r11")                                                                      \
    "ldm r0!, {r1, r2, r3}\n" EVEN("r6", "r4") EVEN("r7", "r5")                                    \
        EVEN("r8", "r12") "ldm r0!, {r1, r2, r3}\n" ODD("r9", "r4", "r6") ODD("r10", "r5", "r6")   \
            ODD("r11", "r12", "r6")

/* On the stack: [0] lanes, [4] their end, [8] where the steps begin, [12] what makes outputs,
 * [16] where the sums of a tile begin, [20] the next records, [24] outputs of the first two pixels,
 * [32] and of the third, [36] tiles, [40] weights of a tile, [44] their bytes. The subroutine at 6
 * computes two filters, whose weights are at r1 and whose sums begin as r3 says. */
NN_NAKED nn_conv2d_dsp_3x4(const nn_conv2d_dsp_three *three __attribute__((unused))) {
    __asm__(".syntax unified\n"
            "push {r4-r11, lr}\n"
            "sub sp, #52\n"
            "ldm.w r0, {r1-r9}\n"
            "add.w r10, r8, r8, lsl #1\n"
            "add.w r10, r1, r10, lsl #2\n"
            "strd r1, r10, [sp]\n"
            "add.w r10, r3, #16\n"
            "strd r3, r10, [sp, #16]\n"
            "strd r4, r5, [sp, #24]\n"
            "strd r6, r7, [sp, #32]\n"
            "lsl.w r10, r8, #3\n"
            "strd r2, r10, [sp, #40]\n"
            "rsb.w r8, r8, #0\n"
            "and.w r8, r8, #7\n"
            "add.w r8, r8, r8, lsl #3\n"
            "adr.w r10, 2f\n"
            "add.w r10, r10, r8, lsl #2\n"
            "orr.w r10, r10, #1\n"
            "adr.w r11, 4f\n"
            "adr.w r12, 3f\n"
            "cmp.w r9, #0\n"
            "it ne\n"
            "movne r11, r12\n"
            "orr.w r11, r11, #1\n"
            "strd r10, r11, [sp, #8]\n"
            "1:\n"
            "ldr r1, [sp, #40]\n"
            "ldr r3, [sp, #16]\n"
            "bl 6f\n"
            "ldr r1, [sp, #40]\n"
            "ldr r3, [sp, #16]\n"
            "adds r1, #4\n"
            "adds r3, #8\n"
            "bl 6f\n"
            "ldr r3, [sp, #20]\n"
            "add.w r4, r3, #16\n"
            "strd r3, r4, [sp, #16]\n"
            "ldrd r2, r1, [sp, #36]\n"
            "ldr r3, [sp, #44]\n"
            "add r1, r3\n"
            "subs r2, #1\n"
            "strd r2, r1, [sp, #36]\n"
            "bne 1b\n"
            "add sp, #52\n"
            "pop {r4-r11, pc}\n"
            "6:\n"
            "ldrd r6, r9, [r3]\n"
            "mov r7, r6\n"
            "mov r8, r6\n"
            "mov r10, r9\n"
            "mov r11, r9\n"
            "ldrd r0, r12, [sp]\n"
            "ldr.w pc, [sp, #8]\n"
            ".p2align 2\n"
            "2:\n" /* clang-format off */
            NN_STEP_3X2 NN_STEP_3X2 NN_STEP_3X2 NN_STEP_3X2
            NN_STEP_3X2 NN_STEP_3X2 NN_STEP_3X2 NN_STEP_3X2
            "cmp r0, r12\n"
            "bne.w 2b\n"
            "ldr r0, [sp, #20]\n"
            "ldrd r4, r5, [sp, #24]\n"
            "ldr.w r12, [sp, #32]\n"
            "ldr.w pc, [sp, #12]\n"
            ".p2align 2\n"
            "3:\n"
            NN_FINISH_3X2(NN_EVEN_AWAY, NN_ODD_AWAY)
            "b 5f\n"
            ".p2align 2\n"
            "4:\n"
            NN_FINISH_3X2(NN_EVEN_UP, NN_ODD_UP)
            "5:\n" /* clang-format on */
                                                                       "strd r0, r4, [sp, #20]\n"
                                                                       "strd r5, r12, [sp, #28]\n"
                                                                       "bx lr\n");
}

#else

static void nn_conv2d_dsp_3x4(const nn_conv2d_dsp_three *three) {
    const uint32_t *weights = three->weights;
    const int32_t *records = three->records;
    for (int32_t tile = 0; tile < three->tiles; ++tile) {
        for (int32_t pixel = 0; pixel < 3; ++pixel) {
            int8_t *const output = three->outputs[pixel] + 4 * tile;
            for (int32_t pair = 0; pair < 2; ++pair) {
                const uint32_t *words = weights + pair, *lanes = three->lanes + pixel;
                int32_t even = records[2 * pair], both = records[2 * pair + 1];
                for (int32_t step = 0; step < three->steps; ++step, words += 2, lanes += 3) {
                    even = nn_smlad(nn_sxtb16(*words), *lanes, even);
                    both = nn_smlad(*words, *lanes, both);
                }
                nn_record_outputs_of_pair(records + 4 + 2 * pair * NN_RECORD_WORDS, even, both,
                                          three->away, output + 2 * pair);
            }
        }
        weights += 2 * three->steps;
        records += 4 * NN_CHANNEL_WORDS;
    }
}

#endif

#endif /* NN_CONV2D_DSP_THREE_CORE_H */
