/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_clamp_bytes.h"
#include "nn_dsp.h"
#include "nn_fixed_point.h"
#include "nn_loops.h"
#include "nn_mve.h"

enum { SHIFT = 22 };

/* Two inputs of one row; `constant` has what an input adds that does not move. */
typedef struct {
    int32_t factor1;
    int32_t factor2;
    int32_t constant;
} factors;

/* sum + factor * x / 2^8, rounded down, for an int8 x. */
static inline int32_t add_product(int32_t factor, int32_t x, int32_t sum) {
#if NN_HAS_DSP
    return nn_smlawb(factor, (uint32_t)x << 8, sum);
#else
    /* The low byte of the factor on its own, so that nothing takes more than 32 bits. */
    return sum + (factor >> 8) * x + (((factor & 0xFF) * x) >> 8);
#endif
}

#if NN_MVE

/* floor(factor * x / 2^8) of four bytes x. */
static inline int32x4_t products(int32_t factor, const int8_t *x) {
    return vqdmulhq_n_s32(vshlq_n_s32(vldrbq_s32(x), 23), factor);
}

/* Four elements at a time; returns how many. An input that does not move is in the constant. */
static int32_t add_row_of_words(const nn_add_linear_s8_params *p, const int8_t *input1,
                                const int8_t *input2, int8_t *output) {
    const int32_t factor1 = p->factor1, factor2 = p->factor2;
    const int32_t low = p->activation_min, high = p->activation_max;
    const int both = p->loops.stride1 != 0 && p->loops.stride2 != 0;
    const int first = p->loops.stride1 != 0;
    const int8_t *const moving = first ? input1 : input2;
    const int32_t factor = first ? factor1 : factor2;
    int32_t rest = p->constant;
    if (!both) {
        rest = first ? add_product(factor2, *input2, rest) : add_product(factor1, *input1, rest);
    }
    const int32x4_t constant = vdupq_n_s32(rest);
    int32_t i = 0;
    for (; i + NN_MVE_WORDS <= p->loops.inner; i += NN_MVE_WORDS) {
        int32x4_t sum = vaddq_s32(products(factor, moving + i), constant);
        if (both) {
            sum = vaddq_s32(sum, products(factor2, input2 + i));
        }
        vstrbq_s32(output + i, nn_mve_clamp(vshrq_n_s32(sum, SHIFT), low, high));
    }
    return i;
}

#elif NN_HAS_DSP

/* A sum as an output, clamped to int8 only. */
static inline int8_t output_of(int32_t sum) {
    int32_t result;
    __asm__("ssat %0, #8, %1, asr #22" : "=r"(result) : "r"(sum));
    return (int8_t)result;
}

/* Two outputs, from bytes that are the high ones of halfwords. */
static inline void add_two(factors f, uint32_t a, uint32_t b, int8_t *output) {
    output[0] = output_of(nn_smlawb(f.factor2, b, nn_smlawb(f.factor1, a, f.constant)));
    output[2] = output_of(nn_smlawt(f.factor2, b, nn_smlawt(f.factor1, a, f.constant)));
}

/* Four elements at a time; returns how many. */
static int32_t add_words(factors f, const int8_t *input1, const int8_t *input2, int8_t *output,
                         int32_t count) {
    const uint32_t mask = UINT32_C(0xFF00FF00);
    int32_t i = 0;
    for (; i + 4 <= count; i += 4) {
        const uint32_t a = nn_load_word(input1 + i), b = nn_load_word(input2 + i);
        add_two(f, (a << 8) & mask, (b << 8) & mask, output + i);
        add_two(f, a & mask, b & mask, output + i + 1);
    }
    return i;
}

/* The same with one input that moves. */
static int32_t add_words_of_one(factors f, const int8_t *input, int8_t *output, int32_t count) {
    const uint32_t mask = UINT32_C(0xFF00FF00);
    int32_t i = 0;
    for (; i + 4 <= count; i += 4) {
        const uint32_t word = nn_load_word(input + i);
        const uint32_t even = (word << 8) & mask, odd = word & mask;
        output[i] = output_of(nn_smlawb(f.factor1, even, f.constant));
        output[i + 1] = output_of(nn_smlawb(f.factor1, odd, f.constant));
        output[i + 2] = output_of(nn_smlawt(f.factor1, even, f.constant));
        output[i + 3] = output_of(nn_smlawt(f.factor1, odd, f.constant));
    }
    return i;
}

/* What of a row whole words hold, with its activation; returns how many elements. */
static int32_t add_row_of_words(const nn_add_linear_s8_params *p, const int8_t *input1,
                                const int8_t *input2, int8_t *output) {
    factors f = {p->factor1, p->factor2, p->constant};
    int32_t done;
    if (p->loops.stride1 != 0 && p->loops.stride2 != 0) {
        done = add_words(f, input1, input2, output, p->loops.inner);
    } else if (p->loops.stride1 != 0) {
        f.constant = add_product(p->factor2, *input2, p->constant);
        done = add_words_of_one(f, input1, output, p->loops.inner);
    } else {
        f.constant = add_product(p->factor1, *input1, p->constant);
        f.factor1 = p->factor2;
        done = add_words_of_one(f, input2, output, p->loops.inner);
    }
    nn_clamp_bytes(output, done, p->activation_min, p->activation_max);
    return done;
}

#else

static int32_t add_row_of_words(const nn_add_linear_s8_params *p, const int8_t *input1,
                                const int8_t *input2, int8_t *output) {
    (void)p, (void)input1, (void)input2, (void)output;
    return 0;
}

#endif

static void add_row(const nn_add_linear_s8_params *p, const int8_t *input1, const int8_t *input2,
                    int8_t *output) {
    const int32_t done = p->loops.inner >= 4 ? add_row_of_words(p, input1, input2, output) : 0;
    input1 += done * p->loops.stride1;
    input2 += done * p->loops.stride2;
    for (int32_t i = done; i < p->loops.inner; ++i) {
        const int32_t sum =
            add_product(p->factor2, *input2, add_product(p->factor1, *input1, p->constant));
        output[i] = (int8_t)nn_clamp(sum >> SHIFT, p->activation_min, p->activation_max);
        input1 += p->loops.stride1;
        input2 += p->loops.stride2;
    }
}

void nn_add_linear_s8(const nn_add_linear_s8_params *params, const int8_t *input1,
                      const int8_t *input2, int8_t *output) {
    /* A copy that no output can alias: its members stay in registers. */
    const nn_add_linear_s8_params p = *params;
    int32_t digits[NN_MAX_LOOPS] = {0};
    for (;;) {
        add_row(&p, input1, input2, output);
        const int32_t level = nn_odometer_next(digits, p.loops.extents, p.loops.rank);
        if (level == p.loops.rank) {
            return;
        }
        input1 += p.loops.steps1[level];
        input2 += p.loops.steps2[level];
        output += p.loops.inner;
    }
}
