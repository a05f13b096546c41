/* SPDX-License-Identifier: Apache-2.0
 *
 * The loops of binary kernels (see nn_broadcast in nn.h). A kernel names what it makes of two
 * elements, which is inlined into the loops.
 */
#ifndef NN_BROADCAST_H
#define NN_BROADCAST_H

#include <stdint.h>

#include "nn.h"
#include "nn_loops.h"

/* The types of elements, of results, and what elements are computed as: a kernel of others defines
 * them before it includes this. */
#ifndef NN_ELEMENT
#define NN_ELEMENT int8_t
#endif
#ifndef NN_RESULT
#define NN_RESULT NN_ELEMENT
#endif
#ifndef NN_OPERAND
#define NN_OPERAND int32_t
#endif
typedef NN_ELEMENT nn_element;
typedef NN_RESULT nn_result;
typedef NN_OPERAND nn_operand;

typedef nn_result (*nn_binary)(const void *params, nn_operand a, nn_operand b);

NN_ALWAYS_INLINE void nn_broadcast_apply(const nn_broadcast *loops, nn_binary binary,
                                         const void *params, const nn_element *input1,
                                         const nn_element *input2, nn_result *output) {
    /* A copy that no output can alias: its members stay in registers. */
    const nn_broadcast l = *loops;
    int32_t digits[NN_MAX_LOOPS] = {0};
    for (;;) {
        const nn_element *a = input1;
        const nn_element *b = input2;
        for (int32_t i = 0; i < l.inner; ++i) {
            output[i] = binary(params, *a, *b);
            a += l.stride1;
            b += l.stride2;
        }
        const int32_t level = nn_odometer_next(digits, l.extents, l.rank);
        if (level == l.rank) {
            return;
        }
        input1 += l.steps1[level];
        input2 += l.steps2[level];
        output += l.inner;
    }
}

#endif /* NN_BROADCAST_H */
