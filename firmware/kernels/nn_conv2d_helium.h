/* SPDX-License-Identifier: Apache-2.0
 *
 * nn_conv2d_helium_s8: the walk over the pixels of the output, two at a time.
 *
 * A last one without another is computed twice at once; a kernel that defines NN_LAST_PIXEL_ALONE
 * computes it alone, which is worth its code where rows are short.
 */
#ifndef NN_CONV2D_HELIUM_H
#define NN_CONV2D_HELIUM_H

#include "nn.h"
#include "nn_conv2d_helium_core.h"
#include "nn_vectors.h"
#ifdef NN_LAST_PIXEL_ALONE
#include "nn_fully_connected_helium_core.h"
#endif

/* An output pixel, and where its window begins. */
typedef struct {
    int32_t x;
    int32_t y;
    int32_t top;
    int32_t left;
    const int8_t *image;
    int8_t *line; /* of the output, like `image` that of this batch */
    int8_t *output;
} pixel;

/* What is the same for all pixels. */
typedef struct {
    const nn_conv2d_helium_s8_params *params;
    const int8_t *input_end;
    int32_t image_bytes;
    int32_t row_bytes;    /* of the input */
    int32_t pixel_step;   /* bytes from a window to that of the next pixel */
    int32_t span;         /* bytes of a window's row */
    int32_t row_step;     /* bytes from one to the next */
    int32_t patch_bytes;  /* taps rounded up to whole chunks */
    int rows_are_runs;    /* of bytes, one for each row of a window */
    int windows_are_runs; /* one for each window */
    int8_t *patch;
} layout;

static layout layout_of(const nn_conv2d_helium_s8_params *params, const int8_t *input,
                        int8_t *scratch) {
    const nn_image_sizes *const sizes = &params->sizes;
    const nn_sliding_window *const window = &params->window;
    layout l;
    l.params = params;
    l.row_bytes = sizes->input_width * sizes->input_channels;
    l.image_bytes = sizes->input_height * l.row_bytes;
    l.input_end = input + sizes->batches * l.image_bytes;
    l.pixel_step = window->stride_width * sizes->input_channels;
    l.span = window->filter_width * sizes->input_channels;
    l.row_step = window->dilation_height * l.row_bytes;
    l.patch_bytes = params->chunks * NN_CHUNK;
    l.rows_are_runs = window->dilation_width == 1 || window->filter_width == 1;
    l.windows_are_runs = l.rows_are_runs && (window->filter_height == 1 || l.span == l.row_step);
    l.patch = scratch;
    return l;
}

/* Goes on by pixels of the same row, or to the first of the next. */
static void advance(const layout *l, int32_t pixels, pixel *p) {
    const nn_conv2d_helium_s8_params *const params = l->params;
    p->x += pixels;
    p->output += pixels * params->output_pixel_stride;
    p->left += pixels * params->window.stride_width;
    if (p->x < params->sizes.output_width) {
        return;
    }
    p->x = 0;
    p->left = -params->window.padding_left;
    p->top += params->window.stride_height;
    if (++p->y < params->sizes.output_height) {
        p->line += params->output_row_stride;
    } else {
        p->y = 0;
        p->top = -params->window.padding_top;
        p->image += l->image_bytes;
        p->line += params->output_batch_stride -
                   (params->sizes.output_height - 1) * params->output_row_stride;
    }
    p->output = p->line;
}

/* How many pixels from this one to the end of its row have windows inside the input. */
static int32_t inside(const layout *l, const pixel *p) {
    const nn_sliding_window *const window = &l->params->window;
    const nn_image_sizes *const sizes = &l->params->sizes;
    const int32_t last_top =
        sizes->input_height - 1 - (window->filter_height - 1) * window->dilation_height;
    const int32_t last_left =
        sizes->input_width - 1 - (window->filter_width - 1) * window->dilation_width;
    if (p->top < 0 || p->top > last_top || p->left < 0 || p->left > last_left) {
        return 0;
    }
    const int32_t left = sizes->output_width - p->x;
    if (p->left + (left - 1) * window->stride_width <= last_left) {
        return left;
    }
    return (last_left - p->left) / window->stride_width + 1;
}

/* Copies one row of a window, which may reach beyond the input; what lies outside has the value of
 * the zero point, so that the folded bias holds. */
static void gather_row(const layout *l, const int8_t *row, int32_t left, int8_t *patch) {
    const nn_sliding_window *const window = &l->params->window;
    const int32_t width = l->params->sizes.input_width, taps = window->filter_width;
    const int32_t channels = l->params->sizes.input_channels;
    const int8_t padding = (int8_t)l->params->input_zero_point;
    if (window->dilation_width == 1) {
        const int32_t before = nn_clamp(-left, 0, taps);
        const int32_t after = nn_clamp(left + taps - width, 0, taps - before);
        const int32_t between = (taps - before - after) * channels;
        if (before > 0) {
            nn_fill_run(patch, padding, before * channels);
            patch += before * channels;
        }
        nn_copy_run(patch, row + (left + before) * channels, between);
        if (after > 0) {
            nn_fill_run(patch + between, padding, after * channels);
        }
        return;
    }
    for (int32_t tap = 0; tap < taps; ++tap, patch += channels) {
        const int32_t x = left + tap * window->dilation_width;
        if (x < 0 || x >= width) {
            nn_fill_run(patch, padding, channels);
        } else {
            nn_copy_run(patch, row + x * channels, channels);
        }
    }
}

/* Copies what a pixel's window sees. */
static void gather(const layout *l, const pixel *p, int8_t *patch) {
    const nn_sliding_window *const window = &l->params->window;
    const int32_t height = l->params->sizes.input_height;
    int32_t y = p->top;
    for (int32_t i = 0; i < window->filter_height; ++i, y += window->dilation_height) {
        if (y < 0 || y >= height) {
            nn_fill_run(patch, (int8_t)l->params->input_zero_point, l->span);
        } else {
            gather_row(l, p->image + y * l->row_bytes, p->left, patch);
        }
        patch += l->span;
    }
}

/* Two neighbouring pixels, or one of them twice. */
static void any_pair(const layout *l, const pixel *first, const pixel *second,
                     nn_helium_pairs *run) {
    run->patch0 = l->patch;
    run->patch1 = l->patch + l->patch_bytes;
    run->output0 = first->output;
    run->output1 = second->output;
    run->pairs = 1;
    gather(l, first, l->patch);
    gather(l, second, l->patch + l->patch_bytes);
    nn_helium_run_pairs(run);
}

/* Pairs of neighbours whose windows are inside the input. What is read where it lies may not end
 * beyond the input, in a chunk whose end meets no taps. Returns how many there were. */
static int32_t inner_pairs(const layout *l, const pixel *p, int32_t pairs, nn_helium_pairs *run) {
    const int8_t *source =
        p->image + p->top * l->row_bytes + p->left * l->params->sizes.input_channels;
    const int32_t rows = l->params->window.filter_height;
    run->output0 = p->output;
    run->output1 = p->output + l->params->output_pixel_stride;
    if (l->windows_are_runs) {
        const int32_t room = nn_bytes_up_to(l->input_end, source) - l->patch_bytes - l->pixel_step;
        if (room < (pairs - 1) * run->input_step) {
            pairs = room < 0 ? 0 : room / run->input_step + 1;
        }
        if (pairs > 0) {
            run->patch0 = source;
            run->patch1 = source + l->pixel_step;
            run->pairs = pairs;
            nn_helium_run_pairs(run);
        }
        return pairs;
    }
    run->patch0 = l->patch;
    run->patch1 = l->patch + l->patch_bytes;
    run->pairs = 1;
    for (int32_t pair = 0; pair < pairs; ++pair) {
        nn_copy_runs(l->patch, source, l->span, l->row_step, rows);
        nn_copy_runs(l->patch + l->patch_bytes, source + l->pixel_step, l->span, l->row_step, rows);
        nn_helium_run_pairs(run);
        source += run->input_step;
        run->output0 += run->output_step;
        run->output1 += run->output_step;
    }
    return pairs;
}

#ifdef NN_LAST_PIXEL_ALONE

/* What a window sees: where it lies if that is one run within the input, or copied. */
static const int8_t *seen(const layout *l, const pixel *p) {
    if (l->windows_are_runs && inside(l, p) > 0) {
        const int8_t *const source =
            p->image + p->top * l->row_bytes + p->left * l->params->sizes.input_channels;
        if (nn_bytes_up_to(l->input_end, source) >= l->patch_bytes) {
            return source;
        }
    }
    gather(l, p, l->patch);
    return l->patch;
}

/* One pixel. */
static void one_pixel(const layout *l, const pixel *p) {
    const nn_conv2d_helium_s8_params *const params = l->params;
    const int8_t *const patch = seen(l, p);
    const nn_helium_row row = {
        .row = patch + NN_CHUNK,
        .last = patch,
        .last_taps = NN_CHUNK,
        .more_chunks = params->chunks - 1,
        .weights = params->weights,
        .group_bytes = l->patch_bytes * NN_FILTERS,
        .output = p->output,
        .channels = params->output_channels,
        .stage = params->stage,
    };
    nn_helium_run_row(&row);
}

#endif

static inline void nn_conv2d_helium(const nn_conv2d_helium_s8_params *params, const int8_t *input,
                                    int8_t *output, int8_t *scratch) {
    const layout l = layout_of(params, input, scratch);
    int8_t *const start = output + params->output_start;
    pixel p = {0,     0,    -params->window.padding_top, -params->window.padding_left, input,
               start, start};
    nn_helium_pairs run;
    run.more_chunks = params->chunks - 1;
    run.weights = params->weights;
    run.stage = params->stage;
    run.channels = params->output_channels;
    run.input_step = 2 * l.pixel_step;
    run.output_step = 2 * params->output_pixel_stride;
    nn_fill_run(scratch, 0, 2 * l.patch_bytes); /* also where there are no taps */
    int32_t left = params->sizes.batches * params->sizes.output_height * params->sizes.output_width;
    while (left > 0) {
        const int32_t pairs = l.rows_are_runs ? inside(&l, &p) / 2 : 0;
        const int32_t done = pairs > 0 ? 2 * inner_pairs(&l, &p, pairs, &run) : 0;
        left -= done;
        if (done > 0) {
            advance(&l, done, &p);
            continue;
        }
#ifdef NN_LAST_PIXEL_ALONE
        if (left == 1) {
            one_pixel(&l, &p);
            return;
        }
#endif
        pixel second = p;
        if (left > 1) {
            advance(&l, 1, &second);
        }
        any_pair(&l, &p, &second, &run);
        left -= 2;
        p = second;
        advance(&l, 1, &p);
    }
}

#endif /* NN_CONV2D_HELIUM_H */
