/* SPDX-License-Identifier: Apache-2.0 */
/* Windows over the corners of the image, drawn. */
#include <inttypes.h>

#include "base/integer.h"
#include "cli/verify_facts.h"
#include "cli/verify_page.h"

enum {
    CELL = 20,   /* pixels of the drawing for one of the image */
    MOST = 16,   /* pixels of the image, in each corner */
    WINDOWS = 3, /* along an axis, that are drawn */
    COLORS = 3
};

/* A half-open range of integers. */
struct span {
    int64_t begin, end;
};

/* The part of an axis that is drawn, and the windows in it. */
struct strip {
    int64_t begin, end;      /* pixels, some outside the image */
    int64_t size;            /* of the image */
    int64_t dilation;        /* of each window */
    int64_t starts[WINDOWS]; /* first taps */
    int64_t taps[WINDOWS];
    int count;
};

static int64_t extent_of(const struct strip *s, int i)
{
    return (s->taps[i] - 1) * s->dilation + 1;
}

/* From the first window on, or up to the last one. */
static struct strip strip_of(const struct verify_axis *axis, bool last)
{
    struct strip strip = {.size = axis->pixels, .dilation = axis->dilation};
    strip.count = (int)poolgrad_min(WINDOWS, axis->windows);
    const int64_t from = last ? axis->windows - strip.count : 0;
    int64_t first = 0, end = last ? axis->pixels : 1;
    for (int i = 0; i < strip.count; i++) {
        const int64_t k = from + i;
        strip.starts[i] = axis->table ? axis->table[k].first : axis->first + axis->stride * k;
        strip.taps[i] = axis->table ? axis->table[k].size : axis->kernel;
        first = poolgrad_min(first, strip.starts[i]);
        if (last || i == 0) end = strip.starts[i] + extent_of(&strip, i);
    }
    if (last) {
        strip.end = poolgrad_max(axis->pixels, poolgrad_min(end, axis->pixels + MOST / 2)) + 1;
        strip.begin = poolgrad_max(poolgrad_min(axis->table ? first : axis->first, 0) - 1, strip.end - MOST);
    } else {
        strip.begin = poolgrad_max(first, -(int64_t)(MOST / 2)) - 1;
        strip.end = poolgrad_min(strip.begin + MOST, poolgrad_max(axis->pixels, end) + 1);
    }
    return strip;
}

static void draw_image(const struct strip *x, const struct strip *y, FILE *file)
{
    for (int64_t i = y->begin; i < y->end; i++) {
        for (int64_t k = x->begin; k < x->end; k++) {
            const bool inside = i >= 0 && i < y->size && k >= 0 && k < x->size;
            fprintf(file, "<rect class=\"%s\" x=\"%" PRId64 "\" y=\"%" PRId64 "\" width=\"%d\" height=\"%d\"/>",
                    inside ? "in" : "out", (k - x->begin) * CELL, (i - y->begin) * CELL, CELL - 1, CELL - 1);
        }
    }
    (void)fputc('\n', file);
}

/* What of [begin, end) is drawn, and one more on either side, so that a frame that goes on is left open. */
static struct span drawn(const struct strip *s, int64_t begin, int64_t end)
{
    return (struct span){poolgrad_clamp(begin, s->begin - 1, s->end + 1) - s->begin,
                         poolgrad_clamp(end, s->begin - 1, s->end + 1) - s->begin};
}

/* The taps of a window that are drawn. */
static struct span drawn_taps(const struct strip *s, int i)
{
    const int64_t start = s->starts[i];
    const int64_t begin = poolgrad_ceiling_divide(s->begin - start, s->dilation);
    const int64_t end = poolgrad_ceiling_divide(s->end - start, s->dilation);
    return (struct span){poolgrad_clamp(begin, 0, s->taps[i]), poolgrad_clamp(end, 0, s->taps[i])};
}

/* The taps as dots, the extent as a frame. */
static void draw_window(const struct strip *x, const struct strip *y, int wx, int wy, FILE *file)
{
    const int color = (wx + wy) % COLORS;
    const int64_t inset = 2 + 2 * (int64_t)color, left = x->starts[wx], top = y->starts[wy];
    const struct span columns = drawn(x, left, left + extent_of(x, wx));
    const struct span rows = drawn(y, top, top + extent_of(y, wy));
    const struct span taps_x = drawn_taps(x, wx), taps_y = drawn_taps(y, wy);
    fprintf(file,
            "<rect class=\"w w%d\" x=\"%" PRId64 "\" y=\"%" PRId64 "\" width=\"%" PRId64 "\" height=\"%" PRId64 "\"/>",
            color, columns.begin * CELL + inset, rows.begin * CELL + inset,
            poolgrad_max(0, (columns.end - columns.begin) * CELL - 2 * inset),
            poolgrad_max(0, (rows.end - rows.begin) * CELL - 2 * inset));
    for (int64_t ky = taps_y.begin; ky < taps_y.end; ky++) {
        for (int64_t kx = taps_x.begin; kx < taps_x.end; kx++) {
            fprintf(file, "<circle class=\"w%d\" cx=\"%" PRId64 "\" cy=\"%" PRId64 "\" r=\"2\"/>", color,
                    (left + kx * x->dilation - x->begin) * CELL + CELL / 2 + 3 * ((int64_t)color - 1),
                    (top + ky * y->dilation - y->begin) * CELL + CELL / 2);
        }
    }
    (void)fputc('\n', file);
}

static void draw_corner(const struct strip *x, const struct strip *y, const char *title, FILE *file)
{
    const int64_t width = (x->end - x->begin) * CELL, height = (y->end - y->begin) * CELL;
    fprintf(file,
            "<figure><svg class=\"geometry\" width=\"%" PRId64 "\" height=\"%" PRId64 "\" viewBox=\"0 0 %" PRId64
            " %" PRId64 "\" role=\"img\" aria-label=\"%s\">\n",
            width, height, width, height, title);
    draw_image(x, y, file);
    for (int wy = 0; wy < y->count; wy++) {
        for (int wx = 0; wx < x->count; wx++) draw_window(x, y, wx, wy, file);
    }
    fprintf(file, "</svg><figcaption>%s</figcaption></figure>\n", title);
}

/* ---- Planes ------------------------------------------------------------------------------------------------------ */

static void draw_plane(const struct verify_axis *x, const struct verify_axis *y, const char *const titles[2],
                       FILE *file)
{
    fprintf(file, "<div class=\"row\">\n");
    for (int last = 0; last < 2; last++) {
        const struct strip columns = strip_of(x, last != 0), rows = strip_of(y, last != 0);
        draw_corner(&columns, &rows, titles[last], file);
    }
    fprintf(file, "</div>\n");
}

void poolgrad_page_geometry(const poolgrad_problem *p, FILE *file)
{
    static const char *const titles[] = {"The first windows", "The last windows"};
    static const char *const depth_titles[] = {"The first windows, by depth", "The last windows, by depth"};
    const struct verify_axis x = poolgrad_verify_axis(p, AXIS_X), y = poolgrad_verify_axis(p, AXIS_Y);
    const struct verify_axis z = poolgrad_verify_axis(p, AXIS_Z);
    fprintf(file, "<p>Windows as frames, their taps as dots; hollow squares are outside the image.</p>\n");
    draw_plane(&x, &y, titles, file);
    if (z.pixels > 1 || z.windows > 1) draw_plane(&x, &z, depth_titles, file);
}
