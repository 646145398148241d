/* SPDX-License-Identifier: Apache-2.0 */
/* Forward kernels. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "geometry/integer.h"
#include "image/format.h"
#include "image/image.h"
#include "mps/kernel.h"

/* ---- Initializers ------------------------------------------------------------------------------------------------ */

/* Writes no more than the caller's struct, which may be older or newer than this one. */
void poolgrad_pooling_init(poolgrad_pooling *kernel, size_t struct_size, poolgrad_kind kind,
                           const poolgrad_window *window)
{
    const poolgrad_pooling fresh = {.isa = &poolgrad_pooling_class,
                                    .struct_size = struct_size,
                                    .kind = kind,
                                    .kernel_width = window->kernel_width,
                                    .kernel_height = window->kernel_height,
                                    .stride_in_pixels_x = window->stride_x,
                                    .stride_in_pixels_y = window->stride_y,
                                    .dilation_rate_x = window->dilation_x,
                                    .dilation_rate_y = window->dilation_y,
                                    .clip_rect = {0, 0, 0, POOLGRAD_ALL, POOLGRAD_ALL, POOLGRAD_ALL},
                                    .source_feature_channel_max_count = POOLGRAD_ALL,
                                    .padding = poolgrad_padding_default()};
    memset(kernel, 0, struct_size);
    memcpy(kernel, &fresh, struct_size < sizeof fresh ? struct_size : sizeof fresh);
}

void poolgrad_pooling_max_init(poolgrad_pooling *kernel, size_t struct_size, int64_t kernel_width,
                               int64_t kernel_height, int64_t stride_in_pixels_x, int64_t stride_in_pixels_y)
{
    const poolgrad_window window = {kernel_width, kernel_height, stride_in_pixels_x, stride_in_pixels_y, 1, 1};
    poolgrad_pooling_init(kernel, struct_size, POOLGRAD_MAX, &window);
}

void poolgrad_pooling_max_init_with_size(poolgrad_pooling *kernel, size_t struct_size, int64_t kernel_width,
                                         int64_t kernel_height)
{
    poolgrad_pooling_max_init(kernel, struct_size, kernel_width, kernel_height, 1, 1);
}

void poolgrad_pooling_average_init(poolgrad_pooling *kernel, size_t struct_size, int64_t kernel_width,
                                   int64_t kernel_height, int64_t stride_in_pixels_x, int64_t stride_in_pixels_y)
{
    const poolgrad_window window = {kernel_width, kernel_height, stride_in_pixels_x, stride_in_pixels_y, 1, 1};
    poolgrad_pooling_init(kernel, struct_size, POOLGRAD_AVERAGE, &window);
}

void poolgrad_pooling_average_init_with_size(poolgrad_pooling *kernel, size_t struct_size, int64_t kernel_width,
                                             int64_t kernel_height)
{
    poolgrad_pooling_average_init(kernel, struct_size, kernel_width, kernel_height, 1, 1);
}

void poolgrad_pooling_l2norm_init(poolgrad_pooling *kernel, size_t struct_size, int64_t kernel_width,
                                  int64_t kernel_height, int64_t stride_in_pixels_x, int64_t stride_in_pixels_y)
{
    const poolgrad_window window = {kernel_width, kernel_height, stride_in_pixels_x, stride_in_pixels_y, 1, 1};
    poolgrad_pooling_init(kernel, struct_size, POOLGRAD_L2NORM, &window);
}

void poolgrad_pooling_l2norm_init_with_size(poolgrad_pooling *kernel, size_t struct_size, int64_t kernel_width,
                                            int64_t kernel_height)
{
    poolgrad_pooling_l2norm_init(kernel, struct_size, kernel_width, kernel_height, 1, 1);
}

void poolgrad_dilated_pooling_max_init(poolgrad_pooling *kernel, size_t struct_size, int64_t kernel_width,
                                       int64_t kernel_height, int64_t dilation_rate_x, int64_t dilation_rate_y,
                                       int64_t stride_in_pixels_x, int64_t stride_in_pixels_y)
{
    const poolgrad_window window = {kernel_width,       kernel_height,   stride_in_pixels_x,
                                    stride_in_pixels_y, dilation_rate_x, dilation_rate_y};
    poolgrad_pooling_init(kernel, struct_size, POOLGRAD_MAX, &window);
}

/* ---- Configuration ----------------------------------------------------------------------------------------------- */

static poolgrad_window window_of(const poolgrad_pooling *kernel)
{
    return (poolgrad_window){kernel->kernel_width,       kernel->kernel_height,   kernel->stride_in_pixels_x,
                             kernel->stride_in_pixels_y, kernel->dilation_rate_x, kernel->dilation_rate_y};
}

static poolgrad_status check_kernel(const poolgrad_pooling *kernel, poolgrad_error *error)
{
    if (!kernel) return poolgrad_refuse(error, "kernel", "is null; expected a pooling kernel");
    poolgrad_status status = poolgrad_check_made(kernel->isa, &poolgrad_pooling_class, kernel->struct_size,
                                                 sizeof *kernel, error);
    if (status == POOLGRAD_OK) {
        status = poolgrad_check_quads("source_feature_channel_offset", kernel->source_feature_channel_offset, error);
    }
    if (status == POOLGRAD_OK) {
        status = poolgrad_check_quads("destination_feature_channel_offset", kernel->destination_feature_channel_offset,
                                      error);
    }
    if (status != POOLGRAD_OK || !kernel->saves_argmax) return status;
    if (kernel->kind != POOLGRAD_MAX) {
        return poolgrad_refuse(error, "saves_argmax", "is 1 of a kernel that is not max; expected 0");
    }
    if (kernel->ties == POOLGRAD_TIES_FIRST || kernel->ties == POOLGRAD_TIES_LAST) return POOLGRAD_OK;
    return poolgrad_refuse(error, "ties",
                           "is %d; expected first (0) or last (1) with saves_argmax, which names one tap",
                           (int)kernel->ties);
}

/* The policy's offset and what it forces. */
static poolgrad_status place(poolgrad_pooling *kernel, const poolgrad_image *source, poolgrad_image *descriptor,
                             poolgrad_error *error)
{
    const poolgrad_window window = window_of(kernel);
    poolgrad_padding padding;
    poolgrad_status status = poolgrad_padding_forward(kernel->padding.method & ~POOLGRAD_PADDING_CUSTOM, kernel->kind,
                                                      &window, source->width, source->height, &padding, error);
    if (status != POOLGRAD_OK) {
        poolgrad_rename_field(POOLGRAD_FORWARD, error);
        return status;
    }
    kernel->offset.x = padding.offset_x;
    kernel->offset.y = padding.offset_y;
    descriptor->width = padding.width;
    descriptor->height = padding.height;
    if (padding.exclude_edges || kernel->padding.clamps_edges) kernel->edge_mode = POOLGRAD_EDGE_CLAMP;
    if (!padding.exclude_edges) return POOLGRAD_OK;
    kernel->zero_pad_size_x = padding.zero_pad_x;
    kernel->zero_pad_size_y = padding.zero_pad_y;
    return POOLGRAD_OK;
}

poolgrad_status poolgrad_pooling_configure(poolgrad_pooling *kernel, const poolgrad_image *source,
                                           poolgrad_format format, poolgrad_image *descriptor, poolgrad_error *error)
{
    const poolgrad_padding_request request = {.pooling = kernel, .source_image = source};
    poolgrad_status status = poolgrad_image_check_sizes(source, "source", error);
    if (status == POOLGRAD_OK) status = poolgrad_padding_policy_check(&kernel->padding, error);
    if (status != POOLGRAD_OK) return status;
    *descriptor = (poolgrad_image){.format = format, .layout = source->layout, .images = source->images};
    int64_t channels = 0;
    status = poolgrad_window_channels("source_feature_channel_offset", kernel->source_feature_channel_offset,
                                      "source_feature_channel_max_count", kernel->source_feature_channel_max_count,
                                      source->channels, &channels, error);
    if (status == POOLGRAD_OK) {
        status = poolgrad_channels_behind(kernel->destination_feature_channel_offset, channels, &descriptor->channels,
                                          error);
    }
    if (status == POOLGRAD_OK) status = place(kernel, source, descriptor, error);
    if (status == POOLGRAD_OK) status = poolgrad_ask_policy(&kernel->padding, &request, descriptor, error);
    return status == POOLGRAD_OK ? poolgrad_check_descriptor(descriptor, error) : status;
}

static poolgrad_status check_source(const poolgrad_image *source, poolgrad_error *error)
{
    if (!source) return poolgrad_refuse(error, "source", "is null; expected an image");
    const char *name = poolgrad_format_name(source->format);
    if (name && !poolgrad_format_is_index(source->format)) return POOLGRAD_OK;
    return poolgrad_refuse(error, "source.format",
                           "is %d (%s); expected unorm8, unorm16, float16, bfloat16, float32 or float64",
                           (int)source->format, name ? name : "no format");
}

poolgrad_status poolgrad_pooling_destination_descriptor(poolgrad_pooling *kernel, const poolgrad_image *source,
                                                        poolgrad_image *descriptor, poolgrad_error *error)
{
    poolgrad_image made;
    poolgrad_status status = check_kernel(kernel, error);
    if (status == POOLGRAD_OK) status = check_source(source, error);
    if (status != POOLGRAD_OK) return status;
    poolgrad_pooling configured = *kernel;
    status = poolgrad_pooling_configure(&configured, source, poolgrad_result_format(source->format), &made, error);
    if (status != POOLGRAD_OK) return status;
    *kernel = configured;
    *descriptor = made;
    return POOLGRAD_OK;
}

/* ---- States ------------------------------------------------------------------------------------------------------ */

void poolgrad_pooling_fill_state(const poolgrad_pooling *kernel, const poolgrad_image *source,
                                 const poolgrad_image *destination, struct poolgrad_state *state)
{
    state->isa = &poolgrad_state_class;
    state->argmax_kernel_width = kernel->saves_argmax ? kernel->kernel_width : 0;
    state->argmax_kernel_height = kernel->saves_argmax ? kernel->kernel_height : 0;
    state->settings = (poolgrad_gradient_settings){.offset = kernel->offset,
                                                   .edge_mode = kernel->edge_mode,
                                                   .zero_pad_size_x = kernel->zero_pad_size_x,
                                                   .zero_pad_size_y = kernel->zero_pad_size_y,
                                                   .clip_rect = kernel->clip_rect,
                                                   .source_width = source->width,
                                                   .source_height = source->height,
                                                   .source_channels = source->channels,
                                                   .source_images = source->images,
                                                   .result_width = destination ? destination->width : 0,
                                                   .result_height = destination ? destination->height : 0,
                                                   .result_channels = destination ? destination->channels : 0,
                                                   .result_images = destination ? destination->images : 0};
}

/* The smallest format that names every tap and none. */
static poolgrad_format tap_format(int64_t taps)
{
    if (taps <= UINT8_MAX) return POOLGRAD_TAP8;
    return taps <= UINT16_MAX ? POOLGRAD_TAP16 : POOLGRAD_TAP32;
}

poolgrad_status poolgrad_pooling_argmax_descriptor(const poolgrad_pooling *kernel, const poolgrad_image *destination,
                                                   poolgrad_image *argmax, poolgrad_error *error)
{
    int64_t taps = 0;
    poolgrad_status status = check_kernel(kernel, error);
    if (status != POOLGRAD_OK) return status;
    if (!destination) return poolgrad_refuse(error, "destination", "is null; expected an image, saves_argmax is 1");
    if (kernel->kernel_width < 1 || kernel->kernel_height < 1) {
        return poolgrad_refuse(error, kernel->kernel_width < 1 ? "kernel_width" : "kernel_height",
                               "is %" PRId64 "; expected 1 to 2^61",
                               kernel->kernel_width < 1 ? kernel->kernel_width : kernel->kernel_height);
    }
    if (!poolgrad_multiply(kernel->kernel_width, kernel->kernel_height, &taps) || taps > (int64_t)UINT32_MAX) {
        return poolgrad_refuse(error, "kernel_width",
                               "is %" PRId64 " with kernel_height %" PRId64
                               "; expected at most 2^32 - 1 taps with saves_argmax",
                               kernel->kernel_width, kernel->kernel_height);
    }
    *argmax = (poolgrad_image){.format = tap_format(taps),
                               .layout = destination->layout,
                               .images = destination->images,
                               .channels = destination->channels,
                               .height = destination->height,
                               .width = destination->width};
    return POOLGRAD_OK;
}

poolgrad_status poolgrad_pooling_result_state(const poolgrad_pooling *kernel, const poolgrad_image *source,
                                              const poolgrad_image *destination, poolgrad_state **state,
                                              poolgrad_error *error)
{
    struct poolgrad_state like = {0};
    *state = NULL;
    poolgrad_status status = check_kernel(kernel, error);
    if (status != POOLGRAD_OK) return status;
    if (!source) return poolgrad_refuse(error, "source", "is null; expected an image");
    status = poolgrad_image_check_sizes(source, "source", error);
    if (status == POOLGRAD_OK && destination) status = poolgrad_image_check_sizes(destination, "destination", error);
    if (status == POOLGRAD_OK && kernel->saves_argmax) {
        status = poolgrad_pooling_argmax_descriptor(kernel, destination, &like.argmax, error);
    }
    if (status != POOLGRAD_OK) return status;
    poolgrad_pooling_fill_state(kernel, source, destination, &like);
    return poolgrad_state_make(&like, state, error);
}

int poolgrad_pooling_is_state_modified(const poolgrad_pooling *kernel)
{
    return kernel && kernel->saves_argmax;
}

/* Whether the state is one of this kernel and of such a destination. */
static poolgrad_status check_state(const poolgrad_pooling *kernel, const poolgrad_state *state,
                                   const poolgrad_image *destination, poolgrad_error *error)
{
    const poolgrad_image *argmax = &state->argmax;
    poolgrad_image expected;
    if (state->isa != &poolgrad_state_class) {
        return poolgrad_refuse(error, "state", "has no class; expected one of poolgrad_pooling_result_state");
    }
    if (!kernel->saves_argmax) {
        if (argmax->format == POOLGRAD_FORMAT_NONE) return POOLGRAD_OK;
        return poolgrad_refuse(error, "state", "has room for picked taps; expected none, saves_argmax is 0");
    }
    poolgrad_status status = poolgrad_pooling_argmax_descriptor(kernel, destination, &expected, error);
    if (status != POOLGRAD_OK) return status;
    if (argmax->format == expected.format && argmax->images == expected.images &&
        argmax->channels == expected.channels && argmax->height == expected.height && argmax->width == expected.width) {
        return POOLGRAD_OK;
    }
    return poolgrad_refuse(error, "state",
                           "has no room for the picked taps of this destination; expected one that "
                           "poolgrad_pooling_result_state made for it");
}

/* ---- Encoding ---------------------------------------------------------------------------------------------------- */

static void fill_problem(const poolgrad_pooling *kernel, const poolgrad_image *source,
                         const poolgrad_image *destination, poolgrad_problem *problem)
{
    poolgrad_problem_init(problem, sizeof *problem);
    problem->kind = kernel->kind;
    problem->window = window_of(kernel);
    problem->offset_x = kernel->offset.x;
    problem->offset_y = kernel->offset.y;
    problem->offset_z = kernel->offset.z;
    problem->edge_mode = kernel->edge_mode;
    problem->zero_pad_x = kernel->zero_pad_size_x;
    problem->zero_pad_y = kernel->zero_pad_size_y;
    problem->ties = kernel->ties;
    problem->nan = kernel->nan;
    problem->accumulator = kernel->accumulator;
    problem->clip = kernel->clip_rect;
    problem->source_channel_offset = kernel->source_feature_channel_offset;
    problem->source_channel_count = kernel->source_feature_channel_max_count;
    problem->destination_channel_offset = kernel->destination_feature_channel_offset;
    problem->source = *source;
    problem->destination = *destination;
}

poolgrad_status poolgrad_pooling_problem(const poolgrad_pooling *kernel, const poolgrad_context *context,
                                         const poolgrad_image *source, poolgrad_state *state,
                                         const poolgrad_image *destination, poolgrad_problem *problem,
                                         poolgrad_error *error)
{
    poolgrad_status status = check_kernel(kernel, error);
    if (status == POOLGRAD_OK) status = poolgrad_check_context(context, error);
    if (status != POOLGRAD_OK) return status;
    if (!source || !destination) {
        return poolgrad_refuse(error, source ? "destination" : "source", "is null; expected an image");
    }
    if (state) status = check_state(kernel, state, destination, error);
    if (status != POOLGRAD_OK) return status;
    fill_problem(kernel, source, destination, problem);
    poolgrad_fill_context(context, problem);
    if (!state) return POOLGRAD_OK;
    poolgrad_pooling_fill_state(kernel, source, destination, state);
    if (kernel->saves_argmax) problem->indices = state->argmax;
    return POOLGRAD_OK;
}

static poolgrad_status encode(const poolgrad_pooling *kernel, const poolgrad_context *context,
                              const poolgrad_image *source, poolgrad_state *state, const poolgrad_image *destination,
                              bool is_new, poolgrad_error *error)
{
    const struct poolgrad_state before = state ? *state : (struct poolgrad_state){0};
    poolgrad_problem problem;
    poolgrad_status status = poolgrad_pooling_problem(kernel, context, source, state, destination, &problem, error);
    if (status != POOLGRAD_OK) return status;
    status = poolgrad_run_trusted(&problem, is_new, error);
    if (status == POOLGRAD_OK) return POOLGRAD_OK;
    if (state) *state = before;
    poolgrad_rename_field(POOLGRAD_FORWARD, error);
    return status;
}

poolgrad_status poolgrad_pooling_encode(const poolgrad_pooling *kernel, const poolgrad_context *context,
                                        const poolgrad_image *source, poolgrad_state *state,
                                        const poolgrad_image *destination, poolgrad_error *error)
{
    return encode(kernel, context, source, state, destination, false, error);
}

poolgrad_status poolgrad_pooling_encode_to_new(const poolgrad_pooling *kernel, const poolgrad_context *context,
                                               const poolgrad_image *source, poolgrad_buffer **destination,
                                               poolgrad_state **state, poolgrad_error *error)
{
    poolgrad_pooling configured;
    poolgrad_image descriptor;
    *destination = NULL;
    if (state) *state = NULL;
    poolgrad_status status = check_kernel(kernel, error);
    if (status != POOLGRAD_OK) return status;
    configured = *kernel;
    status = poolgrad_pooling_destination_descriptor(&configured, source, &descriptor, error);
    poolgrad_buffer *made = NULL;
    poolgrad_state *kept = NULL;
    if (status == POOLGRAD_OK) {
        status = poolgrad_buffer_make(&descriptor, &configured.destination_image_allocator, "destination", &made,
                                      error);
    }
    if (status == POOLGRAD_OK && state) {
        status = poolgrad_pooling_result_state(&configured, source, &made->image, &kept, error);
    }
    if (status == POOLGRAD_OK) status = encode(&configured, context, source, kept, &made->image, true, error);
    if (status == POOLGRAD_OK) {
        *destination = made;
        if (state) *state = kept;
        return POOLGRAD_OK;
    }
    poolgrad_buffer_destroy(made);
    poolgrad_state_destroy(kept);
    return status;
}

/* ---- Batches ----------------------------------------------------------------------------------------------------- */

poolgrad_status poolgrad_pooling_encode_batch(const poolgrad_pooling *kernel, const poolgrad_context *context,
                                              int64_t count, const poolgrad_image *sources,
                                              poolgrad_state *const *states, const poolgrad_image *destinations,
                                              poolgrad_error *error)
{
    poolgrad_status status = poolgrad_check_batch(count, sources, "sources", destinations, error);
    for (int64_t i = 0; status == POOLGRAD_OK && i < count; i++) {
        status = poolgrad_pooling_encode(kernel, context, &sources[i], states ? states[i] : NULL, &destinations[i],
                                         error);
        status = poolgrad_blame_element(i, status, error);
    }
    return status;
}

poolgrad_status poolgrad_pooling_encode_batch_to_new(const poolgrad_pooling *kernel, const poolgrad_context *context,
                                                     int64_t count, const poolgrad_image *sources,
                                                     poolgrad_buffer **destinations, poolgrad_state **states,
                                                     poolgrad_error *error)
{
    poolgrad_status status = poolgrad_check_batch(count, sources, "sources", destinations, error);
    for (int64_t i = 0; states && i < count; i++) states[i] = NULL;
    if (!destinations) return status;
    for (int64_t i = 0; i < count; i++) destinations[i] = NULL;
    for (int64_t i = 0; status == POOLGRAD_OK && i < count; i++) {
        status = poolgrad_pooling_encode_to_new(kernel, context, &sources[i], &destinations[i],
                                                states ? &states[i] : NULL, error);
        status = poolgrad_blame_element(i, status, error);
    }
    for (int64_t i = 0; status != POOLGRAD_OK && i < count; i++) {
        poolgrad_buffer_destroy(destinations[i]);
        destinations[i] = NULL;
        if (!states) continue;
        poolgrad_state_destroy(states[i]);
        states[i] = NULL;
    }
    return status;
}

/* ---- Class ------------------------------------------------------------------------------------------------------- */

enum { NUMBERS = 26 };

static void list_numbers(const poolgrad_pooling *k, int64_t numbers[NUMBERS])
{
    const int64_t list[NUMBERS] = {(int64_t)k->kind,
                                   k->kernel_width,
                                   k->kernel_height,
                                   k->stride_in_pixels_x,
                                   k->stride_in_pixels_y,
                                   k->dilation_rate_x,
                                   k->dilation_rate_y,
                                   k->offset.x,
                                   k->offset.y,
                                   k->offset.z,
                                   k->clip_rect.x,
                                   k->clip_rect.y,
                                   k->clip_rect.z,
                                   k->clip_rect.width,
                                   k->clip_rect.height,
                                   k->clip_rect.depth,
                                   k->destination_feature_channel_offset,
                                   k->source_feature_channel_offset,
                                   k->source_feature_channel_max_count,
                                   (int64_t)k->edge_mode,
                                   k->zero_pad_size_x,
                                   k->zero_pad_size_y,
                                   k->saves_argmax != 0,
                                   (int64_t)k->ties,
                                   (int64_t)k->nan,
                                   (int64_t)k->accumulator};
    memcpy(numbers, list, sizeof list);
}

static struct poolgrad_kernel_parts parts_of(const poolgrad_pooling *kernel)
{
    return (struct poolgrad_kernel_parts){&kernel->padding, &kernel->destination_image_allocator, kernel->label};
}

static bool equal(const void *a, const void *b)
{
    int64_t of_a[NUMBERS], of_b[NUMBERS];
    const struct poolgrad_kernel_parts parts_a = parts_of(a), parts_b = parts_of(b);
    list_numbers(a, of_a);
    list_numbers(b, of_b);
    return memcmp(of_a, of_b, sizeof of_a) == 0 && poolgrad_same_parts(&parts_a, &parts_b);
}

static uint64_t hash(const void *object)
{
    const poolgrad_pooling *kernel = object;
    const struct poolgrad_kernel_parts parts = parts_of(kernel);
    int64_t numbers[NUMBERS];
    list_numbers(kernel, numbers);
    return poolgrad_hash_parts(poolgrad_hash_numbers(poolgrad_hash_begin(kernel->isa->name), numbers, NUMBERS), &parts);
}

static void describe_unusual(const poolgrad_pooling *k, struct poolgrad_text *text)
{
    const struct poolgrad_property properties[] = {
        {"offset.z", k->offset.z, 0},
        {"clip_rect.x", k->clip_rect.x, 0},
        {"clip_rect.y", k->clip_rect.y, 0},
        {"clip_rect.z", k->clip_rect.z, 0},
        {"clip_rect.width", k->clip_rect.width, POOLGRAD_ALL},
        {"clip_rect.height", k->clip_rect.height, POOLGRAD_ALL},
        {"clip_rect.depth", k->clip_rect.depth, POOLGRAD_ALL},
        {"destination_feature_channel_offset", k->destination_feature_channel_offset, 0},
        {"source_feature_channel_offset", k->source_feature_channel_offset, 0},
        {"source_feature_channel_max_count", k->source_feature_channel_max_count, POOLGRAD_ALL},
        {"zero_pad_size_x", k->zero_pad_size_x, 0},
        {"zero_pad_size_y", k->zero_pad_size_y, 0},
    };
    poolgrad_describe_properties(properties, sizeof properties / sizeof *properties, text);
    poolgrad_describe_rules(k->ties, k->nan, k->accumulator, text);
    if (k->saves_argmax) poolgrad_text_print(text, ", saves argmax");
}

static void describe(const void *object, struct poolgrad_text *text)
{
    const poolgrad_pooling *kernel = object;
    const bool dilated = kernel->dilation_rate_x != 1 || kernel->dilation_rate_y != 1;
    poolgrad_describe_kernel(kernel->kind, dilated, "", kernel->label, text);
    const poolgrad_window window = window_of(kernel);
    poolgrad_describe_window(&window, dilated, text);
    poolgrad_text_print(text, ", offset %" PRId64 ", %" PRId64, kernel->offset.x, kernel->offset.y);
    poolgrad_describe_edge_mode("edge mode", kernel->edge_mode, text);
    poolgrad_describe_policy(&kernel->padding, text);
    describe_unusual(kernel, text);
}

static void write_json(const void *object, struct poolgrad_text *text)
{
    const poolgrad_pooling *k = object;
    const poolgrad_window window = window_of(k);
    poolgrad_json_open(text, NULL, '{');
    poolgrad_json_string(text, "class", k->isa->name);
    poolgrad_json_enum(text, "kind", poolgrad_kind_names, 3, (int)k->kind);
    poolgrad_write_window(&window, text);
    poolgrad_write_offset("offset", &k->offset, text);
    poolgrad_write_region("clip_rect", &k->clip_rect, text);
    poolgrad_json_number(text, "destination_feature_channel_offset", k->destination_feature_channel_offset);
    poolgrad_json_number(text, "source_feature_channel_offset", k->source_feature_channel_offset);
    poolgrad_json_extent(text, "source_feature_channel_max_count", k->source_feature_channel_max_count);
    poolgrad_json_enum(text, "edge_mode", poolgrad_edge_mode_names, 2, (int)k->edge_mode);
    poolgrad_padding_policy_write(&k->padding, "padding", text);
    poolgrad_json_number(text, "zero_pad_size_x", k->zero_pad_size_x);
    poolgrad_json_number(text, "zero_pad_size_y", k->zero_pad_size_y);
    poolgrad_write_allocator("destination_image_allocator", &k->destination_image_allocator, text);
    poolgrad_json_bool(text, "saves_argmax", k->saves_argmax);
    poolgrad_write_rules(k->ties, k->nan, k->accumulator, k->label, text);
    poolgrad_json_close(text, '}');
}

const struct poolgrad_class poolgrad_pooling_class = {"pooling", equal, hash, describe, write_json};
