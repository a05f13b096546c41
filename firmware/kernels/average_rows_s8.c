/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_row_sums.h"

void nn_average_rows_s8(const nn_average_rows_s8_params *params, const int8_t *input,
                        int8_t *output, int8_t *scratch) {
    nn_average_rows(params, input, output, scratch);
}
