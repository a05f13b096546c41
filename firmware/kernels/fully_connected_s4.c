/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_unpack.h"

void nn_fully_connected_s4(const nn_fully_connected_s4_params *params, const int8_t *input,
                           int8_t *output, int8_t *scratch) {
    nn_unpack(&params->weights, scratch);
    nn_fully_connected_s8_params unpacked = params->unpacked;
    unpacked.weights = scratch;
    nn_fully_connected_s8(&unpacked, input, output);
}
