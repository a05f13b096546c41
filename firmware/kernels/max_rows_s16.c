/* SPDX-License-Identifier: Apache-2.0 */
#define NN_ELEMENT int16_t
#include "nn.h"
#include "nn_row_extremum.h"

void nn_max_rows_s16(const nn_extremum_rows_s8_params *params, const int16_t *input,
                     int16_t *output) {
    nn_extremum_rows(params, input, output, nn_max);
}
