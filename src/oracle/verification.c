/* SPDX-License-Identifier: Apache-2.0 */
/* Verification: what is compared with what, and the sum of what was found. */
#include "oracle/verification.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/growth.h"
#include "base/refusal.h"
#include "image/format.h"
#include "image/image.h"
#include "oracle/exact_mode.h"
#include "oracle/judge.h"
#include "oracle/volume.h"
#include "pooling/parallel.h"
#include "pooling/plan.h"
#include "pooling/problem.h"
#include "pooling/resolve.h"

/* ---- Names ------------------------------------------------------------------------------------------------------- */

#define NAME(value, names) ((size_t)(value) < sizeof(names) / sizeof *(names) ? (names)[value] : NULL)

const char *poolgrad_division_name(poolgrad_division division)
{
    static const char *const names[] = {"any", "true", "reciprocal"};
    return NAME(division, names);
}

const char *poolgrad_fusion_name(poolgrad_fusion fusion)
{
    static const char *const names[] = {"any", "none", "all"};
    return NAME(fusion, names);
}

const char *poolgrad_subnormals_name(poolgrad_subnormals subnormals)
{
    static const char *const names[] = {"kept", "flushed"};
    return NAME(subnormals, names);
}

const char *poolgrad_norms_name(poolgrad_norms norms)
{
    static const char *const names[] = {"computed", "stored"};
    return NAME(norms, names);
}

const char *poolgrad_averages_name(poolgrad_averages averages)
{
    static const char *const names[] = {"whole", "by-axis", "reciprocal-product"};
    return NAME(averages, names);
}

const char *poolgrad_composition_name(poolgrad_composition composition)
{
    static const char *const names[] = {"not", "sum", "mean"};
    return NAME(composition, names);
}

const char *poolgrad_verdict_name(poolgrad_verdict verdict)
{
    static const char *const names[POOLGRAD_VERDICTS] = {
        "none", "equal", "correctly-rounded", "legal-rounding", "legal-tie", "unbounded", "undocumented", "wrong"};
    return NAME(verdict, names);
}

const char *poolgrad_decision_name(poolgrad_decision decision)
{
    static const char *const names[POOLGRAD_DECISIONS] = {"none",         "nan-rule",     "zero-norm",
                                                          "sign-of-zero", "empty-window", "least-window"};
    return NAME(decision, names);
}

const char *poolgrad_decision_text(poolgrad_decision decision)
{
    static const char *const texts[POOLGRAD_DECISIONS] = {
        "rests on no decision",
        "which NaN of a window wins, or none, is not documented (N33)",
        "what a window of norm 0 contributes is not documented (N35)",
        "the sign of a zero to which nothing contributes is not documented (N38)",
        "the value of a window without taps is not documented (N21)",
        "what a window of nothing but -infinity picks is not documented (N34)"};
    return NAME(decision, texts);
}

/* ---- Declarations ------------------------------------------------------------------------------------------------ */

static const poolgrad_declaration neutral = {.findings = 20};

/* Writes no more than the caller's struct, which may be older or newer than this one. */
void poolgrad_declaration_init(poolgrad_declaration *declaration, size_t struct_size)
{
    poolgrad_declaration made = neutral;
    made.struct_size = struct_size;
    memset(declaration, 0, struct_size);
    memcpy(declaration, &made, struct_size < sizeof made ? struct_size : sizeof made);
}

static poolgrad_status check_choice(const char *field, int value, int last, const char *expected, poolgrad_error *error)
{
    if (value >= 0 && value <= last) return POOLGRAD_OK;
    return poolgrad_refuse(error, field, "is %d; expected %s", value, expected);
}

bool poolgrad_is_floating(poolgrad_format format)
{
    return format == POOLGRAD_FLOAT16 || format == POOLGRAD_BFLOAT16 || format == POOLGRAD_FLOAT32 ||
           format == POOLGRAD_FLOAT64;
}

static poolgrad_status check_numbers(const poolgrad_declaration *d, poolgrad_error *error)
{
    enum { MOST_DIGITS = 20 };
    if (d->findings < 0) {
        return poolgrad_refuse(error, "declaration.findings", "is %" PRId64 "; expected at least 0", d->findings);
    }
    if (d->chain < 0) {
        return poolgrad_refuse(error, "declaration.chain", "is %" PRId64 "; expected additions, or 0: any number",
                               d->chain);
    }
    if (d->digits >= 0 && d->digits <= MOST_DIGITS) return POOLGRAD_OK;
    return poolgrad_refuse(error, "declaration.digits", "is %d; expected 1 to %d, or 0: as stored", d->digits,
                           MOST_DIGITS);
}

static poolgrad_status check_format(const char *field, poolgrad_format format, poolgrad_error *error)
{
    const char *name = poolgrad_format_name(format);
    if (format == POOLGRAD_FORMAT_NONE || poolgrad_is_floating(format)) return POOLGRAD_OK;
    return poolgrad_refuse(error, field, "is %d (%s); expected float16, bfloat16, float32, float64, or none",
                           (int)format, name ? name : "no format");
}

static poolgrad_status check_averages(const poolgrad_declaration *d, poolgrad_error *error)
{
    if (d->averages == POOLGRAD_AVERAGES_RECIPROCAL_PRODUCT && d->division == POOLGRAD_DIVISION_TRUE) {
        return poolgrad_refuse(error, "declaration.averages",
                               "is reciprocal-product where division is true; expected any or reciprocal divisions "
                               "with it");
    }
    return check_choice("declaration.averages", (int)d->averages, POOLGRAD_AVERAGES_RECIPROCAL_PRODUCT,
                        "whole (0), by-axis (1) or reciprocal-product (2)", error);
}

/* In which steps is computed. */
static poolgrad_status check_shapes(const poolgrad_declaration *d, poolgrad_error *error)
{
    poolgrad_status status = check_format("declaration.stored_in", d->stored_in, error);
    if (status != POOLGRAD_OK) return status;
    const bool apart = (d->stored_in == POOLGRAD_FLOAT16 && d->computed_in == POOLGRAD_BFLOAT16) ||
                       (d->stored_in == POOLGRAD_BFLOAT16 && d->computed_in == POOLGRAD_FLOAT16);
    if (apart) {
        return poolgrad_refuse(error, "declaration.stored_in",
                               "is %s where computed_in is %s; expected formats of which one holds the other's numbers",
                               poolgrad_format_name(d->stored_in), poolgrad_format_name(d->computed_in));
    }
    status = check_choice("declaration.norms", (int)d->norms, POOLGRAD_NORMS_STORED, "computed (0) or stored (1)",
                          error);
    if (status == POOLGRAD_OK) {
        status = check_choice("declaration.composed", (int)d->composed, POOLGRAD_COMPOSED_MEAN,
                              "not (0), sum (1) or mean (2)", error);
    }
    return status == POOLGRAD_OK ? check_averages(d, error) : status;
}

static poolgrad_status check_declaration(const poolgrad_declaration *d, poolgrad_error *error)
{
    poolgrad_status status = check_format("declaration.computed_in", d->computed_in, error);
    if (status != POOLGRAD_OK) return status;
    status = check_choice("declaration.division", (int)d->division, POOLGRAD_DIVISION_RECIPROCAL,
                          "any (0), true (1) or reciprocal (2)", error);
    if (status == POOLGRAD_OK) {
        status = check_choice("declaration.fusion", (int)d->fusion, POOLGRAD_FUSION_ALL, "any (0), none (1) or all (2)",
                              error);
    }
    if (status == POOLGRAD_OK) status = check_numbers(d, error);
    if (status == POOLGRAD_OK) status = check_shapes(d, error);
    if (status != POOLGRAD_OK) return status;
    return check_choice("declaration.subnormals", (int)d->subnormals, POOLGRAD_SUBNORMALS_FLUSHED,
                        "kept (0) or flushed (1)", error);
}

poolgrad_status poolgrad_read_declaration(const poolgrad_declaration *declaration, poolgrad_declaration *known,
                                          poolgrad_error *error)
{
    *known = neutral;
    if (!declaration)
        return poolgrad_refuse(error, "declaration", "is null; expected one of poolgrad_declaration_init");
    poolgrad_status status = poolgrad_read_struct(declaration, known, sizeof *known, "declaration",
                                                  "poolgrad_declaration_init", error);
    return status == POOLGRAD_OK ? check_declaration(known, error) : status;
}

static poolgrad_status check_before(const struct poolgrad_geometry *g, const poolgrad_const_image *before,
                                    poolgrad_const_image *resolved, poolgrad_error *error)
{
    const poolgrad_const_image *d = &g->held;
    *resolved = (poolgrad_const_image){0};
    if (!before || !before->data) {
        if (!g->add_to_destination || poolgrad_image_is_empty(d)) return POOLGRAD_OK;
        return poolgrad_refuse(error, "declaration.before",
                               "is null; expected what the destination held, for the problem adds to it");
    }
    poolgrad_status status = poolgrad_const_image_resolve(before, "declaration.before", resolved, error);
    if (status != POOLGRAD_OK) return status;
    if (before->format == d->format && before->images == d->images && before->channels == d->channels &&
        resolved->depth == d->depth && before->height == d->height && before->width == d->width) {
        return POOLGRAD_OK;
    }
    return poolgrad_refuse(error, "declaration.before",
                           "is of another format or size; expected those of the destination");
}

/* ---- Images that are made ---------------------------------------------------------------------------------------- */

static void copy_elements(const poolgrad_const_image *from, const poolgrad_image *to)
{
    const size_t bytes = poolgrad_format_size(to->format);
    const struct poolgrad_area volume = poolgrad_volume_of(from);
    for (int64_t i = 0; i < to->images * to->channels; i++) {
        const int64_t n = i / to->channels, c = i % to->channels;
        struct poolgrad_steps steps = poolgrad_steps_over(&volume);
        while (poolgrad_steps_next(&steps)) {
            memcpy(poolgrad_image_at(to, n, c, steps.at.z, steps.at.y, steps.at.x),
                   poolgrad_pixel_address(from, n, c, steps.at), bytes);
        }
    }
}

/* Holds what the destination held, or, where that is not known, what it holds; and the geometry that computes into it.
 * A destination does not fold onto itself, so that its elements fit into memory once more. */
static poolgrad_status make_image(const struct poolgrad_verification *v, struct poolgrad_made_image *made,
                                  struct poolgrad_geometry *g, poolgrad_error *error)
{
    const poolgrad_const_image *d = &v->geometry.held;
    poolgrad_image *image = &made->written;
    *image = poolgrad_image_dense_3d(NULL, d->format, d->layout, d->images, d->channels, d->depth, d->height, d->width);
    if (!poolgrad_image_is_empty(d)) {
        image->data = calloc((size_t)(image->images * image->image_stride), poolgrad_format_size(d->format));
        if (!image->data) return poolgrad_refuse_memory(error, "verification");
        copy_elements(v->before.data ? &v->before : d, image);
    }
    made->read = poolgrad_image_as_const(image);
    *g = v->geometry;
    g->destination = *image;
    g->held = made->read;
    return POOLGRAD_OK;
}

enum { PARTS = 50 }; /* of the work, between which progress is told */

static void tell(const struct poolgrad_verification *v, int64_t done, int64_t total)
{
    if (!v->declaration.progress || total == 0) return;
    v->declaration.progress(v->declaration.progress_context, (double)done / (double)total);
}

static int64_t part_of(const struct poolgrad_verification *v, int64_t total, int64_t threads)
{
    return v->declaration.progress ? total / PARTS + threads : poolgrad_max(total, 1);
}

/* Most elements need no exact value: units are computed when the first of their elements asks for one. */
static poolgrad_status prepare_exact(struct poolgrad_verification *v, poolgrad_error *error)
{
    struct poolgrad_geometry g;
    poolgrad_status status = make_image(v, &v->exact, &g, error);
    if (status == POOLGRAD_OK) status = poolgrad_exact_create_resolved(&g, &v->exactly, error);
    if (status != POOLGRAD_OK) return status;
    v->exact_units = calloc((size_t)poolgrad_exact_units(v->exactly) + 1, 1);
    return v->exact_units ? POOLGRAD_OK : poolgrad_refuse_memory(error, "verification");
}

static poolgrad_status compute_expected(struct poolgrad_verification *v, poolgrad_error *error)
{
    struct poolgrad_geometry g;
    struct poolgrad_plan plan;
    poolgrad_status status = make_image(v, &v->expected, &g, error);
    if (status == POOLGRAD_OK) status = poolgrad_plan_make(&g, &plan, error);
    if (status != POOLGRAD_OK) return status;
    poolgrad_plan_run(&plan);
    poolgrad_plan_free_memory(&plan);
    return POOLGRAD_OK;
}

/* ---- Sums -------------------------------------------------------------------------------------------------------- */

static int by_volume(const void *a, const void *b)
{
    const poolgrad_finding *x = a, *y = b;
    if (x->n != y->n) return x->n < y->n ? -1 : 1;
    return (x->c > y->c) - (x->c < y->c);
}

static int by_severity(const void *a, const void *b)
{
    const poolgrad_finding *x = a, *y = b;
    if (x->verdict != y->verdict) return x->verdict > y->verdict ? -1 : 1;
    if (x->ulps != y->ulps) return x->ulps > y->ulps ? -1 : 1;
    if (x->n != y->n) return x->n < y->n ? -1 : 1;
    if (x->c != y->c) return x->c < y->c ? -1 : 1;
    if (x->z != y->z) return x->z < y->z ? -1 : 1;
    if (x->y != y->y) return x->y < y->y ? -1 : 1;
    return (x->x > y->x) - (x->x < y->x);
}

static poolgrad_status sum_up(struct poolgrad_verification *v, int64_t units, poolgrad_error *error)
{
    struct poolgrad_unit_verdicts *all = &v->all;
    int64_t findings = 0;
    for (int64_t i = 0; i < units; i++) {
        const struct poolgrad_unit_verdicts *unit = &v->units[i];
        if (unit->failed) return poolgrad_refuse_memory(error, "verification");
        for (int k = 0; k < POOLGRAD_VERDICTS; k++) all->count[k] += unit->count[k];
        for (int k = 0; k < POOLGRAD_DECISIONS; k++) all->decisions[k] += unit->decisions[k];
        all->groups += unit->groups;
        all->bounded_groups += unit->bounded_groups;
        findings += unit->finding_count;
    }
    all->findings = calloc((size_t)findings + 1, sizeof *all->findings);
    if (!all->findings) return poolgrad_refuse_memory(error, "verification");
    for (int64_t i = 0; i < units; i++) {
        const struct poolgrad_unit_verdicts *unit = &v->units[i];
        for (int64_t k = 0; k < unit->finding_count; k++) all->findings[all->finding_count++] = unit->findings[k];
    }
    qsort(all->findings, (size_t)findings, sizeof *all->findings, by_severity);
    if (all->finding_count > v->declaration.findings) all->finding_count = v->declaration.findings;
    return POOLGRAD_OK;
}

/* Volume by volume, each by one thread, as they are judged. */
static poolgrad_status complete_findings(struct poolgrad_verification *v, int64_t volumes, poolgrad_error *error)
{
    struct poolgrad_unit_verdicts *all = &v->all;
    const size_t size = sizeof *all->findings, count = (size_t)all->finding_count;
    const int64_t threads = poolgrad_min(poolgrad_available_threads(v->geometry.threads), all->finding_count);
    if (count == 0 || !v->exact.read.data) return POOLGRAD_OK;
    qsort(all->findings, count, size, by_volume);
    poolgrad_parallel((int)threads, 0, volumes, poolgrad_complete_findings, v);
    qsort(all->findings, count, size, by_severity);
    for (int64_t i = 0; i < volumes; i++) {
        if (v->units[i * v->strips].failed) return poolgrad_refuse_memory(error, "verification");
    }
    return POOLGRAD_OK;
}

/* ---- Verifying --------------------------------------------------------------------------------------------------- */

poolgrad_status poolgrad_verification_begin(const poolgrad_problem *problem, const struct poolgrad_geometry *geometry,
                                            const poolgrad_declaration *declaration, struct poolgrad_verification *v,
                                            poolgrad_error *error)
{
    *v = (struct poolgrad_verification){.declaration = *declaration, .geometry = *geometry, .cause_count = -1};
    v->computed_in = poolgrad_judge_format(geometry, declaration);
    poolgrad_status status = poolgrad_read_problem(problem, &v->problem, error);
    return status == POOLGRAD_OK ? check_before(geometry, declaration->before, &v->before, error) : status;
}

/* Large planes are shared by threads, unless windows of all rows choose among ties together. A unit of exact mode lies
 * in one strip: no two threads compute it. */
static void choose_strips(struct poolgrad_verification *v)
{
    enum { ELEMENTS = 1 << 14 };
    const struct poolgrad_geometry *g = &v->geometry;
    const poolgrad_const_image *d = &g->held;
    const bool chooses = g->direction == POOLGRAD_GRADIENT && g->kind == POOLGRAD_MAX && !g->with_indices;
    v->strips = 1;
    v->strip_rows = d->height;
    if (chooses || d->depth > 1 || !v->exactly || v->plainly) return;
    const int64_t band = v->exactly->band_rows, rows = poolgrad_max(ELEMENTS / d->width, 1);
    v->strip_rows = poolgrad_ceiling_divide(rows, band) * band;
    v->strips = poolgrad_ceiling_divide(d->height, v->strip_rows);
}

static poolgrad_status judge_units(struct poolgrad_verification *v, int64_t volumes, poolgrad_error *error)
{
    const int64_t units = volumes * v->strips;
    const int64_t threads = poolgrad_min(poolgrad_available_threads(v->geometry.threads), units);
    const int64_t part = part_of(v, units, threads);
    v->units = calloc((size_t)units, sizeof *v->units);
    if (!v->units) return poolgrad_refuse_memory(error, "verification");
    for (int64_t first = 0; first < units; first += part) {
        const int64_t end = poolgrad_min(first + part, units);
        poolgrad_parallel((int)poolgrad_min(threads, end - first), first, end, poolgrad_verify_units, v);
        tell(v, end, units);
    }
    poolgrad_status status = sum_up(v, units, error);
    return status == POOLGRAD_OK ? complete_findings(v, volumes, error) : status;
}

poolgrad_status poolgrad_verification_judge(struct poolgrad_verification *v, poolgrad_error *error)
{
    const poolgrad_const_image *d = &v->geometry.held;
    const int64_t volumes = d->images * d->channels, elements = volumes * d->depth * d->height * d->width;
    v->verdicts = calloc((size_t)elements + 1, 1);
    if (!v->verdicts) return poolgrad_refuse_memory(error, "verification");
    poolgrad_status status = compute_expected(v, error);
    if (status != POOLGRAD_OK || elements == 0) return status == POOLGRAD_OK ? sum_up(v, 0, error) : status;
    if (!poolgrad_const_image_equal(d, &v->expected.read)) status = prepare_exact(v, error);
    if (status != POOLGRAD_OK) return status;
    choose_strips(v);
    return judge_units(v, volumes, error);
}

static poolgrad_status resolve(const poolgrad_problem *problem, struct poolgrad_geometry *g, poolgrad_error *error)
{
    poolgrad_status status = poolgrad_resolve(problem, g, error);
    if (status == POOLGRAD_OK) status = poolgrad_resolve_indices(g, error);
    if (status != POOLGRAD_OK || !g->with_picks) return status;
    const poolgrad_const_image picks = poolgrad_image_as_const(&problem->picks);
    return poolgrad_refuse_given(&picks, "picks", "a forward call's picks are not judged", error);
}

poolgrad_status poolgrad_verify(const poolgrad_problem *problem, const poolgrad_declaration *declaration,
                                poolgrad_verification **verification, poolgrad_error *error)
{
    struct poolgrad_geometry geometry;
    poolgrad_declaration known;
    *verification = NULL;
    poolgrad_status status = poolgrad_read_declaration(declaration, &known, error);
    if (status == POOLGRAD_OK) status = resolve(problem, &geometry, error);
    if (status != POOLGRAD_OK) return status;
    poolgrad_verification *v = calloc(1, sizeof *v);
    if (!v) return poolgrad_refuse_memory(error, "verification");
    status = poolgrad_verification_begin(problem, &geometry, &known, v, error);
    if (status == POOLGRAD_OK) status = poolgrad_verification_judge(v, error);
    if (status == POOLGRAD_OK)
        *verification = v;
    else
        poolgrad_verification_destroy(v);
    return status;
}

void poolgrad_verification_end(struct poolgrad_verification *v)
{
    const poolgrad_const_image *d = &v->geometry.held;
    for (int64_t i = 0; v->units && i < d->images * d->channels * v->strips; i++) free(v->units[i].findings);
    free(v->all.findings);
    free(v->causes);
    free(v->units);
    free(v->verdicts);
    free(v->expected.written.data);
    free(v->exact.written.data);
    free(v->exact_units);
    poolgrad_exact_destroy(v->exactly);
}

void poolgrad_verification_destroy(poolgrad_verification *v)
{
    if (v) poolgrad_verification_end(v);
    free(v);
}

/* ---- What was found ---------------------------------------------------------------------------------------------- */

int poolgrad_verification_passes(const poolgrad_verification *v)
{
    return v->all.count[POOLGRAD_VERDICT_WRONG] == 0;
}

int poolgrad_verification_passes_strictly(const poolgrad_verification *v)
{
    return poolgrad_verification_passes(v) && v->all.count[POOLGRAD_VERDICT_UNDOCUMENTED] == 0 &&
           v->all.count[POOLGRAD_VERDICT_UNBOUNDED] == 0;
}

int64_t poolgrad_verification_count(const poolgrad_verification *v, poolgrad_verdict verdict)
{
    return poolgrad_verdict_name(verdict) ? v->all.count[verdict] : -1;
}

int64_t poolgrad_verification_decision_count(const poolgrad_verification *v, poolgrad_decision decision)
{
    if (!poolgrad_decision_name(decision)) return -1;
    return decision == POOLGRAD_DECISION_NONE ? 0 : v->all.decisions[decision];
}

poolgrad_verdict poolgrad_verification_at(const poolgrad_verification *v, int64_t n, int64_t c, int64_t z, int64_t y,
                                          int64_t x)
{
    const poolgrad_const_image *d = &v->geometry.held;
    const int64_t at[] = {n, c, z, y, x}, sizes[] = {d->images, d->channels, d->depth, d->height, d->width};
    for (int i = 0; i < 5; i++) {
        if (at[i] < 0 || at[i] >= sizes[i]) return POOLGRAD_VERDICT_NO_ELEMENT;
    }
    return (poolgrad_verdict)v->verdicts[poolgrad_element_place(d, (struct poolgrad_element){n, c, {z, y, x}})];
}

int64_t poolgrad_verification_finding_count(const poolgrad_verification *v)
{
    return v->all.finding_count;
}

const poolgrad_finding *poolgrad_verification_finding(const poolgrad_verification *v, int64_t index)
{
    return index >= 0 && index < v->all.finding_count ? &v->all.findings[index] : NULL;
}

int64_t poolgrad_verification_tie_groups(const poolgrad_verification *v)
{
    return v->all.groups;
}

int64_t poolgrad_verification_bounded_tie_groups(const poolgrad_verification *v)
{
    return v->all.bounded_groups;
}

const poolgrad_const_image *poolgrad_verification_expected(const poolgrad_verification *v)
{
    return &v->expected.read;
}
