/* SPDX-License-Identifier: Apache-2.0
 *
 * Weights of 4 bits, two a byte, as the kernels of 8 bits take them.
 */
#ifndef NN_UNPACK_H
#define NN_UNPACK_H

#include "nn.h"

enum { NN_SCRATCH_ALIGNMENT = 16 };

/* The value of the low four bits, which are in two's complement. */
static inline int8_t nn_int4(uint32_t bits) {
    return (int8_t)((int32_t)((bits & 15u) ^ 8u) - 8);
}

/* Writes the weights to `scratch`, and returns where the scratch goes on. */
static inline int8_t *nn_unpack(const nn_packed_weights *weights, int8_t *scratch) {
    int8_t *target = scratch;
    for (int32_t i = 0; i < weights->bytes; ++i) {
        const uint32_t pair = weights->packed[i];
        *target++ = nn_int4(pair);
        *target++ = nn_int4(pair >> 4);
    }
    return scratch + ((2 * weights->bytes + NN_SCRATCH_ALIGNMENT - 1) & -NN_SCRATCH_ALIGNMENT);
}

#endif /* NN_UNPACK_H */
