/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_reduce.h"

static int32_t both(int32_t found, int32_t element) {
    return found & (element != 0);
}

static int8_t as_it_is(const void *params, int32_t found) {
    (void)params;
    return (int8_t)found;
}

void nn_reduce_all(const nn_reduce_s8_params *params, const uint8_t *input, uint8_t *output) {
    const nn_reducer reducer = {1, both, as_it_is, params};
    nn_reduce(&params->reduction, reducer, (const int8_t *)input, (int8_t *)output);
}
