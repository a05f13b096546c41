/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TEST_SCHEMA_GENERATED_H
#define TEST_SCHEMA_GENERATED_H

#include <cstdint>

namespace tflite {

struct Model {
    uint32_t version() const;
};

const Model *GetModel(const void *buffer);

} // namespace tflite

#endif
