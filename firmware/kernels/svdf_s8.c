/* SPDX-License-Identifier: Apache-2.0 */
#include "nn_svdf.h"

NN_SVDF(int8_t, INT8_MIN, INT8_MAX, uint8_t)

void nn_svdf_s8(const nn_svdf_s8_params *params, const int8_t *input, int8_t *state,
                int8_t *output) {
    remember(&params->layer, input, state);
    respond(&params->layer, params->time_weights, state, output);
}
