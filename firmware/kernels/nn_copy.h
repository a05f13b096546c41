/* SPDX-License-Identifier: Apache-2.0
 *
 * Copying runs of bytes. The runs are short (the channels of a pixel), where a call of memcpy
 * would cost more than the copy, and some C libraries copy byte by byte.
 */
#ifndef NN_COPY_H
#define NN_COPY_H

#include <stdint.h>
#include <string.h>

/* Copies one word; neither address needs to be aligned. */
static inline void nn_copy_word(int8_t *output, const int8_t *input) {
    uint32_t word;
    memcpy(&word, input, sizeof word);
    memcpy(output, &word, sizeof word);
}

/* Copies `count` >= 0 bytes in ascending order: the output may begin below the input. */
static inline void nn_copy(int8_t *output, const int8_t *input, int32_t count) {
    for (; count >= 16; count -= 16) {
        nn_copy_word(output, input);
        nn_copy_word(output + 4, input + 4);
        nn_copy_word(output + 8, input + 8);
        nn_copy_word(output + 12, input + 12);
        output += 16;
        input += 16;
    }
    if ((count & 8) != 0) {
        nn_copy_word(output, input);
        nn_copy_word(output + 4, input + 4);
        output += 8;
        input += 8;
    }
    if ((count & 4) != 0) {
        nn_copy_word(output, input);
        output += 4;
        input += 4;
    }
    for (count &= 3; count > 0; --count) {
        *output++ = *input++;
    }
}

#endif /* NN_COPY_H */
