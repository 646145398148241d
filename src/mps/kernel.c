/* SPDX-License-Identifier: Apache-2.0 */
/* What forward and gradient kernels share. */
#include "mps/kernel.h"

#include <inttypes.h>
#include <string.h>

#include "base/growth.h"
#include "geometry/axis.h"
#include "mps/refusals.h"

poolgrad_window poolgrad_plane_window(int64_t kernel_width, int64_t kernel_height, int64_t stride_x, int64_t stride_y,
                                      int64_t dilation_x, int64_t dilation_y)
{
    return (poolgrad_window){.kernel_width = kernel_width,
                             .kernel_height = kernel_height,
                             .kernel_depth = 1,
                             .stride_x = stride_x,
                             .stride_y = stride_y,
                             .stride_z = 1,
                             .dilation_x = dilation_x,
                             .dilation_y = dilation_y,
                             .dilation_z = 1};
}

/* ---- Whole kernels ----------------------------------------------------------------------------------------------- */

/* Room for a kernel of either direction. */
union kernel {
    poolgrad_pooling pooling;
    poolgrad_pooling_gradient pooling_gradient;
};

static void set_defaults(const struct poolgrad_kernel_type *type, void *kernel, poolgrad_kind kind,
                         const poolgrad_window *window)
{
    const int64_t numbers[] = {window->kernel_width, window->kernel_height, window->stride_x,
                               window->stride_y,     window->dilation_x,    window->dilation_y};
    memset(kernel, 0, type->size);
    poolgrad_properties_reset(type->properties, kernel);
    memcpy(kernel, &type->size, sizeof type->size);
    memcpy((char *)kernel + type->properties[0].place, &kind, sizeof kind);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        memcpy((char *)kernel + type->properties[i + 1].place, &numbers[i], sizeof numbers[i]);
    }
}

void poolgrad_kernel_init(const struct poolgrad_kernel_type *type, void *kernel, size_t struct_size, poolgrad_kind kind,
                          const poolgrad_window *window)
{
    union kernel made;
    set_defaults(type, &made, kind, window);
    memcpy(&made, &struct_size, sizeof struct_size);
    memset(kernel, 0, struct_size);
    memcpy(kernel, &made, struct_size < type->size ? struct_size : type->size);
}

poolgrad_status poolgrad_kernel_read(const struct poolgrad_kernel_type *type, const void *given, void *kernel,
                                     poolgrad_error *error)
{
    const poolgrad_window neutral = poolgrad_plane_window(1, 1, 1, 1, 1, 1);
    set_defaults(type, kernel, POOLGRAD_AVERAGE, &neutral);
    if (!given) return poolgrad_refuse(error, "kernel", "is null; expected a %s kernel", type->called);
    return poolgrad_read_struct(given, kernel, type->size, NULL, type->initializer, error);
}

bool poolgrad_kernel_equal(const struct poolgrad_kernel_type *type, const void *a, const void *b)
{
    union kernel x, y;
    return poolgrad_kernel_read(type, a, &x, NULL) == POOLGRAD_OK &&
           poolgrad_kernel_read(type, b, &y, NULL) == POOLGRAD_OK &&
           poolgrad_properties_equal(type->properties, &x, &y);
}

uint64_t poolgrad_kernel_hash(const struct poolgrad_kernel_type *type, const void *object)
{
    union kernel kernel;
    if (poolgrad_kernel_read(type, object, &kernel, NULL) != POOLGRAD_OK) return 0;
    return poolgrad_properties_hash(type->properties, &kernel, poolgrad_hash_begin(type->name));
}

void poolgrad_kernel_write(const struct poolgrad_kernel_type *type, const void *object, struct poolgrad_text *text)
{
    union kernel kernel;
    if (poolgrad_kernel_read(type, object, &kernel, NULL) != POOLGRAD_OK) {
        poolgrad_text_print(text, "null");
        return;
    }
    poolgrad_json_open(text, NULL, '{');
    poolgrad_json_string(text, "class", type->name);
    poolgrad_properties_write(type->properties, 0, &kernel, text);
    poolgrad_json_close(text, '}');
}

/* ---- Configuration ----------------------------------------------------------------------------------------------- */

/* The callback may have changed sizes: the strides follow. */
static poolgrad_status check_descriptor(poolgrad_image *descriptor, poolgrad_error *error)
{
    const poolgrad_const_image view = poolgrad_image_as_const(descriptor);
    poolgrad_status status = poolgrad_check_result_format(view.format, "descriptor.format", error);
    if (status == POOLGRAD_OK) status = poolgrad_check_plane(&view, "descriptor", error);
    *descriptor = poolgrad_image_like(&view, view.format);
    return status;
}

poolgrad_status poolgrad_ask_policy(const poolgrad_padding_policy *policy, const poolgrad_padding_request *request,
                                    poolgrad_image *descriptor, poolgrad_error *error)
{
    poolgrad_error reason;
    if (!(policy->method & POOLGRAD_PADDING_CUSTOM)) return check_descriptor(descriptor, error);
    poolgrad_refuse(&reason, "padding", "is a custom policy that refuses without a reason");
    poolgrad_status status = policy->callback(policy->context, request, descriptor, &reason);
    if (status == POOLGRAD_OK) return check_descriptor(descriptor, error);
    if (error) *error = reason;
    return status;
}

poolgrad_status poolgrad_window_channels(const char *offset_name, int64_t offset, const char *count_name,
                                         int64_t max_count, int64_t channels, int64_t *count, poolgrad_error *error)
{
    if (offset < 0 || offset > POOLGRAD_COORDINATE_LIMIT) {
        return poolgrad_refuse(error, offset_name, "is %" PRId64 "; expected 0 to 2^61", offset);
    }
    if (max_count < 0) return poolgrad_refuse(error, count_name, "is %" PRId64 "; expected at least 0", max_count);
    if (offset > channels || (offset == channels && channels > 0 && max_count > 0)) {
        return poolgrad_refuse(error, offset_name,
                               "is %" PRId64 "; expected less than the image's %" PRId64 " channels", offset, channels);
    }
    *count = poolgrad_min(channels - offset, max_count);
    return POOLGRAD_OK;
}

poolgrad_status poolgrad_channels_behind(int64_t offset, int64_t channels, int64_t *sum, poolgrad_error *error)
{
    if (offset >= 0 && offset <= POOLGRAD_COORDINATE_LIMIT && poolgrad_add(offset, channels, sum)) return POOLGRAD_OK;
    return poolgrad_refuse(error, "destination_feature_channel_offset", "is %" PRId64 "; expected 0 to 2^61", offset);
}

/* ---- Descriptions ------------------------------------------------------------------------------------------------ */

void poolgrad_describe_window(const poolgrad_window *window, bool dilated, struct poolgrad_text *text)
{
    poolgrad_text_print(text, "kernel %" PRId64 "x%" PRId64 ", stride %" PRId64 "x%" PRId64, window->kernel_width,
                        window->kernel_height, window->stride_x, window->stride_y);
    if (!dilated) return;
    poolgrad_text_print(text, ", dilation %" PRId64 "x%" PRId64, window->dilation_x, window->dilation_y);
}

/* `label` may lack its zero. */
void poolgrad_describe_kernel(poolgrad_kind kind, const poolgrad_window *window, const char *suffix, const char *label,
                              struct poolgrad_text *text)
{
    const bool dilated = window->dilation_x != 1 || window->dilation_y != 1;
    const char *name = poolgrad_kind_name(kind);
    poolgrad_text_print(text, "%spooling_%s%s", dilated ? "dilated_" : "", name ? name : "unknown", suffix);
    if (label[0]) poolgrad_text_print(text, " \"%.*s\"", POOLGRAD_LABEL_SIZE, label);
    poolgrad_text_print(text, ": ");
    poolgrad_describe_window(window, dilated, text);
}

void poolgrad_describe_edge_mode(const char *name, poolgrad_edge_mode mode, struct poolgrad_text *text)
{
    const char *word = poolgrad_edge_mode_name(mode);
    if (word)
        poolgrad_text_print(text, ", %s %s, ", name, word);
    else
        poolgrad_text_print(text, ", %s %d, ", name, (int)mode);
}
