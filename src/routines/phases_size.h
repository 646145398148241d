/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Phases of pixels of one size that vectors have lanes for. Included once for each; parameters, all undefined at the
 * end:
 *
 *   PHASES_NAME           names of the functions
 *   PHASES_SPLIT_WORD, PHASES_SPLIT_VECTOR   words, and vectors, that rows are taken apart with
 *   PHASES_MERGE_WORD, PHASES_MERGE_VECTOR   and put together
 *   PHASES_LANES          pixels of a vector
 *   PHASES_THIRDS         pixels of each phase in the words for thirds
 *   PHASES_SIZE           bytes of a pixel
 */

enum { PHASES_NAME(VECTOR) = PHASES_LANES * PHASES_SIZE, PHASES_NAME(THIRD) = PHASES_THIRDS * PHASES_SIZE };

PHASES_APART void PHASES_NAME(move_each)(const unsigned char *from, int64_t phases, int64_t count, int64_t phase_step,
                                         bool merge, unsigned char *to)
{
    move_each(from, phases, count, PHASES_SIZE, phase_step, merge, to);
}

PHASES_ALWAYS_INLINE void PHASES_NAME(split_block)(const unsigned char *from, int64_t phases, int64_t step,
                                                   unsigned char *to)
{
    enum { VECTOR = PHASES_NAME(VECTOR) };
    if (phases == 3) {
        PHASES_SPLIT_WORD(split_thirds)(from, to, step);
        return;
    }
    PHASES_SPLIT_VECTOR a = PHASES_SPLIT_WORD(load)(from), b = PHASES_SPLIT_WORD(load)(from + VECTOR);
    PHASES_SPLIT_WORD(deinterleave)(&a, &b);
    if (phases == 4) {
        PHASES_SPLIT_VECTOR c = PHASES_SPLIT_WORD(load)(from + 2 * VECTOR);
        PHASES_SPLIT_VECTOR d = PHASES_SPLIT_WORD(load)(from + 3 * VECTOR);
        PHASES_SPLIT_WORD(deinterleave)(&c, &d);
        PHASES_SPLIT_WORD(deinterleave)(&a, &c);
        PHASES_SPLIT_WORD(deinterleave)(&b, &d);
        PHASES_SPLIT_WORD(store)(to + 2 * step, c);
        PHASES_SPLIT_WORD(store)(to + 3 * step, d);
    }
    PHASES_SPLIT_WORD(store)(to, a);
    PHASES_SPLIT_WORD(store)(to + step, b);
}

PHASES_ALWAYS_INLINE void PHASES_NAME(merge_block)(const unsigned char *from, int64_t phases, int64_t step,
                                                   unsigned char *to)
{
    enum { VECTOR = PHASES_NAME(VECTOR) };
    if (phases == 3) {
        PHASES_SPLIT_WORD(merge_thirds)(from, step, to);
        return;
    }
    PHASES_MERGE_VECTOR a = PHASES_MERGE_WORD(load)(from), b = PHASES_MERGE_WORD(load)(from + step);
    if (phases == 4) {
        PHASES_MERGE_VECTOR c = PHASES_MERGE_WORD(load)(from + 2 * step);
        PHASES_MERGE_VECTOR d = PHASES_MERGE_WORD(load)(from + 3 * step);
        PHASES_MERGE_WORD(interleave)(&a, &c);
        PHASES_MERGE_WORD(interleave)(&b, &d);
        PHASES_MERGE_WORD(interleave)(&c, &d);
        PHASES_MERGE_WORD(store)(to + 2 * VECTOR, c);
        PHASES_MERGE_WORD(store)(to + 3 * VECTOR, d);
    }
    PHASES_MERGE_WORD(interleave)(&a, &b);
    PHASES_MERGE_WORD(store)(to, a);
    PHASES_MERGE_WORD(store)(to + VECTOR, b);
}

/* Blocks of whole periods, the last one over what the one before it has done. How many periods. */
PHASES_ALWAYS_INLINE int64_t PHASES_NAME(move_blocks)(const unsigned char *from, int64_t phases, int64_t count,
                                                      int64_t phase_step, bool merge, unsigned char *to)
{
    const int64_t block = phases == 3 ? PHASES_NAME(THIRD) : PHASES_NAME(VECTOR);
    const int64_t periods = count / phases, end = periods * PHASES_SIZE, last = end - block;
    if (last < 0) return 0;
    for (int64_t i = 0; i < end; i += block) {
        const int64_t at = i < last ? i : last;
        if (merge) PHASES_NAME(merge_block)(from + at, phases, phase_step, to + phases * at);
        if (!merge) PHASES_NAME(split_block)(from + phases * at, phases, phase_step, to + at);
    }
    return periods;
}

/* Fewer pairs than a vector has lanes: all of the row, where vectors are so wide that many rows are such, and parts of
 * them are cheap. */
PHASES_ALWAYS_INLINE void PHASES_NAME(move_part)(const unsigned char *from, int64_t count, int64_t phase_step,
                                                 bool merge, unsigned char *to)
{
    _Alignas(VECTOR_BYTES) unsigned char taken[2 * VECTOR_BYTES], moved[2 * VECTOR_BYTES];
    const int64_t second = count / 2 * PHASES_SIZE, all = count * PHASES_SIZE, first = all - second;
    take_some(taken, from, merge ? first : all);
    take_some(taken + VECTOR_BYTES, from + (merge ? phase_step : VECTOR_BYTES), merge ? second : all - VECTOR_BYTES);
    if (merge) PHASES_NAME(merge_block)(taken, 2, VECTOR_BYTES, moved);
    if (!merge) PHASES_NAME(split_block)(taken, 2, VECTOR_BYTES, moved);
    put_some(to, moved, merge ? all : first);
    put_some(to + (merge ? VECTOR_BYTES : phase_step), moved + VECTOR_BYTES, merge ? all - VECTOR_BYTES : second);
}

PHASES_ALWAYS_INLINE void PHASES_NAME(move)(const unsigned char *from, int64_t phases, int64_t count,
                                            int64_t phase_step, bool merge, unsigned char *to)
{
    enum { PARTS = VECTOR_BYTES == 64 && PHASES_SIZE < 8 };
    int64_t done = 0;
    if (PARTS && phases == 2 && count < 2 * PHASES_LANES) {
        PHASES_NAME(move_part)(from, count, phase_step, merge, to);
        return;
    }
    if (PHASES_LANES > 1 && phases == 2) done = PHASES_NAME(move_blocks)(from, 2, count, phase_step, merge, to);
    if (PHASES_LANES > 1 && phases == 3) done = PHASES_NAME(move_blocks)(from, 3, count, phase_step, merge, to);
    if (PHASES_LANES > 1 && phases == 4) done = PHASES_NAME(move_blocks)(from, 4, count, phase_step, merge, to);
    const int64_t left = count - done * phases, pixels = done * PHASES_SIZE, all = phases * pixels;
    if (left == 0) return;
    PHASES_NAME(move_each)(from + (merge ? pixels : all), phases, left, phase_step, merge, to + (merge ? all : pixels));
}

PHASES_APART void PHASES_NAME(split)(const unsigned char *from, int64_t phases, int64_t count, int64_t phase_step,
                                     unsigned char *to)
{
    PHASES_NAME(move)(from, phases, count, phase_step, false, to);
}
PHASES_APART void PHASES_NAME(merge)(const unsigned char *from, int64_t phases, int64_t count, int64_t phase_step,
                                     unsigned char *to)
{
    PHASES_NAME(move)(from, phases, count, phase_step, true, to);
}

#undef PHASES_NAME
#undef PHASES_SPLIT_WORD
#undef PHASES_SPLIT_VECTOR
#undef PHASES_MERGE_WORD
#undef PHASES_MERGE_VECTOR
#undef PHASES_LANES
#undef PHASES_THIRDS
#undef PHASES_SIZE
