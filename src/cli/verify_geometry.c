/* SPDX-License-Identifier: Apache-2.0 */
/* Windows over the corners of the image, drawn. */
#include <inttypes.h>

#include "base/integer.h"
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
    int64_t begin, end;       /* pixels, some outside the image */
    int64_t size;             /* of the image */
    int64_t starts[WINDOWS];  /* first taps */
    int64_t kernel, dilation; /* of each */
    int count;
};

/* From the first window on, or up to the last one. */
static struct strip strip_of(int64_t first, int64_t stride, int64_t kernel, int64_t dilation, int64_t size,
                             int64_t windows, bool last)
{
    const int64_t extent = (kernel - 1) * dilation + 1;
    struct strip strip = {.size = size, .kernel = kernel, .dilation = dilation};
    strip.count = (int)poolgrad_min(WINDOWS, windows);
    const int64_t from = last ? windows - strip.count : 0;
    for (int i = 0; i < strip.count; i++) strip.starts[i] = first + stride * (from + i);
    if (last) {
        const int64_t end = strip.count > 0 ? strip.starts[strip.count - 1] + extent : size;
        strip.end = poolgrad_max(size, poolgrad_min(end, size + MOST / 2)) + 1;
        strip.begin = poolgrad_max(poolgrad_min(first, 0) - 1, strip.end - MOST);
    } else {
        strip.begin = poolgrad_max(poolgrad_min(first, 0), -(int64_t)(MOST / 2)) - 1;
        strip.end = poolgrad_min(strip.begin + MOST, poolgrad_max(size, first + extent) + 1);
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
static struct span drawn_taps(const struct strip *s, int64_t start)
{
    const int64_t begin = poolgrad_ceiling_divide(s->begin - start, s->dilation);
    const int64_t end = poolgrad_ceiling_divide(s->end - start, s->dilation);
    return (struct span){poolgrad_clamp(begin, 0, s->kernel), poolgrad_clamp(end, 0, s->kernel)};
}

/* The taps as dots, the extent as a frame. */
static void draw_window(const struct strip *x, const struct strip *y, int wx, int wy, FILE *file)
{
    const int color = (wx + wy) % COLORS;
    const int64_t inset = 2 + 2 * (int64_t)color, left = x->starts[wx], top = y->starts[wy];
    const struct span columns = drawn(x, left, left + (x->kernel - 1) * x->dilation + 1);
    const struct span rows = drawn(y, top, top + (y->kernel - 1) * y->dilation + 1);
    const struct span taps_x = drawn_taps(x, left), taps_y = drawn_taps(y, top);
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
            "<figure><svg class=\"geometry\" width=\"%" PRId64 "\" height=\"%" PRId64 "\" role=\"img\" "
            "aria-label=\"%s\">\n",
            width, height, title);
    draw_image(x, y, file);
    for (int wy = 0; wy < y->count; wy++) {
        for (int wx = 0; wx < x->count; wx++) draw_window(x, y, wx, wy, file);
    }
    fprintf(file, "</svg><figcaption>%s</figcaption></figure>\n", title);
}

void poolgrad_page_geometry(const poolgrad_problem *p, FILE *file)
{
    const poolgrad_window *w = &p->window;
    const bool gradient = p->direction == POOLGRAD_GRADIENT;
    const int64_t windows_x = gradient ? p->source_gradient.width : p->destination.width;
    const int64_t windows_y = gradient ? p->source_gradient.height : p->destination.height;
    const int64_t extent_x = (w->kernel_width - 1) * w->dilation_x + 1;
    const int64_t extent_y = (w->kernel_height - 1) * w->dilation_y + 1;
    const int64_t left = p->offset_x - p->kernel_offset_x - extent_x / 2;
    const int64_t top = p->offset_y - p->kernel_offset_y - extent_y / 2;
    fprintf(file,
            "<h2>Geometry</h2>\n<p>Windows of %" PRId64 " &times; %" PRId64 " taps, stride %" PRId64 " &times; %" PRId64
            ", dilation %" PRId64 " &times; %" PRId64 "; the first tap is at column %" PRId64 ", row %" PRId64
            " of an image of %" PRId64 " &times; %" PRId64
            " pixels. Hollow squares are outside the image.</p>\n<div class=\"row\">\n",
            w->kernel_width, w->kernel_height, w->stride_x, w->stride_y, w->dilation_x, w->dilation_y, left, top,
            p->source.width, p->source.height);
    for (int last = 0; last < 2; last++) {
        const struct strip x = strip_of(left, w->stride_x, w->kernel_width, w->dilation_x, p->source.width, windows_x,
                                        last != 0);
        const struct strip y = strip_of(top, w->stride_y, w->kernel_height, w->dilation_y, p->source.height, windows_y,
                                        last != 0);
        draw_corner(&x, &y, last ? "The last windows" : "The first windows", file);
    }
    fprintf(file, "</div>\n");
}
