/* SPDX-License-Identifier: Apache-2.0 */
/* Contexts, and running one problem at once. */
#include <string.h>

#include "base/growth.h"
#include "mps/kernel.h"
#include "mps/refusals.h"
#include "pooling/plan.h"
#include "pooling/resolve.h"

void poolgrad_context_init(poolgrad_context *context, size_t struct_size)
{
    memset(context, 0, struct_size);
    if (struct_size >= sizeof context->struct_size) context->struct_size = struct_size;
}

poolgrad_status poolgrad_read_context(const poolgrad_context *given, poolgrad_context *context, poolgrad_error *error)
{
    poolgrad_context_init(context, sizeof *context);
    if (!given) return POOLGRAD_OK;
    poolgrad_status status = poolgrad_read_struct(given, context, sizeof *context, "context", "poolgrad_context_init",
                                                  error);
    return status == POOLGRAD_OK ? poolgrad_check_reserved("context.reserved", context->reserved, error) : status;
}

void poolgrad_fill_context(const poolgrad_context *context, poolgrad_problem *problem)
{
    problem->threads = context->threads;
    problem->max_isa = context->max_isa;
    problem->mode = context->mode;
}

static bool writes_all(const struct poolgrad_geometry *g)
{
    const poolgrad_image *d = &g->destination;
    return g->images.begin == 0 && g->images.end == d->images && g->channels.begin == 0 &&
           g->channels.end == d->channels && g->rows.begin == 0 && g->rows.end == d->height && g->columns.begin == 0 &&
           g->columns.end == d->width;
}

poolgrad_status poolgrad_run_resolved(const struct poolgrad_geometry *geometry, bool is_new, poolgrad_error *error)
{
    struct poolgrad_plan plan;
    poolgrad_status status = poolgrad_plan_make(geometry, &plan, error);
    if (status != POOLGRAD_OK) return status;
    if (is_new && !geometry->add_to_destination && !writes_all(geometry)) poolgrad_image_clear(&geometry->destination);
    poolgrad_plan_run(&plan);
    poolgrad_plan_free_memory(&plan);
    return POOLGRAD_OK;
}

poolgrad_status poolgrad_resolve_planes(const poolgrad_problem *problem, struct poolgrad_geometry *geometry,
                                        poolgrad_error *error)
{
    const poolgrad_const_image destination = poolgrad_image_as_const(&problem->destination);
    poolgrad_status status = poolgrad_resolve(problem, geometry, error);
    if (status == POOLGRAD_OK) status = poolgrad_check_plane(&problem->source, "source", error);
    if (status == POOLGRAD_OK) status = poolgrad_check_plane(&problem->source_gradient, "source_gradient", error);
    if (status == POOLGRAD_OK) status = poolgrad_check_plane(&destination, "destination", error);
    return status;
}

poolgrad_status poolgrad_run_trusted(const poolgrad_problem *problem, bool is_new, poolgrad_error *error)
{
    struct poolgrad_geometry geometry;
    poolgrad_status status = poolgrad_resolve_planes(problem, &geometry, error);
    return status == POOLGRAD_OK ? poolgrad_run_resolved(&geometry, is_new, error) : status;
}

poolgrad_status poolgrad_image_copy(const poolgrad_const_image *source, const poolgrad_image *destination,
                                    const poolgrad_context *context, poolgrad_error *error)
{
    poolgrad_problem problem;
    poolgrad_context known;
    poolgrad_status status = poolgrad_read_context(context, &known, error);
    if (status != POOLGRAD_OK) return status;
    if (!source || !destination) {
        return poolgrad_refuse(error, source ? "destination" : "source", "is null; expected an image");
    }
    const poolgrad_const_image view = poolgrad_image_as_const(destination);
    if (!poolgrad_same_size(source, &view)) {
        return poolgrad_refuse_size(error, "destination", "has", &view, source, "the source");
    }
    poolgrad_problem_init(&problem, sizeof problem);
    problem.kind = POOLGRAD_MAX; /* of one tap: its value, a zero's sign included */
    problem.source = *source;
    problem.destination = *destination;
    poolgrad_fill_context(&known, &problem);
    return poolgrad_run_trusted(&problem, false, error);
}
