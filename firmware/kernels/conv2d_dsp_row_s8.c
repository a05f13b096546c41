/* SPDX-License-Identifier: Apache-2.0 */
#include "nn_conv2d_dsp_pixels.h"
#include "nn_conv2d_dsp_three_core.h"
#include "nn_conv2d_dsp_three_lanes.h"

static inline void move_right(const nn_conv2d_dsp_s8_params *p, nn_place *at, int32_t count) {
    at->left += count * p->window.stride_width;
    at->output += count * p->output_pixel_stride;
    at->x += count;
}

/* Copies what `count` pixels from `at` on see in rows of the input, with columns of padding;
 * returns the bytes of such a row. */
static int32_t stage(const nn_conv2d_dsp_s8_params *p, const nn_place *at, int32_t count,
                     int8_t *staged) {
    const int32_t channels = p->sizes.input_channels, width = p->sizes.input_width;
    const int32_t columns = (count - 1) * p->window.stride_width + p->window.filter_width;
    const int32_t pitch = p->window.dilation_height * width * channels;
    const int32_t first = nn_clamp(-at->left, 0, columns);
    const int32_t last = nn_clamp(width - at->left, first, columns);
    const int8_t *row = image_row(p, at, at->first_row) + (at->left + first) * channels;
    int8_t *to = staged + first * channels;
    memset(staged, (int8_t)p->input_zero_point,
           (size_t)((at->last_row - at->first_row) * columns * channels));
    for (int32_t y = at->first_row; y < at->last_row; ++y) {
        nn_copy(to, row, (last - first) * channels);
        row += pitch;
        to += columns * channels;
    }
    return columns * channels;
}

/* Lanes of `count` pixels from `at` on: two or three. */
static void gather(const nn_conv2d_dsp_s8_params *p, const nn_place *at, int32_t count,
                   int32_t group, uint32_t *lanes, int8_t *staged) {
    nn_place last = *at;
    last.left += (count - 1) * p->window.stride_width;
    const int fit = columns_fit(p, at) && columns_fit(p, &last);
    if (!p->rows_are_runs || (!fit && (p->group_channels & 3) == 0)) {
        nn_place each = *at;
        for (int32_t i = 0; i < count; ++i, each.left += p->window.stride_width) {
            gather_one(p, &each, group, lanes + i, count, staged);
        }
        return;
    }
    uint32_t *const inner = pad_rows(p, at, lanes, count);
    nn_lane_runs runs = inner_rows(p, at);
    if (runs.runs == 0) {
        return;
    }
    const int32_t apart = p->window.stride_width * p->sizes.input_channels;
    const int8_t *first = staged;
    if (fit) {
        first = taps(p, at);
    } else {
        runs.skip = stage(p, at, count, staged) - runs.taps;
    }
    if (count == 3) {
        nn_lanes_of_three(first, apart, inner, &runs);
    } else {
        nn_lanes_of_two(first, first + apart, inner, &runs);
    }
}

/* The outputs of `count` pixels from `at` on, two or three, and moves it on by these. */
static void pixels(const nn_conv2d_dsp_s8_params *p, nn_place *at, int32_t count, uint32_t *lanes) {
    int8_t *const staged = (int8_t *)(lanes + 3 * p->steps);
    const int32_t pixel = p->output_pixel_stride, tiles = p->group_outputs >> 2;
    int8_t *output = at->output;
    const uint32_t *weights = p->weights;
    const int32_t *records = p->records;
    for (int32_t group = 0; group < p->sizes.input_channels; group += p->group_channels) {
        gather(p, at, count, group, lanes, staged);
        if (count == 3) {
            const nn_conv2d_dsp_three three = {
                lanes, weights,  records,       {output, output + pixel, output + 2 * pixel},
                tiles, p->steps, -p->ties_away,
            };
            nn_conv2d_dsp_3x4(&three);
        } else {
            const nn_conv2d_dsp_block two = {
                lanes, weights, records, output, output + pixel, tiles, p->steps, -p->ties_away,
            };
            nn_conv2d_dsp_2x4(&two);
        }
        weights += p->group_outputs / 2 * p->steps;
        records += p->group_outputs * NN_CHANNEL_WORDS;
        output += p->group_outputs;
    }
    for (int32_t i = 0; i < count; ++i) {
        clamp(p, at->output + i * pixel);
    }
    move_right(p, at, count);
}

void nn_conv2d_dsp_row_s8(const nn_conv2d_dsp_s8_params *params, const int8_t *input,
                          int8_t *output, int8_t *scratch) {
    uint32_t *const lanes = (uint32_t *)(void *)scratch;
    nn_place at = {.image = input,
                   .output = output + params->output_start,
                   .top = -params->window.padding_top};
    begin_row(params, &at);
    int32_t left = params->sizes.output_width;
    while (left > 3) {
        const int32_t inner = nn_min(inner_pixels(params, &at), left - 3) & ~1;
        if (inner > 0) {
            inner_row(params, &at, inner, lanes);
            move_right(params, &at, inner);
            left -= inner;
        } else {
            pixels(params, &at, 2, lanes);
            left -= 2;
        }
    }
    pixels(params, &at, 3, lanes);
}
