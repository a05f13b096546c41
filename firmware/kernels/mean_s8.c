/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_fixed_point.h"
#include "nn_loops.h"

enum { LANES = 4 };

static int32_t run_sum(const nn_mean_s8_params *p, const int8_t *input) {
    int32_t sum = 0;
    for (int32_t i = 0; i < p->reduced; ++i) {
        sum += input[i * p->reduced_stride];
    }
    return sum;
}

static void run_sums(const nn_mean_s8_params *p, const int8_t *input, int32_t sums[LANES]) {
    const int32_t lane = p->inner_stride;
    int32_t sum0 = sums[0];
    int32_t sum1 = sums[1];
    int32_t sum2 = sums[2];
    int32_t sum3 = sums[3];
    for (int32_t i = 0; i < p->reduced; ++i) {
        const int8_t *const first = input + i * p->reduced_stride;
        sum0 += first[0];
        sum1 += first[lane];
        sum2 += first[2 * lane];
        sum3 += first[3 * lane];
    }
    sums[0] = sum0;
    sums[1] = sum1;
    sums[2] = sum2;
    sums[3] = sum3;
}

/* Adds up what goes into `lanes` (1 or 4) neighbouring outputs. */
static void accumulate(const nn_mean_s8_params *p, const int8_t *input, int32_t lanes,
                       int32_t sums[LANES]) {
    int32_t digits[NN_MAX_LOOPS] = {0};
    for (;;) {
        if (lanes == LANES) {
            run_sums(p, input, sums);
        } else {
            sums[0] += run_sum(p, input);
        }
        const int32_t level = nn_odometer_next(digits, p->reduced_extents, p->reduced_rank);
        if (level == p->reduced_rank) {
            return;
        }
        input += p->reduced_steps[level];
    }
}

static void mean_row(const nn_mean_s8_params *p, const int8_t *input, int8_t *output) {
    for (int32_t i = 0; i < p->inner;) {
        const int32_t lanes = p->inner - i >= LANES ? LANES : 1;
        int32_t sums[LANES] = {p->bias, p->bias, p->bias, p->bias};
        accumulate(p, input + i * p->inner_stride, lanes, sums);
        for (int32_t lane = 0; lane < lanes; ++lane) {
            const int32_t mean =
                nn_requantize(sums[lane], p->multiplier, p->shift) + p->output_offset;
            output[i + lane] = (int8_t)nn_clamp(mean, INT8_MIN, INT8_MAX);
        }
        i += lanes;
    }
}

void nn_mean_s8(const nn_mean_s8_params *params, const int8_t *input, int8_t *output) {
    int32_t digits[NN_MAX_LOOPS] = {0};
    for (;;) {
        mean_row(params, input, output);
        const int32_t level = nn_odometer_next(digits, params->kept_extents, params->kept_rank);
        if (level == params->kept_rank) {
            return;
        }
        input += params->kept_steps[level];
        output += params->inner;
    }
}
