/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ties of few planes, whose windows or pixels are no neighbours in memory. Included once for each key and accumulator,
 * with
 *     TIES_COUNT    the names of the functions that count ties (of keys alone, may be left out)
 *     TIES_ADD      and that add shares,
 *     TIES_SPREAD   of one window to its taps
 *     TIES_KEY      a key
 *     TIES_NUMBER   a number of the accumulator
 */
#ifdef TIES_COUNT
static void TIES_COUNT(const struct strided *at)
{
    const TIES_KEY *keys = at->keys, *greatest = at->greatest;
    int32_t *ties = at->to;
    for (int64_t i = 0; i < at->repeats; i++) {
        for (int64_t lane = 0; lane < at->count; lane++) {
            const int64_t window = i * at->window_step + lane;
            ties[window] += keys[i * at->pixel_step + lane] == greatest[window];
        }
    }
}

/* Of one window, all its taps in a row: pixel_step elements apart. */
static void TIES_COUNT_TAPS(const struct strided *at)
{
    const TIES_KEY *keys = at->keys, *greatest = at->greatest;
    int32_t *ties = at->to;
    for (int64_t lane = 0; lane < at->count; lane++) {
        int32_t count = 0;
        if (at->pixel_step == 1) {
            for (int64_t i = 0; i < at->repeats; i++) count += keys[i] == greatest[0];
        } else {
            for (int64_t i = 0; i < at->repeats; i++) count += keys[i * at->pixel_step + lane] == greatest[lane];
        }
        ties[lane] += count;
    }
}

#undef TIES_COUNT
#undef TIES_COUNT_TAPS
#endif

static void TIES_ADD(const struct strided *at)
{
    const TIES_KEY *keys = at->keys, *greatest = at->greatest;
    const TIES_NUMBER *shares = at->shares;
    TIES_NUMBER *sums = at->to;
    for (int64_t i = 0; i < at->repeats; i++) {
        for (int64_t lane = 0; lane < at->count; lane++) {
            const int64_t window = i * at->window_step + lane, pixel = i * at->pixel_step + lane;
            const bool is_tie = keys[pixel] == greatest[window] || at->codes[window] == at->code;
            sums[pixel] += is_tie ? shares[window] : 0;
        }
    }
}

static void TIES_SPREAD(const struct strided *at)
{
    const TIES_KEY *keys = at->keys;
    TIES_NUMBER *sums = at->to;
    for (int64_t lane = 0; lane < at->count; lane++) {
        const TIES_KEY greatest = ((const TIES_KEY *)at->greatest)[lane];
        const TIES_NUMBER share = ((const TIES_NUMBER *)at->shares)[lane];
        const uint32_t tap = at->codes[lane] - at->code;
        if (at->pixel_step == 1) {
            for (int64_t i = 0; i < at->repeats; i++) sums[i] += keys[i] == greatest ? share : 0;
        } else {
            for (int64_t i = 0; i < at->repeats; i++) {
                const int64_t pixel = i * at->pixel_step + lane;
                sums[pixel] += keys[pixel] == greatest ? share : 0;
            }
        }
        /* A picked NaN has a code in place of a key. */
        if (at->codes[lane] != UINT32_MAX && tap < at->repeats) sums[tap * at->pixel_step + lane] += share;
    }
}

#undef TIES_ADD
#undef TIES_SPREAD
#undef TIES_KEY
#undef TIES_NUMBER
