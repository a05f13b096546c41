/* SPDX-License-Identifier: Apache-2.0
 *
 * Built with -fno-builtin: the compiler must not make of these loops calls of themselves.
 */
#define MF_FREESTANDING_IMPLEMENTATION
#include "string.h"

#include <stdint.h>

#define WORD sizeof(uint32_t)

/* Words may alias anything, as bytes do. */
typedef uint32_t __attribute__((may_alias)) word;

static int aligned(const void *one, const void *other) {
    return (((uintptr_t)one | (uintptr_t)other) % WORD) == 0;
}

int memcmp(const void *left, const void *right, size_t bytes) {
    const uint8_t *l = left;
    const uint8_t *r = right;
    for (size_t i = 0; i < bytes; i++) {
        if (l[i] != r[i]) {
            return l[i] < r[i] ? -1 : 1;
        }
    }
    return 0;
}

/* From the first byte on: also where the target overlaps what follows it. */
static void copy_forwards(uint8_t *target, const uint8_t *source, size_t bytes) {
    if (aligned(target, source)) {
        for (; bytes >= WORD; bytes -= WORD, target += WORD, source += WORD) {
            *(word *)(void *)target = *(const word *)(const void *)source;
        }
    }
    while (bytes-- > 0) {
        *target++ = *source++;
    }
}

void *memcpy(void *restrict target, const void *restrict source, size_t bytes) {
    copy_forwards(target, source, bytes);
    return target;
}

void *memmove(void *target, const void *source, size_t bytes) {
    uint8_t *t = target;
    const uint8_t *s = source;
    /* Wraps to a large number where the target lies before the source. */
    if ((uintptr_t)t - (uintptr_t)s >= bytes) {
        copy_forwards(t, s, bytes);
        return target;
    }
    while (bytes-- > 0) {
        t[bytes] = s[bytes];
    }
    return target;
}

void *memset(void *target, int value, size_t bytes) {
    uint8_t *t = target;
    uint32_t pattern = (uint8_t)value * 0x01010101u;
    for (; bytes > 0 && !aligned(t, t); bytes--) {
        *t++ = (uint8_t)pattern;
    }
    for (; bytes >= WORD; bytes -= WORD, t += WORD) {
        *(word *)(void *)t = pattern;
    }
    while (bytes-- > 0) {
        *t++ = (uint8_t)pattern;
    }
    return target;
}
