/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_clamp_bytes.h"
#include "nn_depthwise_pairs_dsp_core.h"

/* Copies what the filter sees at a position that reaches beyond the input; what lies outside has
 * the value of the zero point. */
static void gather(const nn_depthwise_conv2d_pairs_dsp_s8_params *p, const int8_t *image,
                   int32_t top, int32_t left, int8_t *patch) {
    const int32_t channels = p->sizes.input_channels;
    for (int32_t filter_y = 0; filter_y < p->window.filter_height; ++filter_y) {
        const int32_t y = top + filter_y * p->window.dilation_height;
        for (int32_t filter_x = 0; filter_x < p->window.filter_width; ++filter_x) {
            const int32_t x = left + filter_x * p->window.dilation_width;
            if (y < 0 || y >= p->sizes.input_height || x < 0 || x >= p->sizes.input_width) {
                memset(patch, (int8_t)p->input_zero_point, (size_t)channels);
            } else {
                memcpy(patch, image + (y * p->sizes.input_width + x) * channels, (size_t)channels);
            }
            patch += channels;
        }
    }
}

/* Adds to the sums of two filters on one channel. */
static inline void two_filters(const int8_t *input, const int32_t *taps, int32_t pairs,
                               const uint32_t *weights, int32_t sums[2]) {
    int32_t s0 = sums[0], s1 = sums[1];
    for (const int32_t *const end = taps + 2 * pairs; taps < end; taps += 2, weights += 2) {
        const uint32_t both = nn_pkhbt((uint32_t)input[taps[0]], (uint32_t)input[taps[1]]);
        s0 = nn_smlad(both, weights[0], s0);
        s1 = nn_smlad(both, weights[1], s1);
    }
    sums[0] = s0;
    sums[1] = s1;
}

static inline int32_t one_filter(const int8_t *input, const int32_t *taps, int32_t pairs,
                                 const uint32_t *weights, int32_t sum) {
    for (const int32_t *const end = taps + 2 * pairs; taps < end; taps += 2, ++weights) {
        const uint32_t both = nn_pkhbt((uint32_t)input[taps[0]], (uint32_t)input[taps[1]]);
        sum = nn_smlad(both, *weights, sum);
    }
    return sum;
}

/* Four channels at a time; returns how many. */
static int32_t fours(const nn_depthwise_conv2d_pairs_dsp_s8_params *p, const int8_t *input,
                     const int32_t *taps, int8_t *output) {
    const nn_depthwise_tiles tiles = {
        input, taps, taps + 2 * p->pairs, p->weights, p->records, output, p->output_channels / 4,
    };
    if (p->depth_multiplier != 1 || tiles.tiles == 0) {
        return 0;
    }
    if (p->ties_away != 0) {
        nn_depthwise_tiles_away(&tiles);
    } else {
        nn_depthwise_tiles_up(&tiles);
    }
    return 4 * tiles.tiles;
}

/* The outputs of one position, whose taps begin at `input`. */
static void pixel(const nn_depthwise_conv2d_pairs_dsp_s8_params *p, const int8_t *input,
                  const int32_t *taps, int8_t *output) {
    const int32_t away = -p->ties_away, pairs = p->pairs;
    const int32_t done = fours(p, input, taps, output);
    const uint32_t *weights = p->weights + done * pairs;
    const int32_t *record = p->records + done * NN_CHANNEL_WORDS;
    int8_t *const end = output + p->output_channels;
    input += done;
    output += done;
    for (; output < end; ++input) {
        int32_t filters = p->depth_multiplier;
        for (; filters >= 2; filters -= 2, output += 2, weights += 2 * pairs) {
            int32_t sums[2] = {record[0], record[1]};
            two_filters(input, taps, pairs, weights, sums);
            output[0] = nn_record_output(record + 2, sums[0], away);
            output[1] = nn_record_output(record + 2 + NN_RECORD_WORDS, sums[1], away);
            record += 2 * NN_CHANNEL_WORDS;
        }
        if (filters != 0) {
            const int32_t sum = one_filter(input, taps, pairs, weights, record[0]);
            *output++ = nn_record_output(record + 1, sum, away);
            record += NN_CHANNEL_WORDS;
            weights += pairs;
        }
    }
}

void nn_depthwise_conv2d_pairs_dsp_s8(const nn_depthwise_conv2d_pairs_dsp_s8_params *params,
                                      const int8_t *input, int8_t *output, int8_t *scratch) {
    const nn_depthwise_conv2d_pairs_dsp_s8_params p = *params;
    const int32_t row = p.sizes.input_width * p.sizes.input_channels;
    const int32_t reach_y = (p.window.filter_height - 1) * p.window.dilation_height;
    const int32_t reach_x = (p.window.filter_width - 1) * p.window.dilation_width;
    for (int32_t batch = 0; batch < p.sizes.batches; ++batch) {
        for (int32_t y = 0; y < p.sizes.output_height; ++y) {
            const int32_t top = y * p.window.stride_height - p.window.padding_top;
            const int rows_fit = top >= 0 && top + reach_y < p.sizes.input_height;
            for (int32_t x = 0; x < p.sizes.output_width; ++x) {
                const int32_t left = x * p.window.stride_width - p.window.padding_left;
                if (rows_fit && left >= 0 && left + reach_x < p.sizes.input_width) {
                    const int8_t *const first = input + top * row + left * p.sizes.input_channels;
                    pixel(&p, first, p.input_taps, output);
                } else {
                    gather(&p, input, top, left, scratch);
                    pixel(&p, scratch, p.gathered_taps, output);
                }
                nn_clamp_bytes(output, p.output_channels, p.activation_min, p.activation_max);
                output += p.output_pixel_stride;
            }
        }
        input += p.sizes.input_height * row;
    }
}
