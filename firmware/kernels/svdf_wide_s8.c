/* SPDX-License-Identifier: Apache-2.0 */
#include "nn_svdf.h"

NN_SVDF(int16_t, INT16_MIN, INT16_MAX, uint16_t)

void nn_svdf_wide_s8(const nn_svdf_wide_s8_params *params, const int8_t *input, int16_t *state,
                     int8_t *output) {
    remember(&params->layer, input, state);
    respond(&params->layer, params->time_weights, state, output);
}
