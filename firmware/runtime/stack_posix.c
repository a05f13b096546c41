/* SPDX-License-Identifier: Apache-2.0 */
#include "stack.h"

void mf_stack_paint(void) {
}

uint32_t mf_stack_bytes(void) {
    return 0;
}

uint32_t mf_stack_high_water(void) {
    return 0;
}

bool mf_stack_intact(void) {
    return true;
}
