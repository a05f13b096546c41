/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FAKE_MODEL_H
#define FAKE_MODEL_H

#include "mcuforge/engine.h"

extern const mf_model fake_model;

#endif /* FAKE_MODEL_H */
