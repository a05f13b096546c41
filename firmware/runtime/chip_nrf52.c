/* SPDX-License-Identifier: Apache-2.0
 *
 * nRF52832 to nRF52840, nRF52840 Product Specification. The core always runs at 64 MHz.
 */
#include "chip.h"
#include "gpio_nrf.h"

#define NVMC_CACHE 0x4001E540u

void mf_chip_init(void) {
    *mf_register(NVMC_CACHE) = 1;
    mf_nrf_clock();
    mf_nrf_pins();
}

void mf_led_set(bool on) {
    mf_nrf_led(on);
}
