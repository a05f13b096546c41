/* SPDX-License-Identifier: Apache-2.0
 *
 * Arm's PrimeCell UART PL011, polled, with its buffers on: 8 data bits, no parity, 1 stop bit.
 */
#include "board.h"
#include "registers.h"
#include "uart.h"

#define DATA 0x00u
#define FLAGS 0x18u
#define BAUD_WHOLE 0x24u
#define BAUD_64THS 0x28u
#define LINE 0x2Cu
#define CONTROL 0x30u

#define FLAGS_RX_EMPTY (1u << 4)
#define FLAGS_TX_FULL (1u << 5)
#define LINE_8_BITS (3u << 5)
#define LINE_BUFFERS (1u << 4)
#define CONTROL_ENABLE ((1u << 9) | (1u << 8) | (1u << 0)) /* receiver, transmitter, UART */

#define REGISTER(offset) (*mf_register(MF_UART_BASE + (offset)))

/* Of 16 samples a bit, in 64ths. */
#define DIVIDER ((uint32_t)(((uint64_t)MF_UART_CLOCK_HZ * 4u + MF_UART_BAUD / 2u) / MF_UART_BAUD))

void mf_uart_init(void) {
    REGISTER(CONTROL) = 0;
    REGISTER(BAUD_WHOLE) = DIVIDER / 64u;
    REGISTER(BAUD_64THS) = DIVIDER % 64u;
    REGISTER(LINE) = LINE_8_BITS | LINE_BUFFERS; /* takes over the divider */
    REGISTER(CONTROL) = CONTROL_ENABLE;
}

void mf_uart_write(const uint8_t *data, uint32_t bytes) {
    for (uint32_t i = 0; i < bytes; i++) {
        while ((REGISTER(FLAGS) & FLAGS_TX_FULL) != 0) {
        }
        REGISTER(DATA) = data[i];
    }
}

uint8_t mf_uart_read(void) {
    while ((REGISTER(FLAGS) & FLAGS_RX_EMPTY) != 0) {
    }
    return (uint8_t)REGISTER(DATA);
}
