/* SPDX-License-Identifier: Apache-2.0
 * Starts the application, and ends it after three rounds. */
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include <stdlib.h>

void app_main(void);

void vTaskDelay(const TickType_t ticks) {
    static int rounds = 0;
    (void)ticks;
    if (++rounds == 3) {
        exit(0);
    }
}

int main(void) {
    app_main();
    return 1;
}
