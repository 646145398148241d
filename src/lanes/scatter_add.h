/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Windows of a run, each to the pixel it picked. Included once for each accumulator and code, with
 *     SCATTER(name)    a function's name
 *     SCATTER_NUMBER   a number of the accumulator, at any address
 *     SCATTER_CODE     a code; all bits set: none
 */
static inline void SCATTER(one)(const struct adding *adding, bool quick, SCATTER_CODE code, SCATTER_NUMBER share,
                                unsigned char *sums)
{
    /* None, and what saved picks may hold that is none, are beyond all codes. */
    if (code >= adding->all) return;
    struct place found;
    const struct place *place = quick || adding->places ? &adding->places[code] : &found;
    if (place == &found) found = place_of(adding->target, code);
    if (!quick && adding->taps && !is_inside(adding->taps, place)) return;
    SCATTER_NUMBER *sum = (SCATTER_NUMBER *)(void *)(sums + place->bytes);
    const SCATTER_NUMBER added = *sum + share;
    *sum = added;
    /* The one NaN that is stored (docs/numerics.md N68): rare, and a branch does not wait for the sum. */
    if (added != added) *sum = (SCATTER_NUMBER)NAN;
}

/* `quick`: all windows' taps have sums, whose places stand in a table. */
static inline __attribute__((always_inline)) void SCATTER(run)(struct adding adding, bool quick)
{
    const SCATTER_NUMBER *shares = (const SCATTER_NUMBER *)(const void *)adding.shares;
    const SCATTER_CODE *codes = (const SCATTER_CODE *)(const void *)adding.codes;
    if (adding.count == 1) {
        unsigned char *first = adding.lanes[0] + adding.place;
        for (int64_t i = 0; i < adding.windows;
             i++, shares += adding.pitch, codes += adding.pitch, first += adding.step)
            SCATTER(one)(&adding, quick, *codes, *shares, first);
        return;
    }
    for (int64_t i = 0; i < adding.windows; i++, shares += adding.pitch, codes += adding.pitch) {
        const int64_t moved = adding.place + i * adding.step;
        for (int64_t lane = 0; lane < adding.count; lane++)
            SCATTER(one)(&adding, quick, codes[lane], shares[lane], adding.lanes[lane] + moved);
    }
}

static void SCATTER(add)(const struct adding *adding)
{
    if (adding->places && !adding->taps)
        SCATTER(run)(*adding, true);
    else
        SCATTER(run)(*adding, false);
}

#undef SCATTER
#undef SCATTER_NUMBER
#undef SCATTER_CODE
