/* SPDX-License-Identifier: Apache-2.0
 * What the sketch uses of Arduino.h, on a computer: three rounds of loop(), Serial on stdout. */
#pragma once
#include <cstdio>
struct StubSerial {
    void begin(unsigned long) {
    }
    void print(const char *text) {
        std::printf("%s", text);
    }
    void println(const char *text) {
        std::printf("%s\n", text);
    }
    void println(int number) {
        std::printf("%d\n", number);
    }
};
static StubSerial Serial;
static inline void delay(unsigned long) {
}
