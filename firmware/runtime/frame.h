/* SPDX-License-Identifier: Apache-2.0
 *
 * Frames over the UART: COBS(payload, CRC-32 of the payload) between zero bytes.
 *
 * Frames are sent while they are made, whatever their length, and need no buffer beyond one COBS
 * block. Integers are little-endian, as is every core that this runs on.
 */
#ifndef MF_FRAME_H
#define MF_FRAME_H

#include <stdint.h>

/* Between begin and end, append the payload. Begin abandons a frame that was not ended. */
void mf_frame_begin(void);
void mf_frame_bytes(const void *data, uint32_t bytes);
void mf_frame_u8(uint8_t value);
void mf_frame_u16(uint16_t value);
void mf_frame_u32(uint32_t value);
void mf_frame_u64(uint64_t value);
void mf_frame_end(void);

/* Waits for the next undamaged frame of at most `capacity` bytes, CRC included, and returns the
 * length of its payload. Damaged and longer ones are dropped and counted. */
uint32_t mf_frame_receive(uint8_t *buffer, uint32_t capacity);

/* For simulators, whose UARTs take far longer for a byte than their memory: one that has written a
 * frame, as it is without COBS, to the buffer of `mf_frame_receive` writes its length here, and
 * then sends a delimiter over the UART. Elsewhere it is always 0. */
extern volatile uint32_t mf_frame_in_memory;

/* The other way: the next frame is made in `buffer`, which has room for it and its CRC, if the last
 * one that was received came through memory. When it ends, its length stands in
 * `mf_frame_out_in_memory` until the next frame is received, and a delimiter goes over the UART. */
void mf_frame_next_in(uint8_t *buffer);
extern volatile uint32_t mf_frame_out_in_memory;

/* Frames dropped since the start. */
uint32_t mf_frame_dropped(void);

#endif /* MF_FRAME_H */
