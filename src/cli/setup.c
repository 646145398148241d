/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/setup.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/axis_options.h"
#include "cli/fit.h"
#include "measure/workload.h"

static const char *option_name(enum option option)
{
    return poolgrad_options[option].name;
}

int poolgrad_setup_required(const struct options *options, const enum option *option, int count)
{
    for (int i = 0; i < count; i++) {
        if (poolgrad_given(options, option[i])) continue;
        return poolgrad_fail(options, "--%s is missing; expected --%s %s", option_name(option[i]),
                             option_name(option[i]), poolgrad_options[option[i]].argument);
    }
    return 0;
}

/* ---- Rules ------------------------------------------------------------------------------------------------------ */

static void setup_regions(const struct options *o, poolgrad_problem *p)
{
    for (int i = 0; i < AXES; i++) {
        const enum axis axis = (enum axis)i;
        const struct axis_fields to = poolgrad_axis_fields(p, axis);
        *to.kernel_offset = poolgrad_axis_number(o, axis, ROLE_KERNEL_OFFSET);
        *to.region = poolgrad_axis_number(o, axis, ROLE_PRIMARY_OFFSET);
        *to.region_size = poolgrad_number(o, poolgrad_axis_option(axis, ROLE_REGION_SIZE), POOLGRAD_ALL);
        *to.clip = poolgrad_axis_number(o, axis, ROLE_CLIP);
        *to.clip_size = poolgrad_number(o, poolgrad_axis_option(axis, ROLE_CLIP_SIZE), POOLGRAD_ALL);
    }
    p->gradient_region.image = poolgrad_number(o, OPTION_PRIMARY_OFFSET_IMAGE, 0);
    p->gradient_region.images = poolgrad_number(o, OPTION_SOURCE_SIZE_IMAGES, POOLGRAD_ALL);
    p->clip.image = poolgrad_number(o, OPTION_CLIP_IMAGE, 0);
    p->clip.images = poolgrad_number(o, OPTION_CLIP_IMAGES, POOLGRAD_ALL);
    for (int option = OPTION_CLIP_X; option <= OPTION_CLIP_IMAGES; option++) {
        bool clipped = p->direction == POOLGRAD_GRADIENT && poolgrad_given(o, (enum option)option);
        if (clipped) p->mapping = POOLGRAD_MAPPING_CLIP;
    }
}

/* Bits 1 << poolgrad_kind: the kind that is pooled, or those that are measured. */
static int64_t chosen_kinds(const struct options *o, const poolgrad_problem *p)
{
    int64_t kinds = 0;
    if (poolgrad_given(o, OPTION_KIND)) return INT64_C(1) << p->kind;
    const int64_t measured = poolgrad_number(o, OPTION_KINDS, (INT64_C(1) << MEASURED_KINDS) - 1);
    for (int i = 0; i < MEASURED_KINDS; i++) {
        if (measured >> i & 1) kinds |= INT64_C(1) << poolgrad_measured_kind_of((enum measured_kind)i);
    }
    return kinds;
}

static int refuse_kind(const struct options *o, enum option option, const char *expected)
{
    const bool measures = poolgrad_given(o, OPTION_KINDS);
    if (!measures && !poolgrad_given(o, OPTION_KIND)) {
        return poolgrad_fail(o, "--%s is given without --kind; expected --kind %s with it", option_name(option),
                             expected);
    }
    return poolgrad_fail(o, "--%s is given with --kind %s; expected %s", option_name(option),
                         o->value[measures ? OPTION_KINDS : OPTION_KIND].text, expected);
}

/* What N is: of the kinds that have one. */
static int setup_mean(const struct options *o, poolgrad_problem *p)
{
    const int64_t kinds = chosen_kinds(o, p), average = INT64_C(1) << POOLGRAD_AVERAGE,
                  norm = INT64_C(1) << POOLGRAD_L2NORM;
    p->root_mean = poolgrad_given(o, OPTION_ROOT_MEAN);
    p->divisor = poolgrad_number(o, OPTION_DIVISOR, 0);
    if (p->root_mean && kinds != norm) return refuse_kind(o, OPTION_ROOT_MEAN, "l2norm");
    if (!poolgrad_given(o, OPTION_DIVISOR)) return 0;
    if (p->divisor == 0) return poolgrad_fail(o, "--divisor is 0; expected another integer");
    if (kinds == average || p->root_mean) return 0;
    return refuse_kind(o, OPTION_DIVISOR, "average, or l2norm with --root-mean");
}

static int setup_channels(const struct options *o, poolgrad_problem *p)
{
    static const enum option offsets[] = {OPTION_SOURCE_CHANNEL_OFFSET, OPTION_PRIMARY_CHANNEL_OFFSET,
                                          OPTION_SECONDARY_CHANNEL_OFFSET, OPTION_DESTINATION_CHANNEL_OFFSET};
    for (size_t i = 0; i < sizeof offsets / sizeof *offsets; i++) {
        int64_t offset = poolgrad_number(o, offsets[i], 0);
        if (offset % 4 == 0) continue;
        return poolgrad_fail(o, "--%s is %" PRId64 "; expected a multiple of 4, as MPS's kernels do",
                             option_name(offsets[i]), offset);
    }
    bool forward = p->direction == POOLGRAD_FORWARD;
    p->source_channel_offset =
        poolgrad_number(o, forward ? OPTION_SOURCE_CHANNEL_OFFSET : OPTION_SECONDARY_CHANNEL_OFFSET, 0);
    p->source_channel_count = poolgrad_number(o, forward ? OPTION_SOURCE_CHANNEL_COUNT : OPTION_SECONDARY_CHANNEL_COUNT,
                                              POOLGRAD_ALL);
    p->gradient_channel_offset = poolgrad_number(o, OPTION_PRIMARY_CHANNEL_OFFSET, 0);
    p->gradient_channel_count = poolgrad_number(o, OPTION_PRIMARY_CHANNEL_COUNT, POOLGRAD_ALL);
    p->destination_channel_offset = poolgrad_number(o, OPTION_DESTINATION_CHANNEL_OFFSET, 0);
    return 0;
}

int poolgrad_setup_execution(const struct options *o, int *most, poolgrad_isa *max_isa)
{
    int64_t threads = poolgrad_number(o, OPTION_THREADS, 0);
    if (threads < 0 || threads > INT32_MAX) {
        return poolgrad_fail(o, "--threads is %" PRId64 "; expected 0 (automatic) to 1024", threads);
    }
    if (threads > 1 && !poolgrad_has_openmp()) {
        return poolgrad_fail(o, "--threads is %" PRId64 "; expected 1, poolgrad was built without OpenMP", threads);
    }
    *most = (int)threads;
    *max_isa = (poolgrad_isa)poolgrad_number(o, OPTION_MAX_ISA, POOLGRAD_ISA_BEST);
    return 0;
}

int poolgrad_setup_rules(const struct options *o, poolgrad_direction direction, poolgrad_problem *p)
{
    poolgrad_problem_init(p, sizeof *p);
    p->direction = direction;
    p->kind = (poolgrad_kind)poolgrad_number(o, OPTION_KIND, POOLGRAD_AVERAGE);
    p->mode = poolgrad_number(o, OPTION_POOLING_MODE, POOLGRAD_MODE_FAST) == POOLGRAD_MODE_REFERENCE
                  ? POOLGRAD_MODE_REFERENCE
                  : POOLGRAD_MODE_FAST;
    p->edge_mode = (poolgrad_edge_mode)poolgrad_number(o, OPTION_EDGE_MODE, POOLGRAD_EDGE_CLAMP);
    const int64_t judged = poolgrad_number(o, OPTION_JUDGED_TIES, TIES_ANY);
    p->ties = (poolgrad_tie_rule)poolgrad_number(o, OPTION_TIES, judged == TIES_ANY ? POOLGRAD_TIES_FIRST : judged);
    const int64_t judged_nan = poolgrad_number(o, OPTION_JUDGED_NAN, NAN_ANY);
    p->nan = (poolgrad_nan_rule)poolgrad_number(o, OPTION_NAN, judged_nan == NAN_ANY ? POOLGRAD_NAN_FIRST : judged_nan);
    p->accumulator = (poolgrad_accumulator)poolgrad_number(o, OPTION_ACCUMULATOR, POOLGRAD_ACCUMULATE_FLOAT32);
    p->offset_image = poolgrad_number(o, OPTION_OFFSET_IMAGE, poolgrad_number(o, OPTION_SECONDARY_OFFSET_IMAGE, 0));
    setup_regions(o, p);
    int status = setup_mean(o, p);
    if (status == 0) status = setup_channels(o, p);
    return status == 0 ? poolgrad_setup_execution(o, &p->threads, &p->max_isa) : status;
}

/* ---- Words ------------------------------------------------------------------------------------------------------ */

/* Library fields of an axis whose option is not the field's name in kebab case. */
static const char *option_of_axis_field(const char *field)
{
    static const struct {
        const char *field[AXES];
        enum axis_role role;
    } names[] = {{{"gradient_region.x", "gradient_region.y", "gradient_region.z"}, ROLE_PRIMARY_OFFSET},
                 {{"gradient_region.width", "gradient_region.height", "gradient_region.depth"}, ROLE_REGION_SIZE},
                 {{"pads.left", "pads.top", "pads.front"}, ROLE_BEFORE},
                 {{"pads.right", "pads.bottom", "pads.back"}, ROLE_BEHIND}};
    for (size_t i = 0; i < AXES * sizeof names / sizeof *names; i++) {
        const enum axis axis = (enum axis)(i % AXES);
        if (strcmp(names[i / AXES].field[axis], field) == 0)
            return option_name(poolgrad_axis_option(axis, names[i / AXES].role));
    }
    return NULL;
}

/* The same of all fields. */
static const char *option_of_field(const struct options *options, const char *field)
{
    static const struct {
        const char *field, *forward, *gradient;
    } names[] = {
        {"gradient_region.images", NULL, "source-size-images"},
        {"gradient_region.image", NULL, "primary-offset-image"},
        {"source_channel_offset", "source-feature-channel-offset", "secondary-source-feature-channel-offset"},
        {"source_channel_count", "source-feature-channel-max-count", "secondary-source-feature-channel-max-count"},
        {"gradient_channel_offset", NULL, "primary-source-feature-channel-offset"},
        {"gradient_channel_count", NULL, "primary-source-feature-channel-max-count"},
        {"destination_channel_offset", "destination-feature-channel-offset", "destination-feature-channel-offset"},
        {"method", "padding-policy", "padding-policy"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(names[i].field, field) != 0) continue;
        return poolgrad_is_gradient(options) ? names[i].gradient : names[i].forward;
    }
    return option_of_axis_field(field);
}

static void kebab(const char *field, char *name, size_t size)
{
    static const char window[] = "window.";
    if (strncmp(field, window, sizeof window - 1) == 0) field += sizeof window - 1;
    snprintf(name, size, "%s", field);
    for (char *letter = name; *letter; letter++) {
        if (*letter == '_' || *letter == '.') *letter = '-';
    }
}

/* What was typed: the option for every axis, or by another name, where that of the field was not. */
static const char *typed(const struct options *options, const char *name)
{
    for (int i = 0; i < (int)AXES * (int)ROLES; i++) {
        const enum axis axis = (enum axis)(i % AXES);
        const enum axis_role role = (enum axis_role)(i / AXES);
        if (strcmp(option_name(poolgrad_axis_option(axis, role)), name) != 0) continue;
        if (role == ROLE_OFFSET && poolgrad_axis_given(options, axis, ROLE_SECONDARY_OFFSET))
            return option_name(poolgrad_axis_option(axis, ROLE_SECONDARY_OFFSET));
        return option_name(poolgrad_axis_speaker(options, axis, role));
    }
    const bool secondary = strcmp(name, option_name(OPTION_OFFSET_IMAGE)) == 0 &&
                           poolgrad_given(options, OPTION_SECONDARY_OFFSET_IMAGE);
    return secondary ? option_name(OPTION_SECONDARY_OFFSET_IMAGE) : name;
}

static const char *destination_option(const struct options *options)
{
    if (poolgrad_given(options, OPTION_ACTUAL)) return "actual";
    return options->command == COMMAND_EXPLAIN ? "at" : "output";
}

/* Which option tells the source's size; null where --source-width and --source-height do. */
static const char *source_option(const struct options *options)
{
    if (poolgrad_given(options, OPTION_INPUT_SIZE)) return option_name(OPTION_INPUT_SIZE);
    return poolgrad_given(options, OPTION_SOURCE) ? option_name(OPTION_SOURCE) : NULL;
}

/* A field of an axis's table, "windows_x.spans": the option that says where the windows are. Null of another field. */
static const char *table_option(const struct options *options, const char *field)
{
    static const char prefix[] = "windows_";
    if (strncmp(field, prefix, sizeof prefix - 1) != 0) return NULL;
    const enum axis axis = (enum axis)(field[sizeof prefix - 1] - 'x');
    const enum option option = axis < AXES ? poolgrad_axis_table(options, axis) : OPTION_COUNT;
    return option == OPTION_COUNT ? NULL : option_name(option);
}

int poolgrad_setup_refused(const struct options *options, const poolgrad_error *error)
{
    char name[sizeof error->field];
    const char *option = option_of_field(options, error->field);
    const char *rest = error->message + strlen(error->field);
    const char *source = source_option(options);
    const char *const images[][2] = {{"source_gradient.", "source-gradient"},
                                     {"source.", source ? source : "source"},
                                     {"source_width", source},
                                     {"source_height", source},
                                     {"source_depth", source},
                                     {"destination.", destination_option(options)},
                                     {"indices", "indices"},
                                     {"picks", "picks"}};
    for (size_t i = 0; i < sizeof images / sizeof *images; i++) {
        if (!images[i][1] || strncmp(error->field, images[i][0], strlen(images[i][0])) != 0) continue;
        return poolgrad_fail(options, "--%s: %s", images[i][1], error->message);
    }
    const char *table = table_option(options, error->field);
    if (table) return poolgrad_fail(options, "--%s: %s", table, error->message);
    if (strcmp(error->field, "POOLGRAD_MAX_ISA") == 0) return poolgrad_fail(options, "%s", error->message);
    kebab(error->field, name, sizeof name);
    return poolgrad_fail(options, "--%s%s", typed(options, option ? option : name), rest);
}

static void note_if(const struct options *options, enum option option, bool idle, const char *why)
{
    if (idle && poolgrad_given(options, option)) {
        poolgrad_note(options, "--%s has no effect: %s", option_name(option), why);
    }
}

/* Options of counted padding. */
static void note_zero_pads(const struct options *options, const poolgrad_problem *p)
{
    const bool counts = p->kind == POOLGRAD_AVERAGE || p->root_mean;
    const char *why = !counts                              ? "only average pooling counts padding"
                      : p->divisor != 0                    ? "--divisor says what N is"
                      : p->edge_mode == POOLGRAD_EDGE_ZERO ? "edge mode zero always counts every tap"
                                                           : NULL;
    for (int option = OPTION_ZERO_PAD; option <= OPTION_COUNT_INCLUDE_PAD; option++)
        note_if(options, (enum option)option, why != NULL, why);
}

static void note_rules(const struct options *options, const poolgrad_problem *p)
{
    bool max = p->kind == POOLGRAD_MAX, average = p->kind == POOLGRAD_AVERAGE;
    bool chosen = p->indices.data != NULL;
    static const enum option choices[] = {OPTION_TIES, OPTION_JUDGED_TIES, OPTION_NAN, OPTION_JUDGED_NAN,
                                          OPTION_EDGE_MODE};
    note_zero_pads(options, p);
    note_if(options, OPTION_EXCLUDE_EDGES, !average, "only average pooling excludes edges");
    note_if(options, OPTION_EDGE_MODE, average && poolgrad_given(options, OPTION_EXCLUDE_EDGES),
            "--exclude-edges sets it to clamp");
    note_if(options, OPTION_EDGE_MODE, p->divisor != 0, "--divisor says what N is");
    note_if(options, OPTION_TIES, !max, "only max pooling has ties");
    note_if(options, OPTION_JUDGED_TIES, !max, "only max pooling has ties");
    note_if(options, OPTION_NAN, !max, "only max pooling chooses among NaNs");
    note_if(options, OPTION_JUDGED_NAN, !max, "only max pooling chooses among NaNs");
    for (size_t i = 0; i < sizeof choices / sizeof *choices; i++) {
        note_if(options, choices[i], chosen, "the indices have chosen already");
    }
}

/* Null where the accumulator matters. */
static const char *idle_accumulator(const poolgrad_problem *p)
{
    bool gradient = p->direction == POOLGRAD_GRADIENT;
    bool wide = p->destination.format == POOLGRAD_FLOAT64 ||
                (gradient ? p->source_gradient : p->source).format == POOLGRAD_FLOAT64;
    if (p->kind == POOLGRAD_L2NORM) return "L2-norm always works in float64";
    if (p->kind == POOLGRAD_MAX && !gradient) return "forward max adds nothing";
    if (wide && p->accumulator == POOLGRAD_ACCUMULATE_FLOAT32) return "with float64 tensors the accumulator is float64";
    return NULL;
}

/* Whether every axis has an option of its own for this. */
static bool all_own(const struct options *options, int axes, enum axis_role role)
{
    for (int axis = 0; axis < axes; axis++) {
        if (!poolgrad_given(options, poolgrad_axis_option((enum axis)axis, role))) return false;
    }
    return true;
}

static void note_said_sizes(const struct options *options, int axes)
{
    char why[96] = "";
    for (int axis = 0; axis < axes; axis++) {
        const char *output = option_name(poolgrad_axis_option((enum axis)axis, ROLE_OUTPUT));
        char says[64];
        snprintf(says, sizeof says, "--%s says the size", output);
        note_if(options, poolgrad_axis_option((enum axis)axis, ROLE_BEHIND),
                poolgrad_axis_given(options, (enum axis)axis, ROLE_OUTPUT) &&
                    !poolgrad_given(options, OPTION_COUNT_INCLUDE_PAD),
                says);
        const size_t used = strlen(why);
        snprintf(why + used, sizeof why - used, "%s--%s", axis == 0 ? "" : axis + 1 == axes ? " and " : ", ", output);
    }
    const size_t used = strlen(why);
    snprintf(why + used, sizeof why - used, " say%s the size", axes == 1 ? "s" : "");
    const bool said = all_own(options, axes, ROLE_OUTPUT);
    note_if(options, OPTION_CEIL_MODE, said, why);
    note_if(options, OPTION_CEIL_DROP, said, why);
}

/* Options whose every word is said by others. */
static void note_overruled(const struct options *options, int axes)
{
    static const enum axis_role said[] = {ROLE_KERNEL,   ROLE_STRIDE, ROLE_DILATION,
                                          ROLE_ADAPTIVE, ROLE_BEFORE, ROLE_ZERO_PAD};
    for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
        note_if(options, poolgrad_axes_option(said[i]), all_own(options, axes, said[i]),
                "each axis has an option of its own");
    }
    note_said_sizes(options, axes);
    note_if(options, OPTION_REMAINDER_TO,
            poolgrad_number(options, OPTION_ALIGN, POOLGRAD_PADDING_ALIGN_CENTERED) != POOLGRAD_PADDING_ALIGN_CENTERED,
            "only centered padding has a remainder");
}

static bool has_slices(const poolgrad_problem *p)
{
    const poolgrad_layout layouts[] = {p->source.layout, p->destination.layout, p->indices.layout, p->picks.layout,
                                       p->source_gradient.layout};
    for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++) {
        if (layouts[i] >= POOLGRAD_NC4HW4) return true;
    }
    return false;
}

void poolgrad_setup_notes(const struct options *options, const poolgrad_problem *problem)
{
    char fit[FIT_TEXT];
    const char *accumulator = idle_accumulator(problem);
    poolgrad_fit_gradient(options, problem, fit);
    if (*fit) poolgrad_note(options, "%s", fit);
    note_rules(options, problem);
    const bool exact = poolgrad_number(options, OPTION_POOLING_MODE, POOLGRAD_MODE_FAST) == MODE_EXACT;
    note_if(options, OPTION_ACCUMULATOR, accumulator != NULL && !exact, accumulator);
    note_if(options, OPTION_ACCUMULATOR, exact, "exact sums have no width");
    note_if(options, OPTION_MAX_ISA, exact, "exact mode uses none");
    note_if(options, OPTION_CHANNELS, !has_slices(problem), "only layouts of slices leave it open");
    note_overruled(options, poolgrad_count_axes(options, problem));
}
