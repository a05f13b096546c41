/* Runs the models that `trials` lists: inputs from stdin, every output to stdout.
 *
 * Bytes of the arena that nobody is going to read are overwritten: all before the inputs come, and
 * those that `poison` tells after each op or row.
 */
#ifndef RUN_TRIALS_H
#define RUN_TRIALS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mcuforge/engine.h"

/* `poison` has for each output or row, as a trace is told of them, its result, its offset, and how
 * many intervals to overwrite, followed by begin and length of each. */
typedef struct {
    const mf_model *model;
    mf_status (*set_arena)(void *buffer, size_t bytes);
    const uint32_t *poison;
} trial;

typedef struct {
    uint8_t *arena;
    const uint32_t *poison;
    int count;
} run;

static void tell(void *context, uint32_t op, const void *output, uint32_t bytes, uint32_t offset,
                 uint32_t total) {
    const uint32_t head[] = {op, bytes, offset, total};
    run *r = context;
    if (fwrite(head, 16, 1, stdout) != 1 || fwrite(output, bytes, 1, stdout) != 1) {
        exit(4);
    }
    if (r->poison[0] != op || r->poison[1] != offset) {
        (void)fprintf(stderr, "told of result %u from %u on, expected %u from %u on\n",
                      (unsigned)op, (unsigned)offset, (unsigned)r->poison[0],
                      (unsigned)r->poison[1]);
        exit(5);
    }
    const uint32_t *const end = r->poison + 3 + 2 * r->poison[2];
    for (const uint32_t *p = r->poison + 3; p < end; p += 2) {
        memset(r->arena + p[0], 0x55 + 77 * ++r->count, p[1]);
    }
    r->poison = end;
}

static int run_trials(const trial *trials, size_t first, size_t end, int steps) {
    for (size_t t = first; t < end; ++t) {
        const mf_model *const model = trials[t].model;
        const size_t bytes = (model->arena_bytes + 16) / 16 * 16;
        uint8_t *const arena = aligned_alloc(16, bytes);
        if (arena == NULL || trials[t].set_arena(arena, bytes) != MF_OK || model->init() != MF_OK) {
            return 2;
        }
        for (int step = 0; step < steps; ++step) {
            run r = {arena, trials[t].poison, step};
            memset(arena, 0xa5, bytes);
            for (uint32_t i = 0; i < model->input_count; ++i) {
                const mf_tensor *input = &model->inputs[i];
                if (fread(input->data, input->bytes, 1, stdin) != 1) {
                    return 0;
                }
            }
            if (model->invoke(tell, &r) != MF_OK) {
                return 3;
            }
            for (uint32_t i = 0; i < model->output_count; ++i) {
                const mf_tensor *output = &model->outputs[i];
                if (fwrite(output->data, output->bytes, 1, stdout) != 1) {
                    return 4;
                }
            }
            (void)fflush(stdout);
        }
        free(arena);
    }
    return 0;
}

#endif
