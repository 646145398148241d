/* SPDX-License-Identifier: Apache-2.0 */
/* What a thread has set that computing depends on: set aside, and given back. */
#ifndef POOLGRAD_ORACLE_ENVIRONMENT_H
#define POOLGRAD_ORACLE_ENVIRONMENT_H

#include <mpfr.h>

#include "pooling/parallel.h"

struct poolgrad_environment {
    poolgrad_floating_point floating_point;
    mpfr_flags_t flags;
    mpfr_exp_t least, greatest;
};

static inline struct poolgrad_environment poolgrad_environment_enter(void)
{
    const struct poolgrad_environment environment = {poolgrad_enter_default_environment(), mpfr_flags_save(),
                                                     mpfr_get_emin(), mpfr_get_emax()};
    mpfr_set_emin(mpfr_get_emin_min());
    mpfr_set_emax(mpfr_get_emax_max());
    return environment;
}

static inline void poolgrad_environment_leave(const struct poolgrad_environment *environment)
{
    mpfr_set_emin(environment->least);
    mpfr_set_emax(environment->greatest);
    mpfr_flags_restore(environment->flags, MPFR_FLAGS_ALL);
    mpfr_free_cache2(MPFR_FREE_LOCAL_CACHE);
    poolgrad_leave_default_environment(&environment->floating_point);
}

#endif
