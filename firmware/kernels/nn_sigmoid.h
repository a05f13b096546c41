/* SPDX-License-Identifier: Apache-2.0
 *
 * The sigmoid function from a table: what LOGISTIC and TANH of int16 share.
 */
#ifndef NN_SIGMOID_H
#define NN_SIGMOID_H

#include <stdint.h>

#include "nn.h"

enum { NN_SIGMOID_LAST = 255 }; /* index of the table's last value */

/* An input in 1/12288, rounded to nearest, ties up. */
static inline int32_t nn_sigmoid_input(const nn_sigmoid_s16_params *params, int32_t input) {
    const int32_t half = (int32_t)((UINT32_C(1) << params->shift) >> 1);
    return (input * params->multiplier + half) >> params->shift;
}

/* Between table[index] and the next value, times 2^bits: `rest` steps of 2^bits. */
static inline int32_t nn_sigmoid_between(const uint16_t *table, int32_t index, int32_t rest,
                                         int32_t bits) {
    const int32_t low = table[index], high = table[index + 1];
    return low * (INT32_C(1) << bits) + rest * (high - low);
}

#endif /* NN_SIGMOID_H */
