/* SPDX-License-Identifier: Apache-2.0 */
/* Exact mode on the command line. */
#include <poolgrad/oracle.h>

#include <gmp.h>
#include <mpfr.h>
#include <stdio.h>

#include "base/integer.h"
#include "cli/commands.h"
#include "cli/progress.h"
#include "cli/setup.h"

enum { PROGRESS_PARTS = 200 };

const char *poolgrad_oracle_versions(void)
{
    static char versions[64];
    snprintf(versions, sizeof versions, "GMP %s, MPFR %s", gmp_version, mpfr_get_version());
    return versions;
}

int poolgrad_check_exact(const struct options *options)
{
    (void)options;
    return 0;
}

int poolgrad_make_exact(const struct options *options, const poolgrad_problem *problem, struct poolgrad_exact **exact)
{
    poolgrad_error error;
    const poolgrad_status status = poolgrad_exact_create(problem, exact, &error);
    return status == POOLGRAD_OK ? 0 : poolgrad_setup_refused(options, &error);
}

int poolgrad_run_exact(const struct options *options, const struct poolgrad_exact *exact)
{
    poolgrad_error error;
    poolgrad_status status = POOLGRAD_OK;
    const int64_t units = poolgrad_exact_units(exact);
    struct progress progress = poolgrad_progress_begin(poolgrad_command_name(options->command), units);
    const int64_t step = progress.wanted ? units / PROGRESS_PARTS + poolgrad_exact_threads(exact) : units;
    for (int64_t first = 0; status == POOLGRAD_OK && first < units; first += step) {
        status = poolgrad_exact_run_parallel(exact, first, step, &error);
        poolgrad_progress_update(&progress, poolgrad_min(first + step, units));
    }
    poolgrad_progress_end(&progress);
    return status == POOLGRAD_OK ? 0 : poolgrad_setup_refused(options, &error);
}

void poolgrad_free_exact(struct poolgrad_exact *exact)
{
    poolgrad_exact_destroy(exact);
}
