/* SPDX-License-Identifier: Apache-2.0 */
/* Kits of a part of all cases: the arrays are drawn from what is left. Kits of a framework: each of its cases can be
 * said in the framework's words, which are searched here by what poolgrad/dialect.h makes of them. */
#include <criterion/criterion.h>
#include <poolgrad/dialect.h>

#include <string.h>

#include "base/problem_axes.h"
#include "suite/kit.h"

enum { SPANS = 64 };

static poolgrad_suite *create(enum poolgrad_suite_size size, const struct suite_scope *scope)
{
    poolgrad_suite *suite = poolgrad_suite_create_for(size, 1, scope);
    cr_assert(suite != NULL);
    return suite;
}

/* ---- Words ------------------------------------------------------------------------------------------------------- */

/* What is tried: how sizes are rounded, whether pads count, the pads before and behind. */
enum rounding { DOWN, UP, UPPER, LOWER, ROUNDINGS };
struct words {
    enum rounding rounding;
    bool counted;
    int64_t before[AXES], behind[AXES];
};

/* A problem and its axes, slowest first, as frameworks list them. */
struct asked {
    poolgrad_problem p;
    int64_t axes;
    int64_t kernel[AXES], stride[AXES], dilation[AXES], before[AXES], windows[AXES];
    bool by_table;
};

static struct asked asked_of(const poolgrad_problem *problem)
{
    struct asked a = {.p = *problem, .axes = problem->source.depth > 0 ? 3 : 2};
    for (int64_t i = 0; i < a.axes; i++) {
        const struct axis_fields f = poolgrad_axis_fields(&a.p, (enum axis)(a.axes - 1 - i));
        a.kernel[i] = *f.kernel;
        a.stride[i] = *f.stride;
        a.dilation[i] = *f.dilation;
        a.before[i] = ((*f.kernel - 1) * *f.dilation + 1) / 2 - *f.offset;
        a.windows[i] = a.p.direction == POOLGRAD_GRADIENT ? *f.gradient : *f.destination;
        a.by_table |= f.table->count > 0;
    }
    return a;
}

static poolgrad_problem blank_of(const struct asked *a)
{
    poolgrad_problem q;
    poolgrad_problem_init(&q, sizeof q);
    q.direction = a->p.direction;
    q.kind = a->p.kind;
    q.source = a->p.source;
    return q;
}

/* The window of that number, by a table or by steps; without dilation. */
static poolgrad_span window_of(const struct axis_fields *f, int64_t number)
{
    if (f->table->count > 0) return f->table->spans[number];
    return (poolgrad_span){*f->offset - *f->kernel / 2 + number * *f->stride, *f->kernel};
}

/* The same progression, or the same windows one by one. */
static bool same_windows(const struct axis_fields *f, const struct axis_fields *g, int64_t count, bool by_table)
{
    if (!by_table) {
        return *f->kernel == *g->kernel && *f->stride == *g->stride && *f->dilation == *g->dilation &&
               *f->offset == *g->offset && f->table->count == 0 && g->table->count == 0;
    }
    for (int64_t i = 0; i < count; i++) {
        const poolgrad_span a = window_of(f, i), b = window_of(g, i);
        if (a.first != b.first || a.size != b.size) return false;
    }
    return *f->dilation == 1 && *g->dilation == 1;
}

/* Whether both are one pooling; what counts is asked of averages alone. */
static bool is_said(const struct asked *a, poolgrad_problem *q, const poolgrad_output_size *size)
{
    poolgrad_problem p = a->p;
    const int64_t sizes[AXES] = {size->width, size->height, size->depth};
    if (q->divisor != p.divisor) return false;
    for (int i = 0; i < a->axes; i++) {
        const struct axis_fields f = poolgrad_axis_fields(&p, (enum axis)i), g = poolgrad_axis_fields(q, (enum axis)i);
        const bool counts = p.kind == POOLGRAD_AVERAGE && p.divisor == 0 && !a->by_table;
        const int64_t windows = a->windows[a->axes - 1 - i];
        if (sizes[i] != windows || !same_windows(&f, &g, windows, a->by_table)) return false;
        if (counts && (*f.zero_pad + *f.zero_before != *g.zero_pad + *g.zero_before ||
                       *f.zero_pad + *f.zero_behind != *g.zero_pad + *g.zero_behind)) {
            return false;
        }
    }
    return true;
}

static bool say_torch(const struct asked *a, const struct words *w)
{
    poolgrad_problem q = blank_of(a);
    poolgrad_span spans[SPANS];
    poolgrad_torch_pool pool;
    poolgrad_output_size size;
    poolgrad_torch_pool_init(&pool, sizeof pool);
    pool.dimensions = a->axes;
    pool.spans = spans;
    pool.span_count = SPANS;
    for (int i = 0; i < a->axes; i++) {
        if (a->by_table) {
            pool.output_size[i] = a->windows[i];
            continue;
        }
        if (w->before[i] != w->behind[i]) return false;
        pool.kernel_size[i] = a->kernel[i];
        pool.stride[i] = a->stride[i];
        if (a->p.kind == POOLGRAD_MAX) pool.dilation[i] = a->dilation[i];
        if (a->p.kind != POOLGRAD_L2NORM) pool.padding[i] = w->before[i];
    }
    if (!a->by_table) pool.ceil_mode = w->rounding == UP;
    if (!a->by_table && a->p.kind == POOLGRAD_AVERAGE) pool.count_include_pad = w->counted;
    if (a->p.divisor != 0) pool.divisor_override = a->p.divisor;
    return w->rounding < UPPER && poolgrad_problem_from_torch(&pool, &q, &size, NULL) == POOLGRAD_OK &&
           is_said(a, &q, &size);
}

static bool say_onnx(const struct asked *a, const struct words *w)
{
    static const int64_t pads[] = {[UPPER] = POOLGRAD_ONNX_SAME_UPPER, [LOWER] = POOLGRAD_ONNX_SAME_LOWER};
    poolgrad_problem q = blank_of(a);
    poolgrad_onnx_pool pool;
    poolgrad_output_size size;
    poolgrad_onnx_pool_init(&pool, sizeof pool);
    pool.dimensions = a->axes;
    for (int i = 0; i < a->axes; i++) {
        pool.kernel_shape[i] = a->kernel[i];
        pool.strides[i] = a->stride[i];
        pool.dilations[i] = a->dilation[i];
        if (w->rounding >= UPPER) continue;
        pool.pads[i] = w->before[i];
        pool.pads[a->axes + i] = w->behind[i];
    }
    if (w->rounding >= UPPER) pool.auto_pad = pads[w->rounding];
    pool.ceil_mode = w->rounding == UP;
    if (a->p.kind == POOLGRAD_AVERAGE) pool.count_include_pad = w->counted;
    return poolgrad_problem_from_onnx(&pool, &q, &size, NULL) == POOLGRAD_OK && is_said(a, &q, &size);
}

/* As ONNX says it, but for sizes that are rounded up. */
static bool say_jax(const struct asked *a, const struct words *w)
{
    return w->rounding != UP && say_onnx(a, w);
}

static bool say_tensorflow(const struct asked *a, const struct words *w)
{
    poolgrad_problem q = blank_of(a);
    poolgrad_tensorflow_pool pool;
    poolgrad_output_size size;
    poolgrad_tensorflow_pool_init(&pool, sizeof pool);
    pool.dimensions = a->axes;
    bool padded = false;
    for (int i = 0; i < a->axes; i++) {
        pool.ksize[1 + i] = a->kernel[i];
        pool.strides[1 + i] = a->stride[i];
        padded |= w->before[i] != 0 || w->behind[i] != 0;
    }
    for (int i = 0; padded && w->rounding == DOWN && i < a->axes; i++) {
        pool.explicit_paddings[2 + 2 * i] = w->before[i];
        pool.explicit_paddings[3 + 2 * i] = w->behind[i];
    }
    pool.padding = w->rounding == UPPER ? POOLGRAD_TENSORFLOW_SAME
                   : padded             ? POOLGRAD_TENSORFLOW_EXPLICIT
                                        : POOLGRAD_TENSORFLOW_VALID;
    return w->rounding != UP && w->rounding != LOWER && !w->counted &&
           poolgrad_problem_from_tensorflow(&pool, &q, &size, NULL) == POOLGRAD_OK && is_said(a, &q, &size);
}

static bool say_cudnn(const struct asked *a, const struct words *w)
{
    poolgrad_problem q = blank_of(a);
    poolgrad_cudnn_pool pool;
    poolgrad_output_size size;
    poolgrad_cudnn_pool_init(&pool, sizeof pool);
    pool.dimensions = a->axes;
    if (a->p.kind == POOLGRAD_AVERAGE) {
        pool.mode = w->counted ? POOLGRAD_CUDNN_AVERAGE_COUNT_INCLUDE_PADDING
                               : POOLGRAD_CUDNN_AVERAGE_COUNT_EXCLUDE_PADDING;
    }
    for (int i = 0; i < a->axes; i++) {
        if (w->before[i] != w->behind[i] || w->rounding != DOWN) return false;
        pool.windowDim[i] = a->kernel[i];
        pool.stride[i] = a->stride[i];
        pool.padding[i] = w->before[i];
    }
    return poolgrad_problem_from_cudnn(&pool, &q, &size, NULL) == POOLGRAD_OK && is_said(a, &q, &size);
}

/* pool2d's output size, by the text of its specification. */
static bool say_webnn(const struct asked *a, const struct words *w)
{
    const int64_t sizes[] = {a->p.source.height, a->p.source.width};
    const int64_t counted = a->p.zero_pad_x + a->p.zero_pad_y + a->p.zero_pad_left + a->p.zero_pad_right +
                            a->p.zero_pad_top + a->p.zero_pad_bottom;
    if (w->rounding >= UPPER || w->counted || counted > 0 || a->axes != 2 || a->by_table) return false;
    for (int i = 0; i < a->axes; i++) {
        const int64_t left = sizes[i] + w->before[i] + w->behind[i] - ((a->kernel[i] - 1) * a->dilation[i] + 1);
        const int64_t up = w->rounding == UP ? a->stride[i] - 1 : 0;
        if (left < 0 || (left + up) / a->stride[i] + 1 != a->windows[i]) return false;
    }
    return true;
}

typedef bool say_function(const struct asked *a, const struct words *w);

/* Pads behind an axis that may be meant: none, as many as before, as far as the windows reach, those that count. */
enum { PADS_BEHIND = 4 };
static void list_pads(const struct asked *a, int64_t axis, int64_t pads[PADS_BEHIND])
{
    poolgrad_problem p = a->p;
    const struct axis_fields f = poolgrad_axis_fields(&p, (enum axis)(a->axes - 1 - axis));
    const int64_t extent = (a->kernel[axis] - 1) * a->dilation[axis] + 1;
    const int64_t reach = (a->windows[axis] - 1) * a->stride[axis] + extent - a->before[axis] - *f.source;
    pads[0] = 0;
    pads[1] = a->before[axis];
    pads[2] = reach > 0 ? reach : 0;
    pads[3] = *f.zero_pad + *f.zero_behind;
}

/* All pads behind that may be meant, of all axes. */
static bool try_pads(const struct asked *a, say_function *say, struct words *w)
{
    int64_t pads[AXES][PADS_BEHIND];
    int64_t count = 1;
    for (int64_t i = 0; i < a->axes; i++) {
        list_pads(a, i, pads[i]);
        count *= PADS_BEHIND;
    }
    for (int64_t number = 0; number < count; number++) {
        int64_t left = number;
        for (int64_t i = 0; i < a->axes; i++) {
            w->behind[i] = pads[i][left % PADS_BEHIND];
            left /= PADS_BEHIND;
        }
        if (say(a, w)) return true;
    }
    return false;
}

/* Words with such a rounding. */
static bool find_words(const struct asked *a, say_function *say, enum rounding rounding, struct words *found)
{
    for (int counted = 0; counted < 2; counted++) {
        *found = (struct words){.rounding = rounding, .counted = counted > 0};
        memcpy(found->before, a->before, sizeof found->before);
        if (rounding >= UPPER || a->by_table ? say(a, found) : try_pads(a, say, found)) return true;
    }
    return false;
}

/* ---- What a framework has ---------------------------------------------------------------------------------------- */

enum {
    FORWARD = 1 << SUITE_FORWARD,
    BOTH = FORWARD | 1 << SUITE_GRADIENT,
    ALL_WAYS = BOTH | 1 << SUITE_GATHER,
    MEAN_AND_MAX = 1 << SUITE_AVERAGE | 1 << SUITE_MAX,
    ANY_KIND = MEAN_AND_MAX | 1 << SUITE_L2NORM,
    NARROW = 1 << POOLGRAD_FLOAT16 | 1 << POOLGRAD_FLOAT32,
    FLOATS = NARROW | 1 << POOLGRAD_BFLOAT16 | 1 << POOLGRAD_FLOAT64,
    PLAIN = 1 << POOLGRAD_NCHW,
    DENSE = PLAIN | 1 << POOLGRAD_NHWC
};

/* From docs/dialects.md and the pages it names. */
static const struct framework {
    enum suite_profile profile;
    say_function *say; /* null: windows lie anywhere */
    int directions, kinds, formats, layouts;
    uint64_t never; /* features */
    bool lines, volumes;
    int roundings; /* that occur */
} frameworks[] = {
    {PROFILE_MPS, NULL, BOTH, ANY_KIND, NARROW, DENSE | 1 << POOLGRAD_NC4HW4,
     SUITE_FEATURE(VOLUME) | SUITE_FEATURE(TABLE) | SUITE_FEATURE(DIVISOR) | SUITE_FEATURE(ONE_SIDED_PAD) |
         SUITE_FEATURE(INDICES) | SUITE_FEATURE(ADD) | SUITE_FEATURE(BFLOAT16) | SUITE_FEATURE(FLOAT64),
     false, false, 0},
    {PROFILE_TORCH, say_torch, ALL_WAYS, ANY_KIND, FLOATS, DENSE, SUITE_FEATURE(ADD), true, true, 1 << DOWN | 1 << UP},
    {PROFILE_ONNX, say_onnx, FORWARD, ANY_KIND, FLOATS, PLAIN,
     SUITE_FEATURE(ADD) | SUITE_FEATURE(TABLE) | SUITE_FEATURE(DIVISOR), true, true,
     1 << DOWN | 1 << UP | 1 << UPPER | 1 << LOWER},
    {PROFILE_TENSORFLOW, say_tensorflow, BOTH, MEAN_AND_MAX, FLOATS, DENSE,
     SUITE_FEATURE(ADD) | SUITE_FEATURE(TABLE) | SUITE_FEATURE(DIVISOR) | SUITE_FEATURE(DILATION) |
         SUITE_FEATURE(INDICES) | SUITE_FEATURE(ZERO_PAD),
     true, true, 1 << DOWN | 1 << UPPER},
    {PROFILE_JAX, say_jax, BOTH, MEAN_AND_MAX, FLOATS, DENSE,
     SUITE_FEATURE(ADD) | SUITE_FEATURE(TABLE) | SUITE_FEATURE(DIVISOR) | SUITE_FEATURE(INDICES), true, true,
     1 << DOWN | 1 << UPPER | 1 << LOWER},
    {PROFILE_WEBNN, say_webnn, FORWARD, ANY_KIND, NARROW, DENSE,
     SUITE_FEATURE(VOLUME) | SUITE_FEATURE(TABLE) | SUITE_FEATURE(DIVISOR) | SUITE_FEATURE(INDICES) |
         SUITE_FEATURE(ZERO_PAD) | SUITE_FEATURE(OUTSIDE),
     false, false, 1 << DOWN | 1 << UP},
    {PROFILE_CUDNN, say_cudnn, BOTH, MEAN_AND_MAX, FLOATS, DENSE,
     SUITE_FEATURE(TABLE) | SUITE_FEATURE(DIVISOR) | SUITE_FEATURE(DILATION) | SUITE_FEATURE(INDICES), false, true,
     1 << DOWN}};

enum { FRAMEWORKS = sizeof frameworks / sizeof *frameworks };
_Static_assert(FRAMEWORKS == SUITE_PROFILES - 1, "each profile is tested");

/* What MPS's kernels alone have. */
static const uint64_t of_regions = SUITE_FEATURE(CLIP) | SUITE_FEATURE(MAPPING_CLIP) | SUITE_FEATURE(GRADIENT_REGION) |
                                   SUITE_FEATURE(KERNEL_OFFSET) | SUITE_FEATURE(CHANNEL_WINDOW) |
                                   SUITE_FEATURE(BATCH_WINDOW) | SUITE_FEATURE(UNORM);

static bool is_among(int words, int word)
{
    return words >> word & 1;
}

static void check_images(const struct framework *f, const poolgrad_problem *p, const char *name)
{
    const bool gradient = p->direction == POOLGRAD_GRADIENT;
    cr_expect(is_among(f->formats, (int)p->destination.format) && is_among(f->layouts, (int)p->source.layout), "%s",
              name);
    if (f->profile == PROFILE_MPS) return;
    cr_expect(p->source.format == p->destination.format, "%s", name);
    cr_expect(!gradient || p->source_gradient.format == p->destination.format, "%s", name);
}

static void check_case(const struct framework *f, const poolgrad_suite *suite, int64_t i, int *roundings)
{
    const poolgrad_problem *p = poolgrad_suite_problem(suite, i);
    const char *name = poolgrad_suite_name(suite, i);
    const uint64_t features = poolgrad_suite_features(suite, i);
    const struct asked a = asked_of(p);
    struct words words;
    cr_expect(is_among(f->directions, (int)poolgrad_suite_direction(p)) &&
                  is_among(f->kinds, (int)poolgrad_suite_kind(p)),
              "%s", name);
    cr_expect((features & (f->never | SUITE_FEATURE(EMPTY))) == 0, "%s", name);
    cr_expect(f->profile == PROFILE_MPS || (features & of_regions) == 0, "%s", name);
    check_images(f, p, name);
    if (!f->say) return;
    int found = 0;
    for (int r = 0; r < ROUNDINGS; r++) found |= find_words(&a, f->say, (enum rounding)r, &words) << r;
    cr_expect(found != 0, "%s: %s has no words", poolgrad_suite_profile_name(f->profile), name);
    *roundings |= found;
}

Test(suite_profile, frameworks_can_say_their_cases)
{
    for (int k = 0; k < FRAMEWORKS; k++) {
        const struct framework *f = &frameworks[k];
        const struct suite_scope scope = {.profile = f->profile};
        poolgrad_suite *suite = create(SUITE_SMOKE, &scope);
        int roundings = 0;
        for (int64_t i = 0; i < poolgrad_suite_count(suite); i++) check_case(f, suite, i, &roundings);
        cr_expect(roundings == f->roundings, "%s: %x", poolgrad_suite_profile_name(f->profile), (unsigned)roundings);
        poolgrad_suite_destroy(suite);
    }
}

/* ---- Pairs ------------------------------------------------------------------------------------------------------- */

static int64_t direction(const poolgrad_problem *p)
{
    return (int64_t)poolgrad_suite_direction(p);
}

static int64_t kind(const poolgrad_problem *p)
{
    return (int64_t)poolgrad_suite_kind(p);
}

static int64_t kernel_width(const poolgrad_problem *p)
{
    return p->window.kernel_width;
}

static int64_t kernel_height(const poolgrad_problem *p)
{
    return p->window.kernel_height;
}

static int64_t stride_x(const poolgrad_problem *p)
{
    return p->window.stride_x;
}

static int64_t stride_y(const poolgrad_problem *p)
{
    return p->window.stride_y;
}

static int64_t layout(const poolgrad_problem *p)
{
    return (int64_t)p->destination.layout;
}

static int64_t format(const poolgrad_problem *p)
{
    return (int64_t)p->destination.format;
}

static int64_t images(const poolgrad_problem *p)
{
    return p->source.images;
}

static int64_t channels(const poolgrad_problem *p)
{
    return p->source_channel_count == POOLGRAD_ALL ? p->source.channels : p->source_channel_count;
}

typedef int64_t value_of(const poolgrad_problem *p);
static value_of *const values[] = {direction, kind,   kernel_width, kernel_height, stride_x,
                                   stride_y,  layout, format,       images,        channels};
enum { VALUES = sizeof values / sizeof *values, MOST = 16, MOST_ROWS = 400 };

/* The rows of the first array of planes, and the values that each parameter has there. */
struct rows {
    const poolgrad_problem *problem[MOST_ROWS];
    int count, values[VALUES];
    int64_t value[VALUES][MOST];
};

static struct rows rows_of(const poolgrad_suite *suite)
{
    struct rows rows = {.count = 0};
    for (int64_t i = 0; i < poolgrad_suite_count(suite); i++) {
        if (strncmp(poolgrad_suite_name(suite, i), "pairs-00-", 9) != 0) continue;
        cr_assert(rows.count < MOST_ROWS);
        rows.problem[rows.count++] = poolgrad_suite_problem(suite, i);
    }
    for (int k = 0; k < VALUES; k++) {
        for (int i = 0; i < rows.count; i++) {
            int place = 0;
            while (place < rows.values[k] && rows.value[k][place] != values[k](rows.problem[i])) place++;
            cr_assert(place < MOST);
            rows.value[k][place] = values[k](rows.problem[i]);
            if (place == rows.values[k]) rows.values[k]++;
        }
    }
    return rows;
}

static bool meets(const struct rows *rows, int a, int64_t value_a, int b, int64_t value_b)
{
    for (int i = 0; i < rows->count; i++) {
        if (values[a](rows->problem[i]) == value_a && values[b](rows->problem[i]) == value_b) return true;
    }
    return false;
}

/* Any two values of two parameters meet in one row, and each parameter has as many values as are left. */
static void check_pairs(const struct rows *rows, const int counts[VALUES], const char *name)
{
    for (int a = 0; a < VALUES; a++) {
        cr_expect(rows->values[a] == counts[a], "%s: parameter %d has %d values", name, a, rows->values[a]);
        for (int b = a + 1; b < VALUES; b++) {
            for (int i = 0; i < rows->values[a]; i++) {
                for (int j = 0; j < rows->values[b]; j++) {
                    const bool gathers = values[a] == direction && rows->value[a][i] == SUITE_GATHER;
                    if (gathers && values[b] == kind && rows->value[b][j] != SUITE_MAX) continue;
                    cr_expect(meets(rows, a, rows->value[a][i], b, rows->value[b][j]),
                              "%s: %lld of parameter %d never meets %lld of %d", name, (long long)rows->value[a][i], a,
                              (long long)rows->value[b][j], b);
                }
            }
        }
    }
}

/* Any two of kernel sizes, strides, formats, layouts and so on meet; what is left of ways and kinds meets all. */
Test(suite_profile, arrays_cover_the_pairs_that_are_left)
{
    static const struct {
        const char *name;
        struct suite_scope scope;
        int counts[VALUES];
    } rows[] = {
        {"all", {.profile = PROFILE_ALL}, {2, 3, 4, 4, 3, 3, 3, 4, 2, 4}},
        {"half", {.formats = 1 << POOLGRAD_FLOAT16, .layouts = 1 << POOLGRAD_NHWC}, {2, 3, 4, 4, 3, 3, 1, 1, 2, 4}},
        {"gradients of norms",
         {.directions = 1 << SUITE_GRADIENT, .kinds = 1 << SUITE_L2NORM},
         {1, 1, 4, 4, 3, 3, 3, 4, 2, 4}},
        {"steps of one",
         {.without = SUITE_FEATURE(STRIDE) | SUITE_FEATURE(EVEN_KERNEL)},
         {2, 3, 3, 3, 1, 1, 3, 4, 2, 4}},
        {"nan", {.features = SUITE_FEATURE(NAN)}, {2, 3, 4, 4, 3, 3, 3, 4, 2, 4}},
        {"regions or dilation",
         {.features = SUITE_FEATURE(GRADIENT_REGION) | SUITE_FEATURE(DILATION)},
         {2, 3, 4, 4, 3, 3, 3, 4, 2, 4}},
        {"mps", {.profile = PROFILE_MPS}, {2, 3, 4, 4, 3, 3, 3, 2, 2, 4}},
        {"torch", {.profile = PROFILE_TORCH}, {2, 3, 4, 4, 3, 3, 2, 4, 2, 4}},
        {"onnx", {.profile = PROFILE_ONNX}, {1, 3, 4, 4, 3, 3, 1, 4, 2, 4}},
        {"tensorflow", {.profile = PROFILE_TENSORFLOW}, {2, 2, 4, 4, 3, 3, 2, 4, 2, 4}},
        {"jax", {.profile = PROFILE_JAX}, {2, 2, 4, 4, 3, 3, 2, 4, 2, 4}},
        {"webnn", {.profile = PROFILE_WEBNN}, {1, 3, 4, 4, 3, 3, 2, 2, 2, 4}},
        {"cudnn", {.profile = PROFILE_CUDNN}, {2, 2, 4, 4, 3, 3, 2, 4, 2, 4}},
        {"half of cudnn",
         {.profile = PROFILE_CUDNN, .formats = 1 << POOLGRAD_FLOAT16, .layouts = 1 << POOLGRAD_NHWC},
         {2, 2, 4, 4, 3, 3, 1, 1, 2, 4}}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        poolgrad_suite *suite = create(SUITE_SMOKE, &rows[i].scope);
        const struct rows found = rows_of(suite);
        check_pairs(&found, rows[i].counts, rows[i].name);
        poolgrad_suite_destroy(suite);
    }
}

/* Each way to place windows, and each way to count, meets each kernel size and stride. */
Test(suite_profile, pads_meet_windows)
{
    enum { KERNELS = 6, STRIDES = 4 };
    bool by_kernel[ROUNDINGS][KERNELS] = {{false}}, by_stride[ROUNDINGS][STRIDES] = {{false}};
    bool counted[2][KERNELS] = {{false}};
    bool one_sided[2][KERNELS] = {{false}};
    const struct suite_scope scope = {.profile = PROFILE_ONNX};
    poolgrad_suite *suite = create(SUITE_SMOKE, &scope);
    for (int64_t i = 0; i < poolgrad_suite_count(suite); i++) {
        const struct asked a = asked_of(poolgrad_suite_problem(suite, i));
        const int64_t k = a.kernel[1], s = a.stride[1];
        struct words w;
        if (strncmp(poolgrad_suite_name(suite, i), "pairs-00-", 9) != 0) continue;
        for (int r = 0; r < ROUNDINGS; r++) {
            if (!find_words(&a, say_onnx, (enum rounding)r, &w)) continue;
            by_kernel[r][k] = by_stride[r][s] = true;
            if (a.p.kind == POOLGRAD_AVERAGE && w.before[1] > 0) counted[w.counted][k] = true;
            if (r == DOWN) one_sided[w.before[1] != w.behind[1]][k] = true;
        }
    }
    static const int kernels[] = {2, 3, 5};
    for (int i = 0; i < 3; i++) {
        const int k = kernels[i];
        cr_expect(one_sided[0][k] && one_sided[1][k] && counted[0][k] && counted[1][k], "kernel %d", k);
        for (int r = 0; r < ROUNDINGS; r++)
            cr_expect(by_kernel[r][k] && by_stride[r][1 + i], "kernel %d, stride %d, way %d", k, 1 + i, r);
    }
    poolgrad_suite_destroy(suite);
}

/* Cases of a part are among those that a filter behind the whole would leave. */
Test(suite_profile, scopes_hold)
{
    static const struct suite_scope scopes[] = {
        {.features = SUITE_FEATURE(VOLUME) | SUITE_FEATURE(GATHER), .without = SUITE_FEATURE(NAN)},
        {.directions = 1 << SUITE_GATHER, .layouts = 1 << POOLGRAD_NC8HW8},
        {.kinds = 1 << SUITE_ROOT_MEAN, .formats = 1 << POOLGRAD_BFLOAT16 | 1 << POOLGRAD_FLOAT64},
        {.profile = PROFILE_TORCH, .directions = 1 << SUITE_GRADIENT, .features = SUITE_FEATURE(VOLUME)}};
    for (size_t k = 0; k < sizeof scopes / sizeof *scopes; k++) {
        poolgrad_suite *suite = create(SUITE_SMOKE, &scopes[k]);
        const int64_t count = poolgrad_suite_count(suite);
        int64_t drawn = 0;
        for (int64_t i = 0; i < count; i++) {
            cr_expect(poolgrad_suite_has_case(&scopes[k], poolgrad_suite_problem(suite, i),
                                              poolgrad_suite_features(suite, i)),
                      "%s", poolgrad_suite_name(suite, i));
            drawn += strncmp(poolgrad_suite_name(suite, i), "axes-", 5) == 0;
        }
        cr_expect(drawn > 20, "scope %d: %d of %d cases", (int)k, (int)drawn, (int)count);
        poolgrad_suite_destroy(suite);
    }
}
