/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/buffers.h"

#include <string.h>

#include "base/aligned.h"
#include "base/integer.h"
#include "measure/noise.h"
#include "measure/workload.h"

enum { PAGE = 4096 };

int64_t poolgrad_slice_of(poolgrad_layout layout)
{
    return poolgrad_image_dense(NULL, POOLGRAD_FLOAT32, layout, 1, 1, 1, 1).column_stride;
}

int64_t poolgrad_dense_bytes(const poolgrad_const_image *image, poolgrad_layout layout, poolgrad_format format)
{
    const int64_t slice = poolgrad_slice_of(layout),
                  sizes[] = {image->images, slice, poolgrad_max(image->depth, 1), image->height, image->width};
    int64_t bytes = (int64_t)poolgrad_format_size(format);
    bool fits = poolgrad_multiply(bytes, poolgrad_ceiling_divide(image->channels, slice), &bytes);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) fits = fits && poolgrad_multiply(bytes, sizes[i], &bytes);
    return fits ? bytes : -1;
}

poolgrad_format poolgrad_picks_format(const poolgrad_problem *shape)
{
    const double taps = poolgrad_shape_taps(shape);
    if (taps <= UINT8_MAX) return POOLGRAD_TAP8;
    return taps <= UINT16_MAX ? POOLGRAD_TAP16 : POOLGRAD_TAP32;
}

/* What the layout that needs most needs. Whole pages, so that streams find whole lines. */
static int64_t room(const poolgrad_const_image *image, poolgrad_format format, unsigned layouts)
{
    int64_t most = PAGE;
    for (int layout = 0; layout < LAYOUTS; layout++) {
        if (!(layouts >> layout & 1)) continue;
        const int64_t bytes = poolgrad_dense_bytes(image, (poolgrad_layout)layout, format);
        if (bytes < 0 || bytes > INT64_MAX - PAGE) return -1;
        most = poolgrad_max(most, (bytes + PAGE - 1) / PAGE * PAGE);
    }
    return most;
}

int64_t poolgrad_buffers_size(const poolgrad_problem *shape, poolgrad_format format, unsigned layouts, unsigned saving)
{
    const poolgrad_const_image result = poolgrad_image_as_const(&shape->destination);
    int64_t source = room(&shape->source, format, layouts), output = room(&result, format, layouts);
    int64_t picks = room(&result, poolgrad_picks_format(shape), layouts), kept = saving != 0, bytes;
    if (source < 0 || output < 0 || picks < 0) return -1;
    for (int layout = 0; layout < LAYOUTS; layout++) kept += saving >> layout & 1;
    const bool fits = poolgrad_multiply(picks, kept, &picks) && poolgrad_add(source, output, &bytes) &&
                      poolgrad_multiply(bytes, 2, &bytes) && poolgrad_add(bytes, picks, &bytes);
    return fits ? bytes : -1;
}

static void *take(int64_t bytes)
{
    return bytes > 0 && (uint64_t)bytes <= SIZE_MAX ? poolgrad_aligned_allocate(PAGE, (size_t)bytes) : NULL;
}

void poolgrad_buffers_fill(void *data, int64_t bytes, poolgrad_format format, int values, uint64_t seed)
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
    poolgrad_buffers_fill(b->source, b->source_bytes, b->format, SOURCE_VALUES, 1);
    poolgrad_buffers_fill(b->gradient, b->output_bytes, b->format, GRADIENT_VALUES, 2);
    memset(b->destination, 0, (size_t)b->source_bytes);
    memset(b->output, 0, (size_t)b->output_bytes);
    if (b->saved) memset(b->saved, 0, (size_t)b->picks_bytes);
}

bool poolgrad_buffers_make(struct buffers *b, const poolgrad_problem *shape, poolgrad_format format, unsigned layouts,
                           bool saving)
{
    const poolgrad_const_image result = poolgrad_image_as_const(&shape->destination);
    *b = (struct buffers){.shape = *shape, .format = format, .picks_format = poolgrad_picks_format(shape)};
    b->source_bytes = room(&shape->source, format, layouts);
    b->output_bytes = room(&result, format, layouts);
    b->picks_bytes = room(&result, b->picks_format, layouts);
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
