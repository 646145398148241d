/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Causes beyond planes: of volumes, tables, divisors, counted padding of one side, roots of means and given picks.
 * For every mistake that needs one of these, results that were made by it.
 */
#include <criterion/criterion.h>
#include <math.h>
#include <poolgrad/oracle.h>
#include <stdlib.h>
#include <string.h>

#include "oracle/mistakes.h"
#include "support/case.h"
#include "support/random.h"
#include "support/view.h"

/* ---- Scenes ------------------------------------------------------------------------------------------------------ */

enum { X, Y, Z, AXES, IMAGES = 1, CHANNELS = 2, MOST_SPANS = 8, CALLS = 8 };

/* Along x, y and z. */
typedef struct shape {
    int64_t size[AXES], kernel[AXES], stride[AXES], dilation[AXES], before[AXES], behind[AXES];
} shape;

typedef struct scene {
    poolgrad_problem problem; /* the right one, whose destination holds wrong results */
    random_state random;
    poolgrad_span spans[AXES][MOST_SPANS];
    void *memory[16];
    int blocks;
} scene;

static const shape plain = {.size = {6, 5, 4},
                            .kernel = {3, 2, 3},
                            .stride = {2, 1, 1},
                            .dilation = {1, 1, 1},
                            .before = {1, 1, 1},
                            .behind = {1, 1, 1}};

static poolgrad_image make_image(scene *s, poolgrad_format format, const int64_t size[AXES])
{
    const int64_t elements = IMAGES * CHANNELS * size[X] * size[Y] * size[Z];
    void *data = calloc((size_t)elements, sizeof(double));
    cr_assert(data && s->blocks < 16);
    s->memory[s->blocks++] = data;
    return poolgrad_image_dense_3d(data, format, POOLGRAD_NCHW, IMAGES, CHANNELS, size[Z], size[Y], size[X]);
}

static poolgrad_image make_random(scene *s, const int64_t size[AXES])
{
    const poolgrad_image image = make_image(s, POOLGRAD_FLOAT32, size);
    float *elements = image.data;
    for (int64_t i = 0; i < IMAGES * image.image_stride; ++i) {
        elements[i] = (float)random_between(&s->random, -100000, 100000) / 100000;
    }
    return image;
}

/* Of calls 0 to 5 the directions and kinds in order; 6 and 7 are roots of means, forward and gradient. */
static void set_call(scene *s, unsigned call)
{
    poolgrad_problem *p = &s->problem;
    poolgrad_problem_init(p, sizeof *p);
    p->threads = 1;
    p->direction = call < 3 || call == 6 ? POOLGRAD_FORWARD : POOLGRAD_GRADIENT;
    p->kind = call < 6 ? (poolgrad_kind)(call % 3) : POOLGRAD_L2NORM;
    p->root_mean = call >= 6;
}

static void set_images(scene *s, const int64_t source[AXES], const int64_t outputs[AXES])
{
    poolgrad_problem *p = &s->problem;
    const bool forward = p->direction == POOLGRAD_FORWARD;
    p->source = view_read(make_random(s, source));
    if (!forward) p->source_gradient = view_read(make_random(s, outputs));
    p->destination = make_image(s, POOLGRAD_FLOAT32, forward ? outputs : source);
}

static int64_t extent_of(const shape *h, int axis)
{
    return (h->kernel[axis] - 1) * h->dilation[axis] + 1;
}

static void set_window(poolgrad_problem *p, const shape *h)
{
    p->window = (poolgrad_window){h->kernel[X], h->kernel[Y],   h->kernel[Z],   h->stride[X],  h->stride[Y],
                                  h->stride[Z], h->dilation[X], h->dilation[Y], h->dilation[Z]};
}

/* Windows that begin so far before the image. */
static void place_windows(poolgrad_problem *p, const shape *h)
{
    set_window(p, h);
    p->offset_x = extent_of(h, X) / 2 - h->before[X];
    p->offset_y = extent_of(h, Y) / 2 - h->before[Y];
    p->offset_z = extent_of(h, Z) / 2 - h->before[Z];
}

static void prepare(scene *s, const shape *h)
{
    int64_t outputs[AXES];
    for (int i = 0; i < AXES; ++i) {
        outputs[i] = (h->size[i] + h->before[i] + h->behind[i] - extent_of(h, i)) / h->stride[i] + 1;
    }
    place_windows(&s->problem, h);
    set_images(s, h->size, outputs);
}

static void run(const poolgrad_problem *problem)
{
    poolgrad_error error = {"", ""};
    cr_assert_eq(poolgrad_run(problem, &error), POOLGRAD_OK, "%s", error.message);
}

static void clear(scene *s)
{
    for (int i = 0; i < s->blocks; ++i) free(s->memory[i]);
}

static int64_t *size_along(poolgrad_problem *p, int axis)
{
    const bool forward = p->direction == POOLGRAD_FORWARD;
    poolgrad_region *region = forward ? &p->clip : &p->gradient_region;
    return axis == X ? &region->width : axis == Y ? &region->height : &region->depth;
}

/* ---- Divisors ---------------------------------------------------------------------------------------------------- */

static void forget_depth_padding(scene *s)
{
    prepare(s, &plain);
    s->problem.zero_pad_x = s->problem.zero_pad_y = s->problem.zero_pad_z = 1;
    poolgrad_problem wrong = s->problem;
    wrong.zero_pad_z = 0;
    run(&wrong);
}

/* Two pixels before and behind along x, of which one before counts. */
static void use_sides(scene *s, int64_t left, int64_t right)
{
    shape h = plain;
    h.kernel[X] = 4;
    h.stride[X] = 1;
    h.before[X] = h.behind[X] = 2;
    prepare(s, &h);
    s->problem.zero_pad_left = 1;
    poolgrad_problem wrong = s->problem;
    wrong.zero_pad_left = left;
    wrong.zero_pad_right = right;
    run(&wrong);
}

static void use_other_side(scene *s)
{
    use_sides(s, 0, 1);
}

static void use_one_side(scene *s)
{
    use_sides(s, 1, 1);
}

static void ignore_divisor(scene *s, int64_t pad, poolgrad_edge_mode edge_mode)
{
    shape h = plain;
    h.before[X] = h.behind[X] = 2;
    prepare(s, &h);
    s->problem.zero_pad_x = 1;
    s->problem.divisor = 7;
    poolgrad_problem wrong = s->problem;
    wrong.divisor = 0;
    wrong.zero_pad_x = pad;
    wrong.edge_mode = edge_mode;
    run(&wrong);
}

static void divide_by_counted(scene *s)
{
    ignore_divisor(s, 1, POOLGRAD_EDGE_CLAMP);
}

static void divide_by_inside(scene *s)
{
    ignore_divisor(s, 0, POOLGRAD_EDGE_CLAMP);
}

static void divide_by_kernel(scene *s)
{
    ignore_divisor(s, 1, POOLGRAD_EDGE_ZERO);
}

static void use_edge_mode(scene *s, poolgrad_edge_mode right, poolgrad_edge_mode wrong)
{
    prepare(s, &plain);
    s->problem.edge_mode = right;
    poolgrad_problem other = s->problem;
    other.edge_mode = wrong;
    run(&other);
}

static void use_edge_zero(scene *s)
{
    use_edge_mode(s, POOLGRAD_EDGE_CLAMP, POOLGRAD_EDGE_ZERO);
}

static void use_edge_clamp(scene *s)
{
    use_edge_mode(s, POOLGRAD_EDGE_ZERO, POOLGRAD_EDGE_CLAMP);
}

static void use_padding(scene *s, int64_t right, int64_t wrong)
{
    shape h = plain;
    h.kernel[Y] = 3;
    h.behind[X] = h.behind[Y] = h.behind[Z] = 2; /* windows reach beyond what may count */
    prepare(s, &h);
    s->problem.zero_pad_x = s->problem.zero_pad_y = s->problem.zero_pad_z = right;
    poolgrad_problem other = s->problem;
    other.zero_pad_x = other.zero_pad_y = other.zero_pad_z = wrong;
    run(&other);
}

static void leave_out_padding(scene *s)
{
    use_padding(s, 1, 0);
}

static void count_padding(scene *s)
{
    use_padding(s, 0, 1);
}

/* ---- Windows ----------------------------------------------------------------------------------------------------- */

static void drop_layer(scene *s)
{
    prepare(s, &plain);
    poolgrad_problem wrong = s->problem;
    *size_along(&wrong, Z) = (s->problem.direction == POOLGRAD_FORWARD ? s->problem.destination.depth
                                                                       : s->problem.source_gradient.depth) -
                             1;
    run(&wrong);
}

static void shift(scene *s, const shape *h, int64_t x, int64_t y, int64_t z)
{
    prepare(s, h);
    poolgrad_problem wrong = s->problem;
    wrong.offset_x += x;
    wrong.offset_y += y;
    wrong.offset_z += z;
    run(&wrong);
}

/* With pads of two, so that a shift by one is no pad forgotten or doubled. */
static shape wide_shape(void)
{
    shape h = plain;
    for (int i = 0; i < AXES; ++i) {
        h.before[i] = 2;
        h.behind[i] = 2;
    }
    return h;
}

static shape even_shape(void)
{
    shape h = wide_shape();
    h.kernel[X] = 4;
    h.kernel[Z] = 2;
    return h;
}

static void lean_back(scene *s)
{
    const shape h = even_shape();
    shift(s, &h, 0, 0, 1);
}

static void lean_every_way(scene *s)
{
    const shape h = even_shape();
    shift(s, &h, 1, 1, 1);
}

static void shift_front(scene *s)
{
    const shape h = wide_shape();
    shift(s, &h, 0, 0, -1);
}

static void shift_back(scene *s)
{
    const shape h = wide_shape();
    shift(s, &h, 0, 0, 1);
}

/* Another window, with the first tap where it was, or else the centre. */
static void replace_window(scene *s, const shape *right, const shape *wrong, bool keeps_centre)
{
    prepare(s, right);
    poolgrad_problem other = s->problem;
    if (keeps_centre)
        set_window(&other, wrong);
    else
        place_windows(&other, wrong);
    run(&other);
}

static void swap(int64_t pair[AXES], int a, int b)
{
    const int64_t value = pair[a];
    pair[a] = pair[b];
    pair[b] = value;
}

enum swapped { KERNELS, STRIDES, DILATIONS, ALL_OF_A_WINDOW };

static void swap_axes(scene *s, int a, int b, enum swapped what, bool keeps_centre)
{
    shape right = {.size = {7, 7, 7},
                   .kernel = {2, 4, 2},
                   .stride = {2, 1, 2},
                   .dilation = {2, 1, 2},
                   .before = {1, 0, 1},
                   .behind = {1, 1, 1}};
    if (a == X) {
        right.kernel[X] = 5;
        right.stride[X] = right.dilation[X] = 1;
        right.before[X] = 0;
    }
    if (what == KERNELS) right.dilation[X] = right.dilation[Z] = 1;
    shape wrong = right;
    if (what == KERNELS || what == ALL_OF_A_WINDOW) swap(wrong.kernel, a, b);
    if (what == STRIDES || what == ALL_OF_A_WINDOW) swap(wrong.stride, a, b);
    if (what == DILATIONS || what == ALL_OF_A_WINDOW) swap(wrong.dilation, a, b);
    if (what == ALL_OF_A_WINDOW) swap(wrong.before, a, b);
    replace_window(s, &right, &wrong, keeps_centre);
}

#define SWAPS(name, a, b)                                                                                              \
    static void swap_dilations_##name(scene *s)                                                                        \
    {                                                                                                                  \
        swap_axes(s, a, b, DILATIONS, false);                                                                          \
    }                                                                                                                  \
    static void swap_dilations_##name##_about_centre(scene *s)                                                         \
    {                                                                                                                  \
        swap_axes(s, a, b, DILATIONS, true);                                                                           \
    }                                                                                                                  \
    static void swap_strides_##name(scene *s)                                                                          \
    {                                                                                                                  \
        swap_axes(s, a, b, STRIDES, false);                                                                            \
    }                                                                                                                  \
    static void swap_kernels_##name(scene *s)                                                                          \
    {                                                                                                                  \
        swap_axes(s, a, b, KERNELS, false);                                                                            \
    }                                                                                                                  \
    static void swap_kernels_##name##_about_centre(scene *s)                                                           \
    {                                                                                                                  \
        swap_axes(s, a, b, KERNELS, true);                                                                             \
    }                                                                                                                  \
    static void transpose_windows_##name(scene *s)                                                                     \
    {                                                                                                                  \
        swap_axes(s, a, b, ALL_OF_A_WINDOW, false);                                                                    \
    }

SWAPS(yz, Y, Z)
SWAPS(xz, X, Z)

static void ignore_depth_of(scene *s, bool keeps_centre)
{
    shape flat = plain;
    flat.kernel[Z] = 1;
    replace_window(s, &plain, &flat, keeps_centre);
}

static void ignore_kernel_depth(scene *s)
{
    ignore_depth_of(s, false);
}

static void ignore_kernel_depth_about_centre(scene *s)
{
    ignore_depth_of(s, true);
}

/* ---- Tables ------------------------------------------------------------------------------------------------------ */

static const int64_t table_sizes[AXES] = {8, 7, 5}, table_counts[AXES] = {3, 4, 3};

static poolgrad_table *table_along(poolgrad_problem *p, int axis)
{
    return axis == X ? &p->windows_x : axis == Y ? &p->windows_y : &p->windows_z;
}

/* Adaptive windows along each axis. */
static void prepare_tables(scene *s)
{
    for (int i = 0; i < AXES; ++i) {
        cr_assert_eq(poolgrad_adaptive_windows(table_sizes[i], table_counts[i], s->spans[i], NULL), POOLGRAD_OK);
        *table_along(&s->problem, i) = (poolgrad_table){s->spans[i], table_counts[i]};
    }
    set_images(s, table_sizes, table_counts);
}

static void use_uniform_windows(scene *s)
{
    prepare_tables(s);
    poolgrad_problem wrong = s->problem;
    shape h = {.dilation = {1, 1, 1}};
    for (int i = 0; i < AXES; ++i) {
        *table_along(&wrong, i) = (poolgrad_table){NULL, 0};
        h.stride[i] = table_sizes[i] / table_counts[i];
        h.kernel[i] = table_sizes[i] - (table_counts[i] - 1) * h.stride[i];
    }
    place_windows(&wrong, &h);
    run(&wrong);
}

/* Runs with other tables: `change` gets the window and the one behind it, if there is one. */
static void run_with_tables(scene *s, poolgrad_span (*change)(poolgrad_span window, const poolgrad_span *next))
{
    poolgrad_span spans[AXES][MOST_SPANS];
    poolgrad_problem wrong = s->problem;
    for (int i = 0; i < AXES; ++i) {
        const int64_t count = table_counts[i];
        for (int64_t k = 0; k < count; ++k) {
            spans[i][k] = change(s->spans[i][k], k + 1 < count ? &s->spans[i][k + 1] : NULL);
        }
        *table_along(&wrong, i) = (poolgrad_table){spans[i], count};
    }
    run(&wrong);
}

static poolgrad_span parted(poolgrad_span window, const poolgrad_span *next)
{
    if (next) window.size = next->first - window.first;
    return window;
}

static void part_windows(scene *s)
{
    prepare_tables(s);
    run_with_tables(s, parted);
}

/* ---- Given picks ------------------------------------------------------------------------------------------------- */

static const int64_t picked_sizes[AXES] = {4, 3, 5}, picking_counts[AXES] = {3, 2, 4};

/* Every window is the whole volume, so that any place is a tap; the places are random ones. */
static void prepare_indices(scene *s)
{
    poolgrad_problem *p = &s->problem;
    for (int i = 0; i < AXES; ++i) {
        for (int64_t k = 0; k < picking_counts[i]; ++k) s->spans[i][k] = (poolgrad_span){0, picked_sizes[i]};
        *table_along(p, i) = (poolgrad_table){s->spans[i], picking_counts[i]};
    }
    set_images(s, picked_sizes, picking_counts);
    const poolgrad_image indices = make_image(s, POOLGRAD_INT64, picking_counts);
    int64_t *places = indices.data;
    const int64_t last = picked_sizes[X] * picked_sizes[Y] * picked_sizes[Z] - 1;
    for (int64_t i = 0; i < IMAGES * indices.image_stride; ++i) places[i] = random_between(&s->random, -1, last);
    p->indices = view_read(indices);
}

/* Runs with other places: `change` gets a place and the layer of its output pixel. */
static void run_with_indices(scene *s, int64_t (*change)(int64_t place, int64_t layer))
{
    poolgrad_problem wrong = s->problem;
    const poolgrad_image indices = make_image(s, POOLGRAD_INT64, picking_counts);
    const int64_t *places = s->problem.indices.data, pixels = picked_sizes[X] * picked_sizes[Y] * picked_sizes[Z];
    int64_t *others = indices.data;
    for (int64_t i = 0; i < IMAGES * indices.image_stride; ++i) {
        const int64_t layer = i / (picking_counts[X] * picking_counts[Y]) % picking_counts[Z];
        others[i] = places[i] < 0 ? -1 : change(places[i], layer);
        if (others[i] >= pixels) others[i] = -1;
    }
    wrong.indices = view_read(indices);
    run(&wrong);
}

static int64_t one_less(int64_t place, int64_t layer)
{
    (void)layer;
    return place - 1;
}

static int64_t one_more(int64_t place, int64_t layer)
{
    (void)layer;
    return place + 1;
}

static int64_t by_columns(int64_t place, int64_t layer)
{
    const int64_t width = picked_sizes[X], height = picked_sizes[Y], z = place / (width * height);
    (void)layer;
    return (z * height + place % height) * width + place / height % width;
}

static int64_t of_layer(int64_t place, int64_t layer)
{
    const int64_t pixels = picked_sizes[X] * picked_sizes[Y];
    return layer * pixels + place % pixels;
}

static void take_one_less(scene *s)
{
    prepare_indices(s);
    run_with_indices(s, one_less);
}

static void take_one_more(scene *s)
{
    prepare_indices(s);
    run_with_indices(s, one_more);
}

static void count_by_columns(scene *s)
{
    prepare_indices(s);
    run_with_indices(s, by_columns);
}

static void stay_in_layer(scene *s)
{
    prepare_indices(s);
    run_with_indices(s, of_layer);
}

static void take_maximum(scene *s)
{
    prepare_indices(s);
    poolgrad_problem wrong = s->problem;
    wrong.indices = (poolgrad_const_image){0};
    run(&wrong);
}

/* ---- Roots of means ---------------------------------------------------------------------------------------------- */

/* Elements of the destination times a factor. */
static void scale(scene *s, double factor)
{
    const poolgrad_image *d = &s->problem.destination;
    float *elements = d->data;
    for (int64_t i = 0; i < IMAGES * d->image_stride; ++i) elements[i] = (float)(elements[i] * factor);
}

static double prepare_mean(scene *s)
{
    prepare(s, &plain);
    s->problem.edge_mode = POOLGRAD_EDGE_ZERO;
    return (double)(plain.kernel[X] * plain.kernel[Y] * plain.kernel[Z]);
}

static void forget_mean(scene *s)
{
    prepare_mean(s);
    poolgrad_problem wrong = s->problem;
    wrong.root_mean = 0;
    run(&wrong);
}

static void divide_root(scene *s)
{
    const double count = prepare_mean(s);
    poolgrad_problem wrong = s->problem;
    wrong.root_mean = 0;
    run(&wrong);
    scale(s, 1 / count);
}

static void forget_count(scene *s)
{
    const double count = prepare_mean(s);
    run(&s->problem);
    scale(s, count);
}

/* ---- Reading ----------------------------------------------------------------------------------------------------- */

enum image { SOURCE, SOURCE_GRADIENT, RESULT };

static poolgrad_image image_of(const poolgrad_problem *p, enum image which)
{
    if (which == RESULT) return p->destination;
    return view_writable(which == SOURCE ? &p->source : &p->source_gradient);
}

static void set_image(poolgrad_problem *p, enum image which, poolgrad_image image)
{
    if (which == RESULT) p->destination = image;
    if (which == SOURCE) p->source = view_read(image);
    if (which == SOURCE_GRADIENT) p->source_gradient = view_read(image);
}

static void use_ndchw(scene *s, enum image which)
{
    prepare(s, &plain);
    poolgrad_problem wrong = s->problem;
    poolgrad_image image = image_of(&wrong, which);
    image.channel_stride = image.height * image.width;
    image.depth_stride = CHANNELS * image.channel_stride;
    set_image(&wrong, which, image);
    run(&wrong);
}

static void read_source_as_ndchw(scene *s)
{
    use_ndchw(s, SOURCE);
}

static void read_gradient_as_ndchw(scene *s)
{
    use_ndchw(s, SOURCE_GRADIENT);
}

static void write_as_ndchw(scene *s)
{
    use_ndchw(s, RESULT);
}

/* A view whose layers are rows, or columns. Windows differ, and their numbers do not. */
static void transpose(scene *s, enum image which, int axis)
{
    shape h = {.size = {6, 6, 6}, .kernel = {3, 3, 2}, .stride = {1, 1, 1}, .dilation = {1, 1, 1}};
    h.before[X] = h.behind[X] = h.before[Y] = h.behind[Y] = h.before[Z] = 1;
    h.size[axis == Y ? X : Y] = 5;
    prepare(s, &h);
    poolgrad_problem wrong = s->problem;
    poolgrad_image image = image_of(&wrong, which);
    int64_t *stride = axis == Y ? &image.row_stride : &image.column_stride;
    const int64_t depth_stride = image.depth_stride;
    cr_assert_eq(image.depth, axis == Y ? image.height : image.width);
    image.depth_stride = *stride;
    *stride = depth_stride;
    set_image(&wrong, which, image);
    run(&wrong);
}

#define TRANSPOSITIONS(name, axis)                                                                                     \
    static void transpose_source_##name(scene *s)                                                                      \
    {                                                                                                                  \
        transpose(s, SOURCE, axis);                                                                                    \
    }                                                                                                                  \
    static void transpose_gradient_##name(scene *s)                                                                    \
    {                                                                                                                  \
        transpose(s, SOURCE_GRADIENT, axis);                                                                           \
    }                                                                                                                  \
    static void transpose_result_##name(scene *s)                                                                      \
    {                                                                                                                  \
        transpose(s, RESULT, axis);                                                                                    \
    }

TRANSPOSITIONS(yz, Y)
TRANSPOSITIONS(xz, X)

/* Layers moved by one: those that have none to take from are 0, or stay. */
static void move_layers(const poolgrad_image *image, int64_t by, bool stay)
{
    const int64_t layer = image->height * image->width;
    const size_t bytes = (size_t)layer * sizeof(float);
    for (int64_t i = 0; i < IMAGES * CHANNELS; ++i) {
        float *volume = (float *)image->data + i * image->depth * layer;
        for (int64_t k = 0; k < image->depth; ++k) {
            const int64_t z = by < 0 ? image->depth - 1 - k : k, from = z + by;
            const bool there = from >= 0 && from < image->depth;
            if (there) memcpy(volume + z * layer, volume + from * layer, bytes);
            if (!there && !stay) memset(volume + z * layer, 0, bytes);
        }
    }
}

static void move_gradient(scene *s, int64_t by)
{
    shape h = plain;
    h.stride[Z] = 2; /* with strides of 1 it would be the windows that moved */
    prepare(s, &h);
    const poolgrad_image *d = &s->problem.destination, gradient = view_writable(&s->problem.source_gradient);
    const size_t bytes = (size_t)(IMAGES * gradient.image_stride) * sizeof(float);
    float *right = malloc(bytes);
    cr_assert(right);
    memcpy(right, gradient.data, bytes);
    move_layers(&gradient, by, false);
    run(&s->problem);
    memcpy(gradient.data, right, bytes);
    free(right);
    cr_assert(d->data);
}

static void take_gradient_before(scene *s)
{
    move_gradient(s, -1);
}

static void take_gradient_behind(scene *s)
{
    move_gradient(s, 1);
}

static void take_result_before(scene *s)
{
    prepare(s, &plain);
    run(&s->problem);
    move_layers(&s->problem.destination, -1, true);
}

static void take_result_behind(scene *s)
{
    prepare(s, &plain);
    run(&s->problem);
    move_layers(&s->problem.destination, 1, true);
}

/* ---- Every mistake ----------------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    void (*make)(scene *);
} cases[] = {
    {"divisor-full-kernel", use_edge_zero},
    {"divisor-shrunk", use_edge_clamp},
    {"padding-not-counted", leave_out_padding},
    {"padding-counted", count_padding},
    {"padding-of-depth-not-counted", forget_depth_padding},
    {"padding-of-other-side", use_other_side},
    {"padding-of-one-side-for-both", use_one_side},
    {"divisor-ignored", divide_by_counted},
    {"divisor-ignored-for-inside", divide_by_inside},
    {"divisor-ignored-for-kernel", divide_by_kernel},
    {"last-layer-of-windows-dropped", drop_layer},
    {"even-windows-lean-back", lean_back},
    {"even-windows-lean-every-way", lean_every_way},
    {"dilations-swapped-yz", swap_dilations_yz},
    {"dilations-swapped-yz-about-centre", swap_dilations_yz_about_centre},
    {"strides-swapped-yz", swap_strides_yz},
    {"kernel-sizes-swapped-yz", swap_kernels_yz},
    {"kernel-sizes-swapped-yz-about-centre", swap_kernels_yz_about_centre},
    {"windows-transposed-yz", transpose_windows_yz},
    {"dilations-swapped-xz", swap_dilations_xz},
    {"dilations-swapped-xz-about-centre", swap_dilations_xz_about_centre},
    {"strides-swapped-xz", swap_strides_xz},
    {"kernel-sizes-swapped-xz", swap_kernels_xz},
    {"kernel-sizes-swapped-xz-about-centre", swap_kernels_xz_about_centre},
    {"windows-transposed-xz", transpose_windows_xz},
    {"kernel-depth-ignored", ignore_kernel_depth},
    {"kernel-depth-ignored-about-centre", ignore_kernel_depth_about_centre},
    {"adaptive-windows-uniform", use_uniform_windows},
    {"adaptive-windows-parted", part_windows},
    {"windows-one-front", shift_front},
    {"windows-one-back", shift_back},
    {"gather-by-maximum", take_maximum},
    {"indices-one-less", take_one_less},
    {"indices-one-more", take_one_more},
    {"indices-by-columns", count_by_columns},
    {"indices-of-layer", stay_in_layer},
    {"mean-forgotten", forget_mean},
    {"mean-of-root", divide_root},
    {"mean-not-in-gradient", forget_count},
    {"source-as-ndchw", read_source_as_ndchw},
    {"gradient-as-ndchw", read_gradient_as_ndchw},
    {"result-as-ndchw", write_as_ndchw},
    {"source-transposed-yz", transpose_source_yz},
    {"gradient-transposed-yz", transpose_gradient_yz},
    {"result-transposed-yz", transpose_result_yz},
    {"source-transposed-xz", transpose_source_xz},
    {"gradient-transposed-xz", transpose_gradient_xz},
    {"result-transposed-xz", transpose_result_xz},
    {"gradient-one-layer-before", take_gradient_before},
    {"gradient-one-layer-behind", take_gradient_behind},
    {"result-one-layer-before", take_result_before},
    {"result-one-layer-behind", take_result_behind},
};

enum { CASES = sizeof cases / sizeof *cases };

static poolgrad_verification *judge(const scene *s)
{
    poolgrad_declaration declaration;
    poolgrad_verification *v;
    poolgrad_error error = {"", ""};
    poolgrad_declaration_init(&declaration, sizeof declaration);
    declaration.keeps_tie_rule = 1;
    cr_assert_eq(poolgrad_verify(&s->problem, &declaration, &v, &error), POOLGRAD_OK, "%s", error.message);
    cr_assert_eq(poolgrad_verification_find_causes(v, &error), POOLGRAD_OK, "%s", error.message);
    return v;
}

static void expect_cause(const scene *s, unsigned call, const char *name)
{
    poolgrad_verification *v = judge(s);
    const poolgrad_cause *cause = poolgrad_verification_cause(v, 0);
    const int64_t wrong = poolgrad_verification_count(v, POOLGRAD_VERDICT_WRONG);
    cr_expect_gt(wrong, 0, "%s, call %u: nothing is wrong", name, call);
    cr_expect(cause && strcmp(cause->name, name) == 0 && cause->explained == wrong,
              "%s, call %u: %s explains %lld of %lld", name, call, cause ? cause->name : "nothing",
              cause ? (long long)cause->explained : 0LL, (long long)wrong);
    poolgrad_verification_destroy(v);
}

static unsigned calls_beyond_planes(const struct poolgrad_mistake *mistake)
{
    const unsigned means = POOLGRAD_IN_FORWARD_MEAN | POOLGRAD_IN_MEAN_GRADIENT;
    return mistake->needs ? mistake->calls : mistake->calls & means;
}

static const struct poolgrad_mistake *find_mistake(const char *name)
{
    for (int64_t i = 0; i < poolgrad_mistake_count; ++i) {
        if (strcmp(poolgrad_mistakes[i].name, name) == 0) return &poolgrad_mistakes[i];
    }
    cr_assert_fail("%s is no mistake", name);
    return NULL;
}

/* In every call in which it can be made, the root of a mean included. */
Test(causes_volume, every_mistake_is_found_where_it_was_made)
{
    int64_t number = 0;
    for (int64_t i = 0; i < CASES; ++i) {
        const struct poolgrad_mistake *mistake = find_mistake(cases[i].name);
        for (unsigned call = 0; call < CALLS; ++call) {
            scene s = {.random = {7 + call}};
            if (!(calls_beyond_planes(mistake) & 1U << call)) continue;
            set_call(&s, call);
            cases[i].make(&s);
            expect_cause(&s, call, mistake->name);
            clear(&s);
            ++number;
        }
    }
    cr_assert_gt(number, CASES);
}

/* ---- Mistakes of planes, beyond them ----------------------------------------------------------------------------- */

static poolgrad_span one_left(poolgrad_span window, const poolgrad_span *next)
{
    (void)next;
    --window.first;
    return window;
}

/* Tables are shifted as progressions are. Along z and y as well here: no single mistake, but along x alone. */
static void expect_shifted_table(scene *s, unsigned call)
{
    set_call(s, call);
    prepare_tables(s);
    s->problem.windows_y = s->problem.windows_z = (poolgrad_table){NULL, 0};
    s->problem.window.stride_y = s->problem.window.stride_z = 1;
    poolgrad_span spans[MOST_SPANS];
    for (int64_t k = 0; k < table_counts[X]; ++k) spans[k] = one_left(s->spans[X][k], NULL);
    poolgrad_problem wrong = s->problem;
    wrong.windows_x.spans = spans;
    run(&wrong);
    expect_cause(s, call, "windows-one-left");
    clear(s);
}

Test(causes_volume, windows_of_a_table_are_one_off)
{
    for (unsigned call = 0; call < CALLS; ++call) {
        scene s = {.random = {11 + call}};
        expect_shifted_table(&s, call);
    }
}

/* Along two axes, whose windows are even; those of the third are odd, or of a table. */
static void expect_leaning(unsigned call, int odd)
{
    scene s = {.random = {19 + call}};
    shape h = even_shape();
    h.kernel[odd] = 3;
    h.behind[odd] = 1;
    set_call(&s, call);
    shift(&s, &h, odd != X, odd != Y, odd != Z);
    expect_cause(&s, call, odd == Z ? "even-windows-lean-down-right" : "even-windows-lean-every-way");
    clear(&s);
}

static void expect_leaning_table(unsigned call)
{
    static const poolgrad_span spans[] = {{0, 3}, {2, 3}, {3, 3}};
    shape h = even_shape();
    h.before[X] = h.behind[X] = 1; /* for three windows */
    scene s = {.random = {23 + call}};
    set_call(&s, call);
    prepare(&s, &h);
    const poolgrad_image *d = &s.problem.destination;
    s.problem.windows_x = (poolgrad_table){spans, 3};
    s.problem.window.kernel_width = s.problem.window.stride_x = 1;
    s.problem.offset_x = 0;
    cr_assert_eq(s.problem.direction == POOLGRAD_FORWARD ? d->width : s.problem.source_gradient.width, 3);
    poolgrad_problem wrong = s.problem;
    ++wrong.offset_y;
    ++wrong.offset_z;
    run(&wrong);
    expect_cause(&s, call, "even-windows-lean-every-way");
    clear(&s);
}

Test(causes_volume, windows_lean_along_axes_where_they_are_even)
{
    for (unsigned call = 0; call < CALLS; ++call) {
        for (int odd = X; odd < AXES; ++odd) expect_leaning(call, odd);
        expect_leaning_table(call);
    }
}

/* The last windows of three axes. */
Test(causes_volume, last_windows_of_every_axis_are_dropped)
{
    for (unsigned call = 0; call < CALLS; ++call) {
        scene s = {.random = {13 + call}};
        set_call(&s, call);
        prepare(&s, &plain);
        const poolgrad_image *d = &s.problem.destination;
        const poolgrad_const_image outputs = call < 3 || call == 6 ? view_read(*d) : s.problem.source_gradient;
        poolgrad_problem wrong = s.problem;
        *size_along(&wrong, X) = outputs.width - 1;
        *size_along(&wrong, Y) = outputs.height - 1;
        *size_along(&wrong, Z) = outputs.depth - 1;
        run(&wrong);
        expect_cause(&s, call, "last-windows-dropped");
        clear(&s);
    }
}

static bool can_stay_in_layer(const scene *s)
{
    poolgrad_verification *v = judge(s);
    struct poolgrad_knobs knobs;
    bool can = false;
    for (int64_t i = 0; i < poolgrad_mistake_count; ++i) {
        const struct poolgrad_mistake *mistake = &poolgrad_mistakes[i];
        if (strcmp(mistake->name, "indices-of-layer") == 0) can = poolgrad_mistake_turn(mistake, v, 0, &knobs);
    }
    poolgrad_verification_destroy(v);
    return can;
}

/* Numbers of taps count a window, which has no layer of the image. */
Test(causes_volume, only_places_can_be_taken_for_those_of_a_layer)
{
    for (unsigned call = 1; call < 6; call += 3) { /* max, forward and gradient */
        scene s = {.random = {29 + call}};
        set_call(&s, call);
        prepare_indices(&s);
        run(&s.problem);
        cr_expect(can_stay_in_layer(&s));
        s.problem.indices = view_read(make_image(&s, POOLGRAD_TAP8, picking_counts));
        run(&s.problem);
        cr_expect(!can_stay_in_layer(&s));
        clear(&s);
    }
}

/* A box of a volume is told with its layers. */
Test(causes_volume, sentences_tell_layers)
{
    scene s = {.random = {17}};
    set_call(&s, 3);
    prepare(&s, &plain);
    run(&s.problem);
    for (int64_t z = 1; z < 3; ++z)
        for (int64_t y = 2; y < 5; ++y)
            for (int64_t x = 1; x < 4; ++x) poolgrad_image_set(&s.problem.destination, 0, 1, z, y, x, 7.25);
    poolgrad_verification *v = judge(&s);
    const poolgrad_cause *cause = poolgrad_verification_cause(v, 0);
    cr_expect_str_eq(cause ? cause->sentence : "", "holds 7.25 in layers 1 to 2, rows 2 to 4 and columns 1 to 3 of "
                                                   "channels 1 to 1 of images 0 to 0");
    poolgrad_verification_destroy(v);
    clear(&s);
}

/* ---- No mistake -------------------------------------------------------------------------------------------------- */

static double unit_of(poolgrad_format format)
{
    switch (format) {
    case POOLGRAD_BFLOAT16: return ldexp(1, -8);
    case POOLGRAD_FLOAT16: return ldexp(1, -11);
    case POOLGRAD_FLOAT32: return ldexp(1, -24);
    default: return ldexp(1, -53);
    }
}

/* Computes a volume without a mistake, and compares with the reference's. */
static void compare_volume(const struct poolgrad_verification *v, int64_t n, int64_t c, uint64_t seed)
{
    const poolgrad_const_image *d = &v->geometry.held;
    const int64_t pixels = d->depth * d->height * d->width;
    struct poolgrad_knobs knobs;
    struct poolgrad_estimate *volume = calloc((size_t)pixels, sizeof *volume);
    cr_assert(volume);
    const struct poolgrad_area all = poolgrad_volume_of(d);
    poolgrad_knobs_init(v, &knobs);
    poolgrad_careless_volume(&knobs, &all, &v->before, n, c, volume);
    for (int64_t i = 0; i < pixels; ++i) {
        const int64_t z = i / d->width / d->height, y = i / d->width % d->height, x = i % d->width;
        const double right = poolgrad_const_image_get(d, n, c, z, y, x), value = volume[i].value;
        const double unit = v->geometry.wide ? ldexp(1, -53) : ldexp(1, -24);
        const double error = (volume[i].terms + 4) * unit * volume[i].magnitude + 2 * unit_of(d->format) * fabs(right) +
                             ldexp(1, -24);
        const bool same = right == value || (isnan(right) && isnan(value)) || fabs(right - value) <= error;
        cr_assert(!volume[i].known || same, "seed %llu: n %lld c %lld, pixel %lld is %.17g, expected %.17g",
                  (unsigned long long)seed, (long long)n, (long long)c, (long long)i, value, right);
    }
    free(volume);
}

Test(causes_volume, without_a_mistake_all_is_right)
{
    const case_data data[] = {DATA_TIES, DATA_RELU, DATA_WHOLE, DATA_POSITIVE};
    random_sweep sweep = random_sweep_start_costly("without_a_mistake_beyond_planes", 300, 10);
    while (random_sweep_next(&sweep)) {
        const case_limits limits = {
            .no_adding = true, .data = data[sweep.seed % 4], .unit = 1, .greatest_kernel = 5, .beyond = CASE_BEYOND};
        test_case made;
        poolgrad_declaration declaration;
        poolgrad_verification *v;
        case_make_within(&made, sweep.seed, &limits);
        poolgrad_declaration_init(&declaration, sizeof declaration);
        run(&made.problem);
        made.problem.picks = (poolgrad_image){0};
        cr_assert_eq(poolgrad_verify(&made.problem, &declaration, &v, NULL), POOLGRAD_OK);
        const poolgrad_image *d = &made.problem.destination;
        for (int64_t i = 0; i < d->images * d->channels && d->height * d->width > 0; ++i) {
            compare_volume(v, i / d->channels, i % d->channels, sweep.seed);
        }
        poolgrad_verification_destroy(v);
        case_free(&made);
    }
}
