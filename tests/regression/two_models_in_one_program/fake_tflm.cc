/* SPDX-License-Identifier: Apache-2.0
 *
 * Stands for TensorFlow Lite Micro's library: each output byte is the input's, changed by every
 * byte of the .tflite. Who computes with another model's file, arena or interpreter gives other
 * bytes.
 */
#include "tensorflow/lite/micro/micro_interpreter.h"

namespace tflite {

namespace {

struct State {
    const MicroInterpreter *owner;
    const uint8_t *model;
    uint8_t *arena;
    TfLiteTensor input, output;
};

State states[4];

State &state(const MicroInterpreter *owner) {
    for (State &s : states) {
        if (s.owner == owner || s.owner == nullptr) {
            s.owner = owner;
            return s;
        }
    }
    __builtin_trap();
}

TfLiteContext no_context;

} // namespace

uint32_t Model::version() const {
    return TFLITE_SCHEMA_VERSION;
}

const Model *GetModel(const void *buffer) {
    return static_cast<const Model *>(buffer);
}

template <> TfLiteStatus MicroMutableOpResolver<1>::AddFullyConnected() {
    return kTfLiteOk;
}

MicroInterpreter::MicroInterpreter(const Model *model, const MicroOpResolver &, uint8_t *arena,
                                   size_t, MicroResourceVariables *, MicroProfilerInterface *,
                                   bool) {
    State &s = state(this);
    s.model = reinterpret_cast<const uint8_t *>(model);
    s.arena = arena;
}

MicroInterpreter::~MicroInterpreter() {
}

TfLiteStatus MicroInterpreter::AllocateTensors() {
    State &s = state(this);
    s.input.bytes = INPUT_BYTES;
    s.input.data.data = s.arena;
    s.output.bytes = OUTPUT_BYTES;
    s.output.data.data = s.arena + INPUT_BYTES;
    return kTfLiteOk;
}

TfLiteStatus MicroInterpreter::Invoke() {
    State &s = state(this);
    uint8_t sum = 0;
    for (size_t i = 0; i < TFLITE_BYTES; ++i) {
        sum = static_cast<uint8_t>(sum * 31 + s.model[i]);
    }
    for (size_t i = 0; i < OUTPUT_BYTES; ++i) {
        s.arena[INPUT_BYTES + i] = static_cast<uint8_t>(s.arena[i % INPUT_BYTES] ^ sum);
    }
    return kTfLiteOk;
}

TfLiteTensor *MicroInterpreter::input(size_t) {
    return &state(this).input;
}

TfLiteTensor *MicroInterpreter::output(size_t) {
    return &state(this).output;
}

size_t MicroInterpreter::arena_used_bytes() const {
    return INPUT_BYTES + OUTPUT_BYTES;
}

const TfLiteContext &MicroInterpreter::context() const {
    return no_context;
}

} // namespace tflite
