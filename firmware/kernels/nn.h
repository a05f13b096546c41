/* SPDX-License-Identifier: Apache-2.0
 *
 * int8 neural-network kernels, bit-exact with TensorFlow Lite Micro's reference kernels.
 *
 * Conventions
 *   Layout      NHWC, dense. Convolution weights are prepared by the planner (see each kernel).
 *   Quantised   real = scale * (q - zero_point). An *offset* is what a kernel adds: the input
 *               offset is -zero_point, the output offset is +zero_point.
 *   Multiplier  a Q0.31 value in [2^30, 2^31), or 0, with a shift: positive shifts left. The
 *               rounding is TFLM's double rounding; see nn_fixed_point.h.
 *   Clamp       [activation_min, activation_max] on the quantised output, both in [-128, 127].
 *   Signature   void nn_<kernel>(const nn_<kernel>_params *params, inputs..., output[, scratch]);
 *               a kernel cannot fail: the planner has refused what it cannot compute.
 *   Overlap     input and output must not overlap unless the kernel says "in place".
 *   Alignment   no pointer needs more than its element's alignment; scratch is 16-byte aligned.
 *
 * A parameter struct is mirrored by a KernelParams dataclass in the planner, member for member.
 */
#ifndef NN_H
#define NN_H

#include <stdint.h>

/* Raised whenever a signature, a struct or the meaning of a member changes. Generated code refuses
 * kernels of another version. */
#define NN_ABI_VERSION 1

/* Element-wise kernels -------------------------------------------------------------------------*/

/* output[i] = table[input[i] + 128]: every unary int8 op (RELU, LOGISTIC, TANH, ...), whose 256
 * results the planner computed. In place. */
typedef struct {
    int32_t elements;
    const int8_t *table; /* 256 values, for q = -128 ... 127 */
} nn_lookup_s8_params;

void nn_lookup_s8(const nn_lookup_s8_params *params, const int8_t *input, int8_t *output);

/* Convolutions -------------------------------------------------------------------------------*/

/* Convolution: CONV_2D, FULLY_CONNECTED (as a 1x1 convolution over rows), and one phase of
 * TRANSPOSE_CONV (whose outputs lie `stride` pixels apart).
 *
 *   output[b, y, x, c] = clamp(requantize(bias[c] + sum of taps) + output_offset)
 *
 * Output pixel (b, y, x) begins at byte output_start + b * output_batch_stride +
 * y * output_row_stride + x * output_pixel_stride. Taps outside the input count as its zero point.
 * Grouped convolution: group_channels divides input_channels; group g sees its own slice.
 *
 *   weights  [output_channels][filter_stride], each filter in the order y, x, channel and padded
 *            with zeros to filter_stride, a multiple of 4 (0 where the filter has no taps)
 *   bias     [output_channels], with input offset * sum of the filter added, modulo 2^32
 *   scratch  4 * filter_stride bytes
 *
 * Not in place. Sums must fit int32 for every input; filter_stride <= 131072. */
typedef struct {
    int32_t batches;
    int32_t input_height;
    int32_t input_width;
    int32_t input_channels;
    int32_t group_channels;
    int32_t output_height;
    int32_t output_width;
    int32_t output_channels;
    int32_t filter_height;
    int32_t filter_width;
    int32_t filter_stride;
    int32_t stride_height;
    int32_t stride_width;
    int32_t dilation_height;
    int32_t dilation_width;
    int32_t padding_top;
    int32_t padding_left;
    int32_t output_start;
    int32_t output_batch_stride;
    int32_t output_row_stride;
    int32_t output_pixel_stride;
    int32_t input_zero_point;
    int32_t output_offset;
    int32_t activation_min;
    int32_t activation_max;
    const int8_t *weights;
    const int32_t *bias;
    const int32_t *multiplier; /* [output_channels] */
    const int32_t *shift;      /* [output_channels] */
} nn_conv2d_s8_params;

void nn_conv2d_s8(const nn_conv2d_s8_params *params, const int8_t *input, int8_t *output,
                  int8_t *scratch);

/* DEPTHWISE_CONV_2D: output channel c = i * depth_multiplier + m sees input channel i.
 *
 *   weights        [taps][output_channels], taps in the order y, x
 *   bias           [output_channels], with input offset * sum of the filter added, modulo 2^32
 *   input_taps     [taps] bytes from the first tap of a position to each, inside the input
 *   gathered_taps  [taps] the same for a gathered patch: tap * input_channels
 *   scratch        taps * input_channels bytes
 *
 * Not in place. Sums must fit int32 for every input; taps <= 131072. */
typedef struct {
    int32_t batches;
    int32_t input_height;
    int32_t input_width;
    int32_t input_channels;
    int32_t depth_multiplier;
    int32_t output_height;
    int32_t output_width;
    int32_t filter_height;
    int32_t filter_width;
    int32_t stride_height;
    int32_t stride_width;
    int32_t dilation_height;
    int32_t dilation_width;
    int32_t padding_top;
    int32_t padding_left;
    int32_t input_zero_point;
    int32_t output_offset;
    int32_t activation_min;
    int32_t activation_max;
    const int8_t *weights;
    const int32_t *bias;
    const int32_t *multiplier; /* [output_channels] */
    const int32_t *shift;      /* [output_channels] */
    const int32_t *input_taps;
    const int32_t *gathered_taps;
} nn_depthwise_conv2d_s8_params;

void nn_depthwise_conv2d_s8(const nn_depthwise_conv2d_s8_params *params, const int8_t *input,
                            int8_t *output, int8_t *scratch);

#endif /* NN_H */
