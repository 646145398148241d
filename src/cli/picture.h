/* SPDX-License-Identifier: Apache-2.0 */
/* Pictures inside a page. */
#ifndef POOLGRAD_CLI_PICTURE_H
#define POOLGRAD_CLI_PICTURE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Whether poolgrad was built with libpng. */
bool poolgrad_has_pictures(void);

enum { PICTURE_COLORS = 256 };

/* Writes the address of a PNG picture that is the address itself ("data:image/png;base64,..."): width x height places
 * in a table of red, green and blue. False where memory is lacking. */
bool poolgrad_picture_write(const unsigned char *places, int width, int height,
                            const unsigned char colors[PICTURE_COLORS][3], FILE *file);

#endif
