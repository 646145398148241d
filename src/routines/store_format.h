/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers as stored elements of one format. Included once for each pair; parameters, all undefined at the end:
 *
 *   STORE_NAME         the name of the function
 *   STORE_FROM         float or double
 *   STORE_TO           an element
 *   STORE_CONVERSION   the function that makes one of the other
 */

static void STORE_NAME(const void *from, int64_t count, void *to)
{
    const STORE_FROM *restrict number = from;
    STORE_TO *restrict stored = to;
    for (int64_t i = 0; i < count; i++) stored[i] = STORE_CONVERSION(number[i]);
}

#undef STORE_NAME
#undef STORE_FROM
#undef STORE_TO
#undef STORE_CONVERSION
