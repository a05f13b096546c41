/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MF_HARNESS_TRACE_H
#define MF_HARNESS_TRACE_H

#include "harness_message.h"
#include "mcuforge/engine.h"

/* Runs the model and sends, while it runs, either a digest of every op's output
 * (MF_TRACE_DIGESTS) or the bytes of the output of op `op` (MF_TRACE_OUTPUT). Events carry
 * the header of the request. */
mf_status mf_harness_trace(const mf_model *model, const mf_message *request, uint32_t mode,
                           uint32_t result);

#endif /* MF_HARNESS_TRACE_H */
