/* SPDX-License-Identifier: Apache-2.0
 *
 * Convolutions of any geometry, with any records: both twins compute modulo 2^32.
 */
#include <string.h>

#include "nn.h"
#include "twins_model.h"

void in_assembly(const nn_conv2d_tile_s8_params *params, const int8_t *input, int8_t *output,
                 int8_t *scratch);
void in_c(const nn_conv2d_tile_s8_params *params, const int8_t *input, int8_t *output,
          int8_t *scratch);

enum { MOST_INPUTS = 640, MOST_TAPS = 192, MOST_CHANNELS = 11, MOST_OUTPUTS = 512 };

static int8_t image[MOST_INPUTS];
static uint8_t weights[MOST_TAPS * MOST_CHANNELS];
static uint32_t records[4 * (MOST_CHANNELS + 1)];
static _Alignas(16) int8_t scratch[MOST_TAPS];
static int8_t outputs[2][MOST_OUTPUTS];

static void fill_records(uint32_t *seed, int32_t three) {
    for (int32_t i = 0; i < 4 * (MOST_CHANNELS + 1); i += 16) {
        for (int32_t word = 0; word < 4; ++word) {
            records[i + word] = (uint32_t)twins_between(seed, -60000, 60000);
        }
        for (int32_t word = 4; word < 16; word += 3) {
            const uint32_t n = (uint32_t)twins_between(seed, 8, 31);
            const uint32_t drawn = twins_random(seed);
            records[i + word] = three ? drawn & UINT32_C(0x07FF03FF) : drawn >> 1;
            records[i + word + 1] = three ? (twins_random(seed) & 0x3FFu) | n << 16 : n;
            records[i + word + 2] = twins_random(seed);
        }
    }
}

static nn_conv2d_tile_s8_params draw(uint32_t *seed) {
    nn_conv2d_tile_s8_params p = {.records = records, .weights = weights};
    p.sizes.batches = twins_between(seed, 1, 2);
    p.sizes.input_height = twins_between(seed, 1, 5);
    p.sizes.input_width = twins_between(seed, 1, 5);
    p.window.filter_height = twins_between(seed, 1, 3);
    p.window.filter_width = twins_between(seed, 1, 3);
    const int32_t taps = p.window.filter_height * p.window.filter_width;
    p.sizes.input_channels = twins_between(seed, 1, taps > 3 ? 12 : 12 + 4 * (4 - taps));
    p.sizes.output_height = twins_between(seed, 1, 4);
    p.sizes.output_width = twins_between(seed, 1, 4);
    p.window.stride_height = twins_between(seed, 1, 2);
    p.window.stride_width = twins_between(seed, 1, 2);
    p.window.dilation_height = twins_between(seed, 1, 2);
    p.window.dilation_width = twins_between(seed, 1, 2);
    p.window.padding_top = twins_between(seed, 0, 2);
    p.window.padding_left = twins_between(seed, 0, 2);
    p.output_channels = twins_between(seed, 4, MOST_CHANNELS);
    p.output_pixel_stride = p.output_channels;
    p.output_row_stride = p.sizes.output_width * p.output_channels;
    p.output_batch_stride = p.sizes.output_height * p.output_row_stride;
    p.input_zero_point = twins_between(seed, -128, 127);
    p.filter_stride = (taps * p.sizes.input_channels + 3) / 4 * 4;
    p.activation_min = twins_between(seed, 0, 3) == 0 ? twins_between(seed, -127, 0) : -128;
    p.activation_max = twins_between(seed, 0, 3) == 0 ? twins_between(seed, 1, 126) : 127;
    p.three = twins_between(seed, 0, 1);
    return p;
}

uint32_t twins_case(uint32_t number) {
    uint32_t seed = number * 2654435761u + 1u;
    const nn_conv2d_tile_s8_params p = draw(&seed);
    twins_fill(&seed, image, MOST_INPUTS);
    twins_fill(&seed, (int8_t *)weights, (int32_t)sizeof weights);
    fill_records(&seed, p.three);
    memset(outputs, 0x5A, sizeof outputs);
    in_assembly(&p, image, outputs[0], scratch);
    in_c(&p, image, outputs[1], scratch);
    if (memcmp(outputs[0], outputs[1], sizeof outputs[0]) != 0) {
        return 0;
    }
    return twins_digest(outputs[0], MOST_OUTPUTS);
}
