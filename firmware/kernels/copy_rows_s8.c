/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_copy.h"

void nn_copy_rows_s8(const nn_copy_rows_s8_params *params, const int8_t *input, int8_t *output) {
    const int32_t row_bytes = params->row_bytes;
    output += params->output_offset;
    for (int32_t row = 0; row < params->rows; ++row) {
        nn_copy(output + row * params->output_stride, input, row_bytes);
        input += row_bytes;
    }
}
