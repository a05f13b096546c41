/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_row_extremum.h"

void nn_min_rows_s8(const nn_extremum_rows_s8_params *params, const int8_t *input, int8_t *output) {
    nn_extremum_rows(params, input, output, nn_min);
}
