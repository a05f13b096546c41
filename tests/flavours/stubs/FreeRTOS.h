/* SPDX-License-Identifier: Apache-2.0
 * What an example uses of FreeRTOS, to check that it compiles. */
#pragma once
#include <stdint.h>
typedef long BaseType_t;
typedef unsigned long UBaseType_t;
typedef uint32_t TickType_t;
typedef void (*TaskFunction_t)(void *);
typedef struct tskTaskControlBlock *TaskHandle_t;
#define pdPASS ((BaseType_t)1)
#define pdMS_TO_TICKS(ms) ((TickType_t)(ms))
#define configMINIMAL_STACK_SIZE 128
#define tskIDLE_PRIORITY ((UBaseType_t)0U)
