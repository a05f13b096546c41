/* SPDX-License-Identifier: Apache-2.0 */
#include "harness_features.h"
#include "harness_protocol.h"

#include <stddef.h>
#include <string.h>

static const mf_front_end *taken;

void mf_harness_take_raw(const mf_front_end *front_end) {
    taken = front_end;
}

static uint32_t first_word(const uint8_t *body) {
    uint32_t value;
    memcpy(&value, body, sizeof value);
    return value;
}

uint8_t mf_harness_raw(const uint8_t *body, uint32_t bytes) {
    if (taken == NULL) {
        return MF_STATUS_UNKNOWN;
    }
    if (bytes < 4u) {
        return MF_STATUS_MALFORMED;
    }
    const uint32_t offset = first_word(body);
    const uint32_t length = bytes - 4u;
    if (offset > taken->raw_bytes || length > taken->raw_bytes - offset) {
        return MF_STATUS_RANGE;
    }
    memcpy((uint8_t *)taken->raw + offset, body + 4, (size_t)length);
    return MF_STATUS_OK;
}

uint8_t mf_harness_features(const uint8_t *body, uint32_t bytes) {
    if (taken == NULL) {
        return MF_STATUS_UNKNOWN;
    }
    if (bytes != 4u) {
        return MF_STATUS_MALFORMED;
    }
    if (first_word(body) != taken->raw_bytes) {
        return MF_STATUS_RANGE;
    }
    return taken->fill() == MF_OK ? MF_STATUS_OK : MF_STATUS_INVOKE_FAILED;
}
