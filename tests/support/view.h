/* SPDX-License-Identifier: Apache-2.0 */
/* Views as the public header describes them: where an element lies, what it holds, which bytes a view covers. */
#ifndef POOLGRAD_TESTS_VIEW_H
#define POOLGRAD_TESTS_VIEW_H

#include <poolgrad/poolgrad.h>
#include <stdbool.h>

/* Where an element is. */
typedef struct view_place {
    int64_t n, c, z, y, x;
} view_place;

/* Neighbouring channels of a pixel that go together in a slice; 1 where layouts have no slices. */
int64_t view_lanes(poolgrad_layout layout);

/* A view for reading of either kind of image, as a pointer that is good to the end of the block. */
#define VIEW(image)                                                                                                    \
    (&(const poolgrad_const_image){.data = (image)->data,                                                              \
                                   .format = (image)->format,                                                          \
                                   .layout = (image)->layout,                                                          \
                                   .images = (image)->images,                                                          \
                                   .channels = (image)->channels,                                                      \
                                   .depth = (image)->depth,                                                            \
                                   .height = (image)->height,                                                          \
                                   .width = (image)->width,                                                            \
                                   .image_stride = (image)->image_stride,                                              \
                                   .channel_stride = (image)->channel_stride,                                          \
                                   .depth_stride = (image)->depth_stride,                                              \
                                   .row_stride = (image)->row_stride,                                                  \
                                   .column_stride = (image)->column_stride,                                            \
                                   .expanded = (image)->expanded})

/* The functions that read take either kind, too. Those of images without a third axis leave out its coordinate. */
#define view_is_empty(image) view_read_is_empty(VIEW(image))
#define view_range_of(image) view_read_range(VIEW(image))
#define view_depth(image) view_depth_of((image)->depth)
#define view_stored_channels(image) view_read_stored_channels((image)->layout, (image)->channels)
#define view_at(image, n, c, y, x) view_at_place(image, VIEW_PLACE(n, c, y, x))
#define view_at_place(image, place) view_read_at(VIEW(image), place)
#define view_bits(image, n, c, y, x) view_bits_at(image, VIEW_PLACE(n, c, y, x))
#define view_bits_at(image, place) view_read_bits(VIEW(image), place)
#define view_number(image, n, c, y, x) view_number_at(image, VIEW_PLACE(n, c, y, x))
#define view_number_at(image, place) view_read_number(VIEW(image), place)
#define view_index(image, n, c, y, x) view_index_at(image, VIEW_PLACE(n, c, y, x))
#define view_index_at(image, place) view_read_index(VIEW(image), place)
#define view_set_bits(image, n, c, y, x, bits) view_set_bits_at(image, VIEW_PLACE(n, c, y, x), bits)
#define view_set_number(image, n, c, y, x, value) view_set_number_at(image, VIEW_PLACE(n, c, y, x), value)
#define VIEW_PLACE(n, c, y, x) ((view_place){n, c, 0, y, x})

/* Every element of either kind of image in row-major order. */
#define VIEW_EACH(at, image)                                                                                           \
    for (view_place at = {0, 0, 0, 0, 0}; view_read_has(VIEW(image), at); at = view_read_next(VIEW(image), at))

#define view_holds_taps(image) view_are_taps((image)->format)
#define view_new(format, layout, size, fill) view_new_like(format, layout, VIEW(size), fill)
#define view_copy(original, layout) view_copy_of(VIEW(original), layout)

/* Elements from data that a view covers, [first, end), with the unused lanes of blocked layouts. Empty: both 0. */
typedef struct view_range {
    int64_t first, end;
} view_range;

bool view_read_is_empty(const poolgrad_const_image *image);
view_range view_read_range(const poolgrad_const_image *image);

/* A depth of 0 says 1. */
int64_t view_depth_of(int64_t depth);

bool view_read_has(const poolgrad_const_image *image, view_place at);
view_place view_read_next(const poolgrad_const_image *image, view_place at);

/* Channels that have storage: more than there are for blocked layouts. */
int64_t view_read_stored_channels(poolgrad_layout layout, int64_t channels);

const unsigned char *view_read_at(const poolgrad_const_image *image, view_place at);

uint64_t view_read_bits(const poolgrad_const_image *image, view_place at);
void view_set_bits_at(const poolgrad_image *image, view_place at, uint64_t bits);

double view_read_number(const poolgrad_const_image *image, view_place at);
void view_set_number_at(const poolgrad_image *image, view_place at, double value);

/* An index: a place in the volume or the number of a tap in its window; -1 for none. */
bool view_are_taps(poolgrad_format format);
int64_t view_read_index(const poolgrad_const_image *image, view_place at);

/* Strides of memory without gaps. */
void view_make_dense(poolgrad_image *image);

/* A view to be read of what was written or made. */
poolgrad_const_image view_read(poolgrad_image image);

/* The same view where the test owns the memory and may write what a problem only reads. */
poolgrad_image view_writable(const poolgrad_const_image *image);

/* A dense image of the same size on the heap, its bytes `fill`; free it with view_free. */
poolgrad_image view_new_like(poolgrad_format format, poolgrad_layout layout, const poolgrad_const_image *size,
                             int fill);
/* The same with the elements of the original in it. Null data stays null. */
poolgrad_image view_copy_of(const poolgrad_const_image *original, poolgrad_layout layout);
void view_free(poolgrad_image *image);
void view_free_read(poolgrad_const_image *image);

#endif
