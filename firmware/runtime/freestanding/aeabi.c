/* SPDX-License-Identifier: Apache-2.0
 *
 * The names under which the run-time ABI for the Arm architecture has compilers call the functions
 * of string.c: 4 and 8 promise alignment, memset takes its arguments in another order.
 */
#define MF_FREESTANDING_IMPLEMENTATION
#include "string.h"

void __aeabi_memcpy(void *target, const void *source, size_t bytes);
void __aeabi_memcpy4(void *target, const void *source, size_t bytes);
void __aeabi_memcpy8(void *target, const void *source, size_t bytes);
void __aeabi_memmove(void *target, const void *source, size_t bytes);
void __aeabi_memmove4(void *target, const void *source, size_t bytes);
void __aeabi_memmove8(void *target, const void *source, size_t bytes);
void __aeabi_memset(void *target, size_t bytes, int value);
void __aeabi_memset4(void *target, size_t bytes, int value);
void __aeabi_memset8(void *target, size_t bytes, int value);
void __aeabi_memclr(void *target, size_t bytes);
void __aeabi_memclr4(void *target, size_t bytes);
void __aeabi_memclr8(void *target, size_t bytes);

void __aeabi_memcpy(void *target, const void *source, size_t bytes) {
    memcpy(target, source, bytes);
}

void __aeabi_memcpy4(void *target, const void *source, size_t bytes) {
    memcpy(target, source, bytes);
}

void __aeabi_memcpy8(void *target, const void *source, size_t bytes) {
    memcpy(target, source, bytes);
}

void __aeabi_memmove(void *target, const void *source, size_t bytes) {
    memmove(target, source, bytes);
}

void __aeabi_memmove4(void *target, const void *source, size_t bytes) {
    memmove(target, source, bytes);
}

void __aeabi_memmove8(void *target, const void *source, size_t bytes) {
    memmove(target, source, bytes);
}

void __aeabi_memset(void *target, size_t bytes, int value) {
    memset(target, value, bytes);
}

void __aeabi_memset4(void *target, size_t bytes, int value) {
    memset(target, value, bytes);
}

void __aeabi_memset8(void *target, size_t bytes, int value) {
    memset(target, value, bytes);
}

void __aeabi_memclr(void *target, size_t bytes) {
    memset(target, 0, bytes);
}

void __aeabi_memclr4(void *target, size_t bytes) {
    memset(target, 0, bytes);
}

void __aeabi_memclr8(void *target, size_t bytes) {
    memset(target, 0, bytes);
}
