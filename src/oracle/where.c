/* SPDX-License-Identifier: Apache-2.0 */
/* Where wrong elements lie, whatever made them wrong: in which images, channels, layers, rows and columns. */
#include "oracle/where.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/integer.h"
#include "oracle/volume.h"

enum { DIMENSIONS = 5 };

static const char *const one[] = {"image", "channel", "layer", "row", "column"};
static const char *const many[] = {"images", "channels", "layers", "rows", "columns"};

/* Wrong elements by their index along a dimension. */
struct profile {
    int64_t *wrong, size;
    int64_t used, first, last, step; /* indices with wrong elements; the greatest common divisor of their distances */
};

static void summarize(struct profile *p)
{
    p->first = -1;
    for (int64_t i = 0; i < p->size; i++) {
        if (p->wrong[i] == 0) continue;
        if (p->first < 0) p->first = i;
        p->step = poolgrad_common_divisor(i - p->first, p->step);
        p->last = i;
        p->used++;
    }
}

/* All but a gap in the middle: how many in front of it; 0 where there is none. */
static int64_t before_gap(const struct profile *p)
{
    int64_t front = 0, gap = 0;
    while (front < p->size && p->wrong[front] > 0) front++;
    while (front + gap < p->size && p->wrong[front + gap] == 0) gap++;
    return front > 0 && p->wrong[p->size - 1] > 0 && front + gap + (p->used - front) == p->size ? front : 0;
}

/* Whether indices a step apart are more than a coincidence: three at least, and most that there are so. */
static bool is_regular(const struct profile *p)
{
    enum { LEAST = 3 };
    const int64_t all = (p->size - 1 - p->first % p->step) / p->step + 1;
    return p->used >= LEAST && 4 * p->used >= 3 * all;
}

static void describe(const struct profile *p, int dimension, char text[POOLGRAD_SENTENCE_SIZE])
{
    const size_t length = strlen(text);
    const char *separator = length > 0 ? ", " : "";
    char *end = text + length;
    const size_t room = POOLGRAD_SENTENCE_SIZE - length;
    const int64_t front = before_gap(p);
    if (p->used == p->size || p->used == 0) return;
    if (p->used == 1)
        snprintf(end, room, "%s%s %" PRId64, separator, one[dimension], p->first);
    else if (p->last - p->first + 1 == p->used)
        snprintf(end, room, "%s%s %" PRId64 " to %" PRId64, separator, many[dimension], p->first, p->last);
    else if (p->used == 2)
        snprintf(end, room, "%s%s %" PRId64 " and %" PRId64, separator, many[dimension], p->first, p->last);
    else if (p->step == 2 && is_regular(p))
        snprintf(end, room, "%s%s %s", separator, p->first % 2 ? "odd" : "even", many[dimension]);
    else if (p->step > 2 && is_regular(p))
        snprintf(end, room, "%s%s = %" PRId64 " mod %" PRId64, separator, many[dimension], p->first % p->step, p->step);
    else if (front > 0)
        snprintf(end, room, "%sthe first %" PRId64 " and last %" PRId64 " %s", separator, front, p->used - front,
                 many[dimension]);
}

static void count_wrong(const struct poolgrad_verification *v, struct profile profiles[DIMENSIONS])
{
    const poolgrad_const_image *d = &v->geometry.held;
    const int64_t elements = d->images * d->channels * d->depth * d->height * d->width;
    for (int64_t i = 0; i < elements; i++) {
        if (v->verdicts[i] != POOLGRAD_VERDICT_WRONG) continue;
        const struct poolgrad_element at = poolgrad_element_at(d, i);
        const int64_t indices[DIMENSIONS] = {at.n, at.c, at.pixel.z, at.pixel.y, at.pixel.x};
        for (int k = 0; k < DIMENSIONS; k++) profiles[k].wrong[indices[k]]++;
    }
}

bool poolgrad_find_where(const struct poolgrad_verification *v, char text[POOLGRAD_SENTENCE_SIZE])
{
    const poolgrad_const_image *d = &v->geometry.held;
    const int64_t sizes[DIMENSIONS] = {d->images, d->channels, d->depth, d->height, d->width};
    struct profile profiles[DIMENSIONS] = {0};
    bool fits = true;
    *text = 0;
    for (int k = 0; k < DIMENSIONS; k++) {
        profiles[k].size = sizes[k];
        profiles[k].wrong = calloc((size_t)sizes[k] + 1, sizeof *profiles[k].wrong);
        fits = fits && profiles[k].wrong;
    }
    if (fits) count_wrong(v, profiles);
    for (int k = 0; k < DIMENSIONS; k++) {
        if (fits) summarize(&profiles[k]);
        if (fits) describe(&profiles[k], k, text);
        free(profiles[k].wrong);
    }
    return fits;
}
