/* SPDX-License-Identifier: Apache-2.0
 *
 * Feeds the application's API float32 samples from stdin, and writes its float32 outputs to stdout.
 * For the autoencoder. */
#include <stdio.h>

#include "autoencoder_application.h"

int main(void) {
    static float input[AUTOENCODER_APPLICATION_INPUT_0];
    static float output[AUTOENCODER_APPLICATION_OUTPUT_0];
    const float *const inputs[] = {input};
    float *const outputs[] = {output};
    if (!autoencoder_application_init()) {
        return 1;
    }
    while (fread(input, sizeof input, 1, stdin) == 1) {
        if (!autoencoder_application_run(inputs, outputs) ||
            fwrite(output, sizeof output, 1, stdout) != 1) {
            return 1;
        }
    }
    return 0;
}
