/* SPDX-License-Identifier: Apache-2.0 */
/* The command suite of a build that lacks what it needs. */
#include "cli/commands.h"
#include "cli/packages.h"
#include "cli/verify.h"

int poolgrad_command_suite(const struct options *options)
{
    return poolgrad_fail(options, "poolgrad was built without GMP and MPFR, or without jansson, all of which kits "
                                  "need; install " POOLGRAD_KIT_PACKAGES);
}

int poolgrad_verify_read_case(const struct options *options, struct verify *verify)
{
    (void)verify;
    return poolgrad_fail(options, "--case is given; expected a poolgrad built with jansson, which reads kits; "
                                  "install " POOLGRAD_KIT_PACKAGES);
}
