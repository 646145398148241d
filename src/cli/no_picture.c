/* SPDX-License-Identifier: Apache-2.0 */
/* A build without libpng. */
#include "cli/picture.h"

bool poolgrad_has_pictures(void)
{
    return false;
}

bool poolgrad_picture_write(const unsigned char *places, int width, int height,
                            const unsigned char colors[PICTURE_COLORS][3], FILE *file)
{
    (void)places, (void)width, (void)height, (void)colors, (void)file;
    return false;
}
