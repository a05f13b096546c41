/* SPDX-License-Identifier: Apache-2.0
 *
 * Serves the fake model, whose first input the device can make of raw samples.
 */
#include "fake_front_end.h"
#include "fake_model.h"
#include "harness.h"

int main(void) {
    mf_harness_take_raw(&fake_front_end);
    mf_harness_serve(&fake_model);
    return 0;
}
