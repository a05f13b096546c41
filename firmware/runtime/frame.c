/* SPDX-License-Identifier: Apache-2.0 */
#include "frame.h"
#include "crc32.h"
#include "uart.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define BLOCK_BYTES 254u /* the most that one COBS code byte can announce */
#define FULL_BLOCK 255u
#define CRC_BYTES 4u

/* block[0] is the code byte: 1 + the number of bytes that follow. */
static uint8_t block[1 + BLOCK_BYTES];
static uint32_t block_bytes;
static uint32_t sent_crc;
static uint32_t dropped;
static bool came_through_memory;
static uint8_t *out; /* where the frame that is made lies; NULL: it goes to the UART */
static uint32_t out_bytes;

volatile uint32_t mf_frame_in_memory;
volatile uint32_t mf_frame_out_in_memory;

static void flush_block(void) {
    block[0] = (uint8_t)(1u + block_bytes);
    mf_uart_write(block, 1u + block_bytes);
    block_bytes = 0;
}

static void stuff(const uint8_t *data, uint32_t bytes) {
    for (uint32_t i = 0; i < bytes; i++) {
        if (block_bytes == BLOCK_BYTES) {
            flush_block(); /* a full block stands for no zero after it */
        }
        if (data[i] == 0) {
            flush_block();
        } else {
            block[1u + block_bytes++] = data[i];
        }
    }
}

static void delimit(void) {
    static const uint8_t delimiter = 0;
    mf_uart_write(&delimiter, 1);
}

void mf_frame_begin(void) {
    block_bytes = 0;
    sent_crc = 0;
    if (out_bytes != 0) {
        out_bytes = 0; /* one in memory was not ended */
        out = NULL;
    }
    if (out == NULL) {
        delimit();
    }
}

void mf_frame_next_in(uint8_t *buffer) {
    out = came_through_memory ? buffer : NULL;
}

static void append(const uint8_t *data, uint32_t bytes) {
    if (out == NULL) {
        stuff(data, bytes);
    } else {
        memcpy(out + out_bytes, data, (size_t)bytes);
        out_bytes += bytes;
    }
}

void mf_frame_bytes(const void *data, uint32_t bytes) {
    sent_crc = mf_crc32(sent_crc, data, bytes);
    append(data, bytes);
}

void mf_frame_u8(uint8_t value) {
    mf_frame_bytes(&value, sizeof value);
}

void mf_frame_u16(uint16_t value) {
    mf_frame_bytes(&value, sizeof value);
}

void mf_frame_u32(uint32_t value) {
    mf_frame_bytes(&value, sizeof value);
}

void mf_frame_u64(uint64_t value) {
    mf_frame_bytes(&value, sizeof value);
}

void mf_frame_end(void) {
    uint32_t crc = sent_crc;
    append((const uint8_t *)&crc, sizeof crc);
    if (out == NULL) {
        flush_block();
    } else {
        atomic_signal_fence(memory_order_release); /* what is counted now is there */
        mf_frame_out_in_memory = out_bytes;
        out_bytes = 0;
        out = NULL;
    }
    delimit();
}

/* Reads up to the next delimiter, decoding COBS. Returns the bytes decoded, of which at most
 * `capacity` are stored; more than `capacity` also where a block was cut short. */
static uint32_t receive_stuffed(uint8_t *buffer, uint32_t capacity) {
    uint32_t length = 0;
    uint32_t left = 0;
    uint32_t code = FULL_BLOCK;
    for (uint8_t byte = mf_uart_read(); byte != 0; byte = mf_uart_read()) {
        if (left > 0) {
            left--;
        } else {
            uint32_t previous = code;
            code = byte;
            left = code - 1u;
            if (previous == FULL_BLOCK) {
                continue; /* neither the first code byte nor one after a full block means a zero */
            }
            byte = 0;
        }
        if (length < capacity) {
            buffer[length] = byte;
        }
        length++;
    }
    return left == 0 ? length : capacity + 1u;
}

/* The length of the frame that a simulator has put into the buffer; 0 where it has not. */
static uint32_t take_from_memory(void) {
    uint32_t length = mf_frame_in_memory;
    mf_frame_in_memory = 0;
    atomic_signal_fence(memory_order_acquire); /* what is read now is what was put there */
    return length;
}

uint32_t mf_frame_receive(uint8_t *buffer, uint32_t capacity) {
    for (;;) {
        uint32_t length = receive_stuffed(buffer, capacity);
        came_through_memory = length == 0;
        if (came_through_memory) {
            length = take_from_memory();
        }
        if (length > CRC_BYTES && length <= capacity) {
            uint32_t crc;
            memcpy(&crc, buffer + length - CRC_BYTES, CRC_BYTES);
            if (crc == mf_crc32(0, buffer, length - CRC_BYTES)) {
                mf_frame_out_in_memory = 0;
                return length - CRC_BYTES;
            }
        }
        if (length != 0) {
            dropped++;
        }
    }
}

uint32_t mf_frame_dropped(void) {
    return dropped;
}
