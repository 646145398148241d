/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Windows of a run, each to the pixel it picked. Included once for each kind of numbers, with
 *     SCATTER(name)       a function's name
 *     SCATTER_NUMBER      a number of the accumulator, or an element as the destination stores it, at any address
 *     SCATTER_IS_NAN(v)   whether it is to become the one NaN that is stored
 *     SCATTER_SUMS        1: a pixel may have several windows, whose shares add up; 0: one, whose share is put there
 */
static inline __attribute__((always_inline)) void SCATTER(one)(const struct adding *adding, bool quick, uint32_t code,
                                                               SCATTER_NUMBER share, unsigned char *sums)
{
    /* None, and what saved picks may hold that is none, are beyond all codes. */
    if (code >= adding->all) return;
    struct place found;
    const struct place *place = quick || adding->places ? &adding->places[code] : &found;
    if (place == &found) found = place_of(adding->target, code);
    if (!quick && adding->taps && !is_inside(adding->taps, place)) return;
    SCATTER_NUMBER *sum = (SCATTER_NUMBER *)(void *)(sums + place->bytes);
    const SCATTER_NUMBER added = (SCATTER_NUMBER)((SCATTER_SUMS ? *sum : 0) + share);
    *sum = added;
    /* docs/numerics.md N68: rare, and a branch does not wait for the sum. */
    if (SCATTER_IS_NAN(added)) *sum = (SCATTER_NUMBER)NAN;
}

/* `quick`: all windows' taps have sums, whose places stand in a table. */
static inline __attribute__((always_inline)) void SCATTER(run)(struct adding adding, bool quick, int code_bytes)
{
    const SCATTER_NUMBER *shares = (const SCATTER_NUMBER *)(const void *)adding.shares;
    const unsigned char *codes = adding.codes;
    const int64_t step = adding.pitch * code_bytes;
    if (adding.count == 1) {
        unsigned char *first = adding.lanes[0] + adding.place;
        for (int64_t i = 0; i < adding.windows; i++, shares += adding.pitch, codes += step, first += adding.step)
            SCATTER(one)(&adding, quick, code_at(codes, 0, code_bytes), *shares, first);
        return;
    }
    for (int64_t i = 0; i < adding.windows; i++, shares += adding.pitch, codes += step) {
        const int64_t moved = adding.place + i * adding.step;
        for (int64_t lane = 0; lane < adding.count; lane++) {
            const uint32_t code = code_at(codes, lane, code_bytes);
            SCATTER(one)(&adding, quick, code, shares[lane], adding.lanes[lane] + moved);
        }
    }
}

static void SCATTER(add)(const struct adding *adding, int code_bytes)
{
    const bool quick = adding->places && !adding->taps;
    if (quick && code_bytes == 1)
        SCATTER(run)(*adding, true, 1);
    else if (quick)
        SCATTER(run)(*adding, true, 4);
    else if (code_bytes == 1)
        SCATTER(run)(*adding, false, 1);
    else
        SCATTER(run)(*adding, false, 4);
}

#undef SCATTER
#undef SCATTER_NUMBER
#undef SCATTER_IS_NAN
#undef SCATTER_SUMS
