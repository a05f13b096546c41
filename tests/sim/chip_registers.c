/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs the start-up code of a chip on this computer, with memory where its registers are, and
 * prints what it left there. Arguments: what registers hold before, as ADDRESS=VALUE, and those to
 * print, as ADDRESS. A register that tells something is ready holds so from the beginning.
 */
#define _GNU_SOURCE
#include "chip.h"
#include "uart.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

static const uint32_t regions[][2] = {
    {0x40000000u, 0x10000000u}, /* peripherals */
    {0x50000000u, 0x00010000u}, /* GPIO of the nRF51 and nRF52 */
    {0xD0000000u, 0x00001000u}, /* SIO of the RP2040 */
    {0xE000E000u, 0x00001000u}, /* system control space */
};

static volatile uint32_t *at(const char *text, char **end) {
    return (volatile uint32_t *)(uintptr_t)strtoul(text, end, 16);
}

int main(int count, char **arguments) {
    for (size_t i = 0; i < sizeof regions / sizeof regions[0]; i++) {
        void *where = (void *)(uintptr_t)regions[i][0];
        int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE;
        if (mmap(where, regions[i][1], PROT_READ | PROT_WRITE, flags, -1, 0) != where) {
            return 77; /* taken on this computer */
        }
    }
    for (int i = 1; i < count; i++) {
        char *end;
        volatile uint32_t *address = at(arguments[i], &end);
        if (*end == '=') {
            *address = (uint32_t)strtoul(end + 1, NULL, 16);
        }
    }
    mf_chip_init();
    mf_uart_init();
    mf_led_set(true);
    for (int i = 1; i < count; i++) {
        char *end;
        volatile uint32_t *address = at(arguments[i], &end);
        if (*end != '=') {
            printf("%08x\n", (unsigned)*address);
        }
    }
    return 0;
}
