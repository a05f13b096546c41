/* SPDX-License-Identifier: Apache-2.0
 *
 * nn_conv2d_dsp_s8: the walk over the pixels of the output, two at a time, and what they see.
 *
 * A last one without another is computed twice at once; a kernel that defines NN_LAST_PIXEL_ALONE
 * computes it alone, which is worth its code where rows are short.
 */
#ifndef NN_CONV2D_DSP_H
#define NN_CONV2D_DSP_H

#include "nn.h"
#include "nn_conv2d_dsp_core.h"
#include "nn_conv2d_dsp_lanes.h"
#include "nn_copy.h"
#ifdef NN_LAST_PIXEL_ALONE
#include "nn_fully_connected_dsp_core.h"
#endif

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

/* Moves on by `pixels`, which the row has, and from its end to the next one. */
static void move_on(const nn_conv2d_dsp_s8_params *p, nn_place *at, int32_t pixels) {
    at->left += pixels * p->window.stride_width;
    at->output += pixels * p->output_pixel_stride;
    at->x += pixels;
    if (at->x < p->sizes.output_width) {
        return;
    }
    at->x = 0;
    at->top += p->window.stride_height;
    at->output += p->output_row_stride - p->sizes.output_width * p->output_pixel_stride;
    if (++at->y == p->sizes.output_height) {
        at->y = 0;
        at->top = -p->window.padding_top;
        at->image += p->sizes.input_height * p->sizes.input_width * p->sizes.input_channels;
        at->output += p->output_batch_stride - p->sizes.output_height * p->output_row_stride;
    }
    begin_row(p, at);
}

static inline int columns_fit(const nn_conv2d_dsp_s8_params *p, const nn_place *at) {
    return at->left >= 0 && at->left + p->window.filter_width <= p->sizes.input_width;
}

static const int8_t *image_row(const nn_conv2d_dsp_s8_params *p, const nn_place *at, int32_t tap) {
    const int32_t y = at->top + tap * p->window.dilation_height;
    return at->image + y * p->sizes.input_width * p->sizes.input_channels;
}

/* The lanes of one pixel where each row of the filter is a run, some columns of which may lie in
 * the padding: the same ones in every row. */
static void gather_runs(const nn_conv2d_dsp_s8_params *p, const nn_place *at, uint32_t *lanes,
                        int8_t *staged) {
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
            lanes = nn_lanes_of_value(lanes, padding, span);
            continue;
        }
        const int8_t *const row = image_row(p, at, tap) + (at->left + first) * channels;
        if (is_staged) {
            nn_copy(staged + before, row, inside);
            lanes = nn_lanes_of_one(lanes, staged, span);
        } else {
            lanes = nn_lanes_of_value(lanes, padding, before);
            lanes = nn_lanes_of_one(lanes, row, inside);
            lanes = nn_lanes_of_value(lanes, padding, span - before - inside);
        }
    }
}

/* The lanes of one pixel where the filter is one run, whose pixels lie anywhere in the input.
 * `group` is the group's first input channel. */
static void gather_taps(const nn_conv2d_dsp_s8_params *p, const nn_place *at, int32_t group,
                        uint32_t *lanes, int8_t *staged) {
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
            lanes = inside ? nn_lanes_of_one(lanes, pixel, channels)
                           : nn_lanes_of_value(lanes, p->input_zero_point, channels);
        } else if (inside) {
            nn_copy(next, pixel, channels);
        } else {
            memset(next, (int8_t)p->input_zero_point, (size_t)channels);
        }
        next += channels;
    }
    if (is_staged) {
        nn_lanes_of_one(lanes, staged, columns * p->window.filter_height * channels);
    }
}

static void gather_one(const nn_conv2d_dsp_s8_params *p, const nn_place *at, int32_t group,
                       uint32_t *lanes, int8_t *staged) {
    if (p->rows_are_runs) {
        gather_runs(p, at, lanes, staged);
    } else {
        gather_taps(p, at, group, lanes, staged);
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

/* Fills the lanes of rows in the padding; returns those of the first row that meets the input. */
static uint32_t *pad_rows(const nn_conv2d_dsp_s8_params *p, const nn_place *at, uint32_t *lanes) {
    const int32_t rows = p->window.filter_height;
    const int32_t count = 2 * nn_lane_steps(p->window.filter_width * p->sizes.input_channels);
    const uint32_t padding = nn_pkhbt((uint32_t)p->input_zero_point, (uint32_t)p->input_zero_point);
    for (int32_t i = 0; i < at->first_row * count; ++i) {
        lanes[i] = padding;
    }
    for (int32_t i = at->last_row * count; i < rows * count; ++i) {
        lanes[i] = padding;
    }
    return lanes + at->first_row * count;
}

static void gather(const nn_conv2d_dsp_s8_params *p, const nn_place *first, const nn_place *second,
                   int32_t group, uint32_t *lanes, int8_t *staged) {
    if (p->rows_are_runs && first->first_row == second->first_row &&
        first->last_row == second->last_row && columns_fit(p, first) && columns_fit(p, second)) {
        const nn_lane_runs runs = inner_rows(p, first);
        uint32_t *const inner = pad_rows(p, first, lanes);
        if (runs.runs > 0) {
            nn_lanes_of_two(taps(p, first), taps(p, second), inner, &runs);
        }
    } else {
        gather_one(p, first, group, lanes, staged);
        gather_one(p, second, group, lanes + 1, staged);
    }
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

/* The outputs of two pixels, which may be the same one. */
static void two_pixels(const nn_conv2d_dsp_s8_params *p, const nn_place *first,
                       const nn_place *second, uint32_t *lanes) {
    int8_t *const staged = (int8_t *)(lanes + 2 * ((p->steps + 1) & ~1));
    nn_conv2d_dsp_block block = {
        lanes, p->weights, p->records, first->output, second->output, 1, p->steps, -p->ties_away,
    };
    for (int32_t group = 0; group < p->sizes.input_channels; group += p->group_channels) {
        gather(p, first, second, group, lanes, staged);
        filters(p, &block);
    }
    clamp(p, first->output);
    clamp(p, second->output);
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
    uint32_t *const inner = pad_rows(p, at, lanes);
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

#ifdef NN_LAST_PIXEL_ALONE

/* The outputs of one pixel, whose filters are fours and their steps even. */
static void one_pixel(const nn_conv2d_dsp_s8_params *p, const nn_place *at, uint32_t *lanes) {
    int8_t *const staged = (int8_t *)(lanes + 2 * p->steps);
    nn_fully_connected_dsp_tiles tiles = {
        lanes,         p->weights,    p->records, at->output, p->group_outputs >> 2,
        p->steps >> 1, -p->ties_away,
    };
    for (int32_t group = 0; group < p->sizes.input_channels; group += p->group_channels) {
        gather_one(p, at, group, lanes, staged);
        for (int32_t step = 1; step < p->steps; ++step) {
            lanes[step] = lanes[2 * step];
        }
        nn_fully_connected_dsp_1x4_lanes(&tiles);
        tiles.weights += p->group_outputs / 2 * p->steps;
        tiles.records += p->group_outputs * NN_CHANNEL_WORDS;
        tiles.output += p->group_outputs;
    }
    clamp(p, at->output);
}

static int can_be_alone(const nn_conv2d_dsp_s8_params *p) {
    return (p->group_outputs & 3) == 0 && (p->steps & 1) == 0;
}

#else

static void one_pixel(const nn_conv2d_dsp_s8_params *p, const nn_place *at, uint32_t *lanes) {
    two_pixels(p, at, at, lanes);
}

static int can_be_alone(const nn_conv2d_dsp_s8_params *p) {
    (void)p;
    return 0;
}

#endif

static inline void nn_conv2d_dsp(const nn_conv2d_dsp_s8_params *params, const int8_t *input,
                                 int8_t *output, int8_t *scratch) {
    uint32_t *const lanes = (uint32_t *)(void *)scratch;
    nn_place at = {input, output + params->output_start, 0, 0,
                   0,     -params->window.padding_top,   0, 0};
    begin_row(params, &at);
    int32_t left = params->sizes.batches * params->sizes.output_height * params->sizes.output_width;
    while (left > 0) {
        const nn_place first = at;
        int32_t done = inner_pixels(params, &at) & ~1;
        if (done > 0) {
            inner_row(params, &at, done, lanes);
            move_on(params, &at, done);
        } else if (left == 1 && can_be_alone(params)) {
            done = 1;
            one_pixel(params, &first, lanes);
        } else {
            done = nn_min(left, 2);
            move_on(params, &at, done - 1);
            two_pixels(params, &first, &at, lanes);
            move_on(params, &at, 1);
        }
        left -= done;
    }
}

#endif /* NN_CONV2D_DSP_H */
