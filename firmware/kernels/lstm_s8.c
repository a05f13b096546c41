/* SPDX-License-Identifier: Apache-2.0 */
#include "nn_lstm.h"
#include "nn_row_dot.h"

static inline int32_t argument(const nn_lstm *layer, const nn_lstm_gate_s8 *gate,
                               const int8_t *input, const int8_t *hidden, int32_t unit) {
    const int32_t seen =
        nn_row_dot(input, gate->input_weights + unit * layer->inputs, layer->inputs);
    const int32_t known =
        nn_row_dot(hidden, gate->hidden_weights + unit * layer->units, layer->units);
    return nn_lstm_sum(nn_requantize(nn_wrapping_add(seen, gate->input_bias[unit]),
                                     gate->input_multiplier, gate->input_shift),
                       nn_requantize(nn_wrapping_add(known, gate->hidden_bias[unit]),
                                     gate->hidden_multiplier, gate->hidden_shift));
}

NN_LSTM(int8_t, 8)

void nn_lstm_s8(const nn_lstm_s8_params *params, const int8_t *input, int8_t *hidden, int16_t *cell,
                int8_t *output) {
    run(params, input, hidden, cell, output);
}
