/* SPDX-License-Identifier: Apache-2.0
 *
 * Nanoseconds of the host's monotonic clock.
 */
#define _POSIX_C_SOURCE 200809L

#include "ticks.h"

#include <time.h>

static uint64_t started;

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return ((uint64_t)time.tv_sec * 1000000000u) + (uint64_t)time.tv_nsec;
}

void mf_ticks_start(void) {
    started = now();
}

uint64_t mf_ticks_elapsed(void) {
    return now() - started;
}
