/* SPDX-License-Identifier: Apache-2.0 */
#ifndef POOLGRAD_CLI_DECLARATION_H
#define POOLGRAD_CLI_DECLARATION_H

#include <poolgrad/oracle.h>

#include "cli/options.h"

/* What an implementation says of itself, but for ties and what was there before. 0, or 2 after one sentence. */
int poolgrad_declaration_read(const struct options *options, poolgrad_declaration *declaration);

#endif
