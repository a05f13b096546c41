/* SPDX-License-Identifier: Apache-2.0 */
#include "harness_trace.h"
#include "crc32.h"
#include "harness_protocol.h"
#include "harness_rows.h"

#include <stdbool.h>

typedef struct {
    mf_message header; /* of the request */
    uint32_t mode;
    uint32_t result;
    bool in_runs; /* of an output, which come one after the other */
    uint32_t crc; /* of what was told of it, or of the runs so far */
    uint64_t ticks;
} trace_context;

static void begin_event(const trace_context *trace, uint8_t type, uint32_t result) {
    mf_message header = trace->header;
    header.type = type;
    header.status = MF_STATUS_OK;
    mf_message_begin(&header);
    mf_frame_u32(result);
}

/* Of `bytes` of an output of `total`, from `offset` on. */
static void send_digest(const trace_context *trace, uint32_t result, uint32_t bytes,
                        uint32_t offset, uint32_t total) {
    begin_event(trace, MF_EVENT_DIGEST, result);
    mf_frame_u32(total);
    mf_frame_u32(offset);
    mf_frame_u32(bytes);
    mf_frame_u32(trace->crc);
    mf_frame_u64(trace->ticks);
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

/* Ticks of this op alone, since the stopwatch restarts when all is told; those of an op go with its
 * first output. It rests while the runs of an output are told, which make one digest. */
static void on_result(void *context, uint32_t result, const void *output, uint32_t bytes,
                      uint32_t offset, uint32_t total) {
    trace_context *trace = context;
    const bool is_run = trace->in_runs;
    if (!is_run) {
        trace->ticks = mf_harness_rows_ticks();
        trace->crc = 0;
    }
    trace->crc = mf_crc32(trace->crc, output, bytes);
    trace->in_runs = (is_run || bytes == 0) && offset + bytes < total;
    if (trace->mode != MF_TRACE_DIGESTS && result == trace->result) {
        send_output(trace, result, output, bytes, offset, total);
    }
    if (trace->in_runs) {
        return;
    }
    if (trace->mode == MF_TRACE_DIGESTS) {
        const uint32_t told = is_run ? total : bytes;
        send_digest(trace, result, told, offset + bytes - told, total);
    }
    mf_harness_rows_ticks_start();
}

mf_status mf_harness_trace(const mf_model *model, const mf_message *request, uint32_t mode,
                           uint32_t result) {
    trace_context trace = {.header = *request, .mode = mode, .result = result};
    mf_harness_rows_begin(request);
    return model->invoke(on_result, &trace);
}
