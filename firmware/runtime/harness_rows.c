/* SPDX-License-Identifier: Apache-2.0 */
#include "harness_rows.h"
#include "frame.h"
#include "harness_protocol.h"

#include <string.h>

#define CRC_BYTES 4u
#define PLACE_BYTES 8u /* the number of a tensor, and where in it */

typedef struct {
    uint32_t tensor;
    uint32_t offset;
} place;

static uint8_t *received;
static uint32_t capacity;
static bool (*answered_meanwhile)(uint32_t bytes);
static mf_message running; /* the request that the model runs for */
static uint64_t ticks;     /* of what ran before the host was last waited for */

void mf_harness_rows_begin(const mf_message *request) {
    running = *request;
    mf_harness_rows_ticks_start();
}

void mf_harness_rows_ticks_start(void) {
    ticks = 0;
    mf_ticks_start();
}

uint64_t mf_harness_rows_ticks(void) {
    return ticks + mf_ticks_elapsed();
}

/* Sends `bytes` of a row that is handed over, or asks for as many. */
static void send(uint8_t event, place at, const uint8_t *data, uint32_t bytes) {
    mf_message header = running;
    header.type = event;
    header.status = MF_STATUS_OK;
    mf_message_begin(&header);
    mf_frame_u32(at.tensor);
    mf_frame_u32(at.offset);
    if (event == MF_EVENT_TAKE) {
        mf_frame_bytes(data, bytes);
    } else {
        mf_frame_u32(bytes);
    }
    mf_frame_end();
}

static bool is_of_this_run(const mf_message *header) {
    return header->session == running.session && header->state == running.state &&
           header->sequence == running.sequence;
}

/* Waits for the answer of that type and about that place, with `bytes` behind it. Any copy of the
 * request that the model runs for says that the host has heard nothing: the event is sent again.
 * An answer to something else is a late copy. */
static bool await(uint8_t event, uint8_t answer, place at, const uint8_t *data, uint32_t bytes) {
    const uint32_t answered = answer == MF_ANSWER_ROW ? bytes : 0;
    send(event, at, data, bytes);
    for (;;) {
        const uint32_t length = mf_frame_receive(received, capacity);
        mf_message header = {0};
        place about = {0};
        memcpy(&header, received, length < sizeof header ? (size_t)length : sizeof header);
        if (length < sizeof header || !is_of_this_run(&header)) {
            if (!answered_meanwhile(length)) {
                return false;
            }
        } else if (header.type == running.type) {
            send(event, at, data, bytes);
        } else if (header.type == answer &&
                   length == (uint32_t)sizeof header + PLACE_BYTES + answered) {
            memcpy(&about, received + sizeof header, sizeof about);
            if (about.tensor == at.tensor && about.offset == at.offset) {
                return true;
            }
        }
    }
}

/* The most bytes of a row that fit into a frame which the host sends. */
static uint32_t piece_of(uint32_t left) {
    const uint32_t most = capacity - (uint32_t)sizeof(mf_message) - CRC_BYTES - PLACE_BYTES;
    return left < most ? left : most;
}

static int give(void *context, uint32_t input, uint32_t row, void *destination, uint32_t bytes) {
    (void)context;
    ticks += mf_ticks_elapsed();
    bool given = true;
    for (uint32_t done = 0; given && done < bytes;) {
        const uint32_t piece = piece_of(bytes - done);
        const place at = {.tensor = input, .offset = row * bytes + done};
        given = await(MF_EVENT_GIVE, MF_ANSWER_ROW, at, NULL, piece);
        if (given) {
            memcpy((uint8_t *)destination + done, received + sizeof(mf_message) + PLACE_BYTES,
                   (size_t)piece);
        }
        done += piece;
    }
    mf_ticks_start();
    return given ? 0 : 1;
}

static int take(void *context, uint32_t output, uint32_t row, const void *source, uint32_t bytes) {
    (void)context;
    ticks += mf_ticks_elapsed();
    bool taken = true;
    for (uint32_t done = 0; taken && done < bytes;) {
        const uint32_t piece = piece_of(bytes - done);
        const place at = {.tensor = output, .offset = row * bytes + done};
        taken = await(MF_EVENT_TAKE, MF_ANSWER_TAKEN, at, (const uint8_t *)source + done, piece);
        done += piece;
    }
    mf_ticks_start();
    return taken ? 0 : 1;
}

mf_status mf_harness_rows_init(const mf_model *model, uint8_t *buffer, uint32_t bytes,
                               bool (*meanwhile)(uint32_t bytes)) {
    static const mf_rows rows = {.give = give, .take = take};
    received = buffer;
    capacity = bytes;
    answered_meanwhile = meanwhile;
    return model->set_rows == NULL ? MF_OK : model->set_rows(&rows);
}
