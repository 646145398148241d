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

#define FIND_RARELY __attribute__((noinline)) /* one for all callers: the library stays small */
#define FIND_PASTE(a, b) a##b
#define FIND_JOIN(a, b) a##_##b
#define FIND_EXPANDED_JOIN(a, b) FIND_JOIN(a, b)
#define FIND_JOIN_PAIR(a, format, number) a##_##format##_##number

/* Elements of operands, of results and of a source gradient. */
struct find_steps {
    int64_t from, result, gradient;
};

static inline void find_step(struct find_steps *at, const struct find_steps *step)
{
    at->from += step->from;
    at->result += step->result;
    at->gradient += step->gradient;
}

/* So many repeats, lines or slices, and from one to the next. */
struct find_level {
    int64_t count;
    struct find_steps step;
};

/* Where a walk is that has elements [begin, end) of each repeat before it, in vectors of so many lanes: at an element
 * of a repeat, whose element 0 is so many behind that of repeat 0, of a line, of a slice. */
struct find_cursor {
    int64_t element, left, lines_left, slices_left; /* repeats of the line, lines and slices with this one */
    struct find_steps at, line, slice;
    int64_t begin, end, lanes;
    int64_t count;
    struct find_level repeats, lines, slices;
};

/* At the first element that is left of the first repeat. */
static inline void find_restart(struct find_cursor *cursor)
{
    cursor->at = cursor->line = cursor->slice = (struct find_steps){0, 0, 0};
    cursor->left = cursor->repeats.count;
    cursor->lines_left = cursor->lines.count;
    cursor->slices_left = cursor->slices.count;
    cursor->element = cursor->begin;
}

/* Behind the last repeat of a line, where there is another line, at that; else at one of the next slice. */
static inline void find_next_line(struct find_cursor *cursor)
{
    if (cursor->left > 0) return;
    if (--cursor->lines_left > 0) {
        find_step(&cursor->line, &cursor->lines.step);
    } else if (--cursor->slices_left > 0) {
        find_step(&cursor->slice, &cursor->slices.step);
        cursor->line = cursor->slice;
        cursor->lines_left = cursor->lines.count;
    } else {
        return;
    }
    cursor->at = cursor->line;
    cursor->left = cursor->repeats.count;
}

static inline void find_next_repeat(struct find_cursor *cursor)
{
    cursor->element = cursor->begin;
    find_step(&cursor->at, &cursor->repeats.step);
    cursor->left--;
    find_next_line(cursor);
}

/* Levels that follow each other are one, and one of a single member none: the first level has more than the others,
 * if any has. */
static FIND_RARELY void find_list_levels(const struct find_task *task, struct find_cursor *cursor)
{
    const struct poolgrad_walk *walk = task->walk;
    const struct poolgrad_ending *ending = task->ending;
    struct find_level *const repeats = &cursor->repeats, *const lines = &cursor->lines, *const slices = &cursor->slices;
    *lines = (struct find_level){walk->lines > 0 ? walk->lines : 1,
                                 {walk->line_step, walk->line_to_step, ending->gradient_line_step}};
    *slices = (struct find_level){walk->slices > 0 ? walk->slices : 1,
                                  {walk->slice_step, walk->slice_to_step, ending->gradient_slice_step}};
    if (slices->count > 1) {
        const struct find_steps *step = &slices->step, *of = &lines->step;
        const int64_t n = lines->count;
        const bool follow = n == 1 || (step->from == n * of->from && step->result == n * of->result &&
                                       step->gradient == n * of->gradient);
        if (follow && n == 1) lines->step = slices->step;
        if (follow) {
            lines->count = n * slices->count;
            slices->count = 1;
        }
    }
    if (lines->count > 1 && repeats->count < FIND_TOGETHER) {
        /* Vectors of neighbouring repeats go together. */
        const struct find_level level = *repeats;
        *repeats = *lines;
        *lines = level;
    }
}

/* Repeats that follow each other are one. Whole rounds of vectors beside each other, if any, go before. Where an
 * earlier walk is resumed no element may go twice but in one block: whole vectors go first, then what is left of each
 * repeat. */
static FIND_RARELY void find_begin(const struct find_task *task, int64_t lanes, bool rounds, struct find_cursor *cursor)
{
    const struct poolgrad_walk *walk = task->walk;
    const struct poolgrad_ending *ending = task->ending;
    const int64_t repeats = walk->repeats;
    const bool follow = walk->step == walk->count && walk->to_step == walk->count;
    const bool joined = follow && (!ending->gradient || ending->gradient_step == walk->count);
    const int64_t count = joined ? walk->count * repeats : walk->count, whole = count & -lanes;
    const int64_t begin = rounds ? count & -(FIND_TOGETHER * lanes) : 0;
    const bool parts = whole <= (ending->resume ? begin : 0);
    cursor->repeats = (struct find_level){joined ? 1 : repeats, {walk->step, walk->to_step, ending->gradient_step}};
    cursor->lines.count = cursor->slices.count = 1;
    if (walk->lines > 1 || walk->slices > 1) find_list_levels(task, cursor);
    cursor->begin = begin;
    find_restart(cursor);
    if (begin == count) cursor->left = 0;
    cursor->end = ending->resume && !parts ? whole : count;
    cursor->lanes = parts ? count - begin : lanes;
    cursor->count = count;
}

/* What whole vectors have left of resumed repeats. */
static inline bool find_next_part(struct find_cursor *cursor)
{
    if (cursor->end == cursor->count) return false;
    cursor->begin = cursor->end;
    cursor->end = cursor->count;
    cursor->lanes = cursor->end - cursor->begin;
    find_restart(cursor);
    return true;
}

/* One vector of each of the next repeats, which has all elements that are left of them. */
static inline void find_next_repeats(struct find_cursor *cursor, struct find_place *place)
{
    const struct find_steps step = cursor->repeats.step, at = cursor->at;
    const int64_t element = cursor->end - cursor->lanes;
    for (int64_t v = 0; v < FIND_TOGETHER; v++) {
        place->from[v] = at.from + element + v * step.from;
        place->result[v] = at.result + element + v * step.result;
        place->gradient[v] = at.gradient + element + v * step.gradient;
    }
    place->vectors = FIND_TOGETHER;
    cursor->at.from = at.from + FIND_TOGETHER * step.from;
    cursor->at.result = at.result + FIND_TOGETHER * step.result;
    cursor->at.gradient = at.gradient + FIND_TOGETHER * step.gradient;
    cursor->left -= FIND_TOGETHER;
    find_next_line(cursor);
}

/* The next vectors, of one repeat or of several. The last one of a repeat ends where its elements do. */
static FIND_RARELY bool find_next(struct find_cursor *cursor, struct find_place *place)
{
    if (cursor->left == 0 && !find_next_part(cursor)) return false;
    const int64_t lanes = cursor->lanes, last = cursor->end - lanes;
    int64_t v = 0;
    place->gap = 0;
    place->lanes = lanes;
    if (cursor->begin >= last && cursor->left >= FIND_TOGETHER) {
        find_next_repeats(cursor, place);
        return true;
    }
    for (; v < FIND_TOGETHER && cursor->left > 0; v++) {
        const int64_t first = cursor->element < last ? cursor->element : last;
        place->from[v] = cursor->at.from + first;
        place->result[v] = cursor->at.result + first;
        place->gradient[v] = cursor->at.gradient + first;
        cursor->element += lanes;
        if (cursor->element >= cursor->end) find_next_repeat(cursor);
    }
    place->vectors = v;
    for (; v < FIND_TOGETHER; v++) {
        place->from[v] = place->from[v - 1];
        place->result[v] = place->result[v - 1];
        place->gradient[v] = place->gradient[v - 1];
    }
    return true;
}

/* The same where a vector is one lane: as many as go together, or one. */
static inline bool find_next_lanes(struct find_cursor *cursor, struct find_place *place)
{
    if (cursor->left == 0) return false;
    place->vectors = cursor->end - cursor->element >= FIND_TOGETHER ? FIND_TOGETHER : 1;
    place->gap = place->lanes = 1;
    place->from[0] = cursor->at.from + cursor->element;
    place->result[0] = cursor->at.result + cursor->element;
    place->gradient[0] = cursor->at.gradient + cursor->element;
    cursor->element += place->vectors;
    if (cursor->element >= cursor->end) find_next_repeat(cursor);
    return true;
}

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
