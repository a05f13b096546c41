/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_copy.h"

bool nn_gather_nd(const nn_gather_nd_params *params, const void *input, const int32_t *indices,
                  void *output) {
    const nn_gather_nd_params p = *params;
    const int8_t *from = input;
    int8_t *to = output;
    for (int32_t i = 0; i < p.count; ++i) {
        int64_t at = 0;
        for (int32_t axis = 0; axis < p.depth; ++axis) {
            at += (int64_t)*indices++ * p.strides[axis];
        }
        if (at < 0 || at > p.bytes - p.run) {
            return false;
        }
        nn_copy(to, from + (int32_t)at, p.run);
        to += p.run;
    }
    return true;
}
