/* SPDX-License-Identifier: Apache-2.0
 * What the kernels use of the C library, for a compiler that comes without one. */
#pragma once
#include <stddef.h>
void *memcpy(void *restrict target, const void *restrict source, size_t count);
void *memmove(void *target, const void *source, size_t count);
void *memset(void *target, int value, size_t count);
