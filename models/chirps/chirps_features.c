/* SPDX-License-Identifier: Apache-2.0
 *
 * A log-mel spectrum in integers. chirps_features.py computes the same bytes; where a step changes
 * here, it changes there.
 *
 * Right shifts of negative numbers keep the sign, as with every compiler for Arm, and as NumPy's
 * do.
 */
#include "chirps_tables.h"

#define BINS (CHIRPS_FRAME / 2)

/* One for every call: features are made one after the other. */
static int32_t real[CHIRPS_FRAME];
static int32_t imaginary[CHIRPS_FRAME];

void chirps_features(const int16_t *raw, int8_t *features);

/* Q7, in the order that the first stage wants: bit i of an index is bit 6 - i of its place. */
static void load(const int16_t *samples) {
    for (uint32_t i = 0; i < CHIRPS_FRAME; i++) {
        uint32_t place = 0;
        for (uint32_t bit = 1; bit < CHIRPS_FRAME; bit *= 2u) {
            place = 2u * place + ((i & bit) != 0);
        }
        real[place] = (int32_t)samples[i] * window[i] >> 8;
        imaginary[place] = 0;
    }
}

static int32_t rounded(int64_t product) {
    return (int32_t)((product + 16384) >> 15);
}

/* even + w odd and even - w odd, with w = cos - j sin. */
static void butterfly(uint32_t even, uint32_t odd, int32_t c, int32_t s) {
    const int32_t r = rounded((int64_t)real[odd] * c + (int64_t)imaginary[odd] * s);
    const int32_t i = rounded((int64_t)imaginary[odd] * c - (int64_t)real[odd] * s);
    real[odd] = real[even] - r;
    imaginary[odd] = imaginary[even] - i;
    real[even] += r;
    imaginary[even] += i;
}

/* In place, radix 2, decimation in time. It cannot overflow: no number leaves 30 bits. */
static void transform(void) {
    for (uint32_t half = 1; half < CHIRPS_FRAME; half *= 2u) {
        const uint32_t step = BINS / half;
        for (uint32_t k = 0; k < half; k++) {
            for (uint32_t even = k; even < CHIRPS_FRAME; even += 2u * half) {
                butterfly(even, even + half, cosines[k * step], sines[k * step]);
            }
        }
    }
}

/* Q0 */
static uint64_t power(uint32_t bin) {
    const int64_t r = real[bin];
    const int64_t i = imaginary[bin];
    return (uint64_t)(r * r + i * i) >> 14;
}

/* floor(4 log2(x + 1)) */
static int32_t log2_in_quarters(uint64_t x) {
    const uint64_t number = x + 1u;
    int32_t exponent = 0;
    for (int32_t bit = 32; bit > 0; bit /= 2) {
        exponent += number >> (exponent + bit) > 0 ? bit : 0;
    }
    const uint64_t mantissa = exponent > 15 ? number >> (exponent - 15) : number << (15 - exponent);
    int32_t quarter = 0;
    while (quarter < 3 && mantissa >= quarters[quarter]) {
        quarter++;
    }
    return 4 * exponent + quarter;
}

void chirps_features(const int16_t *raw, int8_t *features) {
    for (uint32_t frame = 0; frame < CHIRPS_FRAMES; frame++) {
        load(raw + CHIRPS_HOP * frame);
        transform();
        const uint16_t *weight = weights;
        for (uint32_t band = 0; band < CHIRPS_BANDS; band++) {
            uint64_t sum = 0;
            for (uint32_t i = 0; i < bin_count[band]; i++) {
                sum += power(first_bin[band] + i) * *weight++;
            }
            const int32_t code = log2_in_quarters(sum >> 8) - 128;
            *features++ = (int8_t)(code > 127 ? 127 : code);
        }
    }
}
