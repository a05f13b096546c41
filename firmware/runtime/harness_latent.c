/* SPDX-License-Identifier: Apache-2.0 */
#include "harness_latent.h"
#include "harness_protocol.h"
#include "mcuforge/mf_latent.h"

#include <string.h>

#define ELEMENT_BYTES 12u

/* The body of a request; after it from, to and sigma, Q16, for each element. */
typedef struct {
    uint32_t input;
    uint32_t inverse_scale;
    uint32_t seed;
    uint32_t first; /* the number of the first element's noise */
    uint32_t t;     /* Q16: how far from `from` to `to` */
} latent_request;

typedef struct {
    int32_t from;
    int32_t to;
    int32_t sigma;
} latent_element;

_Static_assert(sizeof(latent_element) == ELEMENT_BYTES, "as on the wire");

uint8_t mf_harness_latent(const mf_model *model, const uint8_t *body, uint32_t bytes) {
    latent_request asked;
    if (bytes < sizeof asked || (bytes - sizeof asked) % ELEMENT_BYTES != 0) {
        return MF_STATUS_MALFORMED;
    }
    memcpy(&asked, body, sizeof asked);
    const uint32_t elements = (bytes - (uint32_t)sizeof asked) / ELEMENT_BYTES;
    if (asked.input >= model->input_count || asked.t > MF_LATENT_ONE ||
        asked.inverse_scale > INT32_MAX) {
        return MF_STATUS_RANGE;
    }
    const mf_tensor *input = &model->inputs[asked.input];
    if (input->dtype != MF_INT8 || input->bytes != elements || input->data == NULL) {
        return MF_STATUS_RANGE;
    }
    for (uint32_t i = 0; i < elements; i++) {
        latent_element element;
        memcpy(&element, body + sizeof asked + i * ELEMENT_BYTES, sizeof element);
        const int32_t mu = mf_latent_between(element.from, element.to, asked.t);
        const int32_t noise = mf_latent_normal(asked.seed, asked.first + i);
        const int32_t point = mf_latent_sample(mu, element.sigma, noise);
        ((int8_t *)input->data)[i] =
            mf_latent_quantize(point, asked.inverse_scale, input->zero_point);
    }
    return MF_STATUS_OK;
}
