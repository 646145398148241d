/* SPDX-License-Identifier: Apache-2.0 */
/* What commands that pool read: the images of a problem, and the problem itself. */
#ifndef POOLGRAD_CLI_INPUTS_H
#define POOLGRAD_CLI_INPUTS_H

#include "cli/tensor.h"

struct inputs {
    poolgrad_problem problem; /* without its destination, but for a forward one's axes; its tables are its own */
    struct tensor source, source_gradient, indices;
};

/* Reads all that the options name. 0, or 2 after one sentence. */
int poolgrad_inputs_read(const struct options *options, poolgrad_direction direction, struct inputs *inputs);

/* The destination that the options describe: memory for a result, all bits 0, or the tensor that is added to; a refusal
 * names the option. 0, or 2 after one sentence. */
int poolgrad_inputs_make_destination(const struct options *options, enum option option, struct inputs *inputs,
                                     struct tensor *destination);
void poolgrad_inputs_free(struct inputs *inputs);

#endif
