/* SPDX-License-Identifier: Apache-2.0
 *
 * UART of the nRF51 and nRF52 series without EasyDMA, polled: 8 data bits, no parity, 1 stop bit.
 * It receives into a buffer of six bytes.
 */
#include "board.h"
#include "registers.h"
#include "uart.h"

#define START_RX 0x000u
#define START_TX 0x008u
#define RX_READY 0x108u
#define TX_READY 0x11Cu
#define ENABLE 0x500u
#define SELECT_TX 0x50Cu
#define SELECT_RX 0x514u
#define RX_DATA 0x518u
#define TX_DATA 0x51Cu
#define BAUD 0x524u
#define CONFIG 0x56Cu
#define ENABLE_UART 4u

#define REGISTER(offset) (*mf_register(MF_UART_BASE + (offset)))

/* The part of the clock that a bit's rate is, in 2^-32, rounded to 2^-20. */
#define BAUD_VALUE                                                                                 \
    ((uint32_t)((((uint64_t)MF_UART_BAUD << 32) / MF_UART_CLOCK_HZ + 0x800u) & 0xFFFFF000u))

void mf_uart_init(void) {
    REGISTER(ENABLE) = 0;
    REGISTER(SELECT_TX) = 32u * MF_UART_TX_PORT + MF_UART_TX_PIN;
    REGISTER(SELECT_RX) = 32u * MF_UART_RX_PORT + MF_UART_RX_PIN;
    REGISTER(BAUD) = BAUD_VALUE;
    REGISTER(CONFIG) = 0;
    REGISTER(ENABLE) = ENABLE_UART;
    REGISTER(RX_READY) = 0;
    REGISTER(START_TX) = 1;
    REGISTER(START_RX) = 1;
}

void mf_uart_write(const uint8_t *data, uint32_t bytes) {
    for (uint32_t i = 0; i < bytes; i++) {
        REGISTER(TX_READY) = 0;
        REGISTER(TX_DATA) = data[i];
        while (REGISTER(TX_READY) == 0) {
        }
    }
}

/* The event first: reading the data sets it again where the buffer holds more. */
uint8_t mf_uart_read(void) {
    while (REGISTER(RX_READY) == 0) {
    }
    REGISTER(RX_READY) = 0;
    return (uint8_t)REGISTER(RX_DATA);
}
