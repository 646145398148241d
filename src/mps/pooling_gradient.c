/* SPDX-License-Identifier: Apache-2.0 */
/* Gradient kernels. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/growth.h"
#include "base/refusal.h"
#include "geometry/axis.h"
#include "mps/kernel.h"
#include "mps/refusals.h"
#include "text/typed.h"

/* ---- Properties -------------------------------------------------------------------------------------------------- */

#define PROPERTIES_OF poolgrad_pooling_gradient

const struct poolgrad_property poolgrad_pooling_gradient_properties[] = {
    POOLGRAD_WINDOW_ROWS,
    POOLGRAD_FILLS(INTEGER, primary_offset.x, 0, POOLGRAD_PROPERTY_TOLD, gradient_region.x),
    POOLGRAD_FILLS(INTEGER, primary_offset.y, 0, POOLGRAD_PROPERTY_TOLD, gradient_region.y),
    POOLGRAD_FILLS(INTEGER, primary_offset.z, 0, POOLGRAD_PROPERTY_TOLD, gradient_region.image),
    POOLGRAD_FILLS(EXTENT, source_size.width, POOLGRAD_ALL, POOLGRAD_PROPERTY_TOLD, gradient_region.width),
    POOLGRAD_FILLS(EXTENT, source_size.height, POOLGRAD_ALL, POOLGRAD_PROPERTY_TOLD, gradient_region.height),
    POOLGRAD_FILLS(EXTENT, source_size.depth, POOLGRAD_ALL, POOLGRAD_PROPERTY_TOLD, gradient_region.images),
    POOLGRAD_FILLS(INTEGER, secondary_offset.x, 0, 0, offset_x),
    POOLGRAD_FILLS(INTEGER, secondary_offset.y, 0, 0, offset_y),
    POOLGRAD_FILLS(INTEGER, secondary_offset.z, 0, POOLGRAD_PROPERTY_TOLD, offset_image),
    POOLGRAD_FILLS(INTEGER, kernel_offset_x, 0, POOLGRAD_PROPERTY_TOLD, kernel_offset_x),
    POOLGRAD_FILLS(INTEGER, kernel_offset_y, 0, POOLGRAD_PROPERTY_TOLD, kernel_offset_y),
    POOLGRAD_CLIP_RECT_ROWS,
    POOLGRAD_FILLS(INTEGER, destination_feature_channel_offset, 0, POOLGRAD_PROPERTY_TOLD, destination_channel_offset),
    POOLGRAD_FILLS(INTEGER, primary_source_feature_channel_offset, 0, POOLGRAD_PROPERTY_TOLD, gradient_channel_offset),
    POOLGRAD_FILLS(INTEGER, secondary_source_feature_channel_offset, 0, POOLGRAD_PROPERTY_TOLD, source_channel_offset),
    POOLGRAD_FILLS(EXTENT, primary_source_feature_channel_max_count, POOLGRAD_ALL, POOLGRAD_PROPERTY_TOLD,
                   gradient_channel_count),
    POOLGRAD_FILLS(EXTENT, secondary_source_feature_channel_max_count, POOLGRAD_ALL, POOLGRAD_PROPERTY_TOLD,
                   source_channel_count),
    POOLGRAD_WORD_ROW(edge_mode, primary_edge_mode, 0, POOLGRAD_PROPERTY_TOLD),
    POOLGRAD_WORD_FILLS(edge_mode, secondary_edge_mode, 0, 0, edge_mode),
    POOLGRAD_POLICY_ROWS("padding.", padding., 0),
    POOLGRAD_ZERO_PAD_ROWS,
    POOLGRAD_RULE_ROWS,
    POOLGRAD_LAST_ROW};

const struct poolgrad_kernel_type poolgrad_pooling_gradient_type = {
    "pooling_gradient", "pooling gradient", "the initializer of a gradient kernel",
    poolgrad_pooling_gradient_properties, sizeof(poolgrad_pooling_gradient)};

/* ---- Initializers ------------------------------------------------------------------------------------------------ */

#define INITIALIZERS(name, kind)                                                                                       \
    void poolgrad_pooling_##name##_gradient_init(poolgrad_pooling_gradient *kernel, size_t struct_size,                \
                                                 int64_t kernel_width, int64_t kernel_height,                          \
                                                 int64_t stride_in_pixels_x, int64_t stride_in_pixels_y)               \
    {                                                                                                                  \
        const poolgrad_window window = poolgrad_plane_window(kernel_width, kernel_height, stride_in_pixels_x,          \
                                                             stride_in_pixels_y, 1, 1);                                \
        poolgrad_kernel_init(&poolgrad_pooling_gradient_type, kernel, struct_size, kind, &window);                     \
    }                                                                                                                  \
    void poolgrad_pooling_##name##_gradient_init_with_size(poolgrad_pooling_gradient *kernel, size_t struct_size,      \
                                                           int64_t kernel_width, int64_t kernel_height)                \
    {                                                                                                                  \
        poolgrad_pooling_##name##_gradient_init(kernel, struct_size, kernel_width, kernel_height, 1, 1);               \
    }

INITIALIZERS(max, POOLGRAD_MAX)
INITIALIZERS(average, POOLGRAD_AVERAGE)
INITIALIZERS(l2norm, POOLGRAD_L2NORM)

void poolgrad_dilated_pooling_max_gradient_init(poolgrad_pooling_gradient *kernel, size_t struct_size,
                                                int64_t kernel_width, int64_t kernel_height, int64_t stride_in_pixels_x,
                                                int64_t stride_in_pixels_y, int64_t dilation_rate_x,
                                                int64_t dilation_rate_y)
{
    const poolgrad_window window = poolgrad_plane_window(kernel_width, kernel_height, stride_in_pixels_x,
                                                         stride_in_pixels_y, dilation_rate_x, dilation_rate_y);
    poolgrad_kernel_init(&poolgrad_pooling_gradient_type, kernel, struct_size, POOLGRAD_MAX, &window);
}

/* ---- Checks ------------------------------------------------------------------------------------------------------ */

static poolgrad_window window_of(const poolgrad_pooling_gradient *kernel)
{
    return poolgrad_plane_window(kernel->kernel_width, kernel->kernel_height, kernel->stride_in_pixels_x,
                                 kernel->stride_in_pixels_y, kernel->dilation_rate_x, kernel->dilation_rate_y);
}

static poolgrad_status check_kernel(const poolgrad_pooling_gradient *kernel, poolgrad_error *error)
{
    const struct {
        const char *name;
        int64_t offset;
    } quads[] = {{"destination_feature_channel_offset", kernel->destination_feature_channel_offset},
                 {"primary_source_feature_channel_offset", kernel->primary_source_feature_channel_offset},
                 {"secondary_source_feature_channel_offset", kernel->secondary_source_feature_channel_offset}};
    poolgrad_status status = poolgrad_check_reserved("reserved", kernel->reserved, error);
    for (size_t i = 0; status == POOLGRAD_OK && i < sizeof quads / sizeof *quads; i++) {
        status = poolgrad_check_quads(quads[i].name, quads[i].offset, error);
    }
    if (status != POOLGRAD_OK || poolgrad_edge_mode_name(kernel->primary_edge_mode)) return status;
    return poolgrad_refuse(error, "primary_edge_mode", "is %d; expected zero (0) or clamp (1)",
                           (int)kernel->primary_edge_mode);
}

static poolgrad_status read_kernel(const poolgrad_pooling_gradient *given, poolgrad_pooling_gradient *kernel,
                                   poolgrad_error *error)
{
    poolgrad_status status = poolgrad_kernel_read(&poolgrad_pooling_gradient_type, given, kernel, error);
    return status == POOLGRAD_OK ? check_kernel(kernel, error) : status;
}

/* The images and the state by themselves. */
static poolgrad_status check_sources(const poolgrad_const_image *source_gradient,
                                     const poolgrad_const_image *source_image, const poolgrad_state *state,
                                     poolgrad_error *error)
{
    if (!source_gradient) return poolgrad_refuse(error, "source_gradient", "is null; expected an image");
    poolgrad_status status = poolgrad_check_plane(source_gradient, "source_gradient", error);
    if (status == POOLGRAD_OK && source_image) {
        status = poolgrad_check_plane(source_image, "source_image", error);
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
static poolgrad_status place(poolgrad_pooling_gradient *kernel, const poolgrad_const_image *source_gradient,
                             const poolgrad_const_image *source_image, poolgrad_image *descriptor,
                             poolgrad_error *error)
{
    const poolgrad_padding_method method = kernel->padding.method & ~POOLGRAD_PADDING_CUSTOM;
    const poolgrad_window window = window_of(kernel);
    poolgrad_padding padding = {0};
    poolgrad_status status = POOLGRAD_OK;
    if (source_image) {
        padding.width = source_image->width;
        padding.height = source_image->height;
    } else {
        status = poolgrad_padding_reverse(method, &window, source_gradient->height, source_gradient->width, &padding,
                                          error);
    }
    descriptor->width = padding.width;
    descriptor->height = padding.height;
    if (status == POOLGRAD_OK) {
        status = poolgrad_padding_forward(poolgrad_padding_method_inverse(method), kernel->kind, &window,
                                          padding.height, padding.width, &padding, error);
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
                                               const poolgrad_const_image *source_gradient, int64_t *channels,
                                               poolgrad_error *error)
{
    return poolgrad_window_channels(
        "primary_source_feature_channel_offset", kernel->primary_source_feature_channel_offset,
        "primary_source_feature_channel_max_count", kernel->primary_source_feature_channel_max_count,
        source_gradient->channels, channels, error);
}

/* Images and channels of the result. */
static poolgrad_status count_planes(const poolgrad_pooling_gradient *kernel,
                                    const poolgrad_const_image *source_gradient,
                                    const poolgrad_const_image *source_image, const poolgrad_state *state,
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
                                                    const poolgrad_const_image *source_gradient,
                                                    const poolgrad_const_image *source_image,
                                                    const poolgrad_state *state, poolgrad_format format,
                                                    poolgrad_image *descriptor, poolgrad_error *error)
{
    const poolgrad_padding_request request = {.pooling_gradient = kernel,
                                              .source_image = source_image,
                                              .source_gradient = source_gradient,
                                              .gradient_state = state};
    poolgrad_status status = check_sources(source_gradient, source_image, state, error);
    if (status == POOLGRAD_OK) status = poolgrad_padding_policy_check(&kernel->padding, error);
    if (status != POOLGRAD_OK) return status;
    *descriptor = poolgrad_image_like(source_gradient, format);
    if (state) {
        apply_state(kernel, state);
        descriptor->width = state->settings.source_width;
        descriptor->height = state->settings.source_height;
    } else {
        status = place(kernel, source_gradient, source_image, descriptor, error);
    }
    if (status == POOLGRAD_OK) status = count_planes(kernel, source_gradient, source_image, state, descriptor, error);
    if (status == POOLGRAD_OK) status = poolgrad_ask_policy(&kernel->padding, &request, descriptor, error);
    /* A custom policy may have changed properties, but not which struct this is. */
    kernel->struct_size = sizeof *kernel;
    return status == POOLGRAD_OK ? check_kernel(kernel, error) : status;
}

poolgrad_status poolgrad_pooling_gradient_destination_descriptor(poolgrad_pooling_gradient *kernel,
                                                                 const poolgrad_const_image *source_gradient,
                                                                 const poolgrad_const_image *source_image,
                                                                 const poolgrad_state *state,
                                                                 poolgrad_image *descriptor, poolgrad_error *error)
{
    poolgrad_pooling_gradient known;
    poolgrad_image made;
    poolgrad_status status = read_kernel(kernel, &known, error);
    if (status == POOLGRAD_OK) status = check_sources(source_gradient, source_image, state, error);
    if (status == POOLGRAD_OK) {
        status = poolgrad_check_result_format(source_gradient->format, "source_gradient.format", error);
    }
    if (status != POOLGRAD_OK) return status;
    const poolgrad_pooling_gradient read = known;
    status = poolgrad_pooling_gradient_configure(&known, source_gradient, source_image, state, source_gradient->format,
                                                 &made, error);
    if (status != POOLGRAD_OK) return status;
    status = poolgrad_write_struct(kernel, &read, &known, sizeof known, error);
    if (status == POOLGRAD_OK) *descriptor = made;
    return status;
}

/* ---- Encoding ---------------------------------------------------------------------------------------------------- */

/* Taps have numbers by the window they were picked in. */
static poolgrad_status check_argmax(const poolgrad_pooling_gradient *kernel, const poolgrad_state *state,
                                    const poolgrad_const_image *source_gradient, poolgrad_error *error)
{
    const poolgrad_const_image *argmax = &state->argmax.read;
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
    if (poolgrad_same_size(argmax, source_gradient)) return POOLGRAD_OK;
    return poolgrad_refuse_size(error, "gradient_state", "holds taps of", argmax, source_gradient, "source_gradient");
}

poolgrad_status poolgrad_pooling_gradient_configured(const poolgrad_pooling_gradient *kernel,
                                                     const poolgrad_context *context,
                                                     const poolgrad_const_image *source_gradient,
                                                     const poolgrad_const_image *source_image,
                                                     const poolgrad_state *state, const poolgrad_image *destination,
                                                     poolgrad_problem *problem, poolgrad_error *error)
{
    poolgrad_status status = check_sources(source_gradient, source_image, state, error);
    if (status != POOLGRAD_OK) return status;
    if (!destination) return poolgrad_refuse(error, "destination", "is null; expected an image");
    if (!source_image && !state) {
        return poolgrad_refuse(error, "source_image", "is null; expected an image, or a gradient state with its size");
    }
    poolgrad_problem_init(problem, sizeof *problem);
    problem->direction = POOLGRAD_GRADIENT;
    problem->mapping = POOLGRAD_MAPPING_CLIP;
    poolgrad_properties_fill(poolgrad_pooling_gradient_properties, kernel, problem);
    poolgrad_fill_context(context, problem);
    problem->source_gradient = *source_gradient;
    problem->destination = *destination;
    if (source_image) {
        problem->source = *source_image;
    } else {
        problem->source = (poolgrad_const_image){.images = state->settings.source_images,
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
    problem->indices = state->argmax.read;
    problem->source.data = NULL;
    return check_argmax(kernel, state, source_gradient, error);
}

/* *problem as of poolgrad_pooling_problem. */
poolgrad_status poolgrad_pooling_gradient_problem(const poolgrad_pooling_gradient *kernel,
                                                  const poolgrad_context *context,
                                                  const poolgrad_const_image *source_gradient,
                                                  const poolgrad_const_image *source_image, const poolgrad_state *state,
                                                  const poolgrad_image *destination, poolgrad_problem *problem,
                                                  poolgrad_error *error)
{
    poolgrad_pooling_gradient known;
    poolgrad_context how;
    poolgrad_status status = read_kernel(kernel, &known, error);
    if (status == POOLGRAD_OK) status = poolgrad_read_context(context, &how, error);
    if (status != POOLGRAD_OK) return status;
    if (state) apply_state(&known, state);
    return poolgrad_pooling_gradient_configured(&known, &how, source_gradient, source_image, state, destination,
                                                problem, error);
}

static poolgrad_status run(const poolgrad_problem *problem, bool is_new, poolgrad_error *error)
{
    poolgrad_status status = poolgrad_run_trusted(problem, is_new, error);
    if (status != POOLGRAD_OK) poolgrad_rename_field(POOLGRAD_GRADIENT, error);
    return status;
}

poolgrad_status poolgrad_pooling_gradient_encode(const poolgrad_pooling_gradient *kernel,
                                                 const poolgrad_context *context,
                                                 const poolgrad_const_image *source_gradient,
                                                 const poolgrad_const_image *source_image, const poolgrad_state *state,
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
static poolgrad_status assume_source(const poolgrad_pooling_gradient *kernel,
                                     const poolgrad_const_image *source_gradient, const poolgrad_image *descriptor,
                                     poolgrad_const_image *source, poolgrad_error *error)
{
    int64_t channels = 0;
    poolgrad_status status = count_gradient_channels(kernel, source_gradient, &channels, error);
    *source = (poolgrad_const_image){.images = size_behind(kernel->secondary_offset.z, source_gradient->images),
                                     .channels = size_behind(kernel->secondary_source_feature_channel_offset, channels),
                                     .height = descriptor->height,
                                     .width = descriptor->width};
    return status;
}

/* Kernel and context are read already. */
static poolgrad_status encode_to_new(poolgrad_pooling_gradient *kernel, const poolgrad_context *context,
                                     const poolgrad_const_image *source_gradient,
                                     const poolgrad_const_image *source_image, const poolgrad_state *state,
                                     poolgrad_buffer **destination, poolgrad_error *error)
{
    poolgrad_image descriptor;
    poolgrad_const_image assumed;
    poolgrad_problem problem;
    poolgrad_status status = poolgrad_pooling_gradient_destination_descriptor(kernel, source_gradient, source_image,
                                                                              state, &descriptor, error);
    if (status != POOLGRAD_OK) return status;
    status = poolgrad_buffer_make(&descriptor, &kernel->destination_image_allocator, "destination", destination, error);
    if (status == POOLGRAD_OK) status = assume_source(kernel, source_gradient, &descriptor, &assumed, error);
    if (status != POOLGRAD_OK) return status;
    const bool assumes = !source_image && !state && kernel->kind == POOLGRAD_AVERAGE;
    status = poolgrad_pooling_gradient_configured(kernel, context, source_gradient, assumes ? &assumed : source_image,
                                                  state, &(*destination)->image.written, &problem, error);
    return status == POOLGRAD_OK ? run(&problem, true, error) : status;
}

poolgrad_status poolgrad_pooling_gradient_encode_to_new(const poolgrad_pooling_gradient *kernel,
                                                        const poolgrad_context *context,
                                                        const poolgrad_const_image *source_gradient,
                                                        const poolgrad_const_image *source_image,
                                                        const poolgrad_state *state, poolgrad_buffer **destination,
                                                        poolgrad_error *error)
{
    poolgrad_pooling_gradient known;
    poolgrad_context how;
    *destination = NULL;
    poolgrad_status status = read_kernel(kernel, &known, error);
    if (status == POOLGRAD_OK) status = poolgrad_read_context(context, &how, error);
    if (status == POOLGRAD_OK) {
        status = encode_to_new(&known, &how, source_gradient, source_image, state, destination, error);
    }
    if (status == POOLGRAD_OK) return POOLGRAD_OK;
    poolgrad_buffer_destroy(*destination);
    *destination = NULL;
    return status;
}

/* ---- Batches ----------------------------------------------------------------------------------------------------- */

poolgrad_status poolgrad_pooling_gradient_encode_batch(const poolgrad_pooling_gradient *kernel,
                                                       const poolgrad_context *context, int64_t count,
                                                       const poolgrad_const_image *source_gradients,
                                                       const poolgrad_const_image *source_images,
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
                                                              const poolgrad_const_image *source_gradients,
                                                              const poolgrad_const_image *source_images,
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

/* ---- Equality, hash and texts ------------------------------------------------------------------------------------ */

static bool equal(const void *a, const void *b)
{
    return poolgrad_kernel_equal(&poolgrad_pooling_gradient_type, a, b);
}

static uint64_t hash(const void *object)
{
    return poolgrad_kernel_hash(&poolgrad_pooling_gradient_type, object);
}

static void describe(const void *object, struct poolgrad_text *text)
{
    poolgrad_pooling_gradient kernel;
    if (poolgrad_kernel_read(&poolgrad_pooling_gradient_type, object, &kernel, NULL) != POOLGRAD_OK) {
        poolgrad_text_print(text, "pooling_gradient: not made by an initializer");
        return;
    }
    const poolgrad_window window = window_of(&kernel);
    poolgrad_describe_kernel(kernel.kind, &window, "_gradient", kernel.label, text);
    poolgrad_text_print(text, ", secondary offset %" PRId64 ", %" PRId64, kernel.secondary_offset.x,
                        kernel.secondary_offset.y);
    poolgrad_describe_edge_mode("secondary edge mode", kernel.secondary_edge_mode, text);
    poolgrad_describe_policy(&kernel.padding, text);
    poolgrad_properties_describe(poolgrad_pooling_gradient_properties, &kernel, text);
}

static void write_json(const void *object, struct poolgrad_text *text)
{
    poolgrad_kernel_write(&poolgrad_pooling_gradient_type, object, text);
}

static const struct poolgrad_type type = {equal, hash, describe, write_json};
POOLGRAD_TYPED(poolgrad_pooling_gradient, type);
