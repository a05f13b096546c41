/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "nn.h"
#include "nn_copy.h"
#include "nn_loops.h"

static int8_t *fill(const nn_pad_params *params, int8_t *output, int32_t count) {
    const int32_t size = params->value_bytes;
    if (size == 1) {
        memset(output, params->value[0], (size_t)count);
    } else {
        for (int32_t i = 0; i < count; i += size) {
            memcpy(output + i, params->value, (size_t)size);
        }
    }
    return output + count;
}

void nn_pad(const nn_pad_params *params, const void *input, void *output) {
    int32_t digits[NN_MAX_LOOPS] = {0};
    const int8_t *from = input;
    int8_t *to = fill(params, output, params->head);
    for (;;) {
        nn_copy(to, from, params->row);
        from += params->row;
        to += params->row;
        const int32_t level = nn_odometer_next(digits, params->extents, params->rank);
        if (level == params->rank) {
            break;
        }
        to = fill(params, to, params->gaps[level]);
    }
    fill(params, to, params->tail);
}
