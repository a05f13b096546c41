/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_sums.h"

static void sum_line(const nn_cumsum_s8_params *p, const int8_t *input, int8_t *output) {
    int32_t sum = p->stage.start;
    for (int32_t i = 0; i < p->extent; ++i) {
        const int32_t next = sum + *input + p->stage.input_offset;
        *output = nn_rescaled_sum(&p->stage, p->exclusive != 0 ? sum : next);
        sum = next;
        input += p->step;
        output += p->step;
    }
}

void nn_cumsum_s8(const nn_cumsum_s8_params *params, const int8_t *input, int8_t *output) {
    /* A copy that no output can alias: its members stay in registers. */
    const nn_cumsum_s8_params p = *params;
    for (int32_t block = 0; block < p.blocks; ++block) {
        for (int32_t line = 0; line < p.lines; ++line) {
            sum_line(&p, input + p.first + line, output + p.first + line);
        }
        input += p.lines * p.extent;
        output += p.lines * p.extent;
    }
}
