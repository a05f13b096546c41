/* SPDX-License-Identifier: Apache-2.0
 *
 * STM32F405 to STM32F429, RM0090.
 */
#include "chip.h"
#include "gpio_stm32.h"
#include "rcc_stm32f.h"

#define PWR_CR 0x40007000u
#define PWR_CR_SCALE_1 (1u << 14) /* the core voltage for more than 144 MHz */

/* 5 wait states, for 150 to 168 MHz at 2.7 to 3.6 V; prefetch, instruction and data cache. */
#define ACR_LATENCY 0x7u
#define ACR_168_MHZ (5u | (1u << 8) | (1u << 9) | (1u << 10))

void mf_chip_init(void) {
    mf_set_bits(RCC_APB1ENR, APB1ENR_POWER);
    (void)*mf_register(RCC_APB1ENR);
    mf_set_bits(PWR_CR, PWR_CR_SCALE_1);
    if (mf_rcc_start_pll()) {
        mf_rcc_use_pll(ACR_168_MHZ, ACR_LATENCY);
    }
    mf_stm32_pins(GPIO_A, RCC_AHB1ENR);
}

void mf_led_set(bool on) {
    mf_stm32_led(GPIO_A, on);
}
