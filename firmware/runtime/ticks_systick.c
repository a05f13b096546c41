/* SPDX-License-Identifier: Apache-2.0
 *
 * SysTick, a 24-bit down counter, extended to 64 bits by counting its wraps in an interrupt.
 */
#include "cortex_m.h"
#include "ticks.h"

#define PERIOD 0x1000000u

static volatile uint32_t wraps;

void SysTick_Handler(void);

void SysTick_Handler(void) {
    wraps++;
}

void mf_ticks_start(void) {
    SYSTICK->control = 0;
    SCB->icsr = ICSR_CLEAR_SYSTICK;
    wraps = 0;
    SYSTICK->reload = PERIOD - 1u;
    SYSTICK->value = 0; /* any write clears it; the first tick loads the period */
    SYSTICK->control = SYSTICK_CORE_CLOCK | SYSTICK_INTERRUPT | SYSTICK_ENABLE;
}

uint64_t mf_ticks_elapsed(void) {
    uint32_t masked = mf_interrupts_mask();
    uint32_t value = SYSTICK->value;
    uint32_t high = wraps;
    if ((SCB->icsr & ICSR_SYSTICK_PENDING) != 0) {
        /* It wrapped while interrupts were masked: the wrap is not counted yet. */
        value = SYSTICK->value;
        high++;
    }
    mf_interrupts_restore(masked);
    return ((uint64_t)high * PERIOD) + ((PERIOD - value) % PERIOD);
}
