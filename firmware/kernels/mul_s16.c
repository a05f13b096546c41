/* SPDX-License-Identifier: Apache-2.0 */
#define NN_ELEMENT int16_t
#include "nn.h"
#include "nn_broadcast.h"
#include "nn_fixed_point.h"

static int16_t product(const void *params, int32_t a, int32_t b) {
    const nn_mul_s8_params *const p = params;
    const int32_t scaled = nn_requantize(a * b, p->multiplier, p->shift);
    return (int16_t)nn_clamp(scaled, p->activation_min, p->activation_max);
}

void nn_mul_s16(const nn_mul_s8_params *params, const int16_t *input1, const int16_t *input2,
                int16_t *output) {
    const nn_broadcast loops = {params->inner,   params->stride1, params->stride2, params->rank,
                                params->extents, params->steps1,  params->steps2};
    nn_broadcast_apply(&loops, product, params, input1, input2, output);
}
