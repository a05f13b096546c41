/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_copy.h"

bool nn_gather(const nn_gather_params *params, const void *input, const int32_t *indices,
               void *output) {
    const nn_gather_params p = *params;
    const int8_t *from = input;
    int8_t *to = output;
    for (int32_t batch = 0; batch < p.batches; ++batch) {
        for (int32_t outer = 0; outer < p.outer; ++outer) {
            for (int32_t i = 0; i < p.count; ++i) {
                const int32_t index = indices[i];
                if (index < 0 || index >= p.extent) {
                    return false;
                }
                nn_copy(to, from + index * p.run, p.run);
                to += p.run;
            }
            from += p.extent * p.run;
        }
        indices += p.count;
    }
    return true;
}
