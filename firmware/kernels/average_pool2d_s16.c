/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_fixed_point.h"
#include "nn_pool_s16.h"

static void average_of_pixel(const nn_pool2d_s8_params *p, nn_window_s16 w, int16_t *output) {
    const int32_t count = w.rows * (w.row / p->sizes.input_channels);
    const int32_t half = count / 2;
    for (int32_t channel = 0; channel < p->sizes.input_channels; ++channel) {
        int32_t sum = 0;
        const int16_t *line = w.start + channel;
        for (int32_t y = 0; y < w.rows; ++y, line += w.line) {
            for (int32_t x = 0; x < w.row; x += p->sizes.input_channels) {
                sum += line[x];
            }
        }
        const int32_t mean = (sum > 0 ? sum + half : sum - half) / count;
        output[channel] = (int16_t)nn_clamp(mean, p->activation_min, p->activation_max);
    }
}

void nn_average_pool2d_s16(const nn_pool2d_s8_params *params, const int16_t *input,
                           int16_t *output) {
    nn_pool_s16(params, input, output, average_of_pixel);
}
