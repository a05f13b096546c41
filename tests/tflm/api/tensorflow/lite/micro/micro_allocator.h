/* SPDX-License-Identifier: Apache-2.0
 *
 * What the generated code uses of TFLM's allocator.
 */
#ifndef TEST_MICRO_ALLOCATOR_H
#define TEST_MICRO_ALLOCATOR_H

#include <cstddef>
#include <cstdint>

namespace tflite {

class MicroAllocator {
  public:
    static MicroAllocator *Create(uint8_t *tensor_arena, size_t arena_size);
};

} // namespace tflite

#endif
