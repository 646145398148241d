/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/declaration.h"

#include <inttypes.h>

enum { FINDINGS = 10, MOST_DIGITS = 20 };

/* In which steps is computed. */
static int read_shapes(const struct options *options, poolgrad_declaration *d)
{
    d->stored_in = (poolgrad_format)poolgrad_number(options, OPTION_STORED_IN, POOLGRAD_FORMAT_NONE);
    d->norms = (poolgrad_norms)poolgrad_number(options, OPTION_NORMS, POOLGRAD_NORMS_COMPUTED);
    d->averages = (poolgrad_averages)poolgrad_number(options, OPTION_AVERAGES, POOLGRAD_AVERAGES_WHOLE);
    d->composed = (poolgrad_composition)poolgrad_number(options, OPTION_COMPOSED, POOLGRAD_COMPOSED_NOT);
    if (d->averages == POOLGRAD_AVERAGES_RECIPROCAL_PRODUCT && d->division == POOLGRAD_DIVISION_TRUE) {
        return poolgrad_fail(options, "--averages is reciprocal-product beside --division true; expected --division "
                                      "reciprocal, or any");
    }
    if ((d->stored_in != POOLGRAD_FLOAT16 || d->computed_in != POOLGRAD_BFLOAT16) &&
        (d->stored_in != POOLGRAD_BFLOAT16 || d->computed_in != POOLGRAD_FLOAT16)) {
        return 0;
    }
    return poolgrad_fail(options,
                         "--stored-in is %s where --computed-in is %s; expected formats of which one holds the other's "
                         "numbers",
                         poolgrad_format_name(d->stored_in), poolgrad_format_name(d->computed_in));
}

static int read_sums(const struct options *options, poolgrad_declaration *d)
{
    const int64_t chain = poolgrad_number(options, OPTION_CHAIN, 1),
                  digits = poolgrad_number(options, OPTION_DIGITS, 1);
    if (chain < 1) {
        return poolgrad_fail(options, "--chain is %" PRId64 "; expected at least 1 addition, as two terms need", chain);
    }
    if (digits < 1 || digits > MOST_DIGITS) {
        return poolgrad_fail(options, "--digits is %" PRId64 "; expected 1 to %d, behind the decimal point", digits,
                             MOST_DIGITS);
    }
    if (poolgrad_given(options, OPTION_CHAIN)) d->chain = chain;
    if (poolgrad_given(options, OPTION_DIGITS)) d->digits = (int)digits;
    return 0;
}

int poolgrad_declaration_read(const struct options *options, poolgrad_declaration *d)
{
    poolgrad_declaration_init(d, sizeof *d);
    d->computed_in = (poolgrad_format)poolgrad_number(options, OPTION_COMPUTED_IN, POOLGRAD_FORMAT_NONE);
    d->division = (poolgrad_division)poolgrad_number(options, OPTION_DIVISION, POOLGRAD_DIVISION_ANY);
    d->fusion = (poolgrad_fusion)poolgrad_number(options, OPTION_FUSION, POOLGRAD_FUSION_ANY);
    d->subnormals = (poolgrad_subnormals)poolgrad_number(options, OPTION_SUBNORMALS, POOLGRAD_SUBNORMALS_KEPT);
    d->keeps_tie_rule = poolgrad_number(options, OPTION_JUDGED_TIES, TIES_ANY) != TIES_ANY ||
                        poolgrad_given(options, OPTION_KEEP_TIE_RULE);
    d->keeps_nan_rule = poolgrad_number(options, OPTION_JUDGED_NAN, NAN_ANY) != NAN_ANY ||
                        poolgrad_given(options, OPTION_KEEP_NAN_RULE);
    if (read_sums(options, d) != 0 || read_shapes(options, d) != 0) return 2;
    d->findings = poolgrad_number(options, OPTION_FINDINGS, FINDINGS);
    if (d->findings >= 0 && d->findings <= INT32_MAX) return 0;
    return poolgrad_fail(options, "--findings is %" PRId64 "; expected 0 to 2147483647", d->findings);
}
