/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"

/* A float as C converts it to int32, what does not fit saturated; NaN is 0. */
static int32_t truncated(float x) {
    if (x >= 2147483648.0f) {
        return INT32_MAX;
    }
    return x >= -2147483648.0f ? (int32_t)x : x < 0.0f ? INT32_MIN : 0;
}

/* Element i of an array of that type, as an int32. */
static int32_t load(const void *input, int32_t type, int32_t i) {
    switch (type) {
    case NN_CAST_S8:
        return ((const int8_t *)input)[i];
    case NN_CAST_S16:
        return ((const int16_t *)input)[i];
    case NN_CAST_BOOL:
        return ((const uint8_t *)input)[i] != 0;
    case NN_CAST_F32:
        return truncated(((const float *)input)[i]);
    default:
        return ((const int32_t *)input)[i];
    }
}

/* Integers that are too small for the value keep its lowest bits. */
static void store(void *output, int32_t type, int32_t i, int32_t value) {
    switch (type) {
    case NN_CAST_S8:
        ((int8_t *)output)[i] = (int8_t)value;
        break;
    case NN_CAST_S16:
        ((int16_t *)output)[i] = (int16_t)value;
        break;
    case NN_CAST_F32:
        ((float *)output)[i] = (float)value;
        break;
    default:
        ((int32_t *)output)[i] = value;
        break;
    }
}

void nn_cast(const nn_cast_params *params, const void *input, void *output) {
    const nn_cast_params p = *params;
    for (int32_t i = 0; i < p.elements; ++i) {
        store(output, p.target, i, load(input, p.source, i));
    }
}
