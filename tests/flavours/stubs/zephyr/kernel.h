/* SPDX-License-Identifier: Apache-2.0
 * What the sample uses of Zephyr's kernel.h, to check that it compiles. */
#pragma once
#include <stdint.h>
typedef struct {
    int64_t ticks;
} k_timeout_t;
#define K_SECONDS(s) ((k_timeout_t){(s)})
int32_t k_sleep(k_timeout_t timeout);
