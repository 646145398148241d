/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stored elements of one format as numbers. Included once for each pair; parameters, all undefined at the end:
 *
 *   LOAD_NAME         the name of the function
 *   LOAD_FROM         an element, at any address
 *   LOAD_TO           float or double
 *   LOAD_CONVERSION   the function that makes one of the other
 */

/* Never in place: a compiler that cannot tell goes one by one. */
static void LOAD_NAME(const void *from, struct poolgrad_rows rows, void *to)
{
    for (int64_t row = 0; row < rows.rows; row++) {
        const LOAD_FROM *restrict stored = (const LOAD_FROM *)from + row * rows.from_step;
        LOAD_TO *restrict number = (LOAD_TO *)to + row * rows.to_step;
        for (int64_t i = 0; i < rows.count; i++) number[i] = (LOAD_TO)LOAD_CONVERSION(stored[i]);
    }
}

#undef LOAD_NAME
#undef LOAD_FROM
#undef LOAD_TO
#undef LOAD_CONVERSION
