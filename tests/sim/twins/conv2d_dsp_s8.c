/* SPDX-License-Identifier: Apache-2.0
 *
 * Convolutions of any geometry, with sums and records as far as the planner lets them go; where
 * OF_A_ROW is defined of one row, of an odd number of pixels, with fours of filters.
 */
#include <string.h>

#include "nn.h"
#include "twins_model.h"

void in_assembly(const nn_conv2d_dsp_s8_params *params, const int8_t *input, int8_t *output,
                 int8_t *scratch);
void in_c(const nn_conv2d_dsp_s8_params *params, const int8_t *input, int8_t *output,
          int8_t *scratch);

enum { MOST_INPUTS = 4096, MOST_WORDS = 8192, MOST_CHANNELS = 32, MOST_OUTPUTS = 4096 };

static int8_t image[MOST_INPUTS];
static uint32_t weights[MOST_WORDS];
static int32_t records[4 * MOST_CHANNELS];
static _Alignas(16) int8_t scratch[16384];
static int8_t outputs[2][MOST_OUTPUTS];

static int32_t run_steps(int32_t taps) {
    static const int32_t rest[] = {0, 1, 1, 2};
    return taps / 4 * 2 + rest[taps % 4];
}

static int32_t a_multiplier(uint32_t *seed) {
    return (int32_t)((1u << 30) | (uint32_t)twins_between(seed, 0, (1 << 30) - 1));
}

/* {m, n, k} as the planner makes it; 2m for filters that are not odd. */
static void fill_record(uint32_t *seed, int32_t *record, bool odd) {
    const int32_t n =
        twins_between(seed, 0, 2) == 0 ? twins_between(seed, 1, 22) : twins_between(seed, 5, 12);
    const int32_t m = a_multiplier(seed);
    record[0] = odd ? m : (int32_t)(2u * (uint32_t)m);
    record[1] = n;
    record[2] = (1 << (n - 1)) + twins_between(seed, -128, 127) * (1 << n);
}

/* A bias: small, or so large that the sums of odd filters nearly leave 24 bits, in steps of which
 * other filters go further. */
static int32_t a_bias(uint32_t *seed, int32_t most_of_products, bool odd) {
    const int32_t most = (odd ? (1 << 23) - 1 : 1 << 28) - most_of_products;
    switch (twins_between(seed, 0, 3)) {
    case 0:
        return twins_between(seed, 0, 1) ? most : -most;
    case 1:
        return twins_between(seed, -most, most);
    default:
        return twins_between(seed, -5000, 5000);
    }
}

static void fill_records(uint32_t *seed, int32_t group_outputs, int32_t groups, int32_t steps) {
    int32_t *at = records;
    for (int32_t left = group_outputs * groups; left > 0;) {
        const int32_t of_group = (left - 1) % group_outputs + 1;
        const int32_t tile = of_group >= 4 ? 4 : of_group >= 2 ? 2 : 1;
        for (int32_t i = 0; i < tile; ++i) {
            at[i] = a_bias(seed, steps * 2 * 128 * 128, i % 2 == 1);
            if (i % 2 == 1) {
                at[i] = (int32_t)(256u * (uint32_t)at[i] + (uint32_t)at[i - 1]);
            }
            fill_record(seed, at + tile + 3 * i, i % 2 == 1);
        }
        at += 4 * tile;
        left -= tile;
    }
}

/* int8 values: of one sign and full size, any, or small ones. */
static int8_t a_value(uint32_t *seed, int32_t kind) {
    static const int8_t most[] = {-128, 127, 127, 9};
    return kind < 2 ? most[kind] : (int8_t)twins_between(seed, -most[kind], most[kind]);
}

static uint32_t a_lane(uint32_t *seed, int32_t kind) {
    const int32_t even = a_value(seed, kind);
    return (uint32_t)(256 * (kind == 0 ? -127 : a_value(seed, kind)) + even) & 0xFFFFu;
}

static nn_conv2d_dsp_s8_params draw(uint32_t *seed) {
    nn_conv2d_dsp_s8_params p = {.weights = weights, .records = records};
    const int32_t groups = twins_between(seed, 0, 4) == 0 ? 2 : 1;
    p.group_channels = twins_between(seed, 1, 12);
    p.group_outputs = twins_between(seed, 1, 13);
    p.output_channels = groups * p.group_outputs;
    p.sizes.batches = twins_between(seed, 1, 2);
    p.sizes.input_height = twins_between(seed, 1, 7);
    p.sizes.input_width = twins_between(seed, 1, 7);
    p.sizes.input_channels = groups * p.group_channels;
    p.sizes.output_height = twins_between(seed, 1, 6);
    p.sizes.output_width = twins_between(seed, 1, 6);
    p.window.filter_height = twins_between(seed, 1, 4);
    p.window.filter_width = twins_between(seed, 1, 4);
    p.window.stride_height = twins_between(seed, 1, 2);
    p.window.stride_width = twins_between(seed, 1, 2);
    p.window.dilation_height = twins_between(seed, 1, 2);
    p.window.dilation_width = twins_between(seed, 0, 3) == 0 ? 2 : 1;
    p.window.padding_top = twins_between(seed, 0, 2);
    p.window.padding_left = twins_between(seed, 0, 2);
#ifdef OF_A_ROW
    p.sizes.batches = p.sizes.output_height = 1;
    p.sizes.output_width = 3 + 2 * twins_between(seed, 0, 3);
    p.group_outputs = 4 * twins_between(seed, 1, 3);
    p.output_channels = groups * p.group_outputs;
#endif
    p.output_pixel_stride = p.output_channels;
    p.output_row_stride = p.sizes.output_width * p.output_channels;
    p.output_batch_stride = p.sizes.output_height * p.output_row_stride;
    p.input_zero_point = twins_between(seed, -128, 127);
    p.activation_min = twins_between(seed, 0, 3) == 0 ? twins_between(seed, -127, 0) : -128;
    p.activation_max = twins_between(seed, 0, 3) == 0 ? twins_between(seed, 1, 126) : 127;
    p.ties_away = twins_between(seed, 0, 1);
    p.rows_are_runs = groups == 1 && p.window.dilation_width == 1 && twins_between(seed, 0, 3) != 0;
    const int32_t row = p.window.filter_width * p.group_channels;
    p.steps = p.rows_are_runs ? p.window.filter_height * run_steps(row)
                              : run_steps(p.window.filter_height * row);
    return p;
}

uint32_t twins_case(uint32_t number) {
    uint32_t drawn = number, *const seed = &drawn;
    const nn_conv2d_dsp_s8_params p = draw(seed);
    const int32_t groups = p.sizes.input_channels / p.group_channels;
    const int32_t kind = twins_between(seed, 0, 3), of_weights = twins_between(seed, 0, 3);
    for (int32_t i = 0; i < MOST_INPUTS; ++i) {
        image[i] = a_value(seed, kind);
    }
    for (int32_t i = 0; i < (p.steps + 1) * (p.output_channels + 1); ++i) {
        weights[i] = a_lane(seed, of_weights) | a_lane(seed, of_weights) << 16;
    }
    fill_records(seed, p.group_outputs, groups, p.steps);
    memset(outputs, 0, sizeof outputs);
    memset(scratch, 0, sizeof scratch);
    in_assembly(&p, image, outputs[0], scratch);
    memset(scratch, 0, sizeof scratch);
    in_c(&p, image, outputs[1], scratch);
    if (memcmp(outputs[0], outputs[1], sizeof outputs[0]) != 0) {
        return 0;
    }
    return twins_digest(outputs[0], p.sizes.batches * p.output_batch_stride);
}
