/* SPDX-License-Identifier: Apache-2.0
 *
 * Clock tree of the STM32 F4 and F7, which is nearly the same (RM0090 and RM0410, chapter RCC).
 * board.h has checked numbers: crystal / M * N / P is the core's clock.
 */
#ifndef MF_RCC_STM32F_H
#define MF_RCC_STM32F_H

#include "board.h"
#include "registers.h"

#define RCC_CR 0x40023800u
#define RCC_PLLCFGR 0x40023804u
#define RCC_CFGR 0x40023808u
#define RCC_AHB1ENR 0x40023830u /* bit n: clock of GPIO port n */
#define RCC_APB1ENR 0x40023840u
#define GPIO_A 0x40020000u
#define FLASH_ACR 0x40023C00u

#define CR_HSE_ON (1u << 16)
#define CR_HSE_READY (1u << 17)
#define CR_HSE_BYPASS (1u << 18)
#define CR_PLL_ON (1u << 24)
#define CR_PLL_READY (1u << 25)
#define PLLCFGR_SOURCE_HSE (1u << 22)
#define PLLCFGR_ALL 0x0F437FFFu /* M, N, P, source and Q */
#define CFGR_SWITCH 0x3u
#define CFGR_STATUS 0xCu
#define CFGR_PLL 2u
#define CFGR_PRESCALERS 0xFCF0u
#define CFGR_APB1_BY_4_APB2_BY_2 ((5u << 10) | (4u << 13))
#define APB1ENR_POWER (1u << 28)

#define HSI_HZ 16000000u
#define USB_HZ 48000000u /* of Q, which must not be exceeded even where nothing uses it */
#define REFERENCE_HZ (MF_CRYSTAL_HZ / MF_PLL_M)
#define VCO_HZ (REFERENCE_HZ * MF_PLL_N)

/* Starts the PLL: from the crystal, or where that does not start, from the internal oscillator at
 * the same frequency, with 1 % precision. Returns false where the PLL does not lock. */
static inline bool mf_rcc_start_pll(void) {
    mf_set_bits(RCC_CR, CR_HSE_ON | (MF_CRYSTAL_BYPASS ? CR_HSE_BYPASS : 0u));
    bool hse = mf_wait_field(RCC_CR, CR_HSE_READY, CR_HSE_READY);
    uint32_t m = hse ? MF_PLL_M : HSI_HZ / REFERENCE_HZ;
    uint32_t q = (VCO_HZ + USB_HZ - 1u) / USB_HZ;
    mf_set_field(RCC_PLLCFGR, PLLCFGR_ALL,
                 m | (MF_PLL_N << 6) | ((MF_PLL_P / 2u - 1u) << 16) |
                     (hse ? PLLCFGR_SOURCE_HSE : 0u) | (q << 24));
    mf_set_bits(RCC_CR, CR_PLL_ON);
    return mf_wait_field(RCC_CR, CR_PLL_READY, CR_PLL_READY);
}

/* Runs the core from the PLL, with APB1 at a quarter and APB2 at half of its clock. */
static inline void mf_rcc_use_pll(uint32_t flash_acr, uint32_t latency_mask) {
    *mf_register(FLASH_ACR) = flash_acr;
    (void)mf_wait_field(FLASH_ACR, latency_mask, flash_acr & latency_mask);
    mf_set_field(RCC_CFGR, CFGR_PRESCALERS, CFGR_APB1_BY_4_APB2_BY_2);
    mf_set_field(RCC_CFGR, CFGR_SWITCH, CFGR_PLL);
    (void)mf_wait_field(RCC_CFGR, CFGR_STATUS, CFGR_PLL << 2);
}

#endif /* MF_RCC_STM32F_H */
