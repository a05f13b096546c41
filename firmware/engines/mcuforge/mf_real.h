/* SPDX-License-Identifier: Apache-2.0
 *
 * Real numbers in and out of a model: quantising its inputs, dequantising its outputs.
 *
 *     mf_write_real(&model->inputs[0], readings);
 *     model->invoke(NULL, NULL);
 *     mf_read_real(&model->outputs[0], results);
 *
 * q = round(x / scale) + zero_point, ties away from zero, clamped to the tensor's type: what
 * TensorFlow Lite's QUANTIZE does, NaN becoming the zero point. x = scale * (q - zero_point). Wider
 * integers and booleans are not quantised: round(x) within +-2^20, x != 0, and the number itself.
 */
#ifndef MCUFORGE_MF_REAL_H
#define MCUFORGE_MF_REAL_H

#include "engine.h"
#include "mf_cast.h"

#include <string.h>

/* Elements of a tensor. */
static inline uint32_t mf_elements(const mf_tensor *tensor) {
    uint32_t count = 1;
    for (uint32_t i = 0; i < tensor->rank; ++i) {
        count *= MF_CAST(uint32_t, tensor->shape[i]);
    }
    return count;
}

/* One row of a tensor that streams, which lies at `data`: to write or read its real values. */
static inline mf_tensor mf_row(const mf_tensor *whole, const void *data) {
    mf_tensor row = *whole;
    memcpy(&row.data, &data, sizeof row.data); /* where it is only read it may be constant */
    row.bytes = whole->row_bytes;
    row.shape[1] = 1;
    row.row_bytes = 0;
    return row;
}

/* round(x) for any x, clamped to +-2^20, which no 16-bit type reaches; NaN becomes 0. */
static inline int32_t mf_round(float x) {
    const float limit = 1048576.0f;
    if (x >= limit) {
        return 1048576;
    }
    if (x <= -limit) {
        return -1048576;
    }
    if (x != x) {
        return 0;
    }
    const int32_t whole = MF_CAST(int32_t, x);
    const float rest = x - MF_CAST(float, whole);
    return whole + (rest >= 0.5f) - (rest <= -0.5f);
}

/* The integer of a tensor that stands for x, in [low, high]. */
static inline int32_t mf_quantize(const mf_tensor *tensor, float x, int32_t low, int32_t high) {
    const int32_t q = mf_round(x / tensor->scale) + tensor->zero_point;
    return q < low ? low : q > high ? high : q;
}

/* Fill an input with mf_elements(tensor) real numbers, in the order of its elements. */
static inline void mf_write_real(const mf_tensor *tensor, const float *values) {
    const uint32_t count = mf_elements(tensor);
    void *const data = tensor->data;
    for (uint32_t i = 0; i < count; ++i) {
        const float x = values[i];
        switch (tensor->dtype) {
        case MF_INT8:
            MF_CAST(int8_t *, data)[i] = MF_CAST(int8_t, mf_quantize(tensor, x, -128, 127));
            break;
        case MF_UINT8:
            MF_CAST(uint8_t *, data)[i] = MF_CAST(uint8_t, mf_quantize(tensor, x, 0, 255));
            break;
        case MF_INT16:
            MF_CAST(int16_t *, data)[i] = MF_CAST(int16_t, mf_quantize(tensor, x, -32768, 32767));
            break;
        case MF_INT32:
            MF_CAST(int32_t *, data)[i] = mf_round(x);
            break;
        case MF_INT64:
            MF_CAST(int64_t *, data)[i] = mf_round(x);
            break;
        case MF_BOOL:
            MF_CAST(uint8_t *, data)[i] = MF_CAST(uint8_t, x < 0.0f || x > 0.0f);
            break;
        case MF_FLOAT32:
            MF_CAST(float *, data)[i] = x;
            break;
        }
    }
}

/* The real numbers of an output, mf_elements(tensor) of them. */
static inline void mf_read_real(const mf_tensor *tensor, float *values) {
    const uint32_t count = mf_elements(tensor);
    const void *const data = tensor->data;
    for (uint32_t i = 0; i < count; ++i) {
        int32_t q = 0;
        switch (tensor->dtype) {
        case MF_INT8:
            q = MF_CAST(const int8_t *, data)[i];
            break;
        case MF_UINT8:
            q = MF_CAST(const uint8_t *, data)[i];
            break;
        case MF_INT16:
            q = MF_CAST(const int16_t *, data)[i];
            break;
        case MF_INT32:
            values[i] = MF_CAST(float, MF_CAST(const int32_t *, data)[i]);
            continue;
        case MF_INT64:
            values[i] = MF_CAST(float, MF_CAST(const int64_t *, data)[i]);
            continue;
        case MF_BOOL:
            values[i] = MF_CAST(const uint8_t *, data)[i] != 0 ? 1.0f : 0.0f;
            continue;
        case MF_FLOAT32:
            values[i] = MF_CAST(const float *, data)[i];
            continue;
        }
        values[i] = tensor->scale * MF_CAST(float, q - tensor->zero_point);
    }
}

#endif /* MCUFORGE_MF_REAL_H */
