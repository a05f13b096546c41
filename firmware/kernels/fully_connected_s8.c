/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_output_stage.h"
#include "nn_row_dot.h"

/* The products of one row with `FILTERS` neighbouring filters. The row is read as it is, four taps
 * at a time: there is no patch to gather, and so no scratch. */
enum { FILTERS = 4 };

#if NN_DSP

static inline void dots(const int8_t *row, const int8_t *filter, int32_t count, int32_t stride,
                        int32_t sums[FILTERS]) {
    int32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    const int8_t *second = filter + 2 * stride; /* of the second pair of filters */
    for (const int8_t *const end = row + (count & ~3); row < end; row += 4) {
        const uint32_t word = nn_load_word(row);
        const uint32_t low = nn_sxtb16(word), high = nn_sxtb16_ror8(word);
        s0 = nn_add_taps(low, high, filter, s0);
        s1 = nn_add_taps(low, high, filter + stride, s1);
        s2 = nn_add_taps(low, high, second, s2);
        s3 = nn_add_taps(low, high, second + stride, s3);
        filter += 4;
        second += 4;
    }
    for (int32_t i = 0; i < (count & 3); ++i) { /* the row, unlike the filters, is not padded */
        s0 += row[i] * filter[i];
        s1 += row[i] * filter[stride + i];
        s2 += row[i] * second[i];
        s3 += row[i] * second[stride + i];
    }
    sums[0] = s0;
    sums[1] = s1;
    sums[2] = s2;
    sums[3] = s3;
}

#elif !NN_MVE

static inline void dots(const int8_t *row, const int8_t *filter, int32_t count, int32_t stride,
                        int32_t sums[FILTERS]) {
    int32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    const int8_t *second = filter + 2 * stride;
    for (const int8_t *const end = row + count; row < end; ++row, ++filter, ++second) {
        const int32_t x = *row;
        s0 += x * filter[0];
        s1 += x * filter[stride];
        s2 += x * second[0];
        s3 += x * second[stride];
    }
    sums[0] = s0;
    sums[1] = s1;
    sums[2] = s2;
    sums[3] = s3;
}

#endif

/* `FILTERS` neighbouring outputs of a row from `channel` on, whose filters start at `filter`. */
static inline void outputs(const nn_fully_connected_s8_params *params, const int8_t *row,
                           const int8_t *filter, int32_t channel, int8_t *output) {
#if NN_MVE
    const nn_output_stage stage = params->output_stage;
    const int32x4_t sums = nn_mve_dot_4(row, filter, params->filter_stride, params->inputs);
    nn_mve_finish(&stage, sums, channel, output);
#else
    int32_t sums[FILTERS];
    dots(row, filter, params->inputs, params->filter_stride, sums);
    for (int32_t i = 0; i < FILTERS; ++i) {
        output[channel + i] = nn_finish(&params->output_stage, sums[i], channel + i);
    }
#endif
}

void nn_fully_connected_s8(const nn_fully_connected_s8_params *params, const int8_t *input,
                           int8_t *output) {
    const int32_t stride = params->filter_stride;
    for (int32_t row = 0; row < params->rows; ++row) {
        const int8_t *filter = params->weights;
        int32_t channel = 0;
        for (; channel + FILTERS <= params->outputs; channel += FILTERS) {
            outputs(params, input, filter, channel, output);
            filter += FILTERS * stride;
        }
        for (; channel < params->outputs; ++channel) {
            output[channel] = nn_finish(&params->output_stage,
                                        nn_row_dot(input, filter, params->inputs), channel);
            filter += stride;
        }
        input += params->inputs;
        output += params->outputs;
    }
}
