/* SPDX-License-Identifier: Apache-2.0
 *
 * Reset and the vector table of a Cortex-M. No interrupt of the chip itself is used: the table
 * ends after the core's own exceptions.
 */
#include "chip.h"
#include "cortex_m.h"
#include "fault.h"
#include "stack.h"

#include <stdbool.h>
#include <string.h>

/* From the linker script. */
extern uint32_t mf_stack_guard[]; /* below the stack, where an MPU is to guard it */
extern uint32_t mf_stack_start[];
extern uint32_t mf_stack_end[];
extern uint8_t mf_data_start[];
extern uint8_t mf_data_end[];
extern const uint8_t mf_data_image[];
extern uint8_t mf_bss_start[];
extern uint8_t mf_bss_end[];
extern uint8_t mf_arena_start[];
extern uint8_t mf_arena_end[];

#define GUARD_BYTES 256u /* of the region, and of the linker script's space for it */

int main(void);
void Reset_Handler(void);
void SysTick_Handler(void);

/* Replaced by the stopwatch that uses SysTick. Without one, it is as unexpected as any other. */
__attribute__((weak, naked)) void SysTick_Handler(void) {
    __asm__ volatile("ldr r0, =mf_fault_entry\n\tbx r0\n\t.ltorg");
}

typedef struct {
    uint32_t *stack;
    void (*handlers[15])(void);
} vector_table;

/* One handler sees all: it tells faults apart by the number of the exception. */
__attribute__((section(".vectors"), used)) static const vector_table vectors = {
    .stack = mf_stack_end,
    .handlers =
        {
            Reset_Handler,  /*  1 */
            mf_fault_entry, /*  2 NMI */
            mf_fault_entry, /*  3 HardFault */
            mf_fault_entry, /*  4 MemManage */
            mf_fault_entry, /*  5 BusFault */
            mf_fault_entry, /*  6 UsageFault */
            mf_fault_entry, /*  7 SecureFault */
            mf_fault_entry, /*  8 */
            mf_fault_entry, /*  9 */
            mf_fault_entry, /* 10 */
            mf_fault_entry, /* 11 SVCall */
            mf_fault_entry, /* 12 DebugMonitor */
            mf_fault_entry, /* 13 */
            mf_fault_entry, /* 14 PendSV */
            SysTick_Handler /* 15 */
        },
};

static void enable_core_features(void) {
    SCB->vtor = (uint32_t)(uintptr_t)&vectors;
#if __ARM_ARCH >= 7
    SCB->ccr |= CCR_TRAP_DIVIDE_BY_ZERO;
    SCB->shcsr |= SHCSR_SEPARATE_FAULTS;
#endif
#if defined(__ARM_FP) || defined(__ARM_PCS_VFP) || defined(__ARM_FEATURE_MVE)
    SCB->cpacr |= CPACR_FPU_AND_MVE;
#endif
#if defined(__ARM_FEATURE_MVE)
    SCB->ccr |= CCR_LOOP_BRANCHES;
#endif
    mf_barrier();
}

#if __ARM_ARCH < 8
/* The linker script decides whether a guard was reserved: an MPU alone does not mean that there is
 * one, and where there is none, the region would lie over the stack itself. A difference, since the
 * compiler takes two arrays for never equal. */
static bool has_guard(void) {
    uintptr_t reserved = (uintptr_t)mf_stack_start - (uintptr_t)mf_stack_guard;
    return reserved >= GUARD_BYTES && (MPU->type & MPU_REGIONS) != 0;
}
#endif

/* Makes a fault of a stack overflow, instead of wrong data. */
static void guard_stack(void) {
#if __ARM_ARCH >= 8
    __asm__ volatile("msr msplim, %0" ::"r"(mf_stack_start));
#else
    if (has_guard()) {
        MPU->region_number = 0;
        MPU->region_base = (uint32_t)(uintptr_t)mf_stack_guard;
        MPU->region_attributes = MPU_REGION_NO_ACCESS | MPU_REGION_256_BYTES | MPU_REGION_ENABLE;
        MPU->control = MPU_DEFAULT_MAP | MPU_ENABLE;
    }
#endif
    mf_barrier();
}

void Reset_Handler(void) {
    enable_core_features();
    guard_stack();
    mf_stack_paint();
    memcpy(mf_data_start, mf_data_image, (size_t)(mf_data_end - mf_data_start));
    memset(mf_bss_start, 0, (size_t)(mf_bss_end - mf_bss_start));
    memset(mf_arena_start, 0, (size_t)(mf_arena_end - mf_arena_start));
    mf_chip_init();
    (void)main();
    for (;;) {
    }
}
