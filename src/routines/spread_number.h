/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Spreading: what windows give, each to all its pixels. Included once for each accumulator, with
 *     SPREAD_NAME(name)   names of functions
 *     SPREAD_TYPE         a number,
 *     SPREAD_VECTOR       a vector of them,
 *     SPREAD_LANES        and how many
 *     SPREAD_WORD(word)   operations on vectors
 */

/* Few numbers to pixels that follow each other: as often as a vector has room for them. */
static void SPREAD_NAME(repeated)(const SPREAD_TYPE *share, int64_t count, int64_t numbers, SPREAD_TYPE *sums)
{
    SPREAD_TYPE often[SPREAD_LANES];
    int64_t i = 0;
    for (int64_t k = 0; k < SPREAD_LANES; k++, i = i + 1 < count ? i + 1 : 0) often[k] = share[i];
    const SPREAD_VECTOR v = SPREAD_WORD(load)(often);
    for (i = 0; i + SPREAD_LANES <= numbers; i += SPREAD_LANES)
        SPREAD_WORD(store)(sums + i, SPREAD_WORD(add)(SPREAD_WORD(load)(sums + i), v));
    if (i < numbers) {
        const SPREAD_VECTOR sum = SPREAD_WORD(add)(SPREAD_WORD(load_part)(sums + i, numbers - i), v);
        SPREAD_WORD(put_part)(sums + i, sum, numbers - i);
    }
}

/* More than a vector. The last vector of a pixel may lie over the one before, and is of the same numbers. */
static void SPREAD_NAME(long)(const SPREAD_TYPE *share, int64_t count, int64_t pixels, int64_t step, SPREAD_TYPE *sums)
{
    const int64_t last = count - SPREAD_LANES;
    for (int64_t p = 0; p < pixels; p++, sums += step) {
        const SPREAD_VECTOR end = SPREAD_WORD(add)(SPREAD_WORD(load)(sums + last), SPREAD_WORD(load)(share + last));
        for (int64_t i = 0; i < last; i += SPREAD_LANES) {
            const SPREAD_VECTOR v = SPREAD_WORD(load)(share + i);
            SPREAD_WORD(store)(sums + i, SPREAD_WORD(add)(SPREAD_WORD(load)(sums + i), v));
        }
        SPREAD_WORD(store)(sums + last, end);
    }
}

static void SPREAD_NAME(spread)(const void *shares, const struct poolgrad_spread *spread, void *sums)
{
    const int64_t count = spread->count, step = spread->step;
    const bool is_short = count < SPREAD_LANES, repeats = is_short && step == count && SPREAD_LANES % count == 0;
    for (int64_t i = 0; i < spread->windows; i++) {
        const struct poolgrad_spread_window window = spread->window[i];
        const SPREAD_TYPE *share = (const SPREAD_TYPE *)shares + window.from;
        SPREAD_TYPE *to = (SPREAD_TYPE *)sums + window.to;
        if (repeats) {
            SPREAD_NAME(repeated)(share, count, window.pixels * count, to);
        } else if (count > SPREAD_LANES) {
            SPREAD_NAME(long)(share, count, window.pixels, step, to);
        } else {
            const SPREAD_VECTOR v = is_short ? SPREAD_WORD(load_part)(share, count) : SPREAD_WORD(load)(share);
            for (int64_t p = 0; p < window.pixels; p++, to += step) {
                if (is_short)
                    SPREAD_WORD(put_part)(to, SPREAD_WORD(add)(SPREAD_WORD(load_part)(to, count), v), count);
                else
                    SPREAD_WORD(store)(to, SPREAD_WORD(add)(SPREAD_WORD(load)(to), v));
            }
        }
    }
}

#undef SPREAD_NAME
#undef SPREAD_TYPE
#undef SPREAD_VECTOR
#undef SPREAD_LANES
#undef SPREAD_WORD
