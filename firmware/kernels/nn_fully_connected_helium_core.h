/* SPDX-License-Identifier: Apache-2.0
 *
 * The inner loops of fully_connected_helium_s8: a row with eight filters at a time, in assembly,
 * with the intrinsics of Helium for compilers that take no such assembly, and in C for other
 * machines. The chunk that may be cut off, the row's last, comes first.
 */
#ifndef NN_FULLY_CONNECTED_HELIUM_CORE_H
#define NN_FULLY_CONNECTED_HELIUM_CORE_H

#include "nn_helium.h"

/* What the loops take. The assembly knows the order of the members. */
typedef struct {
    const int8_t *row;
    const int8_t *last;  /* its last chunk, of which there are `last_taps` */
    int32_t last_taps;   /* 1 ... 16 */
    int32_t more_chunks; /* besides the last */
    const int8_t *weights;
    int32_t group_bytes; /* of four filters */
    int8_t *output;
    int32_t channels; /* >= 1 */
    nn_helium_stage stage;
} nn_helium_row;

#if NN_MVE && NN_ASM

/* clang-format off */

/* The chunk in q0 with four filters (r5) and four more (r3): 128 products. */
#define NN_HELIUM_EIGHT(vmladav) \
    "    vldrb.8 q2, [r5], #16        \n" \
    "    " vmladav " r0, q2, q0           \n" \
    "    vldrb.8 q3, [r3], #16        \n" \
    "    " vmladav " r8, q3, q0           \n" \
    "    vldrb.8 q2, [r5], #16        \n" \
    "    " vmladav " r2, q2, q0           \n" \
    "    vldrb.8 q3, [r3], #16        \n" \
    "    " vmladav " r10, q3, q0          \n" \
    "    vldrb.8 q2, [r5], #16        \n" \
    "    " vmladav " r4, q2, q0           \n" \
    "    vldrb.8 q3, [r3], #16        \n" \
    "    " vmladav " r12, q3, q0          \n" \
    "    vldrb.8 q2, [r5], #16        \n" \
    "    " vmladav " r6, q2, q0           \n" \
    "    vldrb.8 q3, [r3], #16        \n" \
    "    " vmladav " lr, q3, q0           \n"

/* Makes outputs (r1) of four sums, as many as are left (r11). */
#define NN_HELIUM_FOUR(x, requantise, clamp) \
    "    vldrw.32 q2, [r9], #16       \n" \
    "    vldrw.32 q3, [r9], #16       \n" \
    "    vadd.i32 " x ", " x ", q2        \n" \
    "    vldrw.32 q4, [r9], #16       \n" \
    requantise(x, "q3", "q4", "q2") \
    "    vqmovnb.s32 q2, " x "            \n" \
    "    vqadd.s16 q2, q2, q7         \n" \
    clamp("q2", "q5", "q6") \
    "    vqmovnb.s16 q2, q2           \n" \
    "    vctp.32 r11                  \n" \
    "    vpst                         \n" \
    "    vstrbt.32 q2, [r1], #4       \n" \
    "    subs r11, r11, #4            \n"

/* All of the function. On the stack: row, last, last_taps, more_chunks, group_bytes, output. r9: the
 * records; q5, q6: the limits of the clamp; q7: the offset. Where no more than four filters are
 * left, they are taken twice. */
#define NN_HELIUM_ROW(requantise, clamp) \
    "    push {r4-r11, lr}            \n" \
    "    vpush {d8-d15}               \n" \
    "    sub sp, sp, #28              \n" \
    "    ldm r0!, {r1-r7, r11}        \n" \
    "    stm sp, {r1-r4, r6, r7}      \n" \
    "    ldm r0, {r1-r4}              \n" \
    "    mov r9, r1                   \n" \
    "    vdup.16 q7, r2               \n" \
    "    vdup.16 q5, r3               \n" \
    "    vdup.16 q6, r4               \n" \
    "1:                               \n" \
    "    ldrd r1, r7, [sp, #4]        \n" \
    "    ldr r3, [sp, #16]            \n" \
    "    vctp.8 r7                    \n" \
    "    add r3, r3, r5               \n" \
    "    vpst                         \n" \
    "    vldrbt.8 q0, [r1]            \n" \
    "    cmp r11, #4                  \n" \
    "    it le                        \n" \
    "    movle r3, r5                 \n" \
    "    ldr r1, [sp]                 \n" \
    "    ldr r7, [sp, #12]            \n" \
    NN_HELIUM_EIGHT("vmladav.s8") \
    "    cbz r7, 3f                   \n" \
    "2:                               \n" \
    "    vldrb.8 q0, [r1], #16        \n" \
    NN_HELIUM_EIGHT("vmladava.s8") \
    "    subs r7, r7, #1              \n" \
    "    bne 2b                       \n" \
    "3:                               \n" \
    "    vmov q0[2], q0[0], r0, r4    \n" \
    "    vmov q0[3], q0[1], r2, r6    \n" \
    "    ldr r1, [sp, #20]            \n" \
    "    vmov q1[2], q1[0], r8, r12   \n" \
    "    vmov q1[3], q1[1], r10, lr   \n" \
    "    mov r5, r3                   \n" \
    NN_HELIUM_FOUR("q0", requantise, clamp) \
    "    ble 4f                       \n" \
    NN_HELIUM_FOUR("q1", requantise, clamp) \
    "    str r1, [sp, #20]            \n" \
    "    bgt.w 1b                     \n" \
    "4:                               \n" \
    "    add sp, sp, #28              \n" \
    "    vpop {d8-d15}                \n" \
    "    pop {r4-r11, pc}             \n"

/* clang-format on */

NN_ASM_FUNCTION static void nn_helium_row_away(NN_ASM_UNUSED const nn_helium_row *row) {
    __asm__(NN_HELIUM_ROW(NN_HELIUM_AWAY, NN_HELIUM_NO_CLAMP));
}

NN_ASM_FUNCTION static void nn_helium_row_any(NN_ASM_UNUSED const nn_helium_row *row) {
    __asm__(NN_HELIUM_ROW(NN_HELIUM_ANY, NN_HELIUM_CLAMP));
}

/* All outputs of a row. There are too few for a quicker way to round them up. */
static void nn_helium_run_row(const nn_helium_row *row) {
    if (row->stage.rounding == NN_ROUND_ANY) {
        nn_helium_row_any(row);
    } else {
        nn_helium_row_away(row);
    }
}

#elif NN_MVE

static void nn_helium_run_row(const nn_helium_row *row) {
    const int8_t *weights = row->weights;
    const int32_t *record = row->stage.records;
    int8_t last[NN_CHUNK];
    vstrbq_s8(last, vldrbq_z_s8(row->last, vctp8q((uint32_t)row->last_taps)));
    for (int32_t channel = 0; channel < row->channels; channel += NN_FILTERS) {
        int32x4_t sums = nn_helium_sums(last, weights, 1, vdupq_n_s32(0));
        sums = nn_helium_sums(row->row, weights + NN_FILTERS * NN_CHUNK, row->more_chunks, sums);
        nn_helium_finish(&row->stage, sums, record, row->channels - channel, row->output + channel);
        weights += row->group_bytes;
        record += NN_RECORD;
    }
}

#else

static void nn_helium_run_row(const nn_helium_row *row) {
    for (int32_t channel = 0; channel < row->channels; ++channel) {
        const int32_t group = channel / NN_FILTERS, filter = channel % NN_FILTERS;
        const int8_t *const last = row->weights + group * row->group_bytes + filter * NN_CHUNK;
        const int8_t *const others = last + NN_FILTERS * NN_CHUNK;
        int32_t sum = 0;
        for (int32_t tap = 0; tap < row->last_taps; ++tap) {
            sum += row->last[tap] * last[tap];
        }
        for (int32_t tap = 0; tap < row->more_chunks * NN_CHUNK; ++tap) {
            sum += row->row[tap] * others[tap / NN_CHUNK * NN_FILTERS * NN_CHUNK + tap % NN_CHUNK];
        }
        row->output[channel] =
            nn_helium_finish(&row->stage, sum, row->stage.records + group * NN_RECORD + filter);
    }
}

#endif

#endif /* NN_FULLY_CONNECTED_HELIUM_CORE_H */
