/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"

void nn_lookup_u8_s8(const nn_lookup_s8_params *params, const uint8_t *input, int8_t *output) {
    /* Bytes 128 ... 255 have the bits of -128 ... -1, which the table's first half is for. */
    for (int32_t i = 0; i < params->elements; ++i) {
        output[i] = params->table[input[i] ^ 0x80];
    }
}
