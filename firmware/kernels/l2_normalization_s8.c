/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_fixed_point.h"

enum { OUTPUT_FRACTION_BITS = 7 };

static int32_t sum_of_squares(const int8_t *input, int32_t depth, int32_t offset) {
    int32_t sum = 0;
    for (int32_t i = 0; i < depth; ++i) {
        const int32_t x = input[i] + offset;
        sum += x * x;
    }
    return sum;
}

void nn_l2_normalization_s8(const nn_l2_normalization_s8_params *params, const int8_t *input,
                            int8_t *output) {
    const nn_l2_normalization_s8_params p = *params;
    for (int32_t row = 0; row < p.rows; ++row) {
        const nn_factor f = nn_inverse_sqrt(sum_of_squares(input, p.depth, p.input_offset));
        const int32_t shift = f.shift + OUTPUT_FRACTION_BITS;
        for (int32_t i = 0; i < p.depth; ++i) {
            const int32_t scaled = nn_requantize(input[i] + p.input_offset, f.multiplier, shift);
            output[i] = (int8_t)nn_clamp(scaled, INT8_MIN, INT8_MAX);
        }
        input += p.depth;
        output += p.depth;
    }
}
