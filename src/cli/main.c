/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"
#include "cli/posix.h"

int main(int argc, char **argv)
{
    poolgrad_guard_standard_streams();
    return poolgrad_main(argc > 0 ? argc - 1 : 0, argv + 1);
}
