/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Phases of pixels of a size that vectors have lanes of. Included once for each; parameters, all undefined at the end:
 *
 *   PHASES_SIZE           bytes of a pixel
 *   PHASES_NAME           names of functions
 *   PHASES_SPLIT_VECTOR, PHASES_SPLIT_WORD   vectors that rows are taken apart with, and their words
 *   PHASES_MERGE_VECTOR, PHASES_MERGE_WORD   and those that rows are put together with
 *   PHASES_LANES          pixels of a vector
 *   PHASES_MOST           phases that vectors are for: two, or two to four
 *   PHASES_THIRDS         if four: pixels of a phase in the word for three
 */

PHASES_APART void PHASES_NAME(move_each)(const unsigned char *from, const struct pixels *row, bool merge,
                                         unsigned char *to)
{
    for (int64_t set = 0; set < row->sets; set++, from += row->from_step, to += row->to_step) {
        move_each(from, row->phases, row->count, PHASES_SIZE, row->phase_step, merge, to);
    }
}

/* A block of `lanes` pixels of each phase; of two phases, half a block is one vector of the row. */
PHASES_ALWAYS_INLINE void PHASES_NAME(split_block)(const unsigned char *from, int64_t phases, int64_t lanes,
                                                   int64_t step, unsigned char *to)
{
    const int64_t vector = (int64_t)PHASES_LANES * PHASES_SIZE;
#if PHASES_MOST > 2
    if (phases == 3) {
        PHASES_SPLIT_WORD(split_thirds)(from, to, step);
        return;
    }
#endif
    PHASES_SPLIT_VECTOR a = PHASES_SPLIT_WORD(load)(from), b = a;
    if (phases == 2 && lanes < PHASES_LANES) {
        PHASES_SPLIT_WORD(deinterleave)(&a, &b);
        memcpy(to, &a, sizeof a / 2);
        memcpy(to + step, &b, sizeof b / 2);
        return;
    }
    b = PHASES_SPLIT_WORD(load)(from + vector);
    PHASES_SPLIT_WORD(deinterleave)(&a, &b);
    if (phases == 4) {
        PHASES_SPLIT_VECTOR c = PHASES_SPLIT_WORD(load)(from + 2 * vector);
        PHASES_SPLIT_VECTOR d = PHASES_SPLIT_WORD(load)(from + 3 * vector);
        PHASES_SPLIT_WORD(deinterleave)(&c, &d);
        PHASES_SPLIT_WORD(deinterleave)(&a, &c);
        PHASES_SPLIT_WORD(deinterleave)(&b, &d);
        PHASES_SPLIT_WORD(store)(to + 2 * step, c);
        PHASES_SPLIT_WORD(store)(to + 3 * step, d);
    }
    PHASES_SPLIT_WORD(store)(to, a);
    PHASES_SPLIT_WORD(store)(to + step, b);
}

PHASES_ALWAYS_INLINE PHASES_MERGE_VECTOR PHASES_NAME(load)(const unsigned char *from, bool part)
{
    if (!part) return PHASES_MERGE_WORD(load)(from);
    const v64 half = load_half(from);
    PHASES_MERGE_VECTOR v;
    memcpy(&v, &half, sizeof v);
    return v;
}

PHASES_ALWAYS_INLINE void PHASES_NAME(merge_block)(const unsigned char *from, int64_t phases, int64_t lanes,
                                                   int64_t step, unsigned char *to)
{
    const int64_t vector = (int64_t)PHASES_LANES * PHASES_SIZE;
#if PHASES_MOST > 2
    if (phases == 3) {
        PHASES_SPLIT_WORD(merge_thirds)(from, step, to);
        return;
    }
#endif
    const bool part = phases == 2 && lanes < PHASES_LANES;
    PHASES_MERGE_VECTOR a = PHASES_NAME(load)(from, part), b = PHASES_NAME(load)(from + step, part);
    if (phases == 4) {
        PHASES_MERGE_VECTOR c = PHASES_MERGE_WORD(load)(from + 2 * step);
        PHASES_MERGE_VECTOR d = PHASES_MERGE_WORD(load)(from + 3 * step);
        PHASES_MERGE_WORD(interleave)(&a, &c);
        PHASES_MERGE_WORD(interleave)(&b, &d);
        PHASES_MERGE_WORD(interleave)(&c, &d);
        PHASES_MERGE_WORD(store)(to + 2 * vector, c);
        PHASES_MERGE_WORD(store)(to + 3 * vector, d);
    }
    PHASES_MERGE_WORD(interleave)(&a, &b);
    PHASES_MERGE_WORD(store)(to, a);
    if (!part) PHASES_MERGE_WORD(store)(to + vector, b);
}

/* A block of whole periods at least; the last block is over what the one before it has done. */
PHASES_ALWAYS_INLINE void PHASES_NAME(move_blocks)(const unsigned char *from, const struct pixels *row, int64_t phases,
                                                   int64_t lanes, bool merge, unsigned char *to)
{
    const int64_t periods = row->count / phases, last = periods - lanes, step = row->phase_step;
    const int64_t left = row->count - phases * periods, pixels = periods * PHASES_SIZE, all = phases * pixels;
    const int64_t sets = row->sets, from_step = row->from_step, to_step = row->to_step;
    for (int64_t set = 0; set < sets; set++, from += from_step, to += to_step) {
        for (int64_t i = 0; i < periods; i += lanes) {
            const int64_t at = (i < last ? i : last) * PHASES_SIZE, in_row = at * phases;
            if (merge) PHASES_NAME(merge_block)(from + at, phases, lanes, step, to + in_row);
            if (!merge) PHASES_NAME(split_block)(from + in_row, phases, lanes, step, to + at);
        }
        for (int64_t p = 0; p < left; p++) {
            const int64_t in_row = all + p * PHASES_SIZE, in_phases = pixels + p * step;
            memcpy(to + (merge ? in_row : in_phases), from + (merge ? in_phases : in_row), PHASES_SIZE);
        }
    }
}

/* Less than a vector of the row. Rooms are for the vocabulary's sake: where parts are cheap, they are registers. */
PHASES_ALWAYS_INLINE void PHASES_NAME(move_part)(const unsigned char *from, int64_t count, int64_t step, bool merge,
                                                 unsigned char *to)
{
    _Alignas(VECTOR_BYTES) unsigned char taken[2 * VECTOR_BYTES], moved[2 * VECTOR_BYTES];
    const int64_t all = count * PHASES_SIZE, second = count / 2 * PHASES_SIZE, first = all - second;
    if (merge) {
        take_part(taken, from, first);
        take_part(taken + VECTOR_BYTES, from + step, second);
        PHASES_NAME(merge_block)(taken, 2, PHASES_LANES, VECTOR_BYTES, moved);
        put_part(to, moved, all);
    } else {
        take_part(taken, from, all);
        PHASES_SPLIT_VECTOR a = PHASES_SPLIT_WORD(load)(taken), b = a;
        PHASES_SPLIT_WORD(deinterleave)(&a, &b);
        PHASES_SPLIT_WORD(store)(moved, a);
        PHASES_SPLIT_WORD(store)(moved + VECTOR_BYTES, b);
        put_part(to, moved, first);
        put_part(to + step, moved + VECTOR_BYTES, second);
    }
}

PHASES_ALWAYS_INLINE void PHASES_NAME(move_parts)(const unsigned char *from, const struct pixels *row, bool merge,
                                                  unsigned char *to)
{
    const int64_t count = row->count, step = row->phase_step;
    const int64_t sets = row->sets, from_step = row->from_step, to_step = row->to_step;
    for (int64_t set = 0; set < sets; set++, from += from_step, to += to_step) {
        PHASES_NAME(move_part)(from, count, step, merge, to);
    }
}

/* Pixels of a phase in a block of more than two phases. */
PHASES_ALWAYS_INLINE int64_t PHASES_NAME(block_of)(int64_t phases)
{
#if PHASES_MOST > 2
    return phases == 3 ? PHASES_THIRDS : PHASES_LANES;
#else
    return phases * PHASES_LANES;
#endif
}

PHASES_ALWAYS_INLINE void PHASES_NAME(move)(const unsigned char *from, const struct pixels *row, bool merge,
                                            unsigned char *to)
{
    const bool vectors = PHASES_LANES > 1, pairs = vectors && row->phases == 2, most = PHASES_MOST > 2;
    if (vectors && most && row->phases > 2 && row->phases <= PHASES_MOST &&
        row->count >= row->phases * PHASES_NAME(block_of)(row->phases)) {
        PHASES_NAME(move_blocks)(from, row, row->phases, PHASES_NAME(block_of)(row->phases), merge, to);
    } else if (pairs && row->count >= (int64_t)2 * PHASES_LANES) {
        PHASES_NAME(move_blocks)(from, row, 2, PHASES_LANES, merge, to);
    } else if (PHASES_HALVES && most && pairs && row->count >= PHASES_LANES) {
        PHASES_NAME(move_blocks)(from, row, 2, PHASES_LANES / 2, merge, to);
    } else if (PHASES_PARTS && most && pairs) {
        PHASES_NAME(move_parts)(from, row, merge, to);
    } else {
        PHASES_NAME(move_each)(from, row, merge, to);
    }
}

PHASES_APART void PHASES_NAME(split)(const unsigned char *from, const struct pixels *row, unsigned char *to)
{
    PHASES_NAME(move)(from, row, false, to);
}
PHASES_APART void PHASES_NAME(merge)(const unsigned char *from, const struct pixels *row, unsigned char *to)
{
    PHASES_NAME(move)(from, row, true, to);
}

#undef PHASES_NAME
#undef PHASES_SPLIT_WORD
#undef PHASES_SPLIT_VECTOR
#undef PHASES_MERGE_WORD
#undef PHASES_MERGE_VECTOR
#undef PHASES_LANES
#undef PHASES_MOST
#undef PHASES_THIRDS
#undef PHASES_SIZE
