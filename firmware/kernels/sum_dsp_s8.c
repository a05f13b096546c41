/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_dsp.h"
#include "nn_fixed_point.h"
#include "nn_loops.h"

enum { MOST = 256 }; /* bytes whose sum fits a halfword */

/* Adds `count` <= 256 words, `stride` bytes apart, byte by byte to four sums. */
static void add_words(const int8_t *input, int32_t count, int32_t stride, int32_t sums[4]) {
    uint32_t even = 0, odd = 0;
    for (int32_t i = 0; i < count; ++i, input += stride) {
        const uint32_t word = nn_load_word(input);
        even = nn_sxtab16(even, word);
        odd = nn_sxtab16_ror8(odd, word);
    }
    sums[0] += (int16_t)(even & 0xFFFFu);
    sums[1] += (int16_t)(odd & 0xFFFFu);
    sums[2] += (int32_t)even >> 16;
    sums[3] += (int32_t)odd >> 16;
}

/* Four neighbouring outputs. */
static void four_sums(const nn_sum_s8_params *p, const int8_t *input, int8_t *output) {
    int32_t sums[4] = {p->bias, p->bias, p->bias, p->bias};
    const int32_t stride = p->reduction.reduced_stride;
    for (int32_t done = 0; done < p->reduction.reduced; done += MOST) {
        const int32_t count = nn_min(p->reduction.reduced - done, MOST);
        add_words(input + done * stride, count, stride, sums);
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
