/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_fixed_point.h"
#include "nn_mve.h"
#include "nn_window.h"

#if NN_MVE

/* Up to sixteen channels. */
static void max_of_vector(nn_window w, int32_t low, int32_t high, int32_t channels,
                          int8_t *output) {
    const mve_pred16_t lanes = vctp8q((uint32_t)channels);
    int8x16_t best = vdupq_n_s8((int8_t)low);
    for (int32_t y = 0; y < w.rows; ++y) {
        for (int32_t x = 0; x < w.columns; ++x) {
            best = vmaxq_s8(best, vldrbq_z_s8(w.start, lanes));
            w.start += w.column_step;
        }
        w.start += w.row_step;
    }
    vstrbq_p_s8(output, vminq_s8(best, vdupq_n_s8((int8_t)high)), lanes);
}

static void max_of_pixel(const nn_pool2d_s8_params *p, nn_window w, int8_t *output) {
    for (int32_t channel = 0; channel < p->sizes.input_channels; channel += NN_MVE_BYTES) {
        max_of_vector(w, p->activation_min, p->activation_max, p->sizes.input_channels - channel,
                      output + channel);
        w.start += NN_MVE_BYTES;
    }
}

#else

static int32_t max_of_one(nn_window w, int32_t low) {
    int32_t best = low;
    for (int32_t y = 0; y < w.rows; ++y) {
        for (int32_t x = 0; x < w.columns; ++x) {
            best = nn_max(best, *w.start);
            w.start += w.column_step;
        }
        w.start += w.row_step;
    }
    return best;
}

static void max_of_four(nn_window w, int32_t low, int32_t high, int8_t *output) {
    int32_t best0 = low;
    int32_t best1 = low;
    int32_t best2 = low;
    int32_t best3 = low;
    for (int32_t y = 0; y < w.rows; ++y) {
        for (int32_t x = 0; x < w.columns; ++x) {
            best0 = nn_max(best0, w.start[0]);
            best1 = nn_max(best1, w.start[1]);
            best2 = nn_max(best2, w.start[2]);
            best3 = nn_max(best3, w.start[3]);
            w.start += w.column_step;
        }
        w.start += w.row_step;
    }
    output[0] = (int8_t)nn_min(best0, high);
    output[1] = (int8_t)nn_min(best1, high);
    output[2] = (int8_t)nn_min(best2, high);
    output[3] = (int8_t)nn_min(best3, high);
}

static void max_of_pixel(const nn_pool2d_s8_params *p, nn_window w, int8_t *output) {
    int32_t channel = 0;
    for (; channel + 4 <= p->sizes.input_channels; channel += 4) {
        max_of_four(w, p->activation_min, p->activation_max, output + channel);
        w.start += 4;
    }
    for (; channel < p->sizes.input_channels; ++channel) {
        output[channel] = (int8_t)nn_min(max_of_one(w, p->activation_min), p->activation_max);
        w.start += 1;
    }
}

#endif

void nn_max_pool2d_s8(const nn_pool2d_s8_params *params, const int8_t *input, int8_t *output) {
    const int32_t row = params->sizes.input_width * params->sizes.input_channels;
    for (int32_t batch = 0; batch < params->sizes.batches; ++batch) {
        for (int32_t y = 0; y < params->sizes.output_height; ++y) {
            const nn_span rows = nn_pool_rows(params, y);
            const int8_t *const line = input + rows.first * row;
            for (int32_t x = 0; x < params->sizes.output_width; ++x) {
                max_of_pixel(params, nn_pool_window(params, line, rows.count, x), output);
                output += params->output_pixel_stride;
            }
        }
        input += params->sizes.input_height * row;
    }
}
