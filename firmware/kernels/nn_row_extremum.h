/* SPDX-License-Identifier: Apache-2.0
 *
 * The extremum of every channel of a picture that comes row by row. It is clamped at each step:
 * that of clamped values is the clamped one.
 */
#ifndef NN_ROW_EXTREMUM_H
#define NN_ROW_EXTREMUM_H

#include <stdint.h>

#include "nn.h"
#include "nn_fixed_point.h"

/* The type of elements: a kernel of another one defines it before it includes this. */
#ifndef NN_ELEMENT
#define NN_ELEMENT int8_t
#endif
typedef NN_ELEMENT nn_element;

static inline void nn_extremum_rows(const nn_extremum_rows_s8_params *p, const nn_element *input,
                                    nn_element *output, int32_t (*better)(int32_t, int32_t)) {
    const int32_t channels = p->step.channels;
    for (int32_t channel = 0; channel < channels; ++channel) {
        int32_t found = p->step.is_first ? input[channel] : output[channel];
        for (int32_t i = 0; i < p->step.pixels; ++i) {
            found = better(found, input[i * channels + channel]);
        }
        output[channel] = (nn_element)nn_clamp(found, p->activation_min, p->activation_max);
    }
}

#endif /* NN_ROW_EXTREMUM_H */
