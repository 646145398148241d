/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Windows of a run, each to the pixel it picked. Included once for each kind of numbers, with
 *     SCATTER(name)       a function's name
 *     SCATTER_NUMBER      a number of the accumulator, or an element as the destination stores it, at any address
 *     SCATTER_IS_NAN(v)   whether it is to become the one NaN that is stored
 *     SCATTER_SUMS        1: a pixel may have several windows, whose shares add up; 0: one
 *     SCATTER_PUTS        1: the share, or the sum so far, goes to the destination
 */
static inline __attribute__((always_inline)) void SCATTER(one)(const struct adding *adding, bool quick, uint32_t code,
                                                               SCATTER_NUMBER share, unsigned char *sums,
                                                               unsigned char *to)
{
    /* None, and what saved picks may hold that is none, are beyond all codes. */
    if (code >= adding->all) return;
    struct place found;
    const struct place *place = quick || adding->places ? &adding->places[code] : &found;
    if (place == &found) found = place_of(adding->target, code);
    if (!quick && adding->taps && !is_inside(adding->taps, place)) return;
    SCATTER_NUMBER *sum = SCATTER_SUMS ? (SCATTER_NUMBER *)(void *)(sums + place->bytes[GRID_SUMS]) : NULL;
    SCATTER_NUMBER *put = SCATTER_PUTS ? (SCATTER_NUMBER *)(void *)(to + place->bytes[GRID_DESTINATION]) : NULL;
    const SCATTER_NUMBER added = (SCATTER_NUMBER)((SCATTER_SUMS ? *sum : 0) + share);
    if (SCATTER_SUMS) *sum = added;
    if (SCATTER_PUTS) *put = added;
    /* docs/numerics.md N68: rare, and a branch does not wait for the sum. */
    if (SCATTER_SUMS && SCATTER_IS_NAN(added)) *sum = (SCATTER_NUMBER)NAN;
    if (SCATTER_PUTS && SCATTER_IS_NAN(added)) *put = (SCATTER_NUMBER)NAN;
}

/* `quick`: all windows' taps have sums, whose places stand in a table. */
static inline __attribute__((always_inline)) void SCATTER(run)(struct adding adding, bool quick, int code_bytes,
                                                               int64_t count)
{
    const SCATTER_NUMBER *shares = (const SCATTER_NUMBER *)(const void *)adding.shares;
    const unsigned char *codes = adding.codes;
    const int64_t step = adding.pitch * code_bytes;
    int64_t moved = adding.place[GRID_SUMS], moved_to = adding.place[GRID_DESTINATION];
    for (int64_t i = 0; i < adding.windows; i++, shares += adding.pitch, codes += step) {
        for (int64_t lane = 0; lane < count; lane++) {
            const uint32_t code = code_at(codes, lane, code_bytes);
            unsigned char *const sum = SCATTER_SUMS ? adding.lanes[GRID_SUMS][lane] + moved : NULL;
            unsigned char *const put = SCATTER_PUTS ? adding.lanes[GRID_DESTINATION][lane] + moved_to : NULL;
            SCATTER(one)(&adding, quick, code, shares[lane], sum, put);
        }
        moved += adding.step[GRID_SUMS];
        moved_to += adding.step[GRID_DESTINATION];
    }
}

/* One lane is a loop less. */
static inline __attribute__((always_inline)) void SCATTER(choose)(const struct adding *adding, bool quick,
                                                                  int code_bytes)
{
    if (adding->count == 1)
        SCATTER(run)(*adding, quick, code_bytes, 1);
    else
        SCATTER(run)(*adding, quick, code_bytes, adding->count);
}

static void SCATTER(add)(const struct adding *adding, int code_bytes)
{
    const bool quick = adding->places && !adding->taps;
    if (quick && code_bytes == 1)
        SCATTER(choose)(adding, true, 1);
    else if (quick)
        SCATTER(choose)(adding, true, 4);
    else if (code_bytes == 1)
        SCATTER(choose)(adding, false, 1);
    else
        SCATTER(choose)(adding, false, 4);
}

#undef SCATTER
#undef SCATTER_NUMBER
#undef SCATTER_IS_NAN
#undef SCATTER_SUMS
#undef SCATTER_PUTS
