/* SPDX-License-Identifier: Apache-2.0
 *
 * What filters see of three pixels, as lanes for nn_conv2d_dsp_three_core.h.
 */
#ifndef NN_CONV2D_DSP_THREE_LANES_H
#define NN_CONV2D_DSP_THREE_LANES_H

#include "nn_conv2d_dsp_lanes.h"

#if NN_ASM

/* Runs of three pixels side by side, `apart` bytes from one to the next. */
__attribute__((naked, noinline)) static void
nn_lanes_of_three(const int8_t *first __attribute__((unused)),
                  int32_t apart __attribute__((unused)), uint32_t *lanes __attribute__((unused)),
                  const nn_lane_runs *runs __attribute__((unused))) {
    __asm__(".syntax unified\n"
            "push {r4-r11, lr}\n"
            "ldm.w r3, {r10, r11, r12}\n"
            "1:\n"
            "lsrs.w lr, r10, #2\n"
            "beq 3f\n"
            "2:\n"
            "ldr.w r8, [r0, r1]\n"
            "ldr.w r9, [r0, r1, lsl #1]\n"
            "ldr r7, [r0], #4\n"
            "sxtb16 r4, r7\n"
            "sxtb16 r5, r8\n"
            "sxtb16 r6, r9\n"
            "sxtb16 r7, r7, ror #8\n"
            "sxtb16 r8, r8, ror #8\n"
            "sxtb16 r9, r9, ror #8\n"
            "stm.w r2!, {r4-r9}\n"
            "subs.w lr, lr, #1\n"
            "bne 2b\n"
            "3:\n"
            "lsls.w lr, r10, #30\n" /* zero: no tap is left; negative: two or three */
            "beq 6f\n"
            "bmi 4f\n"
            "ldrsb.w r5, [r0, r1]\n"
            "ldrsb.w r6, [r0, r1, lsl #1]\n"
            "ldrsb r4, [r0], #1\n"
            "stm r2!, {r4, r5, r6}\n"
            "b 6f\n"
            "4:\n"
            "ldrh.w r8, [r0, r1]\n"
            "ldrh.w r9, [r0, r1, lsl #1]\n"
            "ldrh r7, [r0], #2\n"
            "tst.w r10, #1\n"
            "bne 5f\n"
            "sxtb16 r4, r7\n"
            "sxtb16 r5, r8\n"
            "sxtb16 r6, r9\n"
            "sxtb16 r7, r7, ror #8\n"
            "sxtb16 r8, r8, ror #8\n"
            "sxtb16 r9, r9, ror #8\n"
            "pkhbt r4, r4, r7, lsl #16\n"
            "pkhbt r5, r5, r8, lsl #16\n"
            "pkhbt r6, r6, r9, lsl #16\n"
            "stm r2!, {r4, r5, r6}\n"
            "b 6f\n"
            "5:\n"
            "ldrb.w r5, [r0, r1]\n"
            "ldrb.w r6, [r0, r1, lsl #1]\n"
            "ldrb r4, [r0], #1\n"
            "orr.w r7, r7, r4, lsl #16\n"
            "orr.w r8, r8, r5, lsl #16\n"
            "orr.w r9, r9, r6, lsl #16\n"
            "sxtb16 r4, r7\n"
            "sxtb16 r5, r8\n"
            "sxtb16 r6, r9\n"
            "sxtb16 r7, r7, ror #8\n"
            "sxtb16 r8, r8, ror #8\n"
            "sxtb16 r9, r9, ror #8\n"
            "stm.w r2!, {r4-r9}\n"
            "6:\n"
            "add r0, r12\n"
            "subs.w r11, r11, #1\n"
            "bne 1b\n"
            "pop {r4-r11, pc}\n");
}

#else

static void nn_lanes_of_three(const int8_t *first, int32_t apart, uint32_t *lanes,
                              const nn_lane_runs *runs) {
    for (int32_t run = 0; run < runs->runs; ++run) {
        nn_lanes_of_one(lanes, 3, first, runs->taps);
        nn_lanes_of_one(lanes + 1, 3, first + apart, runs->taps);
        lanes = nn_lanes_of_one(lanes + 2, 3, first + 2 * apart, runs->taps) - 2;
        first += runs->taps + runs->skip;
    }
}

#endif

#endif /* NN_CONV2D_DSP_THREE_LANES_H */
