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
    if (bytes == 0) { /* runs of it follow */
        return;
    }
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

/* Inputs and outputs that stream: their rows come in order, each once. */
#define MOST_BORDERS 32
static struct {
    uint8_t *data;
    uint32_t rows;
} given[MOST_BORDERS], taken[MOST_BORDERS];

static int give(void *context, uint32_t input, uint32_t row, void *destination, uint32_t bytes) {
    if (context != given || row != given[input].rows++) {
        exit(6);
    }
    memcpy(destination, given[input].data + row * bytes, bytes);
    return 0;
}

static int take(void *context, uint32_t output, uint32_t row, const void *source, uint32_t bytes) {
    if (context != given || row != taken[output].rows++) {
        exit(7);
    }
    memcpy(taken[output].data + row * bytes, source, bytes);
    return 0;
}

static const mf_rows every_row = {.give = give, .take = take, .context = given};

/* Where all of a tensor lies: at `data`, or where that is NULL beside the model. */
static uint8_t *all_of(const mf_tensor *tensor) {
    uint8_t *const data = tensor->data != NULL ? tensor->data : malloc(tensor->bytes);
    if (data == NULL) {
        exit(8);
    }
    return data;
}

/* Whether all rows of a tensor came. */
static int all_came(const mf_tensor *tensor, uint32_t rows) {
    return rows == (tensor->row_bytes != 0 ? tensor->bytes / tensor->row_bytes : 0);
}

static void let_go(const mf_tensor *tensor, uint8_t *data) {
    if (tensor->data == NULL) {
        free(data);
    }
}

static int run_trials(const trial *trials, size_t first, size_t end, int steps) {
    for (size_t t = first; t < end; ++t) {
        const mf_model *const model = trials[t].model;
        const size_t bytes = (model->arena_bytes + 16) / 16 * 16;
        uint8_t *const arena = aligned_alloc(16, bytes);
        if (arena == NULL || trials[t].set_arena(arena, bytes) != MF_OK || model->init() != MF_OK) {
            return 2;
        }
        if (model->set_rows != NULL && model->set_rows(&every_row) != MF_OK) {
            return 2;
        }
        for (int step = 0; step < steps; ++step) {
            run r = {arena, trials[t].poison, step};
            memset(arena, 0xa5, bytes);
            for (uint32_t i = 0; i < model->input_count; ++i) {
                const mf_tensor *input = &model->inputs[i];
                given[i].data = all_of(input);
                given[i].rows = 0;
                if (fread(given[i].data, input->bytes, 1, stdin) != 1) {
                    return 0;
                }
            }
            for (uint32_t i = 0; i < model->output_count; ++i) {
                taken[i].data = all_of(&model->outputs[i]);
                taken[i].rows = 0;
            }
            if (model->invoke(tell, &r) != MF_OK) {
                return 3;
            }
            for (uint32_t i = 0; i < model->output_count; ++i) {
                const mf_tensor *output = &model->outputs[i];
                if (!all_came(output, taken[i].rows) ||
                    fwrite(taken[i].data, output->bytes, 1, stdout) != 1) {
                    return 4;
                }
                let_go(output, taken[i].data);
            }
            for (uint32_t i = 0; i < model->input_count; ++i) {
                if (!all_came(&model->inputs[i], given[i].rows)) {
                    return 9;
                }
                let_go(&model->inputs[i], given[i].data);
            }
            (void)fflush(stdout);
        }
        free(arena);
    }
    return 0;
}

#endif
