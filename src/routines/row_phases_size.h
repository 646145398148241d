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

PHASES_APART void PHASES_NAME(move_each)(const unsigned char *from, int64_t phases, int64_t count, int64_t phase_step,
                                         bool merge, unsigned char *to)
{
    move_each(from, phases, count, PHASES_SIZE, phase_step, merge, to);
}

PHASES_ALWAYS_INLINE void PHASES_NAME(split_block)(const unsigned char *from, int64_t phases, int64_t step,
                                                   unsigned char *to)
{
    const int64_t vector = (int64_t)PHASES_LANES * PHASES_SIZE;
#if PHASES_MOST > 2
    if (phases == 3) {
        PHASES_SPLIT_WORD(split_thirds)(from, to, step);
        return;
    }
#endif
    PHASES_SPLIT_VECTOR a = PHASES_SPLIT_WORD(load)(from), b = PHASES_SPLIT_WORD(load)(from + vector);
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

PHASES_ALWAYS_INLINE void PHASES_NAME(merge_block)(const unsigned char *from, int64_t phases, int64_t step,
                                                   unsigned char *to)
{
    const int64_t vector = (int64_t)PHASES_LANES * PHASES_SIZE;
#if PHASES_MOST > 2
    if (phases == 3) {
        PHASES_SPLIT_WORD(merge_thirds)(from, step, to);
        return;
    }
#endif
    PHASES_MERGE_VECTOR a = PHASES_MERGE_WORD(load)(from), b = PHASES_MERGE_WORD(load)(from + step);
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
    PHASES_MERGE_WORD(store)(to + vector, b);
}

/* Whole periods, a block at least; the last block is over what the one before it has done. */
PHASES_ALWAYS_INLINE void PHASES_NAME(move_blocks)(const unsigned char *from, int64_t phases, int64_t periods,
                                                   int64_t lanes, int64_t phase_step, bool merge, unsigned char *to)
{
    const int64_t last = periods - lanes;
    for (int64_t i = 0; i < periods; i += lanes) {
        const int64_t at = (i < last ? i : last) * PHASES_SIZE, all = at * phases;
        if (merge) PHASES_NAME(merge_block)(from + at, phases, phase_step, to + all);
        if (!merge) PHASES_NAME(split_block)(from + all, phases, phase_step, to + at);
    }
}

/* Fewer pairs than a block has. */
PHASES_ALWAYS_INLINE void PHASES_NAME(move_part)(const unsigned char *from, int64_t count, int64_t phase_step,
                                                 bool merge, unsigned char *to)
{
    _Alignas(VECTOR_BYTES) unsigned char taken[2 * VECTOR_BYTES], moved[2 * VECTOR_BYTES];
    const int64_t all = count * PHASES_SIZE, second = count / 2 * PHASES_SIZE, first = all - second;
    const int64_t vector = all < VECTOR_BYTES ? all : VECTOR_BYTES;
    if (merge) {
        take_two(taken, from, first, phase_step, second);
        PHASES_NAME(merge_block)(taken, 2, VECTOR_BYTES, moved);
        put_two(to, vector, VECTOR_BYTES, all - vector, moved);
    } else {
        take_two(taken, from, vector, VECTOR_BYTES, all - vector);
        PHASES_NAME(split_block)(taken, 2, VECTOR_BYTES, moved);
        put_two(to, first, phase_step, second, moved);
    }
}

PHASES_ALWAYS_INLINE void PHASES_NAME(move)(const unsigned char *from, int64_t phases, int64_t count,
                                            int64_t phase_step, bool merge, unsigned char *to)
{
    if (PHASES_PARTS && PHASES_MOST > 2 && phases == 2 && count / 2 < PHASES_LANES) {
        PHASES_NAME(move_part)(from, count, phase_step, merge, to);
        return;
    }
#if PHASES_MOST > 2
    const int64_t lanes = phases == 3 ? PHASES_THIRDS : PHASES_LANES;
#else
    const int64_t lanes = PHASES_LANES;
#endif
    if (phases > PHASES_MOST || count < phases * lanes || PHASES_LANES == 1) {
        PHASES_NAME(move_each)(from, phases, count, phase_step, merge, to);
        return;
    }
    const int64_t periods = phases == 2 ? count / 2 : phases == 3 ? count / 3 : count / 4;
    if (PHASES_MOST == 2 || phases == 2) {
        PHASES_NAME(move_blocks)(from, 2, periods, PHASES_LANES, phase_step, merge, to);
    } else {
        PHASES_NAME(move_blocks)(from, phases, periods, lanes, phase_step, merge, to);
    }
    const int64_t left = count - phases * periods, pixels = periods * PHASES_SIZE, all = phases * pixels;
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

/* Pairs, row by row, whose phases lie anywhere. */
static void PHASES_SPLIT_WORD(split)(const void *from, struct poolgrad_rows rows, void *even, void *odd)
{
    const int64_t step = (int64_t)((uintptr_t)odd - (uintptr_t)even);
    for (int64_t row = 0; row < rows.rows; row++) {
        PHASES_NAME(split)
        ((const unsigned char *)from + row * rows.from_step * PHASES_SIZE, 2, 2 * rows.count, step,
         (unsigned char *)even + row * rows.to_step * PHASES_SIZE);
    }
}
static void PHASES_SPLIT_WORD(merge)(const void *even, const void *odd, struct poolgrad_rows rows, void *to)
{
    const int64_t step = (int64_t)((uintptr_t)odd - (uintptr_t)even);
    for (int64_t row = 0; row < rows.rows; row++) {
        PHASES_NAME(merge)
        ((const unsigned char *)even + row * rows.from_step * PHASES_SIZE, 2, 2 * rows.count, step,
         (unsigned char *)to + row * rows.to_step * PHASES_SIZE);
    }
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
