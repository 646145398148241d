/* SPDX-License-Identifier: Apache-2.0 */
#include "taps.h"

#include <math.h>
#include <stdlib.h>

taps_volume taps_new(const poolgrad_problem *p)
{
    taps_volume source = {.p = p, .pixels = 1};
    int64_t most = 1;
    for (int i = 0; i < LITERAL_AXES; ++i) {
        source.axes[i] = literal_axis_of(p, (literal_direction)i);
        source.pixels *= source.axes[i].source;
        most *= literal_most_taps(&source.axes[i]);
    }
    source.taps = literal_array(most, sizeof(taps_tap));
    if (p->source.data) source.values = literal_array(source.pixels, sizeof(double));
    return source;
}

/* Where a pixel is in the source; -1 outside. */
static int64_t place_of(const taps_volume *source, int64_t z, int64_t y, int64_t x)
{
    const literal_axis *a = source->axes;
    bool inside = taps_within(z, a[ALONG_DEPTH].source, 0, 0) && taps_within(y, a[ALONG_HEIGHT].source, 0, 0) &&
                  taps_within(x, a[ALONG_WIDTH].source, 0, 0);
    return inside ? (z * a[ALONG_HEIGHT].source + y) * a[ALONG_WIDTH].source + x : -1;
}

void taps_load(taps_volume *source, int64_t n, int64_t c)
{
    if (!source->values) return;
    const literal_axis *a = source->axes;
    double *value = source->values;
    for (int64_t z = 0; z < a[ALONG_DEPTH].source; ++z)
        for (int64_t y = 0; y < a[ALONG_HEIGHT].source; ++y)
            for (int64_t x = 0; x < a[ALONG_WIDTH].source; ++x)
                *value++ = view_number_at(&source->p->source, ((view_place){n, c, z, y, x}));
}

void taps_free(taps_volume *source)
{
    free(source->taps);
    free(source->values);
}

bool taps_within(int64_t position, int64_t size, int64_t before, int64_t behind)
{
    return position >= -before && position < size + behind;
}

static bool within_padding(const literal_axis *axis, int64_t position)
{
    return taps_within(position, axis->source, axis->before, axis->behind);
}

void taps_look(taps_volume *source, view_place at)
{
    const literal_axis *z = &source->axes[ALONG_DEPTH], *y = &source->axes[ALONG_HEIGHT],
                       *x = &source->axes[ALONG_WIDTH];
    const bool every = source->p->edge_mode == POOLGRAD_EDGE_ZERO;
    const int64_t depth = literal_taps(z, at.z), height = literal_taps(y, at.y), width = literal_taps(x, at.x);
    taps_tap *t = source->taps;
    for (int64_t kz = 0; kz < depth; ++kz) {
        const int64_t tap_z = literal_tap(z, at.z, kz);
        for (int64_t ky = 0; ky < height; ++ky) {
            const int64_t tap_y = literal_tap(y, at.y, ky);
            for (int64_t kx = 0; kx < width; ++kx, ++t) {
                const int64_t tap_x = literal_tap(x, at.x, kx);
                *t = (taps_tap){.place = place_of(source, tap_z, tap_y, tap_x)};
                t->inside = t->place >= 0;
                t->counted = every ||
                             (within_padding(z, tap_z) && within_padding(y, tap_y) && within_padding(x, tap_x));
                if (t->inside && source->values) t->value = source->values[t->place];
            }
        }
    }
    source->tap_count = t - source->taps;
}

int64_t taps_counted(const taps_volume *source)
{
    int64_t count = 0, inside = 0;
    for (int64_t i = 0; i < source->tap_count; ++i) {
        count += source->taps[i].counted;
        inside += source->taps[i].inside;
    }
    if (source->p->divisor != 0) return inside > 0 ? source->p->divisor : 0;
    return count;
}

static bool takes_part(const taps_volume *source, const taps_tap *t)
{
    if (!t->inside) return source->p->edge_mode == POOLGRAD_EDGE_ZERO;
    return !isnan(t->value);
}

static int64_t pick_alone(taps_volume *source, int64_t chosen)
{
    for (int64_t i = 0; i < source->tap_count; ++i) source->taps[i].picked = i == chosen;
    return 1;
}

static int64_t pick_equal(taps_volume *source, double greatest)
{
    int64_t first = -1, last = -1, count = 0;
    for (int64_t i = 0; i < source->tap_count; ++i) {
        taps_tap *t = &source->taps[i];
        if (!takes_part(source, t) || t->value != greatest) continue;
        t->picked = true;
        ++count;
        last = i;
        if (first < 0) first = i;
    }
    if (source->p->ties == POOLGRAD_TIES_FIRST) return pick_alone(source, first);
    if (source->p->ties == POOLGRAD_TIES_LAST) return pick_alone(source, last);
    return count;
}

int64_t taps_pick(taps_volume *source)
{
    int64_t first_nan = -1, last_nan = -1, first_inside = -1, participants = 0;
    double greatest = -(double)INFINITY;
    for (int64_t i = 0; i < source->tap_count; ++i) {
        const taps_tap *t = &source->taps[i];
        if (t->inside && first_inside < 0) first_inside = i;
        if (t->inside && isnan(t->value)) {
            last_nan = i;
            if (first_nan < 0) first_nan = i;
        }
        if (!takes_part(source, t)) continue;
        ++participants;
        if (t->value > greatest) greatest = t->value;
    }
    if (source->p->nan == POOLGRAD_NAN_FIRST && first_nan >= 0) return pick_alone(source, first_nan);
    if (source->p->nan == POOLGRAD_NAN_LAST && last_nan >= 0) return pick_alone(source, last_nan);
    if (participants > 0) return pick_equal(source, greatest);
    if (first_inside >= 0) return pick_alone(source, first_inside);
    return 0;
}

const taps_tap *taps_first_picked(const taps_volume *source)
{
    for (int64_t i = 0; i < source->tap_count; ++i)
        if (source->taps[i].picked) return &source->taps[i];
    return NULL;
}

int64_t taps_saved_pick(taps_volume *source, view_place at)
{
    int64_t index = view_index_at(&source->p->indices, at);
    if (index < 0 || !view_holds_taps(&source->p->indices)) return index;
    taps_look(source, at);
    return source->taps[index].place;
}

int64_t taps_mapped(const taps_volume *source, view_place at)
{
    const literal_axis *a = source->axes;
    return place_of(source, literal_mapped(&a[ALONG_DEPTH], at.z), literal_mapped(&a[ALONG_HEIGHT], at.y),
                    literal_mapped(&a[ALONG_WIDTH], at.x));
}
