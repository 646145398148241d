/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One way of giving: a walk over the operands of pixels, whose sums end as give.h has it. Included once for each way,
 * with
 *     GIVE_WALK       the function's name
 *     GIVE_VECTOR     a vector of the accumulator,
 *     GIVE_TYPE       its element,
 *     GIVE_LANES      and how many
 *     GIVE_ZERO       a vector of +0
 *     GIVE_TAP        an element of the taps
 *     GIVE_PICKS      whether operands have taps
 *     GIVE_ADD        (sum, tap, code, operand): the sum with what counts of the operand
 *     GIVE_ADD_PART   the same of the first lanes alone
 *     GIVE_END        (give, place, sums, together, part): stores sums
 */
#define GIVE_PASTE(a, b) a##_##b
#define GIVE_EXPAND(a, b) GIVE_PASTE(a, b)
#define GIVE_PART_OF(name) GIVE_EXPAND(GIVE_WALK, name)

/* Adds one operand to vectors that go together. */
ALWAYS_INLINE void GIVE_PART_OF(add)(GIVE_VECTOR *sums, const GIVE_TYPE *from, const GIVE_TAP *taps, uint32_t code,
                                     const struct give_place *place, int together, bool part)
{
    for (int v = 0; v < together; v++) {
        const GIVE_TYPE *lane = from + v * place->from_gap;
        const GIVE_TAP *tap = GIVE_PICKS ? taps + v * place->from_gap : NULL;
        sums[v] = part ? GIVE_ADD_PART(sums[v], tap, code, lane, place->lanes) : GIVE_ADD(sums[v], tap, code, lane);
    }
}

ALWAYS_INLINE void GIVE_PART_OF(vectors)(const struct give *give, const struct give_place *place, int together,
                                         bool part)
{
    const struct poolgrad_walk *const walk = give->walk;
    const struct poolgrad_operand_column *const columns = walk->columns;
    const int64_t row_count = walk->row_count, column_count = walk->column_count;
    GIVE_VECTOR sums[TOGETHER_GIVE];
    for (int v = 0; v < together; v++) sums[v] = GIVE_ZERO();
    for (int64_t r = 0; r < row_count; r++) {
        const struct poolgrad_operand_row row = walk->rows[r];
        for (int64_t c = 0; c < column_count; c++) {
            const struct poolgrad_operand_column column = columns[c];
            const int64_t at = place->from + column.offset;
            const GIVE_TAP *taps = GIVE_PICKS ? (const GIVE_TAP *)row.taps + at : NULL;
            GIVE_PART_OF(add)
            (sums, (const GIVE_TYPE *)row.at + at, taps, (GIVE_TAP)(row.code + column.code), place, together, part);
        }
    }
    GIVE_END(give, place, sums, together, part);
}

/* The rest goes one by one. */
static GIVE_RARELY void GIVE_PART_OF(one)(const struct give *give, const struct give_place *place)
{
    GIVE_PART_OF(vectors)(give, place, 1, false);
}

/* A repeat of many elements: vectors beside each other. The last ones end where the elements do, and may compute again
 * what others have. */
ALWAYS_INLINE void GIVE_PART_OF(along)(const struct give *give, int64_t repeat, int together)
{
    const int64_t round = (int64_t)together * GIVE_LANES;
    const int64_t count = give->count;
    const struct give_place first = give_place_beside(give_place(give, repeat), GIVE_LANES);
    int64_t i = 0;
    for (; count - i > (int64_t)2 * GIVE_LANES; i += round) {
        const struct give_place place = give_place_at(first, i, count - round);
        GIVE_PART_OF(vectors)(give, &place, together, false);
    }
    for (; i < count; i += GIVE_LANES) {
        const struct give_place place = give_place_at(first, i, count - GIVE_LANES);
        GIVE_PART_OF(one)(give, &place);
    }
}

/* Repeats of few elements: the same ones of several repeats. */
ALWAYS_INLINE void GIVE_PART_OF(across)(const struct give *give, int64_t repeat, int together)
{
    const int64_t count = give->count;
    const struct give_place first = give_place(give, repeat);
    if (GIVE_LANES > 1 && count < GIVE_LANES) {
        GIVE_PART_OF(vectors)(give, &first, together, true);
        return;
    }
    for (int64_t i = 0; i < count; i += GIVE_LANES) {
        const struct give_place place = give_place_at(first, i, count - GIVE_LANES);
        if (together > 1) {
            GIVE_PART_OF(vectors)(give, &place, together, false);
        } else {
            GIVE_PART_OF(one)(give, &place);
        }
    }
}

/* The last repeats may go together with ones that have gone before. */
ALWAYS_INLINE void GIVE_PART_OF(line)(const struct give *give)
{
    const int64_t repeats = give->repeats, last = repeats - TOGETHER_GIVE;
    int64_t k = 0;
    if (give->count >= (int64_t)TOGETHER_GIVE * GIVE_LANES) {
        for (; k < repeats; k++) GIVE_PART_OF(along)(give, k, TOGETHER_GIVE);
        return;
    }
    if (give->count >= (int64_t)TOGETHER_GIVE / 2 * GIVE_LANES) {
        for (; k < repeats; k++) GIVE_PART_OF(along)(give, k, TOGETHER_GIVE / 2);
        return;
    }
    for (; last >= 0 && repeats - k > 1; k += TOGETHER_GIVE) {
        GIVE_PART_OF(across)(give, k < last ? k : last, TOGETHER_GIVE);
    }
    for (; k < repeats; k++) GIVE_PART_OF(across)(give, k, 1);
}

/* All lines of all slices. */
static void GIVE_WALK(struct give *give)
{
    do {
        GIVE_PART_OF(line)(give);
    } while (give->several && give_next_line(give));
}

#undef GIVE_PASTE
#undef GIVE_EXPAND
#undef GIVE_PART_OF
#undef GIVE_WALK
#undef GIVE_VECTOR
#undef GIVE_TYPE
#undef GIVE_LANES
#undef GIVE_ZERO
#undef GIVE_TAP
#undef GIVE_PICKS
#undef GIVE_ADD
#undef GIVE_ADD_PART
#undef GIVE_END
