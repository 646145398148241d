/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Phases of elements of one size. Included once for each, with
 *     PHASES_SPLIT   the name of the function from a row to its phases
 *     PHASES_MERGE   and back
 *     PHASES_TYPE    an element
 */

static void PHASES_SPLIT(const void *row, struct poolgrad_phases shape, void *phases)
{
    const unsigned char *from = row;
    const int64_t size = sizeof(PHASES_TYPE), pixel = shape.grain * size;
    for (int64_t p = 0; p < shape.phases; p++) {
        unsigned char *to = (unsigned char *)phases + p * shape.phase_step * size;
        for (int64_t i = p; i < shape.count; i += shape.phases, to += pixel) {
            memcpy(to, from + i * pixel, (size_t)pixel);
        }
    }
}

static void PHASES_MERGE(const void *phases, struct poolgrad_phases shape, bool past_caches, void *row)
{
    unsigned char *to = row;
    const int64_t size = sizeof(PHASES_TYPE), pixel = shape.grain * size;
    (void)past_caches;
    for (int64_t p = 0; p < shape.phases; p++) {
        const unsigned char *from = (const unsigned char *)phases + p * shape.phase_step * size;
        for (int64_t i = p; i < shape.count; i += shape.phases, from += pixel) {
            memcpy(to + i * pixel, from, (size_t)pixel);
        }
    }
}

#undef PHASES_SPLIT
#undef PHASES_MERGE
#undef PHASES_TYPE
