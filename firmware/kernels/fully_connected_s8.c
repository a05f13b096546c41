/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_output_stage.h"
#include "nn_row_dot.h"

/* `NN_ROW_FILTERS` neighbouring outputs of a row from `channel` on, whose filters start at
 * `filter`. */
static inline void outputs(const nn_fully_connected_s8_params *params, const int8_t *row,
                           const int8_t *filter, int32_t channel, int8_t *output) {
#if NN_MVE
    const nn_output_stage stage = params->output_stage;
    const int32x4_t sums = nn_mve_dot_4(row, filter, params->filter_stride, params->inputs);
    nn_mve_finish(&stage, sums, channel, output);
#else
    int32_t sums[NN_ROW_FILTERS];
    nn_row_dots(row, filter, params->inputs, params->filter_stride, sums);
    for (int32_t i = 0; i < NN_ROW_FILTERS; ++i) {
        output[channel + i] = nn_finish(&params->output_stage, sums[i], channel + i);
    }
#endif
}

void nn_fully_connected_s8(const nn_fully_connected_s8_params *params, const int8_t *input,
                           int8_t *output) {
    const int32_t stride = params->filter_stride;
    for (int32_t row = 0; row < params->rows; ++row) {
        const int8_t *filter = params->weights;
        int32_t channel = 0;
        for (; channel + NN_ROW_FILTERS <= params->outputs; channel += NN_ROW_FILTERS) {
            outputs(params, input, filter, channel, output);
            filter += NN_ROW_FILTERS * stride;
        }
        for (; channel < params->outputs; ++channel) {
            output[channel] = nn_finish(&params->output_stage,
                                        nn_row_dot(input, filter, params->inputs), channel);
            filter += stride;
        }
        input += params->inputs;
        output += params->outputs;
    }
}
