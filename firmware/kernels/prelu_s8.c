/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_fixed_point.h"
#include "nn_loops.h"

static void prelu_row(const nn_prelu_s8_params *p, const int8_t *input, const int8_t *alpha,
                      int8_t *output) {
    for (int32_t i = 0; i < p->inner; ++i) {
        const int32_t x = *input + p->input_offset;
        const int32_t scaled = x >= 0 ? nn_requantize(x, p->multiplier, p->shift)
                                      : nn_requantize(x * (*alpha + p->alpha_offset),
                                                      p->alpha_multiplier, p->alpha_shift);
        output[i] = (int8_t)nn_clamp(scaled + p->output_offset, INT8_MIN, INT8_MAX);
        input += p->input_stride;
        alpha += p->alpha_stride;
    }
}

void nn_prelu_s8(const nn_prelu_s8_params *params, const int8_t *input, const int8_t *alpha,
                 int8_t *output) {
    /* A copy that no output can alias: its members stay in registers. */
    const nn_prelu_s8_params p = *params;
    int32_t digits[NN_MAX_LOOPS] = {0};
    for (;;) {
        prelu_row(&p, input, alpha, output);
        const int32_t level = nn_odometer_next(digits, p.extents, p.rank);
        if (level == p.rank) {
            return;
        }
        input += p.input_steps[level];
        alpha += p.alpha_steps[level];
        output += p.inner;
    }
}
