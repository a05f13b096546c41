/* SPDX-License-Identifier: Apache-2.0 */
#include "crash.h"
#include "harness_protocol.h"

#define UNMAPPED 0xE8000000u /* a hole in the memory map of every board */

extern volatile uint32_t mf_stack_start[];

static volatile uint32_t sink;

__attribute__((noinline)) static uint32_t overflow_stack(uint32_t depth) {
    volatile uint32_t frame[64];
    frame[depth % 64u] = depth;
    /* The sum keeps this from becoming a loop. */
    return depth == 0 ? frame[0] : overflow_stack(depth - 1u) + frame[0];
}

void mf_crash(uint32_t kind) {
    switch (kind) {
    case MF_CRASH_UNDEFINED:
        __asm__ volatile("udf #0");
        break;
    case MF_CRASH_STACK:
        sink = overflow_stack(UINT32_MAX);
        break;
    case MF_CRASH_DIVIDE: {
        volatile uint32_t seven = 7;
        volatile uint32_t zero = 0;
        sink = seven / zero;
        break;
    }
    case MF_CRASH_UNALIGNED: {
        /* Two words at once, which no core loads from an address that is not a multiple of 4. */
        uintptr_t odd = (uintptr_t)&sink | 1u;
        __asm__ volatile("ldmia %0!, {r2, r3}" : "+l"(odd)::"r2", "r3", "memory");
        break;
    }
    case MF_CRASH_CANARY:
        mf_stack_start[0] = 0;
        break;
#if __ARM_ARCH >= 7
    case MF_CRASH_LOCKUP:
        __asm__ volatile("cpsid f\n\tudf #0");
        break;
#endif
    case MF_CRASH_HANG:
        for (;;) {
        }
    default:
        sink = *(volatile uint32_t *)UNMAPPED;
        break;
    }
}
