/* SPDX-License-Identifier: Apache-2.0 */
/* Saved picks: what an index format (docs/numerics.md N39) calls a tap, and the code working memory has for it. */
#ifndef POOLGRAD_FAST_PLACES_H
#define POOLGRAD_FAST_PLACES_H

#include "fast/fast.h"
#include "image/move.h"

/* Codes, of fast->code_bytes, for the windows of `pixels` of the indices; `pitch` elements from row to row.
 * What is no visited tap is none. */
void poolgrad_fast_load_codes(const struct poolgrad_fast_unit *unit, const struct poolgrad_pixels *pixels,
                              int64_t pitch, unsigned char *codes);

/* Writes the picks of the windows of `pixels`; `taps` as a search left them, spaced like the source. */
void poolgrad_fast_store_picks(const struct poolgrad_fast_unit *unit, const struct poolgrad_pixels *pixels,
                               const unsigned char *taps);

#endif
