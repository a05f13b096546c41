/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "nn.h"
#include "nn_tile.h"

/* What gathering tells of a patch so far: the tap that comes next, and the sum of all before. */
typedef struct {
    uint8_t *next;
    uint32_t sum;
} patch_end;

enum { MAX_WORDS = 64 }; /* whose bytes sum to 16 bits */

/* Writes 4 * `count` inputs as x + 128, `count` <= MAX_WORDS. Returns their sum. Both ends are
 * aligned, as Armv6-M asks for. */
static inline uint32_t copy_words(uint32_t *target, const int8_t *input, int32_t count) {
    const uint32_t even = 0x00FF00FFu, sign = 0x80808080u;
    uint32_t pairs = 0; /* two sums of 16 bits */
    uint32_t words[2];
    if ((count & 1) != 0) {
        memcpy(words, __builtin_assume_aligned(input, 4), 4);
        *target = words[0] ^ sign;
        pairs = (*target & even) + ((*target >> 8) & even);
        ++target;
        input += 4;
    }
    for (uint32_t *const end = target + (count & ~1); target < end; target += 2, input += 8) {
        memcpy(words, __builtin_assume_aligned(input, 4), 8);
        target[0] = words[0] ^= sign;
        target[1] = words[1] ^= sign;
        pairs += (words[0] & even) + ((words[0] >> 8) & even);
        pairs += (words[1] & even) + ((words[1] >> 8) & even);
    }
    return (pairs & 0xFFFFu) + (pairs >> 16);
}

/* Appends `count` inputs as x + 128. */
static inline patch_end append(patch_end at, const int8_t *input, int32_t count) {
    if ((((uintptr_t)at.next | (uintptr_t)input) & 3u) == 0) {
        while (count >= 4) {
            const int32_t words = count < 4 * MAX_WORDS ? count >> 2 : MAX_WORDS;
            at.sum += copy_words((uint32_t *)(void *)at.next, input, words);
            at.next += 4 * words;
            input += 4 * words;
            count -= 4 * words;
        }
    }
    for (; count > 0; --count) {
        const uint8_t value = (uint8_t)(*input++ ^ INT8_MIN);
        *at.next++ = value;
        at.sum += value;
    }
    return at;
}

static patch_end append_padding(patch_end at, const nn_conv2d_tile_s8_params *params,
                                int32_t count) {
    const uint32_t value = (uint32_t)(params->input_zero_point + 128);
    memset(at.next, (uint8_t)value, (size_t)count);
    at.next += count;
    at.sum += value * (uint32_t)count;
    return at;
}

/* Gathers what the filters see at an output position. Returns 128 * sum (x + 128). */
static uint32_t gather(const nn_conv2d_tile_s8_params *params, const int8_t *image, int32_t top,
                       int32_t left, uint8_t *patch) {
    const nn_sliding_window *const window = &params->window;
    const int32_t channels = params->sizes.input_channels;
    const int32_t span = window->filter_width * channels;
    const int32_t columns_fit = window->dilation_width == 1 && left >= 0 &&
                                left + window->filter_width <= params->sizes.input_width;
    patch_end at = {patch, 0};
    int32_t y = top;
    for (int32_t i = window->filter_height; i > 0; --i, y += window->dilation_height) {
        if (y < 0 || y >= params->sizes.input_height) {
            at = append_padding(at, params, span);
            continue;
        }
        const int8_t *const row = image + y * params->sizes.input_width * channels;
        if (columns_fit) {
            at = append(at, row + left * channels, span);
            continue;
        }
        for (int32_t filter_x = 0; filter_x < window->filter_width; ++filter_x) {
            const int32_t x = left + filter_x * window->dilation_width;
            if (x < 0 || x >= params->sizes.input_width) {
                at = append_padding(at, params, channels);
            } else {
                at = append(at, row + x * channels, channels);
            }
        }
    }
    return 128u * at.sum;
}

/* The output channels after the last whole group, whose filters lie one after the other. */
static void rest(const nn_conv2d_tile_s8_params *params, const nn_tile *tile, int8_t *output) {
    const int32_t count = params->filter_stride;
    const int32_t whole = params->output_channels & -NN_TILE_FILTERS;
    const uint8_t *filter = tile->weights + whole * count;
    for (int32_t channel = whole; channel < params->output_channels; ++channel, filter += count) {
        uint32_t sum = tile->records_end[channel - whole] - tile->start;
        for (int32_t tap = 0; tap < count; ++tap) {
            sum += (uint32_t)tile->patch[tap] * filter[tap];
        }
        output[channel] = nn_tile_output(tile->records_end, params->three, channel - whole, sum);
    }
}

static void pixel(const nn_conv2d_tile_s8_params *params, const nn_tile *tile, int8_t *output) {
    nn_tile_run(tile, params->three, output);
    if ((params->output_channels & (NN_TILE_FILTERS - 1)) != 0) {
        rest(params, tile, output);
    }
    if (params->activation_max - params->activation_min < INT8_MAX - INT8_MIN) {
        for (int32_t c = 0; c < params->output_channels; ++c) {
            output[c] = (int8_t)nn_clamp(output[c], params->activation_min, params->activation_max);
        }
    }
}

void nn_conv2d_tile_s8(const nn_conv2d_tile_s8_params *params, const int8_t *input, int8_t *output,
                       int8_t *scratch) {
    const nn_image_sizes *const sizes = &params->sizes;
    const int32_t image_size = sizes->input_height * sizes->input_width * sizes->input_channels;
    uint8_t *const patch = (uint8_t *)scratch;
    nn_tile tile = {
        .patch = patch,
        .block_end = patch + params->filter_stride / NN_TILE_BLOCK * NN_TILE_BLOCK,
        .end = patch + params->filter_stride,
        .weights = params->weights,
        .records = params->records,
        .records_end =
            params->records + params->output_channels / NN_TILE_FILTERS * NN_TILE_RECORD_WORDS,
    };
    /* The taps that only fill up to a multiple of four. */
    memset(patch, 0, (size_t)params->filter_stride);
    for (int32_t batch = 0; batch < sizes->batches; ++batch) {
        const int8_t *const image = input + batch * image_size;
        int8_t *line = output + batch * params->output_batch_stride + params->output_start;
        for (int32_t y = 0; y < sizes->output_height; ++y) {
            const int32_t top = y * params->window.stride_height - params->window.padding_top;
            int32_t left = -params->window.padding_left;
            int8_t *target = line;
            for (int32_t x = 0; x < sizes->output_width; ++x) {
                tile.start = gather(params, image, top, left, patch);
                pixel(params, &tile, target);
                target += params->output_pixel_stride;
                left += params->window.stride_width;
            }
            line += params->output_row_stride;
        }
    }
}
