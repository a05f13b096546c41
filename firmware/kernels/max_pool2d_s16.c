/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_fixed_point.h"
#include "nn_pool_s16.h"

static void max_of_pixel(const nn_pool2d_s8_params *p, nn_window_s16 w, int16_t *output) {
    for (int32_t channel = 0; channel < p->sizes.input_channels; ++channel) {
        int32_t best = p->activation_min;
        const int16_t *line = w.start + channel;
        for (int32_t y = 0; y < w.rows; ++y, line += w.line) {
            for (int32_t x = 0; x < w.row; x += p->sizes.input_channels) {
                best = nn_max(best, line[x]);
            }
        }
        output[channel] = (int16_t)nn_min(best, p->activation_max);
    }
}

void nn_max_pool2d_s16(const nn_pool2d_s8_params *params, const int16_t *input, int16_t *output) {
    nn_pool_s16(params, input, output, max_of_pixel);
}
