/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_pool_dsp.h"

NN_ALWAYS_INLINE void max_of_four(const nn_pool2d_s8_params *p, nn_window w, int8_t *output) {
    uint32_t best = (uint32_t)(uint8_t)p->activation_min * UINT32_C(0x01010101);
    const uint32_t high = (uint32_t)(uint8_t)p->activation_max * UINT32_C(0x01010101);
    for (int32_t y = 0; y < w.rows; ++y) {
        const int8_t *const end = w.start + w.columns * w.column_step;
        for (; w.start < end; w.start += w.column_step) {
            best = nn_max_bytes(best, nn_load_word(w.start));
        }
        w.start += w.row_step;
    }
    nn_store_word(output, nn_min_bytes(best, high));
}

void nn_max_pool2d_dsp_s8(const nn_pool2d_s8_params *params, const int8_t *input, int8_t *output) {
    nn_pool_words(params, max_of_four, input, output);
}
