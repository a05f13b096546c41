/* SPDX-License-Identifier: Apache-2.0 */
#include "nn_copy.h"
#include "nn_move.h"

#define COPY(output, input, params) nn_copy(output, input, (params).run)

NN_DEFINE_MOVE(move_runs, COPY)
