/* SPDX-License-Identifier: Apache-2.0
 *
 * int8 and 16x8 neural-network kernels, bit-exact with TensorFlow Lite Micro's reference kernels.
 *
 * Conventions
 *   Layout      NHWC, dense. Convolution weights are prepared by the planner (see each kernel).
 *   Strides     where an output_pixel_stride, in elements, is larger than the output's channels,
 *               the gap after every pixel is not written, and the output shares no byte with an
 *               input. A row takes width times as much and a picture height times that, unless
 *               they have strides of their own.
 *   Quantised   real = scale * (q - zero_point). An *offset* is what a kernel adds: the input
 *               offset is -zero_point, the output offset is +zero_point.
 *   Multiplier  a Q0.31 value in [2^30, 2^31), or 0, with a shift: positive shifts left. The
 *               rounding is TFLM's double rounding; see nn_fixed_point.h.
 *   Clamp       [activation_min, activation_max] on the quantised output, both of its type.
 *   Signature   void nn_<kernel>(const nn_<kernel>_params *params, inputs..., output[, scratch]);
 *               a kernel cannot fail: the planner has refused what it cannot compute. One that
 * reads indices returns false where there is no such element. Overlap     a kernel that says "in
 * place" may write over its input, byte for byte. One that says "ascending" reads and writes in
 * ascending order; its output may run into the input from below, as far as the planner works out.
 * Others need separate buffers. Alignment   no pointer needs more than its element's alignment;
 * scratch is 16-byte aligned.
 *
 * A parameter struct, and a struct that is part of several, is mirrored by a dataclass in the
 * planner, member for member.
 */
#ifndef NN_H
#define NN_H

#include <stdbool.h>
#include <stdint.h>

#include "nn_names.h"

/* Raised whenever a signature, a struct or the meaning of a member changes. Generated code refuses
 * kernels of another version. */
#define NN_ABI_VERSION 7

/* Parts of parameter structs -------------------------------------------------------------------*/

/* What makes an int8 of a sum of input * weight, in output channel c:
 *
 *   output = clamp(requantize(bias[c] + sum) + offset)
 *
 * Weighted sums are computed without the input offset: the bias holds input offset * sum of the
 * filter as well, modulo 2^32. See nn_output_stage.h. Structs begin with their stage, whose address
 * then costs no instruction. */
typedef struct {
    const int32_t *bias;       /* [output channels] */
    const int32_t *multiplier; /* [output channels] */
    const int32_t *shift;      /* [output channels] */
    int32_t offset;
    int32_t activation_min;
    int32_t activation_max;
} nn_output_stage;

/* The same for int16 outputs of int16 inputs and int8 weights, whose sums are of 64 bits.
 *
 * Where `wide`, as TFLM has it with an int64 bias or none, the multiplier has 15 bits and the
 * shift, 8 ... 46, goes right: (bias[c] + sum) * multiplier / 2^shift rounded to nearest, ties up,
 * modulo 2^32. Else the sum with its bias fits int32, and is rescaled as above. */
typedef struct {
    const int64_t *bias;       /* [output channels] */
    const int32_t *multiplier; /* [output channels] */
    const int32_t *shift;      /* [output channels] */
    int32_t offset;
    int32_t activation_min;
    int32_t activation_max;
    int32_t wide;
} nn_output_stage_s16;

/* The images that an operator reads and writes. Pooling and resizing keep the channels. */
typedef struct {
    int32_t batches;
    int32_t input_height;
    int32_t input_width;
    int32_t input_channels;
    int32_t output_height;
    int32_t output_width;
} nn_image_sizes;

/* A window that slides over an image. Tap (i, j) of output pixel (y, x) is the input pixel
 *
 *   (y * stride_height - padding_top + i * dilation_height,
 *    x * stride_width - padding_left + j * dilation_width)
 *
 * or lies in the padding. The dilations of pooling are 1. */
typedef struct {
    int32_t filter_height;
    int32_t filter_width;
    int32_t stride_height;
    int32_t stride_width;
    int32_t dilation_height;
    int32_t dilation_width;
    int32_t padding_top;
    int32_t padding_left;
} nn_sliding_window;

/* Two inputs that broadcast to the output. A row is `inner` outputs; the inputs move by their
 * stride, 0 or 1, within it. Around it go `rank` <= 7 loops, extents[0] the innermost (see
 * nn_loops.h); the steps, in elements, move the inputs from row to row. */
typedef struct {
    int32_t inner;
    int32_t stride1;
    int32_t stride2;
    int32_t rank;
    const int32_t *extents; /* [rank], NULL for rank 0; so are the steps */
    const int32_t *steps1;  /* [rank] */
    const int32_t *steps2;  /* [rank] */
} nn_broadcast;

/* A reduction over any axes. A row is `inner` outputs, inner_stride input elements apart; kept_rank
 * loops go around it. Each output reduces runs of `reduced` elements, reduced_stride apart;
 * reduced_rank loops go around them. Loops are as in nn_loops.h, steps in elements. */
typedef struct {
    int32_t inner;
    int32_t inner_stride;
    int32_t kept_rank;
    const int32_t *kept_extents; /* [kept_rank], NULL for 0 */
    const int32_t *kept_steps;   /* [kept_rank], NULL for 0 */
    int32_t reduced;
    int32_t reduced_stride;
    int32_t reduced_rank;
    const int32_t *reduced_extents; /* [reduced_rank], NULL for 0 */
    const int32_t *reduced_steps;   /* [reduced_rank], NULL for 0 */
} nn_reduction;

/* Element-wise kernels -------------------------------------------------------------------------*/

/* output[i] = table[input[i] + 128]: every unary int8 op (RELU, LOGISTIC, TANH, ...), whose 256
 * results the planner computed. In place. */
typedef struct {
    int32_t elements;
    const int8_t *table; /* 256 values, for q = -128 ... 127 */
} nn_lookup_s8_params;

void nn_lookup_s8(const nn_lookup_s8_params *params, const int8_t *input, int8_t *output);

/* The same table look-up from and to uint8: QUANTIZE at the borders of a model. The table's bytes
 * are indexed by q - 128 for uint8 inputs, and taken as unsigned for uint8 outputs. In place. */
void nn_lookup_u8_s8(const nn_lookup_s8_params *params, const uint8_t *input, int8_t *output);
void nn_lookup_s8_u8(const nn_lookup_s8_params *params, const int8_t *input, uint8_t *output);

/* QUANTIZE: round(input / scale) + zero_point clamped to int8, the division in float32, ties
 * rounded away from zero. Infinities saturate, and so does a quotient of 2^31 and more, which TFLM
 * leaves undefined; NaN becomes the zero point. Not in place. */
typedef struct {
    int32_t elements;
    float scale;
    int32_t zero_point;
} nn_quantize_f32_s8_params;

void nn_quantize_f32_s8(const nn_quantize_f32_s8_params *params, const float *input,
                        int8_t *output);

/* DEQUANTIZE: scale * (input - zero_point) in float32. Not in place. */
typedef struct {
    int32_t elements;
    float scale;
    int32_t zero_point;
} nn_dequantize_s8_f32_params;

void nn_dequantize_s8_f32(const nn_dequantize_s8_f32_params *params, const int8_t *input,
                          float *output);

/* The same to and from int16; QUANTIZE saturates at its limits. */
void nn_quantize_f32_s16(const nn_quantize_f32_s8_params *params, const float *input,
                         int16_t *output);
void nn_dequantize_s16_f32(const nn_dequantize_s8_f32_params *params, const int16_t *input,
                           float *output);

/* What rescales an int16, or makes one of an int8, an int32 of either, and the other way round:
 * QUANTIZE, RELU, RELU6 and LEAKY_RELU.
 *
 *   x      = input + input_offset
 *   output = clamp(requantize(x) + output_offset)
 *
 * with a multiplier and a shift of their own where x is negative. |x| * 2^shift fits int32. In
 * place where both types are int16. */
typedef struct {
    int32_t elements;
    int32_t input_offset;
    int32_t multiplier;
    int32_t shift;
    int32_t negative_multiplier;
    int32_t negative_shift;
    int32_t output_offset;
    int32_t activation_min;
    int32_t activation_max;
} nn_rescale_params;

void nn_rescale_s16(const nn_rescale_params *params, const int16_t *input, int16_t *output);
void nn_rescale_s16_s8(const nn_rescale_params *params, const int16_t *input, int8_t *output);
void nn_rescale_s8_s16(const nn_rescale_params *params, const int8_t *input, int16_t *output);
void nn_rescale_s8_s32(const nn_rescale_params *params, const int8_t *input, int32_t *output);
void nn_rescale_s16_s32(const nn_rescale_params *params, const int16_t *input, int32_t *output);
void nn_rescale_s32_s8(const nn_rescale_params *params, const int32_t *input, int8_t *output);
void nn_rescale_s32_s16(const nn_rescale_params *params, const int32_t *input, int16_t *output);

/* ADD and SUB with broadcasting. `wide` is the input with the larger scale: rescaled to half of
 * itself times 2^20, as TFLM does, it is only multiplied by 2^19.
 *
 *   sum    = wide * wide_factor + wide_bias
 *          + narrow_sign * rescale((narrow + narrow_offset) * 2^20)
 *   output = clamp(requantize(sum) + output_offset)
 *
 * A row is `inner` outputs; the inputs move by their stride, 0 or 1, within it. Around it go `rank`
 * <= 7 loops, extents[0] the innermost (see nn_loops.h); the steps, in elements, move the inputs
 * from row to row. Both shifts are <= 0. In place over an input that is not broadcast. */
typedef struct {
    int32_t inner;
    int32_t wide_stride;
    int32_t narrow_stride;
    int32_t rank;
    const int32_t *extents;      /* [rank], NULL for rank 0; so are the steps */
    const int32_t *wide_steps;   /* [rank] */
    const int32_t *narrow_steps; /* [rank] */
    int32_t wide_factor;         /* 2^19, or -2^19 where `wide` is subtracted */
    int32_t wide_bias;           /* wide_factor * -zero_point */
    int32_t narrow_offset;
    int32_t narrow_multiplier;
    int32_t narrow_shift;
    int32_t narrow_sign; /* 1, or -1 where `narrow` is subtracted */
    int32_t output_multiplier;
    int32_t output_shift;
    int32_t output_offset;
    int32_t activation_min;
    int32_t activation_max;
} nn_add_s8_params;

void nn_add_s8(const nn_add_s8_params *params, const int8_t *wide, const int8_t *narrow,
               int8_t *output);

/* ADD and SUB where one rounding does for all of them, which the planner has proved for all pairs
 * of bytes:
 *
 *   output = clamp((constant + floor(factor1 * input1 / 2^8) + floor(factor2 * input2 / 2^8))
 *                  / 2^22, rounded down)
 *
 * No sum leaves int32. In place over an input that is not broadcast. */
typedef struct {
    nn_broadcast loops;
    int32_t factor1;
    int32_t factor2;
    int32_t constant;
    int32_t activation_min;
    int32_t activation_max;
} nn_add_linear_s8_params;

void nn_add_linear_s8(const nn_add_linear_s8_params *params, const int8_t *input1,
                      const int8_t *input2, int8_t *output);

/* The same for int16, with 2^15 and 2^14 in place of 2^20 and 2^19. */
void nn_add_s16(const nn_add_s8_params *params, const int16_t *wide, const int16_t *narrow,
                int16_t *output);

/* MUL with broadcasting: clamp(requantize((input1 + offset1) * (input2 + offset2)) +
 * output_offset). Loops as in nn_add_s8; shift <= 15. In place over an input that is not
 * broadcast. */
typedef struct {
    int32_t inner;
    int32_t stride1;
    int32_t stride2;
    int32_t rank;
    const int32_t *extents; /* [rank], NULL for rank 0; so are the steps */
    const int32_t *steps1;  /* [rank] */
    const int32_t *steps2;  /* [rank] */
    int32_t offset1;
    int32_t offset2;
    int32_t multiplier;
    int32_t shift;
    int32_t output_offset;
    int32_t activation_min;
    int32_t activation_max;
} nn_mul_s8_params;

void nn_mul_s8(const nn_mul_s8_params *params, const int8_t *input1, const int8_t *input2,
               int8_t *output);

/* The same for cores with DSP instructions, with factor = 2 * multiplier modulo 2^32, a shift to
 * the right of 1 to 22, and addend = half of 2^shift + output_offset * 2^shift. */
typedef struct {
    nn_broadcast loops;
    int32_t offset1;
    int32_t offset2;
    int32_t factor;
    int32_t shift;
    int32_t addend;
    int32_t activation_min;
    int32_t activation_max;
} nn_mul_dsp_s8_params;

void nn_mul_dsp_s8(const nn_mul_dsp_s8_params *params, const int8_t *input1, const int8_t *input2,
                   int8_t *output);

/* nn_mul_s8 for int16: the offsets are 0, and shift is <= 30. */
void nn_mul_s16(const nn_mul_s8_params *params, const int16_t *input1, const int16_t *input2,
                int16_t *output);

/* What ADD_N and CUMSUM do to a sum of elements: start + sum(q + input_offset), which lies within
 * -4096 ... 4095, times 2^19, is rescaled; output_offset is added and the result clamped to int8.
 * TFLM begins a sum with what the byte 0 stands for, which is input_offset. shift <= 0. */
typedef struct {
    int32_t start;
    int32_t input_offset;
    int32_t multiplier;
    int32_t shift;
    int32_t output_offset;
} nn_sum_stage;

/* CUMSUM. In each of `blocks`, `lines` lines begin side by side, `first` elements after its start;
 * the `extent` elements of a line are `step` apart, which is negative for a sum from the end. An
 * exclusive sum leaves its own element out. In place where a line's elements lie side by side, in
 * ascending order. */
typedef struct {
    nn_sum_stage stage;
    int32_t blocks;
    int32_t lines;
    int32_t extent;
    int32_t first;
    int32_t step;
    int32_t exclusive;
} nn_cumsum_s8_params;

void nn_cumsum_s8(const nn_cumsum_s8_params *params, const int8_t *input, int8_t *output);

/* One term of ADD_N: the calls of all terms, one after the other, share their scratch. The first
 * begins the sums, the last writes the output.
 *
 *   scratch  2 * elements bytes */
typedef struct {
    nn_sum_stage stage;
    int32_t elements;
    int32_t is_first;
    int32_t is_last;
} nn_add_n_s8_params;

void nn_add_n_s8(const nn_add_n_s8_params *params, const int8_t *input, int8_t *output,
                 int8_t *scratch);

/* PRELU with broadcasting: requantize(input + input_offset), where that is negative times
 * (alpha + alpha_offset) and with the other multiplier; output_offset is added and the result
 * clamped to int8. Loops as in nn_add_s8; shift <= 23, alpha_shift <= 15. In place over an input
 * that is not broadcast. */
typedef struct {
    int32_t inner;
    int32_t input_stride;
    int32_t alpha_stride;
    int32_t rank;
    const int32_t *extents;     /* [rank], NULL for rank 0; so are the steps */
    const int32_t *input_steps; /* [rank] */
    const int32_t *alpha_steps; /* [rank] */
    int32_t input_offset;
    int32_t alpha_offset;
    int32_t multiplier;
    int32_t shift;
    int32_t alpha_multiplier;
    int32_t alpha_shift;
    int32_t output_offset;
} nn_prelu_s8_params;

void nn_prelu_s8(const nn_prelu_s8_params *params, const int8_t *input, const int8_t *alpha,
                 int8_t *output);
/* MAXIMUM and MINIMUM with broadcasting, of bytes that are quantised alike. In place over an input
 * that is not broadcast. */
typedef struct {
    nn_broadcast loops;
} nn_binary_s8_params;

void nn_maximum_s8(const nn_binary_s8_params *params, const int8_t *input1, const int8_t *input2,
                   int8_t *output);
void nn_minimum_s8(const nn_binary_s8_params *params, const int8_t *input1, const int8_t *input2,
                   int8_t *output);

/* The same for int16. */
void nn_maximum_s16(const nn_binary_s8_params *params, const int16_t *input1, const int16_t *input2,
                    int16_t *output);
void nn_minimum_s16(const nn_binary_s8_params *params, const int16_t *input1, const int16_t *input2,
                    int16_t *output);

/* The same for indices and counters, which nothing quantises. */
void nn_maximum_s32(const nn_binary_s8_params *params, const int32_t *input1, const int32_t *input2,
                    int32_t *output);
void nn_minimum_s32(const nn_binary_s8_params *params, const int32_t *input1, const int32_t *input2,
                    int32_t *output);
void nn_maximum_s64(const nn_binary_s8_params *params, const int64_t *input1, const int64_t *input2,
                    int64_t *output);
void nn_minimum_s64(const nn_binary_s8_params *params, const int64_t *input1, const int64_t *input2,
                    int64_t *output);

/* ADD, SUB and MUL of int32 with broadcasting, modulo 2^32 and then clamped. In place over an input
 * that is not broadcast. */
typedef struct {
    nn_broadcast loops;
    int32_t activation_min;
    int32_t activation_max;
} nn_arithmetic_s32_params;

void nn_add_s32(const nn_arithmetic_s32_params *params, const int32_t *input1,
                const int32_t *input2, int32_t *output);
void nn_sub_s32(const nn_arithmetic_s32_params *params, const int32_t *input1,
                const int32_t *input2, int32_t *output);
void nn_mul_s32(const nn_arithmetic_s32_params *params, const int32_t *input1,
                const int32_t *input2, int32_t *output);

/* SQUARED_DIFFERENCE with broadcasting:
 *
 *   difference = rescale1((input1 + offset1) * 2^7) - rescale2((input2 + offset2) * 2^7)
 *   output     = clamp(requantize(difference^2) + output_offset)
 *
 * shift1 and shift2 are <= 0, output_shift <= 1. In place over an input that is not broadcast. */
typedef struct {
    nn_broadcast loops;
    int32_t offset1;
    int32_t multiplier1;
    int32_t shift1;
    int32_t offset2;
    int32_t multiplier2;
    int32_t shift2;
    int32_t output_multiplier;
    int32_t output_shift;
    int32_t output_offset;
} nn_squared_difference_s8_params;

void nn_squared_difference_s8(const nn_squared_difference_s8_params *params, const int8_t *input1,
                              const int8_t *input2, int8_t *output);

/* The same for int16, whose inputs are not multiplied by 2^7: the offsets are 0, and output_shift
 * is
 * <= 0. */
void nn_squared_difference_s16(const nn_squared_difference_s8_params *params, const int16_t *input1,
                               const int16_t *input2, int16_t *output);

/* DIV with broadcasting: clamp((input1 + offset1) / (input2 + offset2) * multiplier +
 * output_offset).
 *
 * A divisor d looks its reciprocal up, which TFLM computes for every element: reciprocals[|d|] /
 * 2^31 is in [0.5, 1], and shifts[|d|] + the sign bits of the dividend is what the product is
 * shifted right by at last. For d = 0 the planner lets TFLM's steps run into what they make of it.
 * In place over an input that is not broadcast. */
typedef struct {
    nn_broadcast loops;
    int32_t offset1;
    int32_t offset2;
    const int32_t *reciprocals; /* [256] */
    const int8_t *shifts;       /* [256] */
    int32_t multiplier;
    int32_t output_offset;
    int32_t activation_min;
    int32_t activation_max;
} nn_div_s8_params;

void nn_div_s8(const nn_div_s8_params *params, const int8_t *input1, const int8_t *input2,
               int8_t *output);

/* EQUAL, NOT_EQUAL, GREATER, GREATER_EQUAL, LESS and LESS_EQUAL with broadcasting; the output is 0
 * or 1. Bit 0 of `relation` is the result where input1 is less, bit 1 where both are equal, bit 2
 * where it is greater, bit 3 where one is NaN. Of int8 the ranks are compared: the order, 0 ...
 * 511, of what TFLM rescales every q to. nn_compare_s8 works in place over an input that is not
 * broadcast, the other ascending. */
typedef struct {
    nn_broadcast loops;
    int32_t relation;
    const int16_t *ranks1; /* 256 values, for q = -128 ... 127 */
    const int16_t *ranks2; /* likewise */
} nn_compare_s8_params;

void nn_compare_s8(const nn_compare_s8_params *params, const int8_t *input1, const int8_t *input2,
                   uint8_t *output);

typedef struct {
    nn_broadcast loops;
    int32_t relation;
} nn_compare_params;

void nn_compare_s32(const nn_compare_params *params, const int32_t *input1, const int32_t *input2,
                    uint8_t *output);
void nn_compare_s64(const nn_compare_params *params, const int64_t *input1, const int64_t *input2,
                    uint8_t *output);
void nn_compare_f32(const nn_compare_params *params, const float *input1, const float *input2,
                    uint8_t *output);

/* Operators of bool with broadcasting: bit 2 * input1 + input2 of `truth`. LOGICAL_NOT has the same
 * input twice. In place over an input that is not broadcast. */
typedef struct {
    nn_broadcast loops;
    int32_t truth; /* LOGICAL_AND 8, LOGICAL_OR 14, EQUAL 9, NOT_EQUAL 6, LOGICAL_NOT 1 */
} nn_logical_params;

void nn_logical(const nn_logical_params *params, const uint8_t *input1, const uint8_t *input2,
                uint8_t *output);

/* SELECT_V2 with broadcasting: input1 where the condition holds, else input2. Loops as in
 * nn_broadcast; strides and steps are in bytes. In place over an input that is not broadcast. */
typedef struct {
    int32_t inner;
    int32_t condition_stride;
    int32_t stride1;
    int32_t stride2;
    int32_t rank;
    const int32_t *extents;         /* [rank], NULL for rank 0; so are the steps */
    const int32_t *condition_steps; /* [rank] */
    const int32_t *steps1;          /* [rank] */
    const int32_t *steps2;          /* [rank] */
    int32_t element_bytes;
} nn_select_params;

void nn_select(const nn_select_params *params, const uint8_t *condition, const void *input1,
               const void *input2, void *output);

/* CAST of stored values, whatever their quantisation. What does not fit an integer keeps its lowest
 * bits, as in C; a float beyond int32, which C and TFLM leave undefined, saturates there first and
 * NaN is 0. Ascending. */
enum { NN_CAST_S8, NN_CAST_S16, NN_CAST_S32, NN_CAST_F32, NN_CAST_BOOL };

typedef struct {
    int32_t elements;
    int32_t source;
    int32_t target;
} nn_cast_params;

void nn_cast(const nn_cast_params *params, const void *input, void *output);

/* SOFTMAX of `rows` rows of `depth` <= 4095 values; the output is in 1/256 with zero point -128.
 *
 * exponentials[d] is exp of the rescaled difference -d from the row's maximum, as Q0.31; from
 * d = entries on it counts as 0. Where the sum of a row reaches 512 times its largest exponential,
 * TFLM stops with an assertion; here every output is then -128, probability 0. In place. */
typedef struct {
    int32_t rows;
    int32_t depth;
    int32_t entries; /* 1 ... 256 */
    const int32_t *exponentials;
} nn_softmax_s8_params;

void nn_softmax_s8(const nn_softmax_s8_params *params, const int8_t *input, int8_t *output);

/* The same for rows of two values: table[255 + x - y] is the output of x beside y. In place. */
typedef struct {
    int32_t rows;
    const int8_t *table; /* 511 values */
} nn_softmax_pair_s8_params;

void nn_softmax_pair_s8(const nn_softmax_pair_s8_params *params, const int8_t *input,
                        int8_t *output);

/* nn_softmax_s8, but the output is int16 in 1/65536 with zero point -32768. */
void nn_softmax_s8_s16(const nn_softmax_s8_params *params, const int8_t *input, int16_t *output);

/* LOGISTIC and TANH of int16, with an output in 1/32768: x = (input * multiplier + rounding) >>
 * shift, in 1/12288, is looked up in a table of the sigmoid function and interpolated; tanh(x) is
 * 2 * sigmoid(2 * x) - 1. Beyond the table the results are saturated. |input * multiplier| plus the
 * rounding, half of 2^shift, fits int32. In place. */
typedef struct {
    int32_t elements;
    int32_t multiplier;
    int32_t shift;
    const uint16_t *table; /* 256 values: 2^16 * sigmoid(i / 24) */
} nn_sigmoid_s16_params;

void nn_logistic_s16(const nn_sigmoid_s16_params *params, const int16_t *input, int16_t *output);
void nn_tanh_s16(const nn_sigmoid_s16_params *params, const int16_t *input, int16_t *output);

/* SOFTMAX of int16 in `rows` rows of `depth` <= 65535 values; the output is in 1/32768.
 *
 * Differences from a row's maximum, requantised to steps of 10/65535, are looked up in a table of
 * exp over -10 ... 0, and the sum of what comes out, brought between 1 and 2, in one of 1 / x. Both
 * tables have 513 values and are interpolated. shift <= 14. In place. */
typedef struct {
    int32_t rows;
    int32_t depth;
    int32_t multiplier;
    int32_t shift;
    const int16_t *exponentials; /* 513 values in 1/32768 */
    const int16_t *reciprocals;  /* 513 values in 1/32768, of 1 / (1 + x) for x in 0 ... 1 */
} nn_softmax_s16_params;

void nn_softmax_s16(const nn_softmax_s16_params *params, const int16_t *input, int16_t *output);

/* LOG_SOFTMAX of `rows` rows of `depth` <= 4095 values; the output is in 1/16 with zero point 127.
 *
 * exponentials as in nn_softmax_s8; differences[d] is the rescaled difference -d itself, as Q5.26.
 * reverse_multiplier and reverse_shift take Q5.26 back to differences. In place. */
typedef struct {
    int32_t rows;
    int32_t depth;
    int32_t entries; /* 1 ... 256 */
    const int32_t *exponentials;
    const int32_t *differences;
    int32_t reverse_multiplier;
    int32_t reverse_shift;
} nn_log_softmax_s8_params;

void nn_log_softmax_s8(const nn_log_softmax_s8_params *params, const int8_t *input, int8_t *output);

/* L2_NORMALIZATION of `rows` rows of `depth` <= 33025 values: each divided by the root of the sum
 * of the row's squares; the output is in 1/128 with zero point 0. A row of zeros stays. In place.
 */
typedef struct {
    int32_t rows;
    int32_t depth;
    int32_t input_offset;
} nn_l2_normalization_s8_params;

void nn_l2_normalization_s8(const nn_l2_normalization_s8_params *params, const int8_t *input,
                            int8_t *output);

/* Pooling and reductions -----------------------------------------------------------------------*/

/* MAX_POOL_2D and AVERAGE_POOL_2D. Padding counts for neither: a window is clipped to the input
 * first, and at least one element is left. Averages round ties away from zero; a clipped window
 * has at most 2^23 elements a channel. Not in place. */
typedef struct {
    nn_image_sizes sizes;
    nn_sliding_window window;
    int32_t output_pixel_stride;
    int32_t activation_min;
    int32_t activation_max;
} nn_pool2d_s8_params;

void nn_max_pool2d_s8(const nn_pool2d_s8_params *params, const int8_t *input, int8_t *output);
void nn_average_pool2d_s8(const nn_pool2d_s8_params *params, const int8_t *input, int8_t *output);

/* The same for cores with DSP instructions and from four channels on. A window of the average
 * covers at most 256 elements of a channel. */
void nn_max_pool2d_dsp_s8(const nn_pool2d_s8_params *params, const int8_t *input, int8_t *output);
void nn_average_pool2d_dsp_s8(const nn_pool2d_s8_params *params, const int8_t *input,
                              int8_t *output);

/* The same for int16; a clipped window has at most 2^15 elements a channel. */
void nn_max_pool2d_s16(const nn_pool2d_s8_params *params, const int16_t *input, int16_t *output);
void nn_average_pool2d_s16(const nn_pool2d_s8_params *params, const int16_t *input,
                           int16_t *output);

/* MEAN and SUM: requantize(bias + sum) + output_offset clamped to int8. The multiplier of MEAN
 * holds the division by the number of elements, so that it may be below 2^30. Sums must fit int32.
 * Not in place. */
typedef struct {
    nn_reduction reduction;
    int32_t bias; /* -zero_point * number of elements */
    int32_t multiplier;
    int32_t shift;
    int32_t output_offset;
} nn_sum_s8_params;

void nn_sum_s8(const nn_sum_s8_params *params, const int8_t *input, int8_t *output);

/* The same for cores with DSP instructions, of at least four outputs a row that lie side by side in
 * the input, each of one run. */
void nn_sum_dsp_s8(const nn_sum_s8_params *params, const int8_t *input, int8_t *output);

/* nn_sum_s8 for int16, whose limits it saturates at. */
void nn_sum_s16(const nn_sum_s8_params *params, const int16_t *input, int16_t *output);

/* REDUCE_MAX, REDUCE_MIN and, of bool, REDUCE_ALL. Not in place. */
typedef struct {
    nn_reduction reduction;
} nn_reduce_s8_params;

void nn_reduce_max_s8(const nn_reduce_s8_params *params, const int8_t *input, int8_t *output);
void nn_reduce_min_s8(const nn_reduce_s8_params *params, const int8_t *input, int8_t *output);
void nn_reduce_all(const nn_reduce_s8_params *params, const uint8_t *input, uint8_t *output);

/* Poolings and reductions of a picture, row by row ---------------------------------------------*/

/* A step: `pixels` of `channels` elements join what the steps before have found, and the last step
 * makes the output. There is one of each channel. */
typedef struct {
    int32_t pixels;
    int32_t channels;
    int32_t is_first;
    int32_t is_last;
} nn_row_step;

/* nn_average_pool2d_s8 of `count` pixels in all. Scratch: int32 [channels], kept between steps. */
typedef struct {
    nn_row_step step;
    int32_t count;
    int32_t activation_min;
    int32_t activation_max;
} nn_average_rows_s8_params;

void nn_average_rows_s8(const nn_average_rows_s8_params *params, const int8_t *input,
                        int8_t *output, int8_t *scratch);
void nn_average_rows_s16(const nn_average_rows_s8_params *params, const int16_t *input,
                         int16_t *output, int8_t *scratch);

/* nn_sum_s8, likewise. */
typedef struct {
    nn_row_step step;
    int32_t bias;
    int32_t multiplier;
    int32_t shift;
    int32_t output_offset;
} nn_sum_rows_s8_params;

void nn_sum_rows_s8(const nn_sum_rows_s8_params *params, const int8_t *input, int8_t *output,
                    int8_t *scratch);
void nn_sum_rows_s16(const nn_sum_rows_s8_params *params, const int16_t *input, int16_t *output,
                     int8_t *scratch);

/* The largest (smallest) element of each channel, clamped. The output is kept between steps. */
typedef struct {
    nn_row_step step;
    int32_t activation_min;
    int32_t activation_max;
} nn_extremum_rows_s8_params;

void nn_max_rows_s8(const nn_extremum_rows_s8_params *params, const int8_t *input, int8_t *output);
void nn_max_rows_s16(const nn_extremum_rows_s8_params *params, const int16_t *input,
                     int16_t *output);
void nn_min_rows_s8(const nn_extremum_rows_s8_params *params, const int8_t *input, int8_t *output);

/* Layers with state ----------------------------------------------------------------------------*/

/* SVDF: a filter of rank one, for each of units * rank, first over the input and then over what
 * that gave in the last `memory` inferences, which is the state [batches, units * rank, memory].
 *
 *   newest  = (feature_bias + sum of feature weight * input) requantised, clamped to the state's
 *             type, plus state_zero_point, modulo the type
 *   output  = clamp(requantize(output_bias + sum of time weight * state) + output_zero_point)
 *
 * The biases hold the zero points of input and state as well, modulo 2^32, as all sums are. */
typedef struct {
    int32_t batches;
    int32_t inputs;
    int32_t units;
    int32_t rank;
    int32_t memory;
    const int8_t *feature_weights; /* [units * rank, inputs] */
    const int32_t *feature_bias;   /* [units * rank] */
    int32_t feature_multiplier;
    int32_t feature_shift;
    int32_t state_zero_point;
    const int32_t *output_bias; /* [units] */
    int32_t output_multiplier;
    int32_t output_shift;
    int32_t output_zero_point;
} nn_svdf;

typedef struct {
    nn_svdf layer;
    const int8_t *time_weights; /* [units * rank, memory] */
} nn_svdf_s8_params;

typedef struct {
    nn_svdf layer;
    const int16_t *time_weights; /* [units * rank, memory] */
} nn_svdf_wide_s8_params;

/* With an int8 and with an int16 state. Not in place. */
void nn_svdf_s8(const nn_svdf_s8_params *params, const int8_t *input, int8_t *state,
                int8_t *output);
void nn_svdf_wide_s8(const nn_svdf_wide_s8_params *params, const int8_t *input, int16_t *state,
                     int8_t *output);

/* UNIDIRECTIONAL_SEQUENCE_LSTM. Each gate is a weighted sum of the step's input and one of the
 * hidden state, each requantised to 2^-12 and clamped to int16, added, and squashed to 2^-15:
 *
 *   cell   = clip(clamp(forget * cell requantised by 2^-15) + input * candidate requantised)
 *   hidden = clamp(requantize(output * tanh(cell)) + hidden_zero_point)
 *
 * Both states begin as they were left by the last inference; each step's hidden state is its
 * output. tanh takes cell * tanh_multiplier / 2^tanh_shift, in 1 / 12288. The strides are in rows:
 * of `inputs` and of `units` values. */
typedef struct {
    int32_t batches;
    int32_t steps;
    int32_t inputs;
    int32_t units;
    int32_t batch_stride;
    int32_t step_stride;
    const uint16_t *sigmoid; /* 256 values of 2^16 * sigmoid, 24 to a unit */
    int32_t cell_shift;      /* of input * candidate, whose multiplier is 2^30 */
    int32_t cell_clip;       /* 32768: none */
    int32_t tanh_multiplier;
    int32_t tanh_shift;
    int32_t hidden_multiplier;
    int32_t hidden_shift;
    int32_t hidden_zero_point;
} nn_lstm;

/* The biases hold the zero points of input and hidden state as well, modulo 2^32. */
typedef struct {
    const int8_t *input_weights; /* [units, inputs] */
    const int32_t *input_bias;   /* [units] */
    int32_t input_multiplier;
    int32_t input_shift;
    const int8_t *hidden_weights; /* [units, units] */
    const int32_t *hidden_bias;   /* [units] */
    int32_t hidden_multiplier;
    int32_t hidden_shift;
} nn_lstm_gate_s8;

typedef struct {
    nn_lstm layer;
    nn_lstm_gate_s8 input;
    nn_lstm_gate_s8 forget;
    nn_lstm_gate_s8 candidate;
    nn_lstm_gate_s8 output;
} nn_lstm_s8_params;

void nn_lstm_s8(const nn_lstm_s8_params *params, const int8_t *input, int8_t *hidden, int16_t *cell,
                int8_t *output);

/* Sums of int16 are of 64 bits, the multipliers of 15, and the shifts to the right. */
typedef struct {
    const int8_t *input_weights; /* [units, inputs] */
    const int64_t *input_bias;   /* [units] */
    int32_t input_multiplier;
    int32_t input_shift;
    const int8_t *hidden_weights; /* [units, units] */
    const int64_t *hidden_bias;   /* [units] */
    int32_t hidden_multiplier;
    int32_t hidden_shift;
} nn_lstm_gate_s16;

typedef struct {
    nn_lstm layer;
    nn_lstm_gate_s16 input;
    nn_lstm_gate_s16 forget;
    nn_lstm_gate_s16 candidate;
    nn_lstm_gate_s16 output;
} nn_lstm_s16_params;

void nn_lstm_s16(const nn_lstm_s16_params *params, const int16_t *input, int16_t *hidden,
                 int16_t *cell, int16_t *output);

/* ARG_MAX and ARG_MIN: where along an axis of `extent` elements, `inner` apart, the first of the
 * largest or smallest lies. Not in place. */
typedef struct {
    int32_t outer; /* elements before the axis */
    int32_t extent;
    int32_t inner; /* elements after it */
} nn_arg_s8_params;

void nn_arg_max_s8(const nn_arg_s8_params *params, const int8_t *input, int32_t *output);
void nn_arg_min_s8(const nn_arg_s8_params *params, const int8_t *input, int32_t *output);

/* Moving bytes ---------------------------------------------------------------------------------*/

/* Whatever only moves elements: TRANSPOSE, STRIDED_SLICE, CONCATENATION, SPACE_TO_DEPTH, ... From
 * `read` bytes into the input and `write` bytes into the output on, `count` elements are moved,
 * read_stride and write_stride bytes from one to the next; then the odometer (nn_loops.h) goes on
 * from the first of them. Strides and steps may be negative, those that read may be 0.
 * nn_move_b<n> moves elements of n bytes, nn_move_runs runs of `run` bytes. Ascending where the
 * output is written from its first byte to its last. */
typedef struct {
    int32_t read;
    int32_t write;
    int32_t run;
    int32_t count;
    int32_t read_stride;
    int32_t write_stride;
    int32_t rank;
    const int32_t *extents;     /* [rank], NULL for rank 0; so are the steps */
    const int32_t *read_steps;  /* [rank] */
    const int32_t *write_steps; /* [rank] */
} nn_move_params;

void nn_move_b1(const nn_move_params *params, const void *input, void *output);
void nn_move_b2(const nn_move_params *params, const void *input, void *output);
void nn_move_b4(const nn_move_params *params, const void *input, void *output);
void nn_move_b8(const nn_move_params *params, const void *input, void *output);
void nn_move_runs(const nn_move_params *params, const void *input, void *output);

/* CIRCULAR_BUFFER: of the output, all but the first `added` bytes move to its begin, and those of
 * the input come after them: `kept` bytes stay. Not in place. */
typedef struct {
    int32_t kept;
    int32_t added;
} nn_shift_in_params;

void nn_shift_in(const nn_shift_in_params *params, const void *input, void *output);

/* GATHER and EMBEDDING_LOOKUP: of every [extent] runs of `run` bytes, those at `indices`, which are
 * [batches, count]; each batch has `outer` times [extent] runs. False, and nothing more is written,
 * where an index is not within 0 ... extent - 1. Not in place. */
typedef struct {
    int32_t batches;
    int32_t outer;
    int32_t count;
    int32_t extent;
    int32_t run;
} nn_gather_params;

bool nn_gather(const nn_gather_params *params, const void *input, const int32_t *indices,
               void *output);

/* GATHER_ND: `count` runs of `run` bytes, each at the sum of its `depth` indices times the strides.
 * False, and nothing more is written, where a run is not within the `bytes` of the input. Not in
 * place. */
typedef struct {
    int32_t count;
    int32_t depth;
    int32_t run;
    int32_t bytes;
    const int32_t *strides; /* [depth] bytes, NULL for depth 0 */
} nn_gather_nd_params;

bool nn_gather_nd(const nn_gather_nd_params *params, const void *input, const int32_t *indices,
                  void *output);

/* DYNAMIC_UPDATE_SLICE: the input with `update` at `indices`, int32 or int64, each moved to within
 * 0 ... last[axis]. The slice is made of runs of `run` bytes. In place over the input. */
typedef struct {
    int32_t bytes; /* of the input */
    int32_t axes;
    const int32_t *last;    /* [axes], NULL where there are none */
    const int32_t *strides; /* [axes] bytes, likewise */
    int32_t index_bytes;    /* 4 or 8 */
    int32_t run;
    int32_t rank;
    const int32_t *extents; /* [rank], NULL for rank 0 */
    const int32_t *steps;   /* [rank] bytes of the output, NULL for rank 0 */
} nn_update_slice_params;

void nn_update_slice(const nn_update_slice_params *params, const void *input, const void *update,
                     const void *indices, void *output);

/* PAD and PADV2: `head` bytes of padding, then rows of `row` input bytes with gaps of padding
 * between them, then `tail` bytes of it. After a row, gaps[level] follows, where `level` is the
 * loop that advances (see nn_loops.h). The padding repeats the value. Ascending. */
typedef struct {
    int32_t head;
    int32_t row;
    int32_t tail;
    int32_t rank;
    const int32_t *extents; /* [rank], NULL for rank 0 */
    const int32_t *gaps;    /* [rank], NULL for rank 0 */
    int32_t value_bytes;
    const uint8_t *value; /* [value_bytes] */
} nn_pad_params;

void nn_pad(const nn_pad_params *params, const void *input, void *output);

/* RESIZE_NEAREST_NEIGHBOR of any type: output pixel (y, x) copies input pixel (rows[y],
 * columns[x]). input_channels are the bytes of a pixel, and output_pixel_stride is in bytes, too.
 * Ascending, a pixel at a time. */
typedef struct {
    nn_image_sizes sizes;
    int32_t output_pixel_stride;
    const int16_t *rows;    /* [output_height] */
    const int16_t *columns; /* [output_width] */
} nn_resize_nearest_params;

void nn_resize_nearest(const nn_resize_nearest_params *params, const void *input, void *output);

/* RESIZE_BILINEAR: output row y blends input rows rows[y] and rows[y] + 1, the second with weight
 * row_weights[y] / 1024; columns likewise. A weight of 0 means that the next row or column is not
 * read, as it may not exist. Ties round away from zero. Not in place. */
typedef struct {
    nn_image_sizes sizes;
    int32_t output_pixel_stride;
    const int16_t *rows;           /* [output_height] */
    const int16_t *row_weights;    /* [output_height], 0 ... 1023 */
    const int16_t *columns;        /* [output_width] */
    const int16_t *column_weights; /* [output_width], 0 ... 1023 */
} nn_resize_bilinear_s8_params;

void nn_resize_bilinear_s8(const nn_resize_bilinear_s8_params *params, const int8_t *input,
                           int8_t *output);

/* Output row `row` alone. The input begins with the first row that it blends; `rows` is not read.
 */
void nn_resize_bilinear_row_s8(const nn_resize_bilinear_s8_params *params, int32_t row,
                               const int8_t *input, int8_t *output);

/* Convolutions -------------------------------------------------------------------------------*/

/* Convolution: CONV_2D, and one phase of TRANSPOSE_CONV (whose outputs lie `stride` pixels apart).
 *
 *   output[b, y, x, c] = output_stage(sum of taps, c)
 *
 * Output pixel (b, y, x) begins at byte output_start + b * output_batch_stride +
 * y * output_row_stride + x * output_pixel_stride. Taps outside the input count as its zero point.
 * Grouped convolution: group_channels divides input_channels; group g sees its own slice.
 *
 *   weights  [output_channels][filter_stride], each filter in the order y, x, channel and padded
 *            with zeros to filter_stride, a multiple of 4 (0 where the filter has no taps)
 *   scratch  4 * filter_stride bytes
 *
 * Ascending, two pixels at a time, or a row where there are groups. Sums must fit int32 for every
 * input; filter_stride <= 131072. */
typedef struct {
    nn_output_stage output_stage;
    nn_image_sizes sizes;
    nn_sliding_window window;
    int32_t group_channels;
    int32_t output_channels;
    int32_t output_start;
    int32_t output_batch_stride;
    int32_t output_row_stride;
    int32_t output_pixel_stride;
    int32_t input_zero_point;
    int32_t filter_stride;
    const int8_t *weights;
} nn_conv2d_s8_params;

void nn_conv2d_s8(const nn_conv2d_s8_params *params, const int8_t *input, int8_t *output,
                  int8_t *scratch);

/* The same for cores with DSP instructions: two pixels at a time, in the order in which they lie in
 * the output, with four, two or one filter.
 *
 *   weights  words of the filters of every group: fours, then two, then one; see
 *            nn_conv2d_dsp_core.h. Taps lie in runs of a row of the filter or, unless
 *            rows_are_runs, in one run; see nn_lanes.h
 *   records  four words a channel, in the order of the weights
 *   steps    of a filter, each of two taps, >= 1
 *   scratch  8 bytes a step, an even number of these; then room for a run of taps, unless channels
 *            are a multiple of 4, or rows_are_runs and no window leaves the input
 *
 * rows_are_runs says that the taps of a row of the filter lie side by side in the input, and
 * ties_away how records round; see nn_records.h. Ascending, two pixels at a time, read in full
 * before they are written unless there are groups. */
typedef struct {
    nn_image_sizes sizes;
    nn_sliding_window window;
    int32_t group_channels;
    int32_t group_outputs;
    int32_t output_channels;
    int32_t output_start;
    int32_t output_batch_stride;
    int32_t output_row_stride;
    int32_t output_pixel_stride;
    int32_t input_zero_point;
    int32_t activation_min;
    int32_t activation_max;
    int32_t rows_are_runs;
    int32_t ties_away;
    int32_t steps;
    const uint32_t *weights;
    const int32_t *records;
} nn_conv2d_dsp_s8_params;

void nn_conv2d_dsp_s8(const nn_conv2d_dsp_s8_params *params, const int8_t *input, int8_t *output,
                      int8_t *scratch);

/* The same, for few pixels that are an odd number: the last one is computed alone. */
void nn_conv2d_dsp_odd_s8(const nn_conv2d_dsp_s8_params *params, const int8_t *input,
                          int8_t *output, int8_t *scratch);

/* The same for one row of an odd number of pixels, >= 3, the last three of which are computed
 * together. A group has a multiple of four filters.
 *
 *   scratch  12 bytes a step; then, unless channels are a multiple of 4 or no window leaves the
 *            input, room for what three pixels see, or for the taps of one unless rows_are_runs */
void nn_conv2d_dsp_row_s8(const nn_conv2d_dsp_s8_params *params, const int8_t *input,
                          int8_t *output, int8_t *scratch);

/* The same on cores without DSP instructions, four filters at a time: see nn_tile.h. There is one
 * group of channels, and at least four filters.
 *
 *   records  [output_channels rounded up to 4][4], in one of two forms; see `three` there
 *   weights  w + 128; [output_channels / 4][filter_stride][4], then the filters that are left,
 *            each filter_stride bytes. The filters are in the order y, x, channel
 *   scratch  filter_stride bytes
 *
 * Ascending, a pixel at a time. */
typedef struct {
    nn_image_sizes sizes;
    nn_sliding_window window;
    int32_t output_channels;
    int32_t output_start;
    int32_t output_batch_stride;
    int32_t output_row_stride;
    int32_t output_pixel_stride;
    int32_t input_zero_point;
    int32_t filter_stride;
    int32_t activation_min;
    int32_t activation_max;
    int32_t three;
    const uint32_t *records;
    const uint8_t *weights;
} nn_conv2d_tile_s8_params;

void nn_conv2d_tile_s8(const nn_conv2d_tile_s8_params *params, const int8_t *input, int8_t *output,
                       int8_t *scratch);

/* How a kernel for Helium may round and clamp; with the last, nothing is proved. */
enum {
    NN_ROUND_UP = 0,   /* ties up, no clamp: what is negative is -128 anyway; shifts of 0 ... -31 */
    NN_ROUND_AWAY = 1, /* ties away from zero, no clamp; shifts of -1 ... -31 */
    NN_ROUND_ANY = 2,  /* any shift, and clamped */
};

/* The output stage of kernels with packed weights for Helium; `records` are packed with them. */
typedef struct {
    const int32_t *records;
    int32_t offset;
    int32_t activation_min;
    int32_t activation_max;
    int32_t rounding; /* NN_ROUND_... */
} nn_helium_stage;

/* conv2d_s8 without groups for Helium, four filters with two pixels at a time. Filters are read in
 * chunks of 16 bytes, `chunks` of them >= 1, and so are windows, where they lie or copied.
 *
 *   weights  [groups of 4 filters][chunks][4][16], zeros where there is no tap or no filter
 *   records  [groups of 4 filters][3][4]: biases, multipliers and shifts of four filters
 *   scratch  32 * chunks bytes
 *
 * Ascending, two pixels at a time, of one row or of two. Where the taps of a window lie side by
 * side in the input, it writes while it reads. */
typedef struct {
    nn_helium_stage stage;
    nn_image_sizes sizes;
    nn_sliding_window window;
    int32_t output_channels;
    int32_t output_start;
    int32_t output_batch_stride;
    int32_t output_row_stride;
    int32_t output_pixel_stride;
    int32_t input_zero_point;
    int32_t chunks;
    const int8_t *weights;
} nn_conv2d_helium_s8_params;

void nn_conv2d_helium_s8(const nn_conv2d_helium_s8_params *params, const int8_t *input,
                         int8_t *output, int8_t *scratch);

/* The same, for few pixels that are an odd number: the last one is computed alone. */
void nn_conv2d_helium_odd_s8(const nn_conv2d_helium_s8_params *params, const int8_t *input,
                             int8_t *output, int8_t *scratch);

/* conv2d_s8 with int16 activations; steps of the output and the padding are in elements. The
 * input's zero point is 0.
 *
 *   scratch  2 * filter_stride bytes
 *
 * Ascending, a pixel at a time. */
typedef struct {
    nn_output_stage_s16 output_stage;
    nn_image_sizes sizes;
    nn_sliding_window window;
    int32_t group_channels;
    int32_t output_channels;
    int32_t output_start;
    int32_t output_batch_stride;
    int32_t output_row_stride;
    int32_t output_pixel_stride;
    int32_t input_zero_point;
    int32_t filter_stride;
    const int8_t *weights;
} nn_conv2d_s16_params;

void nn_conv2d_s16(const nn_conv2d_s16_params *params, const int16_t *input, int16_t *output,
                   int8_t *scratch);

/* DEPTHWISE_CONV_2D: output channel c = i * depth_multiplier + m sees input channel i.
 *
 *   weights        [taps][output_channels], taps in the order y, x
 *   input_taps     [taps] bytes from the first tap of a position to each, inside the input
 *   gathered_taps  [taps] the same for a gathered patch: tap * input_channels
 *   scratch        taps * input_channels bytes
 *
 * Ascending, a pixel at a time. Sums must fit int32 for every input; taps <= 131072. */
typedef struct {
    nn_output_stage output_stage;
    nn_image_sizes sizes;
    nn_sliding_window window;
    int32_t depth_multiplier;
    int32_t output_channels;
    int32_t output_pixel_stride;
    int32_t input_zero_point;
    const int32_t *input_taps;
    const int32_t *gathered_taps;
    const int8_t *weights;
} nn_depthwise_conv2d_s8_params;

void nn_depthwise_conv2d_s8(const nn_depthwise_conv2d_s8_params *params, const int8_t *input,
                            int8_t *output, int8_t *scratch);

/* depthwise_conv2d_s8 with a depth multiplier of 1 for Helium. A step makes the outputs of `pixels`
 * neighbouring pixels, or of fewer at the end of a row, in blocks of 16; more than one only where
 * stride_width is 1 and outputs have no gaps. For a step, weights and biases are repeated with each
 * pixel.
 *
 *   weights  [blocks][taps][16], taps in the order y, x, zeros after the step's channels. No two
 *            taps 2 i and 2 i + 1 are both -128: the sums of their products fit int16
 *   records  [blocks][48]: see nn_depthwise_helium_core.h
 *   scratch  8 * taps bytes, and the step's blocks as often as 2 + 15 / channels
 *
 * Ascending, a step at a time, which writes while it reads. */
typedef struct {
    nn_helium_stage stage;
    nn_image_sizes sizes;
    nn_sliding_window window;
    int32_t output_pixel_stride;
    int32_t input_zero_point;
    int32_t pixels;
    const int8_t *weights;
} nn_depthwise_conv2d_helium_s8_params;

void nn_depthwise_conv2d_helium_s8(const nn_depthwise_conv2d_helium_s8_params *params,
                                   const int8_t *input, int8_t *output, int8_t *scratch);

/* depthwise_conv2d_s8 with int16 activations; the taps' distances are in elements, and the scratch
 * takes twice the bytes. The input's zero point is 0. */
typedef struct {
    nn_output_stage_s16 output_stage;
    nn_image_sizes sizes;
    nn_sliding_window window;
    int32_t depth_multiplier;
    int32_t output_channels;
    int32_t output_pixel_stride;
    int32_t input_zero_point;
    const int32_t *input_taps;
    const int32_t *gathered_taps;
    const int8_t *weights;
} nn_depthwise_conv2d_s16_params;

void nn_depthwise_conv2d_s16(const nn_depthwise_conv2d_s16_params *params, const int16_t *input,
                             int16_t *output, int8_t *scratch);

/* nn_depthwise_conv2d_s8 for cores with DSP instructions: filters of at most 3x3, which lie in one
 * of 3x3, with a stride of 1 or 2 along the row, not dilated there, and a depth multiplier of 1.
 *
 * Rows first_row ... last_row of the 3x3 are the filter's; row 1 is always one, and always meets a
 * row of the input. padding_top is that of row 0. padding_left and padding_right are 0 or 1.
 *
 *   channels   [input_channels][8], see nn_depthwise_dsp_core.h
 *   ties_away  which of its two ways makes outputs of sums
 *
 * Ascending, a row at a time, its channels one after the other. Sums must fit int32 for every
 * input, in the scale of the weights. input_channels <= 65535. */
typedef struct {
    nn_image_sizes sizes;
    int32_t output_pixel_stride; /* input_channels */
    int32_t stride_height;
    int32_t stride_width;
    int32_t dilation_height;
    int32_t padding_top;
    int32_t padding_left;
    int32_t padding_right;
    int32_t first_row;
    int32_t last_row;
    int32_t input_zero_point;
    int32_t ties_away;
    int32_t activation_min;
    int32_t activation_max;
    const int32_t *channels;
} nn_depthwise_conv2d_dsp_s8_params;

void nn_depthwise_conv2d_dsp_s8(const nn_depthwise_conv2d_dsp_s8_params *params,
                                const int8_t *input, int8_t *output);

/* The same, with any output_pixel_stride from input_channels on. */
void nn_depthwise_conv2d_dsp_gaps_s8(const nn_depthwise_conv2d_dsp_s8_params *params,
                                     const int8_t *input, int8_t *output);

/* nn_depthwise_conv2d_s8 for cores with DSP instructions, with any filter: two taps a SMLAD.
 *
 *   input_taps, gathered_taps  [pairs][2], as those of nn_depthwise_conv2d_s8
 *   weights   two taps a word, the first one low. With a depth multiplier of 1 those of four
 *             channels are [pairs][4], else and of what is left over those of two filters on a
 *             channel [pairs][2], and of a last one [pairs]
 *   records   for so many channels their biases, and then the records of nn_records.h with 2m
 *   scratch   taps * input_channels bytes
 *
 * Ascending, a pixel at a time. */
typedef struct {
    nn_image_sizes sizes;
    nn_sliding_window window;
    int32_t depth_multiplier;
    int32_t output_channels;
    int32_t output_pixel_stride;
    int32_t input_zero_point;
    int32_t ties_away;
    int32_t activation_min;
    int32_t activation_max;
    int32_t pairs;
    const int32_t *input_taps;
    const int32_t *gathered_taps;
    const uint32_t *weights;
    const int32_t *records;
} nn_depthwise_conv2d_pairs_dsp_s8_params;

void nn_depthwise_conv2d_pairs_dsp_s8(const nn_depthwise_conv2d_pairs_dsp_s8_params *params,
                                      const int8_t *input, int8_t *output, int8_t *scratch);

/* FULLY_CONNECTED: every row of the input with every filter.
 *
 *   output[r, c] = output_stage(sum of taps, c)
 *
 *   weights  [outputs][filter_stride], each filter padded with zeros to filter_stride, a multiple
 *            of 4
 *
 * Ascending, a row at a time. Sums must fit int32 for every input; filter_stride <= 131072. */
typedef struct {
    nn_output_stage output_stage;
    int32_t rows;
    int32_t inputs;
    int32_t outputs;
    int32_t filter_stride;
    const int8_t *weights;
} nn_fully_connected_s8_params;

void nn_fully_connected_s8(const nn_fully_connected_s8_params *params, const int8_t *input,
                           int8_t *output);

/* The same for cores with DSP instructions and one row, with four filters at a time.
 *
 *   weights  words of the filters: fours, then two, then one; see nn_conv2d_dsp_core.h
 *   records  four words a channel
 *   blocks   of four inputs, >= 1: two steps, of which weights of zero fill up the last
 *   expands  whether the row is expanded first, as it is where the inputs are few or no multiple of
 *            four: into scratch of 8 bytes a block, or into the last bytes of the output, which is
 *            aligned to words then; the outputs there are made of the row as it is
 *
 * Ascending, a row at a time, which is read in full before outputs are written if it is expanded
 * into scratch. */
enum { NN_EXPANDS_NOT, NN_EXPANDS, NN_EXPANDS_IN_OUTPUT };

typedef struct {
    int32_t inputs;
    int32_t outputs;
    int32_t blocks;
    int32_t expands;
    int32_t ties_away;
    int32_t activation_min;
    int32_t activation_max;
    const uint32_t *weights;
    const int32_t *records;
} nn_fully_connected_dsp_s8_params;

void nn_fully_connected_dsp_s8(const nn_fully_connected_dsp_s8_params *params, const int8_t *input,
                               int8_t *output, int8_t *scratch);

/* fully_connected_s8 of one row for Helium, eight filters at a time.
 *
 *   weights  [groups of 4 filters][chunks][4][16], zeros where there is no tap or no filter; the
 *            last chunk of the row comes first
 *   records  [groups of 4 filters][3][4]: biases, multipliers and shifts of four filters
 *
 * Writes while it reads all of the row. */
typedef struct {
    nn_helium_stage stage;
    int32_t inputs; /* >= 1 */
    int32_t outputs;
    const int8_t *weights;
} nn_fully_connected_helium_s8_params;

void nn_fully_connected_helium_s8(const nn_fully_connected_helium_s8_params *params,
                                  const int8_t *input, int8_t *output);

/* CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED with weights of 4 bits, which lie in flash two a
 * byte, the first one low, in the order of the kernels of 8 bits. They are unpacked each time, and
 * then it is one of these kernels that computes: `unpacked` are its parameters, without weights.
 *
 *   scratch  2 * bytes, rounded up to 16, and what the kernel of 8 bits takes */
typedef struct {
    const uint8_t *packed;
    int32_t bytes;
} nn_packed_weights;

typedef struct {
    nn_conv2d_s8_params unpacked;
    nn_packed_weights weights;
} nn_conv2d_s4_params;

void nn_conv2d_s4(const nn_conv2d_s4_params *params, const int8_t *input, int8_t *output,
                  int8_t *scratch);

typedef struct {
    nn_depthwise_conv2d_s8_params unpacked;
    nn_packed_weights weights;
} nn_depthwise_conv2d_s4_params;

void nn_depthwise_conv2d_s4(const nn_depthwise_conv2d_s4_params *params, const int8_t *input,
                            int8_t *output, int8_t *scratch);

typedef struct {
    nn_fully_connected_s8_params unpacked;
    nn_packed_weights weights;
} nn_fully_connected_s4_params;

void nn_fully_connected_s4(const nn_fully_connected_s4_params *params, const int8_t *input,
                           int8_t *output, int8_t *scratch);

/* The same with int16 activations. */
typedef struct {
    nn_output_stage_s16 output_stage;
    int32_t rows;
    int32_t inputs;
    int32_t outputs;
    int32_t filter_stride;
    const int8_t *weights;
} nn_fully_connected_s16_params;

void nn_fully_connected_s16(const nn_fully_connected_s16_params *params, const int16_t *input,
                            int16_t *output);

/* The same with weights that are computed, [outputs][filter_stride], which is `inputs`; those of
 * the parameters are NULL. Not in place. */
void nn_fully_connected_given_s16(const nn_fully_connected_s16_params *params, const int16_t *input,
                                  const int8_t *weights, int16_t *output);

/* BATCH_MATMUL, and FULLY_CONNECTED with weights that are computed: for every pair of matrices,
 *
 *   output[r, c] = clamp(requantize(bias[c] + sum over d of (lhs[r, d] + lhs_offset) *
 *                                   (rhs[d, c] + rhs_offset)) + output_offset)
 *
 * lhs is stored as [rows][depth], or [depth][rows] where it is transposed; rhs as [depth][columns],
 * or [columns][depth] where it is transposed. The odometer (see nn_loops.h) walks the pairs; its
 * steps are in elements. Sums must fit int32 for every input.
 *
 *   scratch  4 * rows + depth bytes, and rows * depth more where lhs is transposed
 *
 * Not in place. */
typedef struct {
    int32_t rows;
    int32_t columns;
    int32_t depth;
    int32_t lhs_transposed; /* 0 or 1, as is rhs_transposed */
    int32_t rhs_transposed;
    int32_t rank;
    const int32_t *extents;   /* [rank], NULL for rank 0; so are the steps */
    const int32_t *lhs_steps; /* [rank] */
    const int32_t *rhs_steps; /* [rank] */
    int32_t lhs_offset;
    int32_t rhs_offset;
    const int32_t *bias; /* [columns], or NULL */
    int32_t multiplier;
    int32_t shift;
    int32_t output_offset;
    int32_t activation_min;
    int32_t activation_max;
} nn_batch_matmul_s8_params;

void nn_batch_matmul_s8(const nn_batch_matmul_s8_params *params, const int8_t *lhs,
                        const int8_t *rhs, int8_t *output, int8_t *scratch);

/* The same for int16, with neither offsets nor a bias nor scratch: sums are of 64 bits, and the
 * multiplier has 15 bits, as where an nn_output_stage_s16 is `wide`. Not in place. */
void nn_batch_matmul_s16(const nn_batch_matmul_s8_params *params, const int16_t *lhs,
                         const int16_t *rhs, int16_t *output);

/* Pictures that are put together from rows of others ------------------------------------------ */

/* What CONCATENATION, RESIZE_NEAREST_NEIGHBOR, PAD, slices and the like, one after the other, make
 * of the rows of their sources: pieces, each of which has some columns and channels of some rows.
 *
 *   pieces   [count][7]: number of the source; its first byte in a pixel of the source, and in one
 *            of the picture; how many bytes there are in each; the first column of the picture and
 *            the one after the last; 1 where the pixels are whole and side by side in the source
 *   rows     [count][height]: the row of the source, or a negative number where the piece has none
 *   columns  [count][width]: byte of the source's row where the pixel begins
 */
typedef struct {
    int32_t height;
    int32_t width;
    int32_t pixel;      /* bytes */
    int32_t fill;       /* the byte where no piece is, and outside of the picture */
    int32_t is_covered; /* 1 where pieces are everywhere in the picture */
    int32_t count;
    const int32_t *pieces;
    const int16_t *rows;
    const uint16_t *columns;
} nn_arrange_params;

/* The rows top, top + row_step ... and the columns left ... left + columns - 1 of a picture, which
 * may lie outside of it. */
typedef struct {
    int32_t top;
    int32_t left;
    int32_t rows;
    int32_t row_step;
    int32_t columns;
} nn_arrange_window;

struct nn_rows; /* nn_rows.h */

/* Writes what is in the window, row after row. Not in place. */
void nn_arrange(const nn_arrange_params *params, const struct nn_rows *const *sources,
                const nn_arrange_window *window, void *output);

#endif /* NN_H */
