/* SPDX-License-Identifier: Apache-2.0 */
#include "images.h"

#include "encoding.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

poolgrad_image images_size(int64_t images, int64_t channels, int64_t height, int64_t width)
{
    poolgrad_image size = {.images = images, .channels = channels, .height = height, .width = width};
    view_make_dense(&size);
    return size;
}

bool images_read_same_size(const poolgrad_const_image *a, const poolgrad_const_image *b)
{
    return a->images == b->images && a->channels == b->channels && view_depth(a) == view_depth(b) &&
           a->height == b->height && a->width == b->width;
}

/* Sums of fractions round, so that their order shows; small whole numbers tie. */
static double random_value(random_state *r)
{
    static const double special[] = {-0.0, 0, (double)NAN, (double)INFINITY, -(double)INFINITY, 0x1p-24, 60000, -1};
    int64_t kind = random_between(r, 0, 99);
    if (kind < 4) return special[random_between(r, 0, 7)];
    if (kind < 40) return (double)random_between(r, -2, 2);
    return ldexp((double)random_between(r, -65535, 65535), (int)random_between(r, -17, -14));
}

poolgrad_image images_random_like(random_state *r, poolgrad_format format, poolgrad_layout layout,
                                  const poolgrad_const_image *size)
{
    enum { NOT_ZERO = 0x3c }; /* in the unused lanes, which nobody reads */
    poolgrad_image image = view_new(format, layout, size, NOT_ZERO);
    bool unorm = format == POOLGRAD_UNORM8 || format == POOLGRAD_UNORM16;
    VIEW_EACH(at, size)
    {
        if (unorm)
            view_set_bits_at(&image, at, random_bits(r));
        else
            view_set_number_at(&image, at, random_value(r));
    }
    return image;
}

bool images_read_alike(const char *what, const poolgrad_const_image *expected, const poolgrad_const_image *actual)
{
    if (expected->format == actual->format && expected->layout == actual->layout &&
        images_read_same_size(expected, actual))
        return true;
    fprintf(stderr,
            "%s: format %d, layout %d, n %" PRId64 " c %" PRId64 " h %" PRId64 " w %" PRId64
            " instead of format %d, layout %d, n %" PRId64 " c %" PRId64 " h %" PRId64 " w %" PRId64 "\n",
            what, (int)actual->format, (int)actual->layout, actual->images, actual->channels, actual->height,
            actual->width, (int)expected->format, (int)expected->layout, expected->images, expected->channels,
            expected->height, expected->width);
    return false;
}

static bool same_element(const char *what, const poolgrad_const_image *expected, const poolgrad_const_image *actual,
                         int64_t n, int64_t c, int64_t y, int64_t x)
{
    uint64_t a = c < expected->channels ? view_bits(expected, n, c, y, x) : 0, b = view_bits(actual, n, c, y, x);
    if (a == b) return true;
    fprintf(stderr,
            "%s at n %" PRId64 ", c %" PRId64 ", y %" PRId64 ", x %" PRId64 ": expected 0x%" PRIx64
            " (%.9g), found 0x%" PRIx64 " (%.9g)\n",
            what, n, c, y, x, a, number_decode(expected->format, a), b, number_decode(actual->format, b));
    return false;
}

bool images_read_same(const char *what, const poolgrad_const_image *expected, const poolgrad_const_image *actual)
{
    if (!images_read_alike(what, expected, actual)) return false;
    for (int64_t n = 0; n < actual->images; ++n)
        for (int64_t c = 0; c < view_stored_channels(actual); ++c)
            for (int64_t y = 0; y < actual->height; ++y)
                for (int64_t x = 0; x < actual->width; ++x)
                    if (!same_element(what, expected, actual, n, c, y, x)) return false;
    return true;
}
