/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Windows of a run, each to the pixel it picked. Included once for each accumulator and code, with
 *     SCATTER_ADD      the function's name
 *     SCATTER_NUMBER   a number of the accumulator, at any address
 *     SCATTER_CODE     a code; all bits set: none
 */
static void SCATTER_ADD(const struct adding *adding)
{
    unsigned char *const *lanes = adding->lanes;
    for (int64_t i = 0; i < adding->windows; i++) {
        const SCATTER_NUMBER *shares = (const SCATTER_NUMBER *)(const void *)adding->shares + i * adding->pitch;
        const SCATTER_CODE *codes = (const SCATTER_CODE *)(const void *)adding->codes + i * adding->pitch;
        const int64_t moved = i * adding->step;
        for (int64_t lane = 0; lane < adding->count; lane++) {
            const SCATTER_CODE code = codes[lane];
            /* None, and what saved picks may hold that is none, are beyond all codes. */
            if (code >= adding->all) continue;
            const int64_t place = adding->places ? adding->places[code] : place_of(adding->taps, code);
            if (place == NOWHERE) continue;
            SCATTER_NUMBER *sum = (SCATTER_NUMBER *)(void *)(lanes[lane] + place + moved);
            const SCATTER_NUMBER added = *sum + shares[lane];
            /* The one NaN that is stored (docs/numerics.md N68). */
            *sum = added == added ? added : (SCATTER_NUMBER)NAN;
        }
    }
}

#undef SCATTER_ADD
#undef SCATTER_NUMBER
#undef SCATTER_CODE
