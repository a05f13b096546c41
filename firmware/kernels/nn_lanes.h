/* SPDX-License-Identifier: Apache-2.0
 *
 * int8 values as lanes of int16 for SMLAD, on cores with DSP instructions.
 *
 * Taps come in runs, each of which begins with a step of its own. A step is two taps, the lanes of
 * a word. Four taps are two steps: SXTB16 takes bytes 0 and 2, then bytes 1 and 3. Of what is left
 * of a run, one tap is a step whose second lane meets a weight of zero, two taps are a step in
 * their order, and three are as four are.
 */
#ifndef NN_LANES_H
#define NN_LANES_H

#include "nn_dsp.h"

/* Steps of a run. */
static inline int32_t nn_lane_steps(int32_t taps) {
    return (taps >> 2) * 2 + ((taps & 3) != 0) + ((taps & 3) == 3);
}

/* The first three bytes at `taps`, as a word. */
static inline uint32_t nn_load_3(const int8_t *taps) {
    return (uint32_t)(uint8_t)taps[0] | (uint32_t)(uint8_t)taps[1] << 8 |
           (uint32_t)(uint8_t)taps[2] << 16;
}

/* A run as lanes whose words lie `stride` apart; returns where the next run begins. */
static inline uint32_t *nn_lanes_of_run(uint32_t *lanes, int32_t stride, const int8_t *taps,
                                        int32_t count) {
    for (const int8_t *const end = taps + (count & ~3); taps != end; taps += 4) {
        const uint32_t word = nn_load_word(taps);
        lanes[0] = nn_sxtb16(word);
        lanes[stride] = nn_sxtb16_ror8(word);
        lanes += 2 * stride;
    }
    switch (count & 3) {
    case 1:
        lanes[0] = (uint32_t)(int32_t)taps[0];
        return lanes + stride;
    case 2:
        lanes[0] = nn_pkhbt((uint32_t)(int32_t)taps[0], (uint32_t)(int32_t)taps[1]);
        return lanes + stride;
    case 3:
        lanes[0] = nn_sxtb16(nn_load_3(taps));
        lanes[stride] = nn_sxtb16_ror8(nn_load_3(taps));
        return lanes + 2 * stride;
    default:
        return lanes;
    }
}

#endif /* NN_LANES_H */
