/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "nn.h"
#include "twins_model.h"

#ifdef WITH_GAPS
enum { GAP = 5 };
#else
enum { GAP = 0 };
#endif

enum { CHANNELS = 9, ROWS = 6, COLUMNS = 14, GUARD = 16, RECORD = 8 };

void in_assembly(const nn_depthwise_conv2d_dsp_s8_params *params, const int8_t *input,
                 int8_t *output);
void in_c(const nn_depthwise_conv2d_dsp_s8_params *params, const int8_t *input, int8_t *output);

static int8_t input[2 * ROWS * COLUMNS * CHANNELS];
static int8_t outputs[2][2 * ROWS * COLUMNS * (CHANNELS + GAP) + GUARD];
static int32_t records[CHANNELS * RECORD];

/* An extent of the output, whose first tap lies `before` beyond the input, and the last `after`. */
static int32_t extent(int32_t size, int32_t stride, int32_t before, int32_t *after) {
    int32_t count = 1 + (size + before - 2) / stride;
    if (stride * (count - 1) - before + 2 > size) {
        --count;
    }
    *after = stride * (count - 1) - before + 2 - (size - 1);
    *after = *after > 0 ? *after : 0;
    return count;
}

static void draw_record(uint32_t *state, int32_t channels, int32_t away, int32_t *record) {
    for (int32_t word = 0; word < 5; ++word) {
        const uint32_t drawn = twins_random(state);
        record[word] = (drawn & 3u) == 0 ? (int32_t)UINT32_C(0x7FFF8000) : (int32_t)drawn;
    }
    const uint32_t w22 = (uint32_t)record[4] & UINT32_C(0xFFFF0000);
    record[4] = (int32_t)(w22 | (uint32_t)channels);
    record[5] = twins_between(state, -(1 << 24), 1 << 24);
    record[6] = twins_between(state, 0, INT32_MAX - 1);
    if (away != 0) {
        record[7] = twins_between(state, 1, 31) + 256 * twins_between(state, -128, 127);
    } else {
        record[7] = twins_between(state, -(1 << 20), 1 << 20);
    }
}

static nn_depthwise_conv2d_dsp_s8_params draw(uint32_t *state) {
    nn_depthwise_conv2d_dsp_s8_params p = {
        .sizes = {.batches = twins_between(state, 1, 2),
                  .input_height = twins_between(state, 1, ROWS),
                  .input_width = twins_between(state, 1, COLUMNS),
                  .input_channels = twins_between(state, 1, CHANNELS)},
        .stride_height = twins_between(state, 1, 3),
        .stride_width = twins_between(state, 1, 2),
        .dilation_height = 1,
        .padding_top = 1,
        .padding_left = twins_between(state, 0, 1),
        .first_row = twins_between(state, 0, 1),
        .last_row = twins_between(state, 1, 2),
        .input_zero_point = twins_between(state, -128, 127),
        .ties_away = twins_between(state, 0, 1),
        .activation_min = twins_between(state, 0, 3) == 0 ? -100 : -128,
        .activation_max = 127,
        .channels = records,
    };
    if (p.sizes.input_height >= 3) {
        p.padding_top = twins_between(state, 0, 1);
    }
    if (p.sizes.input_width < 3) {
        p.padding_left = 1;
    }
    p.output_pixel_stride = p.sizes.input_channels + twins_between(state, 0, GAP);
    int32_t below;
    p.sizes.output_height = extent(p.sizes.input_height, p.stride_height, p.padding_top, &below);
    p.sizes.output_width =
        extent(p.sizes.input_width, p.stride_width, p.padding_left, &p.padding_right);
    return p;
}

uint32_t twins_case(uint32_t seed) {
    uint32_t state = seed * 2654435761u + 1u;
    const nn_depthwise_conv2d_dsp_s8_params p = draw(&state);
    for (int32_t channel = 0; channel < p.sizes.input_channels; ++channel) {
        draw_record(&state, p.sizes.input_channels, p.ties_away, records + channel * RECORD);
    }
    twins_fill(&state, input, (int32_t)sizeof input);
    memset(outputs, 0x5A, sizeof outputs);
    in_assembly(&p, input, outputs[0]);
    in_c(&p, input, outputs[1]);
    const int same = memcmp(outputs[0], outputs[1], sizeof outputs[0]) == 0;
    return same ? twins_digest(outputs[0], (int32_t)sizeof outputs[0]) : 0;
}
