/* SPDX-License-Identifier: Apache-2.0
 * By this header Arduino and PlatformIO find the library; like it, it brings Arduino.h. */
#pragma once
#include <Arduino.h>
