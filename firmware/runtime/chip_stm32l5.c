/* SPDX-License-Identifier: Apache-2.0
 *
 * STM32L552 and L562 with TrustZone off, RM0438. The PLL runs from MSI, the internal oscillator
 * that the chip starts with.
 */
#include "chip.h"
#include "gpio_stm32.h"

#define RCC_CR 0x40021000u
#define RCC_CFGR 0x40021008u
#define RCC_PLLCFGR 0x4002100Cu
#define RCC_AHB2ENR 0x4002104Cu /* bit n: clock of GPIO port n */
#define RCC_APB1ENR1 0x40021058u
#define PWR_CR1 0x40007000u
#define PWR_CR2 0x40007004u
#define PWR_SR2 0x40007014u
#define FLASH_ACR 0x40022000u
#define ICACHE_CR 0x40030400u
#define ICACHE_SR 0x40030404u
#define GPIO_A 0x42020000u

#define APB1ENR1_POWER (1u << 28)
#define CR1_VOLTAGE_RANGE (3u << 9) /* 0 is range 0, for up to 110 MHz */
#define SR2_VOLTAGE_CHANGES (1u << 10)
#define CR2_IO2_SUPPLY (1u << 9) /* pins 2 to 15 of port G have a supply of their own */
#define CR_PLL_ON (1u << 24)
#define CR_PLL_READY (1u << 25)
#define PLLCFGR_MSI 1u
#define PLLCFGR_R_ENABLE (1u << 24)
#define CFGR_SWITCH 0x3u
#define CFGR_STATUS 0xCu
#define CFGR_PLL 3u
#define CFGR_AHB_PRESCALER 0xF0u
#define CFGR_AHB_BY_2 0x80u
#define ACR_LATENCY 0xFu
#define ACR_110_MHZ 5u /* wait states in range 0 */
#define ICACHE_ON 1u
#define ICACHE_BUSY 1u

static bool start_pll(void) {
    mf_set_field(PWR_CR1, CR1_VOLTAGE_RANGE, 0);
    (void)mf_wait_field(PWR_SR2, SR2_VOLTAGE_CHANGES, 0);
    *mf_register(RCC_PLLCFGR) = PLLCFGR_MSI | ((MF_PLL_M - 1u) << 4) | (MF_PLL_N << 8) |
                                ((MF_PLL_P / 2u - 1u) << 25) | PLLCFGR_R_ENABLE;
    mf_set_bits(RCC_CR, CR_PLL_ON);
    return mf_wait_field(RCC_CR, CR_PLL_READY, CR_PLL_READY);
}

/* Above 80 MHz by way of half the clock, for the supply to follow. */
static void use_pll(void) {
    mf_set_field(FLASH_ACR, ACR_LATENCY, ACR_110_MHZ);
    (void)mf_wait_field(FLASH_ACR, ACR_LATENCY, ACR_110_MHZ);
    mf_set_field(RCC_CFGR, CFGR_AHB_PRESCALER, CFGR_AHB_BY_2);
    mf_set_field(RCC_CFGR, CFGR_SWITCH, CFGR_PLL);
    (void)mf_wait_field(RCC_CFGR, CFGR_STATUS, CFGR_PLL << 2);
    for (volatile uint32_t wait = 0; wait < 100u; wait = wait + 1u) {
    }
    mf_set_field(RCC_CFGR, CFGR_AHB_PRESCALER, 0);
}

void mf_chip_init(void) {
    mf_set_bits(RCC_APB1ENR1, APB1ENR1_POWER);
    (void)*mf_register(RCC_APB1ENR1);
    mf_set_bits(PWR_CR2, CR2_IO2_SUPPLY);
    if (start_pll()) {
        use_pll();
    }
    (void)mf_wait_field(ICACHE_SR, ICACHE_BUSY, 0);
    mf_set_bits(ICACHE_CR, ICACHE_ON);
    mf_stm32_pins(GPIO_A, RCC_AHB2ENR);
}

void mf_led_set(bool on) {
    mf_stm32_led(GPIO_A, on);
}
