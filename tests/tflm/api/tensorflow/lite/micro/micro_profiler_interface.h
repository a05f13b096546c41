/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TEST_MICRO_PROFILER_INTERFACE_H
#define TEST_MICRO_PROFILER_INTERFACE_H

#include <cstdint>

namespace tflite {

class MicroProfilerInterface {
  public:
    virtual ~MicroProfilerInterface() {
    }
    virtual uint32_t BeginEvent(const char *tag) = 0;
    virtual void EndEvent(uint32_t event_handle) = 0;
};

} // namespace tflite

#endif
