/* SPDX-License-Identifier: Apache-2.0
 *
 * From float32 to integers.
 */
#ifndef NN_QUANTIZE_H
#define NN_QUANTIZE_H

#include <stdint.h>

/* x rounded to nearest, ties away from zero. `limit` lies far enough outside of the output's type
 * that every zero point saturates alike: x is clamped to it first, so that the conversion is
 * defined; NaN becomes 0. */
static inline int32_t nn_round_clamped(float x, int32_t limit) {
    if (x >= (float)limit) {
        return limit;
    }
    if (x <= (float)-limit) {
        return -limit;
    }
    if (x != x) {
        return 0;
    }
    const int32_t whole = (int32_t)x;
    const float rest = x - (float)whole;
    return whole + (rest >= 0.5f) - (rest <= -0.5f);
}

#endif /* NN_QUANTIZE_H */
