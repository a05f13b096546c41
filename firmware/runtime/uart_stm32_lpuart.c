/* SPDX-License-Identifier: Apache-2.0
 *
 * Low-power UART of the STM32 families L4, L5 and later (RM0438), polled: 8 data bits, no parity,
 * 1 stop bit.
 */
#include "uart_stm32_usart_v2.h"

void mf_uart_init(void) {
    /* In 256ths of a clock. */
    mf_stm32_usart_start((uint32_t)(((uint64_t)MF_UART_CLOCK_HZ * 256u) / MF_UART_BAUD));
}

void mf_uart_write(const uint8_t *data, uint32_t bytes) {
    mf_stm32_usart_write(data, bytes);
}

uint8_t mf_uart_read(void) {
    return mf_stm32_usart_read();
}
