/* SPDX-License-Identifier: Apache-2.0
 *
 * The walk of the kernels that only move elements: `NN_DEFINE_MOVE(name, copy)` defines the kernel
 * `nn_<name>`, which moves what lies at one address with `copy(output, input, params)`.
 */
#ifndef NN_MOVE_H
#define NN_MOVE_H

#include <stdint.h>
#include <string.h>

#include "nn.h"
#include "nn_loops.h"

#if defined(__GNUC__)
#define NN_ALIGNED(address, bytes) __builtin_assume_aligned((address), (bytes))
#else
#define NN_ALIGNED(address, bytes) (address)
#endif

/* Copies one aligned element of any type of that size: a load and a store. */
#define NN_MOVE_ELEMENT(output, input, bytes)                                                      \
    memcpy(NN_ALIGNED(output, bytes), NN_ALIGNED(input, bytes), (bytes))

#define NN_DEFINE_MOVE(name, copy)                                                                 \
    void nn_##name(const nn_move_params *params, const void *input, void *output) {                \
        const int8_t *from = (const int8_t *)input + params->read;                                 \
        int8_t *to = (int8_t *)output + params->write;                                             \
        if (params->rank == 0 && params->count == 1) { /* as where a variable is written */        \
            copy(to, from, *params);                                                               \
            return;                                                                                \
        }                                                                                          \
        /* A copy that no output can alias: its members stay in registers. */                      \
        const nn_move_params p = *params;                                                          \
        int32_t digits[NN_MAX_LOOPS] = {0};                                                        \
        for (;;) {                                                                                 \
            const int8_t *row_from = from;                                                         \
            int8_t *row_to = to;                                                                   \
            for (int32_t i = 0; i < p.count; ++i) {                                                \
                copy(row_to, row_from, p);                                                         \
                row_from += p.read_stride;                                                         \
                row_to += p.write_stride;                                                          \
            }                                                                                      \
            const int32_t level = nn_odometer_next(digits, p.extents, p.rank);                     \
            if (level == p.rank) {                                                                 \
                return;                                                                            \
            }                                                                                      \
            from += p.read_steps[level];                                                           \
            to += p.write_steps[level];                                                            \
        }                                                                                          \
    }

#endif /* NN_MOVE_H */
