/* SPDX-License-Identifier: Apache-2.0 */
#include "suite/suite_data.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "suite/suite_recipe.h"

/* ---- Random numbers ---------------------------------------------------------------------------------------------- */

uint64_t poolgrad_suite_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* The remainder's bias is of no matter for counts this small. */
int64_t poolgrad_suite_choose(uint64_t *state, int64_t count)
{
    return (int64_t)(poolgrad_suite_random(state) % (uint64_t)count);
}

/* ---- Values ------------------------------------------------------------------------------------------------------ */

/* Of a format: the least number, the least normal one, the greatest, and the first integer that swallows a 1. */
struct limits {
    double least, normal, greatest, swallows;
    int64_t integers; /* whole numbers up to here are exact */
};

static struct limits limits_of(poolgrad_format format)
{
    switch (format) {
    case POOLGRAD_FLOAT16: return (struct limits){0x1p-24, 0x1p-14, 65504, 0x1p11, 2039};
    case POOLGRAD_BFLOAT16: return (struct limits){0x1p-133, 0x1p-126, 0x1.fep127, 0x1p8, 251};
    case POOLGRAD_FLOAT64:
        return (struct limits){0x1p-1074, 0x1p-1022, 0x1.fffffffffffffp1023, 0x1p53, INT64_C(1) << 30};
    default: return (struct limits){0x1p-149, 0x1p-126, 0x1.fffffep127, 0x1p24, 16777213};
    }
}

/* Where the value belongs, and what is drawn for it. */
struct place {
    const poolgrad_image *image;
    int64_t number, z, y, x; /* number: in the order n, c, z, y, x */
    uint64_t random;
};

static double special_value(enum suite_data data, const struct place *place, const struct limits *limits)
{
    const int64_t draw = (int64_t)(place->random % 7), few = (int64_t)(place->random >> 8 & 3);
    const double sign = place->random >> 16 & 1 ? -1 : 1;
    switch (data) {
    case DATA_NAN: return draw < 2 ? copysign((double)NAN, sign) : (double)few - 1;
    case DATA_INFINITIES: return draw < 3 ? sign * (double)INFINITY : (double)few - 1;
    case DATA_SUBNORMALS:
        return sign * (few == 0   ? limits->normal
                       : few == 1 ? limits->normal - limits->least
                                  : (double)draw * limits->least);
    case DATA_CANCELLATION: return few == 0 ? limits->swallows : few == 1 ? -limits->swallows : few == 2 ? 1 : 0.75;
    case DATA_SIGNED_ZEROS: return draw == 0 ? -1 : sign * 0.0;
    case DATA_GREATEST: return draw < 5 ? sign * limits->greatest : (double)few;
    default: return (double)-INFINITY;
    }
}

static int64_t depth_of(const poolgrad_image *image)
{
    return poolgrad_max(image->depth, 1);
}

/* Twice the distance. */
static int64_t from_middle(int64_t position, int64_t size)
{
    const int64_t distance = 2 * position - size + 1;
    return distance < 0 ? -distance : distance;
}

static double value_of(enum suite_data data, const struct place *place)
{
    enum { FRACTIONS = 2048 };
    const struct limits limits = limits_of(place->image->format);
    const poolgrad_image *image = place->image;
    switch (data) {
    case DATA_RAMP: return (double)(place->number % limits.integers + 1);
    case DATA_TIES: return (double)((int64_t)(place->random % 4) - 1);
    case DATA_EQUAL: return 3;
    case DATA_ONES: return 1;
    case DATA_FRACTIONS:
        return (double)((int64_t)(place->random % (UINT64_C(2) * FRACTIONS)) - FRACTIONS) /
               (double)(INT64_C(1) << (place->random >> 32) % 12);
    case DATA_BORDER:
        return (double)(from_middle(place->x, image->width) + from_middle(place->y, image->height) +
                        from_middle(place->z, depth_of(image)));
    case DATA_BLOCKS_OF_ZEROS:
        return (place->x / 3 + place->y / 3 + place->z / 3) % 2 ? (double)(place->number % 7) - 3 : 0;
    default: return special_value(data, place, &limits);
    }
}

/* Codes of unorm8 and unorm16. */
static uint64_t code_of(enum suite_data data, const struct place *place)
{
    const uint64_t greatest = place->image->format == POOLGRAD_UNORM8 ? UINT8_MAX : UINT16_MAX;
    switch (data) {
    case DATA_RAMP: return (uint64_t)place->number % greatest;
    case DATA_TIES: return place->random % 4 * (greatest / 3);
    case DATA_EQUAL: return 7;
    default: return place->random % (greatest + 1);
    }
}

/* ---- Images ------------------------------------------------------------------------------------------------------ */

static bool is_unorm(poolgrad_format format)
{
    return format == POOLGRAD_UNORM8 || format == POOLGRAD_UNORM16;
}

static void store_code(poolgrad_format format, void *element, uint64_t code)
{
    const uint8_t byte = (uint8_t)code;
    const uint16_t two = (uint16_t)code;
    if (format == POOLGRAD_UNORM8) memcpy(element, &byte, sizeof byte);
    if (format == POOLGRAD_UNORM16) memcpy(element, &two, sizeof two);
}

/* A store makes every NaN the same; files may hold others. */
static void set_sign(poolgrad_format format, void *element)
{
    uint16_t half;
    uint32_t word;
    uint64_t wide;
    if (format == POOLGRAD_FLOAT32) {
        memcpy(&word, element, sizeof word);
        word |= UINT32_C(1) << 31;
        memcpy(element, &word, sizeof word);
    } else if (format == POOLGRAD_FLOAT64) {
        memcpy(&wide, element, sizeof wide);
        wide |= UINT64_C(1) << 63;
        memcpy(element, &wide, sizeof wide);
    } else {
        memcpy(&half, element, sizeof half);
        half = (uint16_t)(half | 1U << 15);
        memcpy(element, &half, sizeof half);
    }
}

static void store_value(poolgrad_format format, void *element, double value)
{
    const poolgrad_image view = poolgrad_image_dense(element, format, POOLGRAD_NCHW, 1, 1, 1, 1);
    poolgrad_image_set(&view, 0, 0, 0, 0, 0, value);
    if (isnan(value) && signbit(value)) set_sign(format, element);
}

/* The element of a channel, also of one that is a lane of no use, at place i of its volume. */
static void *element_at(const poolgrad_image *image, int64_t n, int64_t c, int64_t i)
{
    const int64_t lanes = poolgrad_suite_lanes(image->layout);
    const int64_t x = i % image->width, row = i / image->width;
    const int64_t y = row % image->height, z = row / image->height;
    const int64_t place = n * image->image_stride + c / lanes * image->channel_stride + c % lanes +
                          z * image->depth_stride + y * image->row_stride + x * image->column_stride;
    return (unsigned char *)image->data + place * (int64_t)poolgrad_format_size(image->format);
}

static int64_t volume_of(const poolgrad_image *image)
{
    return depth_of(image) * image->height * image->width;
}

static void poison_unused_lanes(const poolgrad_image *image)
{
    const int64_t lanes = poolgrad_suite_lanes(image->layout);
    const int64_t stored = poolgrad_ceiling_divide(image->channels, lanes) * lanes;
    for (int64_t n = 0; n < image->images; n++) {
        for (int64_t c = image->channels; c < stored; c++) {
            for (int64_t i = 0; i < volume_of(image); i++) {
                void *element = element_at(image, n, c, i);
                if (is_unorm(image->format)) store_code(image->format, element, UINT16_MAX);
                if (!is_unorm(image->format)) store_value(image->format, element, copysign((double)NAN, 1));
            }
        }
    }
}

/* The element of that number in the order n, c, z, y, x. */
static void *numbered_element(const poolgrad_image *image, int64_t number)
{
    const int64_t channel = number / volume_of(image);
    return element_at(image, channel / image->channels, channel % image->channels, number % volume_of(image));
}

static int64_t count_elements(const poolgrad_image *image)
{
    return image->images * image->channels * volume_of(image);
}

void poolgrad_suite_fill(const poolgrad_image *image, enum suite_data data, uint64_t seed)
{
    for (int64_t i = 0; i < count_elements(image); i++) {
        const int64_t row = i / image->width, plane = row / image->height;
        const struct place place = {
            image, i, plane % depth_of(image), row % image->height, i % image->width, poolgrad_suite_random(&seed)};
        void *element = numbered_element(image, i);
        if (is_unorm(image->format)) store_code(image->format, element, code_of(data, &place));
        if (!is_unorm(image->format)) store_value(image->format, element, value_of(data, &place));
    }
    poison_unused_lanes(image);
}

void poolgrad_suite_fill_values(const poolgrad_image *image, const double *value, int count)
{
    for (int64_t i = 0; i < count_elements(image); i++) {
        store_value(image->format, numbered_element(image, i), value[i % count]);
    }
    poison_unused_lanes(image);
}
