/* SPDX-License-Identifier: Apache-2.0 */
#include "suite/kit.h"

#include <assert.h>
#include <poolgrad/oracle.h>

#include <stdlib.h>
#include <string.h>

#include "suite/suite_recipe.h"

enum { STANDARD_ARRAYS = 10 };

struct poolgrad_suite {
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
    int64_t *images, *channels, *height, *width;
    bool picks; /* of picked taps, in a format of their own */
};

enum { SHAPES = 5 };

#define SHAPE(image, picks)                                                                                            \
    {                                                                                                                  \
        &(image)->format, &(image)->layout, &(image)->images, &(image)->channels, &(image)->height, &(image)->width,   \
            picks                                                                                                      \
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

/* ---- Features that the problem shows ----------------------------------------------------------------------------- */

static uint64_t features_of_axis(const poolgrad_problem *p, int64_t kernel, int64_t stride, int64_t dilation,
                                 struct suite_axis axis)
{
    const int64_t extent = (kernel - 1) * dilation + 1, last = axis.first + (axis.windows - 1) * stride;
    const bool crosses = axis.first < 0 || last + extent > axis.size;
    uint64_t features = 0;
    if (kernel % 2 == 0) features |= SUITE_FEATURE(EVEN_KERNEL);
    if (dilation > 1) features |= SUITE_FEATURE(DILATION);
    if (stride > 1) features |= SUITE_FEATURE(STRIDE);
    if (stride > extent) features |= SUITE_FEATURE(GAPS);
    if (stride < extent && axis.windows > 1) features |= SUITE_FEATURE(OVERLAP);
    if (crosses) features |= p->edge_mode == POOLGRAD_EDGE_CLAMP ? SUITE_FEATURE(CLAMP) : SUITE_FEATURE(EDGE_ZERO);
    if (axis.windows > 0 && (axis.first + extent <= 0 || last >= axis.size)) features |= SUITE_FEATURE(OUTSIDE);
    if (extent > axis.size) features |= SUITE_FEATURE(LARGE_KERNEL);
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

static uint64_t features_of_image(const struct shape *shape)
{
    uint64_t features = features_of_format(*shape->format);
    if (*shape->layout == POOLGRAD_NHWC) features |= SUITE_FEATURE(NHWC);
    if (*shape->layout == POOLGRAD_NC4HW4) features |= SUITE_FEATURE(NC4HW4);
    if (*shape->layout == POOLGRAD_NC4HW4 && *shape->channels % LANES) features |= SUITE_FEATURE(UNUSED_LANES);
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
    return region->x == 0 && region->y == 0 && region->width == POOLGRAD_ALL && region->height == POOLGRAD_ALL;
}

static uint64_t features_of_windows(const poolgrad_problem *p)
{
    uint64_t features = 0;
    if (!is_whole(&p->clip)) features |= SUITE_FEATURE(CLIP);
    if (p->mapping == POOLGRAD_MAPPING_CLIP) features |= SUITE_FEATURE(MAPPING_CLIP);
    if (!is_whole(&p->gradient_region)) features |= SUITE_FEATURE(GRADIENT_REGION);
    if (p->kernel_offset_x != 0 || p->kernel_offset_y != 0) features |= SUITE_FEATURE(KERNEL_OFFSET);
    if (p->source_channel_offset != 0 || p->gradient_channel_offset != 0 || p->destination_channel_offset != 0) {
        features |= SUITE_FEATURE(CHANNEL_WINDOW);
    }
    if (p->offset_image != 0 || p->clip.image != 0 || p->gradient_region.image != 0)
        features |= SUITE_FEATURE(BATCH_WINDOW);
    if (p->indices.format != POOLGRAD_FORMAT_NONE || p->picks.format != POOLGRAD_FORMAT_NONE)
        features |= SUITE_FEATURE(INDICES);
    if (p->add_to_destination) features |= SUITE_FEATURE(ADD);
    if (p->kind == POOLGRAD_AVERAGE && p->edge_mode == POOLGRAD_EDGE_CLAMP && p->zero_pad_x + p->zero_pad_y > 0) {
        features |= SUITE_FEATURE(ZERO_PAD);
    }
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

static int64_t windows_in(int64_t size, int64_t first, int64_t extent)
{
    const int64_t left = poolgrad_suite_greater(size - first, 0);
    return extent < left ? extent : left;
}

static int64_t windows_along(const poolgrad_problem *p, bool along_x)
{
    const bool gradient = p->direction == POOLGRAD_GRADIENT;
    const poolgrad_region *region = gradient ? &p->gradient_region : &p->clip;
    if (along_x)
        return windows_in(gradient ? p->source_gradient.width : p->destination.width, region->x, region->width);
    return windows_in(gradient ? p->source_gradient.height : p->destination.height, region->y, region->height);
}

static uint64_t features_of(const struct suite_recipe *recipe)
{
    const poolgrad_problem *p = &recipe->problem;
    const poolgrad_window *w = &p->window;
    const bool gradient = p->direction == POOLGRAD_GRADIENT;
    const int64_t extent_x = (w->kernel_width - 1) * w->dilation_x + 1;
    const int64_t extent_y = (w->kernel_height - 1) * w->dilation_y + 1;
    const struct suite_axis x = {p->offset_x - p->kernel_offset_x - extent_x / 2, windows_along(p, true),
                                 p->source.width};
    const struct suite_axis y = {p->offset_y - p->kernel_offset_y - extent_y / 2, windows_along(p, false),
                                 p->source.height};
    uint64_t features = recipe->features | features_of_windows(p) | features_of_images(p);
    features |= features_of_axis(p, w->kernel_width, w->stride_x, w->dilation_x, x);
    features |= features_of_axis(p, w->kernel_height, w->stride_y, w->dilation_y, y);
    if (recipe->source_values.count == 0 && !recipe->size_only) features |= features_of_data(recipe->source_data);
    if (gradient && recipe->gradient_values.count == 0) features |= features_of_data(recipe->gradient_data);
    if (recipe->size_only) features |= SUITE_FEATURE(SIZE_ONLY);
    return features;
}

/* ---- Recipes ----------------------------------------------------------------------------------------------------- */

void poolgrad_suite_place(poolgrad_problem *problem, struct suite_axis x, struct suite_axis y)
{
    const poolgrad_window *w = &problem->window;
    const bool gradient = problem->direction == POOLGRAD_GRADIENT;
    problem->offset_x = x.first + ((w->kernel_width - 1) * w->dilation_x + 1) / 2;
    problem->offset_y = y.first + ((w->kernel_height - 1) * w->dilation_y + 1) / 2;
    problem->source = poolgrad_const_image_dense(NULL, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, y.size, x.size);
    if (gradient) {
        problem->source_gradient = poolgrad_const_image_dense(NULL, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, y.windows,
                                                              x.windows);
    }
    problem->destination = poolgrad_image_dense(NULL, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1,
                                                gradient ? y.size : y.windows, gradient ? x.size : x.windows);
}

void poolgrad_suite_save_picks(poolgrad_problem *problem, poolgrad_format format)
{
    if (problem->direction == POOLGRAD_GRADIENT) {
        problem->indices = problem->source_gradient;
        problem->indices.format = format;
    } else {
        problem->picks = problem->destination;
        problem->picks.format = format;
    }
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

static poolgrad_const_image dense_to_read(const poolgrad_const_image *i)
{
    return poolgrad_const_image_dense(i->data, i->format, i->layout, i->images, i->channels, i->height, i->width);
}

static poolgrad_image dense(const poolgrad_image *i)
{
    return poolgrad_image_dense(i->data, i->format, i->layout, i->images, i->channels, i->height, i->width);
}

/* The strides of what a recipe has made of its images. */
static void set_strides(poolgrad_problem *p)
{
    p->source = dense_to_read(&p->source);
    if (p->source_gradient.format != POOLGRAD_FORMAT_NONE) p->source_gradient = dense_to_read(&p->source_gradient);
    if (p->indices.format != POOLGRAD_FORMAT_NONE) p->indices = dense_to_read(&p->indices);
    p->destination = dense(&p->destination);
    if (p->picks.format != POOLGRAD_FORMAT_NONE) p->picks = dense(&p->picks);
}

bool poolgrad_suite_add(poolgrad_suite *suite, const struct suite_recipe *recipe)
{
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

static bool add_formats(poolgrad_suite *suite)
{
    return poolgrad_suite_add_named(suite, POOLGRAD_FLOAT16, POOLGRAD_NC4HW4, true) &&
           poolgrad_suite_add_named(suite, POOLGRAD_BFLOAT16, POOLGRAD_NHWC, true) &&
           poolgrad_suite_add_named(suite, POOLGRAD_FLOAT64, POOLGRAD_NCHW, true);
}

static bool add_all(poolgrad_suite *suite, enum poolgrad_suite_size size, uint64_t seed)
{
    bool good = poolgrad_suite_add_named(suite, POOLGRAD_FLOAT32, POOLGRAD_NCHW, size != SUITE_SMOKE);
    if (good && size != SUITE_SMOKE) good = add_formats(suite);
    const int arrays = size == SUITE_SMOKE ? 1 : STANDARD_ARRAYS;
    for (int i = 0; good && i < arrays; i++) good = poolgrad_suite_add_covering(suite, i, poolgrad_suite_random(&seed));
    if (good && size == SUITE_EXHAUSTIVE) good = poolgrad_suite_add_windows(suite, poolgrad_suite_random(&seed));
    for (int64_t i = 0; i < suite->count; i++) suite->recipe[i].seed = poolgrad_suite_random(&seed);
    return good;
}

poolgrad_suite *poolgrad_suite_create(enum poolgrad_suite_size size, uint64_t seed)
{
    poolgrad_suite *suite = calloc(1, sizeof *suite);
    if (!suite || add_all(suite, size, seed)) return suite;
    poolgrad_suite_destroy(suite);
    return NULL;
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

/* ---- Memory ------------------------------------------------------------------------------------------------------ */

int64_t poolgrad_suite_bytes(const poolgrad_image *image)
{
    const bool packed = image->layout == POOLGRAD_NC4HW4;
    const int64_t lanes = packed ? poolgrad_suite_divide(image->channels, LANES) * LANES : 0;
    return image->images * (packed ? lanes : image->channels) * image->height * image->width *
           (int64_t)poolgrad_format_size(image->format);
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
    *image = poolgrad_image_dense(NULL, sizes->format, sizes->layout, sizes->images, sizes->channels, sizes->height,
                                  sizes->width);
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

/* The forward problem whose windows are those of the gradient's region; it writes the indices that the gradient reads.
 */
static poolgrad_status make_indices(struct suite_case *made, poolgrad_error *error)
{
    const poolgrad_problem *p = &made->problem;
    poolgrad_image values, *indices = &made->image[SUITE_INDICES];
    poolgrad_const_image sizes = p->source_gradient;
    poolgrad_problem forward = *p;
    sizes.format = POOLGRAD_FLOAT64;
    if (!allocate_like(indices, &p->indices) || !allocate_like(&values, &sizes)) return refuse_memory(error);
    forward.direction = POOLGRAD_FORWARD;
    forward.threads = 1;
    forward.source_gradient = forward.indices = (poolgrad_const_image){.data = NULL};
    forward.destination = values;
    forward.picks = *indices;
    forward.offset_x -= p->kernel_offset_x;
    forward.offset_y -= p->kernel_offset_y;
    forward.kernel_offset_x = forward.kernel_offset_y = 0;
    forward.clip = p->gradient_region;
    forward.destination_channel_offset = p->gradient_channel_offset;
    forward.add_to_destination = 0;
    forward.mapping = POOLGRAD_MAPPING_SOURCE;
    const poolgrad_status status = poolgrad_run(&forward, error);
    free(values.data);
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
        const poolgrad_status status = make_indices(made, error);
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
