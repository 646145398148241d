/* SPDX-License-Identifier: Apache-2.0 */
/* The command graph of a build without jansson. */
#include <stddef.h>

#include "cli/commands.h"
#include "cli/packages.h"

const char *poolgrad_json_version(void)
{
    return NULL;
}

int poolgrad_command_graph(const struct options *options)
{
    return poolgrad_fail(options,
                         "poolgrad was built without jansson, which reads graphs; install " POOLGRAD_JSON_PACKAGES);
}
