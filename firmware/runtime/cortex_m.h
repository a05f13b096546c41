/* SPDX-License-Identifier: Apache-2.0
 *
 * The few core registers of ARMv6-M, ARMv7-M and ARMv8-M Mainline that the runtime uses. ARMv6-M
 * lacks some: what says why a fault happened reads as zero there.
 */
#ifndef MF_CORTEX_M_H
#define MF_CORTEX_M_H

#include <stdint.h>

typedef struct {
    volatile uint32_t cpuid;
    volatile uint32_t icsr;
    volatile uint32_t vtor;
    volatile uint32_t aircr;
    volatile uint32_t scr;
    volatile uint32_t ccr;
    volatile uint32_t shpr[3];
    volatile uint32_t shcsr;
    volatile uint32_t cfsr;
    volatile uint32_t hfsr;
    volatile uint32_t dfsr;
    volatile uint32_t mmfar;
    volatile uint32_t bfar;
    volatile uint32_t afsr;
    volatile uint32_t identification[18];
    volatile uint32_t cpacr;
} mf_scb;

typedef struct {
    volatile uint32_t control;
    volatile uint32_t reload;
    volatile uint32_t value;
    volatile uint32_t calibration;
} mf_systick;

/* Of ARMv6-M and ARMv7-M: in ARMv8-M the registers differ. */
typedef struct {
    volatile uint32_t type;
    volatile uint32_t control;
    volatile uint32_t region_number;
    volatile uint32_t region_base;
    volatile uint32_t region_attributes;
} mf_mpu;

#define SCB ((mf_scb *)0xE000ED00u)
#define SYSTICK ((mf_systick *)0xE000E010u)
#define MPU ((mf_mpu *)0xE000ED90u)

#define ICSR_ACTIVE_EXCEPTION 0x1FFu
#define ICSR_CLEAR_SYSTICK (1u << 25)
#define ICSR_SYSTICK_PENDING (1u << 26)
#define CCR_TRAP_DIVIDE_BY_ZERO (1u << 4)
#define CCR_LOOP_BRANCHES (1u << 19)     /* ARMv8.1-M: lets low-overhead loops run at speed */
#define SHCSR_SEPARATE_FAULTS (7u << 16) /* memory, bus and usage faults are no hard faults */
#define CPACR_FPU_AND_MVE (0xFu << 20)

#define MPU_REGIONS (0xFFu << 8)
#define MPU_ENABLE (1u << 0)
#define MPU_DEFAULT_MAP (1u << 2) /* where no region lies, as without an MPU */
#define MPU_REGION_ENABLE (1u << 0)
#define MPU_REGION_256_BYTES (7u << 1)
#define MPU_REGION_NO_ACCESS ((0u << 24) | (1u << 28))

#define SYSTICK_ENABLE (1u << 0)
#define SYSTICK_INTERRUPT (1u << 1)
#define SYSTICK_CORE_CLOCK (1u << 2)

/* Masks interrupts and returns what mf_interrupts_restore needs. */
static inline uint32_t mf_interrupts_mask(void) {
    uint32_t masked;
    __asm__ volatile("mrs %0, primask\n\tcpsid i" : "=r"(masked)::"memory");
    return masked;
}

static inline void mf_interrupts_restore(uint32_t masked) {
    __asm__ volatile("msr primask, %0" ::"r"(masked) : "memory");
}

static inline void mf_barrier(void) {
    __asm__ volatile("dsb\n\tisb" ::: "memory");
}

#endif /* MF_CORTEX_M_H */
