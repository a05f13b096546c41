/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "nn.h"
#include "twins_model.h"

enum { CHANNELS = 12, SIZE = 4, TAPS = 9, PAIRS = (TAPS + 1) / 2, MULTIPLIER = 3 };
enum { GAP = 5, GUARD = 16 };

void in_assembly(const nn_depthwise_conv2d_pairs_dsp_s8_params *params, const int8_t *input,
                 int8_t *output, int8_t *scratch);
void in_c(const nn_depthwise_conv2d_pairs_dsp_s8_params *params, const int8_t *input,
          int8_t *output, int8_t *scratch);

static int8_t input[SIZE * SIZE * CHANNELS];
static int8_t outputs[2][SIZE * SIZE * (CHANNELS * MULTIPLIER + GAP) + GUARD];
static int8_t scratch[2 * PAIRS * CHANNELS];
static int32_t input_taps[2 * PAIRS], gathered_taps[2 * PAIRS];
static uint32_t weights[CHANNELS * MULTIPLIER * PAIRS];
static int32_t records[CHANNELS * MULTIPLIER * 4];

/* Words of records are {bias, 2m, n, k} in other orders: n must be 1 ... 22 wherever it is read. */
static void draw_records(uint32_t *state, const nn_depthwise_conv2d_pairs_dsp_s8_params *p) {
    int32_t *word = records;
    for (int32_t channel = 0; channel < p->output_channels;) {
        const int32_t left = p->output_channels - channel;
        const int32_t of_one = p->depth_multiplier - channel % p->depth_multiplier;
        int32_t tile = of_one >= 2 ? 2 : 1;
        if (p->depth_multiplier == 1) {
            tile = left >= 4 ? 4 : 1;
        }
        for (int32_t i = 0; i < tile; ++i) {
            *word++ = twins_between(state, -(1 << 24), 1 << 24);
        }
        for (int32_t i = 0; i < tile; ++i) {
            *word++ = (int32_t)((twins_random(state) | 0x80000000u) & ~1u); /* 2m, from 2^31 on */
            *word++ = twins_between(state, 1, 22);
            *word++ = twins_between(state, -(1 << 29), 1 << 29);
        }
        channel += tile;
    }
}

static nn_depthwise_conv2d_pairs_dsp_s8_params draw(uint32_t *state) {
    nn_depthwise_conv2d_pairs_dsp_s8_params p = {
        .sizes = {.batches = 1,
                  .input_height = twins_between(state, 1, SIZE),
                  .input_width = twins_between(state, 1, SIZE),
                  .input_channels = twins_between(state, 1, CHANNELS)},
        .window = {.filter_height = twins_between(state, 1, 3),
                   .filter_width = twins_between(state, 1, 3),
                   .stride_height = 1,
                   .stride_width = 1,
                   .dilation_height = 1,
                   .dilation_width = 1},
        .depth_multiplier = twins_between(state, 0, 1) == 0 ? 1 : twins_between(state, 2, 3),
        .input_zero_point = twins_between(state, -128, 127),
        .ties_away = twins_between(state, 0, 1),
        .activation_min = -128,
        .activation_max = twins_between(state, 0, 3) == 0 ? 50 : 127,
        .input_taps = input_taps,
        .gathered_taps = gathered_taps,
        .weights = weights,
        .records = records,
    };
    p.window.padding_top = p.window.filter_height / 2;
    p.window.padding_left = p.window.filter_width / 2;
    p.sizes.output_height = p.sizes.input_height;
    p.sizes.output_width = p.sizes.input_width;
    p.output_channels = p.sizes.input_channels * p.depth_multiplier;
    p.output_pixel_stride = p.output_channels + twins_between(state, 0, GAP);
    const int32_t taps = p.window.filter_height * p.window.filter_width;
    p.pairs = (taps + 1) / 2;
    for (int32_t i = 0; i < 2 * p.pairs; ++i) {
        const int32_t tap = i < taps ? i : taps - 1;
        const int32_t y = tap / p.window.filter_width, x = tap % p.window.filter_width;
        input_taps[i] = (y * p.sizes.input_width + x) * p.sizes.input_channels;
        gathered_taps[i] = tap * p.sizes.input_channels;
    }
    return p;
}

uint32_t twins_case(uint32_t seed) {
    uint32_t state = seed * 2654435761u + 1u;
    const nn_depthwise_conv2d_pairs_dsp_s8_params p = draw(&state);
    draw_records(&state, &p);
    for (int32_t i = 0; i < CHANNELS * MULTIPLIER * PAIRS; ++i) {
        weights[i] = twins_random(&state);
    }
    twins_fill(&state, input, (int32_t)sizeof input);
    memset(outputs, 0x5A, sizeof outputs);
    in_assembly(&p, input, outputs[0], scratch);
    in_c(&p, input, outputs[1], scratch);
    const int same = memcmp(outputs[0], outputs[1], sizeof outputs[0]) == 0;
    return same ? twins_digest(outputs[0], (int32_t)sizeof outputs[0]) : 0;
}
