/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/declaration.h"

#include <inttypes.h>

enum { FINDINGS = 10 };

int poolgrad_declaration_read(const struct options *options, poolgrad_declaration *d)
{
    poolgrad_declaration_init(d, sizeof *d);
    d->computed_in = (poolgrad_format)poolgrad_number(options, OPTION_COMPUTED_IN, POOLGRAD_FORMAT_NONE);
    d->division = (poolgrad_division)poolgrad_number(options, OPTION_DIVISION, POOLGRAD_DIVISION_ANY);
    d->fusion = (poolgrad_fusion)poolgrad_number(options, OPTION_FUSION, POOLGRAD_FUSION_ANY);
    d->subnormals = (poolgrad_subnormals)poolgrad_number(options, OPTION_SUBNORMALS, POOLGRAD_SUBNORMALS_KEPT);
    d->findings = poolgrad_number(options, OPTION_FINDINGS, FINDINGS);
    if (d->findings >= 0 && d->findings <= INT32_MAX) return 0;
    return poolgrad_fail(options, "--findings is %" PRId64 "; expected 0 to 2147483647", d->findings);
}
