/* SPDX-License-Identifier: Apache-2.0
 *
 * Numbers of the harness protocol. The messages are described in
 * docs/reference/harness-protocol.md, and mirrored by mcuforge.device.protocol; a test compares the
 * two.
 */
#ifndef MF_HARNESS_PROTOCOL_H
#define MF_HARNESS_PROTOCOL_H

#define MF_PROTOCOL_VERSION 5

/* Requests. A reply has the type of its request with MF_REPLY set. */
#define MF_REQUEST_HELLO 0x01
#define MF_REQUEST_WRITE 0x02
#define MF_REQUEST_RUN 0x03
#define MF_REQUEST_READ 0x04
#define MF_REQUEST_TRACE 0x05
#define MF_REQUEST_STATS 0x06
#define MF_REQUEST_LATENT 0x07
#define MF_REQUEST_RESET 0x08
#define MF_REQUEST_RAW 0x09      /* this one and the next two: only where raw samples are */
#define MF_REQUEST_FEATURES 0x0A /* taken, in firmware built with MF_FEATURES */
#define MF_REQUEST_READ_INPUT 0x0B
/* What the host answers to an event while the model runs; the device does not reply to it. Only in
 * firmware built with MF_ROWS. */
#define MF_ANSWER_ROW 0x0C    /* to GIVE */
#define MF_ANSWER_TAKEN 0x0D  /* to TAKE */
#define MF_REQUEST_CRASH 0x70 /* only where the firmware was built with MF_CRASH_TEST */
#define MF_REPLY 0x80

/* Frames that the device sends of its own accord. */
#define MF_EVENT_DIGEST 0xC0
#define MF_EVENT_OUTPUT 0xC1
#define MF_EVENT_GIVE 0xC2 /* asks for a row of an input that streams */
#define MF_EVENT_TAKE 0xC3 /* hands over a row of an output that streams */
#define MF_EVENT_FAULT 0xE0

/* Status of a reply. */
#define MF_STATUS_OK 0
#define MF_STATUS_MALFORMED 1     /* the body has the wrong length */
#define MF_STATUS_UNKNOWN 2       /* no such request */
#define MF_STATUS_RANGE 3         /* tensor, op or byte range does not exist */
#define MF_STATUS_SEQUENCE 4      /* meant for another session, or another state of it */
#define MF_STATUS_VERSION 5       /* the host speaks another version of the protocol */
#define MF_STATUS_INIT_FAILED 6   /* the engine could not start */
#define MF_STATUS_INVOKE_FAILED 7 /* the engine could not run the model */
#define MF_STATUS_STACK 8         /* the stack overflowed: the results may be wrong */

/* Modes of TRACE. */
#define MF_TRACE_DIGESTS 0
#define MF_TRACE_OUTPUT 1

/* Kinds of CRASH. */
#define MF_CRASH_BUS 0
#define MF_CRASH_UNDEFINED 1
#define MF_CRASH_STACK 2
#define MF_CRASH_DIVIDE 3
#define MF_CRASH_UNALIGNED 4
#define MF_CRASH_CANARY 5 /* no fault: writes to the far end of the stack */
#define MF_CRASH_LOCKUP 6 /* not on ARMv6-M: a fault where no fault can be handled */
#define MF_CRASH_HANG 7   /* no fault: never answers again */

/* Bytes of the pieces of a streamed output. */
#define MF_OUTPUT_PIECE_BYTES 1024

#endif /* MF_HARNESS_PROTOCOL_H */
