/* SPDX-License-Identifier: Apache-2.0
 *
 * What an activation leaves of outputs that are clamped to int8 so far.
 */
#ifndef NN_CLAMP_BYTES_H
#define NN_CLAMP_BYTES_H

#include "nn_fixed_point.h"

static inline void nn_clamp_bytes(int8_t *bytes, int32_t count, int32_t low, int32_t high) {
    if (low == INT8_MIN && high == INT8_MAX) {
        return;
    }
    for (int32_t i = 0; i < count; ++i) {
        bytes[i] = (int8_t)nn_clamp(bytes[i], low, high);
    }
}

#endif /* NN_CLAMP_BYTES_H */
