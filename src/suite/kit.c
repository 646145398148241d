/* SPDX-License-Identifier: Apache-2.0 */
#include "suite/kit.h"

#include <assert.h>
#include <poolgrad/oracle.h>

#include <stdlib.h>
#include <string.h>

#include "geometry/error.h"
#include "geometry/integer.h"
#include "image/image.h"
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

const char *poolgrad_suite_direction_word(poolgrad_direction direction)
{
    return direction == POOLGRAD_GRADIENT ? "gradient" : "forward";
}

const char *poolgrad_suite_kind_word(poolgrad_kind kind)
{
    static const char *const words[] = {"average", "max", "l2norm"};
    return words[kind];
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

static uint64_t features_of_image(const poolgrad_image *image)
{
    uint64_t features = 0;
    if (image->format == POOLGRAD_FORMAT_NONE) return 0;
    if (image->format == POOLGRAD_UNORM8 || image->format == POOLGRAD_UNORM16) features |= SUITE_FEATURE(UNORM);
    if (image->format == POOLGRAD_FLOAT16) features |= SUITE_FEATURE(FLOAT16);
    if (image->format == POOLGRAD_BFLOAT16) features |= SUITE_FEATURE(BFLOAT16);
    if (image->format == POOLGRAD_FLOAT64) features |= SUITE_FEATURE(FLOAT64);
    if (image->layout == POOLGRAD_NHWC) features |= SUITE_FEATURE(NHWC);
    if (image->layout == POOLGRAD_NC4HW4) features |= SUITE_FEATURE(NC4HW4);
    if (image->layout == POOLGRAD_NC4HW4 && image->channels % POOLGRAD_LANES) features |= SUITE_FEATURE(UNUSED_LANES);
    if (poolgrad_image_is_empty(image)) features |= SUITE_FEATURE(EMPTY);
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
    if (p->offset_z != 0 || p->clip.z != 0 || p->gradient_region.z != 0) features |= SUITE_FEATURE(BATCH_WINDOW);
    if (p->indices.format != POOLGRAD_FORMAT_NONE) features |= SUITE_FEATURE(INDICES);
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

static int64_t windows_along(const poolgrad_problem *p, bool along_x)
{
    const poolgrad_image *image = p->direction == POOLGRAD_GRADIENT ? &p->source_gradient : &p->destination;
    const poolgrad_region *region = p->direction == POOLGRAD_GRADIENT ? &p->gradient_region : &p->clip;
    const int64_t size = along_x ? image->width : image->height, first = along_x ? region->x : region->y;
    return poolgrad_min(along_x ? region->width : region->height, poolgrad_max(size - first, 0));
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
    uint64_t features = recipe->features | features_of_windows(p) | features_of_image(&p->source) |
                        features_of_image(&p->source_gradient) | features_of_image(&p->destination);
    features |= features_of_axis(p, w->kernel_width, w->stride_x, w->dilation_x, x);
    features |= features_of_axis(p, w->kernel_height, w->stride_y, w->dilation_y, y);
    if (recipe->source_values.count == 0 && !recipe->size_only) features |= features_of_data(recipe->source_data);
    if (gradient && recipe->gradient_values.count == 0) features |= features_of_data(recipe->gradient_data);
    if (recipe->size_only) features |= SUITE_FEATURE(SIZE_ONLY);
    return features;
}

/* ---- Recipes ----------------------------------------------------------------------------------------------------- */

static void set_size(poolgrad_image *image, int64_t width, int64_t height)
{
    *image = (poolgrad_image){.format = POOLGRAD_FLOAT32, .images = 1, .channels = 1, .height = height, .width = width};
}

void poolgrad_suite_place(poolgrad_problem *problem, struct suite_axis x, struct suite_axis y)
{
    const poolgrad_window *w = &problem->window;
    const bool gradient = problem->direction == POOLGRAD_GRADIENT;
    problem->offset_x = x.first + ((w->kernel_width - 1) * w->dilation_x + 1) / 2;
    problem->offset_y = y.first + ((w->kernel_height - 1) * w->dilation_y + 1) / 2;
    set_size(&problem->source, x.size, y.size);
    if (gradient) set_size(&problem->source_gradient, x.windows, y.windows);
    set_size(&problem->destination, gradient ? x.size : x.windows, gradient ? y.size : y.windows);
}

static void list_images(poolgrad_problem *problem, poolgrad_image *image[4])
{
    image[0] = &problem->source;
    image[1] = &problem->source_gradient;
    image[2] = &problem->destination;
    image[3] = &problem->indices;
}

void poolgrad_suite_set_format(poolgrad_problem *problem, poolgrad_format format)
{
    poolgrad_image *image[4];
    list_images(problem, image);
    for (int i = 0; i < 3; i++) {
        if (image[i]->format != POOLGRAD_FORMAT_NONE) image[i]->format = format;
    }
}

void poolgrad_suite_set_layout(poolgrad_problem *problem, poolgrad_layout layout)
{
    poolgrad_image *image[4];
    list_images(problem, image);
    for (int i = 0; i < 4; i++) {
        if (image[i]->format != POOLGRAD_FORMAT_NONE) image[i]->layout = layout;
    }
}

void poolgrad_suite_set_channels(poolgrad_problem *problem, int64_t images, int64_t channels)
{
    poolgrad_image *image[4];
    list_images(problem, image);
    for (int i = 0; i < 4; i++) {
        if (image[i]->format == POOLGRAD_FORMAT_NONE) continue;
        image[i]->images = images;
        image[i]->channels = channels;
    }
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
    const int64_t lanes = packed ? poolgrad_ceiling_divide(image->channels, POOLGRAD_LANES) * POOLGRAD_LANES : 0;
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

static bool make_image(poolgrad_image *image, const poolgrad_image *sizes, enum suite_data data,
                       const struct suite_values *values, uint64_t seed)
{
    *image = *sizes;
    if (!poolgrad_suite_allocate(image)) return false;
    if (values && values->count > 0)
        poolgrad_suite_fill_values(image, values->value, values->count);
    else
        poolgrad_suite_fill(image, data, seed);
    return true;
}

/* Inputs that are not indices. */
static bool make_inputs(const struct suite_recipe *recipe, struct suite_case *made)
{
    uint64_t seed = recipe->seed;
    poolgrad_problem *p = &made->problem;
    poolgrad_image *image = made->image;
    const uint64_t source_seed = poolgrad_suite_random(&seed), gradient_seed = poolgrad_suite_random(&seed);
    if (!make_image(&image[SUITE_SOURCE], &p->source, recipe->source_data, &recipe->source_values, source_seed))
        return false;
    p->source = image[SUITE_SOURCE];
    if (p->direction == POOLGRAD_GRADIENT) {
        if (!make_image(&image[SUITE_SOURCE_GRADIENT], &p->source_gradient, recipe->gradient_data,
                        &recipe->gradient_values, gradient_seed)) {
            return false;
        }
        p->source_gradient = image[SUITE_SOURCE_GRADIENT];
    }
    return !recipe->before ||
           make_image(&image[SUITE_BEFORE], &p->destination, recipe->before_data, NULL, poolgrad_suite_random(&seed));
}

/* The forward problem whose windows are those of the gradient's region; it writes the indices that the gradient reads.
 */
static poolgrad_status make_indices(struct suite_case *made, poolgrad_error *error)
{
    const poolgrad_problem *p = &made->problem;
    poolgrad_image values = p->source_gradient, *indices = &made->image[SUITE_INDICES];
    poolgrad_problem forward = *p;
    *indices = p->indices;
    if (!poolgrad_suite_allocate(indices)) return poolgrad_refuse_memory(error, "suite");
    values.format = POOLGRAD_FLOAT64;
    if (!poolgrad_suite_allocate(&values)) return poolgrad_refuse_memory(error, "suite");
    forward.direction = POOLGRAD_FORWARD;
    forward.threads = 1;
    forward.source_gradient = (poolgrad_image){.data = NULL};
    forward.destination = values;
    forward.indices = *indices;
    forward.offset_x -= p->kernel_offset_x;
    forward.offset_y -= p->kernel_offset_y;
    forward.kernel_offset_x = forward.kernel_offset_y = 0;
    forward.clip = p->gradient_region;
    forward.destination_channel_offset = p->gradient_channel_offset;
    forward.add_to_destination = 0;
    forward.mapping = POOLGRAD_MAPPING_SOURCE;
    const poolgrad_status status = poolgrad_run(&forward, error);
    free(values.data);
    made->problem.indices = *indices;
    return status;
}

static poolgrad_status make_result(struct suite_case *made, enum poolgrad_suite_role role, poolgrad_error *error)
{
    poolgrad_problem p = made->problem;
    poolgrad_image *result = &made->image[role];
    const bool writes_indices = p.direction == POOLGRAD_FORWARD && p.indices.format != POOLGRAD_FORMAT_NONE;
    p.mode = POOLGRAD_MODE_REFERENCE;
    p.threads = 1; /* cases are smaller than what it takes to start another */
    if (!poolgrad_suite_destination(made, result)) return poolgrad_refuse_memory(error, "suite");
    p.destination = *result;
    if (role == SUITE_EXACT) {
        if (writes_indices) p.indices = (poolgrad_image){.data = NULL};
        return poolgrad_exact_run(&p, error);
    }
    if (writes_indices) {
        made->image[SUITE_EXPECTED_INDICES] = p.indices;
        if (!poolgrad_suite_allocate(&made->image[SUITE_EXPECTED_INDICES]))
            return poolgrad_refuse_memory(error, "suite");
        p.indices = made->image[SUITE_EXPECTED_INDICES];
    }
    return poolgrad_run(&p, error);
}

static poolgrad_status make(const struct suite_recipe *recipe, struct suite_case *made, poolgrad_error *error)
{
    poolgrad_problem *p = &made->problem;
    if (!make_inputs(recipe, made)) return poolgrad_refuse_memory(error, "suite");
    if (p->direction == POOLGRAD_GRADIENT && p->indices.format != POOLGRAD_FORMAT_NONE) {
        const poolgrad_status status = make_indices(made, error);
        if (status != POOLGRAD_OK) return status;
    }
    if (recipe->size_only) {
        free(made->image[SUITE_SOURCE].data);
        made->image[SUITE_SOURCE].data = p->source.data = NULL;
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
