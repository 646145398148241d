/* SPDX-License-Identifier: Apache-2.0 */
#include "case_picture.h"

#include <math.h>
#include <png.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    WANTED_HEIGHT = 400, /* pixels of the picture, roughly: what one pixel of a plane is enlarged to follows */
    GAP = 12,
    GAP_GREY = 160, /* tells both planes from the gap, black or white as their margins may be */
    COMPONENTS = 3
};

/* The gradient's greatest values are few and would leave the others pale: beyond this part of them colours stay full.
 */
static const double full_colour_part = 0.9;

typedef struct rgb {
    double red, green, blue;
} rgb;

/* The two ends of the gradient's colours are equally dark. */
static const rgb below_zero = {0.02, 0.25, 0.65}, white = {1, 1, 1}, above_zero = {0.75, 0.05, 0.10};

/* One plane of a dense copy, values at [y * width + x]. */
typedef struct plane {
    int64_t height, width;
    double *value;
} plane;

static plane plane_of(const poolgrad_image *image, int64_t n, int64_t c)
{
    plane p = {image->height, image->width, calloc((size_t)(image->height * image->width), sizeof(double))};
    if (!p.value) return p;
    for (int64_t y = 0; y < p.height; y++) {
        for (int64_t x = 0; x < p.width; x++) p.value[y * p.width + x] = poolgrad_image_get(image, n, c, 0, y, x);
    }
    return p;
}

static double variance(const poolgrad_image *image, int64_t n, int64_t c)
{
    double sum = 0, squares = 0, count = (double)(image->height * image->width);
    for (int64_t y = 0; y < image->height; y++) {
        for (int64_t x = 0; x < image->width; x++) {
            double value = poolgrad_image_get(image, n, c, 0, y, x);
            sum += value;
            squares += value * value;
        }
    }
    return squares / count - sum / count * (sum / count);
}

static void find_richest(const poolgrad_image *image, int64_t *n, int64_t *c)
{
    double greatest = -1;
    for (int64_t i = 0; i < image->images * image->channels; i++) {
        double found = variance(image, i / image->channels, i % image->channels);
        if (!(found > greatest)) continue;
        greatest = found;
        *n = i / image->channels;
        *c = i % image->channels;
    }
}

/* ---- Scales -------------------------------------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
    const double *left = a, *right = b;
    return (*left > *right) - (*left < *right);
}

/* The magnitude that `full_colour_part` of all magnitudes above zero do not pass; 1 where there are none. */
static double full_colour(const plane *p)
{
    size_t count = 0;
    double *magnitude = calloc((size_t)(p->height * p->width), sizeof *magnitude), result = 1;
    if (!magnitude) return result;
    for (int64_t i = 0; i < p->height * p->width; i++) {
        if (p->value[i] != 0) magnitude[count++] = fabs(p->value[i]);
    }
    qsort(magnitude, count, sizeof *magnitude, compare);
    if (count > 0) result = magnitude[(size_t)((double)(count - 1) * full_colour_part)];
    free(magnitude);
    return result;
}

static void range(const plane *p, double *least, double *greatest)
{
    *least = *greatest = p->value[0];
    for (int64_t i = 1; i < p->height * p->width; i++) {
        *least = fmin(*least, p->value[i]);
        *greatest = fmax(*greatest, p->value[i]);
    }
}

static rgb mix(rgb from, rgb to, double part)
{
    return (rgb){from.red + (to.red - from.red) * part, from.green + (to.green - from.green) * part,
                 from.blue + (to.blue - from.blue) * part};
}

/* ---- Drawing ------------------------------------------------------------------------------------------------- */

typedef struct canvas {
    int64_t height, width, enlarged;
    unsigned char *pixel;
} canvas;

static void draw(canvas *to, int64_t left, int64_t y, int64_t x, rgb colour)
{
    for (int64_t i = 0; i < to->enlarged * to->enlarged; i++) {
        int64_t row = y * to->enlarged + i / to->enlarged, column = left + x * to->enlarged + i % to->enlarged;
        unsigned char *pixel = to->pixel + (row * to->width + column) * COMPONENTS;
        pixel[0] = (unsigned char)lround(colour.red * UINT8_MAX);
        pixel[1] = (unsigned char)lround(colour.green * UINT8_MAX);
        pixel[2] = (unsigned char)lround(colour.blue * UINT8_MAX);
    }
}

static void draw_grey(canvas *to, int64_t left, const plane *p)
{
    double least, greatest;
    range(p, &least, &greatest);
    double span = greatest > least ? greatest - least : 1;
    for (int64_t i = 0; i < p->height * p->width; i++) {
        double grey = (p->value[i] - least) / span;
        draw(to, left, i / p->width, i % p->width, (rgb){grey, grey, grey});
    }
}

static void draw_diverging(canvas *to, int64_t left, const plane *p)
{
    double full = full_colour(p);
    for (int64_t i = 0; i < p->height * p->width; i++) {
        double part = fmin(fabs(p->value[i]) / full, 1);
        draw(to, left, i / p->width, i % p->width, mix(white, p->value[i] < 0 ? below_zero : above_zero, part));
    }
}

static bool save(const char *path, const canvas *from)
{
    png_image image = {.version = PNG_IMAGE_VERSION, .format = PNG_FORMAT_RGB};
    image.width = (png_uint_32)from->width;
    image.height = (png_uint_32)from->height;
    if (png_image_write_to_file(&image, path, 0, from->pixel, 0, NULL)) return true;
    fprintf(stderr, "%s: cannot be written: %s\n", path, image.message);
    return false;
}

static bool draw_both(const char *path, const plane *source, const plane *gradient)
{
    int64_t enlarged = WANTED_HEIGHT / source->height + (WANTED_HEIGHT < source->height);
    canvas to = {source->height * enlarged, 2 * source->width * enlarged + GAP, enlarged, NULL};
    size_t bytes = (size_t)(to.height * to.width * COMPONENTS);
    to.pixel = malloc(bytes);
    if (!to.pixel) return false;
    memset(to.pixel, GAP_GREY, bytes);
    draw_grey(&to, 0, source);
    draw_diverging(&to, source->width * enlarged + GAP, gradient);
    bool saved = save(path, &to);
    free(to.pixel);
    return saved;
}

bool picture_write(const char *path, const poolgrad_image *source, const poolgrad_image *gradient)
{
    int64_t n = 0, c = 0;
    find_richest(source, &n, &c);
    plane left = plane_of(source, n, c), right = plane_of(gradient, n, c);
    bool written = left.value && right.value && draw_both(path, &left, &right);
    free(left.value);
    free(right.value);
    return written;
}
