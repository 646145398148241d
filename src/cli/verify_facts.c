/* SPDX-License-Identifier: Apache-2.0 */
/* What verify judges by, before any verdict: how the problem was understood, and what was declared. */
#include "cli/verify_facts.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/integer.h"
#include "base/refusal.h"
#include "cli/dialect_words.h"

/* ---- Axes -------------------------------------------------------------------------------------------------------- */

static const char *const axis_nouns[AXES] = {"width", "height", "depth"};

/* How far the windows of a table reach, and how large they are. */
static void measure_table(struct verify_axis *axis)
{
    const poolgrad_span *spans = axis->table;
    axis->first = spans[0].first;
    axis->end = spans[0].first + spans[0].size;
    axis->kernel = axis->least = spans[0].size;
    for (int64_t i = 1; i < axis->windows; i++) {
        axis->first = poolgrad_min(axis->first, spans[i].first);
        axis->end = poolgrad_max(axis->end, spans[i].first + spans[i].size);
        axis->kernel = poolgrad_max(axis->kernel, spans[i].size);
        axis->least = poolgrad_min(axis->least, spans[i].size);
    }
}

/* docs/numerics.md N11, N42: windows in front of the first that counts are skipped. */
struct verify_axis poolgrad_verify_axis(const poolgrad_problem *problem, enum axis axis)
{
    poolgrad_problem p = *problem; /* fields are given as places that may be written */
    const struct axis_fields f = poolgrad_axis_fields(&p, axis);
    const bool forward = p.direction == POOLGRAD_FORWARD;
    const int64_t origin = forward ? *f.clip : *f.region, count = forward ? *f.clip_size : *f.region_size;
    const int64_t there = forward ? *f.destination : *f.gradient,
                  size = axis == AXIS_Z ? poolgrad_max(there, 1) : there;
    const int64_t begin = poolgrad_clamp(origin, 0, size), skipped = begin - origin;
    struct verify_axis is = {.name = axis_nouns[axis],
                             .pixels = axis == AXIS_Z ? poolgrad_max(*f.source, 1) : *f.source,
                             .windows = skipped < 0 ? 0 : poolgrad_clamp(count - skipped, 0, size - begin),
                             .kernel = poolgrad_max(*f.kernel, 1),
                             .stride = poolgrad_max(*f.stride, 1),
                             .dilation = poolgrad_max(*f.dilation, 1),
                             .counted_before = *f.zero_pad + *f.zero_before,
                             .counted_behind = *f.zero_pad + *f.zero_behind};
    const int64_t extent = (is.kernel - 1) * is.dilation + 1;
    if (is.windows == 0) return is;
    if (f.table->spans) {
        is.table = f.table->spans + skipped;
        measure_table(&is);
        return is;
    }
    is.first = *f.offset - (forward ? 0 : *f.kernel_offset) - extent / 2 + skipped * is.stride;
    is.end = is.first + (is.windows - 1) * is.stride + extent;
    return is;
}

/* Without this axis nothing is lost. */
static bool is_flat(const struct verify_axis *axis)
{
    return axis->pixels == 1 && axis->windows == 1 && axis->kernel == 1 && axis->first == 0;
}

bool poolgrad_verify_shows_axis(const poolgrad_problem *problem, enum axis axis)
{
    const struct verify_axis is = poolgrad_verify_axis(problem, axis);
    return axis == AXIS_X || !is_flat(&is);
}

/* ---- Facts ------------------------------------------------------------------------------------------------------- */

/* Begins another fact. */
static void begin(struct verify_facts *facts, const char *name)
{
    facts->fact[facts->count++] = (struct verify_fact){.name = name};
}

/* Goes on with the last one. */
static void say(struct verify_facts *facts, const char *format, ...) POOLGRAD_PRINTF(2, 3);
static void say(struct verify_facts *facts, const char *format, ...)
{
    char *text = facts->fact[facts->count - 1].text;
    const size_t used = strlen(text);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text + used, FACT_TEXT - used, format, arguments);
    va_end(arguments);
}

/* Another part of the last one, behind a comma. */
static void list(struct verify_facts *facts, const char *part)
{
    say(facts, "%s%s", *facts->fact[facts->count - 1].text ? ", " : "", part);
}

static const char *plural(int64_t number)
{
    return number == 1 ? "" : "s";
}

/* ---- The windows ------------------------------------------------------------------------------------------------- */

/* How far windows reach beyond the image, or fall short of its end. */
static void say_side(struct verify_facts *facts, int64_t pad, const char *reached, const char *side)
{
    if (pad >= 0)
        say(facts, "%" PRId64 "%s %s", pad, reached, side);
    else
        say(facts, "%" PRId64 " pixel%s left over %s", -pad, plural(-pad), side);
}

static void tell_axis(struct verify_facts *facts, const struct verify_axis *axis)
{
    begin(facts, axis->name);
    say(facts, "%" PRId64 " pixel%s, %" PRId64 " window%s", axis->pixels, plural(axis->pixels), axis->windows,
        plural(axis->windows));
    if (axis->windows == 0) return;
    if (!axis->table)
        say(facts, ": kernel %" PRId64 ", stride %" PRId64 ", dilation %" PRId64, axis->kernel, axis->stride,
            axis->dilation);
    else if (axis->least == axis->kernel)
        say(facts, " by table, of %" PRId64, axis->kernel);
    else
        say(facts, " by table, of %" PRId64 " to %" PRId64, axis->least, axis->kernel);
    const int64_t before = -axis->first, behind = axis->end - axis->pixels;
    if (axis->table && before == 0 && behind == 0) return;
    say(facts, before >= 0 ? ", pads " : ", ");
    say_side(facts, before, "", "before");
    say(facts, ", ");
    say_side(facts, behind, " reached", "behind");
}

/* ---- The arrays -------------------------------------------------------------------------------------------------- */

/* The layout as options say it. */
static const char *layout_of(const poolgrad_const_image *image)
{
    if (image->depth > 0 && image->layout == POOLGRAD_NCHW) return "ncdhw";
    if (image->depth > 0 && image->layout == POOLGRAD_NHWC) return "ndhwc";
    return poolgrad_layout_name(image->layout);
}

struct array {
    const char *name;
    const poolgrad_const_image *image;
};

enum { ARRAYS = 4 };

/* Whether all that have elements have them alike. */
static bool are_alike(const struct array arrays[ARRAYS])
{
    const poolgrad_const_image *output = arrays[ARRAYS - 1].image;
    for (int i = 0; i < ARRAYS; i++) {
        const poolgrad_const_image *image = arrays[i].image;
        if (!image->data) continue;
        if (image->format != output->format || image->layout != output->layout) return false;
    }
    return true;
}

static void tell_arrays(struct verify_facts *facts, const poolgrad_problem *p)
{
    const poolgrad_const_image output = poolgrad_image_as_const(&p->destination);
    const struct array arrays[ARRAYS] = {{"source", &p->source},
                                         {"source gradient", &p->source_gradient},
                                         {"indices", &p->indices},
                                         {"output", &output}};
    const bool alike = are_alike(arrays);
    begin(facts, "arrays");
    if (alike) say(facts, "all %s %s", poolgrad_format_name(output.format), layout_of(&output));
    for (int i = 0; !alike && i < ARRAYS; i++) {
        const poolgrad_const_image *image = arrays[i].image;
        if (image->format == POOLGRAD_FORMAT_NONE) continue;
        list(facts, arrays[i].name);
        if (image->data || image == &output)
            say(facts, " %s %s", poolgrad_format_name(image->format), layout_of(image));
        else
            say(facts, " by its sizes");
    }
}

/* Which part of an axis counts or is written. */
static void say_range(struct verify_facts *facts, const char *name, int64_t first, int64_t count)
{
    if (first == 0 && count == POOLGRAD_ALL) return;
    list(facts, name);
    if (count == POOLGRAD_ALL)
        say(facts, " from %" PRId64 " on", first);
    else if (count == 0)
        say(facts, " none");
    else
        say(facts, " %" PRId64 " to %" PRId64, first, first + (count - 1));
}

static void say_region(struct verify_facts *facts, const poolgrad_region *region)
{
    say_range(facts, "images", region->image, region->images);
    say_range(facts, "depth", region->z, region->depth);
    say_range(facts, "rows", region->y, region->height);
    say_range(facts, "columns", region->x, region->width);
}

static bool is_whole(const poolgrad_region *r)
{
    return r->x == 0 && r->y == 0 && r->z == 0 && r->image == 0 && r->width == POOLGRAD_ALL &&
           r->height == POOLGRAD_ALL && r->depth == POOLGRAD_ALL && r->images == POOLGRAD_ALL;
}

static void tell_channels(struct verify_facts *facts, const poolgrad_problem *p)
{
    const bool gradient = p->direction == POOLGRAD_GRADIENT;
    const bool all = p->source_channel_offset == 0 && p->source_channel_count == POOLGRAD_ALL &&
                     p->gradient_channel_offset == 0 && p->gradient_channel_count == POOLGRAD_ALL;
    if (all && p->destination_channel_offset == 0) return;
    begin(facts, "channels");
    say_range(facts, "of the source", p->source_channel_offset, p->source_channel_count);
    if (gradient) say_range(facts, "of the source gradient", p->gradient_channel_offset, p->gradient_channel_count);
    if (p->destination_channel_offset != 0)
        say_range(facts, "of the output", p->destination_channel_offset, POOLGRAD_ALL);
}

static void tell_parts(struct verify_facts *facts, const poolgrad_problem *p)
{
    const bool clips = p->direction == POOLGRAD_GRADIENT && p->mapping == POOLGRAD_MAPPING_CLIP;
    if (p->direction == POOLGRAD_GRADIENT && !is_whole(&p->gradient_region)) {
        begin(facts, "counted");
        say(facts, "of the source gradient ");
        struct verify_facts region = {.count = 1};
        say_region(&region, &p->gradient_region);
        say(facts, "%s", region.fact[0].text);
    }
    if (!is_whole(&p->clip) || clips) {
        begin(facts, "written");
        say_region(facts, &p->clip);
        if (clips) list(facts, "the first of them the first window's first pixel (N43)");
    }
    tell_channels(facts, p);
    if (p->offset_image != 0) {
        begin(facts, "images");
        say(facts, "from %" PRId64 " of the source on", p->offset_image);
    }
}

/* ---- The rules --------------------------------------------------------------------------------------------------- */

static void tell_divisor(struct verify_facts *facts, const poolgrad_problem *p)
{
    bool counted = false;
    begin(facts, "divisor");
    if (p->root_mean) say(facts, "of the mean of squares: ");
    if (p->divisor != 0) {
        say(facts, "%" PRId64 ", whatever taps there are", p->divisor);
        return;
    }
    if (p->edge_mode == POOLGRAD_EDGE_ZERO) {
        say(facts, "all taps of a window, also outside the source (edge mode zero)");
        return;
    }
    say(facts, "taps inside the source");
    for (int i = AXES - 1; i >= 0; i--) {
        const struct verify_axis axis = poolgrad_verify_axis(p, (enum axis)i);
        if (axis.counted_before == 0 && axis.counted_behind == 0) continue;
        say(facts, "%s%" PRId64 " before and %" PRId64 " behind along %s",
            counted ? ", " : ", and in pads that count: ", axis.counted_before, axis.counted_behind, axis.name);
        counted = true;
    }
    if (!counted) say(facts, " alone");
}

static void tell_outside(struct verify_facts *facts, const poolgrad_problem *p)
{
    begin(facts, "outside");
    if (p->kind != POOLGRAD_MAX)
        say(facts, "taps there add nothing");
    else if (p->edge_mode == POOLGRAD_EDGE_ZERO)
        say(facts, "taps there read +0 and take part (edge mode zero)");
    else
        say(facts, "taps there are left out (edge mode clamp)");
}

static const char *tie_text(const poolgrad_problem *p, bool keeps)
{
    switch (p->ties) {
    case POOLGRAD_TIES_ALL: return "each of several greatest taps gets the whole gradient";
    case POOLGRAD_TIES_SPLIT: return "several greatest taps get equal shares";
    case POOLGRAD_TIES_LAST: return keeps ? "the last of several greatest taps is picked" : NULL;
    default: return keeps ? "the first of several greatest taps is picked" : NULL;
    }
}

static const char *nan_text(const poolgrad_problem *p)
{
    switch (p->nan) {
    case POOLGRAD_NAN_LAST: return "a window's last NaN is picked";
    case POOLGRAD_NAN_IGNORE: return "the greatest number is picked, NaNs ignored";
    default: return "a window's first NaN is picked";
    }
}

static void tell_picks(struct verify_facts *facts, const struct verify *verify)
{
    const poolgrad_problem *p = &verify->inputs.problem;
    if (p->indices.data) {
        begin(facts, "picks");
        say(facts, "those of the indices");
        return;
    }
    if (p->direction == POOLGRAD_GRADIENT) {
        const char *text = tie_text(p, verify->declaration.keeps_tie_rule != 0);
        begin(facts, "ties");
        say(facts, "%s", text ? text : "any one of several greatest taps may be picked");
    }
    begin(facts, "nan");
    say(facts, "%s",
        verify->declaration.keeps_nan_rule ? nan_text(p) : "any of a window may be picked, or its greatest number");
}

static void tell_rules(struct verify_facts *facts, const struct verify *verify)
{
    const poolgrad_problem *p = &verify->inputs.problem;
    if (p->kind == POOLGRAD_AVERAGE || p->root_mean)
        tell_divisor(facts, p);
    else if (!p->indices.data)
        tell_outside(facts, p);
    if (p->kind == POOLGRAD_MAX) tell_picks(facts, verify);
}

/* ---- What was declared ------------------------------------------------------------------------------------------- */

static bool adds(const poolgrad_problem *p)
{
    return p->direction == POOLGRAD_GRADIENT || p->kind != POOLGRAD_MAX;
}

static bool divides(const poolgrad_problem *p)
{
    return p->kind != POOLGRAD_MAX || (p->direction == POOLGRAD_GRADIENT && p->ties == POOLGRAD_TIES_SPLIT);
}

/* In which steps is computed, where that was said. */
static void list_steps(struct verify_facts *facts, const poolgrad_declaration *d)
{
    if (d->stored_in != POOLGRAD_FORMAT_NONE) {
        list(facts, "");
        say(facts, "sums stored in %s", poolgrad_format_name(d->stored_in));
    }
    if (d->averages == POOLGRAD_AVERAGES_BY_AXIS) list(facts, "averages axis by axis");
    if (d->averages == POOLGRAD_AVERAGES_RECIPROCAL_PRODUCT) list(facts, "averages by the product of reciprocals");
    if (d->composed == POOLGRAD_COMPOSED_SUM) list(facts, "composed of a pooling that adds");
    if (d->composed == POOLGRAD_COMPOSED_MEAN) list(facts, "composed of a pooling that averages");
    if (d->norms == POOLGRAD_NORMS_STORED) list(facts, "norms as they were stored");
}

/* What was said. */
static void tell_declared(struct verify_facts *facts, const struct verify *verify)
{
    const poolgrad_declaration *d = &verify->declaration;
    begin(facts, "declared");
    if (d->computed_in != POOLGRAD_FORMAT_NONE) say(facts, "sums in %s", poolgrad_format_name(d->computed_in));
    if (d->chain > 0) {
        list(facts, "at most ");
        say(facts, "%" PRId64 " addition%s in a row", d->chain, plural(d->chain));
    }
    if (d->division != POOLGRAD_DIVISION_ANY)
        list(facts, d->division == POOLGRAD_DIVISION_TRUE ? "true division" : "division by reciprocals");
    if (d->fusion != POOLGRAD_FUSION_ANY)
        list(facts, d->fusion == POOLGRAD_FUSION_NONE ? "products rounded before they are added" : "products fused");
    if (d->subnormals == POOLGRAD_SUBNORMALS_FLUSHED) list(facts, "subnormals flushed");
    list_steps(facts, d);
    if (d->digits > 0) {
        list(facts, "");
        say(facts, "printed with %d digit%s behind the point", d->digits, plural(d->digits));
    }
    if (verify->strict) list(facts, "strict");
    if (!*facts->fact[facts->count - 1].text) facts->count--;
}

/* What holds where nothing was said, as far as it matters here. */
static void tell_assumed(struct verify_facts *facts, const struct verify *verify)
{
    const poolgrad_problem *p = &verify->inputs.problem;
    const poolgrad_declaration *d = &verify->declaration;
    begin(facts, "assumed");
    if (adds(p) && d->computed_in == POOLGRAD_FORMAT_NONE)
        say(facts, "sums in %s", poolgrad_format_name(poolgrad_computed_in(p, d)));
    if (adds(p) && d->chain == 0) list(facts, "any order of additions");
    if (divides(p) && d->division == POOLGRAD_DIVISION_ANY) list(facts, "any division");
    if (divides(p) && d->fusion == POOLGRAD_FUSION_ANY) list(facts, "products fused or not");
    if (d->subnormals == POOLGRAD_SUBNORMALS_KEPT) list(facts, "subnormals kept");
    if (!*facts->fact[facts->count - 1].text) facts->count--;
}

static void tell_before(struct verify_facts *facts, const struct verify *verify)
{
    const poolgrad_problem *p = &verify->inputs.problem;
    if (p->add_to_destination) {
        begin(facts, "before");
        say(facts, "the gradient is added to what the output held");
    } else if (verify->declaration.before &&
               poolgrad_verification_count(verify->verification, POOLGRAD_VERDICT_NONE) > 0) {
        begin(facts, "before");
        say(facts, "what is not written has to be as it was");
    }
}

void poolgrad_verify_facts(const struct verify *verify, struct verify_facts *facts)
{
    const poolgrad_problem *p = &verify->inputs.problem;
    facts->count = 0;
    if (verify->dialect) {
        begin(facts, "words");
        say(facts, "%s's, translated into what follows", verify->dialect->name);
    }
    for (int axis = AXES - 1; axis >= 0; axis--) {
        const struct verify_axis is = poolgrad_verify_axis(p, (enum axis)axis);
        if (poolgrad_verify_shows_axis(p, (enum axis)axis)) tell_axis(facts, &is);
    }
    tell_parts(facts, p);
    tell_arrays(facts, p);
    tell_before(facts, verify);
    tell_rules(facts, verify);
    tell_declared(facts, verify);
    tell_assumed(facts, verify);
}
