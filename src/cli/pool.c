/* SPDX-License-Identifier: Apache-2.0 */
/* forward and gradient: files to problem, plan, run, files. */
#include <inttypes.h>
#include <stddef.h>

#include "base/integer.h"
#include "cli/axis_options.h"
#include "cli/commands.h"
#include "cli/fit.h"
#include "cli/inputs.h"
#include "cli/progress.h"
#include "cli/setup.h"
#include "cli/tensor.h"

enum { PROGRESS_PARTS = 200 };

/* All that a run holds, so that it is released in one place. */
struct job {
    struct inputs inputs;
    struct tensor destination, picks;
    struct output output, picks_output;
    poolgrad_plan *plan;
    struct poolgrad_exact *exact; /* in exact mode, in place of the plan */
};

static void release(struct job *job)
{
    poolgrad_plan_destroy(job->plan);
    poolgrad_free_exact(job->exact);
    poolgrad_output_discard(&job->output);
    poolgrad_output_discard(&job->picks_output);
    poolgrad_inputs_free(&job->inputs);
    poolgrad_tensor_free(&job->picks);
    poolgrad_tensor_free(&job->destination);
}

/* ---- Running ---------------------------------------------------------------------------------------------------- */

static void run(const poolgrad_plan *plan, const char *label)
{
    int64_t units = poolgrad_plan_units(plan);
    struct progress progress = poolgrad_progress_begin(label, units);
    int64_t step = progress.wanted ? units / PROGRESS_PARTS + poolgrad_plan_threads(plan) : units;
    for (int64_t first = 0; first < units; first += step) {
        poolgrad_plan_run_part(plan, first, step);
        poolgrad_progress_update(&progress, poolgrad_min(first + step, units));
    }
    poolgrad_progress_end(&progress);
}

static bool is_exact(const struct options *options)
{
    return poolgrad_number(options, OPTION_POOLING_MODE, POOLGRAD_MODE_FAST) == MODE_EXACT;
}

static int make_plan(const struct options *options, struct job *job)
{
    poolgrad_error error;
    poolgrad_problem *p = &job->inputs.problem;
    if (is_exact(options)) return poolgrad_make_exact(options, p, &job->exact);
    poolgrad_status status = poolgrad_plan_create(p, &job->plan, &error);
    if (status == POOLGRAD_OK) status = poolgrad_plan_check_indices(job->plan, &error);
    return status == POOLGRAD_OK ? 0 : poolgrad_setup_refused(options, &error);
}

static void print_notes(const struct options *options, const struct job *job)
{
    const poolgrad_problem *p = &job->inputs.problem;
    poolgrad_setup_notes(options, p);
    if (p->direction != POOLGRAD_GRADIENT) return;
    int64_t outside = poolgrad_windows_outside(options, p);
    if (outside == 0) return;
    poolgrad_note(options,
                  "windows of the source gradient wholly outside the source: %" PRId64
                  " in each %s; they contribute nothing",
                  outside, p->source.depth > 0 ? "volume" : "plane");
}

/* The outputs are opened before the work, so that a folder that cannot be written to costs no time. */
static int run_and_write(const struct options *options, struct job *job, bool with_picks)
{
    int status = make_plan(options, job);
    if (status == 0) status = poolgrad_output_open(options, poolgrad_file(options, OPTION_OUTPUT), &job->output);
    if (status == 0 && with_picks)
        status = poolgrad_output_open(options, poolgrad_file(options, OPTION_PICKS), &job->picks_output);
    if (status != 0) return status;
    print_notes(options, job);
    if (is_exact(options))
        status = poolgrad_run_exact(options, job->exact);
    else
        run(job->plan, poolgrad_command_name(options->command));
    if (status != 0) return status;
    status = poolgrad_output_write(options, &job->output, &job->destination);
    if (status == 0 && with_picks) status = poolgrad_output_write(options, &job->picks_output, &job->picks);
    if (status == 0) status = poolgrad_output_commit(options, &job->output);
    if (status == 0 && with_picks) status = poolgrad_output_commit(options, &job->picks_output);
    return status;
}

/* ---- forward ---------------------------------------------------------------------------------------------------- */

static int allocate_forward(const struct options *options, struct job *job)
{
    poolgrad_problem *p = &job->inputs.problem;
    if (poolgrad_inputs_make_destination(options, OPTION_OUTPUT, &job->inputs, &job->destination) != 0) return 2;
    if (!poolgrad_given(options, OPTION_PICKS)) return 0;
    job->picks = job->destination;
    job->picks.image.format = (poolgrad_format)poolgrad_number(options, OPTION_PICKS_FORMAT, POOLGRAD_INT64);
    job->picks.image.layout = poolgrad_tensor_layout(options, OPTION_PICKS);
    job->picks.image.data = NULL;
    const int axes = poolgrad_count_axes(options, p);
    if (poolgrad_tensor_shape(options, OPTION_PICKS, &job->destination, axes, &job->picks) != 0) return 2;
    if (poolgrad_tensor_allocate(options, OPTION_PICKS, &job->picks) != 0) return 2;
    p->picks = job->picks.image;
    return 0;
}

static int forward(const struct options *options, struct job *job)
{
    static const enum option required[] = {OPTION_SOURCE, OPTION_OUTPUT};
    const bool prints = poolgrad_given(options, OPTION_PRINT_PROBLEM);
    int status = poolgrad_setup_required(options, required, prints ? 1 : 2);
    if (status == 0) status = poolgrad_inputs_read(options, POOLGRAD_FORWARD, &job->inputs);
    if (status == 0 && prints) return poolgrad_print_problem(options, &job->inputs.problem);
    if (status == 0) status = allocate_forward(options, job);
    return status == 0 ? run_and_write(options, job, poolgrad_given(options, OPTION_PICKS)) : status;
}

/* ---- gradient --------------------------------------------------------------------------------------------------- */

static int gradient(const struct options *options, struct job *job)
{
    static const enum option required[] = {OPTION_SOURCE_GRADIENT, OPTION_OUTPUT};
    const bool prints = poolgrad_given(options, OPTION_PRINT_PROBLEM);
    int status = poolgrad_setup_required(options, required, prints ? 1 : 2);
    if (status == 0) status = poolgrad_inputs_read(options, POOLGRAD_GRADIENT, &job->inputs);
    if (status == 0 && prints) return poolgrad_print_problem(options, &job->inputs.problem);
    if (status == 0) status = poolgrad_inputs_make_destination(options, OPTION_OUTPUT, &job->inputs, &job->destination);
    return status == 0 ? run_and_write(options, job, false) : status;
}

/* Before a file is read. */
static int check_mode(const struct options *options)
{
    return is_exact(options) ? poolgrad_check_exact(options) : 0;
}

int poolgrad_command_forward(const struct options *options)
{
    struct job job = {0};
    int status = check_mode(options);
    if (status == 0) status = forward(options, &job);
    release(&job);
    return status;
}

int poolgrad_command_gradient(const struct options *options)
{
    struct job job = {0};
    int status = check_mode(options);
    if (status == 0) status = gradient(options, &job);
    release(&job);
    return status;
}
