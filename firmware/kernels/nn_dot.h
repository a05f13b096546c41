/* SPDX-License-Identifier: Apache-2.0
 *
 * Dot products of int8 filters with patches of int8 input, the inner loops of the convolutions.
 *
 * A patch is a row of *lanes*, one for each tap, gathered from the input; patches come in pairs,
 * for two neighbouring output pixels. Filters have the same bytes on every core: `count` int8
 * values a filter, in plain order, where `count` is a multiple of 4 and the padding is zero.
 *
 * On cores with DSP instructions a lane is an int16. A block is four lanes of the first patch and
 * four of the second, each four in the order 0, 2, 1, 3, which is what SXTB16 makes of four int8
 * values; two SMLAD then multiply and add four taps. One pointer walks both patches, which leaves
 * registers for four sums. Elsewhere a lane is an int8 and the second patch follows the first; with
 * Helium the dot products are those of nn_mve.h.
 *
 * NN_EMULATE_DSP compiles the DSP variant on other cores, for tests: see nn_dsp.h.
 */
#ifndef NN_DOT_H
#define NN_DOT_H

#include <stdint.h>
#include <string.h>

#include "nn_dsp.h"
#include "nn_mve.h"

#if !NN_MVE && (NN_HAS_DSP || defined(NN_EMULATE_DSP))
#define NN_DSP 1
#else
#define NN_DSP 0
#endif

#if NN_DSP
typedef int16_t nn_lane;
#define NN_SECOND_PATCH(count) 4 /* lanes from the first patch of a pair to the second */
#else
typedef int8_t nn_lane;
#define NN_SECOND_PATCH(count) (count)
#endif

/* Writes `count` input values as lanes from tap `at` on and returns the tap after them. */
static inline int32_t nn_append_lanes(nn_lane *patch, int32_t at, const int8_t *input,
                                      int32_t count) {
#if NN_MVE
    nn_mve_copy(patch + at, input, count);
    return at + count;
#else
    int32_t i = 0;
#if NN_DSP
    if ((at & 3) == 0) {
        for (nn_lane *block = patch + 2 * at; i + 4 <= count; i += 4, block += 8) {
            const uint32_t word = nn_load_word(input + i);
            nn_store_word(block, nn_sxtb16(word));
            nn_store_word(block + 2, nn_sxtb16_ror8(word));
        }
    }
    for (; i < count; ++i) {
        const int32_t tap = at + i;
        const int32_t lane = ((tap & 1) << 1) | ((tap >> 1) & 1); /* 0, 2, 1, 3 */
        patch[2 * (tap & ~3) + lane] = input[i];
    }
#else
    for (; i + 4 <= count; i += 4) {
        nn_store_word(patch + at + i, nn_load_word(input + i));
    }
    for (; i < count; ++i) {
        patch[at + i] = input[i];
    }
#endif
    return at + count;
#endif
}

/* Writes `count` lanes of one value from tap `at` on and returns the tap after them. */
static inline int32_t nn_append_value(nn_lane *patch, int32_t at, int8_t value, int32_t count) {
#if NN_MVE
    nn_mve_fill(patch + at, value, count);
    return at + count;
#else
    const uint32_t word = (uint8_t)value * UINT32_C(0x01010101);
    int8_t four[4];
    memcpy(four, &word, sizeof four);
    int32_t i = 0;
    for (; i + 4 <= count; i += 4) {
        at = nn_append_lanes(patch, at, four, 4);
    }
    return nn_append_lanes(patch, at, four, count - i);
#endif
}

#if NN_DSP

/* Two neighbouring filters on both patches of a pair: patch 0 with filter 0, 1, patch 1 with 0, 1.
 */
static inline void nn_dot_2x2(const nn_lane *patch, const int8_t *filter, int32_t count,
                              int32_t sums[4]) {
    int32_t s00 = 0, s01 = 0, s10 = 0, s11 = 0;
    for (const int8_t *const end = filter + count; filter < end; filter += 4, patch += 8) {
        const uint32_t x0 = nn_load_word(patch), x0_high = nn_load_word(patch + 2);
        const uint32_t x1 = nn_load_word(patch + 4), x1_high = nn_load_word(patch + 6);
        uint32_t word = nn_load_word(filter);
        uint32_t taps = nn_sxtb16(word);
        s00 = nn_smlad(x0, taps, s00);
        s10 = nn_smlad(x1, taps, s10);
        taps = nn_sxtb16_ror8(word);
        s00 = nn_smlad(x0_high, taps, s00);
        s10 = nn_smlad(x1_high, taps, s10);
        word = nn_load_word(filter + count);
        taps = nn_sxtb16(word);
        s01 = nn_smlad(x0, taps, s01);
        s11 = nn_smlad(x1, taps, s11);
        taps = nn_sxtb16_ror8(word);
        s01 = nn_smlad(x0_high, taps, s01);
        s11 = nn_smlad(x1_high, taps, s11);
    }
    sums[0] = s00;
    sums[1] = s01;
    sums[2] = s10;
    sums[3] = s11;
}

/* One filter on both patches of a pair. */
static inline void nn_dot_2x1(const nn_lane *patch, const int8_t *filter, int32_t count,
                              int32_t sums[2]) {
    int32_t s0 = 0, s1 = 0;
    for (const int8_t *const end = filter + count; filter < end; filter += 4, patch += 8) {
        const uint32_t word = nn_load_word(filter);
        const uint32_t low = nn_sxtb16(word), high = nn_sxtb16_ror8(word);
        s0 = nn_smlad(nn_load_word(patch), low, s0);
        s1 = nn_smlad(nn_load_word(patch + 4), low, s1);
        s0 = nn_smlad(nn_load_word(patch + 2), high, s0);
        s1 = nn_smlad(nn_load_word(patch + 6), high, s1);
    }
    sums[0] = s0;
    sums[1] = s1;
}

/* Two neighbouring filters on the first patch. */
static inline void nn_dot_1x2(const nn_lane *patch, const int8_t *filter, int32_t count,
                              int32_t sums[2]) {
    int32_t s0 = 0, s1 = 0;
    for (const int8_t *const end = filter + count; filter < end; filter += 4, patch += 8) {
        const uint32_t low = nn_load_word(patch), high = nn_load_word(patch + 2);
        const uint32_t w0 = nn_load_word(filter), w1 = nn_load_word(filter + count);
        s0 = nn_smlad(low, nn_sxtb16(w0), s0);
        s1 = nn_smlad(low, nn_sxtb16(w1), s1);
        s0 = nn_smlad(high, nn_sxtb16_ror8(w0), s0);
        s1 = nn_smlad(high, nn_sxtb16_ror8(w1), s1);
    }
    sums[0] = s0;
    sums[1] = s1;
}

/* One filter on the first patch. */
static inline int32_t nn_dot_1x1(const nn_lane *patch, const int8_t *filter, int32_t count) {
    int32_t sum = 0;
    for (const int8_t *const end = filter + count; filter < end; filter += 4, patch += 8) {
        const uint32_t word = nn_load_word(filter);
        sum = nn_smlad(nn_load_word(patch), nn_sxtb16(word), sum);
        sum = nn_smlad(nn_load_word(patch + 2), nn_sxtb16_ror8(word), sum);
    }
    return sum;
}

#elif !NN_MVE

static inline void nn_dot_2x2(const nn_lane *patch, const int8_t *filter, int32_t count,
                              int32_t sums[4]) {
    int32_t s00 = 0, s01 = 0, s10 = 0, s11 = 0;
    for (const int8_t *const end = filter + count; filter < end; ++filter, ++patch) {
        const int32_t x0 = patch[0], x1 = patch[count], w0 = filter[0], w1 = filter[count];
        s00 += x0 * w0;
        s01 += x0 * w1;
        s10 += x1 * w0;
        s11 += x1 * w1;
    }
    sums[0] = s00;
    sums[1] = s01;
    sums[2] = s10;
    sums[3] = s11;
}

static inline void nn_dot_2x1(const nn_lane *patch, const int8_t *filter, int32_t count,
                              int32_t sums[2]) {
    int32_t s0 = 0, s1 = 0;
    for (const int8_t *const end = filter + count; filter < end; ++filter, ++patch) {
        s0 += patch[0] * filter[0];
        s1 += patch[count] * filter[0];
    }
    sums[0] = s0;
    sums[1] = s1;
}

static inline void nn_dot_1x2(const nn_lane *patch, const int8_t *filter, int32_t count,
                              int32_t sums[2]) {
    int32_t s0 = 0, s1 = 0;
    for (const int8_t *const end = filter + count; filter < end; ++filter, ++patch) {
        s0 += patch[0] * filter[0];
        s1 += patch[0] * filter[count];
    }
    sums[0] = s0;
    sums[1] = s1;
}

static inline int32_t nn_dot_1x1(const nn_lane *patch, const int8_t *filter, int32_t count) {
    int32_t sum = 0;
    for (const int8_t *const end = filter + count; filter < end; ++filter, ++patch) {
        sum += patch[0] * filter[0];
    }
    return sum;
}

#endif

#endif /* NN_DOT_H */
