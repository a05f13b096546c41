/* SPDX-License-Identifier: Apache-2.0 */
#include "nn_depthwise_dsp.h"

void nn_depthwise_conv2d_dsp_s8(const nn_depthwise_conv2d_dsp_s8_params *params,
                                const int8_t *input, int8_t *output) {
    nn_depthwise_dsp(params, input, output);
}
