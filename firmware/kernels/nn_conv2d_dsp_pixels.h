/* SPDX-License-Identifier: Apache-2.0
 *
 * Pixels of the output of nn_conv2d_dsp_s8: where they lie, what they see, and rows of pairs of
 * which no window leaves the input's columns.
 */
#ifndef NN_CONV2D_DSP_PIXELS_H
#define NN_CONV2D_DSP_PIXELS_H

#include "nn.h"
#include "nn_conv2d_dsp_core.h"
#include "nn_conv2d_dsp_lanes.h"
#include "nn_copy.h"

/* An output pixel and what it sees. */
typedef struct {
    const int8_t *image; /* of the batch */
    int8_t *output;
    int32_t x;
    int32_t y;
    int32_t left; /* column of the input where the window begins */
    int32_t top;
    int32_t first_row; /* rows of the filter that meet rows of the input: [first, last) */
    int32_t last_row;
} nn_place;

/* How many rows of a filter from input row `top` on begin above row `limit`. */
static int32_t rows_above(const nn_conv2d_dsp_s8_params *p, int32_t top, int32_t limit) {
    const int32_t dilation = p->window.dilation_height;
    const int32_t rows = top < limit ? (limit - top + dilation - 1) / dilation : 0;
    return nn_min(rows, p->window.filter_height);
}

static void begin_row(const nn_conv2d_dsp_s8_params *p, nn_place *at) {
    at->left = -p->window.padding_left;
    at->first_row = rows_above(p, at->top, 0);
    at->last_row = rows_above(p, at->top, p->sizes.input_height);
}

static inline int columns_fit(const nn_conv2d_dsp_s8_params *p, const nn_place *at) {
    return at->left >= 0 && at->left + p->window.filter_width <= p->sizes.input_width;
}

static const int8_t *image_row(const nn_conv2d_dsp_s8_params *p, const nn_place *at, int32_t tap) {
    const int32_t y = at->top + tap * p->window.dilation_height;
    return at->image + y * p->sizes.input_width * p->sizes.input_channels;
}

/* The lanes of one pixel, whose words lie `stride` apart, where each row of the filter is a run,
 * some columns of which may lie in the padding: the same ones in every row. */
static void gather_runs(const nn_conv2d_dsp_s8_params *p, const nn_place *at, uint32_t *lanes,
                        int32_t stride, int8_t *staged) {
    const int32_t channels = p->group_channels, span = p->window.filter_width * channels;
    const int32_t padding = p->input_zero_point;
    const int32_t first = nn_clamp(-at->left, 0, p->window.filter_width);
    const int32_t last = nn_clamp(p->sizes.input_width - at->left, first, p->window.filter_width);
    const int32_t before = first * channels, inside = (last - first) * channels;
    const int is_staged = inside < span && (channels & 3) != 0;
    if (is_staged) {
        memset(staged, (int8_t)padding, (size_t)span);
    }
    for (int32_t tap = 0; tap < p->window.filter_height; ++tap) {
        if (tap < at->first_row || tap >= at->last_row) {
            lanes = nn_lanes_of_value(lanes, stride, padding, span);
            continue;
        }
        const int8_t *const row = image_row(p, at, tap) + (at->left + first) * channels;
        if (is_staged) {
            nn_copy(staged + before, row, inside);
            lanes = nn_lanes_of_one(lanes, stride, staged, span);
        } else {
            lanes = nn_lanes_of_value(lanes, stride, padding, before);
            lanes = nn_lanes_of_one(lanes, stride, row, inside);
            lanes = nn_lanes_of_value(lanes, stride, padding, span - before - inside);
        }
    }
}

/* The lanes of one pixel where the filter is one run, whose pixels lie anywhere in the input.
 * `group` is the group's first input channel. */
static void gather_taps(const nn_conv2d_dsp_s8_params *p, const nn_place *at, int32_t group,
                        uint32_t *lanes, int32_t stride, int8_t *staged) {
    const int32_t channels = p->group_channels, columns = p->window.filter_width;
    const int is_staged = (channels & 3) != 0;
    int8_t *next = staged;
    for (int32_t tap = 0; tap < p->window.filter_height * columns; ++tap) {
        const int32_t y = tap / columns, x = at->left + tap % columns * p->window.dilation_width;
        const int inside =
            y >= at->first_row && y < at->last_row && x >= 0 && x < p->sizes.input_width;
        const int8_t *const pixel =
            inside ? image_row(p, at, y) + x * p->sizes.input_channels + group : NULL;
        if (!is_staged) {
            lanes = inside ? nn_lanes_of_one(lanes, stride, pixel, channels)
                           : nn_lanes_of_value(lanes, stride, p->input_zero_point, channels);
        } else if (inside) {
            nn_copy(next, pixel, channels);
        } else {
            memset(next, (int8_t)p->input_zero_point, (size_t)channels);
        }
        next += channels;
    }
    if (is_staged) {
        nn_lanes_of_one(lanes, stride, staged, columns * p->window.filter_height * channels);
    }
}

static void gather_one(const nn_conv2d_dsp_s8_params *p, const nn_place *at, int32_t group,
                       uint32_t *lanes, int32_t stride, int8_t *staged) {
    if (p->rows_are_runs) {
        gather_runs(p, at, lanes, stride, staged);
    } else {
        gather_taps(p, at, group, lanes, stride, staged);
    }
}

/* Where the taps lie of a window that does not leave the input's columns. */
static inline const int8_t *taps(const nn_conv2d_dsp_s8_params *p, const nn_place *at) {
    const int32_t y = at->top + at->first_row * p->window.dilation_height;
    return at->image + (y * p->sizes.input_width + at->left) * p->sizes.input_channels;
}

/* The rows of the filter that meet rows of the input. */
static nn_lane_runs inner_rows(const nn_conv2d_dsp_s8_params *p, const nn_place *at) {
    const int32_t pixel = p->sizes.input_channels, span = p->window.filter_width * pixel;
    const int32_t pitch = p->window.dilation_height * p->sizes.input_width * pixel;
    const nn_lane_runs runs = {span, at->last_row - at->first_row, pitch - span};
    return runs;
}

/* Fills the lanes of rows in the padding, of so many pixels; returns those of the first row that
 * meets the input. */
static uint32_t *pad_rows(const nn_conv2d_dsp_s8_params *p, const nn_place *at, uint32_t *lanes,
                          int32_t pixels) {
    const int32_t rows = p->window.filter_height;
    const int32_t count = pixels * nn_lane_steps(p->window.filter_width * p->sizes.input_channels);
    const uint32_t padding = nn_pkhbt((uint32_t)p->input_zero_point, (uint32_t)p->input_zero_point);
    for (int32_t i = 0; i < at->first_row * count; ++i) {
        lanes[i] = padding;
    }
    for (int32_t i = at->last_row * count; i < rows * count; ++i) {
        lanes[i] = padding;
    }
    return lanes + at->first_row * count;
}

/* The filters of a group: fours, then two, then one. Moves the block on to the next group. */
static void filters(const nn_conv2d_dsp_s8_params *p, nn_conv2d_dsp_block *block) {
    const int32_t in_fours = p->group_outputs & ~3, steps = block->steps;
    if (in_fours > 0) {
        block->tiles = in_fours >> 2;
        nn_conv2d_dsp_2x4(block);
        block->weights += in_fours / 2 * steps;
        block->records += in_fours * NN_CHANNEL_WORDS;
        block->first += in_fours;
        block->second += in_fours;
    }
    block->steps = (steps + 1) & ~1;
    if ((p->group_outputs & 2) != 0) {
        nn_conv2d_dsp_2x2(block);
        block->weights += block->steps;
        block->records += 2 * NN_CHANNEL_WORDS;
        block->first += 2;
        block->second += 2;
    }
    if ((p->group_outputs & 1) != 0) {
        nn_conv2d_dsp_2x1(block);
        block->weights += block->steps / 2;
        block->records += NN_CHANNEL_WORDS;
        block->first += 1;
        block->second += 1;
    }
    block->steps = steps;
}

/* Narrower limits than those of int8, where there are any. */
static void clamp(const nn_conv2d_dsp_s8_params *p, int8_t *output) {
    nn_clamp_outputs(output, p->output_channels, p->activation_min, p->activation_max);
}

/* How many pixels from `at` on to the end of its row have windows inside the input's columns. */
static int32_t inner_pixels(const nn_conv2d_dsp_s8_params *p, const nn_place *at) {
    if (!p->rows_are_runs || !columns_fit(p, at) || at->first_row == at->last_row) {
        return 0;
    }
    const int32_t room = p->sizes.input_width - p->window.filter_width - at->left;
    return nn_min(room / p->window.stride_width + 1, p->sizes.output_width - at->x);
}

/* The outputs of `count` pixels, an even number, whose windows are inside the input's columns. */
static void inner_row(const nn_conv2d_dsp_s8_params *p, const nn_place *at, int32_t count,
                      uint32_t *lanes) {
    const int32_t step = p->window.stride_width * p->sizes.input_channels;
    const int32_t pixel = p->output_pixel_stride, tiles = p->group_outputs >> 2;
    const nn_lane_runs runs = inner_rows(p, at);
    uint32_t *const inner = pad_rows(p, at, lanes, 2);
    const int8_t *input = taps(p, at);
    int8_t *output = at->output;
    for (; count > 0; count -= 2) {
        nn_conv2d_dsp_block block = {
            lanes, p->weights, p->records, output, output + pixel, tiles, p->steps, -p->ties_away,
        };
        nn_lanes_of_two(input, input + step, inner, &runs);
        if ((p->group_outputs & 3) == 0) {
            nn_conv2d_dsp_2x4(&block);
        } else {
            filters(p, &block);
        }
        clamp(p, output);
        clamp(p, output + pixel);
        input += 2 * step;
        output += 2 * pixel;
    }
}

#endif /* NN_CONV2D_DSP_PIXELS_H */
