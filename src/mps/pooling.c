/* SPDX-License-Identifier: Apache-2.0 */
/* Forward kernels. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/growth.h"
#include "base/integer.h"
#include "base/refusal.h"
#include "mps/kernel.h"
#include "mps/refusals.h"
#include "text/typed.h"

/* ---- Properties -------------------------------------------------------------------------------------------------- */

#define PROPERTIES_OF poolgrad_pooling

const struct poolgrad_property poolgrad_pooling_properties[] = {
    POOLGRAD_WINDOW_ROWS,
    POOLGRAD_FILLS(INTEGER, offset.x, 0, 0, offset_x),
    POOLGRAD_FILLS(INTEGER, offset.y, 0, 0, offset_y),
    POOLGRAD_FILLS(INTEGER, offset.z, 0, POOLGRAD_PROPERTY_TOLD, offset_image),
    POOLGRAD_CLIP_RECT_ROWS,
    POOLGRAD_FILLS(INTEGER, destination_feature_channel_offset, 0, POOLGRAD_PROPERTY_TOLD, destination_channel_offset),
    POOLGRAD_FILLS(INTEGER, source_feature_channel_offset, 0, POOLGRAD_PROPERTY_TOLD, source_channel_offset),
    POOLGRAD_FILLS(EXTENT, source_feature_channel_max_count, POOLGRAD_ALL, POOLGRAD_PROPERTY_TOLD,
                   source_channel_count),
    POOLGRAD_WORD_FILLS(edge_mode, edge_mode, 0, 0, edge_mode),
    POOLGRAD_POLICY_ROWS("padding.", padding., 0),
    POOLGRAD_ZERO_PAD_ROWS,
    POOLGRAD_ROW(FLAG, saves_argmax, 0, 0),
    POOLGRAD_RULE_ROWS,
    POOLGRAD_LAST_ROW};

const struct poolgrad_kernel_type poolgrad_pooling_type = {"pooling", "pooling", "the initializer of a pooling kernel",
                                                           poolgrad_pooling_properties, sizeof(poolgrad_pooling)};

/* ---- Initializers ------------------------------------------------------------------------------------------------ */

#define INITIALIZERS(name, kind)                                                                                       \
    void poolgrad_pooling_##name##_init(poolgrad_pooling *kernel, size_t struct_size, int64_t kernel_width,            \
                                        int64_t kernel_height, int64_t stride_in_pixels_x, int64_t stride_in_pixels_y) \
    {                                                                                                                  \
        const poolgrad_window window = poolgrad_plane_window(kernel_width, kernel_height, stride_in_pixels_x,          \
                                                             stride_in_pixels_y, 1, 1);                                \
        poolgrad_kernel_init(&poolgrad_pooling_type, kernel, struct_size, kind, &window);                              \
    }                                                                                                                  \
    void poolgrad_pooling_##name##_init_with_size(poolgrad_pooling *kernel, size_t struct_size, int64_t kernel_width,  \
                                                  int64_t kernel_height)                                               \
    {                                                                                                                  \
        poolgrad_pooling_##name##_init(kernel, struct_size, kernel_width, kernel_height, 1, 1);                        \
    }

INITIALIZERS(max, POOLGRAD_MAX)
INITIALIZERS(average, POOLGRAD_AVERAGE)
INITIALIZERS(l2norm, POOLGRAD_L2NORM)

void poolgrad_dilated_pooling_max_init(poolgrad_pooling *kernel, size_t struct_size, int64_t kernel_width,
                                       int64_t kernel_height, int64_t stride_in_pixels_x, int64_t stride_in_pixels_y,
                                       int64_t dilation_rate_x, int64_t dilation_rate_y)
{
    const poolgrad_window window = poolgrad_plane_window(kernel_width, kernel_height, stride_in_pixels_x,
                                                         stride_in_pixels_y, dilation_rate_x, dilation_rate_y);
    poolgrad_kernel_init(&poolgrad_pooling_type, kernel, struct_size, POOLGRAD_MAX, &window);
}

/* ---- Configuration ----------------------------------------------------------------------------------------------- */

static poolgrad_window window_of(const poolgrad_pooling *kernel)
{
    return poolgrad_plane_window(kernel->kernel_width, kernel->kernel_height, kernel->stride_in_pixels_x,
                                 kernel->stride_in_pixels_y, kernel->dilation_rate_x, kernel->dilation_rate_y);
}

/* What every use of a kernel needs of it. */
static poolgrad_status check_kernel(const poolgrad_pooling *kernel, poolgrad_error *error)
{
    poolgrad_status status = poolgrad_check_quads("source_feature_channel_offset",
                                                  kernel->source_feature_channel_offset, error);
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

static poolgrad_status read_kernel(const poolgrad_pooling *given, poolgrad_pooling *kernel, poolgrad_error *error)
{
    poolgrad_status status = poolgrad_kernel_read(&poolgrad_pooling_type, given, kernel, error);
    return status == POOLGRAD_OK ? check_kernel(kernel, error) : status;
}

/* The policy's offset and what it forces. */
static poolgrad_status place(poolgrad_pooling *kernel, const poolgrad_const_image *source, poolgrad_image *descriptor,
                             poolgrad_error *error)
{
    const poolgrad_window window = window_of(kernel);
    poolgrad_padding padding;
    poolgrad_status status = poolgrad_padding_forward(kernel->padding.method & ~POOLGRAD_PADDING_CUSTOM, kernel->kind,
                                                      &window, source->height, source->width, &padding, error);
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

poolgrad_status poolgrad_pooling_configure(poolgrad_pooling *kernel, const poolgrad_const_image *source,
                                           poolgrad_format format, poolgrad_image *descriptor, poolgrad_error *error)
{
    const poolgrad_padding_request request = {.pooling = kernel, .source_image = source};
    poolgrad_status status = poolgrad_check_plane(source, "source", error);
    if (status == POOLGRAD_OK) status = poolgrad_padding_policy_check(&kernel->padding, error);
    if (status != POOLGRAD_OK) return status;
    *descriptor = poolgrad_image_like(source, format);
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
    /* A custom policy may have changed properties, but not which struct this is. */
    kernel->struct_size = sizeof *kernel;
    return status == POOLGRAD_OK ? check_kernel(kernel, error) : status;
}

poolgrad_status poolgrad_pooling_destination_descriptor(poolgrad_pooling *kernel, const poolgrad_const_image *source,
                                                        poolgrad_image *descriptor, poolgrad_error *error)
{
    poolgrad_pooling known;
    poolgrad_image made;
    poolgrad_status status = read_kernel(kernel, &known, error);
    if (status != POOLGRAD_OK) return status;
    if (!source) return poolgrad_refuse(error, "source", "is null; expected an image");
    status = poolgrad_check_source_format(source->format, "source.format", error);
    if (status != POOLGRAD_OK) return status;
    const poolgrad_pooling read = known;
    status = poolgrad_pooling_configure(&known, source, poolgrad_result_format(source->format), &made, error);
    if (status != POOLGRAD_OK) return status;
    status = poolgrad_write_struct(kernel, &read, &known, sizeof known, error);
    if (status == POOLGRAD_OK) *descriptor = made;
    return status;
}

/* ---- States ------------------------------------------------------------------------------------------------------ */

void poolgrad_pooling_fill_state(const poolgrad_pooling *kernel, const poolgrad_const_image *source,
                                 const poolgrad_image *destination, struct poolgrad_state *state)
{
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
    const poolgrad_const_image view = poolgrad_image_as_const(destination);
    *argmax = poolgrad_image_like(&view, tap_format(taps));
    return POOLGRAD_OK;
}

poolgrad_status poolgrad_pooling_result_state(const poolgrad_pooling *kernel, const poolgrad_const_image *source,
                                              const poolgrad_image *destination, poolgrad_state **state,
                                              poolgrad_error *error)
{
    struct poolgrad_state like = {0};
    poolgrad_pooling known;
    *state = NULL;
    poolgrad_status status = read_kernel(kernel, &known, error);
    if (status != POOLGRAD_OK) return status;
    if (!source) return poolgrad_refuse(error, "source", "is null; expected an image");
    status = poolgrad_check_plane(source, "source", error);
    if (status == POOLGRAD_OK && destination) {
        const poolgrad_const_image view = poolgrad_image_as_const(destination);
        status = poolgrad_check_plane(&view, "destination", error);
    }
    if (status == POOLGRAD_OK && known.saves_argmax) {
        status = poolgrad_pooling_argmax_descriptor(&known, destination, &like.argmax.written, error);
    }
    if (status != POOLGRAD_OK) return status;
    poolgrad_pooling_fill_state(&known, source, destination, &like);
    return poolgrad_state_make(&like, state, error);
}

int poolgrad_pooling_is_state_modified(const poolgrad_pooling *kernel)
{
    poolgrad_pooling known;
    return poolgrad_kernel_read(&poolgrad_pooling_type, kernel, &known, NULL) == POOLGRAD_OK && known.saves_argmax != 0;
}

/* Whether the state is one of this kernel and of such a destination. */
static poolgrad_status check_state(const poolgrad_pooling *kernel, const poolgrad_state *state,
                                   const poolgrad_image *destination, poolgrad_error *error)
{
    const poolgrad_const_image *argmax = &state->argmax.read;
    union poolgrad_view expected = {.written = {.data = NULL}};
    if (!kernel->saves_argmax) {
        if (argmax->format == POOLGRAD_FORMAT_NONE) return POOLGRAD_OK;
        return poolgrad_refuse(error, "state", "has room for picked taps; expected none, saves_argmax is 0");
    }
    poolgrad_status status = poolgrad_pooling_argmax_descriptor(kernel, destination, &expected.written, error);
    if (status != POOLGRAD_OK) return status;
    if (argmax->format == expected.read.format && poolgrad_same_size(argmax, &expected.read)) return POOLGRAD_OK;
    return poolgrad_refuse(error, "state",
                           "has no room for the picked taps of this destination; expected one that "
                           "poolgrad_pooling_result_state made for it");
}

/* ---- Encoding ---------------------------------------------------------------------------------------------------- */

poolgrad_status poolgrad_pooling_configured(const poolgrad_pooling *kernel, const poolgrad_context *context,
                                            const poolgrad_const_image *source, poolgrad_state *state,
                                            const poolgrad_image *destination, poolgrad_problem *problem,
                                            poolgrad_error *error)
{
    if (!source || !destination) {
        return poolgrad_refuse(error, source ? "destination" : "source", "is null; expected an image");
    }
    poolgrad_status status = state ? check_state(kernel, state, destination, error) : POOLGRAD_OK;
    if (status != POOLGRAD_OK) return status;
    poolgrad_problem_init(problem, sizeof *problem);
    poolgrad_properties_fill(poolgrad_pooling_properties, kernel, problem);
    problem->source = *source;
    problem->destination = *destination;
    poolgrad_fill_context(context, problem);
    if (!state) return POOLGRAD_OK;
    poolgrad_pooling_fill_state(kernel, source, destination, state);
    if (kernel->saves_argmax) problem->picks = state->argmax.written;
    return POOLGRAD_OK;
}

/* *problem is all that version 0.2.0 has, and no caller's struct is smaller. */
poolgrad_status poolgrad_pooling_problem(const poolgrad_pooling *kernel, const poolgrad_context *context,
                                         const poolgrad_const_image *source, poolgrad_state *state,
                                         const poolgrad_image *destination, poolgrad_problem *problem,
                                         poolgrad_error *error)
{
    poolgrad_pooling known;
    poolgrad_context how;
    poolgrad_status status = read_kernel(kernel, &known, error);
    if (status == POOLGRAD_OK) status = poolgrad_read_context(context, &how, error);
    if (status != POOLGRAD_OK) return status;
    return poolgrad_pooling_configured(&known, &how, source, state, destination, problem, error);
}

static poolgrad_status encode(const poolgrad_pooling *kernel, const poolgrad_context *context,
                              const poolgrad_const_image *source, poolgrad_state *state,
                              const poolgrad_image *destination, bool is_new, poolgrad_error *error)
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
                                        const poolgrad_const_image *source, poolgrad_state *state,
                                        const poolgrad_image *destination, poolgrad_error *error)
{
    return encode(kernel, context, source, state, destination, false, error);
}

/* The kernel is read already. */
static poolgrad_status encode_to_new(poolgrad_pooling *kernel, const poolgrad_context *context,
                                     const poolgrad_const_image *source, poolgrad_buffer **destination,
                                     poolgrad_state **state, poolgrad_error *error)
{
    poolgrad_image descriptor;
    poolgrad_status status = poolgrad_pooling_destination_descriptor(kernel, source, &descriptor, error);
    if (status != POOLGRAD_OK) return status;
    status = poolgrad_buffer_make(&descriptor, &kernel->destination_image_allocator, "destination", destination, error);
    if (status != POOLGRAD_OK) return status;
    const poolgrad_image *image = &(*destination)->image.written;
    if (state) status = poolgrad_pooling_result_state(kernel, source, image, state, error);
    return status == POOLGRAD_OK ? encode(kernel, context, source, state ? *state : NULL, image, true, error) : status;
}

poolgrad_status poolgrad_pooling_encode_to_new(const poolgrad_pooling *kernel, const poolgrad_context *context,
                                               const poolgrad_const_image *source, poolgrad_buffer **destination,
                                               poolgrad_state **state, poolgrad_error *error)
{
    poolgrad_pooling known;
    *destination = NULL;
    if (state) *state = NULL;
    poolgrad_status status = read_kernel(kernel, &known, error);
    if (status == POOLGRAD_OK) status = encode_to_new(&known, context, source, destination, state, error);
    if (status == POOLGRAD_OK) return POOLGRAD_OK;
    poolgrad_buffer_destroy(*destination);
    *destination = NULL;
    if (!state) return status;
    poolgrad_state_destroy(*state);
    *state = NULL;
    return status;
}

/* ---- Batches ----------------------------------------------------------------------------------------------------- */

poolgrad_status poolgrad_pooling_encode_batch(const poolgrad_pooling *kernel, const poolgrad_context *context,
                                              int64_t count, const poolgrad_const_image *sources,
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
                                                     int64_t count, const poolgrad_const_image *sources,
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

/* ---- Equality, hash and texts ------------------------------------------------------------------------------------ */

static bool equal(const void *a, const void *b)
{
    return poolgrad_kernel_equal(&poolgrad_pooling_type, a, b);
}

static uint64_t hash(const void *object)
{
    return poolgrad_kernel_hash(&poolgrad_pooling_type, object);
}

static void describe(const void *object, struct poolgrad_text *text)
{
    poolgrad_pooling kernel;
    if (poolgrad_kernel_read(&poolgrad_pooling_type, object, &kernel, NULL) != POOLGRAD_OK) {
        poolgrad_text_print(text, "pooling: not made by an initializer");
        return;
    }
    const poolgrad_window window = window_of(&kernel);
    poolgrad_describe_kernel(kernel.kind, &window, "", kernel.label, text);
    poolgrad_text_print(text, ", offset %" PRId64 ", %" PRId64, kernel.offset.x, kernel.offset.y);
    poolgrad_describe_edge_mode("edge mode", kernel.edge_mode, text);
    poolgrad_describe_policy(&kernel.padding, text);
    poolgrad_properties_describe(poolgrad_pooling_properties, &kernel, text);
    if (kernel.saves_argmax) poolgrad_text_print(text, ", saves argmax");
}

static void write_json(const void *object, struct poolgrad_text *text)
{
    poolgrad_kernel_write(&poolgrad_pooling_type, object, text);
}

static const struct poolgrad_type type = {equal, hash, describe, write_json};
POOLGRAD_TYPED(poolgrad_pooling, type);
