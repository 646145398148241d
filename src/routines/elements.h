/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The operations that take one element after the other. All but divisions are in plain C: conversions, additions and
 * the like, which compilers vectorise by themselves with each file's flags. No branch depends on an element, and
 * floating-point operations stand outside of conditions, for else they would not.
 */
#ifndef POOLGRAD_ROUTINES_ELEMENTS_H
#define POOLGRAD_ROUTINES_ELEMENTS_H

#include <string.h>

#include "image/ieee.h"
#include "routines/routines.h"
#include "simd/numbers.h"

/* Elements of images need no alignment. */
typedef uint8_t loose8;
typedef uint16_t loose16 __attribute__((aligned(1)));
typedef uint32_t loose32 __attribute__((aligned(1)));
typedef uint64_t loose64 __attribute__((aligned(1)));
typedef float loose_float __attribute__((aligned(1)));
typedef double loose_double __attribute__((aligned(1)));

/* ---- Values: stored elements as float32 or float64, and back (docs/numerics.md N5, N58, N59, N68) ---------------- */

static inline float from_unorm8(uint8_t code)
{
    return (float)code / 255.0F;
}
static inline float from_unorm16(uint16_t code)
{
    return (float)code / 65535.0F;
}
static inline float from_float32(float value)
{
    return value;
}
static inline double from_float64(double value)
{
    return value;
}
static inline uint16_t double_to_float16(double value)
{
    return to_float16(round_to_odd(value));
}
static inline uint16_t double_to_bfloat16(double value)
{
    return to_bfloat16(round_to_odd(value));
}
static inline float double_to_float32(double value)
{
    return to_float32((float)value);
}

#define LOAD_NAME load32_unorm8
#define LOAD_FROM loose8
#define LOAD_TO float
#define LOAD_CONVERSION from_unorm8
#include "routines/load_format.h"

#define LOAD_NAME load32_unorm16
#define LOAD_FROM loose16
#define LOAD_TO float
#define LOAD_CONVERSION from_unorm16
#include "routines/load_format.h"

#define LOAD_NAME load32_float16
#define LOAD_FROM loose16
#define LOAD_TO float
#define LOAD_CONVERSION from_float16
#include "routines/load_format.h"

#define LOAD_NAME load32_bfloat16
#define LOAD_FROM loose16
#define LOAD_TO float
#define LOAD_CONVERSION from_bfloat16
#include "routines/load_format.h"

#define LOAD_NAME load32_float32
#define LOAD_FROM loose_float
#define LOAD_TO float
#define LOAD_CONVERSION from_float32
#include "routines/load_format.h"

#define LOAD_NAME load64_unorm8
#define LOAD_FROM loose8
#define LOAD_TO double
#define LOAD_CONVERSION from_unorm8
#include "routines/load_format.h"

#define LOAD_NAME load64_unorm16
#define LOAD_FROM loose16
#define LOAD_TO double
#define LOAD_CONVERSION from_unorm16
#include "routines/load_format.h"

#define LOAD_NAME load64_float16
#define LOAD_FROM loose16
#define LOAD_TO double
#define LOAD_CONVERSION from_float16
#include "routines/load_format.h"

#define LOAD_NAME load64_bfloat16
#define LOAD_FROM loose16
#define LOAD_TO double
#define LOAD_CONVERSION from_bfloat16
#include "routines/load_format.h"

#define LOAD_NAME load64_float32
#define LOAD_FROM loose_float
#define LOAD_TO double
#define LOAD_CONVERSION from_float32
#include "routines/load_format.h"

#define LOAD_NAME load64_float64
#define LOAD_FROM loose_double
#define LOAD_TO double
#define LOAD_CONVERSION from_float64
#include "routines/load_format.h"

#define STORE_NAME store32_float16
#define STORE_FROM float
#define STORE_TO uint16_t
#define STORE_CONVERSION to_float16
#include "routines/store_format.h"

#define STORE_NAME store32_bfloat16
#define STORE_FROM float
#define STORE_TO uint16_t
#define STORE_CONVERSION to_bfloat16
#include "routines/store_format.h"

#define STORE_NAME store32_float32
#define STORE_FROM float
#define STORE_TO float
#define STORE_CONVERSION to_float32
#include "routines/store_format.h"

#define STORE_NAME store64_float16
#define STORE_FROM double
#define STORE_TO uint16_t
#define STORE_CONVERSION double_to_float16
#include "routines/store_format.h"

#define STORE_NAME store64_bfloat16
#define STORE_FROM double
#define STORE_TO uint16_t
#define STORE_CONVERSION double_to_bfloat16
#include "routines/store_format.h"

#define STORE_NAME store64_float32
#define STORE_FROM double
#define STORE_TO float
#define STORE_CONVERSION double_to_float32
#include "routines/store_format.h"

#define STORE_NAME store64_float64
#define STORE_FROM double
#define STORE_TO double
#define STORE_CONVERSION to_float64
#include "routines/store_format.h"

/* ---- Arithmetic -------------------------------------------------------------------------------------------------- */

#define ARITHMETIC_ALWAYS_INLINE inline __attribute__((always_inline))

enum divide_way {
    DIVIDE_BY_VALUE,
    DIVIDE_BY_FACTOR,    /* a value that is a power of two */
    DIVIDE_BY_RECIPROCAL /* which has two parts (divisor.h) */
};

#define ARITHMETIC_TYPE float
#define ARITHMETIC_NUMBER f32
#define ARITHMETIC_VECTOR vf32
#define ARITHMETIC_LANES LANES_32
#include "routines/arithmetic_number.h"

#define ARITHMETIC_TYPE double
#define ARITHMETIC_NUMBER f64
#define ARITHMETIC_VECTOR vf64
#define ARITHMETIC_LANES LANES_64
#include "routines/arithmetic_number.h"

/* ---- Ties -------------------------------------------------------------------------------------------------------- */

#define TIES_KEY int32_t
#define TIES_CODE loose32
#define TIES_MOST INT32_MAX
#define TIES_INFINITY 0x7f800000
#define TIES_MAKE key32_float32
#define TIES_COUNT count_ties_32
#define TIES_ADD_F32 add_ties_32_f32
#define TIES_ADD_F64 add_ties_32_f64
#include "routines/ties_size.h"

#define TIES_KEY int64_t
#define TIES_CODE loose64
#define TIES_MOST INT64_MAX
#define TIES_INFINITY (INT64_C(0x7ff) << 52)
#define TIES_MAKE key64_float64
#define TIES_COUNT count_ties_64
#define TIES_ADD_F32 add_ties_64_f32
#define TIES_ADD_F64 add_ties_64_f64
#include "routines/ties_size.h"

/* ---- The table --------------------------------------------------------------------------------------------------- */

#define POOLGRAD_TABLE(ISA)                                                                                            \
    {                                                                                                                  \
        .isa = (ISA), .vector_bytes = VECTOR_BYTES,                                                                    \
        .key = {{[POOLGRAD_FLOAT32] = key32_float32}, {[POOLGRAD_FLOAT64] = key64_float64}},                           \
        .load = {{[POOLGRAD_UNORM8] = load32_unorm8,                                                                   \
                  [POOLGRAD_UNORM16] = load32_unorm16,                                                                 \
                  [POOLGRAD_FLOAT16] = load32_float16,                                                                 \
                  [POOLGRAD_BFLOAT16] = load32_bfloat16,                                                               \
                  [POOLGRAD_FLOAT32] = load32_float32},                                                                \
                 {[POOLGRAD_UNORM8] = load64_unorm8,                                                                   \
                  [POOLGRAD_UNORM16] = load64_unorm16,                                                                 \
                  [POOLGRAD_FLOAT16] = load64_float16,                                                                 \
                  [POOLGRAD_BFLOAT16] = load64_bfloat16,                                                               \
                  [POOLGRAD_FLOAT32] = load64_float32,                                                                 \
                  [POOLGRAD_FLOAT64] = load64_float64}},                                                               \
        .store = {{[POOLGRAD_FLOAT16] = store32_float16,                                                               \
                   [POOLGRAD_BFLOAT16] = store32_bfloat16,                                                             \
                   [POOLGRAD_FLOAT32] = store32_float32},                                                              \
                  {[POOLGRAD_FLOAT16] = store64_float16,                                                               \
                   [POOLGRAD_BFLOAT16] = store64_bfloat16,                                                             \
                   [POOLGRAD_FLOAT32] = store64_float32,                                                               \
                   [POOLGRAD_FLOAT64] = store64_float64}},                                                             \
        .divide = {divide_f32, divide_f64}, .divide_all = {divide_all_f32, divide_all_f64},                            \
        .add = {add_to_f32, add_to_f64}, .count_ties = {count_ties_32, count_ties_64},                                 \
        .add_ties = {{add_ties_32_f32, add_ties_32_f64}, {add_ties_64_f32, add_ties_64_f64}}, .fence = fence,          \
        POOLGRAD_FIND_ROUTINES POOLGRAD_ROW_ROUTINES POOLGRAD_GIVE_ROUTINES POOLGRAD_LANES_ROUTINES                    \
            POOLGRAD_PHASES_ROUTINES                                                                                   \
    }

#endif
