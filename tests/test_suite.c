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
    bool gradient, clamp, indices;
    poolgrad_kind kind;
} group;

static group group_of(const poolgrad_problem *p)
{
    return (group){p->direction == POOLGRAD_GRADIENT, p->edge_mode == POOLGRAD_EDGE_CLAMP,
                   p->indices.format != POOLGRAD_FORMAT_NONE || p->picks.format != POOLGRAD_FORMAT_NONE, p->kind};
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

/* A gradient from indices makes no choice. */
static bool of_choice(group g)
{
    return g.kind == POOLGRAD_MAX && !(g.gradient && g.indices);
}

static bool of_padding(group g)
{
    return g.kind == POOLGRAD_AVERAGE && g.clamp;
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
    return 10 * p->zero_pad_x + p->zero_pad_y;
}

/* Without the channels before and behind the window. */
static int64_t channels_pooled(const poolgrad_problem *p)
{
    return p->source_channel_count == POOLGRAD_ALL ? p->source.channels : p->source_channel_count;
}

VALUE(direction, p->direction)
VALUE(kind, p->kind)
VALUE(edge_mode, p->edge_mode)
VALUE(indices, p->direction == POOLGRAD_GRADIENT ? p->indices.format : p->picks.format)
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
VALUE(kernel_offset, p->kernel_offset_x > 0)
VALUE(adds, p->add_to_destination)

enum { MOST_VALUES = 6 };

#define FLOATS                                                                                                         \
    4,                                                                                                                 \
    {                                                                                                                  \
        POOLGRAD_FLOAT16, POOLGRAD_BFLOAT16, POOLGRAD_FLOAT32, POOLGRAD_FLOAT64                                        \
    }

static const struct parameter {
    const char *name;
    int64_t (*value)(const poolgrad_problem *p);
    bool (*matters)(group g);
    int count;
    int64_t values[MOST_VALUES];
} parameters[] = {
    {"direction", value_direction, always, 2, {0, 1}},
    {"kind", value_kind, always, 3, {0, 1, 2}},
    {"edge mode", value_edge_mode, always, 2, {0, 1}},
    {"indices",
     value_indices,
     of_max,
     6,
     {POOLGRAD_FORMAT_NONE, POOLGRAD_INT32, POOLGRAD_INT64, POOLGRAD_TAP8, POOLGRAD_TAP16, POOLGRAD_TAP32}},
    {"kernel width", value_kernel_width, always, 4, {1, 2, 3, 5}},
    {"kernel height", value_kernel_height, always, 4, {1, 2, 3, 5}},
    {"stride x", value_stride_x, always, 3, {1, 2, 3}},
    {"stride y", value_stride_y, always, 3, {1, 2, 3}},
    {"dilation x", value_dilation_x, always, 2, {1, 2}},
    {"dilation y", value_dilation_y, always, 2, {1, 2}},
    {"width", value_width, always, 4, {1, 5, 8, 13}},
    {"height", value_height, always, 4, {1, 4, 7, 10}},
    {"zero pad", value_zero_pad, of_padding, 3, {0, 12, 30}},
    {"ties", value_ties, of_choice, 4, {0, 1, 2, 3}},
    {"nan", value_nan, of_choice, 3, {0, 1, 2}},
    {"source format",
     value_source_format,
     of_source,
     6,
     {POOLGRAD_UNORM8, POOLGRAD_UNORM16, POOLGRAD_FLOAT16, POOLGRAD_BFLOAT16, POOLGRAD_FLOAT32, POOLGRAD_FLOAT64}},
    {"gradient format", value_gradient_format, of_gradient, FLOATS},
    {"destination format", value_destination_format, always, FLOATS},
    {"layout", value_layout, always, 3, {0, 1, 2}},
    {"accumulator", value_accumulator, of_sum, 2, {0, 1}},
    {"channels", value_channels, always, 4, {1, 3, 4, 5}},
    {"images", value_images, always, 2, {1, 2}},
    {"channel window", value_channel_window, always, 2, {0, 1}},
    {"clip", value_clip, always, 2, {0, 1}},
    {"mapping", value_mapping, of_gradient, 2, {0, 1}},
    {"region", value_region, of_gradient, 2, {0, 1}},
    {"kernel offset", value_kernel_offset, of_gradient, 2, {0, 1}},
    {"adds", value_adds, of_gradient, 2, {0, 1}}};

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
    if (p->value == value_direction) return (value == POOLGRAD_GRADIENT) == g.gradient;
    if (p->value == value_kind) return value == (int64_t)g.kind;
    if (p->value == value_edge_mode) return (value == POOLGRAD_EDGE_CLAMP) == g.clamp;
    if (p->value == value_indices) return (value != POOLGRAD_FORMAT_NONE) == g.indices;
    return true;
}

/* Whether there is any problem in which both have an effect. */
static bool possible(int a, int64_t value_a, int b, int64_t value_b)
{
    for (int number = 0; number < 2 * 2 * 2 * 3; number++) {
        const group g = {number & 1, number >> 1 & 1, number >> 2 & 1, (poolgrad_kind)(number >> 3)};
        if (g.indices && g.kind != POOLGRAD_MAX) continue;
        if (parameters[a].matters(g) && parameters[b].matters(g) && agrees(&parameters[a], value_a, g) &&
            agrees(&parameters[b], value_b, g)) {
            return true;
        }
    }
    return false;
}

/* Returns how many pairs of values two parameters have. */
static int check_pair(const poolgrad_problem *const *problem, int count, int a, int b)
{
    int pairs = 0;
    for (int i = 0; i < parameters[a].count; i++) {
        for (int j = 0; j < parameters[b].count; j++) {
            const int64_t value_a = parameters[a].values[i], value_b = parameters[b].values[j];
            if (!possible(a, value_a, b, value_b)) continue;
            pairs++;
            cr_expect(occurs(problem, count, a, value_a, b, value_b), "%s %lld never meets %s %lld", parameters[a].name,
                      (long long)value_a, parameters[b].name, (long long)value_b);
        }
    }
    return pairs;
}

Test(suite, every_pair_occurs)
{
    enum { FEW = 200 };
    static const uint64_t seeds[] = {1, 2, 77};
    for (size_t s = 0; s < sizeof seeds / sizeof *seeds; s++) {
        poolgrad_suite *suite = create(SUITE_SMOKE, seeds[s]);
        const poolgrad_problem *problem[FEW];
        int count = 0, pairs = 0;
        for (int64_t i = 0; i < poolgrad_suite_count(suite); i++) {
            if (!begins(poolgrad_suite_name(suite, i), "pairs-00-")) continue;
            cr_assert(count < FEW, "an array of so many rows covers no better than chance");
            problem[count++] = poolgrad_suite_problem(suite, i);
        }
        for (int a = 0; a < PARAMETERS; a++) {
            for (int b = a + 1; b < PARAMETERS; b++) pairs += check_pair(problem, count, a, b);
        }
        cr_expect(pairs > 3000, "%d pairs", pairs);
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

/* FNV-1a of all inputs of a kit, whose bytes are those of little-endian machines. */
static uint64_t digest_inputs(const poolgrad_suite *suite)
{
    uint64_t sum = UINT64_C(0xcbf29ce484222325);
    for (int64_t i = 0; i < poolgrad_suite_count(suite); i++) {
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
 * changes it, and the seed's promise with it. */
Test(suite, a_seed_is_the_same_everywhere)
{
    poolgrad_suite *suite = create(SUITE_SMOKE, 1);
    const uint64_t sum = digest_inputs(suite);
    cr_expect(sum == UINT64_C(0xa1ad157e675c56ab), "0x%016llx", (unsigned long long)sum);
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
    const int64_t per_image = image->channels * image->height * image->width;
    for (int64_t i = 0; i < image->images * per_image; i++) {
        const int64_t x = i % image->width, y = i / image->width % image->height;
        const int64_t c = i / image->width / image->height % image->channels;
        if (wanted(poolgrad_image_get(image, i / per_image, c, 0, y, x))) return true;
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

/* ---- The examples of docs/numerics.md, with its numbers ---------------------------------------------------------- */

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
    {"n43-mapping-clip-clip-gradient-average", 8, {UNTOUCHED, 1, 1, 11, 10, UNTOUCHED, UNTOUCHED, UNTOUCHED}}};

static int64_t find_case(const poolgrad_suite *suite, const char *name)
{
    int64_t i = 0;
    while (i < poolgrad_suite_count(suite) && strcmp(poolgrad_suite_name(suite, i), name) != 0) i++;
    cr_assert(i < poolgrad_suite_count(suite), "there is no %s", name);
    return i;
}

Test(suite, examples_have_their_numbers)
{
    poolgrad_suite *suite = create(SUITE_STANDARD, 1);
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        struct suite_case made = make(suite, find_case(suite, examples[i].name));
        const poolgrad_image *expected = &made.image[SUITE_EXPECTED], *before = &made.image[SUITE_BEFORE];
        cr_expect(expected->width * expected->height == examples[i].count, "%s", examples[i].name);
        for (int64_t x = 0; x < expected->width; x++) {
            const bool untouched = examples[i].expected[x] >= UNTOUCHED;
            const double wanted = untouched ? poolgrad_image_get(before, 0, 0, 0, 0, x) : examples[i].expected[x];
            const double value = poolgrad_image_get(expected, 0, 0, 0, 0, x);
            cr_expect(fabs(value - wanted) <= fabs(wanted) * 0x1p-22, "%s: %g at %d, expected %g", examples[i].name,
                      value, (int)x, wanted);
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
