/* SPDX-License-Identifier: Apache-2.0
 *
 * Pooling of int8 on cores with DSP instructions: a word is four channels.
 *
 * A kernel names what it makes of four channels of a window, which is inlined into the loops. Where
 * the channels are no multiple of four, the last word begins in the one before it: its outputs are
 * the same again. That is sound in place too, as no pixel reads what it has written.
 */
#ifndef NN_POOL_DSP_H
#define NN_POOL_DSP_H

#include "nn_dsp.h"
#include "nn_loops.h"
#include "nn_window.h"

typedef void (*nn_pool_four)(const nn_pool2d_s8_params *p, nn_window w, int8_t *output);

NN_ALWAYS_INLINE void nn_pool_words(const nn_pool2d_s8_params *params, nn_pool_four four,
                                    const int8_t *input, int8_t *output) {
    const nn_pool2d_s8_params p = *params;
    const int32_t channels = p.sizes.input_channels, row = p.sizes.input_width * channels;
    for (int32_t batch = 0; batch < p.sizes.batches; ++batch) {
        for (int32_t y = 0; y < p.sizes.output_height; ++y) {
            const nn_span rows = nn_pool_rows(&p, y);
            const int8_t *const line = input + rows.first * row;
            for (int32_t x = 0; x < p.sizes.output_width; ++x, output += p.output_pixel_stride) {
                nn_window w = nn_pool_window(&p, line, rows.count, x);
                const int8_t *const first = w.start;
                for (int32_t channel = 0; channel < channels; channel += 4) {
                    const int32_t at = nn_min(channel, channels - 4);
                    w.start = first + at;
                    four(&p, w, output + at);
                }
            }
        }
        input += p.sizes.input_height * row;
    }
}

#endif /* NN_POOL_DSP_H */
