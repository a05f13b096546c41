/* SPDX-License-Identifier: Apache-2.0
 *
 * Of a model whose inputs or outputs stream: while it runs, the host is asked for the rows of its
 * inputs and given those of its outputs. The stopwatch rests while the host is waited for.
 */
#ifndef MF_HARNESS_ROWS_H
#define MF_HARNESS_ROWS_H

#include "harness_message.h"
#include "mcuforge/engine.h"
#include "ticks.h"

#include <stdbool.h>
#include <stdint.h>

#if defined(MF_ROWS)

/* `meanwhile` is called with every frame in `received` that is about something else than rows, and
 * returns whether the inference goes on. */
mf_status mf_harness_rows_init(const mf_model *model, uint8_t *received, uint32_t capacity,
                               bool (*meanwhile)(uint32_t bytes));

/* Before an inference, which `request` asks for. Starts the stopwatch. */
void mf_harness_rows_begin(const mf_message *request);

/* Starts the stopwatch anew, within the inference. */
void mf_harness_rows_ticks_start(void);

/* Ticks since the start, without those in which the host was waited for. */
uint64_t mf_harness_rows_ticks(void);

#else /* nothing streams */

static inline void mf_harness_rows_begin(const mf_message *request) {
    (void)request;
    mf_ticks_start();
}

static inline void mf_harness_rows_ticks_start(void) {
    mf_ticks_start();
}

static inline uint64_t mf_harness_rows_ticks(void) {
    return mf_ticks_elapsed();
}

#endif

#endif /* MF_HARNESS_ROWS_H */
