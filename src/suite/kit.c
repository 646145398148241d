/* SPDX-License-Identifier: Apache-2.0 */
#include "suite/kit.h"

#include <assert.h>
#include <poolgrad/oracle.h>

#include <stdlib.h>
#include <string.h>

#include "suite/suite_profile.h"

enum { STANDARD_ARRAYS = 10, ARRAYS_OF_AXES = 3 };

struct poolgrad_suite {
    struct suite_scope scope;
    bool is_whole; /* the scope is empty */
    struct suite_recipe *recipe;
    int64_t count, capacity;
};

const char *const poolgrad_suite_feature_words[SUITE_FEATURES + 1] = {
    [FEATURE_TIES] = "ties",
    [FEATURE_ALL_EQUAL] = "all-equal",
    [FEATURE_NAN] = "nan",
    [FEATURE_INFINITY] = "infinity",
    [FEATURE_SUBNORMAL] = "subnormal",
    [FEATURE_CANCELLATION] = "cancellation",
    [FEATURE_RAMP] = "ramp",
    [FEATURE_SIGNED_ZEROS] = "signed-zeros",
    [FEATURE_OVERFLOW] = "overflow",
    [FEATURE_STALL] = "stall",
    [FEATURE_BORDER_MAXIMA] = "border-maxima",
    [FEATURE_LEAST_WINDOW] = "least-window",
    [FEATURE_ZERO_NORM] = "zero-norm",
    [FEATURE_EVEN_KERNEL] = "even-kernel",
    [FEATURE_DILATION] = "dilation",
    [FEATURE_STRIDE] = "stride",
    [FEATURE_GAPS] = "gaps",
    [FEATURE_OVERLAP] = "overlap",
    [FEATURE_EDGE_ZERO] = "edge-zero",
    [FEATURE_CLAMP] = "clamp",
    [FEATURE_ZERO_PAD] = "zero-pad",
    [FEATURE_OUTSIDE] = "outside",
    [FEATURE_CLIP] = "clip",
    [FEATURE_MAPPING_CLIP] = "mapping-clip",
    [FEATURE_GRADIENT_REGION] = "gradient-region",
    [FEATURE_KERNEL_OFFSET] = "kernel-offset",
    [FEATURE_CHANNEL_WINDOW] = "channel-window",
    [FEATURE_BATCH_WINDOW] = "batch-window",
    [FEATURE_INDICES] = "indices",
    [FEATURE_ADD] = "add",
    [FEATURE_EMPTY] = "empty",
    [FEATURE_GLOBAL] = "global",
    [FEATURE_LARGE_KERNEL] = "large-kernel",
    [FEATURE_CEIL_MODE] = "ceil-mode",
    [FEATURE_POLICY] = "policy",
    [FEATURE_EXCLUDE_EDGES] = "exclude-edges",
    [FEATURE_SIZE_ONLY] = "size-only",
    [FEATURE_UNORM] = "unorm",
    [FEATURE_FLOAT16] = "float16",
    [FEATURE_BFLOAT16] = "bfloat16",
    [FEATURE_FLOAT64] = "float64",
    [FEATURE_NHWC] = "nhwc",
    [FEATURE_NC4HW4] = "nc4hw4",
    [FEATURE_UNUSED_LANES] = "unused-lanes",
    [FEATURE_EXAMPLE] = "example",
    [FEATURE_VOLUME] = "volume",
    [FEATURE_TABLE] = "table",
    [FEATURE_DIVISOR] = "divisor",
    [FEATURE_ONE_SIDED_PAD] = "one-sided-pad",
    [FEATURE_ROOT_MEAN] = "root-mean",
    [FEATURE_GATHER] = "gather",
    [FEATURE_NC8HW8] = "nc8hw8",
    [FEATURE_NC16HW16] = "nc16hw16",
    [FEATURE_NC32HW32] = "nc32hw32",
    [FEATURE_LARGE] = "large",
    [FEATURE_NETWORK] = "network",
};
_Static_assert(SUITE_FEATURES <= 64, "a set of features is 64 bits");

const char *const poolgrad_suite_role_words[SUITE_ROLES + 1] = {
    "source", "source_gradient", "indices", "before", "expected", "exact", "expected_indices", NULL};

static poolgrad_status refuse_memory(poolgrad_error *error)
{
    if (error) *error = (poolgrad_error){"suite", "suite does not fit into memory"};
    return POOLGRAD_NO_MEMORY;
}

/* ---- Shapes ------------------------------------------------------------------------------------------------------ */

/* What images that are read and images that are written have in common. */
struct shape {
    poolgrad_format *format;
    poolgrad_layout *layout;
    int64_t *images, *channels, *depth, *height, *width;
    bool picks; /* of picked taps, in a format of their own */
};

enum { SHAPES = 5 };

#define SHAPE(image, picks)                                                                                            \
    {                                                                                                                  \
        &(image)->format, &(image)->layout, &(image)->images, &(image)->channels, &(image)->depth, &(image)->height,   \
            &(image)->width, picks                                                                                     \
    }

/* The images that the problem has, and how many they are. */
static int list_shapes(poolgrad_problem *p, struct shape shape[SHAPES])
{
    const struct shape all[SHAPES] = {SHAPE(&p->source, false), SHAPE(&p->source_gradient, false),
                                      SHAPE(&p->destination, false), SHAPE(&p->indices, true), SHAPE(&p->picks, true)};
    int count = 0;
    for (int i = 0; i < SHAPES; i++) {
        if (*all[i].format != POOLGRAD_FORMAT_NONE) shape[count++] = all[i];
    }
    return count;
}

/* ---- Axes -------------------------------------------------------------------------------------------------------- */

static int64_t extent_of(const struct axis_fields *f)
{
    return (*f->kernel - 1) * *f->dilation + 1;
}

static int64_t windows_along(const poolgrad_problem *p, const struct axis_fields *f)
{
    const bool gradient = p->direction == POOLGRAD_GRADIENT;
    const int64_t size = gradient ? *f->gradient : *f->destination;
    const int64_t left = poolgrad_max(size - (gradient ? *f->region : *f->clip), 0);
    const int64_t extent = gradient ? *f->region_size : *f->clip_size;
    return extent < left ? extent : left;
}

/* ---- Features that the problem shows ----------------------------------------------------------------------------- */

static uint64_t feature_of_edge(const poolgrad_problem *p)
{
    return p->edge_mode == POOLGRAD_EDGE_CLAMP ? SUITE_FEATURE(CLAMP) : SUITE_FEATURE(EDGE_ZERO);
}

static uint64_t features_of_progression(const poolgrad_problem *p, const struct axis_fields *f)
{
    const int64_t extent = extent_of(f), windows = windows_along(p, f), size = *f->source, stride = *f->stride;
    const int64_t first = *f->offset - *f->kernel_offset - extent / 2, last = first + (windows - 1) * stride;
    uint64_t features = 0;
    if (*f->kernel % 2 == 0) features |= SUITE_FEATURE(EVEN_KERNEL);
    if (*f->dilation > 1) features |= SUITE_FEATURE(DILATION);
    if (stride > 1) features |= SUITE_FEATURE(STRIDE);
    if (stride > extent) features |= SUITE_FEATURE(GAPS);
    if (stride < extent && windows > 1) features |= SUITE_FEATURE(OVERLAP);
    if (first < 0 || last + extent > size) features |= feature_of_edge(p);
    if (windows > 0 && (first + extent <= 0 || last >= size)) features |= SUITE_FEATURE(OUTSIDE);
    if (extent > size) features |= SUITE_FEATURE(LARGE_KERNEL);
    return features;
}

static uint64_t features_of_table(const poolgrad_problem *p, const struct suite_table *table, int64_t size)
{
    uint64_t features = SUITE_FEATURE(TABLE);
    for (int64_t i = 0; i < table->count; i++) {
        const poolgrad_span w = table->span[i], before = table->span[i > 0 ? i - 1 : 0];
        if (w.size % 2 == 0) features |= SUITE_FEATURE(EVEN_KERNEL);
        if (i > 0 && w.first > before.first + before.size) features |= SUITE_FEATURE(GAPS);
        if (i > 0 && w.first < before.first + before.size) features |= SUITE_FEATURE(OVERLAP);
        if (w.first < 0 || w.first + w.size > size) features |= feature_of_edge(p);
        if (w.first + w.size <= 0 || w.first >= size) features |= SUITE_FEATURE(OUTSIDE);
        if (w.size > size) features |= SUITE_FEATURE(LARGE_KERNEL);
    }
    return features;
}

static uint64_t features_of_axes(const struct suite_recipe *recipe)
{
    poolgrad_problem p = recipe->problem;
    uint64_t features = 0;
    const int axes = p.source.depth > 0 ? AXES : AXIS_Z;
    if (axes == AXES) features |= SUITE_FEATURE(VOLUME);
    for (int i = 0; i < axes; i++) {
        const struct axis_fields f = poolgrad_axis_fields(&p, (enum axis)i);
        const struct suite_table *table = &recipe->table[i];
        features |= table->count > 0 ? features_of_table(&p, table, *f.source) : features_of_progression(&p, &f);
    }
    return features;
}

static uint64_t features_of_format(poolgrad_format format)
{
    switch (format) {
    case POOLGRAD_UNORM8:
    case POOLGRAD_UNORM16: return SUITE_FEATURE(UNORM);
    case POOLGRAD_FLOAT16: return SUITE_FEATURE(FLOAT16);
    case POOLGRAD_BFLOAT16: return SUITE_FEATURE(BFLOAT16);
    case POOLGRAD_FLOAT64: return SUITE_FEATURE(FLOAT64);
    default: return 0;
    }
}

static uint64_t features_of_layout(poolgrad_layout layout)
{
    switch (layout) {
    case POOLGRAD_NHWC: return SUITE_FEATURE(NHWC);
    case POOLGRAD_NC4HW4: return SUITE_FEATURE(NC4HW4);
    case POOLGRAD_NC8HW8: return SUITE_FEATURE(NC8HW8);
    case POOLGRAD_NC16HW16: return SUITE_FEATURE(NC16HW16);
    case POOLGRAD_NC32HW32: return SUITE_FEATURE(NC32HW32);
    default: return 0;
    }
}

static uint64_t features_of_image(const struct shape *shape)
{
    uint64_t features = features_of_format(*shape->format) | features_of_layout(*shape->layout);
    if (*shape->channels % poolgrad_suite_lanes(*shape->layout)) features |= SUITE_FEATURE(UNUSED_LANES);
    if (*shape->images == 0 || *shape->channels == 0 || *shape->height == 0 || *shape->width == 0)
        features |= SUITE_FEATURE(EMPTY);
    return features;
}

/* What the images of values show. */
static uint64_t features_of_images(const poolgrad_problem *problem)
{
    poolgrad_problem p = *problem;
    struct shape shape[SHAPES];
    uint64_t features = 0;
    const int count = list_shapes(&p, shape);
    for (int i = 0; i < count; i++) {
        if (!shape[i].picks) features |= features_of_image(&shape[i]);
    }
    return features;
}

static bool is_whole(const poolgrad_region *region)
{
    return region->x == 0 && region->y == 0 && region->z == 0 && region->width == POOLGRAD_ALL &&
           region->height == POOLGRAD_ALL && region->depth == POOLGRAD_ALL;
}

/* What an average, or the root of a mean, divides by. */
static uint64_t features_of_mean(const struct suite_recipe *recipe)
{
    poolgrad_problem p = recipe->problem;
    uint64_t features = 0;
    if (p.root_mean) features |= SUITE_FEATURE(ROOT_MEAN);
    if (p.divisor != 0) features |= SUITE_FEATURE(DIVISOR);
    const bool counts = p.edge_mode == POOLGRAD_EDGE_CLAMP && (p.kind == POOLGRAD_AVERAGE || p.root_mean);
    for (int i = 0; i < AXES; i++) {
        const struct axis_fields f = poolgrad_axis_fields(&p, (enum axis)i);
        const int64_t one_side = *f.zero_before + *f.zero_behind;
        if (counts && *f.zero_pad + one_side > 0) features |= SUITE_FEATURE(ZERO_PAD);
        if (one_side > 0) features |= SUITE_FEATURE(ONE_SIDED_PAD);
    }
    return features;
}

/* A forward call from indices. */
static bool is_gather(const poolgrad_problem *p)
{
    return p->direction == POOLGRAD_FORWARD && p->indices.format != POOLGRAD_FORMAT_NONE;
}

static uint64_t features_of_windows(const poolgrad_problem *p)
{
    uint64_t features = 0;
    if (!is_whole(&p->clip)) features |= SUITE_FEATURE(CLIP);
    if (p->mapping == POOLGRAD_MAPPING_CLIP) features |= SUITE_FEATURE(MAPPING_CLIP);
    if (!is_whole(&p->gradient_region)) features |= SUITE_FEATURE(GRADIENT_REGION);
    if (p->kernel_offset_x != 0 || p->kernel_offset_y != 0 || p->kernel_offset_z != 0)
        features |= SUITE_FEATURE(KERNEL_OFFSET);
    if (p->source_channel_offset != 0 || p->gradient_channel_offset != 0 || p->destination_channel_offset != 0) {
        features |= SUITE_FEATURE(CHANNEL_WINDOW);
    }
    if (p->offset_image != 0 || p->clip.image != 0 || p->gradient_region.image != 0)
        features |= SUITE_FEATURE(BATCH_WINDOW);
    if (p->indices.format != POOLGRAD_FORMAT_NONE || p->picks.format != POOLGRAD_FORMAT_NONE)
        features |= SUITE_FEATURE(INDICES);
    if (is_gather(p)) features |= SUITE_FEATURE(GATHER);
    if (p->add_to_destination) features |= SUITE_FEATURE(ADD);
    return features;
}

static uint64_t features_of_data(enum suite_data data)
{
    static const uint64_t features[] = {[DATA_RAMP] = SUITE_FEATURE(RAMP),
                                        [DATA_TIES] = SUITE_FEATURE(TIES),
                                        [DATA_EQUAL] = SUITE_FEATURE(ALL_EQUAL) | SUITE_FEATURE(TIES),
                                        [DATA_NAN] = SUITE_FEATURE(NAN) | SUITE_FEATURE(TIES),
                                        [DATA_INFINITIES] = SUITE_FEATURE(INFINITY) | SUITE_FEATURE(TIES),
                                        [DATA_SUBNORMALS] = SUITE_FEATURE(SUBNORMAL),
                                        [DATA_CANCELLATION] = SUITE_FEATURE(CANCELLATION),
                                        [DATA_SIGNED_ZEROS] = SUITE_FEATURE(SIGNED_ZEROS) | SUITE_FEATURE(TIES),
                                        [DATA_GREATEST] = SUITE_FEATURE(OVERFLOW),
                                        [DATA_BORDER] = SUITE_FEATURE(BORDER_MAXIMA),
                                        [DATA_LEAST] = SUITE_FEATURE(LEAST_WINDOW) | SUITE_FEATURE(INFINITY),
                                        [DATA_ONES] = SUITE_FEATURE(ALL_EQUAL) | SUITE_FEATURE(TIES),
                                        [DATA_BLOCKS_OF_ZEROS] = 0};
    return features[data];
}

static uint64_t features_of(const struct suite_recipe *recipe)
{
    const poolgrad_problem *p = &recipe->problem;
    uint64_t features = recipe->features | features_of_windows(p) | features_of_images(p);
    features |= features_of_axes(recipe) | features_of_mean(recipe);
    if (recipe->source_values.count == 0 && !recipe->size_only) features |= features_of_data(recipe->source_data);
    if (p->direction == POOLGRAD_GRADIENT && recipe->gradient_values.count == 0)
        features |= features_of_data(recipe->gradient_data);
    if (recipe->size_only) features |= SUITE_FEATURE(SIZE_ONLY);
    return features;
}

/* ---- Recipes ----------------------------------------------------------------------------------------------------- */

static poolgrad_image image_of_axes(const int64_t size[AXES])
{
    return poolgrad_suite_image(POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, size[AXIS_Z], size[AXIS_Y], size[AXIS_X]);
}

void poolgrad_suite_place(struct suite_recipe *recipe, const struct suite_axis axis[AXES])
{
    poolgrad_problem *p = &recipe->problem;
    int64_t source[AXES], outputs[AXES];
    for (int i = 0; i < AXES; i++) {
        const struct axis_fields f = poolgrad_axis_fields(p, (enum axis)i);
        const int64_t count = recipe->table[i].count;
        source[i] = axis[i].size;
        outputs[i] = count > 0 ? count : axis[i].windows;
        *f.offset = count > 0 ? 0 : axis[i].first + extent_of(&f) / 2;
    }
    if (source[AXIS_Z] == 0) outputs[AXIS_Z] = 0;
    const poolgrad_image of_source = image_of_axes(source), of_outputs = image_of_axes(outputs);
    p->source = poolgrad_image_as_const(&of_source);
    if (p->direction == POOLGRAD_GRADIENT) p->source_gradient = poolgrad_image_as_const(&of_outputs);
    p->destination = p->direction == POOLGRAD_GRADIENT ? of_source : of_outputs;
}

static poolgrad_const_image outputs_of(const poolgrad_problem *p)
{
    return p->direction == POOLGRAD_GRADIENT ? p->source_gradient : poolgrad_image_as_const(&p->destination);
}

void poolgrad_suite_read_indices(poolgrad_problem *problem, poolgrad_format format)
{
    problem->indices = outputs_of(problem);
    problem->indices.format = format;
}

void poolgrad_suite_write_picks(poolgrad_problem *problem, poolgrad_format format)
{
    problem->picks = problem->destination;
    problem->picks.format = format;
}

void poolgrad_suite_set_format(poolgrad_problem *problem, poolgrad_format format)
{
    struct shape shape[SHAPES];
    const int count = list_shapes(problem, shape);
    for (int i = 0; i < count; i++) {
        if (!shape[i].picks) *shape[i].format = format;
    }
}

void poolgrad_suite_set_layout(poolgrad_problem *problem, poolgrad_layout layout)
{
    struct shape shape[SHAPES];
    const int count = list_shapes(problem, shape);
    for (int i = 0; i < count; i++) *shape[i].layout = layout;
}

void poolgrad_suite_set_channels(poolgrad_problem *problem, int64_t images, int64_t channels)
{
    struct shape shape[SHAPES];
    const int count = list_shapes(problem, shape);
    for (int i = 0; i < count; i++) {
        *shape[i].images = images;
        *shape[i].channels = channels;
    }
}

poolgrad_image poolgrad_suite_image(poolgrad_format format, poolgrad_layout layout, int64_t images, int64_t channels,
                                    int64_t depth, int64_t height, int64_t width)
{
    poolgrad_image image = poolgrad_image_dense_3d(NULL, format, layout, images, channels, poolgrad_max(depth, 1),
                                                   height, width);
    image.depth = depth;
    return image;
}

static poolgrad_image dense(const poolgrad_image *i)
{
    return poolgrad_suite_image(i->format, i->layout, i->images, i->channels, i->depth, i->height, i->width);
}

/* The same of an image that is read, which has no data yet. */
static poolgrad_image dense_like(const poolgrad_const_image *i)
{
    return poolgrad_suite_image(i->format, i->layout, i->images, i->channels, i->depth, i->height, i->width);
}

static void set_strides_to_read(poolgrad_const_image *i)
{
    const poolgrad_image image = dense_like(i);
    if (i->format != POOLGRAD_FORMAT_NONE) *i = poolgrad_image_as_const(&image);
}

/* The strides of what a recipe has made of its images. */
static void set_strides(poolgrad_problem *p)
{
    set_strides_to_read(&p->source);
    set_strides_to_read(&p->source_gradient);
    set_strides_to_read(&p->indices);
    p->destination = dense(&p->destination);
    if (p->picks.format != POOLGRAD_FORMAT_NONE) p->picks = dense(&p->picks);
}

/* ---- Scopes ------------------------------------------------------------------------------------------------------ */

enum suite_direction poolgrad_suite_direction(const poolgrad_problem *problem)
{
    if (problem->direction == POOLGRAD_GRADIENT) return SUITE_GRADIENT;
    return problem->indices.format != POOLGRAD_FORMAT_NONE ? SUITE_GATHER : SUITE_FORWARD;
}

enum suite_kind poolgrad_suite_kind(const poolgrad_problem *problem)
{
    if (problem->root_mean) return SUITE_ROOT_MEAN;
    return problem->kind == POOLGRAD_AVERAGE ? SUITE_AVERAGE : problem->kind == POOLGRAD_MAX ? SUITE_MAX : SUITE_L2NORM;
}

static bool leaves(uint64_t set, int word)
{
    return set == 0 || (set >> word & 1);
}

bool poolgrad_suite_has_case(const struct suite_scope *scope, const poolgrad_problem *problem, uint64_t features)
{
    const struct suite_profile_rules *rules = poolgrad_suite_profile_rules(scope->profile);
    const bool wanted = scope->features == 0 || (features & scope->features);
    if (!leaves(scope->directions, (int)poolgrad_suite_direction(problem)) ||
        !leaves(scope->kinds, (int)poolgrad_suite_kind(problem)) ||
        !leaves(scope->formats, (int)problem->destination.format) ||
        !leaves(scope->layouts, (int)problem->destination.layout) || !wanted || (features & scope->without)) {
        return false;
    }
    return !rules || poolgrad_suite_can_say(rules, problem, features);
}

/* Tables stand in the recipe, which may move. */
static void give_recipe_tables(struct suite_recipe *recipe)
{
    for (int axis = 0; axis < AXES; axis++) {
        const struct suite_table *table = &recipe->table[axis];
        if (table->count == 0) continue;
        *poolgrad_axis_fields(&recipe->problem, (enum axis)axis).table = (poolgrad_table){table->span, table->count};
    }
}

bool poolgrad_suite_is_in(const struct suite_scope *scope, const struct suite_recipe *recipe)
{
    struct suite_recipe copy = *recipe;
    give_recipe_tables(&copy);
    return poolgrad_suite_has_case(scope, &copy.problem, features_of(recipe));
}

const struct suite_scope *poolgrad_suite_scope(const poolgrad_suite *suite)
{
    return suite->is_whole ? NULL : &suite->scope;
}

/* ---- Cases ------------------------------------------------------------------------------------------------------- */

bool poolgrad_suite_add(poolgrad_suite *suite, const struct suite_recipe *recipe)
{
    if (!suite->is_whole && !poolgrad_suite_is_in(&suite->scope, recipe)) return true;
    enum { FIRST_CAPACITY = 256 };
    if (suite->count == suite->capacity) {
        const int64_t capacity = suite->capacity ? 2 * suite->capacity : FIRST_CAPACITY;
        struct suite_recipe *grown = realloc(suite->recipe, (size_t)capacity * sizeof *grown);
        if (!grown) return false;
        suite->recipe = grown;
        suite->capacity = capacity;
    }
    struct suite_recipe *added = &suite->recipe[suite->count++];
    *added = *recipe;
    added->features = features_of(recipe);
    set_strides(&added->problem);
    return true;
}

/* ---- The kit ----------------------------------------------------------------------------------------------------- */

/* The formats and layouts of named cases; smoke kits have the first alone. */
struct dress {
    poolgrad_format format;
    poolgrad_layout layout;
};

enum { DRESSES = 4 };
static const struct dress dresses[DRESSES] = {{POOLGRAD_FLOAT32, POOLGRAD_NCHW},
                                              {POOLGRAD_FLOAT16, POOLGRAD_NC4HW4},
                                              {POOLGRAD_BFLOAT16, POOLGRAD_NHWC},
                                              {POOLGRAD_FLOAT64, POOLGRAD_NCHW}};

/* Those of a scope, each format once: where it lacks the layout, one of its own, in turn. */
static int list_dresses(const struct suite_scope *scope, struct dress list[DRESSES])
{
    const struct suite_profile_rules *rules = poolgrad_suite_profile_rules(scope->profile);
    const uint64_t all = ~UINT64_C(0);
    const uint64_t formats = (scope->formats ? scope->formats : all) & (rules ? (uint64_t)rules->formats : all);
    const uint64_t layouts = (scope->layouts ? scope->layouts : all) & (rules ? (uint64_t)rules->layouts : all);
    int count = 0, turn = POOLGRAD_NC32HW32;
    for (int i = 0; i < DRESSES && layouts; i++) {
        if (!(formats >> dresses[i].format & 1)) continue;
        list[count] = dresses[i];
        if (!(layouts >> dresses[i].layout & 1)) {
            do turn = (turn + 1) % (POOLGRAD_NC32HW32 + 1);
            while (!(layouts >> turn & 1));
            list[count].layout = (poolgrad_layout)turn;
        }
        count++;
    }
    return count;
}

static int count_formats(int dressed, bool all)
{
    return all ? dressed : (int)poolgrad_min(dressed, 1);
}

static bool add_named(poolgrad_suite *suite, enum suite_extent extent, bool all)
{
    struct dress list[DRESSES];
    const int count = count_formats(list_dresses(&suite->scope, list), all);
    for (int i = 0; i < count; i++) {
        if (!poolgrad_suite_add_named(suite, extent, list[i].format, list[i].layout, all)) return false;
    }
    return true;
}

static bool add_large(poolgrad_suite *suite, bool all)
{
    struct dress list[DRESSES];
    const int count = count_formats(list_dresses(&suite->scope, list), all);
    for (int i = 0; i < count; i++) {
        const bool heavy = all && i == 0;
        if (!poolgrad_suite_add_large(suite, list[i].format, list[i].layout, all, heavy)) return false;
    }
    return true;
}

static void seed_cases(poolgrad_suite *suite, int64_t first, uint64_t *seed)
{
    for (int64_t i = first; i < suite->count; i++) suite->recipe[i].seed = poolgrad_suite_random(seed);
}

/* What stands behind other cases moves none of them, and changes no data of theirs. */
static bool add_all(poolgrad_suite *suite, enum poolgrad_suite_size size, uint64_t seed)
{
    const bool smoke = size == SUITE_SMOKE;
    bool good = add_named(suite, SUITE_PLANES, !smoke);
    if (good) good = poolgrad_suite_add_coverings(suite, SUITE_PLANES, smoke ? 1 : STANDARD_ARRAYS, &seed);
    if (good && size == SUITE_EXHAUSTIVE) good = poolgrad_suite_add_windows(suite, poolgrad_suite_random(&seed));
    seed_cases(suite, 0, &seed);
    const int64_t planes = suite->count;
    if (good) good = add_named(suite, SUITE_EVERY_AXIS, !smoke);
    if (good) good = poolgrad_suite_add_coverings(suite, SUITE_EVERY_AXIS, smoke ? 1 : ARRAYS_OF_AXES, &seed);
    seed_cases(suite, planes, &seed);
    const int64_t small = suite->count;
    if (good) good = add_large(suite, !smoke);
    seed_cases(suite, small, &seed);
    return good;
}

/* Recipes move no more. */
static void give_tables(poolgrad_suite *suite)
{
    for (int64_t i = 0; i < suite->count; i++) give_recipe_tables(&suite->recipe[i]);
}

static bool is_empty_scope(const struct suite_scope *s)
{
    const uint64_t words = s->directions | s->kinds | s->formats | s->layouts | s->features | s->without;
    return s->profile == PROFILE_ALL && words == 0;
}

poolgrad_suite *poolgrad_suite_create(enum poolgrad_suite_size size, uint64_t seed)
{
    const struct suite_scope all = {.profile = PROFILE_ALL};
    return poolgrad_suite_create_for(size, seed, &all);
}

poolgrad_suite *poolgrad_suite_create_for(enum poolgrad_suite_size size, uint64_t seed, const struct suite_scope *scope)
{
    poolgrad_suite *suite = calloc(1, sizeof *suite);
    if (suite) suite->scope = *scope;
    if (suite) suite->is_whole = is_empty_scope(scope);
    if (!suite || !add_all(suite, size, seed)) {
        poolgrad_suite_destroy(suite);
        return NULL;
    }
    give_tables(suite);
    return suite;
}

void poolgrad_suite_destroy(poolgrad_suite *suite)
{
    if (suite) free(suite->recipe);
    free(suite);
}

int64_t poolgrad_suite_count(const poolgrad_suite *suite)
{
    return suite->count;
}

const char *poolgrad_suite_name(const poolgrad_suite *suite, int64_t index)
{
    return suite->recipe[index].name;
}

const poolgrad_problem *poolgrad_suite_problem(const poolgrad_suite *suite, int64_t index)
{
    return &suite->recipe[index].problem;
}

uint64_t poolgrad_suite_features(const poolgrad_suite *suite, int64_t index)
{
    return suite->recipe[index].features;
}

/* ---- Memory ------------------------------------------------------------------------------------------------------ */

int64_t poolgrad_suite_bytes(const poolgrad_image *image)
{
    return image->images * image->image_stride * (int64_t)poolgrad_format_size(image->format);
}

bool poolgrad_suite_allocate(poolgrad_image *image)
{
    const int64_t bytes = poolgrad_suite_bytes(image);
    image->data = calloc(1, bytes > 0 ? (size_t)bytes : 1);
    return image->data != NULL;
}

bool poolgrad_suite_destination(const struct suite_case *made, poolgrad_image *destination)
{
    const poolgrad_image *before = &made->image[SUITE_BEFORE];
    *destination = made->problem.destination;
    if (!poolgrad_suite_allocate(destination)) return false;
    if (before->data) memcpy(destination->data, before->data, (size_t)poolgrad_suite_bytes(before));
    return true;
}

void poolgrad_suite_case_free(struct suite_case *made)
{
    for (int role = 0; role < SUITE_ROLES; role++) free(made->image[role].data);
    *made = (struct suite_case){.features = 0};
}

/* ---- Making a case ----------------------------------------------------------------------------------------------- */

/* Memory for what the problem reads. */
static bool allocate_like(poolgrad_image *image, const poolgrad_const_image *sizes)
{
    *image = dense_like(sizes);
    return poolgrad_suite_allocate(image);
}

static void fill(const poolgrad_image *image, enum suite_data data, const struct suite_values *values, uint64_t seed)
{
    if (values->count > 0)
        poolgrad_suite_fill_values(image, values->value, values->count);
    else
        poolgrad_suite_fill(image, data, seed);
}

/* Inputs that are not indices. */
static bool make_inputs(const struct suite_recipe *recipe, struct suite_case *made)
{
    uint64_t seed = recipe->seed;
    poolgrad_problem *p = &made->problem;
    poolgrad_image *image = made->image;
    const uint64_t source_seed = poolgrad_suite_random(&seed), gradient_seed = poolgrad_suite_random(&seed);
    if (!allocate_like(&image[SUITE_SOURCE], &p->source)) return false;
    fill(&image[SUITE_SOURCE], recipe->source_data, &recipe->source_values, source_seed);
    p->source = poolgrad_image_as_const(&image[SUITE_SOURCE]);
    if (p->direction == POOLGRAD_GRADIENT) {
        if (!allocate_like(&image[SUITE_SOURCE_GRADIENT], &p->source_gradient)) return false;
        fill(&image[SUITE_SOURCE_GRADIENT], recipe->gradient_data, &recipe->gradient_values, gradient_seed);
        p->source_gradient = poolgrad_image_as_const(&image[SUITE_SOURCE_GRADIENT]);
    }
    if (!recipe->before) return true;
    image[SUITE_BEFORE] = p->destination;
    if (!poolgrad_suite_allocate(&image[SUITE_BEFORE])) return false;
    poolgrad_suite_fill(&image[SUITE_BEFORE], recipe->before_data, poolgrad_suite_random(&seed));
    return true;
}

/* The forward problem that writes what a gradient reads: its windows are those of the gradient's region. */
static poolgrad_problem forward_of_gradient(const poolgrad_problem *p)
{
    poolgrad_problem forward = *p;
    forward.direction = POOLGRAD_FORWARD;
    forward.source_gradient = (poolgrad_const_image){.data = NULL};
    for (int i = 0; i < AXES; i++) {
        const struct axis_fields f = poolgrad_axis_fields(&forward, (enum axis)i);
        *f.offset -= *f.kernel_offset;
        *f.kernel_offset = 0;
    }
    forward.clip = p->gradient_region;
    forward.destination_channel_offset = p->gradient_channel_offset;
    forward.add_to_destination = 0;
    forward.mapping = POOLGRAD_MAPPING_SOURCE;
    return forward;
}

/* A gradient's indices are its own source's picks, a gather's those of another image of the same size. */
static poolgrad_status make_indices(const struct suite_recipe *recipe, uint64_t seed, struct suite_case *made,
                                    poolgrad_error *error)
{
    const poolgrad_problem *p = &made->problem;
    const bool gather = is_gather(p);
    poolgrad_image values, searched = {.data = NULL}, *indices = &made->image[SUITE_INDICES];
    poolgrad_const_image sizes = outputs_of(p);
    poolgrad_problem forward = gather ? *p : forward_of_gradient(p);
    sizes.format = POOLGRAD_FLOAT64;
    if (!allocate_like(indices, &p->indices) || !allocate_like(&values, &sizes)) return refuse_memory(error);
    if (gather && !allocate_like(&searched, &p->source)) {
        free(values.data);
        return refuse_memory(error);
    }
    if (gather) poolgrad_suite_fill(&searched, recipe->gradient_data, seed);
    if (gather) forward.source = poolgrad_image_as_const(&searched);
    forward.threads = 1;
    forward.indices = (poolgrad_const_image){.data = NULL};
    forward.destination = values;
    forward.picks = *indices;
    const poolgrad_status status = poolgrad_run(&forward, error);
    free(values.data);
    free(searched.data);
    made->problem.indices = poolgrad_image_as_const(indices);
    return status;
}

static poolgrad_status make_result(struct suite_case *made, enum poolgrad_suite_role role, poolgrad_error *error)
{
    poolgrad_problem p = made->problem;
    poolgrad_image *result = &made->image[role];
    p.mode = POOLGRAD_MODE_REFERENCE;
    p.threads = 1; /* cases are smaller than what it takes to start another */
    if (!poolgrad_suite_destination(made, result)) return refuse_memory(error);
    p.destination = *result;
    if (role == SUITE_EXACT) {
        p.picks = (poolgrad_image){.data = NULL};
        return poolgrad_exact_run(&p, error);
    }
    if (p.picks.format != POOLGRAD_FORMAT_NONE) {
        if (!poolgrad_suite_allocate(&p.picks)) return refuse_memory(error);
        made->image[SUITE_EXPECTED_INDICES] = p.picks;
    }
    return poolgrad_run(&p, error);
}

static poolgrad_status make(const struct suite_recipe *recipe, struct suite_case *made, poolgrad_error *error)
{
    poolgrad_problem *p = &made->problem;
    if (!make_inputs(recipe, made)) return refuse_memory(error);
    if (p->indices.format != POOLGRAD_FORMAT_NONE) {
        const poolgrad_status status = make_indices(recipe, ~recipe->seed, made, error);
        if (status != POOLGRAD_OK) return status;
    }
    if (recipe->size_only) {
        free(made->image[SUITE_SOURCE].data);
        made->image[SUITE_SOURCE].data = NULL;
        p->source.data = NULL;
    }
    const poolgrad_status status = make_result(made, SUITE_EXPECTED, error);
    return status == POOLGRAD_OK ? make_result(made, SUITE_EXACT, error) : status;
}

poolgrad_status poolgrad_suite_make(const poolgrad_suite *suite, int64_t index, struct suite_case *made,
                                    poolgrad_error *error)
{
    assert(index >= 0 && index < suite->count);
    const struct suite_recipe *recipe = &suite->recipe[index];
    *made = (struct suite_case){.features = recipe->features, .problem = recipe->problem};
    memcpy(made->name, recipe->name, sizeof made->name);
    const poolgrad_status status = make(recipe, made, error);
    if (status != POOLGRAD_OK) poolgrad_suite_case_free(made);
    return status;
}
