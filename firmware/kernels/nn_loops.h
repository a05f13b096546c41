/* SPDX-License-Identifier: Apache-2.0
 *
 * The odometer of kernels that walk tensors of any rank. The planner has merged the dimensions and
 * prepared, for every level, how far each pointer moves when that level advances.
 */
#ifndef NN_LOOPS_H
#define NN_LOOPS_H

#include <stdint.h>

#define NN_MAX_LOOPS 8

/* For loops that are given what to do with an element: the compiler puts it in its place. */
#if defined(__GNUC__)
#define NN_ALWAYS_INLINE static inline __attribute__((always_inline))
#else
#define NN_ALWAYS_INLINE static inline
#endif

/* Advances a counter whose digit 0 is the innermost loop; all digits start at 0. Returns the level
 * that advanced, that is how many digits wrapped; `rank` once every iteration has been done. */
static inline int32_t nn_odometer_next(int32_t *digits, const int32_t *extents, int32_t rank) {
    int32_t level = 0;
    while (level < rank && ++digits[level] == extents[level]) {
        digits[level] = 0;
        ++level;
    }
    return level;
}

#endif /* NN_LOOPS_H */
