/* SPDX-License-Identifier: Apache-2.0
 *
 * One pixel on four filters at a time, for cores that multiply 32 bits by 32 and keep 32.
 *
 * Both factors are bytes without a sign: an input x as x + 128, a weight w as w + 128. Armv6-M
 * loads such a byte with an offset from a pointer, and only such. The sum of their products is that
 * of x * w, and more, which depends on the pixel alone or on the filter alone:
 *
 *   sum (x + 128) * (w + 128) = sum x * w + 128 * sum (x + 128) + 128 * sum w
 *
 * The last term is in the bias; the one before is `start`, worked out once a pixel. All of it is
 * modulo 2^32, as the sum with its bias fits int32.
 *
 * A record makes an int8 of a sum x with its bias, as TFLM does:
 *
 *   output = (k + a + (x * m + 2^30 >> 31)) >> n, saturated, where a is -1 for x < 0, else 0
 *
 * These cores keep 32 bits of a product, some only. So m comes in pieces so short that their
 * products with x fit int32, the lowest first: each product is added to the one before, shifted to
 * its place. What is shifted out is lost to no effect, since all that follows rounds down. Three
 * pieces of 10, 11 and 10 bits do for |x| < 2^20, else four of 8 for |x| < 2^23; `three` is without
 * `a`, for channels whose negative sums clamp to the same output anyway.
 *
 * Records come in groups of four channels, sixteen words: four biases, then for each channel
 *
 *   three  piece 0 | piece 1 << 16, piece 2 | (n + 10) << 16, (k << 10) + 512
 *   four   m, n + 7, (k << 7) + 64 */
#ifndef NN_TILE_H
#define NN_TILE_H

#include <stdint.h>

#include "nn_dsp.h"
#include "nn_fixed_point.h"

enum { NN_TILE_FILTERS = 4, NN_TILE_RECORD_WORDS = 16, NN_TILE_BLOCK = 32 };

/* The weights of a group of filters lie tap by tap, four to a tap. `end` - `patch` is a multiple of
 * 4, `block_end` - `patch` the multiple of NN_TILE_BLOCK below it. */
typedef struct {
    const uint8_t *patch;
    const uint8_t *block_end;
    const uint8_t *end;
    const uint8_t *weights;
    const uint32_t *records;
    const uint32_t *records_end; /* of whole groups, one at least */
    uint32_t start;              /* 128 * sum (x + 128) */
} nn_tile;

/* Adds up the products of x and the pieces of m, and makes the output of them. */
static inline int8_t nn_tile_three(const uint32_t *record, uint32_t x) {
    int32_t total = (int32_t)(x * (record[0] & 0xFFFFu)) >> 10;
    total = (int32_t)((uint32_t)total + x * (record[0] >> 16)) >> 11;
    total = (int32_t)((uint32_t)total + x * (record[1] & 0xFFFFu) + record[2]);
    return (int8_t)nn_clamp(total >> (record[1] >> 16), INT8_MIN, INT8_MAX);
}

static inline int8_t nn_tile_four(const uint32_t *record, uint32_t x) {
    int32_t total = 0;
    for (uint32_t bits = 0; bits < 32; bits += 8) {
        total = (int32_t)((uint32_t)(total >> 8) + x * ((record[0] >> bits) & 0xFFu));
    }
    const uint32_t away = (uint32_t)((int32_t)x >> 31) * 128u;
    total = (int32_t)((uint32_t)total + away + record[2]);
    return (int8_t)nn_clamp(total >> record[1], INT8_MIN, INT8_MAX);
}

/* The output of channel 0 ... 3 of a group from its sum, bias included. */
static inline int8_t nn_tile_output(const uint32_t *records, int32_t three, int32_t channel,
                                    uint32_t sum) {
    const uint32_t *const record = records + NN_TILE_FILTERS + 3 * channel;
    return three ? nn_tile_three(record, sum) : nn_tile_four(record, sum);
}

#if defined(__ARM_ARCH_PROFILE) && __ARM_ARCH_PROFILE == 'M' && defined(__GNUC__) &&               \
    !defined(NN_NO_ASM)

/* The loop below, in which all eight low registers are taken: r0 patch, r1 weights, r2 to r5 the
 * sums, r6 and r7 the factors; in the high ones block_end, records, output, patch, end of the
 * records, end of the patch. `start` is on the stack. */

#if __ARM_ARCH_ISA_THUMB == 1
#define NN_TILE_PRODUCT(sum, offset)                                                               \
    "ldrb r7, [r1, #" #offset "]\n"                                                                \
    "muls r7, r6, r7\n"                                                                            \
    "adds " #sum ", " #sum ", r7\n"
#else
#define NN_TILE_PRODUCT(sum, offset)                                                               \
    "ldrb r7, [r1, #" #offset "]\n"                                                                \
    "mla " #sum ", r6, r7, " #sum "\n"
#endif

#define NN_TILE_TAP(tap, w0, w1, w2, w3)                                                           \
    "ldrb r6, [r0, #" #tap "]\n" NN_TILE_PRODUCT(r2, w0) NN_TILE_PRODUCT(r3, w1)                   \
        NN_TILE_PRODUCT(r4, w2) NN_TILE_PRODUCT(r5, w3)

#define NN_TILE_4_TAPS(t0, t1, t2, t3)                                                             \
    NN_TILE_TAP(t0, 0, 1, 2, 3)                                                                    \
    NN_TILE_TAP(t1, 4, 5, 6, 7)                                                                    \
    NN_TILE_TAP(t2, 8, 9, 10, 11)                                                                  \
    NN_TILE_TAP(t3, 12, 13, 14, 15)

#define NN_TILE_8_TAPS(t0, t1, t2, t3, t4, t5, t6, t7)                                             \
    NN_TILE_4_TAPS(t0, t1, t2, t3)                                                                 \
    NN_TILE_TAP(t4, 16, 17, 18, 19)                                                                \
    NN_TILE_TAP(t5, 20, 21, 22, 23)                                                                \
    NN_TILE_TAP(t6, 24, 25, 26, 27)                                                                \
    NN_TILE_TAP(t7, 28, 29, 30, 31)                                                                \
    "adds r1, #32\n"

#if __ARM_ARCH_ISA_THUMB == 1
#define NN_TILE_SATURATE(sum)                                                                      \
    "sxtb r7, " #sum "\n"                                                                          \
    "cmp r7, " #sum "\n"                                                                           \
    "beq 6f\n"                                                                                     \
    "asrs " #sum ", " #sum ", #31\n"                                                               \
    "movs r7, #127\n"                                                                              \
    "eors " #sum ", r7\n"                                                                          \
    "6:\n"
#else
#define NN_TILE_SATURATE(sum) "ssat " #sum ", #8, " #sum "\n"
#endif

#define NN_TILE_THREE(sum, p0, p1, p2, n, k)                                                       \
    "ldrh r6, [r0, #" #p0 "]\n"                                                                    \
    "muls r6, " #sum ", r6\n"                                                                      \
    "asrs r6, r6, #10\n"                                                                           \
    "ldrh r7, [r0, #" #p1 "]\n"                                                                    \
    "muls r7, " #sum ", r7\n"                                                                      \
    "adds r6, r6, r7\n"                                                                            \
    "asrs r6, r6, #11\n"                                                                           \
    "ldrh r7, [r0, #" #p2 "]\n"                                                                    \
    "muls " #sum ", r7, " #sum "\n"                                                                \
    "adds " #sum ", " #sum ", r6\n"                                                                \
    "ldr r7, [r0, #" #k "]\n"                                                                      \
    "adds " #sum ", " #sum ", r7\n"                                                                \
    "ldrh r7, [r0, #" #n "]\n"                                                                     \
    "asrs " #sum ", r7\n" NN_TILE_SATURATE(sum)

#if __ARM_ARCH_ISA_THUMB == 1
#define NN_TILE_FOUR(sum, p0, p1, p2, p3, n, k)                                                    \
    "ldrb r6, [r0, #" #p0 "]\n"                                                                    \
    "muls r6, " #sum ", r6\n"                                                                      \
    "asrs r6, r6, #8\n"                                                                            \
    "ldrb r7, [r0, #" #p1 "]\n"                                                                    \
    "muls r7, " #sum ", r7\n"                                                                      \
    "adds r6, r6, r7\n"                                                                            \
    "asrs r6, r6, #8\n"                                                                            \
    "ldrb r7, [r0, #" #p2 "]\n"                                                                    \
    "muls r7, " #sum ", r7\n"                                                                      \
    "adds r6, r6, r7\n"                                                                            \
    "asrs r6, r6, #8\n"                                                                            \
    "asrs r7, " #sum ", #31\n"                                                                     \
    "lsls r7, r7, #7\n"                                                                            \
    "adds r6, r6, r7\n"                                                                            \
    "ldrb r7, [r0, #" #p3 "]\n"                                                                    \
    "muls " #sum ", r7, " #sum "\n"                                                                \
    "adds " #sum ", " #sum ", r6\n"                                                                \
    "ldr r7, [r0, #" #k "]\n"                                                                      \
    "adds " #sum ", " #sum ", r7\n"                                                                \
    "ldr r7, [r0, #" #n "]\n"                                                                      \
    "asrs " #sum ", r7\n" NN_TILE_SATURATE(sum)
#else
/* With a multiplication of 64 bits the pieces are one word, at offset p0. */
#define NN_TILE_FOUR(sum, p0, p1, p2, p3, n, k)                                                    \
    "ldr r6, [r0, #" #p0 "]\n"                                                                     \
    "smull r7, r6, " #sum ", r6\n"                                                                 \
    "lsls r6, r6, #8\n"                                                                            \
    "orr r6, r6, r7, lsr #24\n"                                                                    \
    "asrs r7, " #sum ", #31\n"                                                                     \
    "add r6, r6, r7, lsl #7\n"                                                                     \
    "ldr r7, [r0, #" #k "]\n"                                                                      \
    "adds r6, r6, r7\n"                                                                            \
    "ldr r7, [r0, #" #n "]\n"                                                                      \
    "asr " #sum ", r6, r7\n" NN_TILE_SATURATE(sum)
#endif

/* clang-format off */
#define NN_TILE_CODE(outputs) \
    ".syntax unified\n" \
    "push {r4-r7, lr}\n" \
    "mov r4, r8\n" \
    "mov r5, r9\n" \
    "mov r6, r10\n" \
    "mov r7, r11\n" \
    "push {r4-r7}\n" \
    "sub sp, #4\n" \
    "mov r10, r1\n" \
    "ldmia r0!, {r1-r7}\n" \
    "mov r11, r1\n" \
    "mov r8, r2\n" \
    "mov lr, r3\n" \
    "mov r1, r4\n" \
    "mov r9, r5\n" \
    "mov r12, r6\n" \
    "str r7, [sp, #0]\n" \
    "1:\n" \
    "mov r0, r11\n" \
    "mov r6, r9\n" \
    "ldmia r6!, {r2-r5}\n" \
    "ldr r6, [sp, #0]\n" \
    "subs r2, r2, r6\n" \
    "subs r3, r3, r6\n" \
    "subs r4, r4, r6\n" \
    "subs r5, r5, r6\n" \
    "cmp r0, r8\n" \
    "bne 2f\n" \
    "b 3f\n" \
    "2:\n" \
    NN_TILE_8_TAPS(0, 1, 2, 3, 4, 5, 6, 7) \
    NN_TILE_8_TAPS(8, 9, 10, 11, 12, 13, 14, 15) \
    NN_TILE_8_TAPS(16, 17, 18, 19, 20, 21, 22, 23) \
    NN_TILE_8_TAPS(24, 25, 26, 27, 28, 29, 30, 31) \
    "adds r0, #32\n" \
    "cmp r0, r8\n" \
    "beq 3f\n" \
    "b 2b\n" \
    "3:\n" \
    "cmp r0, lr\n" \
    "beq 5f\n" \
    "4:\n" \
    NN_TILE_4_TAPS(0, 1, 2, 3) \
    "adds r0, #4\n" \
    "adds r1, #16\n" \
    "cmp r0, lr\n" \
    "bne 4b\n" \
    "5:\n" \
    "mov r0, r9\n" \
    "adds r0, #16\n" \
    outputs \
    "mov r9, r0\n" \
    "mov r6, r10\n" \
    "strb r2, [r6, #0]\n" \
    "strb r3, [r6, #1]\n" \
    "strb r4, [r6, #2]\n" \
    "strb r5, [r6, #3]\n" \
    "adds r6, #4\n" \
    "mov r10, r6\n" \
    "cmp r9, r12\n" \
    "beq 7f\n" \
    "b 1b\n" \
    "7:\n" \
    "add sp, #4\n" \
    "pop {r4-r7}\n" \
    "mov r8, r4\n" \
    "mov r9, r5\n" \
    "mov r10, r6\n" \
    "mov r11, r7\n" \
    "pop {r4-r7, pc}\n"

#define NN_TILE_OUTPUTS_OF_THREE \
    NN_TILE_THREE(r2, 0, 2, 4, 6, 8) \
    NN_TILE_THREE(r3, 12, 14, 16, 18, 20) \
    NN_TILE_THREE(r4, 24, 26, 28, 30, 32) \
    NN_TILE_THREE(r5, 36, 38, 40, 42, 44) \
    "adds r0, #48\n"

#define NN_TILE_OUTPUTS_OF_FOUR \
    NN_TILE_FOUR(r2, 0, 1, 2, 3, 4, 8) \
    NN_TILE_FOUR(r3, 12, 13, 14, 15, 16, 20) \
    "adds r0, #24\n" \
    NN_TILE_FOUR(r4, 0, 1, 2, 3, 4, 8) \
    NN_TILE_FOUR(r5, 12, 13, 14, 15, 16, 20) \
    "adds r0, #24\n"
/* clang-format on */

NN_ASM_FUNCTION static void nn_tile_run_three(const nn_tile *tile NN_ASM_UNUSED,
                                              int8_t *output NN_ASM_UNUSED) {
    __asm__(NN_TILE_CODE(NN_TILE_OUTPUTS_OF_THREE));
}

NN_ASM_FUNCTION static void nn_tile_run_four(const nn_tile *tile NN_ASM_UNUSED,
                                             int8_t *output NN_ASM_UNUSED) {
    __asm__(NN_TILE_CODE(NN_TILE_OUTPUTS_OF_FOUR));
}

static inline void nn_tile_run(const nn_tile *tile, int32_t three, int8_t *output) {
    if (three) {
        nn_tile_run_three(tile, output);
    } else {
        nn_tile_run_four(tile, output);
    }
}

#else

/* The outputs of all whole groups, of one pixel. */
static void nn_tile_run(const nn_tile *tile, int32_t three, int8_t *output) {
    const uint8_t *weights = tile->weights;
    for (const uint32_t *records = tile->records; records < tile->records_end;
         records += NN_TILE_RECORD_WORDS) {
        uint32_t s0 = records[0] - tile->start, s1 = records[1] - tile->start;
        uint32_t s2 = records[2] - tile->start, s3 = records[3] - tile->start;
        for (const uint8_t *patch = tile->patch; patch < tile->end; patch += 4) {
            for (int32_t tap = 0; tap < 4; ++tap) { /* unrolled by compilers */
                const uint32_t x = patch[tap];
                s0 += x * weights[4 * tap];
                s1 += x * weights[4 * tap + 1];
                s2 += x * weights[4 * tap + 2];
                s3 += x * weights[4 * tap + 3];
            }
            weights += 4 * NN_TILE_FILTERS;
        }
        output[0] = nn_tile_output(records, three, 0, s0);
        output[1] = nn_tile_output(records, three, 1, s1);
        output[2] = nn_tile_output(records, three, 2, s2);
        output[3] = nn_tile_output(records, three, 3, s3);
        output += NN_TILE_FILTERS;
    }
}

#endif

#endif /* NN_TILE_H */
