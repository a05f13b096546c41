/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MF_HARNESS_TRACE_H
#define MF_HARNESS_TRACE_H

#include "mcuforge/engine.h"

/* Runs the model and sends, while it runs, either a digest of every op's output
 * (MF_TRACE_DIGESTS) or the bytes of the output of op `op` (MF_TRACE_OUTPUT). */
mf_status mf_harness_trace(const mf_model *model, uint16_t sequence, uint32_t mode, uint32_t op);

#endif /* MF_HARNESS_TRACE_H */
