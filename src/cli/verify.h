/* SPDX-License-Identifier: Apache-2.0 */
/* What the command verify has read and found, and how it is told. */
#ifndef POOLGRAD_CLI_VERIFY_H
#define POOLGRAD_CLI_VERIFY_H

#include <poolgrad/oracle.h>

#include "cli/inputs.h"

struct verify {
    struct inputs inputs;
    struct tensor actual, before;
    poolgrad_declaration declaration;
    poolgrad_verification *verification;
};

/* Tells what was found on standard output. */
void poolgrad_verify_print(const struct options *options, const struct verify *verify);

#endif
