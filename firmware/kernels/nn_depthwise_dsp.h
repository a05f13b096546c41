/* SPDX-License-Identifier: Apache-2.0
 *
 * nn_depthwise_conv2d_dsp_s8, and the same where outputs have gaps: NN_GAPS is defined then.
 */
#ifndef NN_DEPTHWISE_DSP_H
#define NN_DEPTHWISE_DSP_H

#include "nn.h"
#include "nn_clamp_bytes.h"
#include "nn_depthwise_dsp_core.h"

typedef void (*row_function)(const nn_depthwise_row *row);

/* By how ties are rounded, stride, and whether all rows of the filter lie within the input. */
static const row_function ROWS[2][2][2] = {
    {{nn_depthwise_1x2_up, nn_depthwise_1x3_up}, {nn_depthwise_2x2_up, nn_depthwise_2x3_up}},
    {{nn_depthwise_1x2_away, nn_depthwise_1x3_away},
     {nn_depthwise_2x2_away, nn_depthwise_2x3_away}},
};

/* Whether row `i` of the filter is one, and lies within the input. */
static int is_read(const nn_depthwise_conv2d_dsp_s8_params *p, int32_t top, int32_t i) {
    const int32_t y = top + i * p->dilation_height;
    return i >= p->first_row && i <= p->last_row && y >= 0 && y < p->sizes.input_height;
}

/* Row 1 of the filter is always read. */
static int32_t rows_read(const nn_depthwise_conv2d_dsp_s8_params *p, int32_t top) {
    if (is_read(p, top, 0)) {
        return is_read(p, top, 2) ? NN_ROWS_0_1_2 : NN_ROWS_0_1;
    }
    return is_read(p, top, 2) ? NN_ROWS_1_2 : NN_ROW_1;
}

/* What all rows have in common. One by one: an initialiser would clear the others first. */
static inline void begin(const nn_depthwise_conv2d_dsp_s8_params *p, nn_depthwise_row *row) {
    const uint32_t zero_point = (uint32_t)p->input_zero_point & 0xFFFFu;
    row->records = p->channels;
    row->records_end = p->channels + p->sizes.input_channels * NN_DEPTHWISE_WORDS;
    row->zero_points = zero_point | zero_point << 16;
    row->bias = 0;
    row->gap = p->output_pixel_stride - p->sizes.input_channels;
    row->count = p->sizes.output_width - (p->padding_right != 0 ? 1 : 0);
    row->padded =
        (p->padding_left != 0 ? NN_PADDED_LEFT : 0) | (p->padding_right != 0 ? NN_PADDED_RIGHT : 0);
}

#ifdef NN_GAPS

static inline void clamp(const nn_depthwise_conv2d_dsp_s8_params *p, int8_t *output) {
    for (int32_t x = 0; x < p->sizes.output_width; ++x, output += p->output_pixel_stride) {
        nn_clamp_bytes(output, p->sizes.input_channels, p->activation_min, p->activation_max);
    }
}

#else

static inline void clamp(const nn_depthwise_conv2d_dsp_s8_params *p, int8_t *output) {
    nn_clamp_bytes(output, p->sizes.output_width * p->sizes.input_channels, p->activation_min,
                   p->activation_max);
}

#endif

static inline void nn_depthwise_dsp(const nn_depthwise_conv2d_dsp_s8_params *params,
                                    const int8_t *input, int8_t *output) {
    const nn_depthwise_conv2d_dsp_s8_params p = *params;
    const int32_t channels = p.sizes.input_channels;
    const int32_t pitch = p.sizes.input_width * channels;
    const row_function *const functions = ROWS[p.ties_away][p.stride_width - 1];
    nn_depthwise_row row;
    begin(params, &row);
    /* Columns that are read before the loop, and in it. */
    const int32_t before = (p.stride_width == 1 ? 2 : 1) - p.padding_left;
    const int32_t columns = before + p.stride_width * row.count;
    for (int32_t batch = 0; batch < p.sizes.batches; ++batch) {
        for (int32_t y = 0; y < p.sizes.output_height; ++y) {
            const int32_t top = y * p.stride_height - p.padding_top;
            row.rows = rows_read(params, top);
            const int from_0 = row.rows == NN_ROWS_0_1 || row.rows == NN_ROWS_0_1_2;
            row.input = input + (from_0 ? top : top + p.dilation_height) * pitch;
            row.end = row.input + columns * channels - 1;
            row.pitch = row.rows == NN_ROW_1 ? 0 : p.dilation_height * pitch;
            row.output = output;
            row.distance = (int32_t)((uint32_t)(uintptr_t)output - (uint32_t)(uintptr_t)row.input) -
                           (before + 1) * channels;
            functions[row.rows == NN_ROWS_0_1_2](&row);
            clamp(&p, output);
            output += p.sizes.output_width * p.output_pixel_stride;
        }
        input += p.sizes.input_height * pitch;
    }
}

#endif /* NN_DEPTHWISE_DSP_H */
