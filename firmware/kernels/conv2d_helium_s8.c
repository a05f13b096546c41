/* SPDX-License-Identifier: Apache-2.0 */
#include "nn_conv2d_helium.h"

void nn_conv2d_helium_s8(const nn_conv2d_helium_s8_params *params, const int8_t *input,
                         int8_t *output, int8_t *scratch) {
    nn_conv2d_helium(params, input, output, scratch);
}
