/* SPDX-License-Identifier: Apache-2.0 */
#include "Arduino.h"
#include SKETCH

int main() {
    setup();
    for (int i = 0; i < 3; ++i) {
        loop();
    }
}
