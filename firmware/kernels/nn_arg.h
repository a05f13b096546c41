/* SPDX-License-Identifier: Apache-2.0
 *
 * The loops of ARG_MAX and ARG_MIN (see nn_arg_s8_params in nn.h). A kernel names when an element
 * takes the place of what was found so far, which is inlined into the loops.
 */
#ifndef NN_ARG_H
#define NN_ARG_H

#include <stdint.h>

#include "nn.h"
#include "nn_loops.h"

typedef int32_t (*nn_better)(int8_t candidate, int8_t found);

NN_ALWAYS_INLINE int32_t nn_arg_of_run(const int8_t *input, int32_t extent, int32_t stride,
                                       nn_better better) {
    int8_t found = input[0];
    int32_t index = 0;
    for (int32_t i = 1; i < extent; ++i) {
        input += stride;
        if (better(*input, found)) {
            found = *input;
            index = i;
        }
    }
    return index;
}

NN_ALWAYS_INLINE void nn_arg(const nn_arg_s8_params *params, const int8_t *input, int32_t *output,
                             nn_better better) {
    const nn_arg_s8_params p = *params;
    for (int32_t outer = 0; outer < p.outer; ++outer) {
        for (int32_t i = 0; i < p.inner; ++i) {
            *output++ = nn_arg_of_run(input + i, p.extent, p.inner, better);
        }
        input += p.extent * p.inner;
    }
}

#endif /* NN_ARG_H */
