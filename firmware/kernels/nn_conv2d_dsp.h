/* SPDX-License-Identifier: Apache-2.0
 *
 * nn_conv2d_dsp_s8: the walk over the pixels of the output, two at a time.
 *
 * A last one without another is computed twice at once; a kernel that defines NN_LAST_PIXEL_ALONE
 * computes it alone, which is worth its code where a row is one pixel.
 */
#ifndef NN_CONV2D_DSP_H
#define NN_CONV2D_DSP_H

#include "nn_conv2d_dsp_pixels.h"
#ifdef NN_LAST_PIXEL_ALONE
#include "nn_fully_connected_dsp_core.h"
#endif

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

static void gather(const nn_conv2d_dsp_s8_params *p, const nn_place *first, const nn_place *second,
                   int32_t group, uint32_t *lanes, int8_t *staged) {
    if (p->rows_are_runs && first->first_row == second->first_row &&
        first->last_row == second->last_row && columns_fit(p, first) && columns_fit(p, second)) {
        const nn_lane_runs runs = inner_rows(p, first);
        uint32_t *const inner = pad_rows(p, first, lanes, 2);
        if (runs.runs > 0) {
            nn_lanes_of_two(taps(p, first), taps(p, second), inner, &runs);
        }
    } else {
        gather_one(p, first, group, lanes, 2, staged);
        gather_one(p, second, group, lanes + 1, 2, staged);
    }
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

#ifdef NN_LAST_PIXEL_ALONE

/* The outputs of one pixel, whose filters are fours and their steps even. */
static void one_pixel(const nn_conv2d_dsp_s8_params *p, const nn_place *at, uint32_t *lanes) {
    int8_t *const staged = (int8_t *)(lanes + 2 * p->steps);
    nn_fully_connected_dsp_tiles tiles = {
        lanes,         p->weights,    p->records, at->output, p->group_outputs >> 2,
        p->steps >> 1, -p->ties_away,
    };
    for (int32_t group = 0; group < p->sizes.input_channels; group += p->group_channels) {
        gather_one(p, at, group, lanes, 1, staged);
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
