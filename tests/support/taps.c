/* SPDX-License-Identifier: Apache-2.0 */
#include "taps.h"

#include "literal.h"
#include "view.h"
#include <math.h>
#include <stdlib.h>

taps_plane taps_new(const poolgrad_problem *p)
{
    int64_t count = p->window.kernel_height * p->window.kernel_width;
    taps_plane source = {.p = p, .height = p->source.height, .width = p->source.width, .tap_count = count};
    source.taps = literal_array(count, sizeof(taps_tap));
    if (p->source.data) source.values = literal_array(source.height * source.width, sizeof(double));
    return source;
}

void taps_load(taps_plane *source, int64_t n, int64_t c)
{
    if (!source->values) return;
    for (int64_t y = 0; y < source->height; ++y)
        for (int64_t x = 0; x < source->width; ++x)
            source->values[y * source->width + x] = view_number(&source->p->source, n, c, y, x);
}

void taps_free(taps_plane *source)
{
    free(source->taps);
    free(source->values);
}

bool taps_within(int64_t position, int64_t size, int64_t grown_by)
{
    return position >= -grown_by && position < size + grown_by;
}

void taps_look(taps_plane *source, int64_t window_y, int64_t window_x)
{
    const poolgrad_problem *p = source->p;
    const poolgrad_window *w = &p->window;
    int64_t top = literal_first_tap_y(p) + w->stride_y * window_y;
    int64_t left = literal_first_tap_x(p) + w->stride_x * window_x;
    taps_tap *t = source->taps;
    for (int64_t ky = 0; ky < w->kernel_height; ++ky) {
        for (int64_t kx = 0; kx < w->kernel_width; ++kx, ++t) {
            *t = (taps_tap){.y = top + w->dilation_y * ky, .x = left + w->dilation_x * kx};
            t->inside = taps_within(t->y, source->height, 0) && taps_within(t->x, source->width, 0);
            t->counted = p->edge_mode == POOLGRAD_EDGE_ZERO || (taps_within(t->y, source->height, p->zero_pad_y) &&
                                                                taps_within(t->x, source->width, p->zero_pad_x));
            if (t->inside && source->values) t->value = source->values[t->y * source->width + t->x];
        }
    }
}

int64_t taps_counted(const taps_plane *source)
{
    int64_t count = 0;
    for (int64_t i = 0; i < source->tap_count; ++i) count += source->taps[i].counted;
    return count;
}

static bool takes_part(const taps_plane *source, const taps_tap *t)
{
    if (!t->inside) return source->p->edge_mode == POOLGRAD_EDGE_ZERO;
    return !isnan(t->value);
}

static int64_t pick_alone(taps_plane *source, int64_t chosen)
{
    for (int64_t i = 0; i < source->tap_count; ++i) source->taps[i].picked = i == chosen;
    return 1;
}

static int64_t pick_equal(taps_plane *source, double greatest)
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

int64_t taps_pick(taps_plane *source)
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

const taps_tap *taps_first_picked(const taps_plane *source)
{
    for (int64_t i = 0; i < source->tap_count; ++i)
        if (source->taps[i].picked) return &source->taps[i];
    return NULL;
}

int64_t taps_saved_pick(taps_plane *source, int64_t n, int64_t c, int64_t y, int64_t x)
{
    const poolgrad_problem *p = source->p;
    int64_t index = view_index(&p->indices, n, c, y, x);
    if (index < 0 || !view_holds_taps(&p->indices)) return index;
    taps_look(source, y - p->gradient_region.y, x - p->gradient_region.x);
    const taps_tap *t = &source->taps[index];
    return t->y * source->width + t->x;
}
