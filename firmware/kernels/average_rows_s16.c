/* SPDX-License-Identifier: Apache-2.0 */
#define NN_ELEMENT int16_t
#include "nn.h"
#include "nn_row_sums.h"

void nn_average_rows_s16(const nn_average_rows_s8_params *params, const int16_t *input,
                         int16_t *output, int8_t *scratch) {
    nn_average_rows(params, input, output, scratch);
}
