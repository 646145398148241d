/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What windows find among their taps: the sum, the norm, the maximum and which tap it is. Written once in the words of
 * simd/v*.h; find_numbers.h is compiled for each format of operands and each kind of numbers they become.
 */
#ifndef POOLGRAD_ROUTINES_FIND_H
#define POOLGRAD_ROUTINES_FIND_H

#include "routines/find_ends.h"
#include "routines/routines.h"

/* One call of a routine. */
struct find_task {
    const struct poolgrad_walk *walk;
    const struct poolgrad_ending *ending;
    const struct poolgrad_search *search;
    unsigned char *to, *code; /* either may be null in a search, code also is in others */
    int code_bytes;
};

/* Lanes that go together: their operands and the codes of these, their results and a source gradient are so many
 * elements behind those of element 0 of repeat 0. `lanes` of a vector's are there. */
struct find_place {
    int64_t from, result, lanes, gradient;
};

#define FIND_RARELY __attribute__((noinline)) /* one for all callers: the library stays small */
#define FIND_PASTE(a, b) a##b
#define FIND_JOIN(a, b) a##_##b
#define FIND_JOIN_PAIR(a, format, number) a##_##format##_##number

#define FORMAT unorm8
#define SIZE 1
#define NUMBER f32
#define BITS 32
#define SUM
#define MAX
#include "routines/find_numbers.h"

#define FORMAT unorm16
#define SIZE 2
#define NUMBER f32
#define BITS 32
#define SUM
#define MAX
#include "routines/find_numbers.h"

#define FORMAT float16
#define SIZE 2
#define NUMBER f32
#define BITS 32
#define SUM
#define MAX
#include "routines/find_numbers.h"

#define FORMAT bfloat16
#define SIZE 2
#define NUMBER f32
#define BITS 32
#define SUM
#define MAX
#include "routines/find_numbers.h"

#define FORMAT float32
#define SIZE 4
#define NUMBER f32
#define BITS 32
#define SUM
#define MAX
#define STEPS
#include "routines/find_numbers.h"

#define FORMAT unorm8
#define SIZE 1
#define NUMBER f64
#define BITS 64
#define SUM
#define NORM add_square_f64
#include "routines/find_numbers.h"

#define FORMAT unorm16
#define SIZE 2
#define NUMBER f64
#define BITS 64
#define SUM
#define NORM add_square_f64
#include "routines/find_numbers.h"

#define FORMAT float16
#define SIZE 2
#define NUMBER f64
#define BITS 64
#define SUM
#define NORM add_square_f64
#include "routines/find_numbers.h"

#define FORMAT bfloat16
#define SIZE 2
#define NUMBER f64
#define BITS 64
#define SUM
#define NORM add_square_f64
#include "routines/find_numbers.h"

#define FORMAT float32
#define SIZE 4
#define NUMBER f64
#define BITS 64
#define SUM
#define NORM add_square_f64
#include "routines/find_numbers.h"

#define FORMAT float64
#define SIZE 8
#define NUMBER f64
#define BITS 64
#define SUM
#define NORM add_rounded_square_f64
#define MAX
#define STEPS
#include "routines/find_numbers.h"

#undef FIND_TOGETHER
#undef FIND_ALWAYS_INLINE
#undef FIND_RARELY
#undef FIND_PASTE
#undef FIND_JOIN
#undef FIND_JOIN_PAIR

/* Entries of the table of an instruction set, each with a comma behind it. */
#define POOLGRAD_FIND_ROUTINES                                                                                         \
    .find_sum = {{[POOLGRAD_UNORM8] = find_sum_unorm8_f32,                                                             \
                  [POOLGRAD_UNORM16] = find_sum_unorm16_f32,                                                           \
                  [POOLGRAD_FLOAT16] = find_sum_float16_f32,                                                           \
                  [POOLGRAD_BFLOAT16] = find_sum_bfloat16_f32,                                                         \
                  [POOLGRAD_FLOAT32] = find_sum_float32_f32},                                                          \
                 {[POOLGRAD_UNORM8] = find_sum_unorm8_f64,                                                             \
                  [POOLGRAD_UNORM16] = find_sum_unorm16_f64,                                                           \
                  [POOLGRAD_FLOAT16] = find_sum_float16_f64,                                                           \
                  [POOLGRAD_BFLOAT16] = find_sum_bfloat16_f64,                                                         \
                  [POOLGRAD_FLOAT32] = find_sum_float32_f64,                                                           \
                  [POOLGRAD_FLOAT64] = find_sum_float64_f64}},                                                         \
    .find_norm = {[POOLGRAD_UNORM8] = find_norm_unorm8_f64,   [POOLGRAD_UNORM16] = find_norm_unorm16_f64,              \
                  [POOLGRAD_FLOAT16] = find_norm_float16_f64, [POOLGRAD_BFLOAT16] = find_norm_bfloat16_f64,            \
                  [POOLGRAD_FLOAT32] = find_norm_float32_f64, [POOLGRAD_FLOAT64] = find_norm_float64_f64},             \
    .find_greatest =                                                                                                   \
        {[POOLGRAD_UNORM8] = find_greatest_unorm8_f32,   [POOLGRAD_UNORM16] = find_greatest_unorm16_f32,               \
         [POOLGRAD_FLOAT16] = find_greatest_float16_f32, [POOLGRAD_BFLOAT16] = find_greatest_bfloat16_f32,             \
         [POOLGRAD_FLOAT32] = find_greatest_float32_f32, [POOLGRAD_FLOAT64] = find_greatest_float64_f64},              \
    .find_pick8 = {[POOLGRAD_UNORM8] = find_pick8_unorm8_f32,   [POOLGRAD_UNORM16] = find_pick8_unorm16_f32,           \
                   [POOLGRAD_FLOAT16] = find_pick8_float16_f32, [POOLGRAD_BFLOAT16] = find_pick8_bfloat16_f32,         \
                   [POOLGRAD_FLOAT32] = find_pick8_float32_f32, [POOLGRAD_FLOAT64] = find_pick8_float64_f64},          \
    .find_pick32 = {[POOLGRAD_UNORM8] = find_pick32_unorm8_f32,   [POOLGRAD_UNORM16] = find_pick32_unorm16_f32,        \
                    [POOLGRAD_FLOAT16] = find_pick32_float16_f32, [POOLGRAD_BFLOAT16] = find_pick32_bfloat16_f32,      \
                    [POOLGRAD_FLOAT32] = find_pick32_float32_f32, [POOLGRAD_FLOAT64] = find_pick32_float64_f64},

#endif
