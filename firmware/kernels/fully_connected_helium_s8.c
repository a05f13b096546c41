/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_fully_connected_helium_core.h"

void nn_fully_connected_helium_s8(const nn_fully_connected_helium_s8_params *params,
                                  const int8_t *input, int8_t *output) {
    const int32_t more_chunks = (params->inputs - 1) / NN_CHUNK;
    const nn_helium_row row = {
        input,
        input + more_chunks * NN_CHUNK,
        params->inputs - more_chunks * NN_CHUNK,
        more_chunks,
        params->weights,
        (more_chunks + 1) * NN_FILTERS * NN_CHUNK,
        output,
        params->outputs,
        params->stage,
    };
    nn_helium_run_row(&row);
}
