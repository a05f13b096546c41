/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MF_CRASH_H
#define MF_CRASH_H

#include <stdint.h>

/* Goes wrong on purpose, for tests of what is told about it: one of MF_CRASH_*. Only where the
 * firmware was built with MF_CRASH_TEST. */
void mf_crash(uint32_t kind);

#endif /* MF_CRASH_H */
