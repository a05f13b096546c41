/* SPDX-License-Identifier: Apache-2.0
 *
 * USART and LPUART of the STM32 families F0, F7, L4, L5 and later, which differ in the divider
 * only.
 */
#ifndef MF_UART_STM32_USART_V2_H
#define MF_UART_STM32_USART_V2_H

#include "board.h"
#include "uart.h"

typedef struct {
    volatile uint32_t control1;
    volatile uint32_t control2;
    volatile uint32_t control3;
    volatile uint32_t baud_divider;
    volatile uint32_t guard_time;
    volatile uint32_t timeout;
    volatile uint32_t request;
    volatile uint32_t status;
    volatile uint32_t clear;
    volatile uint32_t rx_data;
    volatile uint32_t tx_data;
} stm32_usart_v2;

#define CONTROL1_ENABLE (1u << 0)
#define CONTROL1_RX_ENABLE (1u << 2)
#define CONTROL1_TX_ENABLE (1u << 3)
#define CONTROL3_NO_OVERRUN                                                                        \
    (1u << 12) /* a byte not taken in time is replaced, and nothing else                           \
                */
#define STATUS_RX_NOT_EMPTY (1u << 5)
#define STATUS_TX_EMPTY (1u << 7)

#define UART ((stm32_usart_v2 *)MF_UART_BASE)

static inline void mf_stm32_usart_start(uint32_t divider) {
    UART->control1 = 0;
    UART->control3 = CONTROL3_NO_OVERRUN;
    UART->baud_divider = divider;
    UART->control1 = CONTROL1_ENABLE | CONTROL1_TX_ENABLE | CONTROL1_RX_ENABLE;
    (void)UART->rx_data; /* drops what arrived before */
}

static inline void mf_stm32_usart_write(const uint8_t *data, uint32_t bytes) {
    for (uint32_t i = 0; i < bytes; i++) {
        while ((UART->status & STATUS_TX_EMPTY) == 0) {
        }
        UART->tx_data = data[i];
    }
}

static inline uint8_t mf_stm32_usart_read(void) {
    while ((UART->status & STATUS_RX_NOT_EMPTY) == 0) {
    }
    return (uint8_t)UART->rx_data;
}

#endif /* MF_UART_STM32_USART_V2_H */
