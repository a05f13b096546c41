/* SPDX-License-Identifier: Apache-2.0
 *
 * The one comparison of all kernels that compare.
 */
#ifndef NN_COMPARE_H
#define NN_COMPARE_H

#include <stdint.h>

/* 1 where a is to b as `relation` says: bit 0 allows less, bit 1 equal, bit 2 greater, and bit 3
 * neither, as of a NaN. */
static inline uint8_t nn_related(int32_t a, int32_t b, int32_t relation) {
    const int32_t order = (a > b) - (a < b) + 1;
    return (uint8_t)((relation >> order) & 1);
}

static inline uint8_t nn_related_s64(int64_t a, int64_t b, int32_t relation) {
    const int32_t order = (a > b) - (a < b) + 1;
    return (uint8_t)((relation >> order) & 1);
}

static inline uint8_t nn_related_f32(float a, float b, int32_t relation) {
    const int32_t order = a < b ? 0 : a > b ? 2 : a <= b ? 1 : 3;
    return (uint8_t)((relation >> order) & 1);
}

#endif /* NN_COMPARE_H */
