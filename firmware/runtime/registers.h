/* SPDX-License-Identifier: Apache-2.0
 *
 * Registers of a chip by address.
 */
#ifndef MF_REGISTERS_H
#define MF_REGISTERS_H

#include <stdbool.h>
#include <stdint.h>

/* How often a register is polled at most: longer than any clock takes to start. */
#define MF_POLLS 100000u

static inline volatile uint32_t *mf_register(uint32_t address) {
    return (volatile uint32_t *)(uintptr_t)address;
}

static inline void mf_set_bits(uint32_t address, uint32_t bits) {
    *mf_register(address) |= bits;
}

/* Writes `value` to the bits of `mask`. */
static inline void mf_set_field(uint32_t address, uint32_t mask, uint32_t value) {
    *mf_register(address) = (*mf_register(address) & ~mask) | value;
}

/* Waits until the bits of `mask` read as `value`; false where they do not within MF_POLLS reads. */
static inline bool mf_wait_field(uint32_t address, uint32_t mask, uint32_t value) {
    for (uint32_t poll = 0; poll < MF_POLLS; poll++) {
        if ((*mf_register(address) & mask) == value) {
            return true;
        }
    }
    return false;
}

#endif /* MF_REGISTERS_H */
