/* SPDX-License-Identifier: Apache-2.0
 *
 * The loops of all reductions (see nn_reduction in nn.h). A kernel names how an element joins what
 * was found so far, and what becomes of the result; both are inlined into the loops.
 */
#ifndef NN_REDUCE_H
#define NN_REDUCE_H

#include <stdint.h>

#include "nn.h"
#include "nn_loops.h"

/* The type of elements: a kernel of another one defines it before it includes this. */
#ifndef NN_ELEMENT
#define NN_ELEMENT int8_t
#endif
typedef NN_ELEMENT nn_element;

enum { NN_REDUCE_LANES = 4 };

typedef struct {
    int32_t start;
    int32_t (*combine)(int32_t found, int32_t element);
    nn_element (*finish)(const void *params, int32_t found);
    const void *params;
} nn_reducer;

NN_ALWAYS_INLINE int32_t nn_reduce_run(const nn_reduction *r, nn_reducer reducer,
                                       const nn_element *input, int32_t found) {
    for (int32_t i = 0; i < r->reduced; ++i) {
        found = reducer.combine(found, input[i * r->reduced_stride]);
    }
    return found;
}

/* Four runs side by side, whose elements lie inner_stride apart. */
NN_ALWAYS_INLINE void nn_reduce_runs(const nn_reduction *r, nn_reducer reducer,
                                     const nn_element *input, int32_t found[NN_REDUCE_LANES]) {
    const int32_t lane = r->inner_stride;
    int32_t found0 = found[0];
    int32_t found1 = found[1];
    int32_t found2 = found[2];
    int32_t found3 = found[3];
    for (int32_t i = 0; i < r->reduced; ++i) {
        const nn_element *const first = input + i * r->reduced_stride;
        found0 = reducer.combine(found0, first[0]);
        found1 = reducer.combine(found1, first[lane]);
        found2 = reducer.combine(found2, first[2 * lane]);
        found3 = reducer.combine(found3, first[3 * lane]);
    }
    found[0] = found0;
    found[1] = found1;
    found[2] = found2;
    found[3] = found3;
}

/* All elements of `lanes` (1 or 4) neighbouring outputs. */
NN_ALWAYS_INLINE void nn_reduce_lanes(const nn_reduction *r, nn_reducer reducer,
                                      const nn_element *input, int32_t lanes,
                                      int32_t found[NN_REDUCE_LANES]) {
    int32_t digits[NN_MAX_LOOPS] = {0};
    for (;;) {
        if (lanes == NN_REDUCE_LANES) {
            nn_reduce_runs(r, reducer, input, found);
        } else {
            found[0] = nn_reduce_run(r, reducer, input, found[0]);
        }
        const int32_t level = nn_odometer_next(digits, r->reduced_extents, r->reduced_rank);
        if (level == r->reduced_rank) {
            return;
        }
        input += r->reduced_steps[level];
    }
}

NN_ALWAYS_INLINE void nn_reduce_row(const nn_reduction *r, nn_reducer reducer,
                                    const nn_element *input, nn_element *output) {
    for (int32_t i = 0; i < r->inner;) {
        const int32_t lanes = r->inner - i >= NN_REDUCE_LANES ? NN_REDUCE_LANES : 1;
        int32_t found[NN_REDUCE_LANES] = {reducer.start, reducer.start, reducer.start,
                                          reducer.start};
        nn_reduce_lanes(r, reducer, input + i * r->inner_stride, lanes, found);
        for (int32_t lane = 0; lane < lanes; ++lane) {
            output[i + lane] = reducer.finish(reducer.params, found[lane]);
        }
        i += lanes;
    }
}

NN_ALWAYS_INLINE void nn_reduce(const nn_reduction *r, nn_reducer reducer, const nn_element *input,
                                nn_element *output) {
    int32_t digits[NN_MAX_LOOPS] = {0};
    for (;;) {
        nn_reduce_row(r, reducer, input, output);
        const int32_t level = nn_odometer_next(digits, r->kept_extents, r->kept_rank);
        if (level == r->kept_rank) {
            return;
        }
        input += r->kept_steps[level];
        output += r->inner;
    }
}

#endif /* NN_REDUCE_H */
