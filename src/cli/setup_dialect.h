/* SPDX-License-Identifier: Apache-2.0 */
/* Windows and their placement by a framework's own words. */
#ifndef POOLGRAD_CLI_SETUP_DIALECT_H
#define POOLGRAD_CLI_SETUP_DIALECT_H

#include <poolgrad/poolgrad.h>

#include "cli/options.h"

/* What poolgrad_setup_placement does, where --dialect is given: `axes` are what the arrays have. 0, or 2 after one
 * sentence. */
int poolgrad_setup_dialect(const struct options *options, int axes, poolgrad_problem *problem);

#endif
