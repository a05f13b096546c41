/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_s16.h"

static int16_t *append(int16_t *patch, const int16_t *input, int32_t count) {
    nn_s16_copy(patch, input, count);
    return patch + count;
}

static int16_t *append_padding(int16_t *patch, int32_t count) {
    nn_s16_zero(patch, count);
    return patch + count;
}

/* Gathers what the filter sees at an output position: filter_height * filter_width * channels
 * values. */
static void gather(const nn_conv2d_s16_params *params, const int16_t *image, int32_t top,
                   int32_t left, int16_t *patch) {
    const int32_t channels = params->group_channels;
    const int32_t pixel = params->sizes.input_channels;
    const int32_t span = params->window.filter_width * channels;
    const int rows_are_contiguous = params->window.dilation_width == 1 && channels == pixel;
    const int columns_fit =
        left >= 0 && left + params->window.filter_width <= params->sizes.input_width;
    for (int32_t filter_y = 0; filter_y < params->window.filter_height; ++filter_y) {
        const int32_t y = top + filter_y * params->window.dilation_height;
        if (y < 0 || y >= params->sizes.input_height) {
            patch = append_padding(patch, span);
            continue;
        }
        const int16_t *const row = image + y * params->sizes.input_width * pixel;
        if (rows_are_contiguous && columns_fit) {
            patch = append(patch, row + left * pixel, span);
            continue;
        }
        for (int32_t filter_x = 0; filter_x < params->window.filter_width; ++filter_x) {
            const int32_t x = left + filter_x * params->window.dilation_width;
            if (x < 0 || x >= params->sizes.input_width) {
                patch = append_padding(patch, channels);
            } else {
                patch = append(patch, row + x * pixel, channels);
            }
        }
    }
}

/* One pixel of the output, a group of channels after the other. */
static void pixel(const nn_conv2d_s16_params *params, const int16_t *image, int32_t top,
                  int32_t left, int16_t *output, int16_t *patch) {
    const int32_t groups = params->sizes.input_channels / params->group_channels;
    const int32_t outputs = params->output_channels / groups;
    const int32_t taps =
        params->window.filter_height * params->window.filter_width * params->group_channels;
    for (int32_t group = 0; group < groups; ++group) {
        gather(params, image + group * params->group_channels, top, left, patch);
        nn_filters_s16(&params->output_stage, patch, params->weights, params->filter_stride, taps,
                       group * outputs, (group + 1) * outputs, output);
    }
}

void nn_conv2d_s16(const nn_conv2d_s16_params *params, const int16_t *input, int16_t *output,
                   int8_t *scratch) {
    int16_t *const patch = (int16_t *)(void *)scratch;
    const int32_t image_size =
        params->sizes.input_height * params->sizes.input_width * params->sizes.input_channels;
    for (int32_t batch = 0; batch < params->sizes.batches; ++batch) {
        const int16_t *const image = input + batch * image_size;
        int16_t *line = output + batch * params->output_batch_stride + params->output_start;
        for (int32_t y = 0; y < params->sizes.output_height; ++y) {
            const int32_t top = y * params->window.stride_height - params->window.padding_top;
            int32_t left = -params->window.padding_left;
            int16_t *target = line;
            for (int32_t x = 0; x < params->sizes.output_width; ++x) {
                pixel(params, image, top, left, target, patch);
                target += params->output_pixel_stride;
                left += params->window.stride_width;
            }
            line += params->output_row_stride;
        }
    }
}
