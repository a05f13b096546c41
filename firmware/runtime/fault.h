/* SPDX-License-Identifier: Apache-2.0
 *
 * Tells the host about a fault of the core.
 */
#ifndef MF_FAULT_H
#define MF_FAULT_H

/* Every fault exception. Sends a FAULT frame, then again after each frame received: the core stays
 * halted, yet a host that missed the first one still learns the reason. */
void mf_fault_entry(void);

#endif /* MF_FAULT_H */
