/* SPDX-License-Identifier: Apache-2.0 */
/* Verification: what is compared with what, and the sum of what was found. */
#include "oracle/verification.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "geometry/error.h"
#include "image/format.h"
#include "image/image.h"
#include "mps/kernel.h"
#include "oracle/exact_mode.h"
#include "pooling/parallel.h"
#include "pooling/plan.h"
#include "pooling/resolve.h"

/* ---- Names ------------------------------------------------------------------------------------------------------- */

const char *poolgrad_verdict_name(poolgrad_verdict verdict)
{
    static const char *const names[POOLGRAD_VERDICTS] = {
        "none", "equal", "correctly-rounded", "legal-rounding", "legal-tie", "undocumented", "wrong"};
    return (int)verdict >= 0 && (int)verdict < POOLGRAD_VERDICTS ? names[verdict] : NULL;
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
    return (int)decision >= 0 && (int)decision < POOLGRAD_DECISIONS ? texts[decision] : NULL;
}

/* ---- Declarations ------------------------------------------------------------------------------------------------ */

void poolgrad_declaration_init(poolgrad_declaration *declaration, size_t struct_size)
{
    const poolgrad_declaration fresh = {.struct_size = struct_size, .findings = 20};
    memset(declaration, 0, struct_size);
    memcpy(declaration, &fresh, struct_size < sizeof fresh ? struct_size : sizeof fresh);
}

static poolgrad_status check_choice(const char *field, int value, int last, const char *expected, poolgrad_error *error)
{
    if (value >= 0 && value <= last) return POOLGRAD_OK;
    return poolgrad_refuse(error, field, "is %d; expected %s", value, expected);
}

poolgrad_status poolgrad_declaration_check(const poolgrad_declaration *d, poolgrad_error *error)
{
    if (!d) return poolgrad_refuse(error, "declaration", "is null; expected one of poolgrad_declaration_init");
    if (d->struct_size != sizeof *d) {
        return poolgrad_refuse(error, "declaration.struct_size",
                               "is %zu; expected %zu, set by poolgrad_declaration_init", d->struct_size, sizeof *d);
    }
    const char *name = poolgrad_format_name(d->computed_in);
    if (d->computed_in != POOLGRAD_FORMAT_NONE && d->computed_in != POOLGRAD_FLOAT16 &&
        d->computed_in != POOLGRAD_BFLOAT16 && d->computed_in != POOLGRAD_FLOAT32 &&
        d->computed_in != POOLGRAD_FLOAT64) {
        return poolgrad_refuse(error, "declaration.computed_in",
                               "is %d (%s); expected float16, bfloat16, float32, float64, or none", (int)d->computed_in,
                               name ? name : "no format");
    }
    if (d->findings < 0) {
        return poolgrad_refuse(error, "declaration.findings", "is %" PRId64 "; expected at least 0", d->findings);
    }
    poolgrad_status status = check_choice("declaration.division", (int)d->division, POOLGRAD_DIVISION_RECIPROCAL,
                                          "any (0), true (1) or reciprocal (2)", error);
    if (status == POOLGRAD_OK) {
        status = check_choice("declaration.fusion", (int)d->fusion, POOLGRAD_FUSION_ALL, "any (0), none (1) or all (2)",
                              error);
    }
    if (status != POOLGRAD_OK) return status;
    return check_choice("declaration.subnormals", (int)d->subnormals, POOLGRAD_SUBNORMALS_FLUSHED,
                        "kept (0) or flushed (1)", error);
}

static poolgrad_status check_before(const struct poolgrad_geometry *g, const poolgrad_image *before,
                                    poolgrad_image *resolved, poolgrad_error *error)
{
    const poolgrad_image *d = &g->destination;
    *resolved = (poolgrad_image){0};
    if (!before || !before->data) {
        if (!g->add_to_destination || poolgrad_image_is_empty(d)) return POOLGRAD_OK;
        return poolgrad_refuse(error, "declaration.before",
                               "is null; expected what the destination held, for the problem adds to it");
    }
    poolgrad_status status = poolgrad_image_resolve(before, "declaration.before", resolved, error);
    if (status != POOLGRAD_OK) return status;
    if (before->format == d->format && before->images == d->images && before->channels == d->channels &&
        before->height == d->height && before->width == d->width) {
        return POOLGRAD_OK;
    }
    return poolgrad_refuse(error, "declaration.before",
                           "is of another format or size; expected those of the destination");
}

/* ---- Images that are made ---------------------------------------------------------------------------------------- */

/* What the destination held, or, where that is not known, what it holds; and the geometry that computes into it. */
static poolgrad_status make_image(const struct poolgrad_verification *v, poolgrad_buffer **buffer, poolgrad_image *view,
                                  struct poolgrad_geometry *g, poolgrad_error *error)
{
    *g = v->geometry;
    poolgrad_status status = poolgrad_buffer_create(&v->geometry.destination, NULL, buffer, error);
    if (status != POOLGRAD_OK) return status;
    poolgrad_image_resolve(poolgrad_buffer_image(*buffer), NULL, view, NULL);
    g->destination = *view;
    if (poolgrad_image_is_empty(view)) return POOLGRAD_OK;
    poolgrad_copy_elements(v->before.data ? &v->before : &v->geometry.destination, view);
    return POOLGRAD_OK;
}

enum { PARTS = 50 }; /* of the work, between which progress is told */

/* The exact values take about as long as the judgement. */
static void tell(const struct poolgrad_verification *v, int half, int64_t done, int64_t total)
{
    if (!v->declaration.progress || total == 0) return;
    v->declaration.progress(v->declaration.progress_context, 0.5 * half + 0.5 * (double)done / (double)total);
}

static int64_t part_of(const struct poolgrad_verification *v, int64_t total, int64_t threads)
{
    return v->declaration.progress ? total / PARTS + threads : poolgrad_max(total, 1);
}

static poolgrad_status compute_exact(struct poolgrad_verification *v, poolgrad_error *error)
{
    struct poolgrad_geometry g;
    poolgrad_exact *exact = NULL;
    poolgrad_status status = make_image(v, &v->exact, &v->exact_view, &g, error);
    if (status == POOLGRAD_OK) status = poolgrad_exact_create_resolved(&g, v->problem.threads, &exact, error);
    if (status != POOLGRAD_OK) return status;
    const int64_t units = poolgrad_exact_units(exact), part = part_of(v, units, poolgrad_exact_threads(exact));
    for (int64_t first = 0; status == POOLGRAD_OK && first < units; first += part) {
        status = poolgrad_exact_run_parallel(exact, first, part, error);
        tell(v, 0, poolgrad_min(first + part, units), units);
    }
    poolgrad_exact_destroy(exact);
    return status;
}

static poolgrad_status compute_expected(struct poolgrad_verification *v, poolgrad_error *error)
{
    struct poolgrad_geometry g;
    struct poolgrad_plan plan;
    poolgrad_status status = make_image(v, &v->expected, &v->expected_view, &g, error);
    if (status == POOLGRAD_OK) status = poolgrad_plan_make(&g, &plan, error);
    if (status != POOLGRAD_OK) return status;
    poolgrad_plan_run(&plan);
    poolgrad_plan_free_memory(&plan);
    return POOLGRAD_OK;
}

/* ---- Sums -------------------------------------------------------------------------------------------------------- */

static int by_severity(const void *a, const void *b)
{
    const poolgrad_finding *x = a, *y = b;
    if (x->verdict != y->verdict) return x->verdict > y->verdict ? -1 : 1;
    if (x->ulps != y->ulps) return x->ulps > y->ulps ? -1 : 1;
    if (x->n != y->n) return x->n < y->n ? -1 : 1;
    if (x->c != y->c) return x->c < y->c ? -1 : 1;
    if (x->y != y->y) return x->y < y->y ? -1 : 1;
    return (x->x > y->x) - (x->x < y->x);
}

static poolgrad_status sum_up(struct poolgrad_verification *v, int64_t planes, poolgrad_error *error)
{
    struct poolgrad_plane_verdicts *all = &v->all;
    int64_t findings = 0;
    for (int64_t i = 0; i < planes; i++) {
        const struct poolgrad_plane_verdicts *plane = &v->planes[i];
        if (plane->failed) return poolgrad_refuse_memory(error, "verification");
        for (int k = 0; k < POOLGRAD_VERDICTS; k++) all->count[k] += plane->count[k];
        for (int k = 0; k < POOLGRAD_DECISIONS; k++) all->decisions[k] += plane->decisions[k];
        all->groups += plane->groups;
        all->bounded_groups += plane->bounded_groups;
        findings += plane->finding_count;
    }
    all->findings = calloc((size_t)findings + 1, sizeof *all->findings);
    if (!all->findings) return poolgrad_refuse_memory(error, "verification");
    for (int64_t i = 0; i < planes; i++) {
        const struct poolgrad_plane_verdicts *plane = &v->planes[i];
        for (int64_t k = 0; k < plane->finding_count; k++) all->findings[all->finding_count++] = plane->findings[k];
    }
    qsort(all->findings, (size_t)findings, sizeof *all->findings, by_severity);
    if (all->finding_count > v->declaration.findings) all->finding_count = v->declaration.findings;
    return POOLGRAD_OK;
}

/* ---- Verifying --------------------------------------------------------------------------------------------------- */

poolgrad_status poolgrad_verification_begin(const poolgrad_problem *problem, const struct poolgrad_geometry *geometry,
                                            const poolgrad_declaration *declaration, struct poolgrad_verification *v,
                                            poolgrad_error *error)
{
    *v = (struct poolgrad_verification){.problem = *problem, .declaration = *declaration, .geometry = *geometry};
    return check_before(geometry, declaration->before, &v->before, error);
}

poolgrad_status poolgrad_verification_judge(struct poolgrad_verification *v, poolgrad_error *error)
{
    const poolgrad_image *d = &v->geometry.destination;
    const int64_t planes = d->images * d->channels, elements = planes * d->height * d->width;
    v->planes = calloc((size_t)planes + 1, sizeof *v->planes);
    v->verdicts = calloc((size_t)elements + 1, 1);
    if (!v->planes || !v->verdicts) return poolgrad_refuse_memory(error, "verification");
    poolgrad_status status = compute_expected(v, error);
    if (status != POOLGRAD_OK || elements == 0) return status == POOLGRAD_OK ? sum_up(v, 0, error) : status;
    if (!poolgrad_same_elements(&v->geometry.destination, &v->expected_view)) status = compute_exact(v, error);
    if (status != POOLGRAD_OK) return status;
    const int64_t threads = poolgrad_min(poolgrad_available_threads(v->problem.threads), planes);
    const int64_t part = part_of(v, planes, threads);
    for (int64_t first = 0; first < planes; first += part) {
        const int64_t end = poolgrad_min(first + part, planes);
        poolgrad_parallel((int)poolgrad_min(threads, end - first), first, end, poolgrad_verify_planes, v);
        tell(v, 1, end, planes);
    }
    return sum_up(v, planes, error);
}

static poolgrad_status resolve(const poolgrad_problem *problem, struct poolgrad_geometry *g, poolgrad_error *error)
{
    poolgrad_status status = poolgrad_resolve(problem, g, error);
    if (status == POOLGRAD_OK) status = poolgrad_resolve_indices(g, error);
    if (status != POOLGRAD_OK || problem->direction != POOLGRAD_FORWARD || !problem->indices.data) return status;
    return poolgrad_refuse(error, "indices.data", "is %p; expected null, a forward call's indices are not judged",
                           problem->indices.data);
}

poolgrad_status poolgrad_verify(const poolgrad_problem *problem, const poolgrad_declaration *declaration,
                                poolgrad_verification **verification, poolgrad_error *error)
{
    struct poolgrad_geometry geometry;
    *verification = NULL;
    poolgrad_status status = poolgrad_declaration_check(declaration, error);
    if (status == POOLGRAD_OK) status = resolve(problem, &geometry, error);
    if (status != POOLGRAD_OK) return status;
    poolgrad_verification *v = calloc(1, sizeof *v);
    if (!v) return poolgrad_refuse_memory(error, "verification");
    status = poolgrad_verification_begin(problem, &geometry, declaration, v, error);
    if (status == POOLGRAD_OK) status = poolgrad_verification_judge(v, error);
    if (status == POOLGRAD_OK)
        *verification = v;
    else
        poolgrad_verification_destroy(v);
    return status;
}

void poolgrad_verification_end(struct poolgrad_verification *v)
{
    const poolgrad_image *d = &v->geometry.destination;
    for (int64_t i = 0; v->planes && i < d->images * d->channels; i++) free(v->planes[i].findings);
    free(v->all.findings);
    free(v->causes);
    free(v->planes);
    free(v->verdicts);
    poolgrad_buffer_destroy(v->expected);
    poolgrad_buffer_destroy(v->exact);
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

int64_t poolgrad_verification_count(const poolgrad_verification *v, poolgrad_verdict verdict)
{
    return (int)verdict >= 0 && (int)verdict < POOLGRAD_VERDICTS ? v->all.count[verdict] : 0;
}

int64_t poolgrad_verification_decision_count(const poolgrad_verification *v, poolgrad_decision decision)
{
    const bool known = (int)decision > POOLGRAD_DECISION_NONE && (int)decision < POOLGRAD_DECISIONS;
    return known ? v->all.decisions[decision] : 0;
}

poolgrad_verdict poolgrad_verification_at(const poolgrad_verification *v, int64_t n, int64_t c, int64_t y, int64_t x)
{
    const poolgrad_image *d = &v->geometry.destination;
    if (n < 0 || n >= d->images || c < 0 || c >= d->channels || y < 0 || y >= d->height || x < 0 || x >= d->width)
        return POOLGRAD_VERDICT_NONE;
    return (poolgrad_verdict)v->verdicts[((n * d->channels + c) * d->height + y) * d->width + x];
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

const poolgrad_image *poolgrad_verification_expected(const poolgrad_verification *v)
{
    return poolgrad_buffer_image(v->expected);
}
