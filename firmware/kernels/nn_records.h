/* SPDX-License-Identifier: Apache-2.0
 *
 * From a sum to an int8 output in few instructions, on cores with DSP instructions.
 *
 * The planner proves that with the record {m, n, k} of its channel every reachable sum x becomes
 *
 *   clamp((k + a + round(x * m / 2^31)) >> n)
 *
 * where k holds the output offset and half of 2^n, and a, where ties must be rounded away from
 * zero, is -1 for negative x. SMMLAR makes round(x * m / 2^31) + k of 2x, m and k. Where not 2x but
 * x is at hand, x * 2m / 2^32 is x + x * (2m - 2^32) / 2^32, as m is at least 2^30.
 */
#ifndef NN_RECORDS_H
#define NN_RECORDS_H

#include "nn_dsp.h"
#include "nn_fixed_point.h"

enum {
    NN_RECORD_WORDS = 3,
    NN_CHANNEL_WORDS = 4, /* the record, and where the sum begins */
};

static inline int8_t nn_saturate_s8(int32_t x) {
    return (int8_t)nn_ssat8(x);
}

/* The output of a sum x, where the record holds 2m modulo 2^32. `away` is -1 or 0. */
static inline int8_t nn_record_output(const int32_t *record, int32_t x, int32_t away) {
    const int32_t high = nn_smmlar(x, record[0], x);
    return nn_saturate_s8((high + ((x >> 31) & away) + record[2]) >> record[1]);
}

/* The output of 2x, where the record holds m. */
static inline int8_t nn_record_output_of_double(const int32_t *record, int32_t twice_x,
                                                int32_t away) {
    const int32_t k = record[2] + ((twice_x >> 31) & away);
    return nn_saturate_s8(nn_smmlar(twice_x, record[0], k) >> record[1]);
}

/* The outputs of two filters whose weights share words: of the sum of the even one, and of the sum
 * of both that is 256 times the odd one's more. Records are those of the even and the odd filter.
 */
static inline void nn_record_outputs_of_pair(const int32_t *records, int32_t even, int32_t both,
                                             int32_t away, int8_t *output) {
    const int32_t twice_odd = (int32_t)((uint32_t)both - (uint32_t)even) >> 7;
    output[0] = nn_record_output(records, even, away);
    output[1] = nn_record_output_of_double(records + NN_RECORD_WORDS, twice_odd, away);
}

/* Clamps outputs that records made, where the limits are narrower than int8. */
static inline void nn_clamp_outputs(int8_t *output, int32_t count, int32_t low, int32_t high) {
    if (low == INT8_MIN && high == INT8_MAX) {
        return;
    }
    const uint32_t least = 0x01010101u * ((uint32_t)low & 0xFFu);
    const uint32_t most = 0x01010101u * ((uint32_t)high & 0xFFu);
    for (const int8_t *const end = output + (count & ~3); output != end; output += 4) {
        const uint32_t word = nn_load_word(output);
        nn_store_word(output, nn_min_s8x4(nn_max_s8x4(word, least), most));
    }
    for (int32_t i = 0; i < (count & 3); ++i) {
        output[i] = (int8_t)nn_clamp(output[i], low, high);
    }
}

#endif /* NN_RECORDS_H */
