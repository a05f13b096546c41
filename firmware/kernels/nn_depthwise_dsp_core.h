/* SPDX-License-Identifier: Apache-2.0
 *
 * The inner loops of nn_depthwise_conv2d_dsp_s8: a row of the output, channel by channel. Where
 * NN_GAPS is defined they leave a gap after every pixel, for two more instructions an output.
 *
 * A channel's filter of 3x3 slides along the row. A column of the input, three bytes, is loaded
 * once: the first two as the halves of a word, for SMLAD. It is the last column of one output, the
 * middle one of the next and the first of the one after: of these, two sums are kept, as the first
 * is stored before the last begins. With a stride of 2 one sum is enough.
 *
 * A channel's record is eight words, in the order of the registers:
 *
 *   three pairs of weights    rows 0 (low) and 1 of columns 0, 1, 2
 *   w20 | w21 << 16           row 2
 *   input_channels | w22 << 16
 *   bias
 *   m, k                      how sums x, to which the weights' scale belongs, become outputs:
 *     _up     clamp((k + floor(x * m / 2^32)) >> 12)
 *     _away   round(round(x * m / 2^32) / 2^(k & 255)) + (k >> 8), clamped; ties away from zero
 *
 * A column that lies beyond the input has the value of the zero point. A row that does is not read:
 * what it adds goes into the bias, and the rows that are left become a pair.
 */
#ifndef NN_DEPTHWISE_DSP_CORE_H
#define NN_DEPTHWISE_DSP_CORE_H

#include "nn_dsp.h"

enum {
    NN_DEPTHWISE_WORDS = 8, /* of a channel's record */
    NN_DEPTHWISE_SHIFT = 12,
    NN_PADDED_LEFT = 1, /* column 0 of the first output lies beyond the input, */
    NN_PADDED_RIGHT = 2 /* column 2 of the last one does */
};

/* Which rows of the filter lie within the input. */
enum { NN_ROWS_1_2, NN_ROWS_0_1, NN_ROW_1, NN_ROWS_0_1_2 };

/* Words, as the assembly copies them. */
typedef struct {
    const int32_t *records;
    const int8_t *input; /* the first column, in the first of the rows that are read */
    const int8_t *end;   /* where the columns of the loop end, less 1 */
    int8_t *output;
    const int32_t *records_end;
    int32_t pitch;        /* bytes from row to row; 0 where there is one only */
    uint32_t zero_points; /* that of the input, in both halves */
    int32_t bias;         /* of the channel at hand */
    int32_t count;        /* of outputs of the loop: all but the one that is padded right */
    int32_t padded;
    int32_t rows;
    int32_t distance; /* stride 1: from the next column to the output that is stored before it */
    int32_t gap;      /* bytes after a pixel of the output */
} nn_depthwise_row;

#if NN_ASM

/* r0: the next column. r2, r3: a column. r4, r5: sums. r6 to r10: weights. r12: m. lr: k.
 *
 * Stride 1: r1 is the distance from r0 to the output that is stored next, r11 the pitch; the bias
 * lies on the stack, with two rows in r9. Stride 2: r1 is the output, r5 the pitch, r11 the bias.
 *
 * On the stack lies a copy of the struct. */
/* clang-format off */
#ifdef NN_GAPS
#define NN_LAST_WORDS "{r5-r9}"
#define NN_LEAVE_GAP \
    "ldr r3, [sp, #48]\n" \
    "add.w r1, r1, r3\n"
#else
#define NN_LAST_WORDS "{r5-r8}"
#define NN_LEAVE_GAP
#endif

#define NN_NEXT_COLUMN(pitch) \
    "ldrsb.w r2, [r0]\n" \
    "ldrsb.w r3, [r0, " pitch "]\n" \
    "pkhbt r2, r2, r3, lsl #16\n"
#define NN_COLUMN_3(pitch) \
    NN_NEXT_COLUMN(pitch) \
    "ldrsb.w r3, [r0, " pitch ", lsl #1]\n" \
    "uxtah r0, r0, r10\n"
#define NN_COLUMN_2(pitch) \
    NN_NEXT_COLUMN(pitch) \
    "uxtah r0, r0, r10\n"

/* sum = from + column 0, 1 or 2 of the filter times the column in r2 and `third`. */
#define NN_FIRST_3(sum, from, third) \
    "smlad " sum ", r2, r6, " from "\n" \
    "smlabb " sum ", " third ", r9, " sum "\n"
#define NN_MIDDLE_3(sum, third) \
    "smlad " sum ", r2, r7, " sum "\n" \
    "smlabt " sum ", " third ", r9, " sum "\n"
#define NN_LAST_3(sum, third) \
    "smlad " sum ", r2, r8, " sum "\n" \
    "smlabt " sum ", " third ", r10, " sum "\n"
#define NN_FIRST_2(sum, from, third) "smlad " sum ", r2, r6, " from "\n"
#define NN_MIDDLE_2(sum, third) "smlad " sum ", r2, r7, " sum "\n"
#define NN_LAST_2(sum, third) "smlad " sum ", r2, r8, " sum "\n"

#define NN_FINISH_UP(sum) \
    "smmla " sum ", " sum ", r12, lr\n" \
    "ssat " sum ", #8, " sum ", asr #12\n"
#define NN_FINISH_AWAY(sum) \
    "smmulr " sum ", " sum ", r12\n" \
    "add.w " sum ", " sum ", " sum ", asr #31\n" \
    "asrs.w " sum ", " sum ", lr\n" \
    "adc.w " sum ", " sum ", lr, asr #8\n" \
    "ssat " sum ", #8, " sum "\n"

/* Begins a sum at the bias, with the column in r2 and r3. */
#define NN_BEGIN_3(sum) \
    "ldr.w " sum ", [sp, #28]\n" \
    NN_FIRST_3(sum, sum, "r3")
#define NN_BEGIN_2(sum) NN_FIRST_2(sum, "r9", "r3")

/* The next channel: its record, and its first column in r0. Rows are rearranged by ROWS. */
#define NN_CHANNEL(ROWS) \
    ".syntax unified\n" \
    "push {r4-r11, lr}\n" \
    "sub sp, #52\n" \
    "ldm r0!, {r1-r8}\n" \
    "stm.w sp, {r1-r8}\n" \
    "ldm.w r0, " NN_LAST_WORDS "\n" \
    "add r4, sp, #32\n" \
    "stm.w r4, " NN_LAST_WORDS "\n" \
    "mov r3, r1\n" \
    "1:\n" \
    "ldm.w r3!, {r6-r12, lr}\n" \
    "str r3, [sp]\n" \
    "ldrd r0, r3, [sp, #4]\n" \
    "adds r2, r0, #1\n" \
    "adds r3, #1\n" \
    "strd r2, r3, [sp, #4]\n" \
    "ldr r2, [sp, #24]\n" \
    ROWS

/* Pairs of rows 1 and 2, or of rows 0 and 1, or of row 1 and nothing. */
#define NN_ROWS_TWO \
    "ldr r3, [sp, #40]\n" \
    "cmp r3, #1\n" \
    "beq.w 2f\n" \
    "smlabb r11, r2, r6, r11\n" \
    "smlabb r11, r2, r7, r11\n" \
    "smlabb r11, r2, r8, r11\n" \
    "lsr.w r6, r6, #16\n" \
    "pkhbt r6, r6, r9, lsl #16\n" \
    "pkhtb r7, r9, r7, asr #16\n" \
    "pkhtb r8, r10, r8, asr #16\n" \
    "blt.w 3f\n" \
    "smlabt r11, r2, r6, r11\n" \
    "smlabt r11, r2, r7, r11\n" \
    "smlabt r11, r2, r8, r11\n" \
    "uxth r6, r6\n" \
    "uxth r7, r7\n" \
    "uxth.w r8, r8\n" \
    "b 3f\n" \
    "2:\n" \
    "smlabb r11, r2, r9, r11\n" \
    "smlabt r11, r2, r9, r11\n" \
    "smlabt r11, r2, r10, r11\n" \
    "3:\n"

#define NN_CHANNEL_END \
    "ldr r3, [sp]\n" \
    "ldr r2, [sp, #16]\n" \
    "cmp r3, r2\n" \
    "bne.w 1b\n" \
    "add sp, #52\n" \
    "pop {r4-r11, pc}\n"

/* One output of stride 1: `sum` ends, `next` goes on, and the one after begins in `sum`. */
#define NN_STEP_STRIDE_1(R, FINISH, sum, next) \
    NN_COLUMN_##R("r11") \
    NN_LAST_##R(sum, "r3") \
    FINISH(sum) \
    "strb.w " sum ", [r0, r1]\n" \
    NN_MIDDLE_##R(next, "r3") \
    NN_BEGIN_##R(sum) \
    NN_LEAVE_GAP

/* Four outputs a turn; the first turn begins in its midst where their number is no multiple. */
#define NN_ROW_STRIDE_1(R, ROWS, KEEP_BIAS, FINISH) \
    NN_CHANNEL(ROWS) \
    KEEP_BIAS \
    "ldr r1, [sp, #44]\n" \
    "ldr r3, [sp, #36]\n" \
    "lsls r3, r3, #31\n" \
    "mov r4, r11\n" \
    "ldr.w r11, [sp, #20]\n" \
    "beq.w 4f\n" \
    NN_FIRST_##R("r4", "r4", "r2") \
    "b 5f\n" \
    "4:\n" \
    NN_COLUMN_##R("r11") \
    NN_FIRST_##R("r4", "r4", "r3") \
    "5:\n" \
    NN_COLUMN_##R("r11") \
    NN_MIDDLE_##R("r4", "r3") \
    NN_BEGIN_##R("r5") \
    "ldr r3, [sp, #32]\n" \
    "ands r2, r3, #2\n" \
    "lsls r3, r3, #31\n" \
    "bne.w 6f\n" \
    "cmp r2, #0\n" \
    "beq.w 9f\n" \
    "b.w 8f\n" \
    "6:\n" \
    "mov r3, r4\n" \
    "mov r4, r5\n" \
    "mov r5, r3\n" \
    "cmp r2, #0\n" \
    "beq.w 10f\n" \
    "b.w 11f\n" \
    "7:\n" \
    NN_STEP_STRIDE_1(R, FINISH, "r4", "r5") \
    "11:\n" \
    NN_STEP_STRIDE_1(R, FINISH, "r5", "r4") \
    "8:\n" \
    NN_STEP_STRIDE_1(R, FINISH, "r4", "r5") \
    "10:\n" \
    NN_STEP_STRIDE_1(R, FINISH, "r5", "r4") \
    "9:\n" \
    "ldr r3, [sp, #8]\n" \
    "cmp r0, r3\n" \
    "bne.w 7b\n" \
    "ldr r3, [sp, #36]\n" \
    "lsls r3, r3, #30\n" \
    "bpl.w 12f\n" \
    "ldr r2, [sp, #24]\n" \
    "uxtah r0, r0, r10\n" \
    NN_LAST_##R("r4", "r2") \
    FINISH("r4") \
    "strb.w r4, [r0, r1]\n" \
    "12:\n" \
    NN_CHANNEL_END

/* One output of stride 2. */
#define NN_STEP_STRIDE_2(R, FINISH) \
    NN_COLUMN_##R("r5") \
    NN_MIDDLE_##R("r4", "r3") \
    NN_COLUMN_##R("r5") \
    NN_LAST_##R("r4", "r3") \
    FINISH("r4") \
    "strb.w r4, [r1]\n" \
    "uxtah r1, r1, r10\n" \
    NN_FIRST_##R("r4", "r11", "r3") \
    NN_LEAVE_GAP

#define NN_ROW_STRIDE_2(R, ROWS, FINISH) \
    NN_CHANNEL(ROWS) \
    "ldr r1, [sp, #12]\n" \
    "adds r3, r1, #1\n" \
    "str r3, [sp, #12]\n" \
    "ldr r5, [sp, #20]\n" \
    "ldr r3, [sp, #36]\n" \
    "lsls r3, r3, #31\n" \
    "beq.w 4f\n" \
    NN_FIRST_##R("r4", "r11", "r2") \
    "b 5f\n" \
    "4:\n" \
    NN_COLUMN_##R("r5") \
    NN_FIRST_##R("r4", "r11", "r3") \
    "5:\n" \
    "ldr r3, [sp, #32]\n" \
    "lsls r3, r3, #31\n" \
    "beq.w 8f\n" \
    "b 7f\n" \
    "6:\n" \
    NN_STEP_STRIDE_2(R, FINISH) \
    "7:\n" \
    NN_STEP_STRIDE_2(R, FINISH) \
    "8:\n" \
    "ldr r3, [sp, #8]\n" \
    "cmp r0, r3\n" \
    "bne.w 6b\n" \
    "ldr r3, [sp, #36]\n" \
    "lsls r3, r3, #30\n" \
    "bpl.w 9f\n" \
    NN_COLUMN_##R("r5") \
    NN_MIDDLE_##R("r4", "r3") \
    "ldr r2, [sp, #24]\n" \
    NN_LAST_##R("r4", "r2") \
    FINISH("r4") \
    "strb.w r4, [r1]\n" \
    "9:\n" \
    NN_CHANNEL_END
/* clang-format on */

#define NN_DEPTHWISE_ROW(name, text)                                                               \
    NN_ASM_FUNCTION static void nn_depthwise_##name(const nn_depthwise_row *row NN_ASM_UNUSED) {   \
        __asm__(text);                                                                             \
    }

#define NN_BIAS_ON_STACK "str.w r11, [sp, #28]\n"
#define NN_BIAS_IN_R9 "mov r9, r11\n"

NN_DEPTHWISE_ROW(1x3_up, NN_ROW_STRIDE_1(3, "", NN_BIAS_ON_STACK, NN_FINISH_UP))
NN_DEPTHWISE_ROW(1x2_up, NN_ROW_STRIDE_1(2, NN_ROWS_TWO, NN_BIAS_IN_R9, NN_FINISH_UP))
NN_DEPTHWISE_ROW(2x3_up, NN_ROW_STRIDE_2(3, "", NN_FINISH_UP))
NN_DEPTHWISE_ROW(2x2_up, NN_ROW_STRIDE_2(2, NN_ROWS_TWO, NN_FINISH_UP))
NN_DEPTHWISE_ROW(1x3_away, NN_ROW_STRIDE_1(3, "", NN_BIAS_ON_STACK, NN_FINISH_AWAY))
NN_DEPTHWISE_ROW(1x2_away, NN_ROW_STRIDE_1(2, NN_ROWS_TWO, NN_BIAS_IN_R9, NN_FINISH_AWAY))
NN_DEPTHWISE_ROW(2x3_away, NN_ROW_STRIDE_2(3, "", NN_FINISH_AWAY))
NN_DEPTHWISE_ROW(2x2_away, NN_ROW_STRIDE_2(2, NN_ROWS_TWO, NN_FINISH_AWAY))

#else

/* The filter of a channel, as its record has it, or with what two rows make of it. */
typedef struct {
    uint32_t pairs[3];
    uint32_t thirds[3]; /* in the low half */
    int32_t bias;
    int32_t m;
    int32_t k;
} nn_depthwise_filter;

static inline nn_depthwise_filter nn_depthwise_filter_of(const nn_depthwise_row *row,
                                                         const int32_t *record) {
    const uint32_t thirds = (uint32_t)record[3], z = row->zero_points;
    nn_depthwise_filter f = {
        {(uint32_t)record[0], (uint32_t)record[1], (uint32_t)record[2]},
        {thirds, thirds >> 16, (uint32_t)record[4] >> 16},
        record[5],
        record[6],
        record[7],
    };
    for (int32_t i = 0; i < 3 && row->rows != NN_ROWS_0_1_2; ++i) {
        if (row->rows == NN_ROWS_0_1) {
            f.bias = nn_smlabb(z, f.thirds[i], f.bias);
        } else {
            f.bias = nn_smlabb(z, f.pairs[i], f.bias);
            f.pairs[i] = nn_pkhbt(f.pairs[i] >> 16, f.thirds[i]);
        }
        if (row->rows == NN_ROW_1) {
            f.bias = nn_smlabb(z, f.pairs[i] >> 16, f.bias);
            f.pairs[i] &= 0xFFFFu;
        }
        f.thirds[i] = 0;
    }
    return f;
}

typedef struct {
    uint32_t pair;
    uint32_t third;
} nn_depthwise_column;

static inline nn_depthwise_column nn_depthwise_load(const nn_depthwise_row *row,
                                                    const int8_t *input) {
    const nn_depthwise_column column = {
        nn_pkhbt((uint32_t)input[0], (uint32_t)input[row->pitch]),
        row->rows == NN_ROWS_0_1_2 ? (uint32_t)input[2 * row->pitch] : 0,
    };
    return column;
}

static inline int32_t nn_depthwise_add(const nn_depthwise_filter *f, int32_t i,
                                       nn_depthwise_column column, int32_t sum) {
    return nn_smlabb(column.third, f->thirds[i], nn_smlad(column.pair, f->pairs[i], sum));
}

static inline int8_t nn_depthwise_finish(const nn_depthwise_filter *f, int32_t sum, int32_t away) {
    int32_t x;
    if (away) {
        const int32_t shift = f->k & 255;
        x = nn_smmlar(sum, f->m, 0);
        x += x >> 31;
        x = (x >> shift) + ((x >> (shift - 1)) & 1) + (f->k >> 8);
    } else {
        x = nn_smmla(sum, f->m, f->k) >> NN_DEPTHWISE_SHIFT;
    }
    return (int8_t)nn_ssat8(x);
}

static inline void nn_depthwise_stride_1(const nn_depthwise_row *row, int32_t away) {
    const nn_depthwise_column beyond = {row->zero_points, row->zero_points};
    const int32_t channels = row->records[4] & 0xFFFF, step = channels + row->gap;
    const int8_t *first = row->input;
    int8_t *output = row->output;
    for (const int32_t *r = row->records; r < row->records_end; r += NN_DEPTHWISE_WORDS) {
        const nn_depthwise_filter f = nn_depthwise_filter_of(row, r);
        const int8_t *input = first++;
        int8_t *target = output++;
        nn_depthwise_column column = beyond;
        if ((row->padded & NN_PADDED_LEFT) == 0) {
            column = nn_depthwise_load(row, input);
            input += channels;
        }
        int32_t sum = nn_depthwise_add(&f, 0, column, f.bias);
        column = nn_depthwise_load(row, input);
        sum = nn_depthwise_add(&f, 1, column, sum);
        int32_t next = nn_depthwise_add(&f, 0, column, f.bias);
        for (int32_t i = 0; i < row->count; ++i, target += step) {
            input += channels;
            column = nn_depthwise_load(row, input);
            *target = nn_depthwise_finish(&f, nn_depthwise_add(&f, 2, column, sum), away);
            sum = nn_depthwise_add(&f, 1, column, next);
            next = nn_depthwise_add(&f, 0, column, f.bias);
        }
        if ((row->padded & NN_PADDED_RIGHT) != 0) {
            *target = nn_depthwise_finish(&f, nn_depthwise_add(&f, 2, beyond, sum), away);
        }
    }
}

static inline void nn_depthwise_stride_2(const nn_depthwise_row *row, int32_t away) {
    const nn_depthwise_column beyond = {row->zero_points, row->zero_points};
    const int32_t channels = row->records[4] & 0xFFFF, step = channels + row->gap;
    const int8_t *first = row->input;
    int8_t *output = row->output;
    for (const int32_t *r = row->records; r < row->records_end; r += NN_DEPTHWISE_WORDS) {
        const nn_depthwise_filter f = nn_depthwise_filter_of(row, r);
        const int8_t *input = first++;
        int8_t *target = output++;
        nn_depthwise_column column = beyond;
        if ((row->padded & NN_PADDED_LEFT) == 0) {
            column = nn_depthwise_load(row, input);
            input += channels;
        }
        int32_t sum = nn_depthwise_add(&f, 0, column, f.bias);
        for (int32_t i = 0; i < row->count; ++i, target += step, input += 2 * channels) {
            sum = nn_depthwise_add(&f, 1, nn_depthwise_load(row, input), sum);
            column = nn_depthwise_load(row, input + channels);
            *target = nn_depthwise_finish(&f, nn_depthwise_add(&f, 2, column, sum), away);
            sum = nn_depthwise_add(&f, 0, column, f.bias);
        }
        if ((row->padded & NN_PADDED_RIGHT) != 0) {
            sum = nn_depthwise_add(&f, 1, nn_depthwise_load(row, input), sum);
            *target = nn_depthwise_finish(&f, nn_depthwise_add(&f, 2, beyond, sum), away);
        }
    }
}

#define NN_DEPTHWISE_ROW(name, stride, away)                                                       \
    static void nn_depthwise_##name(const nn_depthwise_row *row) {                                 \
        nn_depthwise_stride_##stride(row, away);                                                   \
    }

NN_DEPTHWISE_ROW(1x3_up, 1, 0)
NN_DEPTHWISE_ROW(1x2_up, 1, 0)
NN_DEPTHWISE_ROW(2x3_up, 2, 0)
NN_DEPTHWISE_ROW(2x2_up, 2, 0)
NN_DEPTHWISE_ROW(1x3_away, 1, 1)
NN_DEPTHWISE_ROW(1x2_away, 1, 1)
NN_DEPTHWISE_ROW(2x3_away, 2, 1)
NN_DEPTHWISE_ROW(2x2_away, 2, 1)

#endif

#endif /* NN_DEPTHWISE_DSP_CORE_H */
