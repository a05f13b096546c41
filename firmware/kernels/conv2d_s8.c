/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_dot.h"
#include "nn_output_stage.h"

/* Gathers what the filter sees at an output position: filter_height * filter_width * channels
 * lanes. Padding has the value of the input's zero point, so that the bias, into which the input
 * offset is folded, holds at the borders too. */
static void gather(const nn_conv2d_s8_params *params, const int8_t *image, int32_t top,
                   int32_t left, nn_lane *patch) {
    const int32_t channels = params->group_channels;
    const int32_t pixel = params->sizes.input_channels;
    const int32_t span = params->window.filter_width * channels;
    const int8_t padding = (int8_t)params->input_zero_point;
    const int rows_are_contiguous = params->window.dilation_width == 1 && channels == pixel;
    const int columns_fit =
        left >= 0 && left + params->window.filter_width <= params->sizes.input_width;
    int32_t at = 0;
    for (int32_t filter_y = 0; filter_y < params->window.filter_height; ++filter_y) {
        const int32_t y = top + filter_y * params->window.dilation_height;
        if (y < 0 || y >= params->sizes.input_height) {
            at = nn_append_value(patch, at, padding, span);
            continue;
        }
        const int8_t *const row = image + y * params->sizes.input_width * pixel;
        if (rows_are_contiguous && columns_fit) {
            at = nn_append_lanes(patch, at, row + left * pixel, span);
            continue;
        }
        for (int32_t filter_x = 0; filter_x < params->window.filter_width; ++filter_x) {
            const int32_t x = left + filter_x * params->window.dilation_width;
            if (x < 0 || x >= params->sizes.input_width) {
                at = nn_append_value(patch, at, padding, channels);
            } else {
                at = nn_append_lanes(patch, at, row + x * pixel, channels);
            }
        }
    }
}

#if NN_MVE

/* The output channels [first, last) of one pixel. */
static void one_pixel(const nn_conv2d_s8_params *params, const nn_lane *patch, int32_t first,
                      int32_t last, int8_t *output) {
    const nn_output_stage stage = params->output_stage;
    const int32_t count = params->filter_stride;
    const int8_t *filter = params->weights + first * count;
    int32_t channel = first;
    for (; channel + NN_MVE_WORDS <= last; channel += NN_MVE_WORDS) {
        nn_mve_finish(&stage, nn_mve_dot_4(patch, filter, count, count), channel, output);
        filter += NN_MVE_WORDS * count;
    }
    for (; channel < last; ++channel, filter += count) {
        output[channel] =
            nn_finish(&params->output_stage, nn_mve_dot(patch, filter, count), channel);
    }
}

/* The output channels [first, last) of two neighbouring pixels. */
static void two_pixels(const nn_conv2d_s8_params *params, const nn_lane *patch, int32_t first,
                       int32_t last, int8_t *output0, int8_t *output1) {
    one_pixel(params, patch, first, last, output0);
    one_pixel(params, patch + NN_SECOND_PATCH(params->filter_stride), first, last, output1);
}

#else

/* The output channels [first, last) of two neighbouring pixels. */
static void two_pixels(const nn_conv2d_s8_params *params, const nn_lane *patch, int32_t first,
                       int32_t last, int8_t *output0, int8_t *output1) {
    const nn_output_stage *const stage = &params->output_stage;
    const int32_t count = params->filter_stride;
    const int8_t *filter = params->weights + first * count;
    int32_t channel = first;
    for (; channel + 2 <= last; channel += 2, filter += 2 * count) {
        int32_t sums[4];
        nn_dot_2x2(patch, filter, count, sums);
        output0[channel] = nn_finish(stage, sums[0], channel);
        output0[channel + 1] = nn_finish(stage, sums[1], channel + 1);
        output1[channel] = nn_finish(stage, sums[2], channel);
        output1[channel + 1] = nn_finish(stage, sums[3], channel + 1);
    }
    if (channel < last) {
        int32_t sums[2];
        nn_dot_2x1(patch, filter, count, sums);
        output0[channel] = nn_finish(stage, sums[0], channel);
        output1[channel] = nn_finish(stage, sums[1], channel);
    }
}

/* The output channels [first, last) of one pixel. */
static void one_pixel(const nn_conv2d_s8_params *params, const nn_lane *patch, int32_t first,
                      int32_t last, int8_t *output) {
    const nn_output_stage *const stage = &params->output_stage;
    const int32_t count = params->filter_stride;
    const int8_t *filter = params->weights + first * count;
    int32_t channel = first;
    for (; channel + 2 <= last; channel += 2, filter += 2 * count) {
        int32_t sums[2];
        nn_dot_1x2(patch, filter, count, sums);
        output[channel] = nn_finish(stage, sums[0], channel);
        output[channel + 1] = nn_finish(stage, sums[1], channel + 1);
    }
    if (channel < last) {
        output[channel] = nn_finish(stage, nn_dot_1x1(patch, filter, count), channel);
    }
}

#endif

/* One row of the output, for the group of channels that starts at input channel `group_start`. */
static void row(const nn_conv2d_s8_params *params, const int8_t *image, int32_t top, int32_t first,
                int32_t last, int8_t *output, nn_lane *patch) {
    nn_lane *const second = patch + NN_SECOND_PATCH(params->filter_stride);
    int32_t left = -params->window.padding_left;
    int32_t x = 0;
    for (; x + 2 <= params->sizes.output_width; x += 2) {
        gather(params, image, top, left, patch);
        gather(params, image, top, left + params->window.stride_width, second);
        two_pixels(params, patch, first, last, output, output + params->output_pixel_stride);
        output += 2 * params->output_pixel_stride;
        left += 2 * params->window.stride_width;
    }
    if (x < params->sizes.output_width) {
        gather(params, image, top, left, patch);
        one_pixel(params, patch, first, last, output);
    }
}

void nn_conv2d_s8(const nn_conv2d_s8_params *params, const int8_t *input, int8_t *output,
                  int8_t *scratch) {
    nn_lane *const patch = (nn_lane *)(void *)scratch;
    const int32_t image_size =
        params->sizes.input_height * params->sizes.input_width * params->sizes.input_channels;
    const int32_t groups = params->sizes.input_channels / params->group_channels;
    const int32_t group_outputs = params->output_channels / groups;
    /* The lanes that only fill up to a multiple of four meet zero weights; give them a value. */
    memset(scratch, 0, (size_t)(2 * params->filter_stride * (int32_t)sizeof(nn_lane)));
    for (int32_t batch = 0; batch < params->sizes.batches; ++batch) {
        const int8_t *const image = input + batch * image_size;
        int8_t *line = output + batch * params->output_batch_stride + params->output_start;
        for (int32_t y = 0; y < params->sizes.output_height; ++y) {
            const int32_t top = y * params->window.stride_height - params->window.padding_top;
            for (int32_t group = 0; group < groups; ++group) {
                row(params, image + group * params->group_channels, top, group * group_outputs,
                    (group + 1) * group_outputs, line, patch);
            }
            line += params->output_row_stride;
        }
    }
}
