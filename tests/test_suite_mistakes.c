/* SPDX-License-Identifier: Apache-2.0 */
/* Mistakes that small images hide, planted in a plain backend of this file's own: the cases of large geometries catch
 * each of them in every direction and kind that it touches, and call the backend right without it. */
#include "support/random.h"
#include <criterion/criterion.h>
#include <math.h>
#include <poolgrad/oracle.h>
#include <stdlib.h>
#include <string.h>

#include "suite/kit.h"

enum { X, Y, Z, SPACE };
enum { BLOCK = 16, MASK_BITS = 32, MOST_TAPS = 64, KINDS = 3 };

enum mistake {
    NO_MISTAKE,
    HALO_LOST_BY_ROWS,    /* a window's taps in a later block of 16 rows than its first one are lost */
    HALO_LOST_BY_COLUMNS, /* the same of columns */
    HALO_LOST_BY_LAYERS,
    HALO_DOUBLED,       /* such taps are given to twice, by both tiles */
    PICKS_IN_8_BITS,    /* the picked tap's number */
    INDICES_IN_16_BITS, /* the picked tap's place in the plane */
    TAPS_IN_A_MASK,     /* of 32 bits: what lies behind is lost */
    CHANNEL_TAIL_LOST,  /* channels behind the last full vector of 16 */
    COLUMN_TAIL_LOST,   /* the same of columns */
    IMAGES_ALTERNATE,   /* image 2 is read from image 0 */
    TABLE_WRAPS,        /* window 16 of a table is its window 0 */
    MISTAKES
};

static const char *const mistake_names[MISTAKES] = {"none",
                                                    "halo lost by rows",
                                                    "halo lost by columns",
                                                    "halo lost by layers",
                                                    "halo doubled",
                                                    "picks in 8 bits",
                                                    "indices in 16 bits",
                                                    "taps in a mask",
                                                    "channel tail lost",
                                                    "column tail lost",
                                                    "images alternate",
                                                    "table wraps"};

/* ---- The backend ------------------------------------------------------------------------------------------------- */

/* The windows of an axis. */
struct axis {
    const poolgrad_table *table;
    int64_t first, stride, dilation, kernel, size, windows;
};

/* What a case gives to read, in the order n, c, z, y, x: read once for all mistakes. */
struct inputs {
    const struct suite_case *made;
    double *source, *gradient; /* of a forward call none */
};

struct backend {
    const poolgrad_problem *problem;
    const struct inputs *inputs;
    const poolgrad_image *source, *gradient;
    enum mistake mistake;
    struct axis axis[SPACE];
    poolgrad_image *output;
};

/* One window: its taps along each axis. */
struct window {
    int64_t position[SPACE][MOST_TAPS];
    int64_t count[SPACE];
};

static int64_t depth_of(const poolgrad_image *image)
{
    return image->depth > 0 ? image->depth : 1;
}

static struct axis axis_of(const poolgrad_table *table, int64_t kernel, int64_t stride, int64_t dilation,
                           int64_t offset, int64_t size, int64_t windows)
{
    const int64_t first = offset - ((kernel - 1) * dilation + 1) / 2;
    return (struct axis){table, first, stride, dilation, kernel, size, windows};
}

/* The value's number in that order. */
static int64_t number_of(const poolgrad_image *image, int64_t n, int64_t c, const int64_t at[SPACE])
{
    return (((n * image->channels + c) * depth_of(image) + at[Z]) * image->height + at[Y]) * image->width + at[X];
}

/* Null of an image that is not there. */
static double *read_values(const poolgrad_image *image)
{
    const int64_t plane = image->height * image->width, volume = depth_of(image) * plane;
    const int64_t count = image->images * image->channels * volume;
    double *values = image->data ? calloc((size_t)count, sizeof *values) : NULL;
    for (int64_t i = 0; values && i < count; i++) {
        const int64_t channel = i / volume;
        values[i] = poolgrad_image_get(image, channel / image->channels, channel % image->channels, i % volume / plane,
                                       i % plane / image->width, i % image->width);
    }
    return values;
}

static struct backend backend_of(const struct inputs *inputs, poolgrad_image *output)
{
    const struct suite_case *made = inputs->made;
    const poolgrad_problem *p = &made->problem;
    const poolgrad_window *w = &p->window;
    const poolgrad_image *source = &made->image[SUITE_SOURCE], *gradient = &made->image[SUITE_SOURCE_GRADIENT];
    const poolgrad_image *windows = p->direction == POOLGRAD_GRADIENT ? gradient : &made->image[SUITE_EXPECTED];
    struct backend b = {.problem = p, .inputs = inputs, .source = source, .gradient = gradient, .output = output};
    b.axis[X] = axis_of(&p->windows_x, w->kernel_width, w->stride_x, w->dilation_x, p->offset_x, source->width,
                        windows->width);
    b.axis[Y] = axis_of(&p->windows_y, w->kernel_height, w->stride_y, w->dilation_y, p->offset_y, source->height,
                        windows->height);
    b.axis[Z] = axis_of(&p->windows_z, w->kernel_depth, w->stride_z, w->dilation_z, p->offset_z, depth_of(source),
                        depth_of(windows));
    return b;
}

static void list_taps(const struct backend *b, int which, int64_t number, struct window *window)
{
    const struct axis *axis = &b->axis[which];
    int64_t first = axis->first + number * axis->stride, count = axis->kernel;
    if (axis->table->count > 0) {
        const int64_t entry = b->mistake == TABLE_WRAPS ? number % BLOCK : number;
        first = axis->table->spans[entry].first;
        count = axis->table->spans[entry].size;
    }
    cr_assert(count <= MOST_TAPS);
    window->count[which] = count;
    for (int64_t i = 0; i < count; i++) window->position[which][i] = first + i * axis->dilation;
}

static bool is_inside(const struct backend *b, const int64_t at[SPACE])
{
    for (int i = 0; i < SPACE; i++) {
        if (at[i] < 0 || at[i] >= b->axis[i].size) return false;
    }
    return true;
}

/* The place of a tap; false where it is outside. */
static bool place_tap(const struct backend *b, const struct window *w, int64_t number, int64_t at[SPACE])
{
    at[X] = w->position[X][number % w->count[X]];
    at[Y] = w->position[Y][number / w->count[X] % w->count[Y]];
    at[Z] = w->position[Z][number / w->count[X] / w->count[Y]];
    return is_inside(b, at);
}

static int64_t count_taps(const struct window *w)
{
    return w->count[X] * w->count[Y] * w->count[Z];
}

/* Whether the place is in a later block than the first tap of the window inside. */
static bool is_in_halo(const struct window *w, int axis, const int64_t at[SPACE])
{
    int64_t first = w->position[axis][0];
    for (int64_t i = 0; first < 0 && i < w->count[axis]; i++) first = w->position[axis][i];
    return first >= 0 && at[axis] / BLOCK != first / BLOCK;
}

static bool is_lost(const struct backend *b, const struct window *w, int64_t number, const int64_t at[SPACE])
{
    switch (b->mistake) {
    case HALO_LOST_BY_ROWS: return is_in_halo(w, Y, at);
    case HALO_LOST_BY_COLUMNS: return is_in_halo(w, X, at);
    case HALO_LOST_BY_LAYERS: return is_in_halo(w, Z, at);
    case TAPS_IN_A_MASK: return number >= MASK_BITS;
    default: return false;
    }
}

static int64_t image_read(const struct backend *b, int64_t n)
{
    return b->mistake == IMAGES_ALTERNATE ? n % 2 : n;
}

static double value_at(const struct backend *b, int64_t n, int64_t c, const int64_t at[SPACE])
{
    return b->inputs->source[number_of(b->source, image_read(b, n), c, at)];
}

/* What a window has: its norm or its sum, how many taps count, and the greatest. */
struct found {
    double sum, squares, greatest;
    int64_t counted, picked; /* -1: none */
};

static struct found search(const struct backend *b, const struct window *w, int64_t n, int64_t c)
{
    const bool zero = b->problem->edge_mode == POOLGRAD_EDGE_ZERO;
    struct found found = {.picked = -1};
    for (int64_t number = 0; number < count_taps(w); number++) {
        int64_t at[SPACE];
        const bool inside = place_tap(b, w, number, at);
        if (!inside && !zero) continue;
        found.counted++;
        if (inside && is_lost(b, w, number, at)) continue;
        const double value = inside ? value_at(b, n, c, at) : 0;
        found.sum += value;
        found.squares += value * value;
        if (found.picked >= 0 && !(value > found.greatest)) continue;
        found.greatest = value;
        found.picked = number;
    }
    return found;
}

/* Where the picked tap lies after it went through a number of few bits; false where it is outside. */
static bool place_pick(const struct backend *b, const struct window *w, int64_t picked, int64_t at[SPACE])
{
    if (b->mistake == PICKS_IN_8_BITS) picked &= UINT8_MAX;
    if (!place_tap(b, w, picked, at)) return false;
    if (b->mistake != INDICES_IN_16_BITS) return true;
    const int64_t index = ((at[Z] * b->axis[Y].size + at[Y]) * b->axis[X].size + at[X]) & UINT16_MAX;
    at[X] = index % b->axis[X].size;
    at[Y] = index / b->axis[X].size % b->axis[Y].size;
    at[Z] = index / b->axis[X].size / b->axis[Y].size;
    return true;
}

static double pool(const struct backend *b, const struct window *w, int64_t n, int64_t c)
{
    const struct found found = search(b, w, n, c);
    int64_t at[SPACE];
    if (b->problem->kind == POOLGRAD_AVERAGE) return found.sum / (double)found.counted;
    if (b->problem->kind == POOLGRAD_L2NORM) return sqrt(found.squares);
    return found.picked >= 0 && place_pick(b, w, found.picked, at) ? value_at(b, n, c, at) : 0;
}

static void add(const struct backend *b, double *sums, int64_t n, int64_t c, const int64_t at[SPACE], double value)
{
    sums[number_of(b->source, n, c, at)] += value;
}

static void give(const struct backend *b, const struct window *w, int64_t n, int64_t c, double gradient, double *sums)
{
    const struct found found = search(b, w, n, c);
    int64_t at[SPACE];
    if (b->problem->kind == POOLGRAD_MAX) {
        if (found.picked >= 0 && place_pick(b, w, found.picked, at)) add(b, sums, n, c, at, gradient);
        return;
    }
    for (int64_t number = 0; number < count_taps(w); number++) {
        if (!place_tap(b, w, number, at) || is_lost(b, w, number, at)) continue;
        double share = gradient / (double)found.counted;
        if (b->problem->kind == POOLGRAD_L2NORM)
            share = found.squares > 0 ? gradient * value_at(b, n, c, at) / sqrt(found.squares) : 0;
        if (b->mistake == HALO_DOUBLED && is_in_halo(w, Y, at)) share *= 2;
        add(b, sums, n, c, at, share);
    }
}

/* Of a loop over columns in vectors, or over channels. */
static bool is_tail(int64_t position, int64_t size)
{
    return size > BLOCK && position >= size / BLOCK * BLOCK;
}

static void store(const struct backend *b, int64_t n, int64_t c, const int64_t at[SPACE], double value)
{
    if (b->mistake == CHANNEL_TAIL_LOST && is_tail(c, b->output->channels)) return;
    if (b->mistake == COLUMN_TAIL_LOST && is_tail(at[X], b->output->width)) return;
    cr_assert(poolgrad_image_set(b->output, n, c, at[Z], at[Y], at[X], value) == POOLGRAD_OK);
}

typedef void window_function(const struct backend *b, const struct window *w, int64_t n, int64_t c,
                             const int64_t at[SPACE], double *sums);

static void pool_window(const struct backend *b, const struct window *w, int64_t n, int64_t c, const int64_t at[SPACE],
                        double *sums)
{
    (void)sums;
    store(b, n, c, at, pool(b, w, n, c));
}

static void give_window(const struct backend *b, const struct window *w, int64_t n, int64_t c, const int64_t at[SPACE],
                        double *sums)
{
    give(b, w, n, c, b->inputs->gradient[number_of(b->gradient, image_read(b, n), c, at)], sums);
}

static void each_window(const struct backend *b, window_function *function, double *sums)
{
    struct window w;
    for (int64_t plane = 0; plane < b->source->images * b->source->channels; plane++) {
        const int64_t n = plane / b->source->channels, c = plane % b->source->channels;
        int64_t at[SPACE];
        for (at[Z] = 0; at[Z] < b->axis[Z].windows; at[Z]++) {
            list_taps(b, Z, at[Z], &w);
            for (at[Y] = 0; at[Y] < b->axis[Y].windows; at[Y]++) {
                list_taps(b, Y, at[Y], &w);
                for (at[X] = 0; at[X] < b->axis[X].windows; at[X]++) {
                    list_taps(b, X, at[X], &w);
                    function(b, &w, n, c, at, sums);
                }
            }
        }
    }
}

static void store_sums(const struct backend *b, const double *sums)
{
    const int64_t volume = b->axis[X].size * b->axis[Y].size * b->axis[Z].size;
    for (int64_t i = 0; i < b->source->images * b->source->channels * volume; i++) {
        const int64_t plane = i / volume, row = i % volume / b->axis[X].size;
        const int64_t at[SPACE] = {i % b->axis[X].size, row % b->axis[Y].size, row / b->axis[Y].size};
        store(b, plane / b->source->channels, plane % b->source->channels, at, sums[i]);
    }
}

static void run(const struct inputs *inputs, enum mistake mistake, poolgrad_image *output)
{
    struct backend b = backend_of(inputs, output);
    b.mistake = mistake;
    if (b.problem->direction == POOLGRAD_FORWARD) {
        each_window(&b, pool_window, NULL);
        return;
    }
    const int64_t volume = b.axis[X].size * b.axis[Y].size * b.axis[Z].size;
    double *sums = calloc((size_t)(b.source->images * b.source->channels * volume), sizeof *sums);
    cr_assert(sums != NULL);
    each_window(&b, give_window, sums);
    store_sums(&b, sums);
    free(sums);
}

/* ---- Its cases --------------------------------------------------------------------------------------------------- */

/* Larger than it takes. */
static bool is_slow(const poolgrad_problem *p)
{
    enum { ENOUGH = 70000 };
    const int64_t depth = p->source.depth > 0 ? p->source.depth : 1;
    return p->source.images * p->source.channels * depth * p->source.height * p->source.width > ENOUGH;
}

/* What the backend knows, of large geometries. */
static bool can(const poolgrad_suite *suite, int64_t index)
{
    const poolgrad_problem *p = poolgrad_suite_problem(suite, index);
    const uint64_t features = poolgrad_suite_features(suite, index);
    const poolgrad_region *clip = &p->clip, *region = &p->gradient_region;
    const int64_t parts = clip->x + clip->y + clip->z + region->x + region->y + region->z;
    const int64_t pads = p->zero_pad_x + p->zero_pad_y + p->zero_pad_z + p->zero_pad_left + p->zero_pad_right +
                         p->zero_pad_top + p->zero_pad_bottom + p->zero_pad_front + p->zero_pad_back;
    if (!(features & SUITE_FEATURE(LARGE)) || (features & SUITE_FEATURE(NAN)) || is_slow(p)) return false;
    return p->source.format == POOLGRAD_FLOAT32 && p->destination.format == POOLGRAD_FLOAT32 && parts == 0 &&
           pads == 0 && p->divisor == 0 && !p->root_mean && !p->add_to_destination &&
           p->indices.format == POOLGRAD_FORMAT_NONE && p->ties == POOLGRAD_TIES_FIRST && p->nan == POOLGRAD_NAN_FIRST;
}

static int64_t count_wrong(const struct suite_case *made, const poolgrad_image *output)
{
    poolgrad_problem p = made->problem;
    poolgrad_declaration declaration;
    poolgrad_verification *verification;
    poolgrad_error error = {"", ""};
    p.destination = *output;
    p.threads = 1; /* cases are smaller than what it takes to start another */
    p.picks = (poolgrad_image){.data = NULL};
    poolgrad_declaration_init(&declaration, sizeof declaration);
    declaration.computed_in = POOLGRAD_FLOAT64;
    cr_assert(poolgrad_verify(&p, &declaration, &verification, &error) == POOLGRAD_OK, "%s: %s", made->name,
              error.message);
    const int64_t wrong = poolgrad_verification_count(verification, POOLGRAD_VERDICT_WRONG);
    poolgrad_verification_destroy(verification);
    return wrong;
}

/* Which mistakes the kit has caught, and on how many cases the backend without any is right. */
struct catch
{
    int caught[MISTAKES][2][KINDS], cases;
};

/* Those that touch one kind alone, or one direction. */
static bool touches(enum mistake mistake, const poolgrad_problem *p)
{
    if (mistake == PICKS_IN_8_BITS || mistake == INDICES_IN_16_BITS) return p->kind == POOLGRAD_MAX;
    if (mistake == HALO_DOUBLED) return p->direction == POOLGRAD_GRADIENT && p->kind != POOLGRAD_MAX;
    return true;
}

static void try_mistake(const struct inputs *inputs, enum mistake mistake, const poolgrad_image *right,
                        struct catch *catch)
{
    const struct suite_case *made = inputs->made;
    const poolgrad_problem *p = &made->problem;
    poolgrad_image output;
    int *caught = &catch->caught[mistake][p->direction][p->kind];
    if (*caught > 0 || !touches(mistake, p)) return;
    cr_assert(poolgrad_suite_destination(made, &output));
    run(inputs, mistake, &output);
    const bool differs = memcmp(output.data, right->data, (size_t)poolgrad_suite_bytes(right)) != 0;
    *caught += differs && count_wrong(made, &output) > 0;
    free(output.data);
}

static void try_case(const struct suite_case *made, struct catch *catch)
{
    poolgrad_image right;
    const struct inputs inputs = {made, read_values(&made->image[SUITE_SOURCE]),
                                  read_values(&made->image[SUITE_SOURCE_GRADIENT])};
    cr_assert(inputs.source && poolgrad_suite_destination(made, &right));
    run(&inputs, NO_MISTAKE, &right);
    const int64_t wrong = count_wrong(made, &right);
    cr_expect(wrong == 0, "%s: %lld wrong", made->name, (long long)wrong);
    for (int mistake = NO_MISTAKE + 1; mistake < MISTAKES; mistake++)
        try_mistake(&inputs, (enum mistake)mistake, &right, catch);
    free(right.data);
    free(inputs.source);
    free(inputs.gradient);
    catch->cases++;
}

static void try_large_cases(enum poolgrad_suite_size size, struct catch *catch)
{
    poolgrad_suite *suite = poolgrad_suite_create(size, 1);
    cr_assert(suite != NULL);
    for (int64_t i = 0; i < poolgrad_suite_count(suite); i++) {
        struct suite_case made;
        poolgrad_error error;
        if (!can(suite, i)) continue;
        cr_assert(poolgrad_suite_make(suite, i, &made, &error) == POOLGRAD_OK, "%s", error.message);
        try_case(&made, catch);
        poolgrad_suite_case_free(&made);
    }
    poolgrad_suite_destroy(suite);
}

Test(suite_mistakes, a_full_kit_catches_each)
{
    enum { USUAL = 400 };
    struct catch catch = {.cases = 0};
    if (random_sweep_start("mistakes", USUAL).cases < USUAL) cr_skip_test("few cases are asked for");
    try_large_cases(SUITE_STANDARD, &catch);
    cr_expect(catch.cases > 200, "%d cases", catch.cases);
    for (int mistake = NO_MISTAKE + 1; mistake < MISTAKES; mistake++) {
        for (int direction = 0; direction < 2; direction++) {
            for (int kind = 0; kind < KINDS; kind++) {
                const poolgrad_problem p = {.direction = (poolgrad_direction)direction, .kind = (poolgrad_kind)kind};
                if (!touches((enum mistake)mistake, &p)) continue;
                cr_expect(catch.caught[mistake][direction][kind] > 0, "%s: %s of %s", mistake_names[mistake],
                          poolgrad_direction_name(p.direction), poolgrad_kind_name(p.kind));
            }
        }
    }
}

/* A smoke kit has one case of each direction for a geometry, and catches each mistake somewhere; planes of so many
 * pixels are for larger kits. */
Test(suite_mistakes, a_smoke_kit_catches_most)
{
    struct catch catch = {.cases = 0};
    try_large_cases(SUITE_SMOKE, &catch);
    for (int mistake = NO_MISTAKE + 1; mistake < MISTAKES; mistake++) {
        int caught = 0;
        for (int i = 0; i < 2 * KINDS; i++) caught += catch.caught[mistake][i / KINDS][i % KINDS];
        cr_expect((caught > 0) == (mistake != INDICES_IN_16_BITS), "%s", mistake_names[mistake]);
    }
}
