/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_lookup.h"

void nn_lookup_s8(const nn_lookup_s8_params *params, const int8_t *input, int8_t *output) {
    nn_lookup(params->table, input, output, params->elements);
}
