/* SPDX-License-Identifier: Apache-2.0
 *
 * What the generated code uses of TFLM's resource variables.
 */
#ifndef TEST_MICRO_RESOURCE_VARIABLE_H
#define TEST_MICRO_RESOURCE_VARIABLE_H

#include "tensorflow/lite/micro/micro_allocator.h"

namespace tflite {

class MicroResourceVariables {
  public:
    static MicroResourceVariables *Create(MicroAllocator *allocator, int num_variables);
};

} // namespace tflite

#endif
