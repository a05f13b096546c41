/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "nn.h"
#include "nn_copy.h"
#include "nn_loops.h"

static int8_t *fill(int8_t *output, int8_t value, int32_t count) {
    memset(output, value, (size_t)count);
    return output + count;
}

void nn_pad_s8(const nn_pad_s8_params *params, const int8_t *input, int8_t *output) {
    int32_t digits[NN_MAX_LOOPS] = {0};
    output = fill(output, params->value, params->head);
    for (;;) {
        nn_copy(output, input, params->row);
        input += params->row;
        output += params->row;
        const int32_t level = nn_odometer_next(digits, params->extents, params->rank);
        if (level == params->rank) {
            break;
        }
        output = fill(output, params->value, params->gaps[level]);
    }
    fill(output, params->value, params->tail);
}
