/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "nn.h"
#include "twins_model.h"

enum { CHANNELS = 40, OUTPUTS = 9, CHUNKS = 24, EXTENT = 6, GUARD = 16, FOURS = 3 };

void in_assembly(const nn_conv2d_helium_s8_params *params, const int8_t *input, int8_t *output,
                 int8_t *scratch);
void in_c(const nn_conv2d_helium_s8_params *params, const int8_t *input, int8_t *output,
          int8_t *scratch);

static int8_t input[2 * EXTENT * EXTENT * CHANNELS];
static int8_t outputs[2][2 * EXTENT * EXTENT * OUTPUTS + GUARD];
static int8_t weights[FOURS * CHUNKS * 4 * 16];
static int32_t records[FOURS][3][4];
static _Alignas(16) int8_t scratch[2 * CHUNKS * 16 + GUARD];

/* As large as the output of a window without padding after the input. */
static int32_t extent(int32_t size, int32_t filter, int32_t stride, int32_t before) {
    const int32_t room = size + before - filter;
    return room < 0 ? 1 : room / stride + 1;
}

static void draw_records(uint32_t *state, int32_t rounding) {
    for (int32_t four = 0; four < FOURS; ++four) {
        for (int32_t i = 0; i < 4; ++i) {
            const int32_t bias = twins_between(state, -20000, 20000);
            records[four][0][i] = twins_between(state, 0, 7) == 0 ? bias * 50000 : bias;
            records[four][1][i] = twins_between(state, 1 << 30, INT32_MAX - 1);
            records[four][2][i] = -twins_between(state, rounding == NN_ROUND_UP ? 0 : 1, 31);
            if (twins_between(state, 0, 3) > 0) {
                records[four][2][i] = -twins_between(state, 5, 10);
            } else if (rounding == NN_ROUND_ANY) {
                records[four][2][i] = twins_between(state, -31, 30);
            }
        }
    }
}

static nn_helium_stage draw_stage(uint32_t *state) {
    nn_helium_stage stage = {&records[0][0][0], -128, -128, 127, twins_between(state, 0, 2)};
    if (stage.rounding != NN_ROUND_UP) {
        stage.offset = twins_between(state, -128, 127);
    }
    if (stage.rounding == NN_ROUND_ANY && twins_between(state, 0, 1) == 0) {
        stage.activation_min = twins_between(state, -128, 0);
        stage.activation_max = twins_between(state, 1, 127);
    }
    draw_records(state, stage.rounding);
    return stage;
}

static nn_conv2d_helium_s8_params draw(uint32_t *state) {
    static const int32_t extents[] = {1, 1, 3, 3, 2, 5};
    nn_conv2d_helium_s8_params p = {
        .sizes = {.batches = twins_between(state, 1, 2),
                  .input_height = twins_between(state, 1, EXTENT),
                  .input_width = twins_between(state, 1, EXTENT),
                  .input_channels = twins_between(state, 1, CHANNELS)},
        .window = {.filter_height = extents[twins_between(state, 0, 4)],
                   .filter_width = extents[twins_between(state, 0, 4)],
                   .stride_height = twins_between(state, 1, 2),
                   .stride_width = twins_between(state, 1, 2),
                   .dilation_height = 1,
                   .dilation_width = twins_between(state, 0, 3) == 0 ? 2 : 1},
        .output_channels = twins_between(state, 1, OUTPUTS),
        .input_zero_point = twins_between(state, -128, 127),
        .weights = weights,
        .stage = draw_stage(state),
    };
    const nn_sliding_window *const w = &p.window;
    p.window.padding_top = twins_between(state, 0, w->filter_height - 1);
    p.window.padding_left = twins_between(state, 0, w->filter_width - 1);
    p.sizes.output_height =
        extent(p.sizes.input_height, w->filter_height, w->stride_height, w->padding_top);
    p.sizes.output_width =
        extent(p.sizes.input_width, (w->filter_width - 1) * w->dilation_width + 1, w->stride_width,
               w->padding_left);
    p.output_pixel_stride = p.output_channels;
    p.output_row_stride = p.sizes.output_width * p.output_channels;
    p.output_batch_stride = p.sizes.output_height * p.output_row_stride;
    p.chunks = (w->filter_height * w->filter_width * p.sizes.input_channels + 15) / 16;
    return p;
}

uint32_t twins_case(uint32_t seed) {
    uint32_t state = seed * 2654435761u + 1u;
    const nn_conv2d_helium_s8_params p = draw(&state);
    if (p.chunks > CHUNKS) {
        return 1;
    }
    twins_fill(&state, weights, (int32_t)sizeof weights);
    twins_fill(&state, input, (int32_t)sizeof input);
    const int32_t taps = p.window.filter_height * p.window.filter_width * p.sizes.input_channels;
    for (int32_t i = 0; i < FOURS * p.chunks * 4 * 16; ++i) {
        const int32_t chunk = i / (4 * 16) % p.chunks;
        weights[i] = chunk * 16 + i % 16 < taps ? weights[i] : (int8_t)0;
    }
    memset(outputs, 0x5A, sizeof outputs);
    in_assembly(&p, input, outputs[0], scratch);
    in_c(&p, input, outputs[1], scratch);
    const int same = memcmp(outputs[0], outputs[1], sizeof outputs[0]) == 0;
    return same ? twins_digest(outputs[0], (int32_t)sizeof outputs[0]) : 0;
}
