/* SPDX-License-Identifier: Apache-2.0
 *
 * As much of TensorFlow Lite Micro's API as generated code uses: declarations only, to check that
 * it compiles.
 */
#ifndef TEST_MICRO_INTERPRETER_H
#define TEST_MICRO_INTERPRETER_H

#include <cstddef>
#include <cstdint>

#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"
#include "tensorflow/lite/micro/micro_profiler_interface.h"
#include "tensorflow/lite/schema/schema_generated.h"

#define TFLITE_SCHEMA_VERSION (3)

union TfLitePtrUnion {
    int8_t *int8;
    void *data;
};

struct TfLiteTensor {
    TfLitePtrUnion data;
    size_t bytes;
};

struct TfLiteEvalTensor {
    TfLitePtrUnion data;
};

struct TfLiteContext {
    TfLiteEvalTensor *(*GetEvalTensor)(const TfLiteContext *context, int tensor_idx);
};

namespace tflite {

class MicroAllocator;
class MicroResourceVariables;

class MicroInterpreter {
  public:
    MicroInterpreter(const Model *model, const MicroOpResolver &op_resolver, uint8_t *tensor_arena,
                     size_t tensor_arena_size, MicroResourceVariables *resource_variables = nullptr,
                     MicroProfilerInterface *profiler = nullptr, bool preserve_all_tensors = false);
    MicroInterpreter(const Model *model, const MicroOpResolver &op_resolver,
                     MicroAllocator *allocator,
                     MicroResourceVariables *resource_variables = nullptr,
                     MicroProfilerInterface *profiler = nullptr);
    ~MicroInterpreter();
    TfLiteStatus AllocateTensors();
    TfLiteStatus Invoke();
    TfLiteTensor *input(size_t index);
    TfLiteTensor *output(size_t index);
    size_t arena_used_bytes() const;

  protected:
    const TfLiteContext &context() const;
};

} // namespace tflite

#endif
