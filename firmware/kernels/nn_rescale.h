/* SPDX-License-Identifier: Apache-2.0
 *
 * The rescaling of one value, for all the types that it goes from and to.
 */
#ifndef NN_RESCALE_H
#define NN_RESCALE_H

#include "nn.h"
#include "nn_fixed_point.h"

static inline int32_t nn_rescale(const nn_rescale_params *params, int32_t q) {
    const int32_t x = q + params->input_offset;
    const int32_t scaled =
        x < 0 ? nn_requantize(x, params->negative_multiplier, params->negative_shift)
              : nn_requantize(x, params->multiplier, params->shift);
    return nn_clamp(nn_wrapping_add(scaled, params->output_offset), params->activation_min,
                    params->activation_max);
}

#endif /* NN_RESCALE_H */
