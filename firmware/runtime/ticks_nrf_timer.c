/* SPDX-License-Identifier: Apache-2.0
 *
 * TIMER0 of the nRF51 and nRF52 series: 32 bits at 16 MHz, which wrap after 268 s. One wrap is
 * seen, so that readings of up to 400 s are right.
 */
#include "registers.h"
#include "ticks.h"

#define TIMER 0x40008000u
#define START 0x000u
#define STOP 0x004u
#define CLEAR 0x00Cu
#define CAPTURE_0 0x040u
#define REACHED_1 0x144u
#define MODE 0x504u
#define BIT_MODE 0x508u
#define PRESCALER 0x510u
#define COMPARE_0 0x540u
#define COMPARE_1 0x544u
#define BIT_MODE_32 3u
#define HALF 0x80000000u

#define REGISTER(offset) (*mf_register(TIMER + (offset)))

void mf_ticks_start(void) {
    REGISTER(STOP) = 1;
    REGISTER(MODE) = 0; /* timer, not counter */
    REGISTER(BIT_MODE) = BIT_MODE_32;
    REGISTER(PRESCALER) = 0;
    REGISTER(COMPARE_1) = UINT32_MAX;
    REGISTER(CLEAR) = 1;
    REGISTER(REACHED_1) = 0;
    REGISTER(START) = 1;
}

uint64_t mf_ticks_elapsed(void) {
    REGISTER(CAPTURE_0) = 1;
    uint32_t value = REGISTER(COMPARE_0);
    bool wrapped = REGISTER(REACHED_1) != 0 && value < HALF;
    return ((uint64_t)wrapped << 32) + value;
}
