/* SPDX-License-Identifier: Apache-2.0 */
#include "drawn.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/aligned.h"
#include "base/integer.h"
#include "measure/buffers.h"
#include "measure/noise.h"

enum { PAGE = 4096 };

/* ---- What is drawn ----------------------------------------------------------------------------------------------- */

/* What windows look like beside the image. */
enum family { PLAIN, TABLE, TINY, GLOBAL, FEW, LARGE, APART, FAMILIES };
static const char *const family_names[FAMILIES] = {"plain", "table", "tiny", "global", "few", "large", "apart"};

/* How an image lies in memory. */
enum view { VIEW_DENSE, VIEW_GAP, VIEW_CHANNELS, VIEW_REVERSED, VIEW_TRANSPOSED, VIEW_OTHER_LAYOUT, VIEWS };
static const char *const view_names[VIEWS] = {"dense", "gap", "slice", "reversed", "transposed", "swapped"};

struct drawn_axis {
    int64_t size, kernel, stride, dilation, pad, output;
    poolgrad_span *spans; /* null: windows at equal distances */
};

struct sketch {
    enum family family;
    bool volume, ceiling, zero, counted, viewed;
    int64_t images, channels;
    struct drawn_axis x, y, z;
    poolgrad_direction direction;
    enum measured_kind kind;
    poolgrad_layout layout;
    poolgrad_format format;
};

/* Tables of numbers to draw from, more often where a number stands more than once. */
static int64_t pick_of(uint64_t *noise, const int64_t *table, size_t count)
{
    return table[poolgrad_noise_below(noise, (int64_t)count)];
}

#define PICK(noise, table) pick_of(noise, table, sizeof(table) / sizeof *(table))

static int64_t between(uint64_t *noise, int64_t low, int64_t high)
{
    return low + poolgrad_noise_below(noise, high - low + 1);
}

static bool one_in(uint64_t *noise, int64_t number)
{
    return poolgrad_noise_below(noise, number) == 0;
}

/* ---- One axis ---------------------------------------------------------------------------------------------------- */

/* Frameworks' two roundings: down, and up without windows that start behind the image. */
static void count_windows(struct drawn_axis *a, bool ceiling)
{
    const int64_t extent = (a->kernel - 1) * a->dilation + 1, room = a->size + 2 * a->pad - extent;
    a->output = room / a->stride + 1;
    if (ceiling && room % a->stride > 0 && a->output * a->stride - a->pad < a->size) a->output++;
}

/* Every window has a tap inside: the image is at least as large as a window, and half of one at most lies before it. */
static struct drawn_axis draw_plain(uint64_t *noise, const int64_t *sizes, size_t count)
{
    static const int64_t kernels[] = {1, 2, 2, 2, 3, 3, 3, 3, 4, 5, 7};
    struct drawn_axis a = {.kernel = PICK(noise, kernels)};
    a.stride = between(noise, 1, a.kernel + (a.kernel < 3));
    a.dilation = between(noise, 0, 4) > 0 ? 1 : between(noise, 2, 3);
    const int64_t extent = (a.kernel - 1) * a.dilation + 1;
    a.pad = between(noise, 0, (extent - 1) / 2);
    a.size = extent + between(noise, 0, pick_of(noise, sizes, count));
    return a;
}

/* 1 to 8 pixels, with windows that may reach out on both sides. */
static struct drawn_axis draw_tiny(uint64_t *noise)
{
    struct drawn_axis a = {.size = between(noise, 1, 8), .dilation = 1};
    a.kernel = between(noise, 1, poolgrad_min(a.size, 5));
    a.pad = between(noise, 0, (a.kernel - 1) / 2);
    a.stride = between(noise, 1, a.kernel);
    return a;
}

static struct drawn_axis draw_global(uint64_t *noise, bool deep)
{
    static const int64_t sizes[] = {2, 4, 6, 7, 7, 8, 9, 13, 14, 16, 28, 56};
    struct drawn_axis a = {.size = PICK(noise, sizes), .dilation = 1};
    if (deep) a.size = poolgrad_min(a.size, 9);
    a.kernel = a.size;
    a.stride = one_in(noise, 2) ? a.size : 1;
    return a;
}

/* Half of the image or more in one window. */
static struct drawn_axis draw_few(uint64_t *noise, bool deep)
{
    struct drawn_axis a = {.size = between(noise, 8, deep ? 12 : 90), .dilation = 1};
    const int64_t left = between(noise, 0, a.size / 2);
    a.kernel = a.size - left;
    a.stride = poolgrad_max(1, left / between(noise, 1, 4));
    a.pad = one_in(noise, 3) ? between(noise, 0, a.kernel / 2) : 0;
    return a;
}

/* Pixels between the windows. */
static struct drawn_axis draw_apart(uint64_t *noise, bool deep)
{
    static const int64_t kernels[] = {1, 1, 2, 3, 3, 5};
    struct drawn_axis a = {.kernel = PICK(noise, kernels), .dilation = 1};
    a.stride = a.kernel + between(noise, 1, 2 * a.kernel + 2);
    a.pad = between(noise, 0, (a.kernel - 1) / 2);
    a.size = a.kernel + between(noise, 0, deep ? 12 : 200);
    return a;
}

/* Adaptive windows, or PyTorch's fractional ones: equal sizes at steps that round to and fro. False where memory is
 * lacking. */
static bool draw_table(uint64_t *noise, struct drawn_axis *a, bool deep)
{
    poolgrad_error error;
    *a = (struct drawn_axis){.size = between(noise, 2, deep ? 12 : 90), .kernel = 1, .stride = 1, .dilation = 1};
    a->output = between(noise, 1, a->size);
    a->spans = calloc((size_t)a->output, sizeof *a->spans);
    if (!a->spans) return false;
    if (one_in(noise, 2)) return poolgrad_adaptive_windows(a->size, a->output, a->spans, &error) == POOLGRAD_OK;
    const int64_t kernel = between(noise, 1, poolgrad_min(a->size, 4)), last = a->size - kernel;
    const double step = a->output > 1 ? (double)last / (double)(a->output - 1) : 0;
    const double start = (double)poolgrad_noise_below(noise, 1000) / 1000;
    for (int64_t i = 0; i < a->output; i++) {
        const int64_t first = (int64_t)(((double)i + start) * step) - (int64_t)(start * step);
        a->spans[i] = (poolgrad_span){i + 1 == a->output ? last : poolgrad_min(first, last), kernel};
    }
    return true;
}

static bool draw_axis(uint64_t *noise, const struct sketch *s, bool deep, struct drawn_axis *a)
{
    static const int64_t wide[] = {8, 20, 60, 200}, low[] = {2, 4, 8, 14}, large[] = {300, 800, 2000};
    switch (s->family) {
    case TABLE:
        if (between(noise, 0, 3) > 0) return draw_table(noise, a, deep);
        *a = draw_plain(noise, low, 4);
        break;
    case TINY: *a = draw_tiny(noise); break;
    case GLOBAL: *a = draw_global(noise, deep); break;
    case FEW: *a = draw_few(noise, deep); break;
    case LARGE: *a = draw_plain(noise, large, 3); break;
    case APART: *a = draw_apart(noise, deep); break;
    default: *a = deep ? draw_plain(noise, low, 4) : draw_plain(noise, wide, s->volume ? 3 : 4); break;
    }
    count_windows(a, s->ceiling);
    return true;
}

/* ---- The whole of one -------------------------------------------------------------------------------------------- */

static void forget_tables(struct sketch *s)
{
    free(s->x.spans);
    free(s->y.spans);
    free(s->z.spans);
    s->x.spans = s->y.spans = s->z.spans = NULL;
}

/* Half of the windows are square, as most layers' are. */
static bool draw_geometry(uint64_t *noise, struct sketch *s)
{
    static const int64_t channels[] = {1,  2,  3,  4,  5,  7,   8,   12,  16,  17,  24,  31,
                                       32, 33, 64, 65, 96, 100, 128, 192, 256, 300, 512, 1024};
    const struct drawn_axis one = {.size = 1, .kernel = 1, .stride = 1, .dilation = 1, .output = 1};
    s->images = between(noise, 1, s->family == LARGE ? 1 : 4);
    s->channels = s->family == LARGE ? between(noise, 1, 4) : PICK(noise, channels);
    s->z = one;
    bool drawn = draw_axis(noise, s, false, &s->x) && draw_axis(noise, s, false, &s->y);
    if (drawn && s->volume) drawn = draw_axis(noise, s, true, &s->z);
    if (one_in(noise, 2) && !s->x.spans && !s->y.spans) s->y = s->x;
    return drawn;
}

/* Taps of all windows of an axis. */
static double taps_of(const struct drawn_axis *a)
{
    double taps = 0;
    for (int64_t i = 0; i < a->output; i++) taps += (double)(a->spans ? a->spans[i].size : a->kernel);
    return taps;
}

static double all_taps(const struct sketch *s)
{
    return (double)(s->images * s->channels) * taps_of(&s->x) * taps_of(&s->y) * taps_of(&s->z);
}

static double elements_of(const struct sketch *s)
{
    return (double)(s->images * s->channels) * (double)(s->x.size * s->y.size * s->z.size);
}

/* Some 10 microseconds to 20 milliseconds of a plain loop. */
static bool fits(const struct sketch *s)
{
    const double least = 1e4, most = s->family == LARGE ? 1.2e7 : 4e6;
    const double work = all_taps(s) + elements_of(s);
    return work >= least && work <= most;
}

static void draw_rules(uint64_t *noise, struct sketch *s)
{
    static const int64_t families[] = {PLAIN, PLAIN, PLAIN,  PLAIN,  PLAIN, TABLE, TABLE, TABLE, TINY,
                                       TINY,  TINY,  GLOBAL, GLOBAL, FEW,   FEW,   LARGE, APART, APART};
    *s = (struct sketch){.family = (enum family)PICK(noise, families)};
    s->volume = s->family != LARGE && one_in(noise, 4);
    s->ceiling = one_in(noise, 3);
    s->zero = one_in(noise, 4);
    s->counted = one_in(noise, 3);
    s->viewed = one_in(noise, 4);
    s->direction = (poolgrad_direction)between(noise, 0, 1);
    s->kind = (enum measured_kind)between(noise, 0, MEASURED_KINDS - 1);
    s->layout = (poolgrad_layout)between(noise, POOLGRAD_NCHW, POOLGRAD_NHWC);
    if (!s->volume && one_in(noise, 2)) s->layout = (poolgrad_layout)between(noise, POOLGRAD_NC4HW4, LAYOUTS - 1);
    s->format = (poolgrad_format)between(noise, POOLGRAD_FLOAT16, POOLGRAD_FLOAT64);
}

static void place_axis(const struct drawn_axis *a, int64_t *kernel, int64_t *stride, int64_t *dilation, int64_t *offset,
                       poolgrad_table *table)
{
    *kernel = a->kernel;
    *stride = a->stride;
    *dilation = a->dilation;
    *offset = a->spans ? 0 : ((a->kernel - 1) * a->dilation + 1) / 2 - a->pad;
    if (a->spans) *table = (poolgrad_table){a->spans, a->output};
}

static void describe(const struct sketch *s, poolgrad_problem *p)
{
    poolgrad_window *w = &p->window;
    poolgrad_problem_init(p, sizeof *p);
    p->direction = s->direction;
    p->kind = poolgrad_measured_kind_of(s->kind);
    p->edge_mode = s->zero ? POOLGRAD_EDGE_ZERO : POOLGRAD_EDGE_CLAMP;
    place_axis(&s->x, &w->kernel_width, &w->stride_x, &w->dilation_x, &p->offset_x, &p->windows_x);
    place_axis(&s->y, &w->kernel_height, &w->stride_y, &w->dilation_y, &p->offset_y, &p->windows_y);
    if (s->volume) place_axis(&s->z, &w->kernel_depth, &w->stride_z, &w->dilation_z, &p->offset_z, &p->windows_z);
    if (!s->counted || s->kind != MEASURED_AVERAGE) return;
    p->zero_pad_x = s->x.pad;
    p->zero_pad_y = s->y.pad;
    p->zero_pad_z = s->z.pad;
}

/* ---- Images ------------------------------------------------------------------------------------------------------ */

static poolgrad_image sizes_of(const struct sketch *s, bool output)
{
    const struct drawn_axis *x = &s->x, *y = &s->y, *z = &s->z;
    return (poolgrad_image){.images = s->images,
                            .channels = s->channels,
                            .depth = !s->volume ? 0
                                     : output   ? z->output
                                                : z->size,
                            .height = output ? y->output : y->size,
                            .width = output ? x->output : x->size};
}

/* The tensor that holds the view, and the view's first channel in it. */
static poolgrad_image outer_of(uint64_t *noise, enum view view, poolgrad_layout layout, const poolgrad_image *size,
                               int64_t *first)
{
    const int64_t slice = poolgrad_slice_of(layout);
    poolgrad_image outer = *size;
    *first = 0;
    if (view == VIEW_GAP) outer.width += between(noise, 1, 70);
    if (view == VIEW_CHANNELS) {
        *first = between(noise, 0, 2) * slice;
        outer.channels = (outer.channels + slice - 1) / slice * slice + *first + between(noise, 1, 40) * slice;
    }
    if (view == VIEW_TRANSPOSED) {
        outer.height = size->width;
        outer.width = size->height;
    }
    return outer;
}

static poolgrad_image dense(void *data, poolgrad_format format, poolgrad_layout layout, const poolgrad_image *size)
{
    return poolgrad_image_dense_3d(data, format, layout, size->images, size->channels, size->depth, size->height,
                                   size->width);
}

/* The view of these sizes in memory of its own; its data is the first byte of that. */
static bool place(uint64_t *noise, enum view view, poolgrad_layout layout, struct drawn_memory *memory,
                  poolgrad_image *image)
{
    const int64_t slice = poolgrad_slice_of(layout), element = (int64_t)poolgrad_format_size(memory->format);
    const poolgrad_layout inside = view == VIEW_OTHER_LAYOUT ? (poolgrad_layout)!layout : layout;
    const poolgrad_image size = *image;
    int64_t first;
    poolgrad_image outer = outer_of(noise, view, layout, &size, &first);
    const poolgrad_const_image whole = poolgrad_image_as_const(&outer);
    memory->bytes = poolgrad_dense_bytes(&whole, inside, memory->format);
    memory->data = poolgrad_aligned_allocate(PAGE, (size_t)(memory->bytes + PAGE - memory->bytes % PAGE));
    if (!memory->data) return false;
    *image = dense(memory->data, memory->format, inside, &outer);
    image->layout = layout;
    image->channels = size.channels;
    image->height = size.height;
    image->width = size.width;
    int64_t skipped = first / slice * image->channel_stride;
    if (view == VIEW_REVERSED) {
        skipped += (size.height - 1) * image->row_stride;
        image->row_stride = -image->row_stride;
    }
    if (view == VIEW_TRANSPOSED) {
        const int64_t row = image->row_stride;
        image->row_stride = image->column_stride;
        image->column_stride = row;
    }
    image->data = (char *)memory->data + skipped * element;
    return true;
}

static poolgrad_format draw_picks_format(uint64_t *noise, const poolgrad_problem *p)
{
    if (one_in(noise, 4)) return one_in(noise, 2) ? POOLGRAD_INT32 : POOLGRAD_INT64;
    return poolgrad_picks_format(p);
}

static bool has_image(const struct sketch *s, int image)
{
    if (image == DRAWN_GRADIENT) return s->direction == POOLGRAD_GRADIENT;
    return image != DRAWN_PICKS || s->kind == MEASURED_ARGMAX;
}

/* Odd views are those of some images. */
static enum view draw_view(uint64_t *noise, const struct sketch *s, enum view common)
{
    if (!s->viewed || one_in(noise, 3)) return VIEW_DENSE;
    if (common == VIEW_OTHER_LAYOUT && poolgrad_slice_of(s->layout) > 1) return VIEW_GAP;
    return common;
}

static bool place_images(uint64_t *noise, const struct sketch *s, struct drawn *d, enum view view[DRAWN_IMAGES])
{
    const enum view common = (enum view)between(noise, VIEW_DENSE + 1, VIEWS - 1);
    const bool forward = s->direction == POOLGRAD_FORWARD;
    poolgrad_image image[DRAWN_IMAGES] = {sizes_of(s, false), sizes_of(s, true), sizes_of(s, forward),
                                          sizes_of(s, true)};
    for (int i = 0; i < DRAWN_IMAGES; i++) {
        view[i] = draw_view(noise, s, common);
        d->memory[i].format = i == DRAWN_PICKS ? draw_picks_format(noise, &d->problem) : s->format;
        if (!has_image(s, i))
            image[i] = (poolgrad_image){.data = NULL};
        else if (!place(noise, view[i], s->layout, &d->memory[i], &image[i]))
            return false;
    }
    d->problem.source = poolgrad_image_as_const(&image[DRAWN_SOURCE]);
    d->problem.source_gradient = poolgrad_image_as_const(&image[DRAWN_GRADIENT]);
    d->problem.destination = image[DRAWN_DESTINATION];
    if (forward)
        d->problem.picks = image[DRAWN_PICKS];
    else
        d->problem.indices = poolgrad_image_as_const(&image[DRAWN_PICKS]);
    return true;
}

/* ---- Names ------------------------------------------------------------------------------------------------------- */

static void add_word(char name[CASE_NAME], const char *before, const char *word)
{
    const size_t used = strlen(name);
    snprintf(name + used, CASE_NAME - used, "%s%s", before, word);
}

static bool reaches_out(const struct drawn_axis *a)
{
    return !a->spans && ((a->output - 1) * a->stride + (a->kernel - 1) * a->dilation + 1 - a->pad > a->size);
}

static void name_drawn(const struct sketch *s, struct drawn *d, const enum view view[DRAWN_IMAGES])
{
    static const char *const images[DRAWN_IMAGES] = {"_src-", "_grad-", "_dst-", "_picks-"};
    poolgrad_problem shape = d->problem;
    char geometry[CASE_NAME];
    bool odd = false;
    for (int i = 0; i < DRAWN_IMAGES; i++) odd = odd || (has_image(s, i) && view[i] != VIEW_DENSE);
    poolgrad_shape_name(&shape, geometry);
    snprintf(d->name, CASE_NAME, "%s/%s/%s/%s/%s%s/%s/%.60s", poolgrad_direction_name(s->direction),
             poolgrad_measured_kind_name(s->kind), poolgrad_layout_name(s->layout), poolgrad_format_name(s->format),
             family_names[s->family], s->volume ? "-3d" : "", odd ? "views" : "dense", geometry);
    if (s->zero) add_word(d->name, "_", "zero");
    if (s->ceiling && (reaches_out(&s->x) || reaches_out(&s->y) || reaches_out(&s->z))) add_word(d->name, "_", "ceil");
    if (s->counted && s->kind == MEASURED_AVERAGE) add_word(d->name, "_", "counted");
    if (s->kind == MEASURED_ARGMAX) add_word(d->name, "_", poolgrad_format_name(d->memory[DRAWN_PICKS].format));
    for (int i = 0; i < DRAWN_IMAGES; i++) {
        if (has_image(s, i) && view[i] != VIEW_DENSE) add_word(d->name, images[i], view_names[view[i]]);
    }
}

/* ---- Making ------------------------------------------------------------------------------------------------------ */

static void fill(const struct drawn_memory *memory, int values, uint64_t seed)
{
    if (memory->data) poolgrad_buffers_fill(memory->data, memory->bytes, memory->format, values, seed);
}

void poolgrad_drawn_refill(struct drawn *d)
{
    enum { GRADIENT_VALUES = 4096 };
    fill(&d->memory[DRAWN_GRADIENT], GRADIENT_VALUES, 2);
}

static void fill_all(struct drawn *d)
{
    enum { SOURCE_VALUES = 512 };
    fill(&d->memory[DRAWN_SOURCE], SOURCE_VALUES, 1);
    poolgrad_drawn_refill(d);
    for (int i = DRAWN_DESTINATION; i < DRAWN_IMAGES; i++) {
        if (d->memory[i].data) memset(d->memory[i].data, 0, (size_t)d->memory[i].bytes);
    }
}

bool poolgrad_drawn_make(struct drawn *d, uint64_t seed, int threads)
{
    struct sketch s;
    enum view view[DRAWN_IMAGES];
    uint64_t noise = seed;
    *d = (struct drawn){.taps = 0};
    draw_rules(&noise, &s);
    bool drawn = draw_geometry(&noise, &s);
    while (drawn && !fits(&s)) {
        forget_tables(&s);
        drawn = draw_geometry(&noise, &s);
    }
    d->spans[0] = s.x.spans;
    d->spans[1] = s.y.spans;
    d->spans[2] = s.z.spans;
    if (!drawn) return false;
    describe(&s, &d->problem);
    d->problem.threads = threads;
    d->kind = s.kind;
    d->taps = all_taps(&s);
    if (!place_images(&noise, &s, d, view)) return false;
    name_drawn(&s, d, view);
    fill_all(d);
    return true;
}

void poolgrad_drawn_free(struct drawn *d)
{
    for (int i = 0; i < DRAWN_IMAGES; i++) poolgrad_aligned_free(d->memory[i].data);
    for (int i = 0; i < DRAWN_AXES; i++) free(d->spans[i]);
    *d = (struct drawn){.taps = 0};
}

static poolgrad_image writable(const poolgrad_const_image *image, const struct drawn_memory *memory)
{
    poolgrad_image to;
    assert(sizeof to == sizeof *image);
    memcpy(&to, image, sizeof to);
    to.data = (char *)memory->data + ((const char *)image->data - (const char *)memory->data);
    return to;
}

poolgrad_problem poolgrad_drawn_saving(const struct drawn *d)
{
    poolgrad_problem p = d->problem;
    p.direction = POOLGRAD_FORWARD;
    p.destination = writable(&p.source_gradient, &d->memory[DRAWN_GRADIENT]);
    p.picks = writable(&p.indices, &d->memory[DRAWN_PICKS]);
    p.source_gradient = p.indices = (poolgrad_const_image){.data = NULL};
    return p;
}
