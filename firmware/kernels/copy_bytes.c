/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"

#include <string.h>

void nn_copy_bytes(const nn_copy_bytes_params *params, const void *input, void *output) {
    memcpy(output, input, (size_t)params->bytes);
}
