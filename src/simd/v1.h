/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vocabulary in plain C, one lane wide. Its words, for integers of 16, 32 and 64 bits and for float32 and float64:
 *
 *   load, store        any alignment
 *   splat, zero, add   as they say
 *   add_where8/32      adds the gradient to the sum where the tap (unsigned, 8 or 32 bits) is `code`; elsewhere the sum
 *                      keeps its bits
 *   deinterleave       two vectors of pairs become one of firsts and one of seconds
 *   load_half          half a vector of any elements; the other half may be anything
 *   settle             every NaN the canonical one (docs/numerics.md N68)
 *   interleave         a0 b0 a1 b1 ... in two vectors (16 bits and floats)
 *   multiply           as it says
 *   widen, narrow      float32 in memory as float64, and back, rounded
 *   put                store; past the caches where asked and the address allows; float16 and bfloat16: rounded, of a
 *                      settled vector
 *   load_FORMAT_f32    stored elements as float32, or float64 (docs/numerics.md N5, N58)
 *   put_float16_f64    the same of float64, by way of the float32 next to zero, made odd where the float64 is beside it
 *   put8, get8         integers of 32 bits as bytes, and back
 *   take_part          the first bytes of a vector, zeros behind them, into memory that has room for a vector
 *   put_part           the first bytes of a vector from such memory
 *   quotient, square_root  as they say
 *   quotient_by        a / b, perhaps by way of high + low, next to 1 / b (routines/divisor.h)
 *   add_square         sum + x x, of an x whose square is exact
 *   greater            x > best ? x : best, of floats
 *   more, not_less     masks: x > y, x >= y
 *   same, nan, less    x == y; x is a NaN; unsigned integers x < y
 *   ordered            the mask where neither x nor y is a NaN
 *   both, either       of masks; without: a and not b; all: of a bool; any: whether one lane is set
 *   choose             mask ? a : b
 *   lanes              the mask of lanes [begin, end)
 *   load_where         the mask's lanes; others as given, whose memory is not touched
 *   evens              every other of 2 n - 1 elements: of the first n, and of the last n
 *   ..._part           the same of the first lanes alone: one at least, and but for load_part not all; memory of others
 *                      is not touched
 *   square             SQUARE_8, 16, 32, 64 rows of as many elements; rows become columns. Steps in bytes
 *   split_thirds       pixels of 16 or 32 bits, one in turn to each of three places: THIRDS_16 or THIRDS_32 to each
 *   merge_thirds       and back; steps in bytes
 *   stream, fence      a copy that goes past the caches where there is one, and the end of its disorder
 */
#ifndef POOLGRAD_SIMD_V1_H
#define POOLGRAD_SIMD_V1_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "simd/numbers.h"

enum { VECTOR_BYTES = 8, LANES_16 = 1, LANES_32 = 1, LANES_64 = 1 };

typedef int16_t v16;
typedef int32_t v32;
typedef int64_t v64;
typedef float vf32;
typedef double vf64;

static inline v16 load_16(const void *from)
{
    v16 v;
    memcpy(&v, from, sizeof v);
    return v;
}
static inline void store_16(void *to, v16 v)
{
    memcpy(to, &v, sizeof v);
}
static inline void deinterleave_16(const v16 *a, const v16 *b)
{
    (void)a;
    (void)b;
}
static inline v32 load_32(const void *from)
{
    v32 v;
    memcpy(&v, from, sizeof v);
    return v;
}
static inline void store_32(void *to, v32 v)
{
    memcpy(to, &v, sizeof v);
}
static inline void deinterleave_32(const v32 *a, const v32 *b)
{
    (void)a;
    (void)b;
}
static inline v32 splat_32(int64_t value)
{
    return (v32)value;
}
static inline v32 add_32(v32 a, v32 b)
{
    return (v32)((uint32_t)a + (uint32_t)b);
}
static inline v64 load_64(const void *from)
{
    v64 v;
    memcpy(&v, from, sizeof v);
    return v;
}
static inline void store_64(void *to, v64 v)
{
    memcpy(to, &v, sizeof v);
}
static inline void deinterleave_64(const v64 *a, const v64 *b)
{
    (void)a;
    (void)b;
}
static inline v64 splat_64(int64_t value)
{
    return value;
}
static inline v64 add_64(v64 a, v64 b)
{
    return (v64)((uint64_t)a + (uint64_t)b);
}

static inline vf32 load_f32(const void *from)
{
    vf32 v;
    memcpy(&v, from, sizeof v);
    return v;
}
static inline void store_f32(void *to, vf32 v)
{
    memcpy(to, &v, sizeof v);
}
static inline vf32 zero_f32(void)
{
    return 0;
}
static inline vf32 add_f32(vf32 a, vf32 b)
{
    return a + b;
}
static inline vf32 add_where8_f32(vf32 sum, const uint8_t *tap, uint32_t code, const float *gradient)
{
    return *tap == code ? sum + load_f32(gradient) : sum;
}
static inline vf32 add_where32_f32(vf32 sum, const uint32_t *tap, uint32_t code, const float *gradient)
{
    uint32_t picked;
    memcpy(&picked, tap, sizeof picked);
    return picked == code ? sum + load_f32(gradient) : sum;
}

static inline vf64 load_f64(const void *from)
{
    vf64 v;
    memcpy(&v, from, sizeof v);
    return v;
}
static inline void store_f64(void *to, vf64 v)
{
    memcpy(to, &v, sizeof v);
}
static inline vf64 zero_f64(void)
{
    return 0;
}
static inline vf64 add_f64(vf64 a, vf64 b)
{
    return a + b;
}
static inline vf64 add_where8_f64(vf64 sum, const uint8_t *tap, uint32_t code, const double *gradient)
{
    return *tap == code ? sum + load_f64(gradient) : sum;
}
static inline vf64 add_where32_f64(vf64 sum, const uint32_t *tap, uint32_t code, const double *gradient)
{
    uint32_t picked;
    memcpy(&picked, tap, sizeof picked);
    return picked == code ? sum + load_f64(gradient) : sum;
}

static inline v64 load_half(const void *from)
{
    int32_t half;
    memcpy(&half, from, sizeof half);
    return half;
}
static inline vf32 multiply_f32(vf32 a, vf32 b)
{
    return a * b;
}
static inline vf64 multiply_f64(vf64 a, vf64 b)
{
    return a * b;
}
static inline vf64 widen_f32(const void *from)
{
    return load_f32(from);
}
static inline void narrow_f64(void *to, vf64 v)
{
    store_f32(to, (float)v);
}

static inline vf32 settle_f32(vf32 v)
{
    return v == v ? v : (vf32)NAN;
}
static inline void interleave_f32(const vf32 *a, const vf32 *b)
{
    (void)a;
    (void)b;
}
static inline void put_f32(void *to, vf32 v, bool past_caches)
{
    (void)past_caches;
    memcpy(to, &v, sizeof v);
}

static inline vf64 settle_f64(vf64 v)
{
    return v == v ? v : (vf64)NAN;
}
static inline void interleave_f64(const vf64 *a, const vf64 *b)
{
    (void)a;
    (void)b;
}
static inline void put_f64(void *to, vf64 v, bool past_caches)
{
    (void)past_caches;
    memcpy(to, &v, sizeof v);
}

/* ---- Elements and masks ------------------------------------------------------------------------------------------ */

typedef bool m32, m64;

/* One lane has no part: never called. */
static inline void take_part(void *room, const void *from, int64_t bytes)
{
    (void)from;
    (void)bytes;
    memset(room, 0, VECTOR_BYTES);
}
static inline void put_part(void *to, const void *room, int64_t bytes)
{
    (void)to;
    (void)room;
    (void)bytes;
}
static inline vf32 load_float16_f32(const void *from)
{
    uint16_t code;
    memcpy(&code, from, sizeof code);
    return from_float16(code);
}
static inline vf32 load_bfloat16_f32(const void *from)
{
    uint16_t code;
    memcpy(&code, from, sizeof code);
    return from_bfloat16(code);
}
static inline vf32 load_unorm8_f32(const void *from)
{
    return (float)*(const uint8_t *)from / 255.0F;
}
static inline vf32 load_unorm16_f32(const void *from)
{
    uint16_t code;
    memcpy(&code, from, sizeof code);
    return (float)code / 65535.0F;
}
static inline vf64 load_unorm8_f64(const void *from)
{
    return load_unorm8_f32(from);
}
static inline vf64 load_unorm16_f64(const void *from)
{
    return load_unorm16_f32(from);
}
static inline vf64 load_float16_f64(const void *from)
{
    return load_float16_f32(from);
}
static inline vf64 load_bfloat16_f64(const void *from)
{
    return load_bfloat16_f32(from);
}
static inline void put_float16(void *to, vf32 v)
{
    const uint16_t code = to_float16(v);
    memcpy(to, &code, sizeof code);
}
static inline void put_bfloat16(void *to, vf32 v)
{
    const uint16_t code = to_bfloat16(v);
    memcpy(to, &code, sizeof code);
}
static inline void put_float16_f64(void *to, vf64 v)
{
    put_float16(to, round_to_odd(v));
}
static inline void put_bfloat16_f64(void *to, vf64 v)
{
    put_bfloat16(to, round_to_odd(v));
}
static inline void put8_32(void *to, v32 v)
{
    *(uint8_t *)to = (uint8_t)v;
}
static inline v32 get8_32(const void *from)
{
    return *(const uint8_t *)from;
}
static inline vf64 square_root_f64(vf64 a)
{
    return sqrt(a);
}
static inline vf64 add_square_f64(vf64 sum, vf64 x)
{
    return sum + x * x;
}
static inline m32 less_32(v32 a, v32 b)
{
    return (uint32_t)a < (uint32_t)b;
}
static inline m64 less_64(v64 a, v64 b)
{
    return (uint64_t)a < (uint64_t)b;
}

static inline vf32 splat_f32(double value)
{
    return (float)value;
}
static inline vf32 quotient_f32(vf32 a, vf32 b)
{
    return a / b;
}
static inline vf32 quotient_by_f32(vf32 a, vf32 b, vf32 high, vf32 low)
{
    (void)high;
    (void)low;
    return quotient_f32(a, b);
}
static inline vf32 greater_f32(vf32 x, vf32 best)
{
    return x > best ? x : best;
}
static inline m32 more_f32(vf32 x, vf32 y)
{
    return x > y;
}
static inline m32 not_less_f32(vf32 x, vf32 y)
{
    return x >= y;
}
static inline m32 same_f32(vf32 x, vf32 y)
{
    return x == y;
}
static inline m32 nan_f32(vf32 x)
{
    return x != x;
}
static inline m32 ordered_f32(m32 m, vf32 x, vf32 y)
{
    return m & (x == x) & (y == y);
}
static inline m32 both_m32(m32 a, m32 b)
{
    return a & b;
}
static inline m32 either_m32(m32 a, m32 b)
{
    return a | b;
}
static inline m32 without_m32(m32 a, m32 b)
{
    return a & !b;
}
static inline m32 all_m32(bool set)
{
    return set;
}
static inline bool any_m32(m32 m)
{
    return m;
}
static inline vf32 choose_f32(m32 m, vf32 a, vf32 b)
{
    return m ? a : b;
}
static inline v32 choose_32(m32 m, v32 a, v32 b)
{
    return m ? a : b;
}

static inline vf64 splat_f64(double value)
{
    return value;
}
static inline vf64 quotient_f64(vf64 a, vf64 b)
{
    return a / b;
}
static inline vf64 quotient_by_f64(vf64 a, vf64 b, vf64 high, vf64 low)
{
    (void)high;
    (void)low;
    return quotient_f64(a, b);
}
static inline vf64 greater_f64(vf64 x, vf64 best)
{
    return x > best ? x : best;
}
static inline m64 more_f64(vf64 x, vf64 y)
{
    return x > y;
}
static inline m64 not_less_f64(vf64 x, vf64 y)
{
    return x >= y;
}
static inline m64 same_f64(vf64 x, vf64 y)
{
    return x == y;
}
static inline m64 nan_f64(vf64 x)
{
    return x != x;
}
static inline m64 ordered_f64(m64 m, vf64 x, vf64 y)
{
    return m & (x == x) & (y == y);
}
static inline m64 both_m64(m64 a, m64 b)
{
    return a & b;
}
static inline m64 either_m64(m64 a, m64 b)
{
    return a | b;
}
static inline m64 without_m64(m64 a, m64 b)
{
    return a & !b;
}
static inline m64 all_m64(bool set)
{
    return set;
}
static inline bool any_m64(m64 m)
{
    return m;
}
static inline vf64 choose_f64(m64 m, vf64 a, vf64 b)
{
    return m ? a : b;
}
static inline v64 choose_64(m64 m, v64 a, v64 b)
{
    return m ? a : b;
}

static inline void stream(void *to, const void *from, int64_t bytes)
{
    memcpy(to, from, (size_t)bytes);
}
static inline void fence(void)
{
}

/* ---- Parts, halves and squares ----------------------------------------------------------------------------------- */

static inline m32 lanes_m32(int64_t begin, int64_t end)
{
    return begin <= 0 && end > 0;
}
static inline vf32 load_where_f32(m32 m, const void *from, vf32 others)
{
    return m ? load_f32(from) : others;
}
static inline vf32 evens_f32(vf32 a, vf32 b)
{
    (void)b;
    return a;
}
static inline vf32 load_part_f32(const void *from, int64_t lanes)
{
    (void)lanes;
    return load_f32(from);
}
static inline vf64 load_part_f64(const void *from, int64_t lanes)
{
    (void)lanes;
    return load_f64(from);
}
static inline vf32 add_part_f32(vf32 sum, const void *from, int64_t lanes)
{
    (void)lanes;
    return sum + load_f32(from);
}
static inline vf64 add_part_f64(vf64 sum, const void *from, int64_t lanes)
{
    (void)lanes;
    return sum + load_f64(from);
}
static inline vf32 add_where8_part_f32(vf32 sum, const uint8_t *tap, uint32_t code, const float *gradient,
                                       int64_t lanes)
{
    (void)lanes;
    return add_where8_f32(sum, tap, code, gradient);
}
static inline vf64 add_where8_part_f64(vf64 sum, const uint8_t *tap, uint32_t code, const double *gradient,
                                       int64_t lanes)
{
    (void)lanes;
    return add_where8_f64(sum, tap, code, gradient);
}
static inline vf32 add_where32_part_f32(vf32 sum, const uint32_t *tap, uint32_t code, const float *gradient,
                                        int64_t lanes)
{
    (void)lanes;
    return add_where32_f32(sum, tap, code, gradient);
}
static inline vf64 add_where32_part_f64(vf64 sum, const uint32_t *tap, uint32_t code, const double *gradient,
                                        int64_t lanes)
{
    (void)lanes;
    return add_where32_f64(sum, tap, code, gradient);
}

static inline void put_part_f32(void *to, vf32 v, int64_t lanes)
{
    (void)lanes;
    store_f32(to, v);
}
static inline void put_part_f64(void *to, vf64 v, int64_t lanes)
{
    (void)lanes;
    store_f64(to, v);
}
static inline void put_part_float16(void *to, vf32 v, int64_t lanes)
{
    (void)lanes;
    put_float16(to, v);
}
static inline void put_part_bfloat16(void *to, vf32 v, int64_t lanes)
{
    (void)lanes;
    put_bfloat16(to, v);
}
static inline void narrow_part_f64(void *to, vf64 v, int64_t lanes)
{
    (void)lanes;
    narrow_f64(to, v);
}

static inline void interleave_16(const v16 *a, const v16 *b)
{
    (void)a;
    (void)b;
}

enum { THIRDS_16 = 1, THIRDS_32 = 1 };

static inline void split_thirds_16(const void *from, void *to, int64_t to_step)
{
    for (int64_t i = 0; i < 3; i++)
        store_16((char *)to + i * to_step, load_16((const char *)from + i * (int64_t)sizeof(v16)));
}
static inline void merge_thirds_16(const void *from, int64_t from_step, void *to)
{
    for (int64_t i = 0; i < 3; i++)
        store_16((char *)to + i * (int64_t)sizeof(v16), load_16((const char *)from + i * from_step));
}

static inline void split_thirds_32(const void *from, void *to, int64_t to_step)
{
    for (int64_t i = 0; i < 3; i++)
        store_32((char *)to + i * to_step, load_32((const char *)from + i * (int64_t)sizeof(v32)));
}
static inline void merge_thirds_32(const void *from, int64_t from_step, void *to)
{
    for (int64_t i = 0; i < 3; i++)
        store_32((char *)to + i * (int64_t)sizeof(v32), load_32((const char *)from + i * from_step));
}

enum { SQUARE_8 = 1, SQUARE_16 = 1, SQUARE_32 = 1, SQUARE_64 = 1 };

static inline void square_8(const void *from, int64_t from_step, void *to, int64_t to_step)
{
    (void)from_step;
    (void)to_step;
    memcpy(to, from, sizeof(int8_t));
}
static inline void square_16(const void *from, int64_t from_step, void *to, int64_t to_step)
{
    (void)from_step;
    (void)to_step;
    memcpy(to, from, sizeof(int16_t));
}
static inline void square_32(const void *from, int64_t from_step, void *to, int64_t to_step)
{
    (void)from_step;
    (void)to_step;
    memcpy(to, from, sizeof(int32_t));
}
static inline void square_64(const void *from, int64_t from_step, void *to, int64_t to_step)
{
    (void)from_step;
    (void)to_step;
    memcpy(to, from, sizeof(int64_t));
}

#endif
