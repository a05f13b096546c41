/* SPDX-License-Identifier: Apache-2.0
 *
 * The DSP instructions of Armv7E-M and Armv8-M that kernels use, and words in memory.
 *
 * NN_HAS_DSP tells whether the core has them; elsewhere they are computed in C, so that kernels for
 * these cores run everywhere: in tests under sanitizers, and in builds for a computer.
 *
 * NN_ASM tells whether inner loops in assembly may take the place of their C: with GCC and Clang
 * (armclang too), unless NN_NO_ASM is defined. Other compilers get the C.
 */
#ifndef NN_DSP_H
#define NN_DSP_H

#include <stdint.h>
#include <string.h>

#if defined(__ARM_FEATURE_DSP) && __ARM_ARCH_PROFILE == 'M'
#define NN_HAS_DSP 1
#include <arm_acle.h>
#else
#define NN_HAS_DSP 0
#endif

#if NN_HAS_DSP && defined(__GNUC__) && !defined(NN_NO_ASM)
#define NN_ASM 1
#else
#define NN_ASM 0
#endif

/* A function of nothing but assembly, which keeps to the calling convention whatever the compiler
 * knows of its body. It may not mention its arguments, which are therefore unused. */
#if defined(__GNUC__)
#if defined(__clang__)
#define NN_ASM_FUNCTION __attribute__((naked, noinline))
#else
#define NN_ASM_FUNCTION __attribute__((naked, noinline, noipa))
#endif
#define NN_ASM_UNUSED __attribute__((unused))
#endif

/* A function that is called from several places, and would only make code larger in them. */
#if defined(__GNUC__)
#define NN_APART static __attribute__((noinline))
#else
#define NN_APART static
#endif

static inline uint32_t nn_load_word(const void *source) {
    uint32_t word;
    memcpy(&word, source, sizeof word); /* one LDR: the cores that matter allow any address */
    return word;
}

static inline void nn_store_word(void *target, uint32_t word) {
    memcpy(target, &word, sizeof word);
}

#if NN_HAS_DSP

static inline uint32_t nn_sxtb16(uint32_t x) {
    uint32_t result;
    __asm__("sxtb16 %0, %1" : "=r"(result) : "r"(x));
    return result;
}

static inline uint32_t nn_sxtb16_ror8(uint32_t x) {
    uint32_t result;
    __asm__("sxtb16 %0, %1, ror #8" : "=r"(result) : "r"(x));
    return result;
}

/* x, or the int8 next to it. */
static inline int32_t nn_ssat8(int32_t x) {
    int32_t result;
    __asm__("ssat %0, #8, %1" : "=r"(result) : "r"(x));
    return result;
}

/* The larger (smaller) of int8 x and y, byte by byte. */
static inline uint32_t nn_max_bytes(uint32_t x, uint32_t y) {
    uint32_t result;
    __asm__("ssub8 %0, %1, %2\n\tsel %0, %1, %2" : "=&r"(result) : "r"(x), "r"(y) : "cc");
    return result;
}

static inline uint32_t nn_min_bytes(uint32_t x, uint32_t y) {
    uint32_t result;
    __asm__("ssub8 %0, %1, %2\n\tsel %0, %2, %1" : "=&r"(result) : "r"(x), "r"(y) : "cc");
    return result;
}

/* x plus bytes 0 and 2 (1 and 3) of y, halfword by halfword. */
static inline uint32_t nn_sxtab16(uint32_t x, uint32_t y) {
    uint32_t result;
    __asm__("sxtab16 %0, %1, %2" : "=r"(result) : "r"(x), "r"(y));
    return result;
}

static inline uint32_t nn_sxtab16_ror8(uint32_t x, uint32_t y) {
    uint32_t result;
    __asm__("sxtab16 %0, %1, %2, ror #8" : "=r"(result) : "r"(x), "r"(y));
    return result;
}

/* The low halfwords of x and y. */
static inline uint32_t nn_pkhbt(uint32_t x, uint32_t y) {
    uint32_t result;
    __asm__("pkhbt %0, %1, %2, lsl #16" : "=r"(result) : "r"(x), "r"(y));
    return result;
}

/* The high halfwords of y and x. */
static inline uint32_t nn_pkhtb(uint32_t x, uint32_t y) {
    uint32_t result;
    __asm__("pkhtb %0, %1, %2, asr #16" : "=r"(result) : "r"(x), "r"(y));
    return result;
}

static inline int32_t nn_smlad(uint32_t x, uint32_t y, int32_t sum) {
    return __smlad((int16x2_t)x, (int16x2_t)y, sum);
}

/* sum + the product of the low (high) halfwords. */
static inline int32_t nn_smlabb(uint32_t x, uint32_t y, int32_t sum) {
    return __smlabb((int32_t)x, (int32_t)y, sum);
}

static inline int32_t nn_smlatt(uint32_t x, uint32_t y, int32_t sum) {
    return __smlatt((int32_t)x, (int32_t)y, sum);
}

/* sum + x * the low (high) halfword of y / 2^16, rounded down. */
static inline int32_t nn_smlawb(int32_t x, uint32_t y, int32_t sum) {
    return __smlawb(x, (int32_t)y, sum);
}

static inline int32_t nn_smlawt(int32_t x, uint32_t y, int32_t sum) {
    return __smlawt(x, (int32_t)y, sum);
}

/* The larger (smaller) of each of four int8. */
static inline uint32_t nn_max_s8x4(uint32_t x, uint32_t y) {
    uint32_t result;
    __asm__("ssub8 %0, %1, %2\n\tsel %0, %1, %2" : "=&r"(result) : "r"(x), "r"(y) : "cc");
    return result;
}

static inline uint32_t nn_min_s8x4(uint32_t x, uint32_t y) {
    uint32_t result;
    __asm__("ssub8 %0, %1, %2\n\tsel %0, %2, %1" : "=&r"(result) : "r"(x), "r"(y) : "cc");
    return result;
}

/* The high word of sum * 2^32 + x * y, rounded to nearest, ties up. */
static inline int32_t nn_smmlar(int32_t x, int32_t y, int32_t sum) {
    int32_t result;
    __asm__("smmlar %0, %1, %2, %3" : "=r"(result) : "r"(x), "r"(y), "r"(sum));
    return result;
}

/* The high word of sum * 2^32 + x * y, rounded down. */
static inline int32_t nn_smmla(int32_t x, int32_t y, int32_t sum) {
    int32_t result;
    __asm__("smmla %0, %1, %2, %3" : "=r"(result) : "r"(x), "r"(y), "r"(sum));
    return result;
}

#else

static inline uint32_t nn_halfwords(int32_t low, int32_t high) {
    return ((uint32_t)low & 0xFFFFu) | ((uint32_t)high << 16);
}

static inline uint32_t nn_sxtb16(uint32_t x) {
    return nn_halfwords((int8_t)(x & 0xFFu), (int8_t)((x >> 16) & 0xFFu));
}

static inline uint32_t nn_sxtb16_ror8(uint32_t x) {
    return nn_halfwords((int8_t)((x >> 8) & 0xFFu), (int8_t)(x >> 24));
}

static inline int32_t nn_ssat8(int32_t x) {
    return x < INT8_MIN ? INT8_MIN : x > INT8_MAX ? INT8_MAX : x;
}

static inline uint32_t nn_max_bytes(uint32_t x, uint32_t y) {
    uint32_t result = 0;
    for (int32_t shift = 0; shift < 32; shift += 8) {
        const int8_t a = (int8_t)((x >> shift) & 0xFFu), b = (int8_t)((y >> shift) & 0xFFu);
        result |= (uint32_t)(uint8_t)(a > b ? a : b) << shift;
    }
    return result;
}

static inline uint32_t nn_min_bytes(uint32_t x, uint32_t y) {
    return ~nn_max_bytes(~x, ~y);
}

static inline uint32_t nn_sxtab16(uint32_t x, uint32_t y) {
    const uint32_t bytes = nn_sxtb16(y);
    return ((x + bytes) & 0xFFFFu) | (((x >> 16) + (bytes >> 16)) << 16);
}

static inline uint32_t nn_sxtab16_ror8(uint32_t x, uint32_t y) {
    return nn_sxtab16(x, y >> 8 | y << 24);
}

static inline uint32_t nn_pkhbt(uint32_t x, uint32_t y) {
    return (x & 0xFFFFu) | (y << 16);
}

static inline uint32_t nn_pkhtb(uint32_t x, uint32_t y) {
    return (x & 0xFFFF0000u) | (y >> 16);
}

/* Sums wrap around, as those of the instructions do. */
static inline int32_t nn_smlabb(uint32_t x, uint32_t y, int32_t sum) {
    const int32_t product = (int32_t)(int16_t)(x & 0xFFFFu) * (int16_t)(y & 0xFFFFu);
    return (int32_t)((uint32_t)sum + (uint32_t)product);
}

static inline int32_t nn_smlatt(uint32_t x, uint32_t y, int32_t sum) {
    const int32_t product = (int32_t)(int16_t)(x >> 16) * (int16_t)(y >> 16);
    return (int32_t)((uint32_t)sum + (uint32_t)product);
}

static inline int32_t nn_smlad(uint32_t x, uint32_t y, int32_t sum) {
    return nn_smlatt(x, y, nn_smlabb(x, y, sum));
}

static inline int32_t nn_smlawb(int32_t x, uint32_t y, int32_t sum) {
    const int64_t product = (int64_t)x * (int16_t)(y & 0xFFFFu);
    return (int32_t)((uint32_t)sum + (uint32_t)(product >> 16));
}

static inline int32_t nn_smlawt(int32_t x, uint32_t y, int32_t sum) {
    return nn_smlawb(x, y >> 16, sum);
}

static inline uint32_t nn_max_s8x4(uint32_t x, uint32_t y) {
    uint32_t result = 0;
    for (uint32_t bit = 0; bit < 32; bit += 8) {
        const int8_t a = (int8_t)((x >> bit) & 0xFFu), b = (int8_t)((y >> bit) & 0xFFu);
        result |= (uint32_t)(uint8_t)(a > b ? a : b) << bit;
    }
    return result;
}

static inline uint32_t nn_min_s8x4(uint32_t x, uint32_t y) {
    return ~nn_max_s8x4(~x, ~y);
}

/* The high word of sum * 2^32 + x * y, rounded to nearest, ties up; modulo 2^32. */
static inline int32_t nn_smmlar(int32_t x, int32_t y, int32_t sum) {
    const int64_t high = ((int64_t)x * y + INT64_C(0x80000000)) >> 32;
    return (int32_t)((uint32_t)sum + (uint32_t)high);
}

/* The high word of sum * 2^32 + x * y, rounded down; modulo 2^32. */
static inline int32_t nn_smmla(int32_t x, int32_t y, int32_t sum) {
    return (int32_t)((uint32_t)sum + (uint32_t)(((int64_t)x * y) >> 32));
}

#endif

#endif /* NN_DSP_H */
