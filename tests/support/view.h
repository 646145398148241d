/* SPDX-License-Identifier: Apache-2.0 */
/* Views as the public header describes them: where an element lies, what it holds, which bytes a view covers. */
#ifndef POOLGRAD_TESTS_VIEW_H
#define POOLGRAD_TESTS_VIEW_H

#include <poolgrad/poolgrad.h>
#include <stdbool.h>

enum { LANES = 4 }; /* neighbouring channels of NC4HW4 */

/* Strides in elements; `c` is that of slices for NC4HW4. */
typedef struct view_strides {
    int64_t n, c, y, x;
} view_strides;

/* Elements from data that a view covers, [first, end), with the unused lanes of NC4HW4. Empty: both 0. */
typedef struct view_range {
    int64_t first, end;
} view_range;

view_strides view_dense_strides(poolgrad_layout layout, int64_t channels, int64_t height, int64_t width);
view_strides view_strides_of(const poolgrad_image *image);
bool view_is_empty(const poolgrad_image *image);
view_range view_range_of(const poolgrad_image *image);

/* Channels that have storage: more than there are for NC4HW4. */
int64_t view_stored_channels(const poolgrad_image *image);

unsigned char *view_at(const poolgrad_image *image, int64_t n, int64_t c, int64_t y, int64_t x);

uint64_t view_bits(const poolgrad_image *image, int64_t n, int64_t c, int64_t y, int64_t x);
void view_set_bits(const poolgrad_image *image, int64_t n, int64_t c, int64_t y, int64_t x, uint64_t bits);

double view_number(const poolgrad_image *image, int64_t n, int64_t c, int64_t y, int64_t x);
void view_set_number(const poolgrad_image *image, int64_t n, int64_t c, int64_t y, int64_t x, double value);

/* An index: a place in the plane or the number of a tap in its window; -1 for none. */
bool view_holds_taps(const poolgrad_image *image);
int64_t view_index(const poolgrad_image *image, int64_t n, int64_t c, int64_t y, int64_t x);

/* A dense image of the same size on the heap, its bytes `fill`; free it with view_free. */
poolgrad_image view_new(poolgrad_format format, poolgrad_layout layout, const poolgrad_image *size, int fill);
/* The same with the elements of the original in it. Null data stays null. */
poolgrad_image view_copy(const poolgrad_image *original, poolgrad_layout layout);
void view_free(poolgrad_image *image);

#endif
