/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The greatest operand, and which (docs/numerics.md N30 to N34). Included by find_numbers.h, with its parameters.
 *
 * Searches begin with -infinity and the first operand's code: where nothing is greater, the first operand is -infinity
 * as well and the search has found it, or it has met a NaN.
 */

/* The tap outside comes last, and takes the place in the order that its code has. */
static FIND_ALWAYS_INLINE void NAME(meet_outside)(const struct find_task *task, NUMBERS *best, INTEGERS *code)
{
    const NUMBERS nothing = WORD(zero)();
    const INTEGERS mark = INTEGER_WORD(splat)(task->ending->outside);
    const MASK sooner = task->search->last ? INTEGER_WORD(less)(*code, mark) : INTEGER_WORD(less)(mark, *code);
    const MASK wins = MASK_WORD(both)(WORD(same)(nothing, *best), sooner);
    MASK taken = MASK_WORD(either)(WORD(more)(nothing, *best), wins);
    if (task->search->nan == POOLGRAD_NAN_IGNORE) taken = MASK_WORD(either)(taken, WORD(nan)(*best));
    *best = WORD(choose)(taken, nothing, *best);
    *code = INTEGER_WORD(choose)(taken, mark, *code);
}

/* Of any search. Whether a result is -infinity where that makes it void. */
static FIND_RARELY bool NAME(deliver_rest)(const struct find_task *task, const struct find_place *place,
                                           NUMBERS *greatest, const INTEGERS *picked)
{
    const bool part = place->lanes != LANES;
    const int64_t bytes = task->code_bytes, *result = place->result;
    NUMBERS *found = greatest;
    MASK nothing = MASK_WORD(all)(false);
    for (int64_t v = 0; v < place->vectors; v++, found++, picked++) {
        _Alignas(VECTOR_BYTES) unsigned char room[VECTOR_BYTES];
        INTEGERS code = *picked;
        if (task->ending->outside >= 0) NAME(meet_outside)(task, found, &code);
        nothing = MASK_WORD(either)(nothing, WORD(same)(*found, WORD(splat)(-INFINITY)));
        if (!task->code) continue;
        unsigned char *to = task->code + find_place_of(result, place->gap, v) * bytes;
        INTEGER_WORD(put_codes)(part ? room : to, code, task->code_bytes);
        if (part) put_part(to, room, place->lanes * bytes);
    }
    if (task->to) NAME(deliver_found)(task, place, greatest);
    return task->search->padded && !task->search->careful && MASK_WORD(any)(nothing);
}

/* Copies, so that best and code themselves, whose addresses nobody has, stay in registers. */
static FIND_ALWAYS_INLINE bool NAME(deliver_copies)(const struct find_task *task, const struct find_place *place,
                                                    const NUMBERS *best, const INTEGERS *code, int64_t together)
{
    NUMBERS greatest[FIND_TOGETHER];
    INTEGERS picked[FIND_TOGETHER];
    for (int64_t v = 0; v < together; v++) greatest[v] = best[v];
    for (int64_t v = 0; v < together; v++) picked[v] = code[v];
    return NAME(deliver_rest)(task, place, greatest, picked);
}

/* Of a search that only compares: none is a NaN that counts. */
static FIND_ALWAYS_INLINE bool NAME(deliver_picks)(const struct find_task *task, const struct find_place *place,
                                                   const NUMBERS *best, const INTEGERS *code, int64_t together,
                                                   bool part, bool along, bool codes)
{
    unsigned char *const to = task->to, *const code_to = codes ? task->code : NULL;
    const int bytes = task->code_bytes;
    if (part || task->ending->outside >= 0) {
        return NAME(deliver_copies)(task, place, best, code, together);
    }
    if (!to) {
    } else if (SIZE == NUMBER_SIZE) { /* stored or not */
        for (int64_t v = 0; v < together; v++)
            WORD(put)(to + NAME(result)(place, v, along) * SIZE, best[v], task->ending->past_caches);
    } else {
        NAME(deliver)(task, place, best, together, false, along);
    }
    if (!code_to) return false;
    if (bytes == 1) {
        for (int64_t v = 0; v < together; v++)
            INTEGER_WORD(put_codes)(code_to + NAME(result)(place, v, along), code[v], 1);
    } else {
        for (int64_t v = 0; v < together; v++)
            INTEGER_WORD(put_codes)(code_to + NAME(result)(place, v, along) * 4, code[v], 4);
    }
    return false;
}

/* Codes as an earlier step left them, or of results that are resumed. */
static FIND_ALWAYS_INLINE INTEGERS NAME(codes_at)(const unsigned char *at, int64_t lanes, bool part, int bytes)
{
    _Alignas(VECTOR_BYTES) unsigned char room[VECTOR_BYTES];
    if (part && lanes < LANES) { /* the part may be all of it */
        take_part(room, at, lanes * bytes);
        at = room;
    }
    return INTEGER_WORD(get_codes)(at, bytes);
}

/* The codes of an operand: its own or, in the second of two steps, with those that the first one left. */
static FIND_ALWAYS_INLINE void NAME(mark)(const struct find_task *task, const struct find_place *place,
                                          const struct poolgrad_operand_row *row,
                                          const struct poolgrad_operand_column *column, int64_t together, bool part,
                                          bool along, bool steps, INTEGERS *marks)
{
    const INTEGERS mark = INTEGER_WORD(splat)(row->code + column->code);
    for (int64_t v = 0; v < together; v++) marks[v] = mark;
    if (!steps) return;
    const unsigned char *taps = (const unsigned char *)row->taps + column->offset * task->code_bytes;
    if (task->code_bytes == 1) { /* asked once for all vectors */
        for (int64_t v = 0; v < together; v++) {
            const unsigned char *at = taps + NAME(from)(place, v, along);
            marks[v] = INTEGER_WORD(add)(mark, NAME(codes_at)(at, place->lanes, part, 1));
        }
    } else {
        for (int64_t v = 0; v < together; v++) {
            const unsigned char *at = taps + NAME(from)(place, v, along) * 4;
            marks[v] = INTEGER_WORD(add)(mark, NAME(codes_at)(at, place->lanes, part, 4));
        }
    }
}

/* One operand of vectors that go together. Codes of two steps are known with the first operand, which replaces the NaN
 * that best begins with. */
static FIND_ALWAYS_INLINE void NAME(compare)(const NUMBERS *x, const INTEGERS *marks, int64_t together, bool codes,
                                             bool steps, NUMBERS *best, INTEGERS *code)
{
    for (int64_t v = 0; v < together; v++) {
        if (steps) {
            const MASK stays = WORD(not_less)(best[v], x[v]);
            code[v] = INTEGER_WORD(choose)(stays, code[v], marks[v]);
            best[v] = WORD(choose)(stays, best[v], x[v]);
            continue;
        }
        if (codes) code[v] = INTEGER_WORD(choose)(WORD(more)(x[v], best[v]), marks[v], code[v]);
        best[v] = WORD(greater)(x[v], best[v]);
    }
}

/* Compares only. Of equals the last one is the first to be met when operands are visited backwards. Whether the results
 * are void. */
static FIND_ALWAYS_INLINE bool NAME(search_block)(const struct find_task *task, const struct find_place *place,
                                                  int64_t together, bool part, bool along, bool codes, bool steps)
{
    const struct poolgrad_walk *walk = task->walk;
    const int64_t ahead = task->search->last ? -1 : 1;
    const struct poolgrad_operand_row *row = walk->rows + (ahead > 0 ? 0 : walk->row_count - 1);
    const struct poolgrad_operand_column *first = walk->columns + (ahead > 0 ? 0 : walk->column_count - 1);
    NUMBERS best[FIND_TOGETHER], x[FIND_TOGETHER];
    INTEGERS code[FIND_TOGETHER], marks[FIND_TOGETHER];
    MASK numbers[FIND_TOGETHER];
    for (int64_t v = 0; v < together; v++) {
        best[v] = WORD(splat)(steps ? NAN : -INFINITY);
        code[v] = INTEGER_WORD(splat)(row->code + first->code);
        numbers[v] = MASK_WORD(all)(true);
    }
    for (int64_t r = 0; r < walk->row_count; r++, row += ahead) {
        const struct poolgrad_operand_column *column = first;
        for (int64_t c = 0; c < walk->column_count; c++, column += ahead) {
            const unsigned char *at = (const unsigned char *)row->at + column->offset * SIZE;
            NAME(mark)(task, place, row, column, together, part, along, steps, marks);
            NAME(operands)(at, place, together, part, along, x);
            for (int64_t v = 0; v < together; v += 2)
                numbers[v] = WORD(ordered)(numbers[v], x[v], x[(v + 1) % together]);
            NAME(compare)(x, marks, together, codes, steps, best, code);
        }
    }
    const bool is_void = NAME(deliver_picks)(task, place, best, code, together, part, along, codes);
    for (int64_t v = 2; v < together; v += 2) numbers[0] = MASK_WORD(both)(numbers[0], numbers[v]);
    if (task->search->padded && !part && task->ending->outside < 0) {
        const NUMBERS nothing = WORD(splat)(-INFINITY);
        for (int64_t v = 0; v < together; v++) numbers[0] = MASK_WORD(both)(numbers[0], WORD(more)(best[v], nothing));
    }
    return is_void | MASK_WORD(any)(MASK_WORD(without)(MASK_WORD(all)(true), numbers[0]));
}

/* Where an operand is taken: where it is not less (or not greater) and one rule of NaNs lets it be. */
static FIND_ALWAYS_INLINE MASK NAME(takes)(bool last, poolgrad_nan_rule rule, NUMBERS x, NUMBERS best)
{
    const MASK all = MASK_WORD(all)(true);
    /* Of a NaN neither is true. */
    const MASK refused = last ? WORD(more)(best, x) : WORD(not_less)(best, x);
    MASK allowed = WORD(ordered)(all, rule == POOLGRAD_NAN_IGNORE ? x : best, rule == POOLGRAD_NAN_IGNORE ? x : best);
    if (rule == POOLGRAD_NAN_LAST) allowed = MASK_WORD(either)(allowed, WORD(nan)(x));
    return MASK_WORD(without)(allowed, refused);
}

/* Where NaNs are ignored, best begins as one, which no other replaces. */
static FIND_ALWAYS_INLINE void NAME(begin_careful)(const struct find_task *task, const struct find_place *place,
                                                   int64_t together, bool part, bool along, NUMBERS *best,
                                                   INTEGERS *code)
{
    const NUMBERS least = WORD(splat)(task->search->nan == POOLGRAD_NAN_IGNORE ? NAN : -INFINITY);
    const INTEGERS first = INTEGER_WORD(splat)(task->walk->rows[0].code + task->walk->columns[0].code);
    for (int64_t v = 0; v < together; v++) {
        best[v] = task->ending->resume ? NAME(begun)(task, place, v, part, along) : least;
        code[v] = first;
        if (!task->ending->resume || !task->code) continue;
        const unsigned char *at = task->code + NAME(result)(place, v, along) * task->code_bytes;
        code[v] = NAME(codes_at)(at, place->lanes, part, task->code_bytes);
    }
}

/* The rules are asked for at each operand, of all vectors alike: that costs less than a walk of its own for each. */
static FIND_ALWAYS_INLINE bool NAME(careful_block)(const struct find_task *task, const struct find_place *place,
                                                   int64_t together, bool part, bool along)
{
    const struct poolgrad_walk *walk = task->walk;
    const bool last = task->search->last;
    const poolgrad_nan_rule rule = task->search->nan;
    NUMBERS best[FIND_TOGETHER], x[FIND_TOGETHER];
    INTEGERS code[FIND_TOGETHER];
    NAME(begin_careful)(task, place, together, part, along, best, code);
    for (int64_t r = 0; r < walk->row_count; r++) {
        const unsigned char *row = walk->rows[r].at;
        for (int64_t c = 0; c < walk->column_count; c++) {
            const unsigned char *at = row + walk->columns[c].offset * SIZE;
            const INTEGERS mark = INTEGER_WORD(splat)(walk->rows[r].code + walk->columns[c].code);
            NAME(operands)(at, place, together, part, along, x);
            for (int64_t v = 0; v < together; v++) {
                const MASK taken = NAME(takes)(last, rule, x[v], best[v]);
                best[v] = WORD(choose)(taken, x[v], best[v]);
                code[v] = INTEGER_WORD(choose)(taken, mark, code[v]);
            }
        }
    }
    NAME(deliver_copies)(task, place, best, code, together);
    return false;
}

static FIND_ALWAYS_INLINE bool NAME(greatest_block)(const struct find_task *task, const struct find_place *place,
                                                    int64_t together, bool part, bool along)
{
    return NAME(search_block)(task, place, together, part, along, false, false);
}

static FIND_ALWAYS_INLINE bool NAME(pick_block)(const struct find_task *task, const struct find_place *place,
                                                int64_t together, bool part, bool along)
{
    return NAME(search_block)(task, place, together, part, along, true, false);
}

#define BLOCK NAME(careful_block)
#define WALK NAME(careful_walk)
#define ALONG false
#include "routines/find_walk.h"
#define BLOCK NAME(greatest_block)
#define WALK NAME(greatest_walk)
#define ALONG (SIZE == 4)
#include "routines/find_walk.h"
#define BLOCK NAME(pick_block)
#define WALK NAME(pick_walk)
#define ALONG (SIZE == 4)
#include "routines/find_walk.h"

#if defined(STEPS)

/* Blocks of the second of two steps. */
static FIND_ALWAYS_INLINE bool NAME(step_block)(const struct find_task *task, const struct find_place *place,
                                                int64_t together, bool part, bool along)
{
    return NAME(search_block)(task, place, together, part, along, true, true);
}

#define BLOCK NAME(step_block)
#define WALK NAME(step_walk)
#define ALONG (SIZE == 4)
#include "routines/find_walk.h"

#endif

static bool NAME(find_max)(const struct find_task *task)
{
    /* Whether a tap outside replaces a zero depends on their codes. */
    const bool codes = task->code || task->ending->outside >= 0;
    if (task->search->careful) return NAME(careful_walk)(task);
#if defined(STEPS)
    if (task->code && task->walk->rows[0].taps) return NAME(step_walk)(task);
#endif
    return codes ? NAME(pick_walk)(task) : NAME(greatest_walk)(task);
}

static bool NAME(find_greatest)(const struct poolgrad_walk *walk, const struct poolgrad_ending *ending,
                                const struct poolgrad_search *search, void *to)
{
    const struct find_task task = {walk, ending, search, to, NULL, 0};
    return NAME(find_max)(&task);
}

static bool NAME(find_pick8)(const struct poolgrad_walk *walk, const struct poolgrad_ending *ending,
                             const struct poolgrad_search *search, void *to, uint8_t *code)
{
    struct find_task task = {walk, ending, search, to, NULL, sizeof *code};
    task.code = code;
    return NAME(find_max)(&task);
}

static bool NAME(find_pick32)(const struct poolgrad_walk *walk, const struct poolgrad_ending *ending,
                              const struct poolgrad_search *search, void *to, uint32_t *code)
{
    struct find_task task = {walk, ending, search, to, NULL, sizeof *code};
    task.code = (unsigned char *)code;
    return NAME(find_max)(&task);
}
