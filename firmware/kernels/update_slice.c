/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_copy.h"
#include "nn_loops.h"

/* An index of the type that the model has. */
static int64_t index_of(const nn_update_slice_params *params, const int8_t *indices, int32_t axis) {
    if (params->index_bytes == 8) {
        int64_t wide;
        memcpy(&wide, indices + axis * 8, sizeof wide);
        return wide;
    }
    int32_t index;
    memcpy(&index, indices + axis * 4, sizeof index);
    return index;
}

/* Bytes of the output before the slice. It is moved to where it fits. */
static int32_t begin_of_slice(const nn_update_slice_params *params, const int8_t *indices) {
    int32_t begin = 0;
    for (int32_t axis = 0; axis < params->axes; ++axis) {
        const int64_t index = index_of(params, indices, axis);
        const int32_t last = params->last[axis];
        begin += (index < 0 ? 0 : index > last ? last : (int32_t)index) * params->strides[axis];
    }
    return begin;
}

void nn_update_slice(const nn_update_slice_params *params, const void *input, const void *update,
                     const void *indices, void *output) {
    const nn_update_slice_params p = *params;
    if (input != output) {
        nn_copy(output, input, p.bytes);
    }
    const int8_t *from = update;
    int8_t *to = (int8_t *)output + begin_of_slice(params, indices);
    int32_t digits[NN_MAX_LOOPS] = {0};
    for (;;) {
        nn_copy(to, from, p.run);
        from += p.run;
        const int32_t level = nn_odometer_next(digits, p.extents, p.rank);
        if (level == p.rank) {
            return;
        }
        to += p.steps[level];
    }
}
