/* SPDX-License-Identifier: Apache-2.0 */
/* Padding policies and kernels as JSON has them: what poolgrad_debug_description writes of them. */
#ifndef POOLGRAD_CLI_KERNEL_JSON_H
#define POOLGRAD_CLI_KERNEL_JSON_H

#include <poolgrad/mps.h>

#include "cli/members.h"

/* Of structs of the public header. What of them no member says is already there. */
extern const struct member poolgrad_policy_members[], poolgrad_pooling_members[], poolgrad_pooling_gradient_members[];

extern const struct words poolgrad_format_words, poolgrad_tie_words, poolgrad_nan_words, poolgrad_accumulator_words;

/* What a file cannot hold: the place stays as it is, and the value must be "default". */
bool poolgrad_read_default(struct reading *reading, const struct member *member, json_t *value, void *place);

#endif
