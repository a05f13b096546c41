/* SPDX-License-Identifier: Apache-2.0
 *
 * The four functions that every freestanding C compiler may call, for toolchains that bring no C
 * library. They do what the standard says.
 */
#ifndef MF_FREESTANDING_STRING_H
#define MF_FREESTANDING_STRING_H

#include <stddef.h>

int memcmp(const void *left, const void *right, size_t bytes);
void *memcpy(void *restrict target, const void *restrict source, size_t bytes);
void *memmove(void *target, const void *source, size_t bytes);
void *memset(void *target, int value, size_t bytes);

/* A freestanding compiler takes these names for any function; told so, it makes of a copy of four
 * bytes one instruction instead of a call. Not where they are defined: there, that would be a call
 * of themselves. */
#ifndef MF_FREESTANDING_IMPLEMENTATION
#define memcmp __builtin_memcmp
#define memcpy __builtin_memcpy
#define memmove __builtin_memmove
#define memset __builtin_memset
#endif

#endif /* MF_FREESTANDING_STRING_H */
