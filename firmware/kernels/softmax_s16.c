/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_fixed_point.h"

/* A table of 513 values over all int16, interpolated. */
static int32_t look_up(const int16_t *table, int32_t x) {
    const int16_t *const at = table + 256 + (x >> 7);
    const int32_t slope = (int32_t)at[1] - at[0];
    return at[0] + ((slope * (x & 0x7F) + 64) >> 7);
}

static int32_t largest(const int16_t *row, int32_t depth) {
    int32_t found = INT16_MIN;
    for (int32_t i = 0; i < depth; ++i) {
        found = nn_max(found, row[i]);
    }
    return found;
}

/* exp of each value's distance from the maximum, in 1/32768; returns the sum. */
static int32_t exponentials(const nn_softmax_s16_params *params, const int16_t *row, int32_t most,
                            int16_t *output) {
    int32_t sum = 0;
    for (int32_t i = 0; i < params->depth; ++i) {
        const int32_t scaled = nn_requantize(row[i] - most, params->multiplier, params->shift);
        const int32_t x = nn_max(scaled, -INT32_C(65535)) + INT16_MAX;
        output[i] = (int16_t)look_up(params->exponentials, x);
        sum += output[i];
    }
    return sum;
}

static void softmax_row(const nn_softmax_s16_params *params, const int16_t *row, int16_t *output) {
    const int32_t most = largest(row, params->depth);
    const int32_t sum = exponentials(params, row, most, output);
    /* sum * 2^(zeros - 1) is in Q1.30, from 1 to 2; less 1, its 16 highest bits are the index. */
    const int32_t zeros = nn_leading_zeros(sum);
    const int64_t shifted = (int64_t)sum << (zeros - 1);
    const int32_t index = (int32_t)((shifted + (1 << 13)) >> 14) - (INT32_C(1) << 16) - 32768;
    const int32_t reciprocal = look_up(params->reciprocals, nn_clamp(index, INT16_MIN, INT16_MAX));
    const int32_t right = 31 - zeros;
    const int64_t half = INT64_C(1) << (right - 1);
    for (int32_t i = 0; i < params->depth; ++i) {
        const int32_t result = (int32_t)(((int64_t)output[i] * reciprocal + half) >> right);
        output[i] = (int16_t)nn_clamp(result, 0, INT16_MAX);
    }
}

void nn_softmax_s16(const nn_softmax_s16_params *params, const int16_t *input, int16_t *output) {
    for (int32_t row = 0; row < params->rows; ++row) {
        softmax_row(params, input, output);
        input += params->depth;
        output += params->depth;
    }
}
