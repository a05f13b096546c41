/* SPDX-License-Identifier: Apache-2.0 */
#define NN_ELEMENT int16_t
#include "nn.h"
#include "nn_fixed_point.h"
#include "nn_reduce.h"

static int32_t add(int32_t sum, int32_t element) {
    return sum + element;
}

static int16_t rescaled(const void *params, int32_t sum) {
    const nn_sum_s8_params *const p = params;
    const int32_t result = nn_requantize(sum, p->multiplier, p->shift) + p->output_offset;
    return (int16_t)nn_clamp(result, INT16_MIN, INT16_MAX);
}

void nn_sum_s16(const nn_sum_s8_params *params, const int16_t *input, int16_t *output) {
    const nn_reducer reducer = {params->bias, add, rescaled, params};
    nn_reduce(&params->reduction, reducer, input, output);
}
