/* SPDX-License-Identifier: Apache-2.0
 *
 * What the LSTM kernels share. The loops are there once for each type of activations, made by
 * NN_LSTM(type, bits); the kernel before them defines `argument`, which gives a gate's argument for
 * one unit, in 2^-12.
 */
#ifndef NN_LSTM_H
#define NN_LSTM_H

#include "nn.h"
#include "nn_fixed_point.h"
#include "nn_sigmoid.h"

#include <string.h>

/* sigmoid and tanh take a gate's argument, in 2^-12, in 1 / 12288 */
enum { NN_LSTM_ARGUMENT = 3 };
#define NN_LSTM_QUARTER (INT32_C(1) << 30)

static inline int32_t nn_lstm_clamp(int32_t x) {
    return nn_clamp(x, INT16_MIN, INT16_MAX);
}

/* A gate's argument from what comes of the input and of the hidden state. */
static inline int32_t nn_lstm_sum(int32_t from_input, int32_t from_hidden) {
    return nn_lstm_clamp(nn_lstm_clamp(from_input) + nn_lstm_clamp(from_hidden));
}

static inline int32_t nn_lstm_open(const nn_lstm *layer, int32_t x) {
    return nn_sigmoid(layer->sigmoid, NN_LSTM_ARGUMENT * x);
}

static inline int32_t nn_lstm_squashed(const nn_lstm *layer, int32_t x) {
    return nn_tanh(layer->sigmoid, NN_LSTM_ARGUMENT * x);
}

static inline int32_t nn_lstm_cell(const nn_lstm *layer, int32_t forget, int32_t in,
                                   int32_t candidate, int32_t cell) {
    const int32_t kept = nn_lstm_clamp(nn_requantize(forget * cell, NN_LSTM_QUARTER, -14));
    const int32_t added =
        nn_lstm_clamp(nn_requantize(in * candidate, NN_LSTM_QUARTER, layer->cell_shift));
    const int32_t sum = nn_lstm_clamp(kept + added);
    return layer->cell_clip > INT16_MAX ? sum : nn_clamp(sum, -layer->cell_clip, layer->cell_clip);
}

/* The caller clamps it. */
static inline int32_t nn_lstm_hidden(const nn_lstm *layer, int32_t output, int32_t cell) {
    const int32_t half = (int32_t)((UINT32_C(1) << layer->tanh_shift) >> 1);
    const int32_t x = (cell * layer->tanh_multiplier + half) >> layer->tanh_shift;
    const int32_t product = nn_tanh(layer->sigmoid, x) * output;
    const int32_t value = nn_requantize(product, layer->hidden_multiplier, layer->hidden_shift);
    return nn_wrapping_add(value, layer->hidden_zero_point);
}

#define NN_LSTM(type, bits)                                                                        \
    static void step(const nn_lstm_s##bits##_params *params, const type *input, type *hidden,      \
                     int16_t *cell, type *output) {                                                \
        const nn_lstm *const layer = &params->layer;                                               \
        for (int32_t unit = 0; unit < layer->units; ++unit) {                                      \
            const int32_t forget = argument(layer, &params->forget, input, hidden, unit);          \
            const int32_t in = argument(layer, &params->input, input, hidden, unit);               \
            const int32_t candidate = argument(layer, &params->candidate, input, hidden, unit);    \
            const int32_t out = argument(layer, &params->output, input, hidden, unit);             \
            const int32_t next =                                                                   \
                nn_lstm_cell(layer, nn_lstm_open(layer, forget), nn_lstm_open(layer, in),          \
                             nn_lstm_squashed(layer, candidate), cell[unit]);                      \
            const int32_t value = nn_lstm_hidden(layer, nn_lstm_open(layer, out), next);           \
            cell[unit] = (int16_t)next;                                                            \
            output[unit] = (type)nn_clamp(value, INT##bits##_MIN, INT##bits##_MAX);                \
        }                                                                                          \
        /* all gates have read the one before */                                                   \
        memcpy(hidden, output, (size_t)(layer->units * (int32_t)sizeof *hidden));                  \
    }                                                                                              \
    static void run(const nn_lstm_s##bits##_params *params, const type *input, type *hidden,       \
                    int16_t *cell, type *output) {                                                 \
        const nn_lstm *const layer = &params->layer;                                               \
        for (int32_t batch = 0; batch < layer->batches; ++batch) {                                 \
            for (int32_t at = 0; at < layer->steps; ++at) {                                        \
                const int32_t row = batch * layer->batch_stride + at * layer->step_stride;         \
                step(params, input + row * layer->inputs, hidden, cell,                            \
                     output + row * layer->units);                                                 \
            }                                                                                      \
            hidden += layer->units;                                                                \
            cell += layer->units;                                                                  \
        }                                                                                          \
    }

#endif /* NN_LSTM_H */
