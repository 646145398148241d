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

static FIND_RARELY bool WALK(const struct find_task *task)
{
    struct find_place place;
    struct find_cursor cursor;
    bool met = false;
    find_begin(task, LANES, ALONG && LANES > 1, &cursor);
    for (int64_t k = 0; ALONG && LANES > 1 && k < cursor.repeats && !met; k++) {
        place.gap = place.lanes = LANES;
        place.vectors = FIND_TOGETHER;
        for (int64_t i = 0; i < cursor.begin; i += FIND_TOGETHER * LANES) {
            place.from[0] = k * cursor.step + i;
            place.result[0] = k * cursor.to_step + i;
            place.gradient[0] = k * cursor.gradient_step + i;
            met |= BLOCK(task, &place, FIND_TOGETHER, false, true);
        }
    }
    while (LANES == 1 && !met && find_next_lanes(&cursor, &place)) {
        met = place.vectors > 1 ? BLOCK(task, &place, FIND_TOGETHER, false, true) : BLOCK(task, &place, 1, false, true);
    }
    while (LANES > 1 && !met && find_next(&cursor, &place)) {
        const bool part = place.lanes < LANES, quick = SIZE == NUMBER_SIZE;
        const bool alone = quick ? SIZE == 4 && place.vectors == 1 : part;
        if (!alone) {
            met = quick && part ? BLOCK(task, &place, FIND_TOGETHER, true, false)
                                : BLOCK(task, &place, FIND_TOGETHER, false, false);
            continue;
        }
        for (int64_t vectors = place.vectors, v = 0; v < vectors; v++) {
            place.from[0] = place.from[v];
            place.result[0] = place.result[v];
            place.gradient[0] = place.gradient[v];
            place.vectors = 1;
            met |= BLOCK(task, &place, 1, true, false);
        }
    }
    return met;
}

#undef WALK
#undef BLOCK
#undef ALONG
