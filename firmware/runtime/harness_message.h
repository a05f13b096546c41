/* SPDX-License-Identifier: Apache-2.0
 *
 * The header of every message of the harness protocol. docs/reference/harness-protocol.md describes
 * it.
 */
#ifndef MF_HARNESS_MESSAGE_H
#define MF_HARNESS_MESSAGE_H

#include "frame.h"

#include <stdint.h>

typedef struct {
    uint8_t type;
    uint8_t status;
    uint16_t sequence;
    uint32_t state; /* changes made in the session; in HELLO and its reply the protocol's version */
    uint32_t session;
} mf_message;

_Static_assert(sizeof(mf_message) == 12, "as on the wire");

/* The type, the status and the sequence number: these bytes are the same in all versions. */
#define MF_MESSAGE_LEAST_BYTES 4u

/* Begins a frame with the header; the body follows. */
static inline void mf_message_begin(const mf_message *header) {
    mf_frame_begin();
    mf_frame_bytes(header, sizeof *header);
}

#endif /* MF_HARNESS_MESSAGE_H */
