/* SPDX-License-Identifier: Apache-2.0
 *
 * UART of Arm's Cortex-M System Design Kit (MPS2 and MPS3 boards), polled.
 */
#include "board.h"
#include "uart.h"

typedef struct {
    volatile uint32_t data;
    volatile uint32_t state;
    volatile uint32_t control;
    volatile uint32_t interrupt;
    volatile uint32_t baud_divider;
} cmsdk_uart;

#define STATE_TX_FULL (1u << 0)
#define STATE_RX_FULL (1u << 1)
#define CONTROL_TX_ENABLE (1u << 0)
#define CONTROL_RX_ENABLE (1u << 1)
#define SMALLEST_DIVIDER 16u

#define UART ((cmsdk_uart *)MF_UART_BASE)

void mf_uart_init(void) {
    uint32_t divider = MF_UART_CLOCK_HZ / MF_UART_BAUD;
    UART->baud_divider = divider < SMALLEST_DIVIDER ? SMALLEST_DIVIDER : divider;
    UART->control = CONTROL_TX_ENABLE | CONTROL_RX_ENABLE;
    /* Drops what arrived before. And QEMU, where the host may connect before this point, looks at
     * the connection again only when the data register is read. */
    (void)UART->data;
}

void mf_uart_write(const uint8_t *data, uint32_t bytes) {
    for (uint32_t i = 0; i < bytes; i++) {
        while ((UART->state & STATE_TX_FULL) != 0) {
        }
        UART->data = data[i];
    }
}

uint8_t mf_uart_read(void) {
    while ((UART->state & STATE_RX_FULL) == 0) {
    }
    return (uint8_t)UART->data;
}
