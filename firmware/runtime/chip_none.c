/* SPDX-License-Identifier: Apache-2.0
 *
 * A chip whose clocks and pins need nothing, without an LED: Arm's MPS boards, and a host.
 */
#include "chip.h"

void mf_chip_init(void) {
}

void mf_led_set(bool on) {
    (void)on;
}
