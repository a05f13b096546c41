/* SPDX-License-Identifier: Apache-2.0
 *
 * nRF51822, nRF51 Series Reference Manual. The core always runs at 16 MHz.
 */
#include "chip.h"
#include "gpio_nrf.h"

void mf_chip_init(void) {
    mf_nrf_clock();
    mf_nrf_pins();
}

void mf_led_set(bool on) {
    mf_nrf_led(on);
}
