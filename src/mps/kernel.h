/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of buffers and states, and what graphs need of kernels beyond mps.h. */
#ifndef POOLGRAD_MPS_KERNEL_H
#define POOLGRAD_MPS_KERNEL_H

#include "geometry/geometry.h"
#include "image/image.h"
#include "mps/property.h"

/* Memory that is written here and read there: both views have the same fields. */
union poolgrad_view {
    poolgrad_image written;
    poolgrad_const_image read;
};

struct poolgrad_buffer {
    union poolgrad_view image;
    poolgrad_image_allocator allocator; /* that of the memory; all null: the C library's */
};

struct poolgrad_state {
    poolgrad_gradient_settings settings;
    union poolgrad_view argmax;                        /* format none: not saved */
    int64_t argmax_kernel_width, argmax_kernel_height; /* of the windows whose taps it names; else 0 */
};

/* ---- Images ------------------------------------------------------------------------------------------------------ */

/* A dense image of the same layout and sizes, without data. */
poolgrad_image poolgrad_image_like(const poolgrad_const_image *image, poolgrad_format format);

/* Checks layout and sizes; an image of MPS is a plane, and has no depth. */
poolgrad_status poolgrad_check_plane(const poolgrad_const_image *image, const char *name, poolgrad_error *error);

/* Bytes of a dense image of these sizes, and whether they can be counted and addressed. */
poolgrad_status poolgrad_image_bytes(const poolgrad_image *descriptor, const char *name, size_t *bytes,
                                     poolgrad_error *error);

/* Allocates the image by the allocator (null or all null: the C library). Not cleared. Empty images get no memory. */
poolgrad_status poolgrad_buffer_make(const poolgrad_image *descriptor, const poolgrad_image_allocator *allocator,
                                     const char *name, poolgrad_buffer **buffer, poolgrad_error *error);

void poolgrad_image_clear(const poolgrad_image *image);

/* Whether images are of one size, in number, channels and pixels. */
bool poolgrad_same_size(const poolgrad_const_image *a, const poolgrad_const_image *b);

/* Refuses `field`, which "<has> 1 images of 2 channels, 4x3 pixels; expected 1 of 2, 4x4 as <like>". */
poolgrad_status poolgrad_refuse_size(poolgrad_error *error, const char *field, const char *has,
                                     const poolgrad_const_image *image, const poolgrad_const_image *expected,
                                     const char *like);

/* Format of an image made from one of this format: its own, float32 for unorm. */
poolgrad_format poolgrad_result_format(poolgrad_format source);

/* ---- Running ----------------------------------------------------------------------------------------------------- */

/* poolgrad_resolve of images that are planes. */
poolgrad_status poolgrad_resolve_planes(const poolgrad_problem *problem, struct poolgrad_geometry *geometry,
                                        poolgrad_error *error);

/* Runs a problem, or what it was resolved to, whose indices poolgrad wrote itself: they are not looked through first.
 * Of a new destination everything becomes +0 that is not written. */
poolgrad_status poolgrad_run_trusted(const poolgrad_problem *problem, bool is_new, poolgrad_error *error);
poolgrad_status poolgrad_run_resolved(const struct poolgrad_geometry *geometry, bool is_new, poolgrad_error *error);

/* The caller's context, or a fresh one for null. */
poolgrad_status poolgrad_read_context(const poolgrad_context *given, poolgrad_context *context, poolgrad_error *error);
void poolgrad_fill_context(const poolgrad_context *context, poolgrad_problem *problem);

/* ---- Kernels of both directions ---------------------------------------------------------------------------------- */

struct poolgrad_kernel_type {
    const char *name;                           /* in JSON, too */
    const char *called, *initializer;           /* in refusals */
    const struct poolgrad_property *properties; /* kind and window first, as POOLGRAD_WINDOW_ROWS has them */
    size_t size;
};

extern const struct poolgrad_kernel_type poolgrad_pooling_type, poolgrad_pooling_gradient_type;

/* Writes no more than the caller's struct, which may be older or newer than this one. */
void poolgrad_kernel_init(const struct poolgrad_kernel_type *type, void *kernel, size_t struct_size, poolgrad_kind kind,
                          const poolgrad_window *window);

/* The caller's kernel as a whole one of this version, not checked further. */
poolgrad_status poolgrad_kernel_read(const struct poolgrad_kernel_type *type, const void *given, void *kernel,
                                     poolgrad_error *error);

/* What a type can do. A kernel that no initializer made equals itself only. */
bool poolgrad_kernel_equal(const struct poolgrad_kernel_type *type, const void *a, const void *b);
uint64_t poolgrad_kernel_hash(const struct poolgrad_kernel_type *type, const void *object);
void poolgrad_kernel_write(const struct poolgrad_kernel_type *type, const void *object, struct poolgrad_text *text);

/* ---- Kernels: all of them whole ---------------------------------------------------------------------------------- */

/* The image that argmax is saved in for a destination of these sizes: format, layout, sizes; no data. */
poolgrad_status poolgrad_pooling_argmax_descriptor(const poolgrad_pooling *kernel, const poolgrad_image *destination,
                                                   poolgrad_image *argmax, poolgrad_error *error);

/* poolgrad_pooling_destination_descriptor and its like, for results of a given format. */
poolgrad_status poolgrad_pooling_configure(poolgrad_pooling *kernel, const poolgrad_const_image *source,
                                           poolgrad_format format, poolgrad_image *descriptor, poolgrad_error *error);
poolgrad_status poolgrad_pooling_gradient_configure(poolgrad_pooling_gradient *kernel,
                                                    const poolgrad_const_image *source_gradient,
                                                    const poolgrad_const_image *source_image,
                                                    const poolgrad_state *state, poolgrad_format format,
                                                    poolgrad_image *descriptor, poolgrad_error *error);

/* poolgrad_pooling_problem and its like, of a gradient kernel that was configured with the state already. */
poolgrad_status poolgrad_pooling_configured(const poolgrad_pooling *kernel, const poolgrad_context *context,
                                            const poolgrad_const_image *source, poolgrad_state *state,
                                            const poolgrad_image *destination, poolgrad_problem *problem,
                                            poolgrad_error *error);
poolgrad_status poolgrad_pooling_gradient_configured(const poolgrad_pooling_gradient *kernel,
                                                     const poolgrad_context *context,
                                                     const poolgrad_const_image *source_gradient,
                                                     const poolgrad_const_image *source_image,
                                                     const poolgrad_state *state, const poolgrad_image *destination,
                                                     poolgrad_problem *problem, poolgrad_error *error);

/* All of the state but argmax. `destination` may be null: its size is not known. */
void poolgrad_pooling_fill_state(const poolgrad_pooling *kernel, const poolgrad_const_image *source,
                                 const poolgrad_image *destination, struct poolgrad_state *state);

/* A window in the two axes that kernels have. */
poolgrad_window poolgrad_plane_window(int64_t kernel_width, int64_t kernel_height, int64_t stride_x, int64_t stride_y,
                                      int64_t dilation_x, int64_t dilation_y);

/* Of [offset, offset + max_count), how many channels there are; what no encoding takes is refused. */
poolgrad_status poolgrad_window_channels(const char *offset_name, int64_t offset, const char *count_name,
                                         int64_t max_count, int64_t channels, int64_t *count, poolgrad_error *error);

/* offset + channels, of a destination. */
poolgrad_status poolgrad_channels_behind(int64_t offset, int64_t channels, int64_t *sum, poolgrad_error *error);

/* Calls a custom policy; others change nothing. Then makes the descriptor one of memory that is not there yet, and
 * checks that a result can be like it. */
poolgrad_status poolgrad_ask_policy(const poolgrad_padding_policy *policy, const poolgrad_padding_request *request,
                                    poolgrad_image *descriptor, poolgrad_error *error);

/* ---- States ------------------------------------------------------------------------------------------------------ */

/* A state with memory of its own: all else, and what argmax is like, as the one given. Its taps are none. */
poolgrad_status poolgrad_state_make(const struct poolgrad_state *like, poolgrad_state **state, poolgrad_error *error);

/* ---- Parts of descriptions --------------------------------------------------------------------------------------- */

void poolgrad_describe_policy(const poolgrad_padding_policy *policy, struct poolgrad_text *text);
void poolgrad_describe_window(const poolgrad_window *window, bool dilated, struct poolgrad_text *text);
void poolgrad_describe_kernel(poolgrad_kind kind, const poolgrad_window *window, const char *suffix, const char *label,
                              struct poolgrad_text *text);
/* Also one that is none. */
void poolgrad_describe_edge_mode(const char *name, poolgrad_edge_mode mode, struct poolgrad_text *text);

#endif
