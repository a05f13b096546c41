/* SPDX-License-Identifier: Apache-2.0
 *
 * The loop of look-ups in tables of 256 bytes, for q = -128 ... 127: four at a time, so that
 * counting takes little.
 */
#ifndef NN_LOOKUP_H
#define NN_LOOKUP_H

#include <stdint.h>

/* Bytes are int8, or others with the same bits. */
static inline void nn_lookup(const int8_t *table, const int8_t *input, int8_t *output,
                             int32_t count) {
    const int8_t *const middle = table + 128;
    const int8_t *const end = input + count;
    /* The casts are for an int, and so a difference of pointers, of 16 bits. */
    for (; (int32_t)((uint32_t)(uintptr_t)end - (uint32_t)(uintptr_t)input) >= 4;
         input += 4, output += 4) {
        const int8_t first = middle[input[0]], second = middle[input[1]];
        const int8_t third = middle[input[2]], fourth = middle[input[3]];
        output[0] = first;
        output[1] = second;
        output[2] = third;
        output[3] = fourth;
    }
    for (; input < end; ++input, ++output) {
        *output = middle[*input];
    }
}

#endif /* NN_LOOKUP_H */
