/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "nn.h"
#include "twins_model.h"

enum { INPUTS = 100, OUTPUTS = 20, CHUNKS = 7, FOURS = 5, GUARD = 16 };

void in_assembly(const nn_fully_connected_helium_s8_params *params, const int8_t *input,
                 int8_t *output);
void in_c(const nn_fully_connected_helium_s8_params *params, const int8_t *input, int8_t *output);

static int8_t input[INPUTS];
static int8_t outputs[2][OUTPUTS + GUARD];
static int8_t weights[FOURS * CHUNKS * 4 * 16];
static int32_t records[FOURS][3][4];

static void draw_records(uint32_t *state, int32_t rounding) {
    for (int32_t four = 0; four < FOURS; ++four) {
        for (int32_t i = 0; i < 4; ++i) {
            records[four][0][i] = twins_between(state, -20000, 20000);
            records[four][1][i] = twins_between(state, 1 << 30, INT32_MAX - 1);
            records[four][2][i] = -twins_between(state, 5, 10);
            if (twins_between(state, 0, 3) == 0) {
                records[four][2][i] = twins_between(state, -31, rounding == NN_ROUND_ANY ? 30 : -1);
            }
        }
    }
}

uint32_t twins_case(uint32_t seed) {
    uint32_t state = seed * 2654435761u + 1u;
    nn_fully_connected_helium_s8_params p = {
        .stage = {&records[0][0][0], -128, -128, 127, twins_between(&state, 0, 2)},
        .inputs = twins_between(&state, 1, INPUTS),
        .outputs = twins_between(&state, 1, OUTPUTS),
        .weights = weights,
    };
    if (p.stage.rounding != NN_ROUND_UP) {
        p.stage.offset = twins_between(&state, -128, 127);
    }
    if (p.stage.rounding == NN_ROUND_ANY) {
        p.stage.activation_min = twins_between(&state, -128, 0);
        p.stage.activation_max = twins_between(&state, 1, 127);
    }
    draw_records(&state, p.stage.rounding);
    twins_fill(&state, weights, (int32_t)sizeof weights);
    twins_fill(&state, input, (int32_t)sizeof input);
    memset(outputs, 0x5A, sizeof outputs);
    in_assembly(&p, input, outputs[0]);
    in_c(&p, input, outputs[1]);
    const int same = memcmp(outputs[0], outputs[1], sizeof outputs[0]) == 0;
    return same ? twins_digest(outputs[0], (int32_t)sizeof outputs[0]) : 0;
}
