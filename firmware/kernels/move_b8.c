/* SPDX-License-Identifier: Apache-2.0 */
#include "nn_move.h"

#define COPY(output, input, params) NN_MOVE_ELEMENT(output, input, 8)

NN_DEFINE_MOVE(move_b8, COPY)
