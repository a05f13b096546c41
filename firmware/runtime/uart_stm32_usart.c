/* SPDX-License-Identifier: Apache-2.0
 *
 * USART of the STM32 families F1 to F4 (RM0090), polled: 8 data bits, no parity, 1 stop bit.
 */
#include "board.h"
#include "uart.h"

typedef struct {
    volatile uint32_t status;
    volatile uint32_t data;
    volatile uint32_t baud_divider;
    volatile uint32_t control1;
} stm32_usart;

#define STATUS_RX_NOT_EMPTY (1u << 5)
#define STATUS_TX_EMPTY (1u << 7)
#define CONTROL1_RX_ENABLE (1u << 2)
#define CONTROL1_TX_ENABLE (1u << 3)
#define CONTROL1_ENABLE (1u << 13)

#define UART ((stm32_usart *)MF_UART_BASE)

void mf_uart_init(void) {
    UART->control1 = 0;
    /* 16 samples a bit, so that the divider in 16ths is the clocks of a bit. */
    UART->baud_divider = (MF_UART_CLOCK_HZ + MF_UART_BAUD / 2u) / MF_UART_BAUD;
    UART->control1 = CONTROL1_ENABLE | CONTROL1_TX_ENABLE | CONTROL1_RX_ENABLE;
    (void)UART->data; /* drops what arrived before */
}

void mf_uart_write(const uint8_t *data, uint32_t bytes) {
    for (uint32_t i = 0; i < bytes; i++) {
        while ((UART->status & STATUS_TX_EMPTY) == 0) {
        }
        UART->data = data[i];
    }
}

/* Reading status, then data, clears an overrun too. */
uint8_t mf_uart_read(void) {
    while ((UART->status & STATUS_RX_NOT_EMPTY) == 0) {
    }
    return (uint8_t)UART->data;
}
