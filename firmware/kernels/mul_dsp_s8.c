/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "nn.h"
#include "nn_clamp_bytes.h"
#include "nn_loops.h"
#include "nn_records.h"

/* The output of a product, clamped to int8 only. */
static inline int8_t output_of(const nn_mul_dsp_s8_params *p, int32_t product) {
    const int32_t high = nn_smmlar(product, p->factor, product);
    return nn_saturate_s8((high + (high >> 31) + p->addend) >> p->shift);
}

/* Two outputs, from halfwords. */
static inline void two_of(const nn_mul_dsp_s8_params *p, uint32_t a, uint32_t b, int8_t *output) {
    const int32_t low = (int32_t)(int16_t)(a & 0xFFFFu) * (int16_t)(b & 0xFFFFu);
    const int32_t high = ((int32_t)a >> 16) * ((int32_t)b >> 16);
    output[0] = output_of(p, low);
    output[2] = output_of(p, high);
}

NN_ALWAYS_INLINE void mul_row(const nn_mul_dsp_s8_params *p, uint32_t offsets1, uint32_t offsets2,
                              const int8_t *input1, const int8_t *input2, int8_t *output) {
    int8_t alike[4]; /* of an input that does not move */
    memset(alike, p->loops.stride1 == 0 ? *input1 : *input2, sizeof alike);
    const int8_t *word1 = p->loops.stride1 == 0 ? alike : input1;
    const int8_t *word2 = p->loops.stride2 == 0 ? alike : input2;
    int32_t i = 0;
    for (; i + 4 <= p->loops.inner; i += 4) {
        const uint32_t a = nn_load_word(word1), b = nn_load_word(word2);
        two_of(p, nn_sxtab16(offsets1, a), nn_sxtab16(offsets2, b), output + i);
        two_of(p, nn_sxtab16_ror8(offsets1, a), nn_sxtab16_ror8(offsets2, b), output + i + 1);
        word1 += 4 * p->loops.stride1;
        word2 += 4 * p->loops.stride2;
    }
    for (; i < p->loops.inner; ++i) {
        const int32_t a = input1[i * p->loops.stride1], b = input2[i * p->loops.stride2];
        output[i] = output_of(p, (a + p->offset1) * (b + p->offset2));
    }
    nn_clamp_bytes(output, p->loops.inner, p->activation_min, p->activation_max);
}

void nn_mul_dsp_s8(const nn_mul_dsp_s8_params *params, const int8_t *input1, const int8_t *input2,
                   int8_t *output) {
    /* A copy that no output can alias: its members stay in registers. */
    const nn_mul_dsp_s8_params p = *params;
    const uint32_t offsets1 = nn_pkhbt((uint32_t)p.offset1, (uint32_t)p.offset1);
    const uint32_t offsets2 = nn_pkhbt((uint32_t)p.offset2, (uint32_t)p.offset2);
    int32_t digits[NN_MAX_LOOPS] = {0};
    for (;;) {
        mul_row(&p, offsets1, offsets2, input1, input2, output);
        const int32_t level = nn_odometer_next(digits, p.loops.extents, p.loops.rank);
        if (level == p.loops.rank) {
            return;
        }
        input1 += p.loops.steps1[level];
        input2 += p.loops.steps2[level];
        output += p.loops.inner;
    }
}
