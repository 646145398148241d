/* SPDX-License-Identifier: Apache-2.0 */
/* Gradient kernels. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "geometry/axis.h"
#include "image/image.h"
#include "mps/kernel.h"

/* ---- Initializers ------------------------------------------------------------------------------------------------ */

void poolgrad_pooling_gradient_init(poolgrad_pooling_gradient *kernel, size_t struct_size, poolgrad_kind kind,
                                    const poolgrad_window *window)
{
    const poolgrad_pooling_gradient fresh = {
        .isa = &poolgrad_pooling_gradient_class,
        .struct_size = struct_size,
        .kind = kind,
        .kernel_width = window->kernel_width,
        .kernel_height = window->kernel_height,
        .stride_in_pixels_x = window->stride_x,
        .stride_in_pixels_y = window->stride_y,
        .dilation_rate_x = window->dilation_x,
        .dilation_rate_y = window->dilation_y,
        .source_size = {POOLGRAD_ALL, POOLGRAD_ALL, POOLGRAD_ALL},
        .clip_rect = {0, 0, 0, POOLGRAD_ALL, POOLGRAD_ALL, POOLGRAD_ALL},
        .primary_source_feature_channel_max_count = POOLGRAD_ALL,
        .secondary_source_feature_channel_max_count = POOLGRAD_ALL,
        .padding = poolgrad_padding_default(),
    };
    memset(kernel, 0, struct_size);
    memcpy(kernel, &fresh, struct_size < sizeof fresh ? struct_size : sizeof fresh);
}

void poolgrad_pooling_max_gradient_init(poolgrad_pooling_gradient *kernel, size_t struct_size, int64_t kernel_width,
                                        int64_t kernel_height, int64_t stride_in_pixels_x, int64_t stride_in_pixels_y)
{
    const poolgrad_window window = {kernel_width, kernel_height, stride_in_pixels_x, stride_in_pixels_y, 1, 1};
    poolgrad_pooling_gradient_init(kernel, struct_size, POOLGRAD_MAX, &window);
}

void poolgrad_pooling_max_gradient_init_with_size(poolgrad_pooling_gradient *kernel, size_t struct_size,
                                                  int64_t kernel_width, int64_t kernel_height)
{
    poolgrad_pooling_max_gradient_init(kernel, struct_size, kernel_width, kernel_height, 1, 1);
}

void poolgrad_pooling_average_gradient_init(poolgrad_pooling_gradient *kernel, size_t struct_size, int64_t kernel_width,
                                            int64_t kernel_height, int64_t stride_in_pixels_x,
                                            int64_t stride_in_pixels_y)
{
    const poolgrad_window window = {kernel_width, kernel_height, stride_in_pixels_x, stride_in_pixels_y, 1, 1};
    poolgrad_pooling_gradient_init(kernel, struct_size, POOLGRAD_AVERAGE, &window);
}

void poolgrad_pooling_average_gradient_init_with_size(poolgrad_pooling_gradient *kernel, size_t struct_size,
                                                      int64_t kernel_width, int64_t kernel_height)
{
    poolgrad_pooling_average_gradient_init(kernel, struct_size, kernel_width, kernel_height, 1, 1);
}

void poolgrad_pooling_l2norm_gradient_init(poolgrad_pooling_gradient *kernel, size_t struct_size, int64_t kernel_width,
                                           int64_t kernel_height, int64_t stride_in_pixels_x,
                                           int64_t stride_in_pixels_y)
{
    const poolgrad_window window = {kernel_width, kernel_height, stride_in_pixels_x, stride_in_pixels_y, 1, 1};
    poolgrad_pooling_gradient_init(kernel, struct_size, POOLGRAD_L2NORM, &window);
}

void poolgrad_pooling_l2norm_gradient_init_with_size(poolgrad_pooling_gradient *kernel, size_t struct_size,
                                                     int64_t kernel_width, int64_t kernel_height)
{
    poolgrad_pooling_l2norm_gradient_init(kernel, struct_size, kernel_width, kernel_height, 1, 1);
}

void poolgrad_dilated_pooling_max_gradient_init(poolgrad_pooling_gradient *kernel, size_t struct_size,
                                                int64_t kernel_width, int64_t kernel_height, int64_t dilation_rate_x,
                                                int64_t dilation_rate_y, int64_t stride_in_pixels_x,
                                                int64_t stride_in_pixels_y)
{
    const poolgrad_window window = {kernel_width,       kernel_height,   stride_in_pixels_x,
                                    stride_in_pixels_y, dilation_rate_x, dilation_rate_y};
    poolgrad_pooling_gradient_init(kernel, struct_size, POOLGRAD_MAX, &window);
}

/* ---- Checks ------------------------------------------------------------------------------------------------------ */

static poolgrad_window window_of(const poolgrad_pooling_gradient *kernel)
{
    return (poolgrad_window){kernel->kernel_width,       kernel->kernel_height,   kernel->stride_in_pixels_x,
                             kernel->stride_in_pixels_y, kernel->dilation_rate_x, kernel->dilation_rate_y};
}

static poolgrad_status check_kernel(const poolgrad_pooling_gradient *kernel, poolgrad_error *error)
{
    if (!kernel) return poolgrad_refuse(error, "kernel", "is null; expected a pooling gradient kernel");
    poolgrad_status status = poolgrad_check_made(kernel->isa, &poolgrad_pooling_gradient_class, kernel->struct_size,
                                                 sizeof *kernel, error);
    if (status != POOLGRAD_OK) return status;
    const struct {
        const char *name;
        int64_t offset;
    } quads[] = {{"destination_feature_channel_offset", kernel->destination_feature_channel_offset},
                 {"primary_source_feature_channel_offset", kernel->primary_source_feature_channel_offset},
                 {"secondary_source_feature_channel_offset", kernel->secondary_source_feature_channel_offset}};
    for (size_t i = 0; status == POOLGRAD_OK && i < sizeof quads / sizeof *quads; i++) {
        status = poolgrad_check_quads(quads[i].name, quads[i].offset, error);
    }
    if (status != POOLGRAD_OK) return status;
    if (kernel->primary_edge_mode == POOLGRAD_EDGE_ZERO || kernel->primary_edge_mode == POOLGRAD_EDGE_CLAMP) {
        return POOLGRAD_OK;
    }
    return poolgrad_refuse(error, "primary_edge_mode", "is %d; expected zero (0) or clamp (1)",
                           (int)kernel->primary_edge_mode);
}

/* The images and the state by themselves. */
static poolgrad_status check_sources(const poolgrad_image *source_gradient, const poolgrad_image *source_image,
                                     const poolgrad_state *state, poolgrad_error *error)
{
    if (!source_gradient) return poolgrad_refuse(error, "source_gradient", "is null; expected an image");
    if (state && state->isa != &poolgrad_state_class) {
        return poolgrad_refuse(error, "gradient_state", "has no class; expected one of poolgrad_pooling_result_state");
    }
    poolgrad_status status = poolgrad_image_check_sizes(source_gradient, "source_gradient", error);
    if (status == POOLGRAD_OK && source_image) {
        status = poolgrad_image_check_sizes(source_image, "source_image", error);
    }
    if (status != POOLGRAD_OK || !source_image || !state) return status;
    const poolgrad_gradient_settings *s = &state->settings;
    if (source_image->width == s->source_width && source_image->height == s->source_height) return POOLGRAD_OK;
    return poolgrad_refuse(error, "source_image",
                           "has %" PRId64 "x%" PRId64 " pixels; expected %" PRId64 "x%" PRId64
                           ", the source of the gradient state",
                           source_image->width, source_image->height, s->source_width, s->source_height);
}

/* ---- Configuration ----------------------------------------------------------------------------------------------- */

static void apply_state(poolgrad_pooling_gradient *kernel, const poolgrad_state *state)
{
    const poolgrad_gradient_settings *s = &state->settings;
    kernel->secondary_offset = s->offset;
    kernel->secondary_edge_mode = s->edge_mode;
    kernel->zero_pad_size_x = s->zero_pad_size_x;
    kernel->zero_pad_size_y = s->zero_pad_size_y;
    kernel->primary_offset = (poolgrad_offset){s->clip_rect.x, s->clip_rect.y, s->clip_rect.z};
    kernel->source_size = (poolgrad_size){s->clip_rect.width, s->clip_rect.height, s->clip_rect.depth};
}

/* The policy without a state: the size of an unknown source, and where the forward policy put the first window. */
static poolgrad_status place(poolgrad_pooling_gradient *kernel, const poolgrad_image *source_gradient,
                             const poolgrad_image *source_image, poolgrad_image *descriptor, poolgrad_error *error)
{
    const poolgrad_padding_method method = kernel->padding.method & ~POOLGRAD_PADDING_CUSTOM;
    const poolgrad_window window = window_of(kernel);
    poolgrad_padding padding = {0};
    poolgrad_status status = POOLGRAD_OK;
    if (source_image) {
        padding.width = source_image->width;
        padding.height = source_image->height;
    } else {
        status = poolgrad_padding_reverse(method, &window, source_gradient->width, source_gradient->height, &padding,
                                          error);
    }
    descriptor->width = padding.width;
    descriptor->height = padding.height;
    if (status == POOLGRAD_OK) {
        status = poolgrad_padding_forward(poolgrad_padding_inverse(method), kernel->kind, &window, padding.width,
                                          padding.height, &padding, error);
    }
    if (status != POOLGRAD_OK) {
        poolgrad_rename_field(POOLGRAD_GRADIENT, error);
        return status;
    }
    kernel->secondary_offset.x = padding.offset_x;
    kernel->secondary_offset.y = padding.offset_y;
    if (padding.exclude_edges || kernel->padding.clamps_edges) kernel->secondary_edge_mode = POOLGRAD_EDGE_CLAMP;
    if (!padding.exclude_edges) return POOLGRAD_OK;
    kernel->zero_pad_size_x = padding.zero_pad_x;
    kernel->zero_pad_size_y = padding.zero_pad_y;
    return POOLGRAD_OK;
}

static poolgrad_status count_gradient_channels(const poolgrad_pooling_gradient *kernel,
                                               const poolgrad_image *source_gradient, int64_t *channels,
                                               poolgrad_error *error)
{
    return poolgrad_window_channels(
        "primary_source_feature_channel_offset", kernel->primary_source_feature_channel_offset,
        "primary_source_feature_channel_max_count", kernel->primary_source_feature_channel_max_count,
        source_gradient->channels, channels, error);
}

/* Images and channels of the result. */
static poolgrad_status count_planes(const poolgrad_pooling_gradient *kernel, const poolgrad_image *source_gradient,
                                    const poolgrad_image *source_image, const poolgrad_state *state,
                                    poolgrad_image *descriptor, poolgrad_error *error)
{
    if (source_image || state) {
        descriptor->images = source_image ? source_image->images : state->settings.source_images;
        descriptor->channels = source_image ? source_image->channels : state->settings.source_channels;
        return POOLGRAD_OK;
    }
    int64_t channels = 0;
    poolgrad_status status = count_gradient_channels(kernel, source_gradient, &channels, error);
    if (status != POOLGRAD_OK) return status;
    descriptor->images = source_gradient->images;
    return poolgrad_channels_behind(kernel->destination_feature_channel_offset, channels, &descriptor->channels, error);
}

poolgrad_status poolgrad_pooling_gradient_configure(poolgrad_pooling_gradient *kernel,
                                                    const poolgrad_image *source_gradient,
                                                    const poolgrad_image *source_image, const poolgrad_state *state,
                                                    poolgrad_format format, poolgrad_image *descriptor,
                                                    poolgrad_error *error)
{
    const poolgrad_padding_request request = {.pooling_gradient = kernel,
                                              .source_image = source_image,
                                              .source_gradient = source_gradient,
                                              .gradient_state = state};
    poolgrad_status status = check_sources(source_gradient, source_image, state, error);
    if (status == POOLGRAD_OK) status = poolgrad_padding_policy_check(&kernel->padding, error);
    if (status != POOLGRAD_OK) return status;
    *descriptor = (poolgrad_image){.format = format, .layout = source_gradient->layout};
    if (state) {
        apply_state(kernel, state);
        descriptor->width = state->settings.source_width;
        descriptor->height = state->settings.source_height;
    } else {
        status = place(kernel, source_gradient, source_image, descriptor, error);
    }
    if (status == POOLGRAD_OK) status = count_planes(kernel, source_gradient, source_image, state, descriptor, error);
    if (status == POOLGRAD_OK) status = poolgrad_ask_policy(&kernel->padding, &request, descriptor, error);
    return status == POOLGRAD_OK ? poolgrad_check_descriptor(descriptor, error) : status;
}

poolgrad_status poolgrad_pooling_gradient_destination_descriptor(poolgrad_pooling_gradient *kernel,
                                                                 const poolgrad_image *source_gradient,
                                                                 const poolgrad_image *source_image,
                                                                 const poolgrad_state *state,
                                                                 poolgrad_image *descriptor, poolgrad_error *error)
{
    poolgrad_image made;
    poolgrad_status status = check_kernel(kernel, error);
    if (status == POOLGRAD_OK) status = check_sources(source_gradient, source_image, state, error);
    if (status == POOLGRAD_OK) {
        status = poolgrad_check_result_format(source_gradient->format, "source_gradient.format", error);
    }
    if (status != POOLGRAD_OK) return status;
    poolgrad_pooling_gradient configured = *kernel;
    status = poolgrad_pooling_gradient_configure(&configured, source_gradient, source_image, state,
                                                 source_gradient->format, &made, error);
    if (status != POOLGRAD_OK) return status;
    *kernel = configured;
    *descriptor = made;
    return POOLGRAD_OK;
}

/* ---- Encoding ---------------------------------------------------------------------------------------------------- */

static void fill_problem(const poolgrad_pooling_gradient *kernel, poolgrad_problem *problem)
{
    poolgrad_problem_init(problem, sizeof *problem);
    problem->direction = POOLGRAD_GRADIENT;
    problem->mapping = POOLGRAD_MAPPING_CLIP;
    problem->kind = kernel->kind;
    problem->window = window_of(kernel);
    problem->offset_x = kernel->secondary_offset.x;
    problem->offset_y = kernel->secondary_offset.y;
    problem->offset_z = kernel->secondary_offset.z;
    problem->kernel_offset_x = kernel->kernel_offset_x;
    problem->kernel_offset_y = kernel->kernel_offset_y;
    problem->edge_mode = kernel->secondary_edge_mode;
    problem->zero_pad_x = kernel->zero_pad_size_x;
    problem->zero_pad_y = kernel->zero_pad_size_y;
    problem->ties = kernel->ties;
    problem->nan = kernel->nan;
    problem->accumulator = kernel->accumulator;
    problem->gradient_region = (poolgrad_region){kernel->primary_offset.x,   kernel->primary_offset.y,
                                                 kernel->primary_offset.z,   kernel->source_size.width,
                                                 kernel->source_size.height, kernel->source_size.depth};
    problem->clip = kernel->clip_rect;
    problem->source_channel_offset = kernel->secondary_source_feature_channel_offset;
    problem->source_channel_count = kernel->secondary_source_feature_channel_max_count;
    problem->gradient_channel_offset = kernel->primary_source_feature_channel_offset;
    problem->gradient_channel_count = kernel->primary_source_feature_channel_max_count;
    problem->destination_channel_offset = kernel->destination_feature_channel_offset;
}

/* Taps have numbers by the window they were picked in. */
static poolgrad_status check_argmax(const poolgrad_pooling_gradient *kernel, const poolgrad_state *state,
                                    const poolgrad_image *source_gradient, poolgrad_error *error)
{
    const poolgrad_image *argmax = &state->argmax;
    if (kernel->ties != POOLGRAD_TIES_FIRST && kernel->ties != POOLGRAD_TIES_LAST) {
        return poolgrad_refuse(
            error, "ties",
            "is %d; expected first (0) or last (1) with a gradient state that holds picked taps, one "
            "of each window",
            (int)kernel->ties);
    }
    if (kernel->kernel_width != state->argmax_kernel_width || kernel->kernel_height != state->argmax_kernel_height) {
        return poolgrad_refuse(error, "gradient_state",
                               "holds taps of %" PRId64 "x%" PRId64 " windows; expected %" PRId64 "x%" PRId64
                               ", those of the gradient kernel",
                               state->argmax_kernel_width, state->argmax_kernel_height, kernel->kernel_width,
                               kernel->kernel_height);
    }
    if (argmax->images == source_gradient->images && argmax->channels == source_gradient->channels &&
        argmax->height == source_gradient->height && argmax->width == source_gradient->width) {
        return POOLGRAD_OK;
    }
    return poolgrad_refuse(error, "gradient_state",
                           "holds taps of %" PRId64 " images of %" PRId64 " channels, %" PRId64 "x%" PRId64
                           " pixels; expected %" PRId64 " of %" PRId64 ", %" PRId64 "x%" PRId64 " as source_gradient",
                           argmax->images, argmax->channels, argmax->width, argmax->height, source_gradient->images,
                           source_gradient->channels, source_gradient->width, source_gradient->height);
}

poolgrad_status poolgrad_pooling_gradient_configured(const poolgrad_pooling_gradient *kernel,
                                                     const poolgrad_context *context,
                                                     const poolgrad_image *source_gradient,
                                                     const poolgrad_image *source_image, const poolgrad_state *state,
                                                     const poolgrad_image *destination, poolgrad_problem *problem,
                                                     poolgrad_error *error)
{
    poolgrad_status status = check_kernel(kernel, error);
    if (status == POOLGRAD_OK) status = poolgrad_check_context(context, error);
    if (status == POOLGRAD_OK) status = check_sources(source_gradient, source_image, state, error);
    if (status != POOLGRAD_OK) return status;
    if (!destination) return poolgrad_refuse(error, "destination", "is null; expected an image");
    if (!source_image && !state) {
        return poolgrad_refuse(error, "source_image", "is null; expected an image, or a gradient state with its size");
    }
    fill_problem(kernel, problem);
    poolgrad_fill_context(context, problem);
    problem->source_gradient = *source_gradient;
    problem->destination = *destination;
    if (source_image) {
        problem->source = *source_image;
    } else {
        problem->source = (poolgrad_image){.images = state->settings.source_images,
                                           .channels = state->settings.source_channels,
                                           .height = state->settings.source_height,
                                           .width = state->settings.source_width};
    }
    const bool picked = state && kernel->kind == POOLGRAD_MAX && poolgrad_state_argmax(state);
    if (!source_image && !picked && kernel->kind != POOLGRAD_AVERAGE) {
        return poolgrad_refuse(error, "source_image", "is null; expected an image, whose pixels this kernel reads%s",
                               kernel->kind == POOLGRAD_MAX ? ", or a gradient state that holds picked taps" : "");
    }
    if (!picked) return POOLGRAD_OK;
    problem->indices = state->argmax;
    problem->source.data = NULL;
    return check_argmax(kernel, state, source_gradient, error);
}

poolgrad_status poolgrad_pooling_gradient_problem(const poolgrad_pooling_gradient *kernel,
                                                  const poolgrad_context *context,
                                                  const poolgrad_image *source_gradient,
                                                  const poolgrad_image *source_image, const poolgrad_state *state,
                                                  const poolgrad_image *destination, poolgrad_problem *problem,
                                                  poolgrad_error *error)
{
    poolgrad_status status = check_kernel(kernel, error);
    if (status == POOLGRAD_OK) status = check_sources(source_gradient, source_image, state, error);
    if (status != POOLGRAD_OK) return status;
    poolgrad_pooling_gradient configured = *kernel;
    if (state) apply_state(&configured, state);
    return poolgrad_pooling_gradient_configured(&configured, context, source_gradient, source_image, state, destination,
                                                problem, error);
}

static poolgrad_status run(const poolgrad_problem *problem, bool is_new, poolgrad_error *error)
{
    poolgrad_status status = poolgrad_run_trusted(problem, is_new, error);
    if (status != POOLGRAD_OK) poolgrad_rename_field(POOLGRAD_GRADIENT, error);
    return status;
}

poolgrad_status poolgrad_pooling_gradient_encode(const poolgrad_pooling_gradient *kernel,
                                                 const poolgrad_context *context, const poolgrad_image *source_gradient,
                                                 const poolgrad_image *source_image, const poolgrad_state *state,
                                                 const poolgrad_image *destination, poolgrad_error *error)
{
    poolgrad_problem problem;
    poolgrad_status status = poolgrad_pooling_gradient_problem(kernel, context, source_gradient, source_image, state,
                                                               destination, &problem, error);
    return status == POOLGRAD_OK ? run(&problem, false, error) : status;
}

/* `offset` and `count` more, where that is a size; if not, the problem is refused for its offset. */
static int64_t size_behind(int64_t offset, int64_t count)
{
    int64_t end;
    bool fits = offset >= 0 && poolgrad_add(offset, count, &end) && end <= POOLGRAD_COORDINATE_LIMIT;
    return fits ? end : count;
}

/* A source that nobody tells of: the pixels that the policy derived, and no channel or image too few. */
static poolgrad_status assume_source(const poolgrad_pooling_gradient *kernel, const poolgrad_image *source_gradient,
                                     const poolgrad_image *descriptor, poolgrad_image *source, poolgrad_error *error)
{
    int64_t channels = 0;
    poolgrad_status status = count_gradient_channels(kernel, source_gradient, &channels, error);
    *source = (poolgrad_image){.images = size_behind(kernel->secondary_offset.z, source_gradient->images),
                               .channels = size_behind(kernel->secondary_source_feature_channel_offset, channels),
                               .height = descriptor->height,
                               .width = descriptor->width};
    return status;
}

poolgrad_status poolgrad_pooling_gradient_encode_to_new(const poolgrad_pooling_gradient *kernel,
                                                        const poolgrad_context *context,
                                                        const poolgrad_image *source_gradient,
                                                        const poolgrad_image *source_image, const poolgrad_state *state,
                                                        poolgrad_buffer **destination, poolgrad_error *error)
{
    poolgrad_pooling_gradient configured;
    poolgrad_image descriptor;
    poolgrad_buffer *made = NULL;
    poolgrad_problem problem;
    *destination = NULL;
    poolgrad_status status = check_kernel(kernel, error);
    if (status != POOLGRAD_OK) return status;
    configured = *kernel;
    status = poolgrad_pooling_gradient_destination_descriptor(&configured, source_gradient, source_image, state,
                                                              &descriptor, error);
    if (status == POOLGRAD_OK) {
        status = poolgrad_buffer_make(&descriptor, &configured.destination_image_allocator, "destination", &made,
                                      error);
    }
    poolgrad_image assumed;
    if (status == POOLGRAD_OK) status = assume_source(&configured, source_gradient, &descriptor, &assumed, error);
    if (status == POOLGRAD_OK) {
        status = poolgrad_pooling_gradient_configured(&configured, context, source_gradient,
                                                      source_image || state ? source_image : &assumed, state,
                                                      &made->image, &problem, error);
    }
    if (status == POOLGRAD_OK) status = run(&problem, true, error);
    if (status == POOLGRAD_OK)
        *destination = made;
    else
        poolgrad_buffer_destroy(made);
    return status;
}

/* ---- Batches ----------------------------------------------------------------------------------------------------- */

poolgrad_status poolgrad_pooling_gradient_encode_batch(const poolgrad_pooling_gradient *kernel,
                                                       const poolgrad_context *context, int64_t count,
                                                       const poolgrad_image *source_gradients,
                                                       const poolgrad_image *source_images,
                                                       poolgrad_state *const *states,
                                                       const poolgrad_image *destinations, poolgrad_error *error)
{
    poolgrad_status status = poolgrad_check_batch(count, source_gradients, "source_gradients", destinations, error);
    for (int64_t i = 0; status == POOLGRAD_OK && i < count; i++) {
        status = poolgrad_pooling_gradient_encode(kernel, context, &source_gradients[i],
                                                  source_images ? &source_images[i] : NULL, states ? states[i] : NULL,
                                                  &destinations[i], error);
        status = poolgrad_blame_element(i, status, error);
    }
    return status;
}

poolgrad_status poolgrad_pooling_gradient_encode_batch_to_new(const poolgrad_pooling_gradient *kernel,
                                                              const poolgrad_context *context, int64_t count,
                                                              const poolgrad_image *source_gradients,
                                                              const poolgrad_image *source_images,
                                                              poolgrad_state *const *states,
                                                              poolgrad_buffer **destinations, poolgrad_error *error)
{
    poolgrad_status status = poolgrad_check_batch(count, source_gradients, "source_gradients", destinations, error);
    if (!destinations) return status;
    for (int64_t i = 0; i < count; i++) destinations[i] = NULL;
    for (int64_t i = 0; status == POOLGRAD_OK && i < count; i++) {
        status = poolgrad_pooling_gradient_encode_to_new(kernel, context, &source_gradients[i],
                                                         source_images ? &source_images[i] : NULL,
                                                         states ? states[i] : NULL, &destinations[i], error);
        status = poolgrad_blame_element(i, status, error);
    }
    for (int64_t i = 0; status != POOLGRAD_OK && i < count; i++) {
        poolgrad_buffer_destroy(destinations[i]);
        destinations[i] = NULL;
    }
    return status;
}

/* ---- Class ------------------------------------------------------------------------------------------------------- */

enum { NUMBERS = 36 };

static void list_numbers(const poolgrad_pooling_gradient *k, int64_t numbers[NUMBERS])
{
    const int64_t list[NUMBERS] = {(int64_t)k->kind,
                                   k->kernel_width,
                                   k->kernel_height,
                                   k->stride_in_pixels_x,
                                   k->stride_in_pixels_y,
                                   k->dilation_rate_x,
                                   k->dilation_rate_y,
                                   k->primary_offset.x,
                                   k->primary_offset.y,
                                   k->primary_offset.z,
                                   k->source_size.width,
                                   k->source_size.height,
                                   k->source_size.depth,
                                   k->secondary_offset.x,
                                   k->secondary_offset.y,
                                   k->secondary_offset.z,
                                   k->kernel_offset_x,
                                   k->kernel_offset_y,
                                   k->clip_rect.x,
                                   k->clip_rect.y,
                                   k->clip_rect.z,
                                   k->clip_rect.width,
                                   k->clip_rect.height,
                                   k->clip_rect.depth,
                                   k->destination_feature_channel_offset,
                                   k->primary_source_feature_channel_offset,
                                   k->secondary_source_feature_channel_offset,
                                   k->primary_source_feature_channel_max_count,
                                   k->secondary_source_feature_channel_max_count,
                                   (int64_t)k->primary_edge_mode,
                                   (int64_t)k->secondary_edge_mode,
                                   k->zero_pad_size_x,
                                   k->zero_pad_size_y,
                                   (int64_t)k->ties,
                                   (int64_t)k->nan,
                                   (int64_t)k->accumulator};
    memcpy(numbers, list, sizeof list);
}

static struct poolgrad_kernel_parts parts_of(const poolgrad_pooling_gradient *kernel)
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
    const poolgrad_pooling_gradient *kernel = object;
    const struct poolgrad_kernel_parts parts = parts_of(kernel);
    int64_t numbers[NUMBERS];
    list_numbers(kernel, numbers);
    return poolgrad_hash_parts(poolgrad_hash_numbers(poolgrad_hash_begin(kernel->isa->name), numbers, NUMBERS), &parts);
}

static void describe_unusual(const poolgrad_pooling_gradient *k, struct poolgrad_text *text)
{
    const struct poolgrad_property properties[] = {
        {"primary_offset.x", k->primary_offset.x, 0},
        {"primary_offset.y", k->primary_offset.y, 0},
        {"primary_offset.z", k->primary_offset.z, 0},
        {"source_size.width", k->source_size.width, POOLGRAD_ALL},
        {"source_size.height", k->source_size.height, POOLGRAD_ALL},
        {"source_size.depth", k->source_size.depth, POOLGRAD_ALL},
        {"secondary_offset.z", k->secondary_offset.z, 0},
        {"kernel_offset_x", k->kernel_offset_x, 0},
        {"kernel_offset_y", k->kernel_offset_y, 0},
        {"clip_rect.x", k->clip_rect.x, 0},
        {"clip_rect.y", k->clip_rect.y, 0},
        {"clip_rect.z", k->clip_rect.z, 0},
        {"clip_rect.width", k->clip_rect.width, POOLGRAD_ALL},
        {"clip_rect.height", k->clip_rect.height, POOLGRAD_ALL},
        {"clip_rect.depth", k->clip_rect.depth, POOLGRAD_ALL},
        {"destination_feature_channel_offset", k->destination_feature_channel_offset, 0},
        {"primary_source_feature_channel_offset", k->primary_source_feature_channel_offset, 0},
        {"secondary_source_feature_channel_offset", k->secondary_source_feature_channel_offset, 0},
        {"primary_source_feature_channel_max_count", k->primary_source_feature_channel_max_count, POOLGRAD_ALL},
        {"secondary_source_feature_channel_max_count", k->secondary_source_feature_channel_max_count, POOLGRAD_ALL},
        {"primary_edge_mode", (int64_t)k->primary_edge_mode, 0},
        {"zero_pad_size_x", k->zero_pad_size_x, 0},
        {"zero_pad_size_y", k->zero_pad_size_y, 0},
    };
    poolgrad_describe_properties(properties, sizeof properties / sizeof *properties, text);
    poolgrad_describe_rules(k->ties, k->nan, k->accumulator, text);
}

static void describe(const void *object, struct poolgrad_text *text)
{
    const poolgrad_pooling_gradient *kernel = object;
    const bool dilated = kernel->dilation_rate_x != 1 || kernel->dilation_rate_y != 1;
    poolgrad_describe_kernel(kernel->kind, dilated, "_gradient", kernel->label, text);
    const poolgrad_window window = window_of(kernel);
    poolgrad_describe_window(&window, dilated, text);
    poolgrad_text_print(text, ", secondary offset %" PRId64 ", %" PRId64, kernel->secondary_offset.x,
                        kernel->secondary_offset.y);
    poolgrad_describe_edge_mode("secondary edge mode", kernel->secondary_edge_mode, text);
    poolgrad_describe_policy(&kernel->padding, text);
    describe_unusual(kernel, text);
}

static void write_size(const poolgrad_size *size, struct poolgrad_text *text)
{
    poolgrad_json_open(text, "source_size", '{');
    poolgrad_json_extent(text, "width", size->width);
    poolgrad_json_extent(text, "height", size->height);
    poolgrad_json_extent(text, "depth", size->depth);
    poolgrad_json_close(text, '}');
}

static void write_json(const void *object, struct poolgrad_text *text)
{
    const poolgrad_pooling_gradient *k = object;
    const poolgrad_window window = window_of(k);
    poolgrad_json_open(text, NULL, '{');
    poolgrad_json_string(text, "class", k->isa->name);
    poolgrad_json_enum(text, "kind", poolgrad_kind_names, 3, (int)k->kind);
    poolgrad_write_window(&window, text);
    poolgrad_write_offset("primary_offset", &k->primary_offset, text);
    write_size(&k->source_size, text);
    poolgrad_write_offset("secondary_offset", &k->secondary_offset, text);
    poolgrad_json_number(text, "kernel_offset_x", k->kernel_offset_x);
    poolgrad_json_number(text, "kernel_offset_y", k->kernel_offset_y);
    poolgrad_write_region("clip_rect", &k->clip_rect, text);
    poolgrad_json_number(text, "destination_feature_channel_offset", k->destination_feature_channel_offset);
    poolgrad_json_number(text, "primary_source_feature_channel_offset", k->primary_source_feature_channel_offset);
    poolgrad_json_number(text, "secondary_source_feature_channel_offset", k->secondary_source_feature_channel_offset);
    poolgrad_json_extent(text, "primary_source_feature_channel_max_count", k->primary_source_feature_channel_max_count);
    poolgrad_json_extent(text, "secondary_source_feature_channel_max_count",
                         k->secondary_source_feature_channel_max_count);
    poolgrad_json_enum(text, "primary_edge_mode", poolgrad_edge_mode_names, 2, (int)k->primary_edge_mode);
    poolgrad_json_enum(text, "secondary_edge_mode", poolgrad_edge_mode_names, 2, (int)k->secondary_edge_mode);
    poolgrad_padding_policy_write(&k->padding, "padding", text);
    poolgrad_json_number(text, "zero_pad_size_x", k->zero_pad_size_x);
    poolgrad_json_number(text, "zero_pad_size_y", k->zero_pad_size_y);
    poolgrad_write_allocator("destination_image_allocator", &k->destination_image_allocator, text);
    poolgrad_write_rules(k->ties, k->nan, k->accumulator, k->label, text);
    poolgrad_json_close(text, '}');
}

const struct poolgrad_class poolgrad_pooling_gradient_class = {"pooling_gradient", equal, hash, describe, write_json};
