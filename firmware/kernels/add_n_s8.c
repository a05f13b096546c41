/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_sums.h"

void nn_add_n_s8(const nn_add_n_s8_params *params, const int8_t *input, int8_t *output,
                 int8_t *scratch) {
    /* A copy that no output can alias: its members stay in registers. */
    const nn_add_n_s8_params p = *params;
    int16_t *const sums = (int16_t *)(void *)scratch;
    for (int32_t i = 0; i < p.elements; ++i) {
        const int32_t before = p.is_first != 0 ? p.stage.start : sums[i];
        const int32_t sum = before + input[i] + p.stage.input_offset;
        if (p.is_last != 0) {
            output[i] = nn_rescaled_sum(&p.stage, sum);
        } else {
            sums[i] = (int16_t)sum;
        }
    }
}
