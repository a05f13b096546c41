/* SPDX-License-Identifier: Apache-2.0
 *
 * The inner loop of nn_depthwise_conv2d_pairs_dsp_s8: four neighbouring channels of one position.
 *
 * A step is a pair of taps. Of both, the bytes of four channels are a word, whose halves SXTB16,
 * PKHBT and PKHTB rearrange into four words of two taps of one channel; each meets its weights in a
 * SMLAD.
 *
 * Records of a tile: the biases of its channels, then {2m, n, k} of each, see nn_records.h.
 */
#ifndef NN_DEPTHWISE_PAIRS_DSP_CORE_H
#define NN_DEPTHWISE_PAIRS_DSP_CORE_H

#include "nn_records.h"

/* Words, as the assembly copies them. */
typedef struct {
    const int8_t *input; /* the first channel of the first tap */
    const int32_t *taps; /* from there to both taps of each pair */
    const int32_t *taps_end;
    const uint32_t *weights;
    const int32_t *records;
    int8_t *output;
    int32_t tiles; /* of four channels, >= 1 */
} nn_depthwise_tiles;

#if NN_ASM

/* r0: input. r1, lr: taps and their end. r2: weights. r3 to r6: sums. r7: records. On the stack
 * lies a copy of the struct. */
/* clang-format off */
#define NN_FINISH_TILE_UP(sum) \
    "ldm.w r7!, {r8, r9, r10}\n" \
    "smmlar " sum ", " sum ", r8, " sum "\n" \
    "add.w " sum ", " sum ", r10\n" \
    "asr.w " sum ", " sum ", r9\n" \
    "ssat " sum ", #8, " sum "\n" \
    "strb " sum ", [r11], #1\n"

#define NN_FINISH_TILE_AWAY(sum) \
    "ldm.w r7!, {r8, r9, r10}\n" \
    "smmlar " sum ", " sum ", r8, " sum "\n" \
    "add.w " sum ", " sum ", " sum ", asr #31\n" \
    "add.w " sum ", " sum ", r10\n" \
    "asr.w " sum ", " sum ", r9\n" \
    "ssat " sum ", #8, " sum "\n" \
    "strb " sum ", [r11], #1\n"

#define NN_TILES_OF_PAIRS(FINISH) \
    ".syntax unified\n" \
    "push {r4-r11, lr}\n" \
    "sub sp, #28\n" \
    "ldm.w r0, {r1-r7}\n" \
    "stm.w sp, {r1-r7}\n" \
    "mov r2, r4\n" \
    "mov r7, r5\n" \
    "1:\n" \
    "ldm.w r7!, {r3-r6}\n" \
    "str r7, [sp, #16]\n" \
    "ldrd r0, r1, [sp]\n" \
    "ldr.w lr, [sp, #8]\n" \
    "2:\n" \
    "ldrd r7, r8, [r1], #8\n" \
    "ldr r7, [r0, r7]\n" \
    "ldr.w r8, [r0, r8]\n" \
    "sxtb16 r9, r7\n" \
    "sxtb16 r7, r7, ror #8\n" \
    "sxtb16 r10, r8\n" \
    "sxtb16 r8, r8, ror #8\n" \
    "pkhbt r11, r9, r10, lsl #16\n" \
    "pkhtb r9, r10, r9, asr #16\n" \
    "pkhbt r10, r7, r8, lsl #16\n" \
    "pkhtb r7, r8, r7, asr #16\n" \
    "ldrd r8, r12, [r2], #8\n" \
    "smlad r3, r11, r8, r3\n" \
    "smlad r4, r10, r12, r4\n" \
    "ldrd r8, r12, [r2], #8\n" \
    "smlad r5, r9, r8, r5\n" \
    "smlad r6, r7, r12, r6\n" \
    "cmp r1, lr\n" \
    "bne 2b\n" \
    "ldr r7, [sp, #16]\n" \
    "ldr.w r11, [sp, #20]\n" \
    FINISH("r3") \
    FINISH("r4") \
    FINISH("r5") \
    FINISH("r6") \
    "str.w r11, [sp, #20]\n" \
    "adds r0, #4\n" \
    "str r0, [sp]\n" \
    "ldr.w r8, [sp, #24]\n" \
    "subs.w r8, r8, #1\n" \
    "str.w r8, [sp, #24]\n" \
    "bne.w 1b\n" \
    "add sp, #28\n" \
    "pop {r4-r11, pc}\n"
/* clang-format on */

#define NN_DEPTHWISE_TILES(name, FINISH)                                                           \
    NN_ASM_FUNCTION static void nn_depthwise_tiles_##name(                                         \
        const nn_depthwise_tiles *tiles NN_ASM_UNUSED) {                                           \
        __asm__(NN_TILES_OF_PAIRS(FINISH));                                                        \
    }

NN_DEPTHWISE_TILES(up, NN_FINISH_TILE_UP)
NN_DEPTHWISE_TILES(away, NN_FINISH_TILE_AWAY)

#else

static inline void nn_depthwise_tiles_of(const nn_depthwise_tiles *tiles, int32_t away) {
    const int8_t *input = tiles->input;
    const uint32_t *w = tiles->weights;
    const int32_t *records = tiles->records;
    int8_t *output = tiles->output;
    for (int32_t tile = 0; tile < tiles->tiles; ++tile, input += 4, output += 4) {
        int32_t sums[4] = {records[0], records[1], records[2], records[3]};
        for (const int32_t *tap = tiles->taps; tap < tiles->taps_end; tap += 2, w += 4) {
            const uint32_t first = nn_load_word(input + tap[0]);
            const uint32_t second = nn_load_word(input + tap[1]);
            const uint32_t even1 = nn_sxtb16(first), even2 = nn_sxtb16(second);
            const uint32_t odd1 = nn_sxtb16_ror8(first), odd2 = nn_sxtb16_ror8(second);
            sums[0] = nn_smlad(nn_pkhbt(even1, even2), w[0], sums[0]);
            sums[1] = nn_smlad(nn_pkhbt(odd1, odd2), w[1], sums[1]);
            sums[2] = nn_smlad(nn_pkhtb(even2, even1), w[2], sums[2]);
            sums[3] = nn_smlad(nn_pkhtb(odd2, odd1), w[3], sums[3]);
        }
        records += 4;
        for (int32_t i = 0; i < 4; ++i, records += NN_RECORD_WORDS) {
            output[i] = nn_record_output(records, sums[i], away);
        }
    }
}

static void nn_depthwise_tiles_up(const nn_depthwise_tiles *tiles) {
    nn_depthwise_tiles_of(tiles, 0);
}

static void nn_depthwise_tiles_away(const nn_depthwise_tiles *tiles) {
    nn_depthwise_tiles_of(tiles, -1);
}

#endif

#endif /* NN_DEPTHWISE_PAIRS_DSP_CORE_H */
