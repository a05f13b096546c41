/* SPDX-License-Identifier: Apache-2.0 */
#include "nn.h"
#include "nn_exponentials.h"
#include "nn_fixed_point.h"

enum {
    LOG_INTEGER_BITS = 6, /* one more than the result has, for the sum of its two parts */
    BITS_BELOW_OUTPUT = 31 - 5 - 4,
};

static int32_t mul(int32_t a, int32_t b) {
    return nn_rounding_doubling_high_mul(a, b);
}

/* x = fraction * 2^(exponent + 1/2) with a fraction around sqrt(sqrt(1/2)) as Q0.31, and that
 * exponent as Q6.25. */
typedef struct {
    int32_t fraction;
    int32_t exponent;
} split;

/* The split of a Q12.19 value x >= 1: of its two candidates, made from x and from x * sqrt(1/2),
 * the smaller fraction and the larger exponent. */
static split split_of(int32_t x) {
    const int32_t sqrt_half = 1518500250;
    const int32_t one = INT32_C(1) << (31 - LOG_INTEGER_BITS);
    const int32_t headroom = nn_leading_zeros(x);
    const int32_t normal = x * (INT32_C(1) << (headroom - 1));
    const int32_t lower = mul(x, sqrt_half);
    const int32_t lower_headroom = nn_leading_zeros(lower) - 1;
    const int32_t first = nn_saturating_shift_left(mul(normal, sqrt_half), 1);
    const int32_t second = nn_saturating_shift_left(x, lower_headroom);
    return (split){
        nn_min(first, second),
        nn_max((NN_SUM_INTEGER_BITS - headroom) * one + one / 4,
               (NN_SUM_INTEGER_BITS - lower_headroom) * one - one / 4),
    };
}

/* log of the fraction of a split, over sqrt(sqrt(1/2)): a quotient of polynomials, as Q6.25. */
static int32_t log_of_fraction(int32_t r) {
    const int32_t sqrt_sqrt_half = 1805811301;
    const int32_t alpha_n = 117049297;
    const int32_t alpha_d = 127690142;
    const int32_t alpha_i = 1057819769;
    const int32_t alpha_f = 638450708;
    const int32_t p = (int32_t)(((int64_t)r + sqrt_sqrt_half + 1) / 2);
    const int32_t q = 2 * (r - sqrt_sqrt_half);
    const int32_t square = mul(q, q);
    const int32_t numerator = mul(q, r) + mul(mul(q, square), alpha_n);
    const int32_t denominator_minus_one =
        mul(p, alpha_i + q + mul(alpha_d, square)) + mul(alpha_f, q);
    const int32_t reciprocal = nn_one_over_one_plus_x(denominator_minus_one);
    return mul(nn_rounding_divide_by_pot(numerator, LOG_INTEGER_BITS), reciprocal);
}

/* log(x) as Q5.26 of a Q12.19 value x >= 1: TFLite's log_x_for_x_greater_than_or_equal_to_1. */
static int32_t log_of_sum(int32_t x) {
    const int32_t log_2 = 1488522236;
    const split s = split_of(x);
    return nn_saturating_shift_left(mul(s.exponent, log_2) + log_of_fraction(s.fraction), 1);
}

static void log_softmax_row(const nn_log_softmax_s8_params *p, const int8_t *input,
                            int8_t *output) {
    const int32_t maximum = nn_row_maximum(input, p->depth);
    const int32_t log_sum =
        log_of_sum(nn_row_sum(p->exponentials, p->entries, input, p->depth, maximum));
    /* The differences from which on the result would not fit Q5.26. */
    const int32_t least =
        nn_requantize(log_sum + INT32_MIN, p->reverse_multiplier, p->reverse_shift);
    const int32_t limit = nn_min(p->entries, -least);
    for (int32_t i = 0; i < p->depth; ++i) {
        const int32_t difference = maximum - input[i];
        int32_t result = INT8_MIN;
        if (difference < limit) {
            const int32_t exact = p->differences[difference] - log_sum;
            const int32_t rounded = nn_rounding_divide_by_pot(exact, BITS_BELOW_OUTPUT);
            result = nn_clamp(rounded + INT8_MAX, INT8_MIN, INT8_MAX);
        }
        output[i] = (int8_t)result;
    }
}

void nn_log_softmax_s8(const nn_log_softmax_s8_params *params, const int8_t *input,
                       int8_t *output) {
    /* A copy that no output can alias: its members stay in registers. */
    const nn_log_softmax_s8_params p = *params;
    for (int32_t row = 0; row < p.rows; ++row) {
        log_softmax_row(&p, input, output);
        input += p.depth;
        output += p.depth;
    }
}
