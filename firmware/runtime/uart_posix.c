/* SPDX-License-Identifier: Apache-2.0
 *
 * stdin and stdout in place of a UART, for the build that runs on the host.
 */
#define _POSIX_C_SOURCE 200809L

#include "uart.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static uint8_t received[4096];
static ssize_t received_bytes;
static ssize_t position;

void mf_uart_init(void) {
}

void mf_uart_write(const uint8_t *data, uint32_t bytes) {
    while (bytes > 0) {
        ssize_t written = write(STDOUT_FILENO, data, bytes);
        if (written < 0 && errno != EINTR) {
            exit(EXIT_FAILURE); /* the host has gone */
        }
        if (written > 0) {
            data += written;
            bytes -= (uint32_t)written;
        }
    }
}

uint8_t mf_uart_read(void) {
    while (position >= received_bytes) {
        position = 0;
        received_bytes = read(STDIN_FILENO, received, sizeof received);
        if (received_bytes == 0 || (received_bytes < 0 && errno != EINTR)) {
            exit(EXIT_SUCCESS);
        }
    }
    return received[position++];
}
