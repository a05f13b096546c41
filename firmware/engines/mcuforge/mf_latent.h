/* SPDX-License-Identifier: Apache-2.0
 *
 * Points of a latent space for a decoder's input, the same on every computer: integers only.
 *
 *     for (uint32_t i = 0; i < 8; ++i) {
 *         const int32_t noise = mf_latent_normal(seed, i);
 *         input[i] = mf_latent_quantize(noise, inverse_scale, zero_point);
 *     }
 *     model->invoke(NULL, NULL);
 *
 * Real numbers are held in Q16: x * 65536, int32. docs/explanation/latent-space.md explains the
 * formulas; mcuforge.latent computes the same in Python, and tests compare the two.
 */
#ifndef MCUFORGE_MF_LATENT_H
#define MCUFORGE_MF_LATENT_H

#include <stdint.h>

#include "mf_cast.h"

#define MF_LATENT_ONE 65536 /* 1.0 */

/* Spreads a change of any bit over all: the finaliser of MurmurHash3 (A. Appleby, 2011). */
static inline uint32_t mf_latent_mix(uint32_t x) {
    x ^= x >> 16;
    x *= 0x85EBCA6Bu;
    x ^= x >> 13;
    x *= 0xC2B2AE35u;
    return x ^ (x >> 16);
}

/* Number `index` of N(0, 1), for a seed, in Q16: the sum of twelve uniform 16-bit numbers less its
 * mean (Irwin and Hall). It lies in -6 ... 6; its variance is 1 - 2^-32. There is no state. */
static inline int32_t mf_latent_normal(uint32_t seed, uint32_t index) {
    const uint32_t start = mf_latent_mix(seed ^ 0x9E3779B9u) + 6u * index;
    int32_t sum = -393210; /* 12 * 65535 / 2 */
    for (uint32_t i = 0; i < 6; ++i) {
        const uint32_t bits = mf_latent_mix(start + i);
        sum += MF_CAST(int32_t, bits >> 16) + MF_CAST(int32_t, bits & 0xFFFFu);
    }
    return sum;
}

/* x / 2^bits, rounded towards zero. Not a division: on small cores that is a library of its own. */
static inline int64_t mf_latent_shift(int64_t x, unsigned bits) {
    return x >= 0 ? x >> bits : -(-x >> bits);
}

/* (1 - t) * from + t * to, t in Q16 from 0 to MF_LATENT_ONE, where the ends are exact. */
static inline int32_t mf_latent_between(int32_t from, int32_t to, uint32_t t) {
    return MF_CAST(int32_t, from + mf_latent_shift((MF_CAST(int64_t, to) - from) * t, 16));
}

/* mu + sigma * noise, within an int32. */
static inline int32_t mf_latent_sample(int32_t mu, int32_t sigma, int32_t noise) {
    const int64_t point = mu + mf_latent_shift(MF_CAST(int64_t, sigma) * noise, 16);
    const int64_t within = point < INT32_MIN ? INT32_MIN : point > INT32_MAX ? INT32_MAX : point;
    return MF_CAST(int32_t, within);
}

/* The int8 of a tensor for a point: round(x / scale) + zero point, ties away from zero, clamped.
 * `inverse_scale` is round(65536 / scale), below 2^31. */
static inline int8_t mf_latent_quantize(int32_t x, uint32_t inverse_scale, int32_t zero_point) {
    const int64_t half = INT64_C(1) << 31;
    const int64_t product = MF_CAST(int64_t, x) * inverse_scale;
    const int64_t steps = mf_latent_shift(product >= 0 ? product + half : product - half, 32);
    const int64_t q = steps + zero_point;
    return MF_CAST(int8_t, q < -128 ? -128 : q > 127 ? 127 : q);
}

#endif /* MCUFORGE_MF_LATENT_H */
