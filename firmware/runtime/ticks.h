/* SPDX-License-Identifier: Apache-2.0
 *
 * A stopwatch in ticks of MF_TICK_HZ (board.h). On a Cortex-M a tick is a cycle of the core; in
 * QEMU with `-icount shift=0` it is a fixed number of instructions. One driver is linked:
 * ticks_<kind>.c.
 */
#ifndef MF_TICKS_H
#define MF_TICKS_H

#include <stdint.h>

/* Starts from zero. The counter's phase is set as well, so that equal work gives equal ticks. */
void mf_ticks_start(void);

/* Ticks since the start. */
uint64_t mf_ticks_elapsed(void);

#endif /* MF_TICKS_H */
