/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "nn.h"
#include "twins_model.h"

enum { CHANNELS = 40, BLOCKS = 6, TAPS = 25, EXTENT = 7, GAP = 5, GUARD = 16, RECORD = 48 };

void in_assembly(const nn_depthwise_conv2d_helium_s8_params *params, const int8_t *input,
                 int8_t *output, int8_t *scratch);
void in_c(const nn_depthwise_conv2d_helium_s8_params *params, const int8_t *input, int8_t *output,
          int8_t *scratch);

static int8_t input[2 * EXTENT * EXTENT * CHANNELS];
static int8_t outputs[2][2 * EXTENT * EXTENT * (CHANNELS + GAP) + GUARD];
static int8_t weights[BLOCKS * TAPS * 16];
static int32_t records[BLOCKS * RECORD];
static _Alignas(16) int8_t scratch[8 * TAPS + 17 * BLOCKS * 16];

static int32_t extent(int32_t size, int32_t filter, int32_t stride, int32_t before) {
    const int32_t room = size + before - filter;
    return room < 0 ? 1 : room / stride + 1;
}

static void draw_records(uint32_t *state, int32_t rounding) {
    for (int32_t i = 0; i < BLOCKS * RECORD; ++i) {
        const int32_t place = i % RECORD;
        if (place < 16) {
            records[i] = twins_between(state, -20000, 20000);
        } else if (place % 8 < 4) {
            records[i] = twins_between(state, 1 << 30, INT32_MAX - 1);
        } else if (twins_between(state, 0, 3) > 0) {
            records[i] = -twins_between(state, 5, 10);
        } else {
            records[i] = twins_between(state, -31, rounding == NN_ROUND_ANY ? 30 : -1);
        }
    }
}

static nn_depthwise_conv2d_helium_s8_params draw(uint32_t *state) {
    const int32_t filter = twins_between(state, 0, 1) == 0 ? 3 : twins_between(state, 1, 5);
    nn_depthwise_conv2d_helium_s8_params p = {
        .stage = {records, -128, -128, 127, twins_between(state, 0, 2)},
        .sizes = {.batches = twins_between(state, 1, 2),
                  .input_height = twins_between(state, 1, EXTENT),
                  .input_width = twins_between(state, 1, EXTENT),
                  .input_channels = twins_between(state, 1, CHANNELS)},
        .window = {.filter_height = filter,
                   .filter_width = twins_between(state, 0, 1) == 0 ? 3 : filter,
                   .stride_height = twins_between(state, 1, 2),
                   .stride_width = twins_between(state, 1, 2),
                   .dilation_height = twins_between(state, 1, 2),
                   .dilation_width = twins_between(state, 1, 2)},
        .input_zero_point = twins_between(state, -128, 127),
        .pixels = 1,
        .weights = weights,
    };
    const nn_sliding_window *const w = &p.window;
    p.window.padding_top = twins_between(state, 0, w->filter_height - 1);
    p.window.padding_left = twins_between(state, 0, w->filter_width - 1);
    p.sizes.output_height =
        extent(p.sizes.input_height, (w->filter_height - 1) * w->dilation_height + 1,
               w->stride_height, w->padding_top);
    p.sizes.output_width =
        extent(p.sizes.input_width, (w->filter_width - 1) * w->dilation_width + 1, w->stride_width,
               w->padding_left);
    if (w->stride_width == 1) {
        const int32_t most = BLOCKS * 16 / p.sizes.input_channels;
        p.pixels =
            twins_between(state, 1, most < p.sizes.output_width ? most : p.sizes.output_width);
    }
    if (p.stage.rounding != NN_ROUND_UP) {
        p.stage.offset = twins_between(state, -128, 127);
    }
    if (p.stage.rounding == NN_ROUND_ANY) {
        p.stage.activation_min = twins_between(state, -128, 0);
        p.stage.activation_max = twins_between(state, 1, 127);
    }
    p.output_pixel_stride = p.sizes.input_channels;
    if (twins_between(state, 0, 2) == 0) {
        p.output_pixel_stride += twins_between(state, 1, GAP);
    }
    draw_records(state, p.stage.rounding);
    return p;
}

uint32_t twins_case(uint32_t seed) {
    uint32_t state = seed * 2654435761u + 1u;
    const nn_depthwise_conv2d_helium_s8_params p = draw(&state);
    twins_fill(&state, weights, (int32_t)sizeof weights);
    twins_fill(&state, input, (int32_t)sizeof input);
    for (int32_t i = 0; i < (int32_t)sizeof weights; ++i) {
        weights[i] = weights[i] == -128 ? (int8_t)-127 : weights[i]; /* pairs fit int16 */
    }
    memset(outputs, 0x5A, sizeof outputs);
    in_assembly(&p, input, outputs[0], scratch);
    in_c(&p, input, outputs[1], scratch);
    const int same = memcmp(outputs[0], outputs[1], sizeof outputs[0]) == 0;
    return same ? twins_digest(outputs[0], (int32_t)sizeof outputs[0]) : 0;
}
