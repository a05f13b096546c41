/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_fixed_point.h"
#include "nn_mve.h"
#include "nn_window.h"

/* sum / count rounded to nearest, ties away from zero, then clamped. */
static int8_t average(const nn_pool2d_s8_params *p, int32_t sum, int32_t count) {
    const int32_t half = count / 2;
    const int32_t mean = (sum > 0 ? sum + half : sum - half) / count;
    return (int8_t)nn_clamp(mean, p->activation_min, p->activation_max);
}

static int32_t sum_of_one(nn_window w) {
    int32_t sum = 0;
    for (int32_t y = 0; y < w.rows; ++y) {
        for (int32_t x = 0; x < w.columns; ++x) {
            sum += *w.start;
            w.start += w.column_step;
        }
        w.start += w.row_step;
    }
    return sum;
}

static void sums_of_four(nn_window w, int32_t sums[4]) {
    int32_t sum0 = 0;
    int32_t sum1 = 0;
    int32_t sum2 = 0;
    int32_t sum3 = 0;
    for (int32_t y = 0; y < w.rows; ++y) {
        for (int32_t x = 0; x < w.columns; ++x) {
            sum0 += w.start[0];
            sum1 += w.start[1];
            sum2 += w.start[2];
            sum3 += w.start[3];
            w.start += w.column_step;
        }
        w.start += w.row_step;
    }
    sums[0] = sum0;
    sums[1] = sum1;
    sums[2] = sum2;
    sums[3] = sum3;
}

#if NN_MVE

enum { MOST_IN_16_BITS = 256 };

/* Sums of sixteen channels: the even ones, then the odd ones. They fit as long as the window has no
 * more than 256 pixels. */
static void sums_of_sixteen(nn_window w, int16_t sums[16]) {
    int16x8_t even = vdupq_n_s16(0), odd = vdupq_n_s16(0);
    for (int32_t y = 0; y < w.rows; ++y) {
        for (int32_t x = 0; x < w.columns; ++x) {
            const int8x16_t bytes = vldrbq_s8(w.start);
            even = vaddq_s16(even, vmovlbq_s8(bytes));
            odd = vaddq_s16(odd, vmovltq_s8(bytes));
            w.start += w.column_step;
        }
        w.start += w.row_step;
    }
    vstrhq_s16(sums, even);
    vstrhq_s16(sums + 8, odd);
}

/* The channels in sixteens; returns how many. */
static int32_t average_of_vectors(const nn_pool2d_s8_params *p, nn_window w, int8_t *output) {
    const int32_t count = w.rows * w.columns;
    int32_t channel = 0;
    if (count > MOST_IN_16_BITS) {
        return 0;
    }
    for (; channel + NN_MVE_BYTES <= p->sizes.input_channels; channel += NN_MVE_BYTES) {
        int16_t sums[16];
        sums_of_sixteen(w, sums);
        for (int32_t i = 0; i < 8; ++i) {
            output[channel + 2 * i] = average(p, sums[i], count);
            output[channel + 2 * i + 1] = average(p, sums[8 + i], count);
        }
        w.start += NN_MVE_BYTES;
    }
    return channel;
}

#else

static int32_t average_of_vectors(const nn_pool2d_s8_params *p, nn_window w, int8_t *output) {
    (void)p, (void)w, (void)output;
    return 0;
}

#endif

static void average_of_pixel(const nn_pool2d_s8_params *p, nn_window w, int8_t *output) {
    const int32_t count = w.rows * w.columns;
    int32_t channel = average_of_vectors(p, w, output);
    w.start += channel;
    for (; channel + 4 <= p->sizes.input_channels; channel += 4) {
        int32_t sums[4];
        sums_of_four(w, sums);
        for (int32_t i = 0; i < 4; ++i) {
            output[channel + i] = average(p, sums[i], count);
        }
        w.start += 4;
    }
    for (; channel < p->sizes.input_channels; ++channel) {
        output[channel] = average(p, sum_of_one(w), count);
        w.start += 1;
    }
}

void nn_average_pool2d_s8(const nn_pool2d_s8_params *params, const int8_t *input, int8_t *output) {
    const int32_t row = params->sizes.input_width * params->sizes.input_channels;
    for (int32_t batch = 0; batch < params->sizes.batches; ++batch) {
        for (int32_t y = 0; y < params->sizes.output_height; ++y) {
            const nn_span rows = nn_pool_rows(params, y);
            const int8_t *const line = input + rows.first * row;
            for (int32_t x = 0; x < params->sizes.output_width; ++x) {
                average_of_pixel(params, nn_pool_window(params, line, rows.count, x), output);
                output += params->output_pixel_stride;
            }
        }
        input += params->sizes.input_height * row;
    }
}
