/* SPDX-License-Identifier: Apache-2.0
 *
 * Features for the fake model's first input: of each raw number the two bytes, one or the other.
 */
#ifndef FAKE_FRONT_END_H
#define FAKE_FRONT_END_H

#include "harness_features.h"

extern const mf_front_end fake_front_end;

#endif /* FAKE_FRONT_END_H */
