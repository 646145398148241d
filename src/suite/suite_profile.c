/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Profiles: docs/dialects.md has the words of the frameworks and the sources. Each row says what the documented
 * operators take; a problem is within a profile if there are words for it.
 */
#include "suite/suite_profile.h"

#include <stddef.h>

#define BIT(word) (1 << (word))
#define FORWARD BIT(SUITE_FORWARD)
#define BOTH (FORWARD | BIT(SUITE_GRADIENT))
#define MEANS BIT(SUITE_AVERAGE)
#define MAXIMA BIT(SUITE_MAX)
#define NORMS BIT(SUITE_L2NORM)
#define HALF BIT(POOLGRAD_FLOAT16)
#define SINGLE BIT(POOLGRAD_FLOAT32)
#define FLOATS (HALF | SINGLE | BIT(POOLGRAD_BFLOAT16) | BIT(POOLGRAD_FLOAT64))
#define CODES (BIT(POOLGRAD_UNORM8) | BIT(POOLGRAD_UNORM16))
#define PLANAR BIT(POOLGRAD_NCHW)
#define DENSE (PLANAR | BIT(POOLGRAD_NHWC))
#define LINES BIT(1)
#define PLANES BIT(2)
#define VOLUMES BIT(3)
#define ANY_RANK (LINES | PLANES | VOLUMES)
#define TIES_FIRST BIT(POOLGRAD_TIES_FIRST)
#define NAN_FIRST BIT(POOLGRAD_NAN_FIRST)
#define NO_INDICES BIT(POOLGRAD_FORMAT_NONE)
#define PLACES (NO_INDICES | BIT(POOLGRAD_INT64))

static const struct suite_profile_rules profiles[SUITE_PROFILES] = {
    /* MPSCNNPooling's kernels and their gradients: windows at any offset, images of one format each, dilation of max
     * alone. The destination's clip rectangle is mapped as they map it. */
    [PROFILE_MPS] = {.name = "mps",
                     .directions = BOTH,
                     .kinds = MEANS | MAXIMA | NORMS,
                     .source_formats = HALF | SINGLE | CODES,
                     .formats = HALF | SINGLE,
                     .mixed_formats = true,
                     .layouts = DENSE | BIT(POOLGRAD_NC4HW4),
                     .ranks = PLANES,
                     .roundings = BIT(AT_OFFSETS),
                     .counts_pads = true,
                     .leaves_out_pads = true,
                     .dilated_kinds = {MAXIMA, MAXIMA},
                     .index_formats = NO_INDICES,
                     .ties = TIES_FIRST,
                     .nans = NAN_FIRST,
                     .regions = true},
    /* torch.nn.functional's avg_pool, max_pool, lp_pool of norm 2 and adaptive pools; torch.gather and scatter_add at
     * max_pool's indices. */
    [PROFILE_TORCH] = {.name = "torch",
                       .directions = BOTH | BIT(SUITE_GATHER),
                       .kinds = MEANS | MAXIMA | NORMS,
                       .source_formats = FLOATS,
                       .formats = FLOATS,
                       .layouts = DENSE,
                       .ranks = ANY_RANK,
                       .roundings = BIT(ROUND_DOWN) | BIT(ROUND_UP_DROP),
                       .rounded_kinds = MEANS | MAXIMA,
                       .padded_kinds = MEANS | MAXIMA,
                       .padded_ranks = ANY_RANK,
                       .pad_limit = HALF_KERNEL,
                       .inner_kinds = MEANS,
                       .inner_ranks = VOLUMES,
                       .counts_pads = true,
                       .leaves_out_pads = true,
                       .dilated_kinds = {MAXIMA, MAXIMA},
                       .divided_kinds = MEANS,
                       .divided_ranks = PLANES | VOLUMES,
                       .adaptive_kinds = MEANS | MAXIMA,
                       .index_formats = PLACES,
                       .ties = TIES_FIRST,
                       .nans = BIT(POOLGRAD_NAN_LAST)},
    /* AveragePool, MaxPool and LpPool of p 2, opset 22; pads less than the kernel, as ONNX Runtime takes them. */
    [PROFILE_ONNX] = {.name = "onnx",
                      .directions = FORWARD,
                      .kinds = MEANS | MAXIMA | NORMS,
                      .source_formats = FLOATS,
                      .formats = FLOATS,
                      .layouts = PLANAR,
                      .ranks = ANY_RANK,
                      .roundings = BIT(ROUND_DOWN) | BIT(ROUND_UP_DROP) | BIT(SAME_UPPER) | BIT(SAME_LOWER),
                      .rounded_kinds = MEANS | MAXIMA | NORMS,
                      .padded_kinds = MEANS | MAXIMA | NORMS,
                      .padded_ranks = ANY_RANK,
                      .one_sided_pads = true,
                      .counts_pads = true,
                      .leaves_out_pads = true,
                      .dilated_kinds = {MEANS | MAXIMA | NORMS, 0},
                      .index_formats = PLACES,
                      .ties = TIES_FIRST,
                      .nans = NAN_FIRST},
    /* tf.nn.avg_pool and max_pool: SAME and VALID, and explicit paddings of max_pool's lines and planes. */
    [PROFILE_TENSORFLOW] = {.name = "tensorflow",
                            .directions = BOTH,
                            .kinds = MEANS | MAXIMA,
                            .source_formats = FLOATS,
                            .formats = FLOATS,
                            .layouts = DENSE,
                            .ranks = ANY_RANK,
                            .roundings = BIT(ROUND_DOWN) | BIT(SAME_UPPER),
                            .padded_kinds = MAXIMA,
                            .padded_ranks = LINES | PLANES,
                            .one_sided_pads = true,
                            .leaves_out_pads = true,
                            .index_formats = NO_INDICES,
                            .ties = TIES_FIRST,
                            .nans = BIT(POOLGRAD_NAN_IGNORE)},
    /* lax.reduce_window, and flax's avg_pool and max_pool upon it; a maximum with window dilation has no gradient. */
    [PROFILE_JAX] = {.name = "jax",
                     .directions = BOTH,
                     .kinds = MEANS | MAXIMA,
                     .source_formats = FLOATS,
                     .formats = FLOATS,
                     .layouts = DENSE,
                     .ranks = ANY_RANK,
                     .roundings = BIT(ROUND_DOWN) | BIT(SAME_UPPER) | BIT(SAME_LOWER),
                     .padded_kinds = MEANS | MAXIMA,
                     .padded_ranks = ANY_RANK,
                     .one_sided_pads = true,
                     .counts_pads = true,
                     .leaves_out_pads = true,
                     .dilated_kinds = {MEANS | MAXIMA, MEANS},
                     .index_formats = NO_INDICES,
                     .ties = TIES_FIRST,
                     .nans = NAN_FIRST},
    /* averagePool2d, maxPool2d, l2Pool2d. */
    [PROFILE_WEBNN] = {.name = "webnn",
                       .directions = FORWARD,
                       .kinds = MEANS | MAXIMA | NORMS,
                       .source_formats = HALF | SINGLE,
                       .formats = HALF | SINGLE,
                       .layouts = DENSE,
                       .ranks = PLANES,
                       .roundings = BIT(ROUND_DOWN) | BIT(ROUND_UP),
                       .rounded_kinds = MEANS | MAXIMA | NORMS,
                       .padded_kinds = MEANS | MAXIMA | NORMS,
                       .padded_ranks = PLANES,
                       .one_sided_pads = true,
                       .leaves_out_pads = true,
                       .dilated_kinds = {MEANS | MAXIMA | NORMS, 0},
                       .index_formats = NO_INDICES,
                       .ties = TIES_FIRST,
                       .nans = NAN_FIRST},
    /* cudnnPoolingForward and cudnnPoolingBackward, whose beta of 1 adds. */
    [PROFILE_CUDNN] = {.name = "cudnn",
                       .directions = BOTH,
                       .kinds = MEANS | MAXIMA,
                       .source_formats = FLOATS,
                       .formats = FLOATS,
                       .layouts = DENSE,
                       .ranks = PLANES | VOLUMES,
                       .roundings = BIT(ROUND_DOWN),
                       .padded_kinds = MEANS | MAXIMA,
                       .padded_ranks = PLANES | VOLUMES,
                       .counts_pads = true,
                       .leaves_out_pads = true,
                       .index_formats = NO_INDICES,
                       .ties = TIES_FIRST,
                       .nans = NAN_FIRST | BIT(POOLGRAD_NAN_IGNORE),
                       .adds = true},
};

const struct suite_profile_rules *poolgrad_suite_profile_rules(enum suite_profile profile)
{
    return profile == PROFILE_ALL ? NULL : &profiles[profile];
}

const char *poolgrad_suite_profile_name(enum suite_profile profile)
{
    return profile == PROFILE_ALL ? "all" : profiles[profile].name;
}

/* ---- Images and rules -------------------------------------------------------------------------------------------- */

static bool has(int set, int word)
{
    return set >> word & 1;
}

static bool has_formats(const struct suite_profile_rules *rules, const poolgrad_problem *p)
{
    const poolgrad_format gradient = p->source_gradient.format, result = p->destination.format;
    const bool is_gradient = p->direction == POOLGRAD_GRADIENT;
    if (!has(rules->source_formats, (int)p->source.format) || !has(rules->formats, (int)result)) return false;
    if (is_gradient && !has(rules->formats, (int)gradient)) return false;
    if (!rules->mixed_formats && (p->source.format != result || (is_gradient && gradient != result))) return false;
    return has(rules->index_formats, (int)p->indices.format) && has(rules->index_formats, (int)p->picks.format) &&
           has(rules->layouts, (int)p->destination.layout);
}

/* Whether a maximum is searched, by rules of its own. */
static bool searches(const poolgrad_problem *p)
{
    return p->kind == POOLGRAD_MAX && p->indices.format == POOLGRAD_FORMAT_NONE;
}

static bool has_rules(const struct suite_profile_rules *rules, const poolgrad_problem *p, uint64_t features)
{
    const uint64_t regions = SUITE_FEATURE(CLIP) | SUITE_FEATURE(MAPPING_CLIP) | SUITE_FEATURE(GRADIENT_REGION) |
                             SUITE_FEATURE(KERNEL_OFFSET) | SUITE_FEATURE(CHANNEL_WINDOW) | SUITE_FEATURE(BATCH_WINDOW);
    const bool clips_gradient = p->direction == POOLGRAD_GRADIENT && (features & SUITE_FEATURE(CLIP));
    if (searches(p) && (!has(rules->ties, (int)p->ties) || !has(rules->nans, (int)p->nan))) return false;
    if ((features & regions) && !rules->regions) return false;
    if (clips_gradient && p->mapping != POOLGRAD_MAPPING_CLIP) return false;
    if ((features & SUITE_FEATURE(ADD)) && !rules->adds) return false;
    if ((features & SUITE_FEATURE(SIZE_ONLY)) && !rules->regions && p->indices.format == POOLGRAD_FORMAT_NONE)
        return false;
    return !(features & SUITE_FEATURE(EMPTY)) && p->accumulator == POOLGRAD_ACCUMULATE_FLOAT32;
}

/* ---- Windows ----------------------------------------------------------------------------------------------------- */

void poolgrad_suite_same_pads(enum suite_rounding rounding, int64_t extent, int64_t stride, int64_t size,
                              int64_t *before, int64_t *behind)
{
    const int64_t count = poolgrad_ceiling_divide(size, stride);
    const int64_t total = poolgrad_max((count - 1) * stride + extent - size, 0);
    *before = (total + (rounding == SAME_LOWER)) / 2;
    *behind = total - *before;
}

/* What the problem says of an axis. */
struct axis_case {
    int64_t first, kernel, extent, stride, size, windows;
    int64_t counted_before, counted_behind;
};

static struct axis_case axis_case_of(poolgrad_problem *p, enum axis axis)
{
    const struct axis_fields f = poolgrad_axis_fields(p, axis);
    const int64_t extent = (*f.kernel - 1) * *f.dilation + 1;
    return (struct axis_case){.first = *f.offset - *f.kernel_offset - extent / 2,
                              .kernel = *f.kernel,
                              .extent = extent,
                              .stride = *f.stride,
                              .size = *f.source,
                              .windows = p->direction == POOLGRAD_GRADIENT ? *f.gradient : *f.destination,
                              .counted_before = *f.zero_pad + *f.zero_before,
                              .counted_behind = *f.zero_pad + *f.zero_behind};
}

/* Windows along an axis, by the size with its pads. */
static int64_t count_windows(enum suite_rounding rounding, const struct axis_case *a, int64_t before, int64_t behind)
{
    const int64_t left = a->size + before + behind - a->extent;
    if (left < 0) return 0;
    if (rounding == ROUND_DOWN) return left / a->stride + 1;
    const int64_t count = poolgrad_ceiling_divide(left, a->stride) + 1;
    const bool is_behind = (count - 1) * a->stride - before >= a->size;
    return rounding == ROUND_UP_DROP && is_behind ? count - 1 : count;
}

/* How pads of a mean are counted; what has no pads says neither. */
struct counting {
    bool counts, leaves_out;
};

/* Whether the pads place the windows, and count as the framework counts them. */
static bool fits_pads(enum suite_rounding rounding, const struct axis_case *a, int64_t before, int64_t behind,
                      const struct counting *counting)
{
    const bool same = rounding == SAME_UPPER || rounding == SAME_LOWER;
    const bool counted = a->counted_before == before && a->counted_behind == behind;
    const bool left_out = a->counted_before == 0 && a->counted_behind == 0;
    if (count_windows(same ? ROUND_DOWN : rounding, a, before, behind) != a->windows) return false;
    return (counting->counts && counted) || (counting->leaves_out && left_out);
}

static bool fits_axis(const struct suite_profile_rules *rules, enum suite_rounding rounding, const struct axis_case *a,
                      bool padded, bool is_inner, const struct counting *counting)
{
    int64_t before = -a->first, behind;
    if (is_inner && a->kernel > a->size) return false;
    if (rounding == SAME_UPPER || rounding == SAME_LOWER) {
        poolgrad_suite_same_pads(rounding, a->extent, a->stride, a->size, &before, &behind);
        return before == -a->first && fits_pads(rounding, a, before, behind, counting);
    }
    const int64_t most = padded ? poolgrad_suite_most_pad(rules, a->kernel) : 0;
    if (before < 0 || before > most) return false;
    if (!rules->one_sided_pads) return fits_pads(rounding, a, before, before, counting);
    for (behind = 0; behind <= most; behind++) {
        if (fits_pads(rounding, a, before, behind, counting)) return true;
    }
    return false;
}

static int axes_of(const poolgrad_problem *p)
{
    return p->source.depth > 0 ? AXES : AXIS_Z;
}

/* Whether one way of counting and one rounding fit all axes. */
static bool fits_rounding(const struct suite_profile_rules *rules, enum suite_rounding rounding,
                          const poolgrad_problem *problem, const struct counting *counting)
{
    poolgrad_problem p = *problem;
    const int kind = (int)poolgrad_suite_kind(problem), axes = axes_of(problem);
    const bool padded = has(rules->padded_kinds, kind) && has(rules->padded_ranks, axes);
    const bool is_inner = has(rules->inner_kinds, kind) && has(rules->inner_ranks, axes);
    const bool rounds = rounding == ROUND_UP || rounding == ROUND_UP_DROP;
    if (rounds && !has(rules->rounded_kinds, kind)) return false;
    for (int i = 0; i < axes; i++) {
        const struct axis_case a = axis_case_of(&p, (enum axis)i);
        if (!fits_axis(rules, rounding, &a, padded, is_inner, counting)) return false;
    }
    return true;
}

/* With a divisor, or without a mean, nothing is counted. */
static bool places(const struct suite_profile_rules *rules, const poolgrad_problem *p)
{
    const bool counts = p->kind == POOLGRAD_AVERAGE && p->divisor == 0;
    const struct counting ways[] = {{rules->counts_pads || !counts, false}, {false, rules->leaves_out_pads || !counts}};
    for (int rounding = ROUND_DOWN; rounding < SUITE_ROUNDINGS; rounding++) {
        if (!has(rules->roundings, rounding)) continue;
        for (int way = 0; way < 2; way++) {
            if (fits_rounding(rules, (enum suite_rounding)rounding, p, &ways[way])) return true;
        }
    }
    return false;
}

/* Adaptive windows along each axis, or one for each pixel, which is as good. */
static bool is_adaptive(const poolgrad_problem *problem)
{
    poolgrad_problem p = *problem;
    for (int i = 0; i < axes_of(problem); i++) {
        poolgrad_span spans[RECIPE_WINDOWS];
        const struct axis_case a = axis_case_of(&p, (enum axis)i);
        const poolgrad_table *table = poolgrad_axis_fields(&p, (enum axis)i).table;
        const bool whole = a.kernel == 1 && a.stride == 1 && a.first == 0 && a.windows == a.size;
        if (table->count == 0 && !whole) return false;
        if (table->count > RECIPE_WINDOWS) return false;
        (void)poolgrad_adaptive_windows(a.size, table->count, spans, NULL);
        for (int64_t k = 0; k < table->count; k++) {
            if (table->spans[k].first != spans[k].first || table->spans[k].size != spans[k].size) return false;
        }
    }
    return p.divisor == 0;
}

/* Pixels outside count as zeros only where none is outside, or where zeros change nothing. */
static bool has_edges(const struct suite_profile_rules *rules, const poolgrad_problem *p, uint64_t features)
{
    const bool zeros = (features & SUITE_FEATURE(EDGE_ZERO)) && p->kind != POOLGRAD_L2NORM;
    return has(rules->roundings, AT_OFFSETS) || (!zeros && !(features & SUITE_FEATURE(OUTSIDE)));
}

static bool has_dilation(const struct suite_profile_rules *rules, const poolgrad_problem *p, uint64_t features)
{
    return !(features & SUITE_FEATURE(DILATION)) ||
           has(rules->dilated_kinds[p->direction == POOLGRAD_GRADIENT], (int)poolgrad_suite_kind(p));
}

static bool has_divisor(const struct suite_profile_rules *rules, const poolgrad_problem *p)
{
    return p->divisor == 0 ||
           (has(rules->divided_kinds, (int)poolgrad_suite_kind(p)) && has(rules->divided_ranks, axes_of(p)));
}

/* Lines are planes of one row. */
static bool has_rank(const struct suite_profile_rules *rules, const poolgrad_problem *p)
{
    return has(rules->ranks, axes_of(p));
}

bool poolgrad_suite_can_say(const struct suite_profile_rules *rules, const poolgrad_problem *p, uint64_t features)
{
    const int kind = (int)poolgrad_suite_kind(p);
    if (!has(rules->directions, (int)poolgrad_suite_direction(p)) || !has(rules->kinds, kind)) return false;
    if (!has_formats(rules, p) || !has_rules(rules, p, features) || !has_rank(rules, p)) return false;
    if (!has_dilation(rules, p, features) || !has_divisor(rules, p) || !has_edges(rules, p, features)) return false;
    if (features & SUITE_FEATURE(TABLE)) return has(rules->adaptive_kinds, kind) && is_adaptive(p);
    if (has(rules->roundings, AT_OFFSETS)) return !(features & SUITE_FEATURE(ONE_SIDED_PAD));
    return places(rules, p);
}
