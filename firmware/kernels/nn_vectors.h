/* SPDX-License-Identifier: Apache-2.0
 *
 * Copying and filling bytes a vector of 16 at a time, for the kernels for Helium. Compilers do not
 * make loops whose last vector is cut off (WLSTP ... LETP), which take three instructions each.
 */
#ifndef NN_VECTORS_H
#define NN_VECTORS_H

#include <stdint.h>
#include <string.h>

#include "nn_dsp.h"
#include "nn_mve.h"

enum { NN_VECTOR = 16 };

/* `bytes` >= 0 rounded up to whole vectors. */
static inline int32_t nn_whole_vectors(int32_t bytes) {
    return (bytes + NN_VECTOR - 1) & -NN_VECTOR;
}

/* How many bytes there are from `start` on: their difference as pointers may have 16 bits only. */
static inline int32_t nn_bytes_up_to(const int8_t *end, const int8_t *start) {
    return (int32_t)((uint32_t)(uintptr_t)end - (uint32_t)(uintptr_t)start);
}

#if NN_MVE && NN_ASM

NN_ASM_FUNCTION NN_ASM_UNUSED static void nn_copy_run(NN_ASM_UNUSED int8_t *target,
                                                      NN_ASM_UNUSED const int8_t *source,
                                                      NN_ASM_UNUSED int32_t count) {
    __asm__("    push {r4, lr}            \n"
            "    wlstp.8 lr, r2, 2f       \n"
            "1:                           \n"
            "    vldrb.8 q0, [r1], #16    \n"
            "    vstrb.8 q0, [r0], #16    \n"
            "    letp lr, 1b              \n"
            "2:                           \n"
            "    pop {r4, pc}             \n");
}

NN_ASM_FUNCTION NN_ASM_UNUSED static void
nn_fill_run(NN_ASM_UNUSED int8_t *target, NN_ASM_UNUSED int8_t value, NN_ASM_UNUSED int32_t count) {
    __asm__("    push {r4, lr}            \n"
            "    vdup.8 q0, r1            \n"
            "    wlstp.8 lr, r2, 2f       \n"
            "1:                           \n"
            "    vstrb.8 q0, [r0], #16    \n"
            "    letp lr, 1b              \n"
            "2:                           \n"
            "    pop {r4, pc}             \n");
}

/* `runs` >= 1 runs of `count` bytes, `step` bytes apart in the source, one after the other. */
NN_ASM_FUNCTION NN_ASM_UNUSED static void
nn_copy_runs(NN_ASM_UNUSED int8_t *target, NN_ASM_UNUSED const int8_t *source,
             NN_ASM_UNUSED int32_t count, NN_ASM_UNUSED int32_t step, NN_ASM_UNUSED int32_t runs) {
    __asm__("    push {r4-r6, lr}         \n"
            "    ldr r4, [sp, #16]        \n"
            "1:                           \n"
            "    mov r5, r0               \n"
            "    mov r6, r1               \n"
            "    wlstp.8 lr, r2, 3f       \n"
            "2:                           \n"
            "    vldrb.8 q0, [r6], #16    \n"
            "    vstrb.8 q0, [r5], #16    \n"
            "    letp lr, 2b              \n"
            "3:                           \n"
            "    add r0, r0, r2           \n"
            "    add r1, r1, r3           \n"
            "    subs r4, r4, #1          \n"
            "    bne 1b                   \n"
            "    pop {r4-r6, pc}          \n");
}

#else

#if NN_MVE

static inline void nn_copy_run(int8_t *target, const int8_t *source, int32_t count) {
    nn_mve_copy(target, source, count);
}

static inline void nn_fill_run(int8_t *target, int8_t value, int32_t count) {
    nn_mve_fill(target, value, count);
}

#else

static inline void nn_copy_run(int8_t *target, const int8_t *source, int32_t count) {
    memcpy(target, source, (size_t)count);
}

static inline void nn_fill_run(int8_t *target, int8_t value, int32_t count) {
    memset(target, value, (size_t)count);
}

#endif

static inline void nn_copy_runs(int8_t *target, const int8_t *source, int32_t count, int32_t step,
                                int32_t runs) {
    for (int32_t run = 0; run < runs; ++run) {
        nn_copy_run(target + run * count, source + run * step, count);
    }
}

#endif

#endif /* NN_VECTORS_H */
