/* SPDX-License-Identifier: Apache-2.0
 *
 * STM32F76x and F77x, RM0410; the caches of the Cortex-M7, PM0253.
 */
#include "chip.h"
#include "cortex_m.h"
#include "gpio_stm32.h"
#include "rcc_stm32f.h"

#define PWR_CR1 0x40007000u
#define PWR_CSR1 0x40007004u
#define OVERDRIVE (1u << 16) /* in both: on, and ready */
#define OVERDRIVE_SWITCH (1u << 17)

/* 7 wait states, for 210 to 216 MHz at 2.7 to 3.6 V; prefetch. */
#define ACR_LATENCY 0xFu
#define ACR_216_MHZ (7u | (1u << 8))

#define SCB_CCSIDR 0xE000ED80u /* sizes of the cache chosen by CSSELR */
#define SCB_CSSELR 0xE000ED84u
#define SCB_ICIALLU 0xE000EF50u
#define SCB_DCISW 0xE000EF60u
#define CCR_DATA_CACHE (1u << 16)
#define CCR_INSTRUCTION_CACHE (1u << 17)

/* Without the overdrive, 180 MHz is the most. */
static void start_overdrive(void) {
    mf_set_bits(PWR_CR1, OVERDRIVE);
    (void)mf_wait_field(PWR_CSR1, OVERDRIVE, OVERDRIVE);
    mf_set_bits(PWR_CR1, OVERDRIVE_SWITCH);
    (void)mf_wait_field(PWR_CSR1, OVERDRIVE_SWITCH, OVERDRIVE_SWITCH);
}

/* Their content is unknown after power-up. The data cache has four ways of lines of 32 bytes. */
static void enable_caches(void) {
    *mf_register(SCB_ICIALLU) = 0;
    *mf_register(SCB_CSSELR) = 0;
    mf_barrier();
    uint32_t last_set = (*mf_register(SCB_CCSIDR) >> 13) & 0x7FFFu;
    for (uint32_t set = 0; set <= last_set; set++) {
        for (uint32_t way = 0; way < 4u; way++) {
            *mf_register(SCB_DCISW) = (way << 30) | (set << 5);
        }
    }
    mf_barrier();
    SCB->ccr |= CCR_INSTRUCTION_CACHE | CCR_DATA_CACHE;
    mf_barrier();
}

void mf_chip_init(void) {
    mf_set_bits(RCC_APB1ENR, APB1ENR_POWER);
    (void)*mf_register(RCC_APB1ENR);
    if (mf_rcc_start_pll()) {
        start_overdrive();
        mf_rcc_use_pll(ACR_216_MHZ, ACR_LATENCY);
    }
    enable_caches();
    mf_stm32_pins(GPIO_A, RCC_AHB1ENR);
}

void mf_led_set(bool on) {
    mf_stm32_led(GPIO_A, on);
}
