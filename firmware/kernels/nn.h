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

#endif /* NN_H */
