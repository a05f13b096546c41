/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_byte_sums.h"
#include "nn_fixed_point.h"
#include "nn_loops.h"

/* Four neighbouring outputs. */
static void four_sums(const nn_sum_s8_params *p, const int8_t *input, int8_t *output) {
    int32_t sums[4] = {p->bias, p->bias, p->bias, p->bias};
    const int32_t stride = p->reduction.reduced_stride;
    for (int32_t left = p->reduction.reduced; left > 0; left -= NN_MOST_IN_16_BITS) {
        const int32_t count = nn_min(left, NN_MOST_IN_16_BITS);
        nn_add_words(input, count, stride, sums);
        input += count * stride;
    }
    for (int32_t i = 0; i < 4; ++i) {
        const int32_t x = nn_requantize(sums[i], p->multiplier, p->shift) + p->output_offset;
        output[i] = (int8_t)nn_clamp(x, INT8_MIN, INT8_MAX);
    }
}

void nn_sum_dsp_s8(const nn_sum_s8_params *params, const int8_t *input, int8_t *output) {
    const nn_sum_s8_params p = *params;
    const int32_t inner = p.reduction.inner;
    int32_t digits[NN_MAX_LOOPS] = {0};
    for (;;) {
        /* The last four may begin among those before: their sums are the same again. */
        for (int32_t i = 0; i < inner; i += 4) {
            const int32_t at = nn_min(i, inner - 4);
            four_sums(&p, input + at, output + at);
        }
        const int32_t level =
            nn_odometer_next(digits, p.reduction.kept_extents, p.reduction.kept_rank);
        if (level == p.reduction.kept_rank) {
            return;
        }
        input += p.reduction.kept_steps[level];
        output += inner;
    }
}
