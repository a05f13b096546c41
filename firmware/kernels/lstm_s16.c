/* SPDX-License-Identifier: Apache-2.0 */
#include "nn_lstm.h"
#include "nn_s16.h"

static inline int32_t argument(const nn_lstm *layer, const nn_lstm_gate_s16 *gate,
                               const int16_t *input, const int16_t *hidden, int32_t unit) {
    const int64_t seen =
        nn_s16_dot(input, gate->input_weights + unit * layer->inputs, layer->inputs);
    const int64_t known =
        nn_s16_dot(hidden, gate->hidden_weights + unit * layer->units, layer->units);
    return nn_lstm_sum(
        nn_s16_rescale(seen + gate->input_bias[unit], gate->input_multiplier, gate->input_shift),
        nn_s16_rescale(known + gate->hidden_bias[unit], gate->hidden_multiplier,
                       gate->hidden_shift));
}

NN_LSTM(int16_t, 16)

void nn_lstm_s16(const nn_lstm_s16_params *params, const int16_t *input, int16_t *hidden,
                 int16_t *cell, int16_t *output) {
    run(params, input, hidden, cell, output);
}
