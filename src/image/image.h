/* SPDX-License-Identifier: Apache-2.0 */
/* Views: strides spelled out, addresses, and what memory a view covers. */
#ifndef POOLGRAD_IMAGE_IMAGE_H
#define POOLGRAD_IMAGE_IMAGE_H

#include <poolgrad/poolgrad.h>

#include <stdbool.h>

enum { POOLGRAD_MOST_LANES = 32 };

/* The logarithm of a slice's channels: addresses are found without a division. */
static inline int poolgrad_layout_shift(poolgrad_layout layout)
{
    switch (layout) {
    case POOLGRAD_NC4HW4: return 2;
    case POOLGRAD_NC8HW8: return 3;
    case POOLGRAD_NC16HW16: return 4;
    case POOLGRAD_NC32HW32: return 5;
    default: return 0;
    }
}

/* Channels of a slice, which are neighbours; 1 where the layout has no slices. */
static inline int64_t poolgrad_layout_lanes(poolgrad_layout layout)
{
    return INT64_C(1) << poolgrad_layout_shift(layout);
}

/* Which of its slice's channels a channel is. */
static inline int64_t poolgrad_layout_lane(poolgrad_layout layout, int64_t c)
{
    return c & (poolgrad_layout_lanes(layout) - 1);
}

static inline bool poolgrad_layout_is_blocked(poolgrad_layout layout)
{
    return poolgrad_layout_lanes(layout) > 1;
}

/* Checks `image` and writes it to *resolved, which may be the image itself, with strides that may be multiplied: those
 * that are of no effect become dense ones. Refusals name the field "<name>.width", or plain "width" where name is null.
 */
poolgrad_status poolgrad_image_resolve(const poolgrad_image *image, const char *name, poolgrad_image *resolved,
                                       poolgrad_error *error);
poolgrad_status poolgrad_const_image_resolve(const poolgrad_const_image *image, const char *name,
                                             poolgrad_const_image *resolved, poolgrad_error *error);

/* The part of it that looks at the layout, the sizes and `expanded`: for an image that is never read. */
poolgrad_status poolgrad_image_check_sizes(const poolgrad_const_image *image, const char *name, poolgrad_error *error);

/* The rest works on resolved views. */

bool poolgrad_image_is_empty(const poolgrad_const_image *image);

/* Whether the byte ranges of two views, lowest to highest byte, share a byte. */
bool poolgrad_images_overlap(const poolgrad_const_image *a, const poolgrad_const_image *b);

/* Whether two elements may share memory: some stride does not step over everything inside it. */
bool poolgrad_image_folds(const poolgrad_const_image *image);

/* Address of an element. The unused lanes of a last slice have one, too. */
void *poolgrad_image_at(const poolgrad_image *image, int64_t n, int64_t c, int64_t z, int64_t y, int64_t x);
const void *poolgrad_const_image_at(const poolgrad_const_image *image, int64_t n, int64_t c, int64_t z, int64_t y,
                                    int64_t x);

/* Writes +0 to the unused lanes of columns [begin, end) of a row, where channel c lies in the last slice. Blocked
 * layouts have no depth. */
void poolgrad_image_clear_unused_lanes(const poolgrad_image *image, int64_t n, int64_t c, int64_t y, int64_t begin,
                                       int64_t end);

#endif
