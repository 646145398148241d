/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of buffers and states, and what graphs need of kernels beyond mps.h. */
#ifndef POOLGRAD_MPS_KERNEL_H
#define POOLGRAD_MPS_KERNEL_H

#include "image/image.h"
#include "mps/class.h"

struct poolgrad_buffer {
    const struct poolgrad_class *isa;
    poolgrad_image image;
    poolgrad_image_allocator allocator; /* that of the memory; all null: the C library's */
};

struct poolgrad_state {
    const struct poolgrad_class *isa;
    poolgrad_gradient_settings settings;
    poolgrad_image argmax;                             /* format none: not saved */
    int64_t argmax_kernel_width, argmax_kernel_height; /* of the windows whose taps it names; else 0 */
};

/* Words of enumerations, as the command takes them. */
extern const char *const poolgrad_kind_names[3],
    *const poolgrad_edge_mode_names[2], *const poolgrad_tie_names[4], *const poolgrad_nan_names[3],
                                                                          *const poolgrad_accumulator_names[2];

/* Bytes of a dense image, and whether they can be counted and addressed; its strides become 0. */
poolgrad_status poolgrad_image_bytes(const poolgrad_image *descriptor, const char *name, size_t *bytes,
                                     poolgrad_error *error);

/* Allocates the image by the allocator (null or all null: the C library). Not cleared. Empty images get no memory. */
poolgrad_status poolgrad_buffer_make(const poolgrad_image *descriptor, const poolgrad_image_allocator *allocator,
                                     const char *name, poolgrad_buffer **buffer, poolgrad_error *error);

void poolgrad_image_clear(const poolgrad_image *image);

/* Element by element, bits as they are, between images of one format and size. */
void poolgrad_copy_elements(const poolgrad_image *from, const poolgrad_image *to);

/* Equal bits of all elements, format, layout and sizes; what hashes and JSON tell of an image. */
bool poolgrad_same_elements(const poolgrad_image *a, const poolgrad_image *b);
uint64_t poolgrad_hash_sizes(uint64_t hash, const poolgrad_image *image);
void poolgrad_write_sizes(const poolgrad_image *image, struct poolgrad_text *text);

/* Runs a problem whose indices poolgrad wrote itself: they are not looked through first. Of a new destination
 * everything becomes +0 that is not written. */
poolgrad_status poolgrad_run_trusted(const poolgrad_problem *problem, bool is_new, poolgrad_error *error);

poolgrad_status poolgrad_check_context(const poolgrad_context *context, poolgrad_error *error);
void poolgrad_fill_context(const poolgrad_context *context, poolgrad_problem *problem);

/* Format of an image made from one of this format: its own, float32 for unorm. */
poolgrad_format poolgrad_result_format(poolgrad_format source);

/* The image that argmax is saved in for a destination of these sizes: format, layout, sizes; no data. */
poolgrad_status poolgrad_pooling_argmax_descriptor(const poolgrad_pooling *kernel, const poolgrad_image *destination,
                                                   poolgrad_image *argmax, poolgrad_error *error);

/* poolgrad_pooling_destination_descriptor and its like, for results of a given format. */
poolgrad_status poolgrad_pooling_configure(poolgrad_pooling *kernel, const poolgrad_image *source,
                                           poolgrad_format format, poolgrad_image *descriptor, poolgrad_error *error);
poolgrad_status poolgrad_pooling_gradient_configure(poolgrad_pooling_gradient *kernel,
                                                    const poolgrad_image *source_gradient,
                                                    const poolgrad_image *source_image, const poolgrad_state *state,
                                                    poolgrad_format format, poolgrad_image *descriptor,
                                                    poolgrad_error *error);

/* poolgrad_pooling_gradient_problem of a kernel that was configured with the state already. */
poolgrad_status poolgrad_pooling_gradient_configured(const poolgrad_pooling_gradient *kernel,
                                                     const poolgrad_context *context,
                                                     const poolgrad_image *source_gradient,
                                                     const poolgrad_image *source_image, const poolgrad_state *state,
                                                     const poolgrad_image *destination, poolgrad_problem *problem,
                                                     poolgrad_error *error);

/* All of the state but argmax. `destination` may be null: its size is not known. */
void poolgrad_pooling_fill_state(const poolgrad_pooling *kernel, const poolgrad_image *source,
                                 const poolgrad_image *destination, struct poolgrad_state *state);

/* Fields of any kernel, by kind and window, with defaults; the public initializers are this. */
void poolgrad_pooling_init(poolgrad_pooling *kernel, size_t struct_size, poolgrad_kind kind,
                           const poolgrad_window *window);
void poolgrad_pooling_gradient_init(poolgrad_pooling_gradient *kernel, size_t struct_size, poolgrad_kind kind,
                                    const poolgrad_window *window);

/* Rewrites a refusal of a problem's field in place to the kernel's word: window.stride_x is stride_in_pixels_x. */
void poolgrad_rename_field(poolgrad_direction direction, poolgrad_error *error);

/* Puts "<what>: " before a refusal's sentence; `field` stays. */
void poolgrad_prefix_error(poolgrad_error *error, const char *what);

/* Whether an initializer made the kernel. */
poolgrad_status poolgrad_check_made(const void *isa, const struct poolgrad_class *expected, size_t struct_size,
                                    size_t size, poolgrad_error *error);
poolgrad_status poolgrad_check_quads(const char *name, int64_t offset, poolgrad_error *error);

/* Of [offset, offset + max_count), how many channels there are; what no encoding takes is refused. */
poolgrad_status poolgrad_window_channels(const char *offset_name, int64_t offset, const char *count_name,
                                         int64_t max_count, int64_t channels, int64_t *count, poolgrad_error *error);

/* offset + channels, of a destination. */
poolgrad_status poolgrad_channels_behind(int64_t offset, int64_t channels, int64_t *sum, poolgrad_error *error);

/* Whether gradients and results may have the format. */
poolgrad_status poolgrad_check_result_format(poolgrad_format format, const char *field, poolgrad_error *error);

/* Makes a descriptor one of memory that is not there yet, and checks that a result can be like it. */
poolgrad_status poolgrad_check_descriptor(poolgrad_image *descriptor, poolgrad_error *error);

/* ---- Batches ----------------------------------------------------------------------------------------------------- */

poolgrad_status poolgrad_check_batch(int64_t count, const void *sources, const char *sources_name,
                                     const void *destinations, poolgrad_error *error);
poolgrad_status poolgrad_blame_element(int64_t element, poolgrad_status status, poolgrad_error *error);

/* ---- Policies ---------------------------------------------------------------------------------------------------- */

/* Whether method and callback are good, and agree. */
poolgrad_status poolgrad_padding_policy_check(const poolgrad_padding_policy *policy, poolgrad_error *error);

/* Calls a custom policy; others change nothing. */
poolgrad_status poolgrad_ask_policy(const poolgrad_padding_policy *policy, const poolgrad_padding_request *request,
                                    poolgrad_image *descriptor, poolgrad_error *error);

/* Also of policies that no function made. */
bool poolgrad_same_policy(const poolgrad_padding_policy *a, const poolgrad_padding_policy *b);
void poolgrad_describe_policy(const poolgrad_padding_policy *policy, struct poolgrad_text *text);
void poolgrad_padding_policy_write(const poolgrad_padding_policy *policy, const char *name, struct poolgrad_text *text);

/* ---- States ------------------------------------------------------------------------------------------------------ */

/* A state with memory of its own: all else, and what argmax is like, as the one given. Its taps are none. */
poolgrad_status poolgrad_state_make(const struct poolgrad_state *like, poolgrad_state **state, poolgrad_error *error);

/* ---- Parts of descriptions ----------------------------------------------------------------------------------------
 */

void poolgrad_write_offset(const char *name, const poolgrad_offset *offset, struct poolgrad_text *text);
void poolgrad_write_region(const char *name, const poolgrad_region *region, struct poolgrad_text *text);
void poolgrad_write_allocator(const char *name, const poolgrad_image_allocator *allocator, struct poolgrad_text *text);

void poolgrad_describe_kernel(poolgrad_kind kind, bool dilated, const char *suffix, const char *label,
                              struct poolgrad_text *text);
/* Also one that is none. */
void poolgrad_describe_edge_mode(const char *name, poolgrad_edge_mode mode, struct poolgrad_text *text);
void poolgrad_describe_window(const poolgrad_window *window, bool dilated, struct poolgrad_text *text);
void poolgrad_write_window(const poolgrad_window *window, struct poolgrad_text *text);

/* A property that is told of only where it differs from the initializers' value. */
struct poolgrad_property {
    const char *name;
    int64_t value, usual;
};

void poolgrad_describe_properties(const struct poolgrad_property *properties, size_t count, struct poolgrad_text *text);
void poolgrad_describe_rules(poolgrad_tie_rule ties, poolgrad_nan_rule nan, poolgrad_accumulator accumulator,
                             struct poolgrad_text *text);
void poolgrad_write_rules(poolgrad_tie_rule ties, poolgrad_nan_rule nan, poolgrad_accumulator accumulator,
                          const char *label, struct poolgrad_text *text);

/* What kernels of both directions have beside numbers. */
struct poolgrad_kernel_parts {
    const poolgrad_padding_policy *padding;
    const poolgrad_image_allocator *allocator;
    const char *label;
};

bool poolgrad_same_parts(const struct poolgrad_kernel_parts *a, const struct poolgrad_kernel_parts *b);
uint64_t poolgrad_hash_parts(uint64_t hash, const struct poolgrad_kernel_parts *parts);

uint64_t poolgrad_hash_numbers(uint64_t hash, const int64_t *numbers, size_t count);

#endif
