/* SPDX-License-Identifier: Apache-2.0
 *
 * What filters see of two or three pixels, as lanes for the inner loops of convolutions: runs of
 * taps, see nn_lanes.h, a word of each pixel beside those of the others.
 */
#ifndef NN_CONV2D_DSP_LANES_H
#define NN_CONV2D_DSP_LANES_H

#include "nn_lanes.h"

/* Runs of taps that lie in memory, `skip` bytes between two of them. */
typedef struct {
    int32_t taps; /* of a run, >= 1 */
    int32_t runs; /* >= 1 */
    int32_t skip;
} nn_lane_runs;

/* A run of one of so many pixels; returns where its next run begins. */
NN_APART uint32_t *nn_lanes_of_one(uint32_t *lanes, int32_t pixels, const int8_t *taps,
                                   int32_t count) {
    return nn_lanes_of_run(lanes, pixels, taps, count);
}

/* The same of one value. */
NN_APART uint32_t *nn_lanes_of_value(uint32_t *lanes, int32_t pixels, int32_t value,
                                     int32_t count) {
    const uint32_t word = nn_pkhbt((uint32_t)value, (uint32_t)value);
    for (int32_t step = nn_lane_steps(count); step > 0; --step, lanes += pixels) {
        lanes[0] = word;
    }
    return lanes;
}

#if NN_ASM

/* Runs of two pixels side by side; the lanes of eight taps of both are stored at once. On the
 * stack: [0] runs. */
__attribute__((naked, noinline)) static void nn_lanes_of_two(
    const int8_t *first __attribute__((unused)), const int8_t *second __attribute__((unused)),
    uint32_t *lanes __attribute__((unused)), const nn_lane_runs *runs __attribute__((unused))) {
    __asm__(".syntax unified\n"
            "push {r3-r11, lr}\n"
            "ldm r3, {r4, r5, r6}\n"
            "mov r12, r4\n"
            "mov r3, r6\n"
            "str r5, [sp]\n"
            "1:\n"
            "lsrs.w lr, r12, #3\n"
            "beq 3f\n"
            "2:\n"
            "ldr r4, [r0], #4\n"
            "ldr r5, [r1], #4\n"
            "ldr r8, [r0], #4\n"
            "ldr r9, [r1], #4\n"
            "sxtb16 r6, r4, ror #8\n"
            "sxtb16 r4, r4\n"
            "sxtb16 r7, r5, ror #8\n"
            "sxtb16 r5, r5\n"
            "sxtb16 r10, r8, ror #8\n"
            "sxtb16 r8, r8\n"
            "sxtb16 r11, r9, ror #8\n"
            "sxtb16 r9, r9\n"
            "stm.w r2!, {r4-r11}\n"
            "subs.w lr, lr, #1\n"
            "bne 2b\n"
            "3:\n"
            "lsls.w lr, r12, #30\n" /* carry: four taps are left; then negative: two; zero: none */
            "bcc 4f\n"
            "ldr r4, [r0], #4\n"
            "ldr r5, [r1], #4\n"
            "sxtb16 r6, r4, ror #8\n"
            "sxtb16 r4, r4\n"
            "sxtb16 r7, r5, ror #8\n"
            "sxtb16 r5, r5\n"
            "stm r2!, {r4-r7}\n"
            "4:\n"
            "beq 7f\n"
            "bmi 5f\n"
            "ldrsb r4, [r0], #1\n"
            "ldrsb r5, [r1], #1\n"
            "stm r2!, {r4, r5}\n"
            "b 7f\n"
            "5:\n"
            "tst.w r12, #1\n"
            "bne 6f\n"
            "ldrsb r4, [r0], #1\n"
            "ldrsb r6, [r0], #1\n"
            "ldrsb r5, [r1], #1\n"
            "ldrsb r7, [r1], #1\n"
            "pkhbt r4, r4, r6, lsl #16\n"
            "pkhbt r5, r5, r7, lsl #16\n"
            "stm r2!, {r4, r5}\n"
            "b 7f\n"
            "6:\n"
            "ldrh r4, [r0], #2\n"
            "ldrh r5, [r1], #2\n"
            "ldrb r6, [r0], #1\n"
            "ldrb r7, [r1], #1\n"
            "orr.w r4, r4, r6, lsl #16\n"
            "orr.w r5, r5, r7, lsl #16\n"
            "sxtb16 r6, r4, ror #8\n"
            "sxtb16 r4, r4\n"
            "sxtb16 r7, r5, ror #8\n"
            "sxtb16 r5, r5\n"
            "stm r2!, {r4-r7}\n"
            "7:\n"
            "add r0, r3\n"
            "add r1, r3\n"
            "ldr.w lr, [sp]\n"
            "subs.w lr, lr, #1\n"
            "str.w lr, [sp]\n"
            "bne 1b\n"
            "pop {r3-r11, pc}\n");
}

#else

static void nn_lanes_of_two(const int8_t *first, const int8_t *second, uint32_t *lanes,
                            const nn_lane_runs *runs) {
    for (int32_t run = 0; run < runs->runs; ++run) {
        nn_lanes_of_one(lanes, 2, first, runs->taps);
        lanes = nn_lanes_of_one(lanes + 1, 2, second, runs->taps) - 1;
        first += runs->taps + runs->skip;
        second += runs->taps + runs->skip;
    }
}

#endif

#endif /* NN_CONV2D_DSP_LANES_H */
