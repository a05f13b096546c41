/* SPDX-License-Identifier: Apache-2.0
 *
 * What the SVDF kernels share. The loops over the state are there once for each of its types, made
 * by NN_SVDF(type): an int8 and an int16 differ in nothing but their width.
 */
#ifndef NN_SVDF_H
#define NN_SVDF_H

#include "nn.h"
#include "nn_fixed_point.h"
#include "nn_row_dot.h"

#include <string.h>

/* The response of filter `filter` to an input, requantised; the caller clamps it. */
static inline int32_t nn_svdf_feature(const nn_svdf *layer, const int8_t *input, int32_t filter) {
    const int8_t *weights = layer->feature_weights + filter * layer->inputs;
    const int32_t dot = nn_row_dot(input, weights, layer->inputs);
    const int32_t sum = nn_wrapping_add(dot, layer->feature_bias[filter]);
    return nn_requantize(sum, layer->feature_multiplier, layer->feature_shift);
}

static inline int8_t nn_svdf_output(const nn_svdf *layer, int32_t sum, int32_t unit) {
    const int32_t whole = nn_wrapping_add(sum, layer->output_bias[unit]);
    const int32_t scaled = nn_requantize(whole, layer->output_multiplier, layer->output_shift);
    return (int8_t)nn_clamp(nn_wrapping_add(scaled, layer->output_zero_point), -128, 127);
}

/* Every row of the state moves by one: what falls out of a row is overwritten with the newest value
 * of the row before. */
#define NN_SVDF(type, low, high, unsigned_type)                                                    \
    static inline void remember(const nn_svdf *layer, const int8_t *input, type *state) {          \
        const int32_t filters = layer->units * layer->rank;                                        \
        const int32_t values = layer->batches * filters * layer->memory;                           \
        memmove(state, state + 1, (size_t)((values - 1) * (int32_t)sizeof *state));                \
        type *newest = state + layer->memory - 1;                                                  \
        for (int32_t batch = 0; batch < layer->batches; ++batch) {                                 \
            for (int32_t filter = 0; filter < filters; ++filter) {                                 \
                const int32_t value = nn_clamp(nn_svdf_feature(layer, input, filter), low, high);  \
                *newest = (type)(unsigned_type)(value + layer->state_zero_point);                  \
                newest += layer->memory;                                                           \
            }                                                                                      \
            input += layer->inputs;                                                                \
        }                                                                                          \
    }                                                                                              \
    static inline void respond(const nn_svdf *layer, const type *time_weights, const type *state,  \
                               int8_t *output) {                                                   \
        const int32_t taps = layer->rank * layer->memory;                                          \
        for (int32_t batch = 0; batch < layer->batches; ++batch) {                                 \
            const type *weights = time_weights;                                                    \
            for (int32_t unit = 0; unit < layer->units; ++unit) {                                  \
                int32_t sum = 0;                                                                   \
                for (int32_t i = 0; i < taps; ++i) {                                               \
                    sum = nn_wrapping_add(sum, (int32_t)weights[i] * state[i]);                    \
                }                                                                                  \
                *output++ = nn_svdf_output(layer, sum, unit);                                      \
                weights += taps;                                                                   \
                state += taps;                                                                     \
            }                                                                                      \
        }                                                                                          \
    }

#endif /* NN_SVDF_H */
