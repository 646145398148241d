/* SPDX-License-Identifier: Apache-2.0 */
#include "example.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_PATH = 4096, PREAMBLE = 10, MAX_HEADER = 512 };

static void give_up(const char *what, const char *why)
{
    fprintf(stderr, "%s: %s\n", what, why);
    exit(1);
}

void example_check(poolgrad_status status, const poolgrad_error *error)
{
    if (status != POOLGRAD_OK) give_up("refused", error->message);
}

/* ---- Tensors ------------------------------------------------------------------------------------------------- */

/* Leaves the file at its first element, and gives what is known of the image. */
static poolgrad_const_image read_header(FILE *file, const char *path)
{
    static const char start[] = "{'descr': '<f4', 'fortran_order': False, 'shape': (";
    unsigned char preamble[PREAMBLE];
    char header[MAX_HEADER + 1] = "";
    if (fread(preamble, 1, PREAMBLE, file) != PREAMBLE || memcmp(preamble, "\x93NUMPY\x01", 7) != 0)
        give_up(path, "is no .npy file of version 1");
    size_t size = preamble[8] + ((size_t)preamble[9] << 8);
    if (size > MAX_HEADER || fread(header, 1, size, file) != size) give_up(path, "has no header");
    int64_t images = 0, channels = 0, height = 0, width = 0;
    if (strncmp(header, start, sizeof start - 1) != 0 ||
        sscanf(header + sizeof start - 1, "%" SCNd64 ", %" SCNd64 ", %" SCNd64 ", %" SCNd64, &images, &channels,
               &height, &width) != 4)
        give_up(path, "holds no N x C x H x W of float32");
    return poolgrad_const_image_dense(NULL, POOLGRAD_FLOAT32, POOLGRAD_NCHW, images, channels, height, width);
}

poolgrad_const_image example_read(const char *folder, const char *name)
{
    char path[MAX_PATH];
    snprintf(path, sizeof path, "%s/%s/%s.npy", POOLGRAD_TEST_DATA, folder, name);
    FILE *file = fopen(path, "rb");
    if (!file) give_up(path, "cannot be opened");
    poolgrad_const_image image = read_header(file, path);
    size_t count = (size_t)(image.images * image.channels * image.height * image.width);
    float *data = malloc(count * sizeof *data);
    if (!data) give_up(path, "no memory");
    for (size_t i = 0; i < count; i++) {
        unsigned char byte[4];
        if (fread(byte, 1, sizeof byte, file) != sizeof byte) give_up(path, "is too short");
        uint32_t bits = byte[0] | (uint32_t)byte[1] << 8 | (uint32_t)byte[2] << 16 | (uint32_t)byte[3] << 24;
        memcpy(data + i, &bits, sizeof bits);
    }
    (void)fclose(file);
    image.data = data;
    return image;
}

/* What example_read has allocated. */
void example_free(poolgrad_const_image *image)
{
    free((void *)(uintptr_t)image->data);
    image->data = NULL;
}

/* The strides stay those of the whole. */
poolgrad_const_image example_front(const poolgrad_const_image *image, int64_t images, int64_t channels)
{
    poolgrad_const_image front = *image;
    front.images = images;
    front.channels = channels;
    return front;
}

poolgrad_const_image example_crop(const poolgrad_const_image *image, int64_t y, int64_t x, int64_t height,
                                  int64_t width)
{
    poolgrad_const_image crop = *image;
    crop.data = (const float *)crop.data + y * crop.row_stride + x;
    crop.height = height;
    crop.width = width;
    return crop;
}

/* ---- Comparing ----------------------------------------------------------------------------------------------- */

/* Neighbouring numbers have neighbouring places; the two zeros are one place apart, since bits count. */
static int64_t place(double value)
{
    float number = (float)value;
    int32_t bits;
    memcpy(&bits, &number, sizeof bits);
    return bits >= 0 ? bits : INT64_C(-1) - (bits & INT32_MAX);
}

struct differences {
    int64_t elements, different, greatest;
    int64_t n, c, y, x; /* of the first */
};

static bool same_size(const poolgrad_const_image *a, const poolgrad_const_image *b)
{
    return a->images == b->images && a->channels == b->channels && a->height == b->height && a->width == b->width;
}

static struct differences compare(const poolgrad_const_image *a, const poolgrad_const_image *b)
{
    struct differences found = {.elements = a->images * a->channels * a->height * a->width};
    for (int64_t i = 0; i < found.elements; i++) {
        int64_t x = i % a->width, y = i / a->width % a->height;
        int64_t c = i / (a->width * a->height) % a->channels, n = i / (a->width * a->height * a->channels);
        int64_t ulp = place(poolgrad_const_image_get(a, n, c, 0, y, x)) -
                      place(poolgrad_const_image_get(b, n, c, 0, y, x));
        if (ulp == 0) continue;
        if (found.different++ == 0) found.n = n, found.c = c, found.y = y, found.x = x;
        if (llabs(ulp) > found.greatest) found.greatest = llabs(ulp);
    }
    return found;
}

int64_t example_different(const poolgrad_const_image *a, const poolgrad_const_image *b)
{
    if (!same_size(a, b)) give_up("comparison", "the images have different sizes");
    return compare(a, b).different;
}

bool example_agree(const char *what, const poolgrad_const_image *actual, const poolgrad_const_image *expected,
                   int64_t ulp)
{
    if (!same_size(actual, expected) || actual->format != POOLGRAD_FLOAT32) {
        printf("  %s: WRONG: %" PRId64 "x%" PRId64 "x%" PRId64 "x%" PRId64 " of %s; expected %" PRId64 "x%" PRId64
               "x%" PRId64 "x%" PRId64 " of float32\n",
               what, actual->images, actual->channels, actual->height, actual->width,
               poolgrad_format_name(actual->format), expected->images, expected->channels, expected->height,
               expected->width);
        return false;
    }
    struct differences found = compare(actual, expected);
    printf("  %s: ", what);
    if (found.greatest > ulp) {
        printf("WRONG: %" PRId64 " of %" PRId64 " elements differ, by up to %" PRId64 " ulp; (%" PRId64 ", %" PRId64
               ", %" PRId64 ", %" PRId64 ") is %a, expected %a\n",
               found.different, found.elements, found.greatest, found.n, found.c, found.y, found.x,
               poolgrad_const_image_get(actual, found.n, found.c, 0, found.y, found.x),
               poolgrad_const_image_get(expected, found.n, found.c, 0, found.y, found.x));
        return false;
    }
    if (found.different > 0) {
        printf("%" PRId64 " of %" PRId64 " elements differ, by at most %" PRId64 " ulp; %" PRId64 " are allowed\n",
               found.different, found.elements, found.greatest, ulp);
    } else {
        printf("%" PRId64 " elements, the same bits\n", found.elements);
    }
    return true;
}

bool example_expect(bool holds, const char *what)
{
    printf("  %s%s\n", holds ? "" : "WRONG: not so: ", what);
    return holds;
}

void example_require(bool holds, const char *what)
{
    if (!holds) give_up("not so", what);
}

/* ---- Text ---------------------------------------------------------------------------------------------------- */

#define DESCRIBE(type)                                                                                                 \
    void example_describe_##type(const poolgrad_##type *object)                                                        \
    {                                                                                                                  \
        size_t size = poolgrad_##type##_description(object, NULL, 0) + 1;                                              \
        char *text = malloc(size);                                                                                     \
        if (!text) give_up("description", "no memory");                                                                \
        poolgrad_##type##_description(object, text, size);                                                             \
        puts(text);                                                                                                    \
        free(text);                                                                                                    \
    }

DESCRIBE(graph)
DESCRIBE(filter_node)
DESCRIBE(padding_policy)
