/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MF_HARNESS_LATENT_H
#define MF_HARNESS_LATENT_H

#include "mcuforge/engine.h"

/* Fills an int8 input with a point of a latent space, as the body of a LATENT request says, and
 * returns the status of the reply. */
uint8_t mf_harness_latent(const mf_model *model, const uint8_t *body, uint32_t bytes);

#endif /* MF_HARNESS_LATENT_H */
