/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_lookup.h"

void nn_lookup_s8_u8(const nn_lookup_s8_params *params, const int8_t *input, uint8_t *output) {
    nn_lookup(params->table, input, (int8_t *)output, params->elements);
}
