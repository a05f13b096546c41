/* SPDX-License-Identifier: Apache-2.0
 *
 * Lets a host run a model over the UART. docs/reference/harness-protocol.md describes the messages.
 */
#ifndef MF_HARNESS_H
#define MF_HARNESS_H

#include "mcuforge/engine.h"

#include <stdint.h>

/* Requests arrive here. Simulators find it by its name, and may write to it: see frame.h. */
extern uint8_t mf_harness_received[];

/* Serves the host for ever. */
void mf_harness_serve(const mf_model *model);

#endif /* MF_HARNESS_H */
