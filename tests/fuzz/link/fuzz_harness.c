/* SPDX-License-Identifier: Apache-2.0
 *
 * Feeds the frame decoder and the harness with an input of a fuzzer, and checks what they answer.
 *
 * The first byte chooses: the rest is what arrives at the UART, or a program that makes requests
 * with the right framing, so that most of them get past the CRC. Its requests name the session and
 * the state that the replies have told so far, or others; between them bytes are damaged, and the
 * device is reset. Whatever arrives, no reply may rest on what was not done in its session.
 */
#include "crc32.h"
#include "fake_front_end.h"
#include "fake_model.h"
#include "frame.h"
/* Its own state is reset here, as a reset of the device does. */
#include "harness.c"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#define BUFFER_BYTES (1u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct {
    uint8_t bytes[BUFFER_BYTES];
    uint32_t length;
} buffer;

/* What a host knows from the replies. */
typedef struct {
    uint32_t session;
    uint32_t state;
    bool has_run;
    bool has_features;
} knowledge;

static const uint8_t *input;
static size_t input_bytes;
static bool is_program;
static bool encodes; /* what is sent goes to the device, not to the host */
static buffer to_device;
static buffer to_host;
static uint32_t taken;
static knowledge known;
static jmp_buf input_ends;

static void require(bool holds, const char *what) {
    if (!holds) {
        fprintf(stderr, "violated: %s\n", what);
        abort();
    }
}

static uint8_t next(void) {
    if (input_bytes == 0) {
        longjmp(input_ends, 1);
    }
    input_bytes--;
    return *input++;
}

/* ---- the host's ear ---- */

/* Decodes a frame in place; returns its length, 0 where it is none. */
static uint32_t unstuff(uint8_t *frame, uint32_t length) {
    uint32_t made = 0;
    for (uint32_t at = 0; at < length;) {
        uint32_t code = frame[at++];
        require(code > 0 && at + code - 1u <= length, "COBS");
        for (uint32_t i = 1; i < code; i++) {
            frame[made++] = frame[at++];
        }
        if (code < 255u && at < length) {
            frame[made++] = 0;
        }
    }
    return made;
}

static bool is_change(uint8_t type) {
    return type == MF_REQUEST_WRITE || type == MF_REQUEST_RUN || type == MF_REQUEST_TRACE ||
           type == MF_REQUEST_LATENT || type == MF_REQUEST_RESET || type == MF_REQUEST_RAW ||
           type == MF_REQUEST_FEATURES;
}

static void learn_from_change(const mf_message *reply, uint8_t type) {
    require(reply->session == known.session && known.session != 0, "a change has a session");
    bool again = reply->state + 1u == known.state;
    require(again || reply->state == known.state, "a change has its state");
    known.state = reply->state + 1u;
    known.has_run = type == MF_REQUEST_RUN && reply->status == MF_STATUS_OK;
    known.has_features = type == MF_REQUEST_FEATURES && reply->status == MF_STATUS_OK;
}

static void learn(const mf_message *reply) {
    uint8_t type = reply->type & (uint8_t)~MF_REPLY;
    if (reply->status == MF_STATUS_SEQUENCE || reply->status == MF_STATUS_VERSION ||
        reply->status == MF_STATUS_UNKNOWN) {
        return;
    }
    bool is_current = reply->session == known.session && reply->state == known.state;
    if (type == MF_REQUEST_HELLO && reply->status == MF_STATUS_OK) {
        require(reply->session != 0, "a session has a number");
        if (reply->session != known.session) {
            known = (knowledge){.session = reply->session};
        }
    } else if (is_change(type) && reply->status != MF_STATUS_MALFORMED) {
        learn_from_change(reply, type);
    } else if (is_change(type) && is_current && known.session != 0) {
        known.state++; /* a malformed body is a change that does nothing */
        known.has_run = known.has_features = false;
    } else if (type == MF_REQUEST_READ && reply->status == MF_STATUS_OK) {
        require(is_current && known.has_run, "READ rests on a RUN of its session");
    } else if (type == MF_REQUEST_READ_INPUT && reply->status == MF_STATUS_OK) {
        require(is_current && known.has_features, "READ_INPUT rests on FEATURES of its session");
    } else if (type == MF_REQUEST_STATS && reply->session != 0 && reply->status == MF_STATUS_OK) {
        require(is_current && known.session != 0, "STATS belongs to its session");
    }
}

static void hear(uint8_t *frame, uint32_t length) {
    uint32_t bytes = unstuff(frame, length);
    mf_message header;
    require(bytes >= sizeof header + CRC_BYTES, "a reply has a header");
    uint32_t crc;
    memcpy(&crc, frame + bytes - CRC_BYTES, sizeof crc);
    require(crc == mf_crc32(0, frame, bytes - CRC_BYTES), "a reply has its CRC");
    memcpy(&header, frame, sizeof header);
    require((header.type & MF_REPLY) != 0, "a reply or an event");
    if (header.type < MF_EVENT_DIGEST) {
        learn(&header);
    } else if (header.status == MF_STATUS_OK) { /* otherwise a reply to an unknown request */
        require(header.session == known.session, "an event belongs to its session");
    }
}

static void hear_all(void) {
    uint32_t start = 0;
    for (uint32_t i = 0; i < to_host.length; i++) {
        if (to_host.bytes[i] == 0) {
            if (i > start) {
                hear(to_host.bytes + start, i - start);
            }
            start = i + 1u;
        }
    }
    require(start == to_host.length, "a frame is ended");
    to_host.length = 0;
}

/* ---- the host's mouth ---- */

static uint32_t choose_state(uint8_t choice) {
    switch (choice & 7u) {
    case 0:
        return known.state - 1u;
    case 1:
        return known.state + 1u;
    case 2:
        return MF_PROTOCOL_VERSION;
    default:
        return known.state;
    }
}

static uint32_t choose_session(uint8_t choice) {
    switch (choice & 7u) {
    case 0:
        return 0;
    case 1:
        return 77;
    case 2:
        return 78;
    default:
        return known.session;
    }
}

/* Mostly small, at times close to 2^32. */
static uint32_t number(uint32_t below) {
    uint8_t value = next();
    return value < 240u ? value % below : 0u - value % 16u;
}

static void put_latent(void) {
    const uint32_t head[5] = {number(3), next(), next(), next(), next() * 300u};
    mf_frame_bytes(head, sizeof head);
    const uint32_t elements = (next() & 3u) != 0 ? 4u * FAKE_COLUMNS : next() % 21u;
    for (uint32_t i = 0; i < 3u * elements; i++) {
        mf_frame_u32(next() * 0x01010101u);
    }
}

static void put_body(uint8_t type) {
    const bool reads = type == MF_REQUEST_READ || type == MF_REQUEST_READ_INPUT;
    if (reads || type == MF_REQUEST_WRITE || type == MF_REQUEST_TRACE) {
        mf_frame_u32(number(4));
        mf_frame_u32(number(20));
    }
    if (reads) {
        mf_frame_u32(number(20));
    }
    if (type == MF_REQUEST_RAW) {
        mf_frame_u32(number(40));
    }
    if (type == MF_REQUEST_FEATURES) {
        mf_frame_u32((next() & 3u) != 0 ? fake_front_end.raw_bytes : number(40));
    }
    if (type == MF_REQUEST_LATENT && (next() & 7u) != 0) {
        put_latent();
    }
    uint32_t more = next();
    for (more = more < 160u ? 0 : (more - 160u) * 4u; more > 0; more--) {
        mf_frame_u8(next());
    }
}

static void begin_request(const mf_message *header) {
    encodes = true;
    mf_message_begin(header);
}

static void end_request(void) {
    mf_frame_end();
    encodes = false;
}

static void put_request(uint8_t choice) {
    mf_message header = {.type = (choice & 31u) < 24u ? (uint8_t)((choice & 31u) % 12u) : next()};
    header.sequence = next() & 3u;
    uint8_t choices = next();
    header.state = choose_state(choices);
    header.session = choose_session(choices >> 3);
    if (header.type == MF_REQUEST_HELLO && (choices & 1u) != 0) {
        header.state = MF_PROTOCOL_VERSION;
        header.session = 77u + (choices >> 7);
    }
    begin_request(&header);
    put_body(header.type);
    end_request();
}

/* An input with which the model runs, RUN, and READ. */
static void put_inference(void) {
    mf_message header = {.type = MF_REQUEST_WRITE, .state = known.state, .session = known.session};
    begin_request(&header);
    mf_frame_u32(1);
    mf_frame_u64(0);
    end_request();
    header.type = MF_REQUEST_RUN;
    header.state++;
    begin_request(&header);
    end_request();
    header.type = MF_REQUEST_READ;
    header.state++;
    begin_request(&header);
    put_body(header.type);
    end_request();
}

/* A raw sample, FEATURES and READ_INPUT. */
static void put_features(void) {
    mf_message header = {.type = MF_REQUEST_RAW, .state = known.state, .session = known.session};
    begin_request(&header);
    mf_frame_u64((uint64_t)next() << 32);
    end_request();
    header.type = MF_REQUEST_FEATURES;
    header.state++;
    begin_request(&header);
    mf_frame_u32(fake_front_end.raw_bytes);
    end_request();
    header.type = MF_REQUEST_READ_INPUT;
    header.state++;
    begin_request(&header);
    put_body(header.type);
    end_request();
}

static void reset(void) {
    mf_frame_in_memory = 0;
    current = (session){0};
    known = (knowledge){0};
}

/* As a simulator does: past the UART, of which a delimiter says so. At times of a wrong length. */
static void put_in_memory(void) {
    uint32_t bytes = unstuff(to_device.bytes + 1, to_device.length - 2u);
    if (bytes <= sizeof mf_harness_received) {
        memcpy(mf_harness_received, to_device.bytes + 1, bytes);
        mf_frame_in_memory = next() < 240u ? bytes : number(MF_REQUEST_BYTES);
        to_device.length = 1; /* the first delimiter */
    }
}

static void put_damage(uint8_t choice) {
    if (choice & 1u) {
        to_device.bytes[next() % to_device.length] ^= next();
    } else if (choice & 2u) {
        to_device.length -= next() % to_device.length; /* cut short: runs into the next one */
    } else {
        put_request(next());
    }
}

/* What arrives next, whole or not. */
static void refill(void) {
    to_device.length = taken = 0;
    uint8_t choice = next();
    if (choice >= 250u) {
        reset();
    }
    if (choice >= 128u && choice < 192u) {
        if ((choice & 1u) != 0) {
            put_inference();
        } else {
            put_features();
        }
    } else {
        put_request(choice);
    }
    if (choice >= 192u && choice < 224u) {
        put_in_memory();
    }
    if (choice >= 224u && choice < 250u) {
        put_damage(choice);
    }
}

void mf_uart_init(void) {
}

void mf_uart_write(const uint8_t *data, uint32_t bytes) {
    buffer *to = encodes ? &to_device : &to_host;
    require(to->length + bytes <= BUFFER_BYTES, "replies have an end");
    memcpy(to->bytes + to->length, data, bytes);
    to->length += bytes;
}

uint8_t mf_uart_read(void) {
    if (!is_program) {
        return next();
    }
    if (taken == to_device.length) {
        hear_all();
        refill();
    }
    return to_device.bytes[taken++];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    input = data;
    input_bytes = size;
    encodes = false;
    to_device.length = to_host.length = taken = 0;
    reset();
    if (setjmp(input_ends) == 0) {
        is_program = (next() & 3u) != 0;
        mf_harness_take_raw(&fake_front_end);
        mf_harness_serve(&fake_model);
    }
    encodes = false;
    hear_all();
    return 0;
}
