/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A walk in blocks of vectors. Parameters, undefined at the end, beside those of find_numbers.h:
 *
 *   WALK     the function's name
 *   BLOCK    (task, place, together, part, along): what it calls for each block, of whole vectors or of parts; whether
 *            they are beside each other. True ends the walk
 *   ALONG    whether that is worth code of its own
 *
 * A vector that is alone has a block of its own where that is worth it; so has each part of operands that are slow to
 * take in parts.
 */

#define WALK_PART(name) FIND_EXPANDED_JOIN(WALK, name)

/* Whole rounds of vectors beside each other, of a repeat. */
static FIND_ALWAYS_INLINE bool WALK_PART(round)(const struct find_task *task, const struct find_steps *at,
                                                int64_t count)
{
    struct find_place place;
    bool met = false;
    place.gap = place.lanes = LANES;
    place.vectors = FIND_TOGETHER;
    for (int64_t i = 0; i < count; i += FIND_TOGETHER * LANES) {
        place.from[0] = at->from + i;
        place.result[0] = at->result + i;
        place.gradient[0] = at->gradient + i;
        met |= BLOCK(task, &place, FIND_TOGETHER, false, true);
    }
    return met;
}

/* The same of every repeat of a line, */
static FIND_ALWAYS_INLINE bool WALK_PART(line)(const struct find_task *task, const struct find_cursor *cursor,
                                               struct find_steps at)
{
    bool met = false;
    for (int64_t k = 0; k < cursor->repeats.count && !met; k++, find_step(&at, &cursor->repeats.step))
        met = WALK_PART(round)(task, &at, cursor->begin);
    return met;
}

/* and of every line of every slice. */
static FIND_ALWAYS_INLINE bool WALK_PART(rounds)(const struct find_task *task, const struct find_cursor *cursor)
{
    const int64_t lines = cursor->lines.count, all = cursor->begin > 0 ? lines * cursor->slices.count : 0;
    struct find_steps slice = {0, 0, 0}, line = slice;
    bool met = false;
    for (int64_t l = 1, left = lines; l <= all && !met; l++) {
        met = WALK_PART(line)(task, cursor, line);
        if (--left > 0) {
            find_step(&line, &cursor->lines.step);
        } else if (l < all) {
            find_step(&slice, &cursor->slices.step);
            line = slice;
            left = lines;
        }
    }
    return met;
}

/* Vectors of a place, one after the other. */
static FIND_ALWAYS_INLINE bool WALK_PART(singles)(const struct find_task *task, struct find_place *place)
{
    bool met = false;
    for (int64_t vectors = place->vectors, v = 0; v < vectors; v++) {
        place->from[0] = place->from[v];
        place->result[0] = place->result[v];
        place->gradient[0] = place->gradient[v];
        place->vectors = 1;
        met |= BLOCK(task, place, 1, true, false);
    }
    return met;
}

static FIND_ALWAYS_INLINE bool WALK_PART(any)(const struct find_task *task, struct find_place *place)
{
    const bool part = place->lanes < LANES, quick = SIZE == NUMBER_SIZE;
    const bool alone = quick ? SIZE == 4 && place->vectors == 1 : part;
    if (alone) return WALK_PART(singles)(task, place);
    if (quick && part) return BLOCK(task, place, FIND_TOGETHER, true, false);
    return BLOCK(task, place, FIND_TOGETHER, false, false);
}

static FIND_RARELY bool WALK(const struct find_task *task)
{
    struct find_place place;
    struct find_cursor cursor;
    bool met = false;
    find_begin(task, LANES, ALONG && LANES > 1, &cursor);
    if (LANES == 1) {
        while (!met && find_next_lanes(&cursor, &place)) {
            if (place.vectors > 1)
                met = BLOCK(task, &place, FIND_TOGETHER, false, true);
            else
                met = BLOCK(task, &place, 1, false, true);
        }
        return met;
    }
    if (ALONG) met = WALK_PART(rounds)(task, &cursor);
    while (!met && find_next(&cursor, &place)) met = WALK_PART(any)(task, &place);
    return met;
}

#undef WALK_PART
#undef WALK
#undef BLOCK
#undef ALONG
