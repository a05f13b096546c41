/* SPDX-License-Identifier: Apache-2.0
 *
 * Clock, pins and LED of the chip. One driver is linked: chip_<family>.c.
 */
#ifndef MF_CHIP_H
#define MF_CHIP_H

#include <stdbool.h>

/* Brings the core to MF_CORE_CLOCK_HZ (board.h), and connects UART and LED to their pins. Called
 * once, before main. Where a clock does not start within a bounded time, the chip stays on the one
 * before: simulators have no clock tree. */
void mf_chip_init(void);

/* Does nothing on a board without an LED. */
void mf_led_set(bool on);

#endif /* MF_CHIP_H */
