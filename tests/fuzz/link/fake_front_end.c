/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_front_end.h"
#include "fake_model.h"

#define ELEMENTS (4u * FAKE_COLUMNS)
#define REFUSED 0xFFFFu /* as the first number: there are no features */

static uint16_t raw[ELEMENTS];

static mf_status fill(void) {
    uint8_t *input = fake_model.inputs[0].data;
    for (uint32_t i = 0; i < ELEMENTS; i++) {
        input[i] = (uint8_t)(raw[i] ^ raw[i] >> 8);
    }
    return raw[0] == REFUSED ? MF_ERROR : MF_OK;
}

const mf_front_end fake_front_end = {.raw = raw, .raw_bytes = sizeof raw, .fill = fill};
