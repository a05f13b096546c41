/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_softmax.h"

enum { BITS = 16 };

static void softmax_row(const nn_softmax_s8_params *p, const int8_t *input, int16_t *output) {
    const nn_softmax_row row = nn_softmax_row_of(p, input, BITS);
    for (int32_t i = 0; i < p->depth; ++i) {
        const int32_t probability = nn_softmax_probability(p, &row, input[i]);
        output[i] = (int16_t)nn_min(probability + INT16_MIN, INT16_MAX);
    }
}

void nn_softmax_s8_s16(const nn_softmax_s8_params *params, const int8_t *input, int16_t *output) {
    const nn_softmax_s8_params p = *params;
    for (int32_t row = 0; row < p.rows; ++row) {
        softmax_row(&p, input, output);
        input += p.depth;
        output += p.depth;
    }
}
