/* SPDX-License-Identifier: Apache-2.0
 *
 * Sigmoid and tanh of TFLM's int16 arithmetic, to 2^-15: a table of 256 values of 2^16 * sigmoid,
 * 24 to a unit, interpolated. Arguments are in 1 / 12288.
 */
#ifndef NN_SIGMOID_H
#define NN_SIGMOID_H

#include <stdint.h>

#include "nn.h"

enum { NN_SIGMOID_LAST = 255 }; /* index of the table's last value */

/* Between the values at `index` and after it, times 2^bits: `rest` steps of 2^bits. */
static inline int32_t nn_sigmoid_between(const uint16_t *table, int32_t index, int32_t rest,
                                         int32_t bits) {
    const int32_t low = table[index], high = table[index + 1];
    return low * (INT32_C(1) << bits) + rest * (high - low);
}

static inline int16_t nn_sigmoid(const uint16_t *table, int32_t x) {
    const int32_t one = INT32_C(1) << 25, magnitude = x < 0 ? -x : x;
    const int32_t index = magnitude >> 9;
    const int32_t above = index >= NN_SIGMOID_LAST
                              ? INT32_C(0x7FFF) << 10
                              : nn_sigmoid_between(table, index, magnitude & 0x1FF, 9);
    const int32_t result = x < 0 ? one - above + (1 << 9) - 1 : above + (1 << 9);
    return (int16_t)(result >> 10);
}

/* 2 * sigmoid(2 x) - 1 */
static inline int16_t nn_tanh(const uint16_t *table, int32_t x) {
    const int32_t half = INT32_C(1) << 23, magnitude = x < 0 ? -x : x;
    const int32_t index = magnitude >> 8;
    const int32_t twice = index >= NN_SIGMOID_LAST
                              ? INT32_C(0xFFFF) << 8
                              : nn_sigmoid_between(table, index, magnitude & 0xFF, 8);
    const int32_t above = twice - half;
    const int32_t result = x < 0 ? (1 << 7) - 1 - above : (1 << 7) + above;
    return (int16_t)(result >> 8);
}

/* An input in 1 / 12288, rounded to nearest, ties up. */
static inline int32_t nn_sigmoid_input(const nn_sigmoid_s16_params *params, int32_t input) {
    const int32_t half = (int32_t)((UINT32_C(1) << params->shift) >> 1);
    return (input * params->multiplier + half) >> params->shift;
}

#endif /* NN_SIGMOID_H */
