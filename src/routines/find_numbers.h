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

/* Elements to a vector's operands, and to its results. */
static FIND_ALWAYS_INLINE int64_t NAME(from)(const struct find_place *place, int64_t v, bool along)
{
    return along ? place->from[0] + v * LANES : place->from[v];
}

static FIND_ALWAYS_INLINE int64_t NAME(result)(const struct find_place *place, int64_t v, bool along)
{
    return along ? place->result[0] + v * LANES : place->result[v];
}

/* Lanes of a part that are not there are 0. */
static FIND_ALWAYS_INLINE NUMBERS NAME(part)(const unsigned char *at, int64_t lanes)
{
    _Alignas(VECTOR_BYTES) unsigned char room[VECTOR_BYTES];
    if (SIZE == NUMBER_SIZE) return WORD(load_part)(at, lanes);
    take_part(room, at, lanes * SIZE);
    return NAME(load)(room);
}

static FIND_ALWAYS_INLINE void NAME(operands)(const unsigned char *at, const struct find_place *place, int64_t together,
                                              bool part, bool along, NUMBERS *x)
{
    for (int64_t v = 0; v < together; v++) {
        const unsigned char *lane = at + NAME(from)(place, v, along) * SIZE;
        x[v] = part ? NAME(part)(lane, place->lanes) : NAME(load)(lane);
    }
}

/* What an earlier walk left, or +0. */
static FIND_ALWAYS_INLINE NUMBERS NAME(begun)(const struct find_task *task, const struct find_place *place, int64_t v,
                                              bool part, bool along)
{
    if (!task->ending->resume) return WORD(zero)();
    const unsigned char *at = task->to + NAME(result)(place, v, along) * (task->ending->stored ? SIZE : NUMBER_SIZE);
    return part ? WORD(load_part)(at, place->lanes) : WORD(load)(at);
}

/* Of vectors that may be parts. */
static FIND_RARELY void NAME(deliver_found)(const struct find_task *task, const struct find_place *place,
                                            const NUMBERS *found)
{
    const bool stored = task->ending->stored, past_caches = task->ending->past_caches;
    const int64_t size = stored ? SIZE : NUMBER_SIZE;
    const int64_t *result = place->result;
    for (int64_t v = 0; v < place->vectors; v++, found++) {
        _Alignas(VECTOR_BYTES) unsigned char room[VECTOR_BYTES];
        unsigned char *to = task->to + find_place_of(result, place->gap, v) * size;
        if (stored && place->lanes == LANES) {
            NAME(end)(to, *found, past_caches);
        } else if (stored) {
            NAME(end)(room, *found, false);
            put_part(to, room, place->lanes * SIZE);
        } else if (place->lanes == LANES) {
            WORD(put)(to, *found, past_caches);
        } else {
            WORD(put_part)(to, *found, place->lanes);
        }
    }
}

/* Copies for others, so that what is found, whose address nobody has, stays in registers. */
static FIND_ALWAYS_INLINE void NAME(deliver)(const struct find_task *task, const struct find_place *place,
                                             const NUMBERS *found, int64_t together, bool part, bool along)
{
    const bool past_caches = task->ending->past_caches;
    unsigned char *const to = task->to;
    if (part) {
        NUMBERS copy[FIND_TOGETHER];
        for (int64_t v = 0; v < together; v++) copy[v] = found[v];
        NAME(deliver_found)(task, place, copy);
    } else if (task->ending->stored) {
        for (int64_t v = 0; v < together; v++)
            NAME(end)(to + NAME(result)(place, v, along) * SIZE, found[v], past_caches);
    } else {
        for (int64_t v = 0; v < together; v++)
            WORD(put)(to + NAME(result)(place, v, along) * NUMBER_SIZE, found[v], past_caches);
    }
}

#if defined(SUM)

/* What becomes of a sum, result number v of those that go together. */
static FIND_ALWAYS_INLINE NUMBERS NAME(mean)(const struct find_task *task, const struct find_place *place, int64_t v,
                                             bool part, bool along, NUMBERS sum)
{
    const struct poolgrad_ending *ending = task->ending;
    if (ending->partial) return sum;
    if (ending->divisors) {
        const unsigned char *at = (const unsigned char *)ending->divisors + NAME(result)(place, v, along) * NUMBER_SIZE;
        return WORD(quotient)(sum, part ? WORD(load_part)(at, place->lanes) : WORD(load)(at));
    }
    return ending->divisor != 0 ? WORD(quotient)(sum, WORD(splat)(ending->divisor)) : sum;
}

static FIND_ALWAYS_INLINE bool NAME(sum_block)(const struct find_task *task, const struct find_place *place,
                                               int64_t together, bool part, bool along)
{
    const struct poolgrad_walk *walk = task->walk;
    NUMBERS sum[FIND_TOGETHER], x[FIND_TOGETHER];
    for (int64_t v = 0; v < together; v++) sum[v] = NAME(begun)(task, place, v, part, along);
    for (int64_t r = 0; r < walk->row_count; r++) {
        const unsigned char *row = walk->rows[r].at;
        for (int64_t c = 0; c < walk->column_count; c++) {
            const unsigned char *at = row + walk->columns[c].offset * SIZE;
            NAME(operands)(at, place, together, part, along, x);
            for (int64_t v = 0; v < together; v++) sum[v] = WORD(add)(sum[v], x[v]);
        }
    }
    for (int64_t v = 0; v < together; v++) sum[v] = NAME(mean)(task, place, v, part, along, sum[v]);
    NAME(deliver)(task, place, sum, together, part, along);
    return false;
}

#define BLOCK NAME(sum_block)
#define WALK NAME(sum_walk)
#define ALONG 1
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

static FIND_ALWAYS_INLINE void NAME(norm_end)(const struct find_task *task, const struct find_place *place,
                                              NUMBERS *sum, int64_t together, bool part, bool along)
{
    const struct poolgrad_ending *ending = task->ending;
    if (ending->gradient && !ending->partial) {
        NUMBERS copy[FIND_TOGETHER]; /* the sums themselves, whose addresses nobody has, stay in registers */
        for (int64_t v = 0; v < together; v++) copy[v] = sum[v];
        end_ratios(ending, place, copy, part, task->to);
        return;
    }
    for (int64_t v = 0; v < together; v++) sum[v] = NAME(norm_of)(ending, sum[v]);
    NAME(deliver)(task, place, sum, together, part, along);
}

static FIND_ALWAYS_INLINE bool NAME(norm_block)(const struct find_task *task, const struct find_place *place,
                                                int64_t together, bool part, bool along)
{
    const struct poolgrad_walk *walk = task->walk;
    NUMBERS sum[FIND_TOGETHER], x[FIND_TOGETHER];
    for (int64_t v = 0; v < together; v++) sum[v] = NAME(begun)(task, place, v, part, along);
    for (int64_t r = 0; r < walk->row_count; r++) {
        const unsigned char *row = walk->rows[r].at;
        for (int64_t c = 0; c < walk->column_count; c++) {
            const unsigned char *at = row + walk->columns[c].offset * SIZE;
            NAME(operands)(at, place, together, part, along, x);
            for (int64_t v = 0; v < together; v++) sum[v] = NORM(sum[v], x[v]);
        }
    }
    NAME(norm_end)(task, place, sum, together, part, along);
    return false;
}

#define BLOCK NAME(norm_block)
#define WALK NAME(norm_walk)
#define ALONG 1
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
