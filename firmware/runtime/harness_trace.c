/* SPDX-License-Identifier: Apache-2.0 */
#include "harness_trace.h"
#include "crc32.h"
#include "harness_protocol.h"
#include "harness_rows.h"

#include <stdbool.h>

/* An output that comes in runs: what the op took, and the CRC-32 of the runs so far. */
typedef struct {
    bool is_open;
    uint32_t crc;
    uint64_t ticks;
} run_digest;

typedef struct {
    mf_message header; /* of the request */
    uint32_t mode;
    uint32_t result;
    run_digest runs;
} trace_context;

static void begin_event(const trace_context *trace, uint8_t type, uint32_t result) {
    mf_message header = trace->header;
    header.type = type;
    header.status = MF_STATUS_OK;
    mf_message_begin(&header);
    mf_frame_u32(result);
}

/* Of `bytes` of an output of `total`, from `offset` on. */
static void send_digest(const trace_context *trace, uint32_t result, uint32_t crc, uint32_t bytes,
                        uint32_t offset, uint32_t total, uint64_t ticks) {
    begin_event(trace, MF_EVENT_DIGEST, result);
    mf_frame_u32(total);
    mf_frame_u32(offset);
    mf_frame_u32(bytes);
    mf_frame_u32(crc);
    mf_frame_u64(ticks);
    mf_frame_end();
}

static void send_output(const trace_context *trace, uint32_t result, const uint8_t *output,
                        uint32_t bytes, uint32_t offset, uint32_t total) {
    for (uint32_t sent = 0; sent < bytes; sent += MF_OUTPUT_PIECE_BYTES) {
        uint32_t left = bytes - sent;
        begin_event(trace, MF_EVENT_OUTPUT, result);
        mf_frame_u32(total);
        mf_frame_u32(offset + sent);
        mf_frame_bytes(output + sent, left < MF_OUTPUT_PIECE_BYTES ? left : MF_OUTPUT_PIECE_BYTES);
        mf_frame_end();
    }
}

/* The next run of an output, whose digest is sent with the last one. */
static void add_run(trace_context *trace, uint32_t result, const void *output, uint32_t bytes,
                    uint32_t offset, uint32_t total) {
    trace->runs.crc = mf_crc32(trace->runs.crc, output, bytes);
    trace->runs.is_open = offset + bytes < total;
    if (!trace->runs.is_open) {
        send_digest(trace, result, trace->runs.crc, total, 0, total, trace->runs.ticks);
    }
}

/* Ticks of this op alone, since the stopwatch restarts when all is told; those of an op go with its
 * first output. It rests while runs are told. */
static void add_digest(trace_context *trace, uint32_t result, const void *output, uint32_t bytes,
                       uint32_t offset, uint32_t total) {
    if (trace->runs.is_open) {
        add_run(trace, result, output, bytes, offset, total);
        return;
    }
    const uint64_t ticks = mf_harness_rows_ticks();
    if (bytes == 0 && total > 0) { /* runs of it follow */
        trace->runs = (run_digest){.is_open = true, .ticks = ticks};
    } else {
        send_digest(trace, result, mf_crc32(0, output, bytes), bytes, offset, total, ticks);
    }
}

static void on_result(void *context, uint32_t result, const void *output, uint32_t bytes,
                      uint32_t offset, uint32_t total) {
    trace_context *trace = context;
    if (trace->mode == MF_TRACE_DIGESTS) {
        add_digest(trace, result, output, bytes, offset, total);
    } else if (result == trace->result) {
        send_output(trace, result, output, bytes, offset, total);
    }
    if (!trace->runs.is_open) {
        mf_harness_rows_ticks_start();
    }
}

mf_status mf_harness_trace(const mf_model *model, const mf_message *request, uint32_t mode,
                           uint32_t result) {
    trace_context trace = {.header = *request, .mode = mode, .result = result};
    mf_harness_rows_begin(request);
    return model->invoke(on_result, &trace);
}
