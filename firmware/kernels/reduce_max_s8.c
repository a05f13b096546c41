/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_fixed_point.h"
#include "nn_reduce.h"

static int8_t as_it_is(const void *params, int32_t found) {
    (void)params;
    return (int8_t)found;
}

void nn_reduce_max_s8(const nn_reduce_s8_params *params, const int8_t *input, int8_t *output) {
    const nn_reducer reducer = {INT8_MIN, nn_max, as_it_is, params};
    nn_reduce(&params->reduction, reducer, input, output);
}
