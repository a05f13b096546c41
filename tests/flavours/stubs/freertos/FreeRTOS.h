/* SPDX-License-Identifier: Apache-2.0
 * What the application uses of FreeRTOS, to check that it compiles. */
#pragma once
#include <stdint.h>
typedef uint32_t TickType_t;
#define pdMS_TO_TICKS(ms) ((TickType_t)(ms))
