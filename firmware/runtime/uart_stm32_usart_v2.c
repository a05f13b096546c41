/* SPDX-License-Identifier: Apache-2.0
 *
 * USART of the STM32 families F0, F7, L4 and later (RM0410), polled: 8 data bits, no parity, 1 stop
 * bit.
 */
#include "uart_stm32_usart_v2.h"

void mf_uart_init(void) {
    mf_stm32_usart_start((MF_UART_CLOCK_HZ + MF_UART_BAUD / 2u) / MF_UART_BAUD);
}

void mf_uart_write(const uint8_t *data, uint32_t bytes) {
    mf_stm32_usart_write(data, bytes);
}

uint8_t mf_uart_read(void) {
    return mf_stm32_usart_read();
}
