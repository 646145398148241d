/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Operands of one format as numbers, and what is found among them. Included by find.h for each pair; parameters, all
 * undefined at the end:
 *
 *   FORMAT, SIZE    of operands: unorm8 ... float64, and the bytes of one
 *   NUMBER, BITS    what they become: f32 or f64, and its width
 *   SUM, MAX        what is asked for, if defined: find_sum; find_greatest, find_pick8 and find_pick32
 *   STEPS           whether searches may be the second of two steps, with codes from the first
 *   NORM            the word that adds a square, if find_norm is asked for
 *
 * Names of functions end in the pair.
 */

#define EXPAND(join, a, b) join(a, b)
#define EXPAND_PAIR(a, format, number) FIND_JOIN_PAIR(a, format, number)
#define NAME(a) EXPAND_PAIR(a, FORMAT, NUMBER)
#define WORD(a) EXPAND(FIND_JOIN, a, NUMBER)
#define INTEGER_WORD(a) EXPAND(FIND_JOIN, a, BITS)
#define NUMBERS EXPAND(FIND_PASTE, v, NUMBER)
#define INTEGERS EXPAND(FIND_PASTE, v, BITS)
#define MASK EXPAND(FIND_PASTE, m, BITS)
#define MASK_WORD(a) EXPAND(FIND_JOIN, a, EXPAND(FIND_PASTE, m, BITS))
#define LANES ((int64_t)INTEGER_WORD(LANES))
#define NUMBER_SIZE (BITS / 8)

/* Lanes of a part that are not there are 0. */
static FIND_ALWAYS_INLINE NUMBERS NAME(operand)(const unsigned char *at, int64_t lanes)
{
    _Alignas(VECTOR_BYTES) unsigned char room[VECTOR_BYTES];
    if (lanes == LANES) return NAME(load)(at);
    take_part(room, at, lanes * SIZE);
    return NAME(load)(room);
}

/* What an earlier walk left. */
static FIND_ALWAYS_INLINE NUMBERS NAME(resumed)(const unsigned char *at, int64_t lanes)
{
    _Alignas(VECTOR_BYTES) unsigned char room[VECTOR_BYTES];
    if (lanes == LANES) return WORD(load)(at);
    take_part(room, at, lanes * NUMBER_SIZE);
    return WORD(load)(room);
}

static FIND_RARELY void NAME(deliver_part)(const struct poolgrad_ending *ending, const NUMBERS *v, int64_t lanes,
                                           unsigned char *to)
{
    _Alignas(VECTOR_BYTES) unsigned char room[VECTOR_BYTES];
    if (ending->stored) {
        NAME(end)(room, *v, false);
    } else {
        WORD(put)(room, *v, false);
    }
    put_part(to, room, lanes * (ending->stored ? SIZE : NUMBER_SIZE));
}

static FIND_ALWAYS_INLINE void NAME(deliver)(const struct poolgrad_ending *ending, NUMBERS v, int64_t lanes,
                                             unsigned char *to)
{
    if (lanes != LANES) {
        const NUMBERS copy = v;
        NAME(deliver_part)(ending, &copy, lanes, to);
    } else if (ending->stored) {
        NAME(end)(to, v, ending->past_caches);
    } else {
        WORD(put)(to, v, ending->past_caches);
    }
}

#if defined(SUM)

static FIND_ALWAYS_INLINE bool NAME(sum_block)(const struct find_task *task, struct find_place place, int64_t together)
{
    const struct poolgrad_walk *walk = task->walk;
    const struct poolgrad_ending *ending = task->ending;
    const int64_t size = ending->stored ? SIZE : NUMBER_SIZE;
    unsigned char *to = task->to + place.result * size;
    NUMBERS sum[FIND_TOGETHER];
    for (int64_t v = 0; v < together; v++) {
        sum[v] = ending->resume ? NAME(resumed)(to + v * LANES * size, place.lanes) : WORD(zero)();
    }
    for (int64_t r = 0; r < walk->row_count; r++) {
        const unsigned char *row = (const unsigned char *)walk->rows[r].at + place.from * SIZE;
        for (int64_t c = 0; c < walk->column_count; c++) {
            const unsigned char *at = row + walk->columns[c].offset * SIZE;
            for (int64_t v = 0; v < together; v++) {
                sum[v] = WORD(add)(sum[v], NAME(operand)(at + v * LANES * SIZE, place.lanes));
            }
        }
    }
    for (int64_t v = 0; v < together; v++) {
        if (!ending->partial && ending->divisor != 0) sum[v] = WORD(quotient)(sum[v], WORD(splat)(ending->divisor));
        NAME(deliver)(ending, sum[v], place.lanes, to + v * LANES * size);
    }
    return false;
}

#define BLOCK NAME(sum_block)
#define WALK NAME(sum_walk)
#include "routines/find_walk.h"

static void NAME(find_sum)(const struct poolgrad_walk *walk, const struct poolgrad_ending *ending, void *to)
{
    const struct find_task task = {.walk = walk, .ending = ending, .to = to};
    NAME(sum_walk)(&task);
}

#endif
#if defined(NORM)

static FIND_ALWAYS_INLINE NUMBERS NAME(norm_of)(const struct poolgrad_ending *ending, NUMBERS sum)
{
    if (ending->partial) return sum;
    if (ending->divisor != 0) sum = WORD(quotient)(sum, WORD(splat)(ending->divisor));
    return WORD(square_root)(sum);
}

static FIND_ALWAYS_INLINE void NAME(norm_end)(const struct find_task *task, struct find_place place, const NUMBERS *sum,
                                              int64_t together)
{
    const struct poolgrad_ending *ending = task->ending;
    const int64_t size = ending->stored ? SIZE : NUMBER_SIZE;
    unsigned char *to = task->to + place.result * size;
    if (ending->gradient && !ending->partial) {
        NUMBERS copy[FIND_TOGETHER]; /* the sums themselves, whose addresses nobody has, stay in registers */
        for (int64_t v = 0; v < together; v++) copy[v] = sum[v];
        end_ratios(ending, place.gradient, copy, together, place.lanes, to);
        return;
    }
    for (int64_t v = 0; v < together; v++) {
        NAME(deliver)(ending, NAME(norm_of)(ending, sum[v]), place.lanes, to + v * LANES * size);
    }
}

static FIND_ALWAYS_INLINE bool NAME(norm_block)(const struct find_task *task, struct find_place place, int64_t together)
{
    const struct poolgrad_walk *walk = task->walk;
    const struct poolgrad_ending *ending = task->ending;
    const int64_t size = ending->stored ? SIZE : NUMBER_SIZE;
    unsigned char *to = task->to + place.result * size;
    NUMBERS sum[FIND_TOGETHER];
    for (int64_t v = 0; v < together; v++) {
        sum[v] = ending->resume ? NAME(resumed)(to + v * LANES * size, place.lanes) : WORD(zero)();
    }
    for (int64_t r = 0; r < walk->row_count; r++) {
        const unsigned char *row = (const unsigned char *)walk->rows[r].at + place.from * SIZE;
        for (int64_t c = 0; c < walk->column_count; c++) {
            const unsigned char *at = row + walk->columns[c].offset * SIZE;
            for (int64_t v = 0; v < together; v++) {
                sum[v] = NORM(sum[v], NAME(operand)(at + v * LANES * SIZE, place.lanes));
            }
        }
    }
    NAME(norm_end)(task, place, sum, together);
    return false;
}

#define BLOCK NAME(norm_block)
#define WALK NAME(norm_walk)
#include "routines/find_walk.h"

static void NAME(find_norm)(const struct poolgrad_walk *walk, const struct poolgrad_ending *ending, void *to)
{
    const struct find_task task = {.walk = walk, .ending = ending, .to = to};
    NAME(norm_walk)(&task);
}

#endif
#if defined(MAX)
#include "routines/find_max.h"
#endif

#undef EXPAND
#undef EXPAND_PAIR
#undef NAME
#undef WORD
#undef INTEGER_WORD
#undef NUMBERS
#undef INTEGERS
#undef MASK
#undef MASK_WORD
#undef LANES
#undef NUMBER_SIZE

#undef FORMAT
#undef SIZE
#undef NUMBER
#undef BITS
#undef SUM
#undef NORM
#undef MAX
#undef STEPS
