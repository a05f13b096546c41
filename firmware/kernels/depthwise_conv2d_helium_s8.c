/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_depthwise_helium_core.h"
#include "nn_vectors.h"

/* Where a row of the output reads, and what the steps of the row share. */
typedef struct {
    const nn_depthwise_conv2d_helium_s8_params *params;
    const int8_t *image;
    const int8_t *input_end;
    const int8_t *padding; /* a step's blocks of the input's zero point */
    int8_t *copies;
    const int8_t **taps;
    nn_depthwise_loop loop;
    int32_t gap;    /* bytes after a pixel of the output */
    int32_t pixels; /* of a step; 1 where there is a gap */
    int32_t top;
    nn_depthwise_steps steps;
} row;

/* Points every tap of the window from column `left` on into the input, or at the padding. Returns
 * the last one inside, or NULL. */
static const int8_t *point(const row *r, int32_t left) {
    const nn_image_sizes *const sizes = &r->params->sizes;
    const nn_sliding_window *const window = &r->params->window;
    const int32_t step = window->dilation_width * sizes->input_channels;
    const uint32_t height = (uint32_t)sizes->input_height, width = (uint32_t)sizes->input_width;
    const int8_t **tap = r->taps;
    const int8_t *last = NULL;
    int32_t y = r->top;
    for (int32_t i = window->filter_height; i > 0; --i, y += window->dilation_height) {
        const int inside = (uint32_t)y < height;
        int32_t x = left, at = (y * sizes->input_width + left) * sizes->input_channels;
        for (int32_t j = window->filter_width; j > 0; --j) {
            const int8_t *seen = r->padding;
            if (inside && (uint32_t)x < width) {
                last = seen = r->image + at;
            }
            *tap++ = seen;
            x += window->dilation_width;
            at += step;
        }
    }
    return last;
}

/* Points the taps that would be read beyond the input's end at copies, behind the padding. */
static void copy_the_last(const row *r, int32_t blocks) {
    int8_t *copy = r->copies;
    for (int32_t tap = 0; tap < r->steps.tap_count; ++tap) {
        const int8_t *const seen = r->taps[tap];
        if (seen != r->padding && nn_bytes_up_to(r->input_end, seen) < blocks) {
            nn_copy_run(copy, seen, nn_bytes_up_to(r->input_end, seen));
            r->taps[tap] = copy;
            copy += blocks;
        }
    }
}

/* Runs `count` steps of `pixels` pixels each, with one call but for the last steps, where whole
 * blocks may reach beyond the input's end. */
static void run(row *r, int32_t left, int32_t count, int32_t pixels) {
    nn_depthwise_steps *const s = &r->steps;
    const int32_t channels = r->params->sizes.input_channels;
    const int32_t stride = pixels * r->params->window.stride_width;
    const int32_t bytes = pixels * channels, blocks = nn_whole_vectors(bytes);
    const int32_t read = stride * channels, written = bytes + r->gap; /* from step to step */
    const int8_t *const last = point(r, left);
    int32_t done = count;
    if (last != NULL) {
        const int32_t room = nn_bytes_up_to(r->input_end, last);
        while (done > 0 && (done - 1) * read + blocks > room) {
            --done;
        }
    }
    s->steps = done;
    s->input_advance = read - blocks;
    s->output_advance = written - blocks;
    s->bytes = bytes;
    if (done > 0) {
        r->loop(s);
    }
    s->output += done * written;
    for (s->steps = 1; done < count; ++done, s->output += written) {
        point(r, left + done * stride);
        copy_the_last(r, blocks);
        r->loop(s);
    }
}

/* How many pixels from column `left` on have all columns of their windows inside the input. */
static int32_t columns_inside(const nn_depthwise_conv2d_helium_s8_params *params, int32_t left) {
    const nn_sliding_window *const window = &params->window;
    const int32_t last = params->sizes.input_width - 1 -
                         (window->filter_width - 1) * window->dilation_width; /* may begin there */
    return left < 0 || left > last ? 0 : (last - left) / window->stride_width + 1;
}

/* A row: single pixels where columns are missing; else as many steps as possible, with one call
 * unless rows are missing, whose padding does not go on with the input. */
static void pixels(row *r) {
    const nn_depthwise_conv2d_helium_s8_params *const params = r->params;
    const nn_sliding_window *const window = &params->window;
    const int32_t bottom = r->top + (window->filter_height - 1) * window->dilation_height;
    const int rows_inside = r->top >= 0 && bottom < params->sizes.input_height;
    int32_t left = -window->padding_left;
    for (int32_t x = 0, done; x < params->sizes.output_width; x += done) {
        const int32_t inside = nn_min(columns_inside(params, left), params->sizes.output_width - x);
        if (inside >= r->pixels) {
            const int32_t steps = rows_inside ? inside / r->pixels : 1;
            run(r, left, steps, r->pixels);
            done = steps * r->pixels;
        } else {
            done = nn_max(inside, 1);
            run(r, left, 1, done);
        }
        left += done * window->stride_width;
    }
}

void nn_depthwise_conv2d_helium_s8(const nn_depthwise_conv2d_helium_s8_params *params,
                                   const int8_t *input, int8_t *output, int8_t *scratch) {
    const nn_image_sizes *const sizes = &params->sizes;
    const int32_t image = sizes->input_height * sizes->input_width * sizes->input_channels;
    const int32_t taps = params->window.filter_height * params->window.filter_width;
    int8_t *const padding = scratch + taps * (int32_t)sizeof(uint64_t);
    const int32_t blocks = nn_whole_vectors(params->pixels * sizes->input_channels);
    nn_fill_run(padding, (int8_t)params->input_zero_point, blocks);
    row r;
    r.params = params;
    r.image = input;
    r.input_end = input + sizes->batches * image;
    r.padding = padding;
    r.copies = padding + blocks;
    r.taps = (const int8_t **)(void *)scratch;
    r.gap = params->output_pixel_stride - sizes->input_channels;
    r.pixels = r.gap == 0 ? params->pixels : 1;
    r.steps.taps = r.taps;
    r.steps.weights = params->weights;
    r.steps.stage = params->stage;
    r.steps.output = output;
    r.steps.tap_count = taps;
    r.loop = nn_depthwise_loop_of(&r.steps);
    for (int32_t batch = 0; batch < sizes->batches; ++batch, r.image += image) {
        r.top = -params->window.padding_top;
        for (int32_t y = 0; y < sizes->output_height; ++y) {
            pixels(&r);
            r.top += params->window.stride_height;
        }
    }
}
