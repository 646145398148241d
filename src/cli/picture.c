/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/picture.h"

#include <png.h>
#include <stdlib.h>

bool poolgrad_has_pictures(void)
{
    return true;
}

static void write_base64(const unsigned char *bytes, size_t size, FILE *file)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < size; i += 3) {
        const unsigned second = i + 1 < size ? bytes[i + 1] : 0, third = i + 2 < size ? bytes[i + 2] : 0;
        const unsigned group = (unsigned)bytes[i] << 16 | second << 8 | third;
        (void)fputc(letters[group >> 18], file);
        (void)fputc(letters[group >> 12 & 63], file);
        (void)fputc(i + 1 < size ? letters[group >> 6 & 63] : '=', file);
        (void)fputc(i + 2 < size ? letters[group & 63] : '=', file);
    }
}

bool poolgrad_picture_write(const unsigned char *places, int width, int height,
                            const unsigned char colors[PICTURE_COLORS][3], FILE *file)
{
    png_image image = {.version = PNG_IMAGE_VERSION,
                       .width = (png_uint_32)width,
                       .height = (png_uint_32)height,
                       .format = PNG_FORMAT_RGB_COLORMAP,
                       .colormap_entries = PICTURE_COLORS};
    png_alloc_size_t size = 0;
    unsigned char *bytes = NULL;
    bool done = png_image_write_to_memory(&image, NULL, &size, 0, places, width, colors) != 0;
    if (done) bytes = malloc(size);
    done = bytes && png_image_write_to_memory(&image, bytes, &size, 0, places, width, colors) != 0;
    if (done) {
        fprintf(file, "data:image/png;base64,");
        write_base64(bytes, size, file);
    }
    free(bytes);
    png_image_free(&image);
    return done;
}
