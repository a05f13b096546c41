/* SPDX-License-Identifier: Apache-2.0
 *
 * A model of three "ops" to test the harness with, before and apart from any real model.
 *
 *   op 0   a = data ^ 0x5A           int8[4, 600]
 *   op 1   b = a reversed            int8[4, 600]
 *   op 2   result = b + 3 (mod 256)  int8[4, 600], after looping `loops` times
 *   op 2 also counts: runs = number of invocations so far, int32[1]
 *
 * With FAKE_STATE_BYTES op 2 adds a byte besides, 0 at first and then of what the inferences gave.
 *
 * With FAKE_ROWS data and result stream, in 4 rows.
 *
 * As in a real model, inputs and outputs share the arena, so that invoke overwrites the inputs.
 */
#include "fake_model.h"

#ifndef FAKE_COLUMNS
#define FAKE_COLUMNS 600 /* other numbers for other cuts of requests */
#endif
#ifndef FAKE_MOST_LOOPS
#define FAKE_MOST_LOOPS INT32_MAX
#endif
#ifndef FAKE_STATE_BYTES
#define FAKE_STATE_BYTES 0u /* 1: op 2 adds a byte that each inference changes */
#endif
#ifndef FAKE_ROWS
#define FAKE_ROWS 0
#endif
#define ROWS 4u
#define BYTES (ROWS * FAKE_COLUMNS)

static _Alignas(16) uint8_t arena[2u * BYTES + 16u];
static int32_t count;
static uint8_t carried;

#define DATA arena
#define SCRATCH (arena + BYTES)
#define LOOPS ((int32_t *)(void *)(arena + 2u * BYTES))
#define RUNS (LOOPS + 1)

/* Two instructions a turn on a Cortex-M. */
static void spin(int32_t turns) {
#if defined(__arm__)
    __asm__ volatile(".syntax unified\n1: subs %0, #1\n\tbne 1b" : "+l"(turns)::"cc");
#else
    for (volatile int32_t turn = turns; turn > 0; turn = turn - 1) {
    }
#endif
}

static mf_status init(void) {
    return MF_OK;
}

static mf_status reset(void) {
    carried = 0;
    return MF_OK;
}

static uint32_t arena_used(void) {
    return sizeof arena;
}

#if FAKE_ROWS
static mf_rows rows;

static mf_status set_rows(const mf_rows *given) {
    rows = *given;
    return MF_OK;
}

static mf_status give(void) {
    for (uint32_t row = 0; row < ROWS; row++) {
        uint8_t *const to = DATA + row * FAKE_COLUMNS;
        if (rows.give(rows.context, 0, row, to, FAKE_COLUMNS) != 0) {
            return MF_STOPPED;
        }
    }
    return MF_OK;
}

static mf_status take(void) {
    for (uint32_t row = 0; row < ROWS; row++) {
        uint8_t *const from = DATA + row * FAKE_COLUMNS;
        if (rows.take(rows.context, 0, row, from, FAKE_COLUMNS) != 0) {
            return MF_STOPPED;
        }
        from[0] ^= 0xFFu; /* it is gone */
    }
    return MF_OK;
}

#define BORDER_DATA NULL
#define ROW_BYTES FAKE_COLUMNS
#define SET_ROWS set_rows
#else
static mf_status give(void) {
    return MF_OK;
}

static mf_status take(void) {
    return MF_OK;
}

#define BORDER_DATA DATA
#define ROW_BYTES 0
#define SET_ROWS NULL
#endif

static mf_status invoke(mf_op_hook hook, void *context) {
    int32_t turns = *LOOPS;
    *LOOPS = -1;
    if (give() != MF_OK) {
        return MF_STOPPED;
    }
    for (uint32_t i = 0; i < BYTES; i++) {
        DATA[i] ^= 0x5Au;
    }
    if (hook != NULL) {
        hook(context, 0, DATA, BYTES, 0, BYTES);
    }
    for (uint32_t i = 0; i < BYTES; i++) {
        SCRATCH[i] = DATA[BYTES - 1u - i];
    }
    if (hook != NULL) {
        hook(context, 1, SCRATCH, BYTES, 0, BYTES);
    }
    for (uint32_t i = 0; i < BYTES; i++) {
        DATA[i] = (uint8_t)(SCRATCH[i] + 3u + carried);
    }
    if (FAKE_STATE_BYTES > 0u) {
        carried = (uint8_t)(3u * carried + DATA[0] + 1u);
    }
    if (turns > 0) {
        spin(turns < FAKE_MOST_LOOPS ? turns : FAKE_MOST_LOOPS);
    }
    *RUNS = ++count;
    if (hook != NULL) {
        hook(context, 2, DATA, BYTES, 0, BYTES);
    }
    return turns < 0 ? MF_ERROR : take();
}

static const mf_tensor inputs[] = {
    {.data = BORDER_DATA,
     .bytes = BYTES,
     .dtype = MF_INT8,
     .rank = 2,
     .shape = {4, FAKE_COLUMNS},
     .scale = 0.5f,
     .row_bytes = ROW_BYTES},
    {.data = LOOPS, .bytes = 4, .dtype = MF_INT32, .rank = 1, .shape = {1}},
};

static const mf_tensor outputs[] = {
    {.data = BORDER_DATA,
     .bytes = BYTES,
     .dtype = MF_INT8,
     .rank = 2,
     .shape = {4, FAKE_COLUMNS},
     .scale = 0.25f,
     .zero_point = -3,
     .row_bytes = ROW_BYTES},
    {.data = RUNS, .bytes = 4, .dtype = MF_INT32, .rank = 1, .shape = {1}},
};

const mf_model fake_model = {
    .name = "fake",
    .engine = "aot",
    .hash = {0xFA, 0x4E},
    .arena_bytes = sizeof arena,
    .state_bytes = FAKE_STATE_BYTES,
    .result_count = 3,
    .input_count = 2,
    .output_count = 2,
    .inputs = inputs,
    .outputs = outputs,
    .init = init,
    .reset = reset,
    .invoke = invoke,
    .arena_used = arena_used,
    .set_rows = SET_ROWS,
};
