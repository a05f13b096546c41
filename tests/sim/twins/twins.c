/* SPDX-License-Identifier: Apache-2.0
 *
 * A model whose inputs are the first seed and how many cases there are, and whose outputs are the
 * seed of the first case in which the twins differ, else -1, and a digest of all cases.
 */
#include "twins_model.h"

static _Alignas(16) uint8_t arena[16];

#define INPUTS ((int32_t *)(void *)arena)
#define OUTPUTS (INPUTS + 2)

static mf_status nothing(void) {
    return MF_OK;
}

static uint32_t arena_used(void) {
    return sizeof arena;
}

static mf_status invoke(mf_op_hook hook, void *context) {
    uint32_t digest = 0;
    OUTPUTS[0] = -1;
    for (int32_t seed = INPUTS[0]; seed < INPUTS[0] + INPUTS[1]; ++seed) {
        const uint32_t found = twins_case((uint32_t)seed);
        if (found == 0) {
            OUTPUTS[0] = seed;
            break;
        }
        digest = digest * 31u + found;
    }
    OUTPUTS[1] = (int32_t)digest;
    if (hook != NULL) {
        hook(context, 0, (const uint8_t *)OUTPUTS, 8, 0, 8);
    }
    return MF_OK;
}

static const mf_tensor inputs[] = {
    {.data = INPUTS, .bytes = 8, .dtype = MF_INT32, .rank = 1, .shape = {2}},
};

static const mf_tensor outputs[] = {
    {.data = OUTPUTS, .bytes = 8, .dtype = MF_INT32, .rank = 1, .shape = {2}},
};

const mf_model twins_model = {
    .name = "twins",
    .engine = "aot",
    .hash = {0x72, 0x19},
    .arena_bytes = sizeof arena,
    .result_count = 1,
    .input_count = 1,
    .output_count = 1,
    .inputs = inputs,
    .outputs = outputs,
    .init = nothing,
    .reset = nothing,
    .invoke = invoke,
    .arena_used = arena_used,
};
