/* SPDX-License-Identifier: Apache-2.0
 *
 * Lets a host run a model over the UART. docs/harness-protocol.md describes the messages.
 */
#ifndef MF_HARNESS_H
#define MF_HARNESS_H

#include "mcuforge/engine.h"

/* Serves the host for ever. */
void mf_harness_serve(const mf_model *model);

#endif /* MF_HARNESS_H */
