/* SPDX-License-Identifier: Apache-2.0
 *
 * Sigmoid and tanh of TFLM's int16 arithmetic, to 2^-15: a table of 256 values of 2^16 * sigmoid,
 * 24 to a unit, interpolated. Arguments are in 1 / 12288.
 */
#ifndef NN_GATE_H
#define NN_GATE_H

#include <stdint.h>

enum { NN_GATE_LAST = 255 }; /* index of the table's last value */

/* Between the values at `index` and after it, times 2^bits: `rest` steps of 2^bits. */
static inline int32_t nn_gate_between(const uint16_t *table, int32_t index, int32_t rest,
                                      int32_t bits) {
    const int32_t low = table[index], high = table[index + 1];
    return low * (INT32_C(1) << bits) + rest * (high - low);
}

static inline int16_t nn_gate_sigmoid(const uint16_t *table, int32_t x) {
    const int32_t one = INT32_C(1) << 25, magnitude = x < 0 ? -x : x;
    const int32_t index = magnitude >> 9;
    const int32_t above = index >= NN_GATE_LAST
                              ? INT32_C(0x7FFF) << 10
                              : nn_gate_between(table, index, magnitude & 0x1FF, 9);
    const int32_t result = x < 0 ? one - above + (1 << 9) - 1 : above + (1 << 9);
    return (int16_t)(result >> 10);
}

/* 2 * sigmoid(2 x) - 1 */
static inline int16_t nn_gate_tanh(const uint16_t *table, int32_t x) {
    const int32_t half = INT32_C(1) << 23, magnitude = x < 0 ? -x : x;
    const int32_t index = magnitude >> 8;
    const int32_t twice = index >= NN_GATE_LAST
                              ? INT32_C(0xFFFF) << 8
                              : nn_gate_between(table, index, magnitude & 0xFF, 8);
    const int32_t above = twice - half;
    const int32_t result = x < 0 ? (1 << 7) - 1 - above : (1 << 7) + above;
    return (int16_t)(result >> 8);
}

#endif /* NN_GATE_H */
