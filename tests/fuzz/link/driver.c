/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs a fuzz target where there is no libFuzzer: `driver CASES SECONDS SEED` on random inputs, the
 * same for the same seed, until one of the first two is reached (0: no limit), or `driver FILE`.
 */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define LONGEST 4096u
#define HANGS_AFTER_SECONDS 20u
#define CASES_A_LOOK 256u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t bytes[LONGEST];
static size_t length;
static unsigned long long number;

/* xorshift64* (S. Vigna, 2016) */
static uint64_t drawn(uint64_t *state) {
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 0x2545F4914F6CDD1DULL;
}

static void fill(uint64_t seed) {
    uint64_t state = seed * 0x9E3779B97F4A7C15ULL + 1u;
    length = (size_t)(drawn(&state) % (drawn(&state) % 4u == 0 ? LONGEST : 256u));
    for (size_t i = 0; i < length; i++) {
        uint64_t value = drawn(&state);
        bytes[i] = (uint8_t)(value % 5u == 0 ? value >> 32 & 3u : value >> 32);
    }
}

static void tell(int signal_number) {
    FILE *file = fopen("failed_input", "wb");
    if (file != NULL) {
        fwrite(bytes, 1, length, file);
        fclose(file);
    }
    fprintf(stderr, "signal %d in case %llu, which is in failed_input\n", signal_number, number);
    _exit(1);
}

static int replay(const char *name) {
    FILE *file = fopen(name, "rb");
    if (file == NULL) {
        perror(name);
        return 2;
    }
    length = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    return LLVMFuzzerTestOneInput(bytes, length);
}

int main(int count, char **arguments) {
    if (count == 2) {
        return replay(arguments[1]);
    }
    if (count != 4) {
        return 2;
    }
    unsigned long long cases = strtoull(arguments[1], NULL, 10);
    double seconds = strtod(arguments[2], NULL);
    uint64_t seed = strtoull(arguments[3], NULL, 10);
    signal(SIGABRT, tell);
    signal(SIGALRM, tell);
    time_t begun = time(NULL);
    for (number = 0; cases == 0 || number < cases; number++) {
        if (number % CASES_A_LOOK == 0) {
            alarm(HANGS_AFTER_SECONDS);
            if (seconds > 0 && difftime(time(NULL), begun) >= seconds) {
                break;
            }
        }
        fill((seed << 32) + number);
        LLVMFuzzerTestOneInput(bytes, length);
    }
    printf("%llu cases\n", number);
    return 0;
}
