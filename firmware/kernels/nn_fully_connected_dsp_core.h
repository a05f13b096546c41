/* SPDX-License-Identifier: Apache-2.0
 *
 * The inner loop of nn_fully_connected_dsp_s8: a row of inputs with four filters.
 *
 * Weights, records and sums are those of nn_conv2d_dsp_core.h. A block is four inputs, in the order
 * in which SXTB16 takes bytes: two steps. The inputs are int8 as they lie in memory, or lanes of
 * int16 that were made of them before.
 */
#ifndef NN_FULLY_CONNECTED_DSP_CORE_H
#define NN_FULLY_CONNECTED_DSP_CORE_H

#include "nn_records.h"

typedef struct {
    const void *row;
    const uint32_t *weights;
    const int32_t *records;
    int8_t *output;
    int32_t tiles;  /* of four filters, >= 1 */
    int32_t blocks; /* of a row, >= 1 */
    int32_t away;   /* -1 where ties are rounded away from zero, else 0 */
} nn_fully_connected_dsp_tiles;

#if NN_ASM

/* The lanes of a block in r2 and r3. */
#define NN_BYTES_OF_BLOCK "ldr r3, [r0], #4\nsxtb16 r2, r3\nsxtb16 r3, r3, ror #8\n"
#define NN_LANES_OF_BLOCK "ldrd r2, r3, [r0], #8\n"

/* r4 and r5, r6 and r7: weights of both steps. r8: sum of filter 0, r9: of 0 and 1; r10, r11: of 2
 * and 3. With the load a block is 64 or 56 bytes of code. */
#define NN_BLOCK_1X4(LOAD)                                                                         \
    LOAD "ldm.w r1!, {r4-r7}\n"                                                                    \
         "smlad r9, r4, r2, r9\n"                                                                  \
         "sxtb16 r4, r4\n"                                                                         \
         "smlad r11, r5, r2, r11\n"                                                                \
         "sxtb16 r5, r5\n"                                                                         \
         "smlad r8, r4, r2, r8\n"                                                                  \
         "smlad r10, r5, r2, r10\n"                                                                \
         "smlad r9, r6, r3, r9\n"                                                                  \
         "sxtb16 r6, r6\n"                                                                         \
         "smlad r11, r7, r3, r11\n"                                                                \
         "sxtb16 r7, r7\n"                                                                         \
         "smlad r8, r6, r3, r8\n"                                                                  \
         "smlad r10, r7, r3, r10\n"

/* Outputs at r3 of {m, n, k} at r2, with `away` in r7. */
#define NN_FINISH_1X1(x, with_k)                                                                   \
    "ldm r2!, {r4, r5, r6}\n"                                                                      \
    "and.w r12, r7, " x ", asr #31\n"                                                              \
    "add.w r12, r12, r6\n" with_k "asr.w " x ", " x ", r5\n"                                       \
    "ssat " x ", #8, " x "\n"                                                                      \
    "strb " x ", [r3], #1\n"
#define NN_FINISH_1X2(even, both)                                                                  \
    "sub.w " both ", " both ", " even "\n"                                                         \
    "asr.w " both ", " both ", #7\n" NN_FINISH_1X1(even, "smmlar " even ", " even ", r4, " even    \
                                                         "\nadd.w " even ", " even ", r12\n")      \
        NN_FINISH_1X1(both, "smmlar " both ", " both ", r4, r12\n")

/* On the stack: [0] end of the row, [4] row, [8] records, [12] output, [16] tiles, [20] where the
 * blocks begin, [24] away. The eight blocks of the loop begin in their midst where `blocks` is no
 * multiple of eight; OFFSET makes of the number to skip in r6 eighths of bytes of code. */
#define NN_CORE_1X4(LOAD, ROW_SHIFT, OFFSET)                                                       \
    ".syntax unified\n"                                                                            \
    "push {r4-r11, lr}\n"                                                                          \
    "sub sp, #28\n"                                                                                \
    "ldm r0, {r1-r7}\n"                                                                            \
    "add.w r12, r1, r6, lsl #" ROW_SHIFT "\n"                                                      \
    "strd r12, r1, [sp]\n"                                                                         \
    "strd r3, r4, [sp, #8]\n"                                                                      \
    "rsb.w r6, r6, #0\n"                                                                           \
    "and.w r6, r6, #7\n" OFFSET "adr.w r12, 2f\n"                                                  \
    "add.w r6, r12, r6, lsl #3\n"                                                                  \
    "orr.w r6, r6, #1\n"                                                                           \
    "strd r5, r6, [sp, #16]\n"                                                                     \
    "str r7, [sp, #24]\n"                                                                          \
    "mov r1, r2\n"                                                                                 \
    "1:\n"                                                                                         \
    "ldrd r0, r2, [sp, #4]\n"                                                                      \
    "ldm.w r2, {r8-r11}\n"                                                                         \
    "ldr.w pc, [sp, #20]\n"                                                                        \
    ".p2align 2\n"                                                                                 \
    "2:\n" NN_BLOCK_1X4(LOAD) NN_BLOCK_1X4(LOAD) NN_BLOCK_1X4(LOAD) NN_BLOCK_1X4(LOAD)             \
        NN_BLOCK_1X4(LOAD) NN_BLOCK_1X4(LOAD) NN_BLOCK_1X4(LOAD)                                   \
            NN_BLOCK_1X4(LOAD) "ldr r2, [sp]\n"                                                    \
                               "cmp r0, r2\n"                                                      \
                               "bne.w 2b\n"                                                        \
                               "ldrd r2, r3, [sp, #8]\n"                                           \
                               "ldr r7, [sp, #24]\n"                                               \
                               "adds r2, #16\n" NN_FINISH_1X2("r8", "r9")                          \
                                   NN_FINISH_1X2("r10", "r11") "strd r2, r3, [sp, #8]\n"           \
                                                               "ldr r2, [sp, #16]\n"               \
                                                               "subs r2, #1\n"                     \
                                                               "str r2, [sp, #16]\n"               \
                                                               "bne.w 1b\n"                        \
                                                               "add sp, #28\n"                     \
                                                               "pop {r4-r11, pc}\n"

__attribute__((naked, noinline, unused)) static void
nn_fully_connected_dsp_1x4_bytes(const nn_fully_connected_dsp_tiles *tiles
                                 __attribute__((unused))) {
    __asm__(NN_CORE_1X4(NN_BYTES_OF_BLOCK, "2", "lsl.w r6, r6, #3\n"));
}

__attribute__((naked, noinline, unused)) static void
nn_fully_connected_dsp_1x4_lanes(const nn_fully_connected_dsp_tiles *tiles
                                 __attribute__((unused))) {
    __asm__(NN_CORE_1X4(NN_LANES_OF_BLOCK, "3", "rsb.w r6, r6, r6, lsl #3\n"));
}

#else

/* Both lanes of a block. */
typedef void (*nn_block_loader)(const void *row, int32_t block, uint32_t lanes[2]);

static inline void nn_bytes_of_block(const void *row, int32_t block, uint32_t lanes[2]) {
    const uint32_t word = nn_load_word((const int8_t *)row + 4 * block);
    lanes[0] = nn_sxtb16(word);
    lanes[1] = nn_sxtb16_ror8(word);
}

static inline void nn_lanes_of_block(const void *row, int32_t block, uint32_t lanes[2]) {
    lanes[0] = ((const uint32_t *)row)[2 * block];
    lanes[1] = ((const uint32_t *)row)[2 * block + 1];
}

/* Two of a tile's filters: `weights` is their word of the first step, of every two. */
static inline void nn_fully_connected_dsp_1x2(const nn_fully_connected_dsp_tiles *tiles,
                                              nn_block_loader load, const uint32_t *weights,
                                              const int32_t *begin, const int32_t *record,
                                              int8_t *output) {
    int32_t even = begin[0];
    uint32_t both = (uint32_t)begin[1];
    for (int32_t block = 0; block < tiles->blocks; ++block, weights += 4) {
        uint32_t lanes[2];
        load(tiles->row, block, lanes);
        for (int32_t step = 0; step < 2; ++step) {
            const uint32_t word = weights[2 * step];
            even = nn_smlad(nn_sxtb16(word), lanes[step], even);
            both = (uint32_t)nn_smlad(word, lanes[step], (int32_t)both);
        }
    }
    nn_record_outputs_of_pair(record, even, (int32_t)both, tiles->away, output);
}

static inline void nn_fully_connected_dsp_1x4(const nn_fully_connected_dsp_tiles *tiles,
                                              nn_block_loader load) {
    const uint32_t *weights = tiles->weights;
    const int32_t *records = tiles->records;
    for (int32_t tile = 0; tile < tiles->tiles; ++tile) {
        for (int32_t pair = 0; pair < 2; ++pair) {
            nn_fully_connected_dsp_1x2(tiles, load, weights + pair, records + 2 * pair,
                                       records + 4 + 2 * pair * NN_RECORD_WORDS,
                                       tiles->output + 4 * tile + 2 * pair);
        }
        weights += 4 * tiles->blocks;
        records += 4 * NN_CHANNEL_WORDS;
    }
}

static inline void nn_fully_connected_dsp_1x4_bytes(const nn_fully_connected_dsp_tiles *tiles) {
    nn_fully_connected_dsp_1x4(tiles, nn_bytes_of_block);
}

static inline void nn_fully_connected_dsp_1x4_lanes(const nn_fully_connected_dsp_tiles *tiles) {
    nn_fully_connected_dsp_1x4(tiles, nn_lanes_of_block);
}

#endif

#endif /* NN_FULLY_CONNECTED_DSP_CORE_H */
