/* SPDX-License-Identifier: Apache-2.0 */
/* A build without zlib. */
#include <stddef.h>

#include "files/inflate.h"

bool poolgrad_can_inflate(void)
{
    return false;
}

struct poolgrad_inflater *poolgrad_inflater_create(FILE *file, int64_t stored)
{
    (void)file, (void)stored;
    return NULL;
}

size_t poolgrad_inflater_read(struct poolgrad_inflater *inflater, void *data, size_t count)
{
    (void)inflater, (void)data, (void)count;
    return 0;
}

void poolgrad_inflater_destroy(struct poolgrad_inflater *inflater)
{
    (void)inflater;
}
