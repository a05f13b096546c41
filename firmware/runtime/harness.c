/* SPDX-License-Identifier: Apache-2.0 */
#include "harness.h"
#include "board.h"
#include "chip.h"
#include "crash.h"
#include "frame.h"
#if defined(MF_FEATURES)
#include "harness_features.h"
#endif
#include "harness_latent.h"
#include "harness_message.h"
#include "harness_protocol.h"
#include "harness_rows.h"
#include "harness_trace.h"
#include "stack.h"
#include "ticks.h"
#include "uart.h"

#include <stdbool.h>
#include <string.h>

#define CRC_BYTES 4u

typedef struct {
    mf_message header;
    const uint8_t *body;
    uint32_t bytes;
} request;

/* What the host and this device have in common since its HELLO. Its last request that changed
 * something is kept, with the reply: repeated, it must not run again. */
typedef struct {
    uint32_t id;    /* 0 after a reset: nothing runs before the host has said hello */
    uint32_t state; /* requests since HELLO that changed something */
    uint16_t sequence;
    uint8_t type;
    uint8_t status;
    uint64_t ticks;
} session;

_Alignas(8) uint8_t mf_harness_received[MF_REQUEST_BYTES];
static const mf_model *model;
static mf_status model_ready;
static session current;

static uint32_t word(const request *from, uint32_t index) {
    uint32_t value;
    memcpy(&value, from->body + 4u * index, sizeof value);
    return value;
}

static bool in_range(uint32_t offset, uint32_t length, uint32_t bytes) {
    return offset <= bytes && length <= bytes - offset;
}

static void begin_reply(const request *to, uint8_t status) {
    mf_message header = to->header;
    header.type |= MF_REPLY;
    header.status = status;
    mf_message_begin(&header);
}

static void reply_status(const request *to, uint8_t status) {
    begin_reply(to, status);
    mf_frame_end();
}

/* Whether it is meant for this session, and for what has been done in it so far: not so where this
 * device was reset in between, another host has talked to it, or the request comes too late. */
static bool belongs(const request *from) {
    return current.id != 0 && from->header.session == current.id &&
           from->header.state == current.state;
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
        mf_frame_u32(tensors[i].row_bytes);
        mf_frame_bytes(&tensors[i].scale, sizeof tensors[i].scale);
        mf_frame_bytes(&tensors[i].zero_point, sizeof tensors[i].zero_point);
        mf_frame_bytes(tensors[i].shape, tensors[i].rank * (uint32_t)sizeof tensors[i].shape[0]);
    }
}

/* Of a HELLO, whose reply goes to hosts that speak any version. */
static uint8_t hello_status(const request *from) {
    if (from->header.state != MF_PROTOCOL_VERSION) {
        return MF_STATUS_VERSION;
    }
    if (from->bytes != 0 || from->header.session == 0) {
        return MF_STATUS_MALFORMED;
    }
    return model_ready == MF_OK ? MF_STATUS_OK : MF_STATUS_INIT_FAILED;
}

/* Whether a HELLO starts a session; the same HELLO again does not. */
static bool starts_session(const request *from) {
    uint8_t status = hello_status(from);
    bool starts = status == MF_STATUS_OK || status == MF_STATUS_INIT_FAILED;
    return starts && from->header.session != current.id;
}

static void hello(const request *from) {
    uint8_t status = hello_status(from);
    if (starts_session(from)) {
        current = (session){.id = from->header.session};
        if (model_ready == MF_OK) { /* a sequence of inferences belongs to one session */
            model_ready = model->reset();
        }
    }
    request speaks = *from;
    speaks.header.state = MF_PROTOCOL_VERSION;
    begin_reply(&speaks, status);
    mf_frame_u32(MF_ENGINE_ABI_VERSION);
    mf_frame_u32(MF_REQUEST_BYTES - (uint32_t)sizeof(mf_message) - CRC_BYTES);
    mf_frame_u32(MF_TICK_HZ);
    mf_frame_bytes(model->hash, sizeof model->hash);
    mf_frame_u32(model->arena_bytes);
    mf_frame_u32(model->state_bytes);
    mf_frame_u32(model->result_count);
    mf_frame_u32(model->input_count);
    mf_frame_u32(model->output_count);
    send_text(MF_BOARD_NAME);
    send_text(model->engine);
    send_text(model->name);
    send_tensors(model->inputs, model->input_count);
    send_tensors(model->outputs, model->output_count);
    mf_frame_end();
}

/* Outputs hold something where the last change was a RUN that succeeded. */
static bool last_was(uint8_t type) {
    return current.state != 0 && current.type == type && current.status == MF_STATUS_OK;
}

/* Bytes of one of `count` tensors, which hold something after a change of that type. */
static void read_tensor(const request *from, const mf_tensor *tensors, uint32_t count,
                        uint8_t type) {
    if (!belongs(from) || !last_was(type)) {
        reply_status(from, MF_STATUS_SEQUENCE);
        return;
    }
    if (from->bytes != 12u) {
        reply_status(from, MF_STATUS_MALFORMED);
        return;
    }
    uint32_t index = word(from, 0);
    uint32_t offset = word(from, 1);
    uint32_t length = word(from, 2);
    if (index >= count || !in_range(offset, length, tensors[index].bytes) ||
        tensors[index].data == NULL) {
        reply_status(from, MF_STATUS_RANGE);
        return;
    }
    if (length <= (uint32_t)sizeof mf_harness_received - (uint32_t)sizeof(mf_message) - CRC_BYTES) {
        mf_frame_next_in(mf_harness_received); /* the request in it has been read */
    }
    begin_reply(from, MF_STATUS_OK);
    mf_frame_bytes((const uint8_t *)tensors[index].data + offset, length);
    mf_frame_end();
}

/* In a session, about that session's inferences; outside of any (0), of what was since the reset.
 */
static void stats(const request *from) {
    if (from->header.session != 0 && !belongs(from)) {
        reply_status(from, MF_STATUS_SEQUENCE);
        return;
    }
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
    if (index >= model->input_count || !in_range(offset, length, model->inputs[index].bytes) ||
        model->inputs[index].data == NULL) {
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

#if defined(MF_FEATURES)
static uint8_t features(const request *from) {
    mf_led_set(true);
    mf_ticks_start();
    uint8_t status = mf_harness_features(from->body, from->bytes);
    current.ticks = mf_ticks_elapsed();
    mf_led_set(false);
    return mf_stack_intact() ? status : MF_STATUS_STACK;
}
#endif

static uint8_t run(const request *from) {
    if (from->bytes != 0) {
        return MF_STATUS_MALFORMED;
    }
    mf_led_set(true);
    mf_harness_rows_begin(&from->header);
    mf_status status = model->invoke(NULL, NULL);
    current.ticks = mf_harness_rows_ticks();
    mf_led_set(false);
    return invoked(status);
}

static uint8_t trace(const request *from) {
    if (from->bytes != 8u) {
        return MF_STATUS_MALFORMED;
    }
    uint32_t mode = word(from, 0);
    uint32_t result = word(from, 1);
    if (mode > MF_TRACE_OUTPUT || (mode == MF_TRACE_OUTPUT && result >= model->result_count)) {
        return MF_STATUS_RANGE;
    }
    mf_status status = mf_harness_trace(model, &from->header, mode, result);
    return invoked(status);
}

/* Begins a sequence of inferences of a model with state. */
static uint8_t reset_state(const request *from) {
    if (from->bytes != 0) {
        return MF_STATUS_MALFORMED;
    }
    model_ready = model->reset();
    return model_ready == MF_OK ? MF_STATUS_OK : MF_STATUS_INIT_FAILED;
}

static uint8_t change(const request *from) {
    if (model_ready != MF_OK) {
        return MF_STATUS_INIT_FAILED;
    }
    switch (from->header.type) {
    case MF_REQUEST_WRITE:
        return write_input(from);
    case MF_REQUEST_RUN:
        return run(from);
    case MF_REQUEST_LATENT:
        return mf_harness_latent(model, from->body, from->bytes);
    case MF_REQUEST_RESET:
        return reset_state(from);
#if defined(MF_FEATURES)
    case MF_REQUEST_RAW:
        return mf_harness_raw(from->body, from->bytes);
    case MF_REQUEST_FEATURES:
        return features(from);
#endif
    default:
        return trace(from);
    }
}

static bool is_repeated(const request *from) {
    const mf_message *header = &from->header;
    return current.id != 0 && header->session == current.id && current.state != 0 &&
           header->state == current.state - 1u && header->sequence == current.sequence &&
           header->type == current.type;
}

/* Requests that change something run once, in the state that they are meant for. */
static void change_once(const request *from) {
    if (!is_repeated(from)) {
        if (!belongs(from)) {
            reply_status(from, MF_STATUS_SEQUENCE);
            return;
        }
        current.state++;
        current.sequence = from->header.sequence;
        current.type = from->header.type;
        current.ticks = 0;
        current.status = change(from);
    }
    begin_reply(from, current.status);
    mf_frame_u64(current.ticks);
    mf_frame_end();
}

static void answer(const request *from) {
    switch (from->header.type) {
    case MF_REQUEST_HELLO:
        hello(from);
        break;
    case MF_REQUEST_READ:
        read_tensor(from, model->outputs, model->output_count, MF_REQUEST_RUN);
        break;
#if defined(MF_FEATURES)
    case MF_REQUEST_READ_INPUT:
        read_tensor(from, model->inputs, model->input_count, MF_REQUEST_FEATURES);
        break;
    case MF_REQUEST_RAW:
    case MF_REQUEST_FEATURES:
        change_once(from);
        break;
#endif
    case MF_REQUEST_STATS:
        stats(from);
        break;
    case MF_REQUEST_WRITE:
    case MF_REQUEST_RUN:
    case MF_REQUEST_TRACE:
    case MF_REQUEST_LATENT:
    case MF_REQUEST_RESET:
        change_once(from);
        break;
#if defined(MF_ROWS)
    case MF_ANSWER_ROW: /* late copies: the row has been given, or taken */
    case MF_ANSWER_TAKEN:
        break;
#endif
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

/* The request in the buffer. A message shorter than a header is that of a host of another version.
 */
static request received(uint32_t bytes) {
    uint32_t header_bytes = (uint32_t)sizeof(mf_message);
    bool whole = bytes >= header_bytes;
    request from = {.body = mf_harness_received + header_bytes,
                    .bytes = whole ? bytes - header_bytes : 0};
    memcpy(&from.header, mf_harness_received, (size_t)(whole ? header_bytes : bytes));
    return from;
}

static void take(uint32_t bytes) {
    request from = received(bytes);
    if (bytes >= (uint32_t)sizeof(mf_message)) {
        answer(&from);
    } else if (bytes >= MF_MESSAGE_LEAST_BYTES) {
        reply_status(&from, MF_STATUS_MALFORMED);
    }
}

#if defined(MF_ROWS)
static uint32_t left; /* bytes of a request in the buffer that ended an inference */

/* A request that comes while the model waits for the host; whether it waits on. Another host, or
 * one that has given the inference up, says hello first. */
static bool answered_meanwhile(uint32_t bytes) {
    request from = received(bytes);
    if (from.header.type == MF_REQUEST_HELLO && starts_session(&from)) {
        left = bytes;
        return false;
    }
    if (from.header.type == MF_REQUEST_HELLO || from.header.type == MF_REQUEST_STATS) {
        take(bytes); /* changes nothing */
    }
    return true;
}

static void take_left(void) {
    if (left != 0) {
        take(left);
        left = 0;
    }
}
#else
static void take_left(void) {
}
#endif

void mf_harness_serve(const mf_model *served) {
    model = served;
    model_ready = model->init();
#if defined(MF_ROWS)
    if (model_ready == MF_OK) {
        model_ready = mf_harness_rows_init(model, mf_harness_received, sizeof mf_harness_received,
                                           answered_meanwhile);
    }
#endif
    mf_uart_init();
    for (;;) {
        take(mf_frame_receive(mf_harness_received, sizeof mf_harness_received));
        take_left();
    }
}
