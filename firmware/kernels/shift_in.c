/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"

#include <string.h>

void nn_shift_in(const nn_shift_in_params *params, const void *input, void *output) {
    uint8_t *const rows = output;
    memmove(rows, rows + params->added, (size_t)params->kept);
    memcpy(rows + params->kept, input, (size_t)params->added);
}
