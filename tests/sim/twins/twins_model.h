/* SPDX-License-Identifier: Apache-2.0
 *
 * A kernel with its inner loop in assembly, beside the same kernel in C, on random cases.
 */
#ifndef TWINS_MODEL_H
#define TWINS_MODEL_H

#include <stdint.h>

#include "mcuforge/engine.h"

extern const mf_model twins_model;

/* Draws a case from the seed and runs both kernels on it. Returns 0 where they differ, else a
 * digest of what they computed. */
uint32_t twins_case(uint32_t seed);

/* The next of a sequence of random numbers. */
static inline uint32_t twins_random(uint32_t *state) {
    *state = *state * UINT32_C(1664525) + UINT32_C(1013904223);
    return (*state >> 16) | (*state << 16);
}

/* low <= result <= high, which are less than 2^31 apart. */
static inline int32_t twins_between(uint32_t *state, int32_t low, int32_t high) {
    return low + (int32_t)(twins_random(state) % (uint32_t)(high - low + 1));
}

/* Random bytes, of which many are extremes. */
static inline void twins_fill(uint32_t *state, int8_t *bytes, int32_t count) {
    for (int32_t i = 0; i < count; ++i) {
        const uint32_t drawn = twins_random(state);
        const int8_t extreme = (drawn & 0x200u) != 0 ? INT8_MIN : INT8_MAX;
        bytes[i] = (drawn & 0x100u) != 0 ? extreme : (int8_t)(drawn & 0xFFu);
    }
}

static inline uint32_t twins_digest(const int8_t *bytes, int32_t count) {
    uint32_t digest = 2166136261u;
    for (int32_t i = 0; i < count; ++i) {
        digest = (digest ^ (uint8_t)bytes[i]) * 16777619u;
    }
    return digest | 1u;
}

#endif /* TWINS_MODEL_H */
