/* SPDX-License-Identifier: Apache-2.0 */
/* A problem as this version knows it. */
#ifndef POOLGRAD_POOLING_PROBLEM_H
#define POOLGRAD_POOLING_PROBLEM_H

#include <poolgrad/poolgrad.h>

#include <stdbool.h>

/* Fields that the caller's struct lacks are neutral in *known. */
poolgrad_status poolgrad_read_problem(const poolgrad_problem *problem, poolgrad_problem *known, poolgrad_error *error);

/* Where depth may say by 0 that there is none, says it by 1. */
void poolgrad_say_depth(poolgrad_problem *problem);

/* Whether the axis has a table, and no progression. */
static inline bool poolgrad_table_is_given(const poolgrad_table *table)
{
    return table->spans || table->count != 0;
}

#endif
