/* SPDX-License-Identifier: Apache-2.0 */
/* Conformance kits in memory: what occurs together, what they hold, and that their results are the library's. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suite/kit.h"

static poolgrad_suite *create(enum poolgrad_suite_size size, uint64_t seed)
{
    poolgrad_suite *suite = poolgrad_suite_create(size, seed);
    cr_assert(suite != NULL);
    return suite;
}

static struct suite_case make(const poolgrad_suite *suite, int64_t index)
{
    struct suite_case made;
    poolgrad_error error = {"", ""};
    cr_assert(poolgrad_suite_make(suite, index, &made, &error) == POOLGRAD_OK, "%s: %s",
              poolgrad_suite_name(suite, index), error.message);
    return made;
}

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* ---- Pairs ------------------------------------------------------------------------------------------------------- */

/* What decides whether a parameter has an effect. */
typedef struct group {
    bool gradient, clamp, indices, gather, root_mean, volume, by_x, by_y, by_z;
    poolgrad_kind kind;
} group;

static group group_of(const poolgrad_problem *p)
{
    const bool gradient = p->direction == POOLGRAD_GRADIENT, reads = p->indices.format != POOLGRAD_FORMAT_NONE;
    return (group){.gradient = gradient,
                   .clamp = p->edge_mode == POOLGRAD_EDGE_CLAMP,
                   .indices = reads || p->picks.format != POOLGRAD_FORMAT_NONE,
                   .gather = reads && !gradient,
                   .root_mean = p->root_mean,
                   .volume = p->source.depth > 0,
                   .by_x = p->windows_x.count > 0,
                   .by_y = p->windows_y.count > 0,
                   .by_z = p->windows_z.count > 0,
                   .kind = p->kind};
}

static bool always(group g)
{
    (void)g;
    return true;
}

static bool of_max(group g)
{
    return g.kind == POOLGRAD_MAX;
}

static bool of_gradient(group g)
{
    return g.gradient;
}

/* A gradient from indices makes no choice, nor does a gather. */
static bool of_choice(group g)
{
    return g.kind == POOLGRAD_MAX && !(g.gradient && g.indices) && !g.gather;
}

static bool of_mean(group g)
{
    return g.kind == POOLGRAD_AVERAGE || g.root_mean;
}

static bool of_padding(group g)
{
    return of_mean(g) && g.clamp;
}

/* Where a progression places the windows of the axis. */
static bool of_x(group g)
{
    return !g.by_x;
}

static bool of_y(group g)
{
    return !g.by_y;
}

static bool of_z(group g)
{
    return g.volume && !g.by_z;
}

static bool of_volume(group g)
{
    return g.volume;
}

static bool of_table(group g)
{
    return g.by_x || g.by_y || g.by_z;
}

static bool of_moved(group g)
{
    return g.gradient && !(g.by_x && g.by_y && (g.by_z || !g.volume));
}

static bool of_source(group g)
{
    if (!g.gradient) return true;
    return g.kind == POOLGRAD_L2NORM || (g.kind == POOLGRAD_MAX && !g.indices);
}

/* Where something is added up in a width that can be chosen. */
static bool of_sum(group g)
{
    return g.kind == POOLGRAD_AVERAGE || (g.kind == POOLGRAD_MAX && g.gradient);
}

#define VALUE(name, expression)                                                                                        \
    static int64_t value_##name(const poolgrad_problem *p)                                                             \
    {                                                                                                                  \
        return (int64_t)(expression);                                                                                  \
    }

static int64_t zero_pads(const poolgrad_problem *p)
{
    const int64_t left = 10 * p->zero_pad_x + p->zero_pad_left, right = 10 * p->zero_pad_x + p->zero_pad_right;
    const int64_t top = 10 * p->zero_pad_y + p->zero_pad_top, bottom = 10 * p->zero_pad_y + p->zero_pad_bottom;
    return 1000000 * left + 10000 * right + 100 * top + bottom;
}

/* Which axes have tables: 4 where all of them. */
static int64_t tables(const poolgrad_problem *p)
{
    const group g = group_of(p);
    if (g.by_x && g.by_y) return 4;
    return g.by_x ? 1 : g.by_y ? 2 : g.by_z ? 3 : 0;
}

/* Adaptive windows come in their order, and begin at the edge. */
static int64_t table_kind(const poolgrad_problem *p)
{
    const poolgrad_table *table = p->windows_x.count > 0   ? &p->windows_x
                                  : p->windows_y.count > 0 ? &p->windows_y
                                                           : &p->windows_z;
    for (int64_t i = 0; i < table->count; i++) {
        if (table->spans[i].first < 0) return 1;
    }
    return 0;
}

/* Without the channels before and behind the window. */
static int64_t channels_pooled(const poolgrad_problem *p)
{
    return p->source_channel_count == POOLGRAD_ALL ? p->source.channels : p->source_channel_count;
}

VALUE(direction, group_of(p).gather ? 2 : p->direction)
VALUE(kind, p->root_mean ? 3 : p->kind)
VALUE(edge_mode, p->edge_mode)
VALUE(indices, p->indices.format != POOLGRAD_FORMAT_NONE ? p->indices.format : p->picks.format)
VALUE(kernel_width, p->window.kernel_width)
VALUE(kernel_height, p->window.kernel_height)
VALUE(stride_x, p->window.stride_x)
VALUE(stride_y, p->window.stride_y)
VALUE(dilation_x, p->window.dilation_x)
VALUE(dilation_y, p->window.dilation_y)
VALUE(width, p->source.width)
VALUE(height, p->source.height)
VALUE(zero_pad, zero_pads(p))
VALUE(ties, p->ties)
VALUE(nan, p->nan)
VALUE(source_format, p->source.format)
VALUE(gradient_format, p->source_gradient.format)
VALUE(destination_format, p->destination.format)
VALUE(layout, p->source.layout)
VALUE(accumulator, p->accumulator)
VALUE(channels, channels_pooled(p))
VALUE(images, p->source.images)
VALUE(channel_window, p->source_channel_offset > 0)
VALUE(clip, p->clip.x > 0)
VALUE(mapping, p->mapping)
VALUE(region, p->gradient_region.x > 0)
VALUE(kernel_offset, p->kernel_offset_x != 0 || p->kernel_offset_y != 0 || p->kernel_offset_z != 0)
VALUE(adds, p->add_to_destination)
VALUE(extent, p->source.depth > 0)
VALUE(tables, tables(p))
VALUE(table_kind, table_kind(p))
VALUE(kernel_depth, p->window.kernel_depth)
VALUE(stride_z, p->window.stride_z)
VALUE(dilation_z, p->window.dilation_z)
VALUE(depth, p->source.depth)
VALUE(divisor, p->divisor)

enum { MOST_VALUES = 6 };

#define FLOATS                                                                                                         \
    4, 4,                                                                                                              \
    {                                                                                                                  \
        POOLGRAD_FLOAT16, POOLGRAD_BFLOAT16, POOLGRAD_FLOAT32, POOLGRAD_FLOAT64                                        \
    }

static const struct parameter {
    const char *name;
    int64_t (*value)(const poolgrad_problem *p);
    bool (*matters)(group g);
    int count_of_planes; /* how many of the values the array of planes has */
    int count;
    int64_t values[MOST_VALUES];
} parameters[] = {
    {"direction", value_direction, always, 2, 3, {0, 1, 2}},
    {"kind", value_kind, always, 3, 4, {0, 1, 2, 3}},
    {"edge mode", value_edge_mode, always, 2, 2, {0, 1}},
    {"indices",
     value_indices,
     of_max,
     6,
     6,
     {POOLGRAD_FORMAT_NONE, POOLGRAD_INT32, POOLGRAD_INT64, POOLGRAD_TAP8, POOLGRAD_TAP16, POOLGRAD_TAP32}},
    {"extent", value_extent, always, 1, 2, {0, 1}},
    {"tables", value_tables, always, 1, 5, {0, 1, 2, 3, 4}},
    {"table kind", value_table_kind, of_table, 0, 2, {0, 1}},
    {"kernel width", value_kernel_width, of_x, 4, 4, {1, 2, 3, 5}},
    {"kernel height", value_kernel_height, of_y, 4, 4, {1, 2, 3, 5}},
    {"kernel depth", value_kernel_depth, of_z, 0, 3, {1, 2, 3}},
    {"stride x", value_stride_x, of_x, 3, 3, {1, 2, 3}},
    {"stride y", value_stride_y, of_y, 3, 3, {1, 2, 3}},
    {"stride z", value_stride_z, of_z, 0, 2, {1, 2}},
    {"dilation x", value_dilation_x, of_x, 2, 2, {1, 2}},
    {"dilation y", value_dilation_y, of_y, 2, 2, {1, 2}},
    {"dilation z", value_dilation_z, of_z, 0, 2, {1, 2}},
    {"width", value_width, always, 4, 4, {1, 5, 8, 13}},
    {"height", value_height, always, 4, 4, {1, 4, 7, 10}},
    {"depth", value_depth, of_volume, 0, 3, {1, 3, 4}},
    {"zero pad", value_zero_pad, of_padding, 3, 5, {0, 10102020, 30300000, 1000002, 10120100}},
    {"divisor", value_divisor, of_mean, 1, 3, {0, 3, -4}},
    {"ties", value_ties, of_choice, 4, 4, {0, 1, 2, 3}},
    {"nan", value_nan, of_choice, 3, 3, {0, 1, 2}},
    {"source format",
     value_source_format,
     of_source,
     6,
     6,
     {POOLGRAD_UNORM8, POOLGRAD_UNORM16, POOLGRAD_FLOAT16, POOLGRAD_BFLOAT16, POOLGRAD_FLOAT32, POOLGRAD_FLOAT64}},
    {"gradient format", value_gradient_format, of_gradient, FLOATS},
    {"destination format", value_destination_format, always, FLOATS},
    {"layout", value_layout, always, 3, 6, {0, 1, 2, 3, 4, 5}},
    {"accumulator", value_accumulator, of_sum, 2, 2, {0, 1}},
    {"channels", value_channels, always, 4, 6, {1, 3, 4, 5, 9, 17}},
    {"images", value_images, always, 2, 2, {1, 2}},
    {"channel window", value_channel_window, always, 2, 2, {0, 1}},
    {"clip", value_clip, always, 2, 2, {0, 1}},
    {"mapping", value_mapping, of_gradient, 2, 2, {0, 1}},
    {"region", value_region, of_gradient, 2, 2, {0, 1}},
    {"kernel offset", value_kernel_offset, of_moved, 2, 2, {0, 1}},
    {"adds", value_adds, of_gradient, 2, 2, {0, 1}}};

enum { PARAMETERS = sizeof parameters / sizeof *parameters };

static bool occurs(const poolgrad_problem *const *problem, int count, int a, int64_t value_a, int b, int64_t value_b)
{
    for (int i = 0; i < count; i++) {
        const group g = group_of(problem[i]);
        if (parameters[a].value(problem[i]) == value_a && parameters[b].value(problem[i]) == value_b &&
            parameters[a].matters(g) && parameters[b].matters(g)) {
            return true;
        }
    }
    return false;
}

/* Whether the value of a parameter that decides about groups is the group's. */
static bool agrees(const struct parameter *p, int64_t value, group g)
{
    if (p->value == value_direction) return value == (g.gather ? 2 : g.gradient);
    if (p->value == value_kind) return value == (g.root_mean ? 3 : (int64_t)g.kind);
    if (p->value == value_edge_mode) return (value == POOLGRAD_EDGE_CLAMP) == g.clamp;
    if (p->value == value_indices) return (value != POOLGRAD_FORMAT_NONE) == g.indices;
    if (p->value == value_extent) return (value > 0) == g.volume;
    if (p->value == value_layout) return value < POOLGRAD_NC4HW4 || !g.volume;
    if (p->value != value_tables) return true;
    if (value == 4) return g.by_x && g.by_y && g.by_z == g.volume;
    return (value == 1) == g.by_x && (value == 2) == g.by_y && (value == 3) == g.by_z;
}

/* Whether there is such a group of problems. */
static bool is_sound(group g)
{
    const int axes = g.by_x + g.by_y + g.by_z;
    if (g.indices && g.kind != POOLGRAD_MAX) return false;
    if (g.gather && (g.gradient || !g.indices)) return false;
    if (g.root_mean && g.kind != POOLGRAD_L2NORM) return false;
    if (g.by_z && !g.volume) return false;
    return axes < 2 || axes == (g.volume ? 3 : 2);
}

/* Whether there is any problem in which both have an effect. */
static bool possible(int a, int64_t value_a, int b, int64_t value_b)
{
    enum { FLAGS = 9, GROUPS = 3 << FLAGS };
    for (int number = 0; number < GROUPS; number++) {
        const group g = {.gradient = number & 1,
                         .clamp = number >> 1 & 1,
                         .indices = number >> 2 & 1,
                         .gather = number >> 3 & 1,
                         .root_mean = number >> 4 & 1,
                         .volume = number >> 5 & 1,
                         .by_x = number >> 6 & 1,
                         .by_y = number >> 7 & 1,
                         .by_z = number >> 8 & 1,
                         .kind = (poolgrad_kind)(number >> FLAGS)};
        if (is_sound(g) && parameters[a].matters(g) && parameters[b].matters(g) && agrees(&parameters[a], value_a, g) &&
            agrees(&parameters[b], value_b, g)) {
            return true;
        }
    }
    return false;
}

/* The problems of arrays, those of planes first. */
struct covered {
    const poolgrad_problem *problem[400];
    int planes, count;
};

/* Each pair of two parameters' values; pairs of planes in the first array, others in either. Returns how many there
 * are. */
static int check_pair(const struct covered *c, int a, int b)
{
    int pairs = 0;
    for (int i = 0; i < parameters[a].count; i++) {
        for (int j = 0; j < parameters[b].count; j++) {
            const int64_t value_a = parameters[a].values[i], value_b = parameters[b].values[j];
            const bool planes = i < parameters[a].count_of_planes && j < parameters[b].count_of_planes;
            if (!possible(a, value_a, b, value_b)) continue;
            pairs++;
            cr_expect(occurs(c->problem, planes ? c->planes : c->count, a, value_a, b, value_b),
                      "%s %lld never meets %s %lld", parameters[a].name, (long long)value_a, parameters[b].name,
                      (long long)value_b);
        }
    }
    return pairs;
}

static struct covered cover(const poolgrad_suite *suite)
{
    enum { MOST_ROWS = 200 };
    struct covered c = {.count = 0};
    for (int64_t i = 0; i < poolgrad_suite_count(suite); i++) {
        const bool planes = begins(poolgrad_suite_name(suite, i), "pairs-00-");
        if (!planes && !begins(poolgrad_suite_name(suite, i), "axes-00-")) continue;
        cr_assert(c.count - c.planes < MOST_ROWS && c.planes < MOST_ROWS,
                  "an array of so many rows covers no better than chance");
        c.problem[c.count++] = poolgrad_suite_problem(suite, i);
        if (planes) c.planes = c.count;
    }
    return c;
}

Test(suite, every_pair_occurs)
{
    static const uint64_t seeds[] = {1, 2, 77};
    for (size_t s = 0; s < sizeof seeds / sizeof *seeds; s++) {
        poolgrad_suite *suite = create(SUITE_SMOKE, seeds[s]);
        const struct covered c = cover(suite);
        int pairs = 0;
        for (int a = 0; a < PARAMETERS; a++) {
            for (int b = a + 1; b < PARAMETERS; b++) pairs += check_pair(&c, a, b);
        }
        cr_expect(pairs > 5000, "%d pairs", pairs);
        poolgrad_suite_destroy(suite);
    }
}

/* ---- Every window ------------------------------------------------------------------------------------------------ */

static int window_number(const poolgrad_problem *p)
{
    enum { KERNELS = 6, STRIDES = 4, DILATIONS = 3, KINDS = 3 };
    const poolgrad_window *w = &p->window;
    int64_t number = p->direction;
    number = number * KINDS + p->kind;
    number = (number * KERNELS + w->kernel_width) * KERNELS + w->kernel_height;
    number = (number * STRIDES + w->stride_x) * STRIDES + w->stride_y;
    return (int)((number * DILATIONS + w->dilation_x) * DILATIONS + w->dilation_y);
}

Test(suite, every_window_occurs)
{
    enum { NUMBERS = 2 * 3 * 6 * 6 * 4 * 4 * 3 * 3, WINDOWS = 2 * 3 * 4 * 4 * 3 * 3 * 2 * 2 };
    static bool seen[NUMBERS];
    poolgrad_suite *suite = create(SUITE_EXHAUSTIVE, 1);
    int count = 0;
    for (int64_t i = 0; i < poolgrad_suite_count(suite); i++) {
        if (!begins(poolgrad_suite_name(suite, i), "window-")) continue;
        const int number = window_number(poolgrad_suite_problem(suite, i));
        cr_expect(!seen[number], "%s comes twice", poolgrad_suite_name(suite, i));
        seen[number] = true;
        count++;
    }
    cr_expect(count == WINDOWS, "%d windows", count);
    poolgrad_suite_destroy(suite);
}

/* ---- Cases ------------------------------------------------------------------------------------------------------- */

static bool same_bytes(const poolgrad_image *a, const poolgrad_image *b)
{
    if (a->format != b->format || !a->data != !b->data) return false;
    const int64_t bytes = poolgrad_suite_bytes(a);
    return bytes == poolgrad_suite_bytes(b) && (!a->data || memcmp(a->data, b->data, (size_t)bytes) == 0);
}

static bool same_case(const struct suite_case *a, const struct suite_case *b)
{
    for (int role = 0; role < SUITE_ROLES; role++) {
        if (!same_bytes(&a->image[role], &b->image[role])) return false;
    }
    return strcmp(a->name, b->name) == 0 && a->features == b->features;
}

/* How many cases of two kits are the same. */
static int64_t count_same(const poolgrad_suite *a, const poolgrad_suite *b)
{
    int64_t same = 0;
    for (int64_t i = 0; i < poolgrad_suite_count(a) && i < poolgrad_suite_count(b); i++) {
        struct suite_case of_a = make(a, i), of_b = make(b, i);
        same += same_case(&of_a, &of_b);
        poolgrad_suite_case_free(&of_a);
        poolgrad_suite_case_free(&of_b);
    }
    return same;
}

Test(suite, a_seed_decides_every_bit)
{
    poolgrad_suite *first = create(SUITE_SMOKE, 5), *again = create(SUITE_SMOKE, 5), *other = create(SUITE_SMOKE, 6);
    const int64_t count = poolgrad_suite_count(first);
    cr_expect(poolgrad_suite_count(again) == count && count_same(first, again) == count);
    cr_expect(count_same(first, other) < count / 2 + count / 10);
    poolgrad_suite_destroy(first);
    poolgrad_suite_destroy(again);
    poolgrad_suite_destroy(other);
}

/* FNV-1a of all inputs of cases, whose bytes are those of little-endian machines. */
static uint64_t digest_inputs(const poolgrad_suite *suite, int64_t first, int64_t behind)
{
    uint64_t sum = UINT64_C(0xcbf29ce484222325);
    for (int64_t i = first; i < behind; i++) {
        struct suite_case made = make(suite, i);
        for (int role = SUITE_SOURCE; role <= SUITE_BEFORE; role++) {
            const unsigned char *byte = made.image[role].data;
            const int64_t bytes = byte ? poolgrad_suite_bytes(&made.image[role]) : 0;
            for (int64_t b = 0; b < bytes; b++) sum = (sum ^ byte[b]) * UINT64_C(0x100000001b3);
        }
        poolgrad_suite_case_free(&made);
    }
    return sum;
}

/* Written down on one machine; another compiler, processor or library gives the same. A change to what kits hold
 * changes a sum, and the seed's promise with it. The first cases are those of kits of format 1. */
Test(suite, a_seed_is_the_same_everywhere)
{
    poolgrad_suite *suite = create(SUITE_SMOKE, 1);
    int64_t planes = 0, small = 0;
    while (!begins(poolgrad_suite_name(suite, planes), "volume-")) planes++;
    while (!(poolgrad_suite_features(suite, small) & SUITE_FEATURE(LARGE))) small++;
    const uint64_t sum = digest_inputs(suite, 0, planes), further = digest_inputs(suite, planes, small),
                   large = digest_inputs(suite, small, poolgrad_suite_count(suite));
    cr_expect(planes == 260 && sum == UINT64_C(0xa1ad157e675c56ab), "0x%016llx", (unsigned long long)sum);
    cr_expect(further == UINT64_C(0xb210fb95698c8cd1), "0x%016llx", (unsigned long long)further);
    cr_expect(large == UINT64_C(0x45863caf2a66624f), "0x%016llx", (unsigned long long)large);
    poolgrad_suite_destroy(suite);
}

/* Runs the case as a backend would, by the fast path, and compares. */
static void check_results(const struct suite_case *made)
{
    poolgrad_error error = {"", ""};
    poolgrad_problem p = made->problem;
    const bool has_picks = p.picks.format != POOLGRAD_FORMAT_NONE;
    cr_assert(poolgrad_suite_destination(made, &p.destination));
    if (has_picks) cr_assert(poolgrad_suite_allocate(&p.picks));
    cr_expect(poolgrad_check(&p, &error) == POOLGRAD_OK, "%s: %s", made->name, error.message);
    cr_expect(poolgrad_run(&p, &error) == POOLGRAD_OK, "%s: %s", made->name, error.message);
    cr_expect(same_bytes(&p.destination, &made->image[SUITE_EXPECTED]), "%s", made->name);
    if (has_picks) cr_expect(same_bytes(&p.picks, &made->image[SUITE_EXPECTED_INDICES]), "%s", made->name);
    if (has_picks) free(p.picks.data);
    free(p.destination.data);
}

static bool has(const struct suite_case *made, enum poolgrad_suite_feature feature)
{
    return made->features >> feature & 1;
}

typedef bool predicate(double value);

static bool is_nan(double value)
{
    return isnan(value);
}

static bool is_infinite(double value)
{
    return isinf(value);
}

static bool is_minus_zero(double value)
{
    return value == 0 && signbit(value);
}

static bool holds(const poolgrad_image *image, predicate *wanted)
{
    if (!image->data) return false;
    const int64_t depth = image->depth > 0 ? image->depth : 1, plane = image->height * image->width;
    for (int64_t i = 0; i < image->images * image->channels * depth * plane; i++) {
        const int64_t x = i % image->width, y = i / image->width % image->height, z = i / plane % depth;
        const int64_t channel = i / plane / depth;
        if (wanted(poolgrad_image_get(image, channel / image->channels, channel % image->channels, z, y, x)))
            return true;
    }
    return false;
}

static bool inputs_hold(const struct suite_case *made, predicate *wanted)
{
    return holds(&made->image[SUITE_SOURCE], wanted) || holds(&made->image[SUITE_SOURCE_GRADIENT], wanted) ||
           holds(&made->image[SUITE_BEFORE], wanted);
}

/* Small images may have none by chance. Returns how many of the features were found in the data. */
static int count_kept_promises(const struct suite_case *made, int *promised)
{
    static const struct {
        enum poolgrad_suite_feature feature;
        predicate *wanted;
    } promises[] = {{FEATURE_NAN, is_nan}, {FEATURE_INFINITY, is_infinite}, {FEATURE_SIGNED_ZEROS, is_minus_zero}};
    int kept = 0;
    for (size_t i = 0; i < sizeof promises / sizeof *promises; i++) {
        if (!has(made, promises[i].feature) || has(made, FEATURE_EMPTY)) continue;
        ++*promised;
        kept += inputs_hold(made, promises[i].wanted);
    }
    return kept;
}

Test(suite, smoke_is_sound)
{
    poolgrad_suite *suite = create(SUITE_SMOKE, 1);
    uint64_t features = 0;
    int kept = 0, promised = 0;
    for (int64_t i = 0; i < poolgrad_suite_count(suite); i++) {
        struct suite_case made = make(suite, i);
        features |= made.features;
        kept += count_kept_promises(&made, &promised);
        check_results(&made);
        poolgrad_suite_case_free(&made);
    }
    for (int i = 0; i < SUITE_FEATURES; i++) {
        cr_expect(features >> i & 1, "no case has %s", poolgrad_suite_feature_words[i]);
    }
    cr_expect(promised > 30 && kept > promised * 8 / 10, "%d of %d", kept, promised);
    poolgrad_suite_destroy(suite);
}

/* Whether format 1 can say the problem. */
static bool is_of_planes(const poolgrad_problem *p)
{
    const int64_t depth = p->source.depth + p->source_gradient.depth + p->destination.depth + p->indices.depth;
    const int64_t pads = p->zero_pad_z + p->zero_pad_left + p->zero_pad_top + p->zero_pad_front + p->zero_pad_right +
                         p->zero_pad_bottom + p->zero_pad_back;
    const poolgrad_window *w = &p->window;
    return depth == 0 && pads == 0 && w->kernel_depth == 1 && w->stride_z == 1 && w->dilation_z == 1 &&
           p->offset_z == 0 && p->kernel_offset_z == 0 && !p->windows_x.spans && !p->windows_y.spans &&
           !p->windows_z.spans && p->divisor == 0 && !p->root_mean && p->source.layout <= POOLGRAD_NC4HW4 &&
           (p->direction == POOLGRAD_GRADIENT || p->indices.format == POOLGRAD_FORMAT_NONE);
}

/* A backend that leaves out the words that format 2 brought needs to know nothing else of it. */
Test(suite, words_tell_what_is_new)
{
    const uint64_t words = SUITE_FEATURE(VOLUME) | SUITE_FEATURE(TABLE) | SUITE_FEATURE(DIVISOR) |
                           SUITE_FEATURE(ONE_SIDED_PAD) | SUITE_FEATURE(ROOT_MEAN) | SUITE_FEATURE(GATHER) |
                           SUITE_FEATURE(NC8HW8) | SUITE_FEATURE(NC16HW16) | SUITE_FEATURE(NC32HW32);
    poolgrad_suite *suite = create(SUITE_SMOKE, 3);
    int64_t counts[2] = {0, 0};
    for (int64_t i = 0; i < poolgrad_suite_count(suite); i++) {
        struct suite_case made = make(suite, i);
        const bool planes = is_of_planes(&made.problem);
        cr_expect(planes == !(made.features & words), "%s", made.name);
        counts[planes]++;
        poolgrad_suite_case_free(&made);
    }
    cr_expect(counts[0] > 150 && counts[1] >= 260, "%d and %d", (int)counts[0], (int)counts[1]);
    poolgrad_suite_destroy(suite);
}

Test(suite, names_and_words_are_unique)
{
    poolgrad_suite *suite = create(SUITE_STANDARD, 1);
    for (int64_t i = 0; i < poolgrad_suite_count(suite); i++) {
        for (int64_t j = i + 1; j < poolgrad_suite_count(suite); j++) {
            cr_assert(strcmp(poolgrad_suite_name(suite, i), poolgrad_suite_name(suite, j)) != 0, "%s",
                      poolgrad_suite_name(suite, i));
        }
    }
    for (int i = 0; i < SUITE_FEATURES; i++) {
        for (int j = i + 1; j < SUITE_FEATURES; j++) {
            cr_expect(strcmp(poolgrad_suite_feature_words[i], poolgrad_suite_feature_words[j]) != 0);
        }
    }
    poolgrad_suite_destroy(suite);
}

/* The word in backquotes stands in a row of a table. */
static bool page_has(const char *page, const char *word)
{
    char quoted[SUITE_NAME];
    snprintf(quoted, sizeof quoted, "`%s`", word);
    return strstr(page, quoted) != NULL;
}

Test(suite, the_page_names_every_word)
{
    static char page[1 << 16];
    FILE *file = fopen(POOLGRAD_TEST_DATA "/../../docs/suite.md", "rb");
    cr_assert(file != NULL);
    const size_t size = fread(page, 1, sizeof page - 1, file);
    fclose(file);
    cr_assert(size > 0 && size < sizeof page - 1);
    for (int i = 0; i < SUITE_FEATURES; i++) {
        cr_expect(page_has(page, poolgrad_suite_feature_words[i]), "%s", poolgrad_suite_feature_words[i]);
    }
    for (int i = 0; i < SUITE_ROLES; i++) {
        char name[SUITE_NAME];
        snprintf(name, sizeof name, "kit/cases/NAME/%s.npy", poolgrad_suite_role_words[i]);
        cr_expect(strstr(page, name) != NULL, "%s", name);
    }
}

/* ---- Cases worked by hand; those of docs/numerics.md have its numbers
 * ---------------------------------------------------------- */

#define UNTOUCHED 1e30

static const struct {
    const char *name;
    int count;
    double expected[8];
} examples[] = {
    {"n14-average-kernel-3-forward-average-zero", 4, {1, 2, 3, 7.0F / 3}},
    {"n14-average-kernel-3-forward-average-clamp", 4, {1.5, 2, 3, 3.5}},
    {"n14-average-zero-pad-forward-average", 4, {1, 2, 3, 7.0F / 3}},
    {"n14-average-kernel-5-zero-pad-forward-average", 4, {6.0F / 4, 2, 2, 9.0F / 4}},
    {"n15-max-negative-at-border-forward-max-zero", 4, {0, -2, -1, 0}},
    {"n31-ties-gradient-max-zero-first", 3, {10, 100, 0}},
    {"n31-ties-gradient-max-zero-last", 3, {0, 11, 0}},
    {"n31-ties-gradient-max-zero-all", 3, {11, 111, 0}},
    {"n31-ties-gradient-max-zero-split", 3, {16.0F / 3, 166.0F / 3, 0}},
    {"n31-ties-gradient-max-clamp-first", 3, {11, 100, 0}},
    {"n31-ties-gradient-max-clamp-last", 3, {0, 111, 0}},
    {"n31-ties-gradient-max-clamp-all", 3, {11, 111, 0}},
    {"n31-ties-gradient-max-clamp-split", 3, {5.5, 105.5, 0}},
    {"n33-nan-gradient-max-nan-first", 4, {1, 0, 0, 0}},
    {"n33-nan-gradient-max-nan-last", 4, {0, 0, 1, 0}},
    {"n33-nan-gradient-max-nan-ignore", 4, {0, 0, 0, 1}},
    {"n33-nan-forward-max-nan-ignore", 1, {7}},
    {"n43-mapping-source-gradient-average", 8, {0, 0, 1, 1, 11, 10, 110, 100}},
    {"n43-mapping-source-clip-gradient-average", 8, {UNTOUCHED, 0, 1, 1, 11, UNTOUCHED, UNTOUCHED, UNTOUCHED}},
    {"n43-mapping-clip-gradient-average", 8, {1, 1, 11, 10, 110, 100, 0, 0}},
    {"n43-mapping-clip-clip-gradient-average", 8, {UNTOUCHED, 1, 1, 11, 10, UNTOUCHED, UNTOUCHED, UNTOUCHED}},
    {"volume-2x2x2-forward-average", 1, {4.5}},
    {"volume-2x2x2-forward-max", 1, {8}},
    {"volume-2x2x2-forward-l2norm", 1, {14.2828569F}},
    {"volume-2x2x2-forward-root-mean", 1, {5.04975247F}},
    {"volume-2x2x2-gradient-average", 8, {1, 1, 1, 1, 1, 1, 1, 1}},
    {"volume-2x2x2-gradient-max", 8, {0, 0, 0, 0, 0, 0, 0, 8}},
    {"volume-depth-alone-forward-average-zero", 4, {1, 2, 3, 7.0F / 3}},
    {"volume-depth-alone-forward-average-clamp", 4, {1.5, 2, 3, 3.5}},
    {"volume-depth-alone-gradient-average-zero", 4, {22, 222, 2220, 2200}},
    {"volume-depth-alone-gradient-max-clamp", 4, {0, 6, 60, 6600}},
    {"adaptive-5-to-3-forward-average", 3, {1.5, 3, 4.5}},
    {"adaptive-5-to-3-forward-max", 3, {2, 4, 5}},
    {"adaptive-5-to-3-forward-l2norm", 3, {2.23606798F, 5.38516481F, 6.40312424F}},
    {"adaptive-5-to-3-gradient-average", 5, {3, 23, 20, 320, 300}},
    {"adaptive-5-to-3-gradient-max", 5, {0, 6, 0, 60, 600}},
    {"divisor-forward-average", 3, {1, 5.0F / 3, 7.0F / 3}},
    {"divisor-gradient-average", 4, {1, 11, 110, 100}},
    {"divisor-negative-forward-average-clamp", 4, {0, -0.5, -2.5, -2}},
    {"divisor-negative-forward-average-zero", 4, {0, -0.5, -2.5, -2}},
    {"one-sided-pad-forward-average", 4, {10, 5, 7, 4}},
    {"one-sided-pad-gradient-average", 4, {1, 11, 101, 1111}},
    {"one-sided-pad-ceil-forward-average", 3, {10.0F / 3, 8, 11}},
    {"root-mean-forward-root-mean", 1, {5}},
    {"root-mean-gradient-root-mean", 2, {1, 7}},
    {"gather-gather-max", 2, {-6, -8}}};

static int64_t find_case(const poolgrad_suite *suite, const char *name)
{
    int64_t i = 0;
    while (i < poolgrad_suite_count(suite) && strcmp(poolgrad_suite_name(suite, i), name) != 0) i++;
    cr_assert(i < poolgrad_suite_count(suite), "there is no %s", name);
    return i;
}

/* Up to the rounding of a literal. */
static void check_numbers(const poolgrad_image *result, const poolgrad_image *before, const double *numbers, int count,
                          const char *name)
{
    const int64_t depth = result->depth > 0 ? result->depth : 1, plane = result->width * result->height;
    cr_assert(depth * plane == count, "%s", name);
    for (int64_t place = 0; place < count; place++) {
        const int64_t x = place % result->width, y = place / result->width % result->height;
        const double wanted = numbers[place] >= UNTOUCHED ? poolgrad_image_get(before, 0, 0, 0, y, x) : numbers[place];
        const double value = poolgrad_image_get(result, 0, 0, place / plane, y, x);
        cr_expect(fabs(value - wanted) <= fabs(wanted) * 0x1p-22, "%s: %g at %d, expected %g", name, value, (int)place,
                  wanted);
    }
}

Test(suite, examples_have_their_numbers)
{
    poolgrad_suite *suite = create(SUITE_STANDARD, 1);
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        struct suite_case made = make(suite, find_case(suite, examples[i].name));
        for (int role = SUITE_EXPECTED; role <= SUITE_EXACT; role++) {
            check_numbers(&made.image[role], &made.image[SUITE_BEFORE], examples[i].expected, examples[i].count,
                          examples[i].name);
        }
        poolgrad_suite_case_free(&made);
    }
    poolgrad_suite_destroy(suite);
}

/* Added up in float16, 4096 ones would be 2048. */
Test(suite, stall_tells_narrow_sums)
{
    static const struct {
        const char *name;
        double expected;
    } stalls[] = {{"stall-forward-average", 1},
                  {"stall-forward-l2norm", 64},
                  {"stall-gradient-max", 4096},
                  {"stall-gradient-average", 4096}};
    poolgrad_suite *suite = create(SUITE_STANDARD, 1);
    for (size_t i = 0; i < sizeof stalls / sizeof *stalls; i++) {
        struct suite_case made = make(suite, find_case(suite, stalls[i].name));
        cr_expect(made.image[SUITE_EXPECTED].format == POOLGRAD_FLOAT16 && has(&made, FEATURE_STALL));
        cr_expect(poolgrad_image_get(&made.image[SUITE_EXPECTED], 0, 0, 0, 0, 0) == stalls[i].expected, "%s",
                  stalls[i].name);
        cr_expect(poolgrad_image_get(&made.image[SUITE_EXACT], 0, 0, 0, 0, 0) == stalls[i].expected, "%s",
                  stalls[i].name);
        poolgrad_suite_case_free(&made);
    }
    poolgrad_suite_destroy(suite);
}
