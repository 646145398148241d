/* SPDX-License-Identifier: Apache-2.0 */
/* bench --compare of a build without jansson: the first function refuses, and nothing calls the others with a file. */
#include "cli/bench.h"
#include "cli/packages.h"

int poolgrad_compare_read(const struct options *options, struct comparison *comparison)
{
    (void)comparison;
    return poolgrad_fail(
        options, "--compare %s: cannot be read, poolgrad was built without jansson; install " POOLGRAD_JSON_PACKAGES,
        options->value[OPTION_COMPARE].text);
}

int poolgrad_compare_rows(const struct options *options, const struct bench *bench, struct comparison *comparison)
{
    (void)bench;
    return poolgrad_compare_read(options, comparison);
}

void poolgrad_compare_release(struct comparison *comparison)
{
    *comparison = (struct comparison){0};
}
