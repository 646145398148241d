/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/buffers.h"

#include <string.h>

#include "base/aligned.h"
#include "base/integer.h"
#include "measure/noise.h"

enum { PAGE = 4096, SLICE = 4 };

int64_t poolgrad_dense_bytes(const poolgrad_const_image *image, poolgrad_layout layout, poolgrad_format format)
{
    int64_t bytes = (int64_t)poolgrad_format_size(format), channels = image->channels;
    if (layout == POOLGRAD_NC4HW4 && !poolgrad_multiply(poolgrad_ceiling_divide(channels, SLICE), SLICE, &channels))
        return -1;
    const bool fits = poolgrad_multiply(bytes, image->images, &bytes) && poolgrad_multiply(bytes, channels, &bytes) &&
                      poolgrad_multiply(bytes, image->height, &bytes) && poolgrad_multiply(bytes, image->width, &bytes);
    return fits ? bytes : -1;
}

poolgrad_format poolgrad_picks_format(const poolgrad_problem *shape)
{
    const double taps = (double)shape->window.kernel_width * (double)shape->window.kernel_height;
    if (taps <= UINT8_MAX) return POOLGRAD_TAP8;
    return taps <= UINT16_MAX ? POOLGRAD_TAP16 : POOLGRAD_TAP32;
}

/* NC4HW4 is the layout that needs most. Whole pages, so that streams find whole lines. */
static int64_t room(const poolgrad_const_image *image, poolgrad_format format)
{
    int64_t bytes = poolgrad_dense_bytes(image, POOLGRAD_NC4HW4, format);
    if (bytes < 0 || bytes > INT64_MAX - PAGE) return -1;
    return bytes > PAGE ? (bytes + PAGE - 1) / PAGE * PAGE : PAGE;
}

int64_t poolgrad_buffers_size(const poolgrad_problem *shape, poolgrad_format format, int layouts, bool saving)
{
    const poolgrad_const_image result = poolgrad_image_as_const(&shape->destination);
    int64_t source = room(&shape->source, format), output = room(&result, format);
    int64_t picks = room(&result, poolgrad_picks_format(shape));
    if (source < 0 || output < 0 || picks < 0) return -1;
    return 2 * (source + output) + (saving ? picks * (layouts + 1) : 0);
}

static void *take(int64_t bytes)
{
    return bytes > 0 && (uint64_t)bytes <= SIZE_MAX ? poolgrad_aligned_allocate(PAGE, (size_t)bytes) : NULL;
}

/* Elements drawn from `values` different ones between -1 and 1. */
static void fill(void *data, int64_t bytes, poolgrad_format format, int values, uint64_t seed)
{
    enum { MOST_VALUES = 4096, LARGEST = 8 };
    unsigned char table[MOST_VALUES * LARGEST], *to = data;
    size_t size = poolgrad_format_size(format);
    uint64_t noise = seed;
    for (int i = 0; i < values; i++) {
        double value = (double)(poolgrad_noise(&noise) >> 11) * 0x1p-52 - 1;
        poolgrad_image element = poolgrad_image_dense(table + (size_t)i * size, format, POOLGRAD_NCHW, 1, 1, 1, 1);
        (void)poolgrad_image_set(&element, 0, 0, 0, 0, 0, value);
    }
    for (int64_t left = bytes / (int64_t)size; left > 0; left--, to += size) {
        memcpy(to, table + (size_t)poolgrad_noise_below(&noise, values) * size, size);
    }
}

static void fill_all(struct buffers *b)
{
    enum { SOURCE_VALUES = 512, GRADIENT_VALUES = 4096 };
    fill(b->source, b->source_bytes, b->format, SOURCE_VALUES, 1);
    fill(b->gradient, b->output_bytes, b->format, GRADIENT_VALUES, 2);
    memset(b->destination, 0, (size_t)b->source_bytes);
    memset(b->output, 0, (size_t)b->output_bytes);
    if (b->saved) memset(b->saved, 0, (size_t)b->picks_bytes);
}

bool poolgrad_buffers_make(struct buffers *b, const poolgrad_problem *shape, poolgrad_format format, bool saving)
{
    const poolgrad_const_image result = poolgrad_image_as_const(&shape->destination);
    *b = (struct buffers){.shape = *shape, .format = format, .picks_format = poolgrad_picks_format(shape)};
    b->source_bytes = room(&shape->source, format);
    b->output_bytes = room(&result, format);
    b->picks_bytes = room(&result, b->picks_format);
    b->source = take(b->source_bytes);
    b->gradient = take(b->output_bytes);
    b->destination = take(b->source_bytes);
    b->output = take(b->output_bytes);
    b->saved = saving ? take(b->picks_bytes) : NULL;
    if (!b->source || !b->gradient || !b->destination || !b->output || (saving && !b->saved)) return false;
    fill_all(b);
    return true;
}

bool poolgrad_buffers_add_picks(struct buffers *b, poolgrad_layout layout)
{
    if (b->picks[layout]) return true;
    b->picks[layout] = take(b->picks_bytes);
    if (b->picks[layout]) memset(b->picks[layout], 0, (size_t)b->picks_bytes);
    return b->picks[layout] != NULL;
}

void poolgrad_buffers_free(struct buffers *b)
{
    void *const owned[] = {b->source, b->gradient, b->destination, b->output, b->saved};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) poolgrad_aligned_free(owned[i]);
    for (int layout = 0; layout < LAYOUTS; layout++) poolgrad_aligned_free(b->picks[layout]);
    *b = (struct buffers){0};
}
