/* SPDX-License-Identifier: Apache-2.0
 *
 * The Helium intrinsics that the kernels use, in plain C, so that sanitizers can watch them on a
 * computer. Written from the pseudocode of the Armv8-M Architecture Reference Manual. Pointers keep
 * their element types: what is read or written beyond a buffer is found as in the real thing.
 */
#pragma once
#include <stdint.h>

typedef int8_t int8x16_t __attribute__((vector_size(16)));
typedef int16_t int16x8_t __attribute__((vector_size(16)));
typedef int32_t int32x4_t __attribute__((vector_size(16)));
typedef struct {
    int32x4_t val[2];
} int32x4x2_t;
typedef uint16_t mve_pred16_t; /* a bit for each byte */

static inline mve_pred16_t vctp8q(uint32_t count) {
    return (mve_pred16_t)(count >= 16 ? 0xFFFFu : (1u << count) - 1u);
}

static inline mve_pred16_t vctp32q(uint32_t count) {
    return (mve_pred16_t)(count >= 4 ? 0xFFFFu : (1u << (4 * count)) - 1u);
}

static inline int8x16_t vldrbq_z_s8(const int8_t *source, mve_pred16_t lanes) {
    int8x16_t x = {0};
    for (int i = 0; i < 16; ++i) {
        x[i] = (lanes >> i) & 1 ? source[i] : (int8_t)0;
    }
    return x;
}

static inline int8x16_t vldrbq_s8(const int8_t *source) {
    return vldrbq_z_s8(source, 0xFFFF);
}

static inline int16x8_t vldrbq_s16(const int8_t *source) {
    int16x8_t x = {0};
    for (int i = 0; i < 8; ++i) {
        x[i] = source[i];
    }
    return x;
}

static inline int32x4_t vldrbq_s32(const int8_t *source) {
    const int32x4_t x = {source[0], source[1], source[2], source[3]};
    return x;
}

static inline int32x4_t vldrwq_s32(const int32_t *source) {
    const int32x4_t x = {source[0], source[1], source[2], source[3]};
    return x;
}

static inline void vstrwq_s32(int32_t *target, int32x4_t x) {
    for (int i = 0; i < 4; ++i) {
        target[i] = x[i];
    }
}

static inline void vstrbq_p_s8(int8_t *target, int8x16_t x, mve_pred16_t lanes) {
    for (int i = 0; i < 16; ++i) {
        if ((lanes >> i) & 1) {
            target[i] = x[i];
        }
    }
}

static inline void vstrbq_s8(int8_t *target, int8x16_t x) {
    vstrbq_p_s8(target, x, 0xFFFF);
}

/* The low byte of each lane. */
static inline void vstrbq_s32(int8_t *target, int32x4_t x) {
    for (int i = 0; i < 4; ++i) {
        target[i] = (int8_t)(x[i] & 0xFF);
    }
}

static inline void vstrbq_p_s32(int8_t *target, int32x4_t x, mve_pred16_t lanes) {
    for (int i = 0; i < 4; ++i) {
        if ((lanes >> (4 * i)) & 1) {
            target[i] = (int8_t)(x[i] & 0xFF);
        }
    }
}

static inline void vstrbq_s16(int8_t *target, int16x8_t x) {
    for (int i = 0; i < 8; ++i) {
        target[i] = (int8_t)(x[i] & 0xFF);
    }
}

/* The even elements, and the odd ones. */
static inline int32x4x2_t vld2q_s32(const int32_t *source) {
    const int32x4x2_t x = {{{source[0], source[2], source[4], source[6]},
                            {source[1], source[3], source[5], source[7]}}};
    return x;
}

static inline int16_t saturate_s16(int32_t x) {
    return (int16_t)(x > INT16_MAX ? INT16_MAX : x < INT16_MIN ? INT16_MIN : x);
}

/* `x` with its even (odd) elements replaced. */
static inline int16x8_t vqmovnbq_s32(int16x8_t x, int32x4_t wide) {
    for (int i = 0; i < 4; ++i) {
        x[2 * i] = saturate_s16(wide[i]);
    }
    return x;
}

static inline int16x8_t vqmovntq_s32(int16x8_t x, int32x4_t wide) {
    for (int i = 0; i < 4; ++i) {
        x[2 * i + 1] = saturate_s16(wide[i]);
    }
    return x;
}

static inline int16x8_t vdupq_n_s16(int16_t value) {
    int16x8_t x = {0};
    return x + value;
}

static inline int16x8_t vqaddq_s16(int16x8_t x, int16x8_t y) {
    for (int i = 0; i < 8; ++i) {
        x[i] = saturate_s16(x[i] + y[i]);
    }
    return x;
}

static inline int16x8_t vmaxq_s16(int16x8_t x, int16x8_t y) {
    for (int i = 0; i < 8; ++i) {
        x[i] = x[i] > y[i] ? x[i] : y[i];
    }
    return x;
}

static inline int16x8_t vminq_s16(int16x8_t x, int16x8_t y) {
    for (int i = 0; i < 8; ++i) {
        x[i] = x[i] < y[i] ? x[i] : y[i];
    }
    return x;
}

static inline int8x16_t vdupq_n_s8(int8_t value) {
    int8x16_t x = {0};
    return x + value;
}

static inline int32x4_t vdupq_n_s32(int32_t value) {
    const int32x4_t x = {value, value, value, value};
    return x;
}

static inline int32_t vmladavaq_s8(int32_t sum, int8x16_t x, int8x16_t y) {
    uint32_t total = (uint32_t)sum;
    for (int i = 0; i < 16; ++i) {
        total += (uint32_t)(x[i] * y[i]);
    }
    return (int32_t)total;
}

/* Products of the even (odd) lanes, in full. */
static inline int32x4_t vmullbq_int_s16(int16x8_t x, int16x8_t y) {
    const int32x4_t products = {x[0] * y[0], x[2] * y[2], x[4] * y[4], x[6] * y[6]};
    return products;
}

static inline int32x4_t vmulltq_int_s16(int16x8_t x, int16x8_t y) {
    const int32x4_t products = {x[1] * y[1], x[3] * y[3], x[5] * y[5], x[7] * y[7]};
    return products;
}

static inline int32x4_t vaddq_s32(int32x4_t x, int32x4_t y) {
    for (int i = 0; i < 4; ++i) {
        x[i] = (int32_t)((uint32_t)x[i] + (uint32_t)y[i]);
    }
    return x;
}

static inline int32x4_t vmulq_s32(int32x4_t x, int32x4_t y) {
    for (int i = 0; i < 4; ++i) {
        x[i] = (int32_t)((uint32_t)x[i] * (uint32_t)y[i]);
    }
    return x;
}

static inline int32x4_t vqaddq_s32(int32x4_t x, int32x4_t y) {
    for (int i = 0; i < 4; ++i) {
        const int64_t sum = (int64_t)x[i] + y[i];
        x[i] = (int32_t)(sum > INT32_MAX ? INT32_MAX : sum < INT32_MIN ? INT32_MIN : sum);
    }
    return x;
}

static inline int32x4_t vandq_s32(int32x4_t x, int32x4_t y) {
    return x & y;
}

static inline int32x4_t vmaxq_s32(int32x4_t x, int32x4_t y) {
    for (int i = 0; i < 4; ++i) {
        x[i] = x[i] > y[i] ? x[i] : y[i];
    }
    return x;
}

static inline int32x4_t vminq_s32(int32x4_t x, int32x4_t y) {
    for (int i = 0; i < 4; ++i) {
        x[i] = x[i] < y[i] ? x[i] : y[i];
    }
    return x;
}

static inline int8x16_t vmaxq_s8(int8x16_t x, int8x16_t y) {
    for (int i = 0; i < 16; ++i) {
        x[i] = x[i] > y[i] ? x[i] : y[i];
    }
    return x;
}

static inline int8x16_t vminq_s8(int8x16_t x, int8x16_t y) {
    for (int i = 0; i < 16; ++i) {
        x[i] = x[i] < y[i] ? x[i] : y[i];
    }
    return x;
}

static inline int32x4_t vshrq_n_s32(int32x4_t x, int shift) {
    return x >> shift;
}

static inline int32x4_t vshlq_n_s32(int32x4_t x, int shift) {
    for (int i = 0; i < 4; ++i) {
        x[i] = (int32_t)((uint32_t)x[i] << shift);
    }
    return x;
}

/* To the left by the signed low byte of each lane of `shift`, without saturation; negative: to the
 * right. */
static inline int32x4_t vshlq_s32(int32x4_t x, int32x4_t shift) {
    for (int i = 0; i < 4; ++i) {
        const int8_t by = (int8_t)(shift[i] & 0xFF);
        const uint64_t shifted = by < 0 ? (uint64_t)((int64_t)x[i] >> -by) : (uint64_t)x[i] << by;
        x[i] = (int32_t)(uint32_t)shifted;
    }
    return x;
}

/* The same, rounding to nearest and ties up when it goes to the right. */
static inline int32x4_t vrshlq_s32(int32x4_t x, int32x4_t shift) {
    for (int i = 0; i < 4; ++i) {
        const int8_t by = (int8_t)(shift[i] & 0xFF);
        if (by < 0) {
            x[i] = (int32_t)(((int64_t)x[i] + (INT64_C(1) << (-by - 1))) >> -by);
        } else {
            x[i] = (int32_t)(uint32_t)((uint64_t)x[i] << by);
        }
    }
    return x;
}

static inline int32x4_t vqdmulhq_n_s32(int32x4_t x, int32_t y) {
    for (int i = 0; i < 4; ++i) {
        const int64_t product = ((int64_t)x[i] * y) >> 31;
        x[i] = (int32_t)(product > INT32_MAX ? INT32_MAX : product);
    }
    return x;
}

static inline int32x4_t vqrdmulhq_s32(int32x4_t x, int32x4_t y) {
    for (int i = 0; i < 4; ++i) {
        const int64_t rounded = ((int64_t)x[i] * y[i] + (INT64_C(1) << 30)) >> 31;
        x[i] = (int32_t)(rounded > INT32_MAX ? INT32_MAX : rounded);
    }
    return x;
}

static inline int16x8_t vaddq_s16(int16x8_t x, int16x8_t y) {
    for (int i = 0; i < 8; ++i) {
        x[i] = (int16_t)(uint16_t)((uint16_t)x[i] + (uint16_t)y[i]);
    }
    return x;
}

static inline int16x8_t vmullbq_int_s8(int8x16_t x, int8x16_t y) {
    int16x8_t products = {0};
    for (int i = 0; i < 8; ++i) {
        products[i] = (int16_t)(x[2 * i] * y[2 * i]);
    }
    return products;
}

static inline int16x8_t vmulltq_int_s8(int8x16_t x, int8x16_t y) {
    int16x8_t products = {0};
    for (int i = 0; i < 8; ++i) {
        products[i] = (int16_t)(x[2 * i + 1] * y[2 * i + 1]);
    }
    return products;
}

static inline void vstrhq_s16(int16_t *target, int16x8_t x) {
    for (int i = 0; i < 8; ++i) {
        target[i] = x[i];
    }
}

/* The even (odd) lanes, widened. */
static inline int16x8_t vmovlbq_s8(int8x16_t x) {
    int16x8_t wide = {0};
    for (int i = 0; i < 8; ++i) {
        wide[i] = x[2 * i];
    }
    return wide;
}

static inline int16x8_t vmovltq_s8(int8x16_t x) {
    int16x8_t wide = {0};
    for (int i = 0; i < 8; ++i) {
        wide[i] = x[2 * i + 1];
    }
    return wide;
}

static inline int32x4_t vmovlbq_s16(int16x8_t x) {
    const int32x4_t wide = {x[0], x[2], x[4], x[6]};
    return wide;
}

static inline int32x4_t vmovltq_s16(int16x8_t x) {
    const int32x4_t wide = {x[1], x[3], x[5], x[7]};
    return wide;
}

static inline int8_t saturate_s8(int16_t x) {
    return (int8_t)(x > INT8_MAX ? INT8_MAX : x < INT8_MIN ? INT8_MIN : x);
}

/* `x` with its even (odd) elements replaced. */
static inline int8x16_t vqmovnbq_s16(int8x16_t x, int16x8_t wide) {
    for (int i = 0; i < 8; ++i) {
        x[2 * i] = saturate_s8(wide[i]);
    }
    return x;
}

static inline int8x16_t vqmovntq_s16(int8x16_t x, int16x8_t wide) {
    for (int i = 0; i < 8; ++i) {
        x[2 * i + 1] = saturate_s8(wide[i]);
    }
    return x;
}
