/* SPDX-License-Identifier: Apache-2.0 */
/* Deflated data, where poolgrad was built with zlib. */
#ifndef POOLGRAD_FILES_INFLATE_H
#define POOLGRAD_FILES_INFLATE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct poolgrad_inflater;

bool poolgrad_can_inflate(void);

/* For the `stored` bytes of deflated data that stand at the file's position. Null without memory. */
struct poolgrad_inflater *poolgrad_inflater_create(FILE *file, int64_t stored);

/* Inflates so many bytes; fewer at the end, or where the data is damaged. */
size_t poolgrad_inflater_read(struct poolgrad_inflater *inflater, void *data, size_t count);

/* Null is legal. */
void poolgrad_inflater_destroy(struct poolgrad_inflater *inflater);

#endif
