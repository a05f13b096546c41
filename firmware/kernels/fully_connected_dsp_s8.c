/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_fully_connected_dsp_core.h"
#include "nn_lanes.h"

/* The lanes of two steps, or of one where there are no more. */
static inline void lanes_of_block(const nn_fully_connected_dsp_s8_params *p, const void *row,
                                  int32_t block, uint32_t lanes[2]) {
    if (p->expands == NN_EXPANDS) {
        memcpy(lanes, (const uint32_t *)row + 2 * block, sizeof(uint32_t[2]));
    } else {
        const uint32_t word = nn_load_word((const int8_t *)row + 4 * block);
        lanes[0] = nn_sxtb16(word);
        lanes[1] = nn_sxtb16_ror8(word);
    }
}

/* Two filters, whose weights are a word a step. */
static void two_filters(const nn_fully_connected_dsp_s8_params *p, const void *row,
                        const uint32_t *weights, const int32_t *records, int8_t *output) {
    const int32_t away = -p->ties_away;
    int32_t even = records[0], both = records[1];
    for (int32_t block = 0; block < p->blocks; ++block, weights += 2) {
        uint32_t lanes[2];
        lanes_of_block(p, row, block, lanes);
        even = nn_smlad(nn_sxtb16(weights[0]), lanes[0], even);
        both = nn_smlad(weights[0], lanes[0], both);
        even = nn_smlad(nn_sxtb16(weights[1]), lanes[1], even);
        both = nn_smlad(weights[1], lanes[1], both);
    }
    nn_record_outputs_of_pair(records + 2, even, both, away, output);
}

/* One filter, whose weights are a word for two steps. */
static void one_filter(const nn_fully_connected_dsp_s8_params *p, const void *row,
                       const uint32_t *weights, const int32_t *records, int8_t *output) {
    int32_t sum = records[0];
    for (int32_t block = 0; block < p->blocks; ++block, ++weights) {
        uint32_t lanes[2];
        lanes_of_block(p, row, block, lanes);
        sum = nn_smlad(nn_sxtb16(*weights), lanes[0], sum);
        sum = nn_smlad(nn_sxtb16_ror8(*weights), lanes[1], sum);
    }
    output[0] = nn_record_output(records + 1, sum, -p->ties_away);
}

/* The filters from `first` up to `end`, which are fours. */
static void in_fours(const nn_fully_connected_dsp_s8_params *p, const void *row, int is_expanded,
                     int32_t first, int32_t end, int8_t *output) {
    const nn_fully_connected_dsp_tiles tiles = {
        row,
        p->weights + first * p->blocks,
        p->records + first * NN_CHANNEL_WORDS,
        output + first,
        (end - first) >> 2,
        p->blocks,
        -p->ties_away,
    };
    if (first == end) {
        return;
    }
    if (is_expanded) {
        nn_fully_connected_dsp_1x4_lanes(&tiles);
    } else {
        nn_fully_connected_dsp_1x4_bytes(&tiles);
    }
}

/* Every filter from `first` on: fours, then two, then one. */
static void filters(const nn_fully_connected_dsp_s8_params *p, const void *row, int32_t first,
                    int8_t *output) {
    const int32_t fours = p->outputs & ~3;
    const uint32_t *weights = p->weights + fours * p->blocks;
    const int32_t *records = p->records + fours * NN_CHANNEL_WORDS;
    in_fours(p, row, p->expands == NN_EXPANDS, first, fours, output);
    output += fours;
    if ((p->outputs & 2) != 0) {
        two_filters(p, row, weights, records, output);
        weights += 2 * p->blocks;
        records += 2 * NN_CHANNEL_WORDS;
        output += 2;
    }
    if ((p->outputs & 1) != 0) {
        one_filter(p, row, weights, records, output);
    }
}

void nn_fully_connected_dsp_s8(const nn_fully_connected_dsp_s8_params *params, const int8_t *input,
                               int8_t *output, int8_t *scratch) {
    const void *row = input;
    int32_t first = 0;
    if (params->expands == NN_EXPANDS) {
        nn_lanes_of_run((uint32_t *)(void *)scratch, 1, input, params->inputs);
        row = scratch;
    } else if (params->expands == NN_EXPANDS_IN_OUTPUT) {
        first = (params->outputs - 8 * params->blocks) & ~3;
        nn_lanes_of_run((uint32_t *)(void *)(output + first), 1, input, params->inputs);
        in_fours(params, output + first, 1, 0, first, output);
    }
    filters(params, row, first, output);
    nn_clamp_outputs(output, params->outputs, params->activation_min, params->activation_max);
}
