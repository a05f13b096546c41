/* SPDX-License-Identifier: Apache-2.0
 *
 * Bytes to and from the host. One driver is linked: uart_<kind>.c.
 */
#ifndef MF_UART_H
#define MF_UART_H

#include <stdint.h>

/* Call once before anything else. */
void mf_uart_init(void);

/* Returns when all bytes are handed to the hardware. */
void mf_uart_write(const uint8_t *data, uint32_t bytes);

/* Waits for the next byte. On a host, ends the process where there are no more. */
uint8_t mf_uart_read(void);

#endif /* MF_UART_H */
