/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "nn.h"
#include "twins_model.h"

enum { INPUTS = 300, OUTPUTS = 24, GUARD = 8 };

void in_assembly(const nn_fully_connected_dsp_s8_params *params, const int8_t *input,
                 int8_t *output, int8_t *scratch);
void in_c(const nn_fully_connected_dsp_s8_params *params, const int8_t *input, int8_t *output,
          int8_t *scratch);

static int8_t input[INPUTS + 4];
static uint32_t weights[OUTPUTS * (INPUTS + 4) / 4];
static int32_t records[4 * OUTPUTS];
static _Alignas(16) int8_t scratch[2 * INPUTS + 16];
static int8_t outputs[2][OUTPUTS + GUARD];

/* A bias with which the sum of an odd filter stays within 24 bits; others go further. */
static int32_t a_bias(uint32_t *state, int32_t inputs, int odd) {
    const int32_t most = (odd ? (1 << 23) - 1 : 1 << 28) - inputs * 128 * 128;
    const int32_t drawn = twins_between(state, -most, most);
    switch (twins_between(state, 0, 3)) {
    case 0:
        return drawn < 0 ? -most : most;
    case 1:
        return drawn;
    default:
        return drawn % 5000;
    }
}

/* {m, n, k}, with 2m for filters that are not odd. */
static void draw_record(uint32_t *state, int32_t *record, int odd) {
    const uint32_t m = (1u << 30) | (twins_random(state) >> 2);
    const int32_t n = twins_between(state, 1, 22);
    record[0] = (int32_t)(odd ? m : 2u * m);
    record[1] = n;
    record[2] = (1 << (n - 1)) + twins_between(state, -128, 127) * (1 << n);
}

static void draw_records(uint32_t *state, const nn_fully_connected_dsp_s8_params *p) {
    int32_t *at = records;
    for (int32_t left = p->outputs; left > 0;) {
        const int32_t tile = left >= 4 ? 4 : left >= 2 ? 2 : 1;
        for (int32_t i = 0; i < tile; ++i) {
            at[i] = a_bias(state, 4 * p->blocks, i % 2);
            if (i % 2 == 1) {
                at[i] = (int32_t)(256u * (uint32_t)at[i] + (uint32_t)at[i - 1]);
            }
            draw_record(state, at + tile + 3 * i, i % 2);
        }
        at += 4 * tile;
        left -= tile;
    }
}

/* 256 * odd + even of weights of at most 127. */
static uint32_t a_lane(uint32_t *state, int32_t most) {
    const int32_t even = twins_between(state, -most, most);
    return (uint32_t)(256 * twins_between(state, -most, most) + even) & 0xFFFFu;
}

uint32_t twins_case(uint32_t seed) {
    uint32_t state = seed;
    nn_fully_connected_dsp_s8_params p = {.weights = weights, .records = records};
    p.expands = twins_between(&state, 0, 1);
    p.inputs =
        p.expands ? twins_between(&state, 1, INPUTS) : 4 * twins_between(&state, 1, INPUTS / 4);
    p.outputs = twins_between(&state, 1, OUTPUTS);
    p.blocks = (p.inputs + 3) / 4;
    p.ties_away = twins_between(&state, 0, 1);
    p.activation_min = twins_between(&state, 0, 3) == 0 ? twins_between(&state, -128, 0) : -128;
    p.activation_max = twins_between(&state, 0, 3) == 0 ? twins_between(&state, 1, 127) : 127;
    const int32_t offset = twins_between(&state, 0, 3);
    const int32_t most = twins_between(&state, 0, 1) ? 127 : 20;
    twins_fill(&state, input, (int32_t)sizeof input);
    for (int32_t i = 0; i < p.blocks * p.outputs; ++i) {
        weights[i] = a_lane(&state, most) | a_lane(&state, most) << 16;
    }
    draw_records(&state, &p);
    memset(outputs, 0, sizeof outputs);
    memset(scratch, 0, sizeof scratch);
    in_assembly(&p, input + offset, outputs[0], scratch);
    memset(scratch, 0, sizeof scratch);
    in_c(&p, input + offset, outputs[1], scratch);
    if (memcmp(outputs[0], outputs[1], sizeof outputs[0]) != 0) {
        return 0;
    }
    return twins_digest(outputs[0], p.outputs);
}
