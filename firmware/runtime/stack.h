/* SPDX-License-Identifier: Apache-2.0
 *
 * How much of the stack was ever used. One driver is linked: stack_<kind>.c.
 */
#ifndef MF_STACK_H
#define MF_STACK_H

#include <stdbool.h>
#include <stdint.h>

/* Fills the unused part with a pattern. Call once, early. */
void mf_stack_paint(void);

/* False where the far end of the stack was written to: it was too small, and what lies below it may
 * hold wrong data. True where that is not known, as on a host. */
bool mf_stack_intact(void);

/* Bytes reserved; 0 where that is not known, as on a host. */
uint32_t mf_stack_bytes(void);

/* The most bytes in use at any time since the painting; 0 where that is not known. */
uint32_t mf_stack_high_water(void);

#endif /* MF_STACK_H */
