/* SPDX-License-Identifier: Apache-2.0 */
#include "harness.h"
#include "board.h"
#include "chip.h"
#include "crash.h"
#include "frame.h"
#include "harness_latent.h"
#include "harness_protocol.h"
#include "harness_trace.h"
#include "stack.h"
#include "ticks.h"
#include "uart.h"

#include <stdbool.h>
#include <string.h>

#define HEADER_BYTES 4u
#define CRC_BYTES 4u

typedef struct {
    uint8_t type;
    uint16_t sequence;
    const uint8_t *body;
    uint32_t bytes;
} request;

/* The last request that changed something, and its reply: a repeated request must not run again. */
typedef struct {
    bool answered;
    uint16_t sequence;
    uint8_t type;
    uint8_t status;
    uint64_t ticks;
} history;

static _Alignas(8) uint8_t received[MF_REQUEST_BYTES];
static const mf_model *model;
static mf_status model_ready;
static uint32_t session; /* 0 after a reset: nothing runs before the host has said hello */
static history last;

static uint32_t word(const request *from, uint32_t index) {
    uint32_t value;
    memcpy(&value, from->body + 4u * index, sizeof value);
    return value;
}

static bool in_range(uint32_t offset, uint32_t length, uint32_t bytes) {
    return offset <= bytes && length <= bytes - offset;
}

static void begin_reply(const request *to, uint8_t status) {
    mf_frame_begin();
    mf_frame_u8(to->type | MF_REPLY);
    mf_frame_u8(status);
    mf_frame_u16(to->sequence);
}

static void reply_status(const request *to, uint8_t status) {
    begin_reply(to, status);
    mf_frame_end();
}

/* With the zero at its end. */
static void send_text(const char *text) {
    do {
        mf_frame_u8((uint8_t)*text);
    } while (*text++ != '\0');
}

static void send_tensors(const mf_tensor *tensors, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        mf_frame_u8((uint8_t)tensors[i].dtype);
        mf_frame_u8((uint8_t)tensors[i].rank);
        mf_frame_u16(0);
        mf_frame_u32(tensors[i].bytes);
        mf_frame_bytes(&tensors[i].scale, sizeof tensors[i].scale);
        mf_frame_bytes(&tensors[i].zero_point, sizeof tensors[i].zero_point);
        mf_frame_bytes(tensors[i].shape, tensors[i].rank * (uint32_t)sizeof tensors[i].shape[0]);
    }
}

/* Starts a session: sequence numbers count from this request's. */
static void hello(const request *from) {
    if (from->bytes != 8u) {
        reply_status(from, MF_STATUS_MALFORMED);
        return;
    }
    uint32_t version = word(from, 0);
    if (word(from, 1) != session) {
        session = word(from, 1);
        last = (history){.sequence = from->sequence};
    }
    uint8_t status = model_ready == MF_OK ? MF_STATUS_OK : MF_STATUS_INIT_FAILED;
    begin_reply(from, version == MF_PROTOCOL_VERSION ? status : MF_STATUS_VERSION);
    mf_frame_u32(MF_PROTOCOL_VERSION);
    mf_frame_u32(MF_ENGINE_ABI_VERSION);
    mf_frame_u32(MF_REQUEST_BYTES - HEADER_BYTES - CRC_BYTES);
    mf_frame_u32(MF_TICK_HZ);
    mf_frame_bytes(model->hash, sizeof model->hash);
    mf_frame_u32(model->arena_bytes);
    mf_frame_u32(model->op_count);
    mf_frame_u32(model->input_count);
    mf_frame_u32(model->output_count);
    send_text(MF_BOARD_NAME);
    send_text(model->engine);
    send_text(model->name);
    send_tensors(model->inputs, model->input_count);
    send_tensors(model->outputs, model->output_count);
    mf_frame_end();
}

static void read_output(const request *from) {
    if (from->bytes != 12u) {
        reply_status(from, MF_STATUS_MALFORMED);
        return;
    }
    uint32_t index = word(from, 0);
    uint32_t offset = word(from, 1);
    uint32_t length = word(from, 2);
    if (index >= model->output_count || !in_range(offset, length, model->outputs[index].bytes)) {
        reply_status(from, MF_STATUS_RANGE);
        return;
    }
    begin_reply(from, MF_STATUS_OK);
    mf_frame_bytes((const uint8_t *)model->outputs[index].data + offset, length);
    mf_frame_end();
}

static void stats(const request *from) {
    begin_reply(from, MF_STATUS_OK);
    mf_frame_u32(mf_stack_bytes());
    mf_frame_u32(mf_stack_high_water());
    mf_frame_u32(model->arena_bytes);
    mf_frame_u32(model->arena_used());
    mf_frame_u32(mf_frame_dropped());
    mf_frame_end();
}

static uint8_t write_input(const request *from) {
    if (from->bytes < 8u) {
        return MF_STATUS_MALFORMED;
    }
    uint32_t index = word(from, 0);
    uint32_t offset = word(from, 1);
    uint32_t length = from->bytes - 8u;
    if (index >= model->input_count || !in_range(offset, length, model->inputs[index].bytes)) {
        return MF_STATUS_RANGE;
    }
    memcpy((uint8_t *)model->inputs[index].data + offset, from->body + 8, (size_t)length);
    return MF_STATUS_OK;
}

static uint8_t invoked(mf_status status) {
    if (!mf_stack_intact()) {
        return MF_STATUS_STACK;
    }
    return status == MF_OK ? MF_STATUS_OK : MF_STATUS_INVOKE_FAILED;
}

static uint8_t run(const request *from) {
    if (from->bytes != 0) {
        return MF_STATUS_MALFORMED;
    }
    mf_led_set(true);
    mf_ticks_start();
    mf_status status = model->invoke(NULL, NULL);
    last.ticks = mf_ticks_elapsed();
    mf_led_set(false);
    return invoked(status);
}

static uint8_t trace(const request *from) {
    if (from->bytes != 8u) {
        return MF_STATUS_MALFORMED;
    }
    uint32_t mode = word(from, 0);
    uint32_t op = word(from, 1);
    if (mode > MF_TRACE_OUTPUT || (mode == MF_TRACE_OUTPUT && op >= model->op_count)) {
        return MF_STATUS_RANGE;
    }
    mf_status status = mf_harness_trace(model, from->sequence, mode, op);
    last.ticks = 0;
    return invoked(status);
}

static uint8_t change(const request *from) {
    if (model_ready != MF_OK) {
        return MF_STATUS_INIT_FAILED;
    }
    switch (from->type) {
    case MF_REQUEST_WRITE:
        return write_input(from);
    case MF_REQUEST_RUN:
        return run(from);
    case MF_REQUEST_LATENT:
        return mf_harness_latent(model, from->body, from->bytes);
    default:
        return trace(from);
    }
}

/* Serial numbers, RFC 1982: `sequence` is newer where it is less than half the circle ahead. */
static bool is_newer(uint16_t sequence) {
    uint16_t ahead = (uint16_t)(sequence - last.sequence);
    return ahead != 0 && ahead < 0x8000u;
}

/* Requests that change something run once for each sequence number, and never out of order. */
static void change_once(const request *from) {
    bool repeated = last.answered && from->sequence == last.sequence && from->type == last.type;
    if (!repeated) {
        if (session == 0 || !is_newer(from->sequence)) {
            reply_status(from, MF_STATUS_SEQUENCE);
            return;
        }
        last = (history){.answered = true, .sequence = from->sequence, .type = from->type};
        last.status = change(from);
    }
    begin_reply(from, last.status);
    mf_frame_u64(last.ticks);
    mf_frame_end();
}

static void answer(const request *from) {
    switch (from->type) {
    case MF_REQUEST_HELLO:
        hello(from);
        break;
    case MF_REQUEST_READ:
        read_output(from);
        break;
    case MF_REQUEST_STATS:
        stats(from);
        break;
    case MF_REQUEST_WRITE:
    case MF_REQUEST_RUN:
    case MF_REQUEST_TRACE:
    case MF_REQUEST_LATENT:
        change_once(from);
        break;
#if defined(MF_CRASH_TEST)
    case MF_REQUEST_CRASH:
        mf_crash(from->bytes == 4u ? word(from, 0) : 0u);
        reply_status(from, MF_STATUS_OK);
        break;
#endif
    default:
        reply_status(from, MF_STATUS_UNKNOWN);
        break;
    }
}

void mf_harness_serve(const mf_model *served) {
    model = served;
    model_ready = model->init();
    mf_uart_init();
    for (;;) {
        uint32_t bytes = mf_frame_receive(received, sizeof received);
        if (bytes >= HEADER_BYTES) {
            request from = {
                .type = received[0],
                .body = received + HEADER_BYTES,
                .bytes = bytes - HEADER_BYTES,
            };
            memcpy(&from.sequence, received + 2, sizeof from.sequence);
            answer(&from);
        }
    }
}
