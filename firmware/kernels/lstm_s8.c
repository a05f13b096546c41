/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_fixed_point.h"
#include "nn_row_dot.h"
#include "nn_sigmoid.h"

#include <string.h>

/* A gate's argument is in 2^-12; sigmoid and tanh take it in 1 / 12288. */
enum { ARGUMENT = 3 };
#define QUARTER (INT32_C(1) << 30)

static inline int32_t clamp16(int32_t x) {
    return nn_clamp(x, INT16_MIN, INT16_MAX);
}

/* The argument of a gate for one unit, in 2^-12. */
static inline int32_t argument(const nn_lstm_s8_params *params, const nn_lstm_gate *gate,
                               const int8_t *input, const int8_t *hidden, int32_t unit) {
    const int32_t seen =
        nn_row_dot(input, gate->input_weights + unit * params->inputs, params->inputs);
    const int32_t known =
        nn_row_dot(hidden, gate->hidden_weights + unit * params->units, params->units);
    const int32_t from_input = nn_requantize(nn_wrapping_add(seen, gate->input_bias[unit]),
                                             gate->input_multiplier, gate->input_shift);
    const int32_t from_hidden = nn_requantize(nn_wrapping_add(known, gate->hidden_bias[unit]),
                                              gate->hidden_multiplier, gate->hidden_shift);
    return clamp16(clamp16(from_input) + clamp16(from_hidden));
}

static inline int32_t opened(const nn_lstm_s8_params *params, const nn_lstm_gate *gate,
                             const int8_t *input, const int8_t *hidden, int32_t unit) {
    const int32_t x = argument(params, gate, input, hidden, unit);
    return nn_sigmoid(params->sigmoid, ARGUMENT * x);
}

static inline int32_t new_cell(const nn_lstm_s8_params *params, const int8_t *input,
                               const int8_t *hidden, int32_t cell, int32_t unit) {
    const int32_t forget = opened(params, &params->forget, input, hidden, unit);
    const int32_t in = opened(params, &params->input, input, hidden, unit);
    const int32_t x = argument(params, &params->candidate, input, hidden, unit);
    const int32_t candidate = nn_tanh(params->sigmoid, ARGUMENT * x);
    const int32_t kept = clamp16(nn_requantize(forget * cell, QUARTER, -14));
    const int32_t added = clamp16(nn_requantize(in * candidate, QUARTER, params->cell_shift));
    const int32_t sum = clamp16(kept + added);
    return params->cell_clip > INT16_MAX ? sum
                                         : nn_clamp(sum, -params->cell_clip, params->cell_clip);
}

static inline int8_t new_hidden(const nn_lstm_s8_params *params, int32_t output, int32_t cell) {
    const int32_t half = (int32_t)((UINT32_C(1) << params->tanh_shift) >> 1);
    const int32_t x = (cell * params->tanh_multiplier + half) >> params->tanh_shift;
    const int32_t product = nn_tanh(params->sigmoid, x) * output;
    const int32_t value = nn_requantize(product, params->hidden_multiplier, params->hidden_shift);
    return (int8_t)nn_clamp(nn_wrapping_add(value, params->hidden_zero_point), -128, 127);
}

static void step(const nn_lstm_s8_params *params, const int8_t *input, int8_t *hidden,
                 int16_t *cell, int8_t *output) {
    for (int32_t unit = 0; unit < params->units; ++unit) {
        cell[unit] = (int16_t)new_cell(params, input, hidden, cell[unit], unit);
        const int32_t open = opened(params, &params->output, input, hidden, unit);
        output[unit] = new_hidden(params, open, cell[unit]);
    }
    memcpy(hidden, output, (size_t)params->units); /* all gates have read the one before */
}

void nn_lstm_s8(const nn_lstm_s8_params *params, const int8_t *input, int8_t *hidden, int16_t *cell,
                int8_t *output) {
    for (int32_t batch = 0; batch < params->batches; ++batch) {
        for (int32_t at = 0; at < params->steps; ++at) {
            const int32_t row = batch * params->batch_stride + at * params->step_stride;
            step(params, input + row * params->inputs, hidden, cell, output + row * params->units);
        }
        hidden += params->units;
        cell += params->units;
    }
}
