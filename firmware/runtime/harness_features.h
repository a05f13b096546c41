/* SPDX-License-Identifier: Apache-2.0
 *
 * Of a model whose input is made of raw samples: they arrive in pieces, as inputs do, and become
 * its input here, so that the host can compare that with its own.
 */
#ifndef MF_HARNESS_FEATURES_H
#define MF_HARNESS_FEATURES_H

#include "mcuforge/engine.h"

#include <stdint.h>

typedef struct {
    void *raw; /* where a raw sample is put */
    uint32_t raw_bytes;
    mf_status (*fill)(void); /* makes the model's input of it */
} mf_front_end;

/* Before mf_harness_serve: what makes the input of the model that is served; NULL: the host. */
void mf_harness_take_raw(const mf_front_end *front_end);

/* Takes a piece of a raw sample: the body of a RAW request. Returns the status of the reply. */
uint8_t mf_harness_raw(const uint8_t *body, uint32_t bytes);

/* Fills the model's input: the body of a FEATURES request, which says how large a raw sample is. */
uint8_t mf_harness_features(const uint8_t *body, uint32_t bytes);

#endif /* MF_HARNESS_FEATURES_H */
