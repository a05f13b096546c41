/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_unpack.h"

void nn_conv2d_s4(const nn_conv2d_s4_params *params, const int8_t *input, int8_t *output,
                  int8_t *scratch) {
    int8_t *const rest = nn_unpack(&params->weights, scratch);
    nn_conv2d_s8_params unpacked = params->unpacked;
    unpacked.weights = scratch;
    nn_conv2d_s8(&unpacked, input, output, rest);
}
