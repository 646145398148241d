/* SPDX-License-Identifier: Apache-2.0 */
/* What a build without GMP and MPFR does not have. */
#include <stddef.h>

#include "cli/commands.h"
#include "cli/packages.h"

const char *poolgrad_oracle_versions(void)
{
    return NULL;
}

int poolgrad_command_verify(const struct options *options)
{
    return poolgrad_fail(
        options,
        "poolgrad was built without GMP and MPFR, which verification needs; install " POOLGRAD_ORACLE_PACKAGES);
}

int poolgrad_command_explain(const struct options *options)
{
    return poolgrad_fail(
        options, "poolgrad was built without GMP and MPFR, which explanations need; install " POOLGRAD_ORACLE_PACKAGES);
}

int poolgrad_check_exact(const struct options *options)
{
    return poolgrad_fail(options, "--mode is exact; expected fast or reference, poolgrad was built without GMP and "
                                  "MPFR; install " POOLGRAD_ORACLE_PACKAGES);
}

int poolgrad_make_exact(const struct options *options, const poolgrad_problem *problem, struct poolgrad_exact **exact)
{
    (void)problem, (void)exact;
    return poolgrad_check_exact(options);
}

int poolgrad_run_exact(const struct options *options, const struct poolgrad_exact *exact)
{
    (void)exact;
    return poolgrad_check_exact(options);
}

void poolgrad_free_exact(struct poolgrad_exact *exact)
{
    (void)exact;
}
