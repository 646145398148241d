/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ties of few planes, whose windows or pixels are no neighbours in memory. Included once for each key and accumulator,
 * with
 *     TIES_COUNT    the names of the functions that count ties (of keys alone, may be left out)
 *     TIES_ADD      and that add shares
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
#undef TIES_COUNT
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

#undef TIES_ADD
#undef TIES_KEY
#undef TIES_NUMBER
