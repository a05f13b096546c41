/* SPDX-License-Identifier: Apache-2.0 */
#include "stack.h"

#define PATTERN 0xA5A5A5A5u
#define CANARY_WORDS 8u

/* From the linker script. */
extern uint32_t mf_stack_start[];
extern uint32_t mf_stack_end[];

void mf_stack_paint(void) {
    uint32_t *pointer;
    __asm__ volatile("mov %0, sp" : "=r"(pointer));
    /* volatile, or the compiler may call memset, whose own frame would be painted over. */
    for (volatile uint32_t *word = mf_stack_start; word < pointer; word++) {
        *word = PATTERN;
    }
}

bool mf_stack_intact(void) {
    for (uint32_t i = 0; i < CANARY_WORDS; i++) {
        if (mf_stack_start[i] != PATTERN) {
            return false;
        }
    }
    return true;
}

uint32_t mf_stack_bytes(void) {
    return (uint32_t)((uintptr_t)mf_stack_end - (uintptr_t)mf_stack_start);
}

uint32_t mf_stack_high_water(void) {
    const uint32_t *word = mf_stack_start;
    while (word < mf_stack_end && *word == PATTERN) {
        word++;
    }
    return (uint32_t)((uintptr_t)mf_stack_end - (uintptr_t)word);
}
