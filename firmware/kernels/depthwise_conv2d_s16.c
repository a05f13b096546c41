/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_s16.h"

/* Copies what the filter sees at a position that reaches beyond the input, where it is 0. */
static void gather(const nn_depthwise_conv2d_s16_params *params, const int16_t *image, int32_t top,
                   int32_t left, int16_t *patch) {
    const int32_t channels = params->sizes.input_channels;
    for (int32_t filter_y = 0; filter_y < params->window.filter_height; ++filter_y) {
        const int32_t y = top + filter_y * params->window.dilation_height;
        for (int32_t filter_x = 0; filter_x < params->window.filter_width; ++filter_x) {
            const int32_t x = left + filter_x * params->window.dilation_width;
            if (y < 0 || y >= params->sizes.input_height || x < 0 ||
                x >= params->sizes.input_width) {
                nn_s16_zero(patch, channels);
            } else {
                nn_s16_copy(patch, image + (y * params->sizes.input_width + x) * channels,
                            channels);
            }
            patch += channels;
        }
    }
}

/* Two neighbouring channels: `input` and `weights` point at the first of them, whose taps lie
 * `weights_step` apart. */
static void two_channels(const int16_t *input, const int32_t *taps, const int8_t *weights,
                         int32_t weights_step, int32_t count, int64_t sums[2]) {
    sums[0] = sums[1] = 0;
    while (count > 0) {
        const int32_t block = nn_min(count, NN_S16_BLOCK);
        int32_t s0 = 0, s1 = 0;
        for (const int32_t *const end = taps + block; taps < end; ++taps) {
            const int16_t *const x = input + *taps;
            s0 += (int32_t)x[0] * weights[0];
            s1 += (int32_t)x[1] * weights[1];
            weights += weights_step;
        }
        sums[0] += s0;
        sums[1] += s1;
        count -= block;
    }
}

static int64_t one_channel(const int16_t *input, const int32_t *taps, const int8_t *weights,
                           int32_t weights_step, int32_t count) {
    int64_t sum = 0;
    while (count > 0) {
        const int32_t block = nn_min(count, NN_S16_BLOCK);
        int32_t part = 0;
        for (const int32_t *const end = taps + block; taps < end; ++taps) {
            part += (int32_t)input[*taps] * weights[0];
            weights += weights_step;
        }
        sum += part;
        count -= block;
    }
    return sum;
}

static void pixel(const nn_depthwise_conv2d_s16_params *params, const int16_t *input,
                  const int32_t *taps, int16_t *output) {
    const nn_output_stage_s16 *const stage = &params->output_stage;
    const int32_t count = params->window.filter_height * params->window.filter_width;
    const int32_t multiplier = params->depth_multiplier;
    const int32_t channels = params->output_channels;
    int32_t channel = 0;
    if (multiplier == 1) {
        for (; channel + 2 <= channels; channel += 2, input += 2) {
            int64_t sums[2];
            two_channels(input, taps, params->weights + channel, channels, count, sums);
            output[channel] = nn_finish_s16(stage, sums[0], channel);
            output[channel + 1] = nn_finish_s16(stage, sums[1], channel + 1);
        }
    }
    for (; channel < channels; channel += multiplier, ++input) {
        for (int32_t c = channel; c < channel + multiplier; ++c) {
            const int64_t sum = one_channel(input, taps, params->weights + c, channels, count);
            output[c] = nn_finish_s16(stage, sum, c);
        }
    }
}

void nn_depthwise_conv2d_s16(const nn_depthwise_conv2d_s16_params *params, const int16_t *input,
                             int16_t *output, int8_t *scratch) {
    int16_t *const patch = (int16_t *)(void *)scratch;
    const int32_t row = params->sizes.input_width * params->sizes.input_channels;
    const int32_t reach_y = (params->window.filter_height - 1) * params->window.dilation_height;
    const int32_t reach_x = (params->window.filter_width - 1) * params->window.dilation_width;
    for (int32_t batch = 0; batch < params->sizes.batches; ++batch) {
        const int16_t *const image = input + batch * params->sizes.input_height * row;
        for (int32_t y = 0; y < params->sizes.output_height; ++y) {
            const int32_t top = y * params->window.stride_height - params->window.padding_top;
            const int rows_fit = top >= 0 && top + reach_y < params->sizes.input_height;
            for (int32_t x = 0; x < params->sizes.output_width; ++x) {
                const int32_t left = x * params->window.stride_width - params->window.padding_left;
                if (rows_fit && left >= 0 && left + reach_x < params->sizes.input_width) {
                    pixel(params, image + top * row + left * params->sizes.input_channels,
                          params->input_taps, output);
                } else {
                    gather(params, image, top, left, patch);
                    pixel(params, patch, params->gathered_taps, output);
                }
                output += params->output_pixel_stride;
            }
        }
    }
}
