/* SPDX-License-Identifier: Apache-2.0 */
#include "nn_conv2d_dsp.h"

void nn_conv2d_dsp_s8(const nn_conv2d_dsp_s8_params *params, const int8_t *input, int8_t *output,
                      int8_t *scratch) {
    nn_conv2d_dsp(params, input, output, scratch);
}
