/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_dot.h"
#include "nn_output_stage.h"

#if NN_MVE

static inline void copy(int8_t *target, const int8_t *source, int32_t count) {
    nn_mve_copy(target, source, count);
}

static inline void fill(int8_t *target, int8_t value, int32_t count) {
    nn_mve_fill(target, value, count);
}

#else

static inline void copy(int8_t *target, const int8_t *source, int32_t count) {
    memcpy(target, source, (size_t)count);
}

static inline void fill(int8_t *target, int8_t value, int32_t count) {
    memset(target, value, (size_t)count);
}

#endif

/* Copies what the filter sees at a position that reaches beyond the input; what lies outside has
 * the value of the zero point, so that the folded bias holds. */
static void gather(const nn_depthwise_conv2d_s8_params *params, const int8_t *image, int32_t top,
                   int32_t left, int8_t *patch) {
    const int32_t channels = params->sizes.input_channels;
    for (int32_t filter_y = 0; filter_y < params->window.filter_height; ++filter_y) {
        const int32_t y = top + filter_y * params->window.dilation_height;
        for (int32_t filter_x = 0; filter_x < params->window.filter_width; ++filter_x) {
            const int32_t x = left + filter_x * params->window.dilation_width;
            if (y < 0 || y >= params->sizes.input_height || x < 0 ||
                x >= params->sizes.input_width) {
                fill(patch, (int8_t)params->input_zero_point, channels);
            } else {
                copy(patch, image + (y * params->sizes.input_width + x) * channels, channels);
            }
            patch += channels;
        }
    }
}

#if NN_MVE

/* Eight neighbouring channels: `input` and `weights` point at the first of them. Returns the sums
 * of the even channels and of the odd ones. */
static inline int32x4x2_t eight_channels(const int8_t *input, const int32_t *taps,
                                         const int8_t *weights, int32_t weights_step,
                                         int32_t count) {
    int32x4x2_t both = {{vdupq_n_s32(0), vdupq_n_s32(0)}};
    for (const int32_t *const end = taps + count; taps < end; ++taps, weights += weights_step) {
        const int16x8_t x = vldrbq_s16(input + *taps), w = vldrbq_s16(weights);
        both.val[0] = vaddq_s32(both.val[0], vmullbq_int_s16(x, w));
        both.val[1] = vaddq_s32(both.val[1], vmulltq_int_s16(x, w));
    }
    return both;
}

#else

/* Four neighbouring channels: `input` and `weights` point at the first of them. */
static inline void four_channels(const int8_t *input, const int32_t *taps, const int8_t *weights,
                                 int32_t weights_step, int32_t count, int32_t sums[4]) {
    int32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    for (const int32_t *const end = taps + count; taps < end; ++taps, weights += weights_step) {
#if NN_DSP
        const uint32_t x = nn_load_word(input + *taps), w = nn_load_word(weights);
        const uint32_t x_even = nn_sxtb16(x), x_odd = nn_sxtb16_ror8(x);
        const uint32_t w_even = nn_sxtb16(w), w_odd = nn_sxtb16_ror8(w);
        s0 = nn_smlabb(x_even, w_even, s0);
        s1 = nn_smlabb(x_odd, w_odd, s1);
        s2 = nn_smlatt(x_even, w_even, s2);
        s3 = nn_smlatt(x_odd, w_odd, s3);
#else
        const int8_t *const x = input + *taps;
        s0 += x[0] * weights[0];
        s1 += x[1] * weights[1];
        s2 += x[2] * weights[2];
        s3 += x[3] * weights[3];
#endif
    }
    sums[0] = s0;
    sums[1] = s1;
    sums[2] = s2;
    sums[3] = s3;
}

#endif

static inline int32_t one_channel(const int8_t *input, const int32_t *taps, const int8_t *weights,
                                  int32_t weights_step, int32_t count) {
    int32_t sum = 0;
    for (const int32_t *const end = taps + count; taps < end; ++taps, weights += weights_step) {
        sum += input[*taps] * weights[0];
    }
    return sum;
}

static void pixel(const nn_depthwise_conv2d_s8_params *params, const int8_t *input,
                  const int32_t *taps, int8_t *output) {
    const int32_t count = params->window.filter_height * params->window.filter_width;
    const int32_t multiplier = params->depth_multiplier;
    const int32_t channels = params->output_channels;
    int32_t channel = 0;
    if (multiplier == 1) {
#if NN_MVE
        const nn_output_stage stage = params->output_stage;
        for (; channel + 8 <= channels; channel += 8) {
            const int32x4x2_t sums =
                eight_channels(input + channel, taps, params->weights + channel, channels, count);
            nn_mve_finish_8(&stage, sums, channel, output);
        }
#else
        for (; channel + 4 <= channels; channel += 4) {
            int32_t sums[4];
            four_channels(input + channel, taps, params->weights + channel, channels, count, sums);
            for (int32_t i = 0; i < 4; ++i) {
                output[channel + i] = nn_finish(&params->output_stage, sums[i], channel + i);
            }
        }
#endif
    }
    const int8_t *source = input + channel; /* channel is 0 unless the multiplier is 1 */
    for (; channel < channels; channel += multiplier, ++source) {
        for (int32_t c = channel; c < channel + multiplier; ++c) {
            const int32_t sum = one_channel(source, taps, params->weights + c, channels, count);
            output[c] = nn_finish(&params->output_stage, sum, c);
        }
    }
}

void nn_depthwise_conv2d_s8(const nn_depthwise_conv2d_s8_params *params, const int8_t *input,
                            int8_t *output, int8_t *scratch) {
    const int32_t row = params->sizes.input_width * params->sizes.input_channels;
    const int32_t reach_y = (params->window.filter_height - 1) * params->window.dilation_height;
    const int32_t reach_x = (params->window.filter_width - 1) * params->window.dilation_width;
    for (int32_t batch = 0; batch < params->sizes.batches; ++batch) {
        const int8_t *const image = input + batch * params->sizes.input_height * row;
        for (int32_t y = 0; y < params->sizes.output_height; ++y) {
            const int32_t top = y * params->window.stride_height - params->window.padding_top;
            const int rows_fit = top >= 0 && top + reach_y < params->sizes.input_height;
            for (int32_t x = 0; x < params->sizes.output_width; ++x) {
                const int32_t left = x * params->window.stride_width - params->window.padding_left;
                if (rows_fit && left >= 0 && left + reach_x < params->sizes.input_width) {
                    pixel(params, image + top * row + left * params->sizes.input_channels,
                          params->input_taps, output);
                } else {
                    gather(params, image, top, left, scratch);
                    pixel(params, scratch, params->gathered_taps, output);
                }
                output += params->output_pixel_stride;
            }
        }
    }
}
