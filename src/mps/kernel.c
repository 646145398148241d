/* SPDX-License-Identifier: Apache-2.0 */
/* What forward and gradient kernels share. */
#include "mps/kernel.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "geometry/axis.h"
#include "image/format.h"
#include "pooling/plan.h"

const char *const poolgrad_kind_names[3] = {"average", "max", "l2norm"};
const char *const poolgrad_edge_mode_names[2] = {"zero", "clamp"};
const char *const poolgrad_tie_names[4] = {"first", "last", "all", "split"};
const char *const poolgrad_nan_names[3] = {"first", "last", "ignore"};
const char *const poolgrad_accumulator_names[2] = {"float32", "float64"};

void poolgrad_context_init(poolgrad_context *context, size_t struct_size)
{
    memset(context, 0, struct_size);
    if (struct_size >= sizeof context->struct_size) context->struct_size = struct_size;
}

/* ---- Refusals ---------------------------------------------------------------------------------------------------- */

/* A field that ends in a dot stands for all that begin with it. */
struct name {
    const char *field, *forward, *gradient;
};

static const struct name names[] = {
    {"window.kernel_width", "kernel_width", "kernel_width"},
    {"window.kernel_height", "kernel_height", "kernel_height"},
    {"window.stride_x", "stride_in_pixels_x", "stride_in_pixels_x"},
    {"window.stride_y", "stride_in_pixels_y", "stride_in_pixels_y"},
    {"window.dilation_x", "dilation_rate_x", "dilation_rate_x"},
    {"window.dilation_y", "dilation_rate_y", "dilation_rate_y"},
    {"offset_x", "offset.x", "secondary_offset.x"},
    {"offset_y", "offset.y", "secondary_offset.y"},
    {"offset_z", "offset.z", "secondary_offset.z"},
    {"edge_mode", "edge_mode", "secondary_edge_mode"},
    {"zero_pad_x", "zero_pad_size_x", "zero_pad_size_x"},
    {"zero_pad_y", "zero_pad_size_y", "zero_pad_size_y"},
    {"gradient_region.x", NULL, "primary_offset.x"},
    {"gradient_region.y", NULL, "primary_offset.y"},
    {"gradient_region.z", NULL, "primary_offset.z"},
    {"gradient_region.width", NULL, "source_size.width"},
    {"gradient_region.height", NULL, "source_size.height"},
    {"gradient_region.depth", NULL, "source_size.depth"},
    {"clip.x", "clip_rect.x", "clip_rect.x"},
    {"clip.y", "clip_rect.y", "clip_rect.y"},
    {"clip.z", "clip_rect.z", "clip_rect.z"},
    {"clip.width", "clip_rect.width", "clip_rect.width"},
    {"clip.height", "clip_rect.height", "clip_rect.height"},
    {"clip.depth", "clip_rect.depth", "clip_rect.depth"},
    {"source_channel_offset", "source_feature_channel_offset", "secondary_source_feature_channel_offset"},
    {"source_channel_count", "source_feature_channel_max_count", "secondary_source_feature_channel_max_count"},
    {"gradient_channel_offset", NULL, "primary_source_feature_channel_offset"},
    {"gradient_channel_count", NULL, "primary_source_feature_channel_max_count"},
    {"destination_channel_offset", "destination_feature_channel_offset", "destination_feature_channel_offset"},
    {"source.", NULL, "source_image."},
    {"source_width", "source.width", "source_image.width"},
    {"source_height", "source.height", "source_image.height"},
    {"gradient_width", NULL, "source_gradient.width"},
    {"gradient_height", NULL, "source_gradient.height"},
    {"method", "padding.method", "padding.method"},
};

/* The sentence with another beginning; its end is cut where both are too long. */
static void replace_beginning(poolgrad_error *error, size_t old_length, const char *beginning)
{
    char message[2 * sizeof error->message];
    snprintf(message, sizeof message, "%s%s", beginning, error->message + old_length);
    message[sizeof error->message - 1] = '\0';
    memcpy(error->message, message, sizeof error->message);
}

static bool is_named(const char *field, const struct name *name, size_t length)
{
    return strncmp(field, name->field, length) == 0 && (name->field[length - 1] == '.' || field[length] == '\0');
}

void poolgrad_rename_field(poolgrad_direction direction, poolgrad_error *error)
{
    char field[2 * sizeof error->field];
    if (!error) return;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *name = direction == POOLGRAD_FORWARD ? names[i].forward : names[i].gradient;
        const size_t length = strlen(names[i].field);
        if (!name || !is_named(error->field, &names[i], length)) continue;
        if (strncmp(error->message, names[i].field, length) == 0) replace_beginning(error, length, name);
        snprintf(field, sizeof field, "%s%s", name, error->field + length);
        field[sizeof error->field - 1] = '\0';
        memcpy(error->field, field, sizeof error->field);
        return;
    }
}

void poolgrad_prefix_error(poolgrad_error *error, const char *what)
{
    char beginning[sizeof error->message];
    if (!error) return;
    snprintf(beginning, sizeof beginning, "%s: ", what);
    replace_beginning(error, 0, beginning);
}

poolgrad_status poolgrad_check_made(const void *isa, const struct poolgrad_class *expected, size_t struct_size,
                                    size_t size, poolgrad_error *error)
{
    if (isa != expected) {
        return poolgrad_refuse(error, "kernel", "has no class; expected one that an initializer of its type has made");
    }
    if (struct_size == size) return POOLGRAD_OK;
    return poolgrad_refuse(error, "struct_size", "is %zu; expected %zu, set by the initializer", struct_size, size);
}

poolgrad_status poolgrad_check_quads(const char *name, int64_t offset, poolgrad_error *error)
{
    if (offset % 4 == 0) return POOLGRAD_OK;
    return poolgrad_refuse(error, name, "is %" PRId64 "; expected a multiple of 4", offset);
}

/* ---- Descriptions ------------------------------------------------------------------------------------------------ */

void poolgrad_write_offset(const char *name, const poolgrad_offset *offset, struct poolgrad_text *text)
{
    poolgrad_json_open(text, name, '{');
    poolgrad_json_number(text, "x", offset->x);
    poolgrad_json_number(text, "y", offset->y);
    poolgrad_json_number(text, "z", offset->z);
    poolgrad_json_close(text, '}');
}

void poolgrad_write_region(const char *name, const poolgrad_region *region, struct poolgrad_text *text)
{
    poolgrad_json_open(text, name, '{');
    poolgrad_json_number(text, "x", region->x);
    poolgrad_json_number(text, "y", region->y);
    poolgrad_json_number(text, "z", region->z);
    poolgrad_json_extent(text, "width", region->width);
    poolgrad_json_extent(text, "height", region->height);
    poolgrad_json_extent(text, "depth", region->depth);
    poolgrad_json_close(text, '}');
}

void poolgrad_write_allocator(const char *name, const poolgrad_image_allocator *allocator, struct poolgrad_text *text)
{
    poolgrad_json_string(text, name, allocator->allocate || allocator->release ? "custom" : "default");
}

/* `label` may lack its zero. */
void poolgrad_describe_kernel(poolgrad_kind kind, bool dilated, const char *suffix, const char *label,
                              struct poolgrad_text *text)
{
    const bool known = (int)kind >= 0 && (int)kind < 3;
    poolgrad_text_print(text, "%spooling_%s%s", dilated ? "dilated_" : "",
                        known ? poolgrad_kind_names[kind] : "unknown", suffix);
    if (label[0]) poolgrad_text_print(text, " \"%.*s\"", POOLGRAD_LABEL_SIZE, label);
    poolgrad_text_print(text, ": ");
}

void poolgrad_describe_window(const poolgrad_window *window, bool dilated, struct poolgrad_text *text)
{
    poolgrad_text_print(text, "kernel %" PRId64 "x%" PRId64 ", stride %" PRId64 "x%" PRId64, window->kernel_width,
                        window->kernel_height, window->stride_x, window->stride_y);
    if (!dilated) return;
    poolgrad_text_print(text, ", dilation %" PRId64 "x%" PRId64, window->dilation_x, window->dilation_y);
}

void poolgrad_describe_edge_mode(const char *name, poolgrad_edge_mode mode, struct poolgrad_text *text)
{
    if (mode == POOLGRAD_EDGE_ZERO || mode == POOLGRAD_EDGE_CLAMP)
        poolgrad_text_print(text, ", %s %s, ", name, poolgrad_edge_mode_names[mode]);
    else
        poolgrad_text_print(text, ", %s %d, ", name, (int)mode);
}

void poolgrad_write_window(const poolgrad_window *window, struct poolgrad_text *text)
{
    poolgrad_json_number(text, "kernel_width", window->kernel_width);
    poolgrad_json_number(text, "kernel_height", window->kernel_height);
    poolgrad_json_number(text, "stride_in_pixels_x", window->stride_x);
    poolgrad_json_number(text, "stride_in_pixels_y", window->stride_y);
    poolgrad_json_number(text, "dilation_rate_x", window->dilation_x);
    poolgrad_json_number(text, "dilation_rate_y", window->dilation_y);
}

void poolgrad_describe_properties(const struct poolgrad_property *properties, size_t count, struct poolgrad_text *text)
{
    for (size_t i = 0; i < count; i++) {
        if (properties[i].value == properties[i].usual) continue;
        poolgrad_text_print(text, ", %s %" PRId64, properties[i].name, properties[i].value);
    }
}

static void describe_rule(const char *name, const char *const *words, int count, int value, struct poolgrad_text *text)
{
    if (value > 0 && value < count)
        poolgrad_text_print(text, ", %s %s", name, words[value]);
    else if (value != 0)
        poolgrad_text_print(text, ", %s %d", name, value);
}

void poolgrad_describe_rules(poolgrad_tie_rule ties, poolgrad_nan_rule nan, poolgrad_accumulator accumulator,
                             struct poolgrad_text *text)
{
    describe_rule("ties", poolgrad_tie_names, 4, (int)ties, text);
    describe_rule("nan", poolgrad_nan_names, 3, (int)nan, text);
    describe_rule("accumulator", poolgrad_accumulator_names, 2, (int)accumulator, text);
}

void poolgrad_write_rules(poolgrad_tie_rule ties, poolgrad_nan_rule nan, poolgrad_accumulator accumulator,
                          const char *label, struct poolgrad_text *text)
{
    char ended[POOLGRAD_LABEL_SIZE + 1];
    snprintf(ended, sizeof ended, "%.*s", POOLGRAD_LABEL_SIZE, label);
    poolgrad_json_enum(text, "ties", poolgrad_tie_names, 4, (int)ties);
    poolgrad_json_enum(text, "nan", poolgrad_nan_names, 3, (int)nan);
    poolgrad_json_enum(text, "accumulator", poolgrad_accumulator_names, 2, (int)accumulator);
    poolgrad_json_string(text, "label", ended);
}

bool poolgrad_same_parts(const struct poolgrad_kernel_parts *a, const struct poolgrad_kernel_parts *b)
{
    return poolgrad_same_policy(a->padding, b->padding) && poolgrad_same_allocator(a->allocator, b->allocator) &&
           strncmp(a->label, b->label, POOLGRAD_LABEL_SIZE) == 0;
}

uint64_t poolgrad_hash_parts(uint64_t hash, const struct poolgrad_kernel_parts *parts)
{
    char label[POOLGRAD_LABEL_SIZE + 1];
    snprintf(label, sizeof label, "%.*s", POOLGRAD_LABEL_SIZE, parts->label);
    hash = poolgrad_hash_number(hash, (int64_t)poolgrad_hash(parts->padding));
    return poolgrad_hash_string(poolgrad_hash_allocator(hash, parts->allocator), label);
}

uint64_t poolgrad_hash_numbers(uint64_t hash, const int64_t *numbers, size_t count)
{
    for (size_t i = 0; i < count; i++) hash = poolgrad_hash_number(hash, numbers[i]);
    return hash;
}

/* ---- Images ------------------------------------------------------------------------------------------------------ */

poolgrad_format poolgrad_result_format(poolgrad_format source)
{
    return source == POOLGRAD_UNORM8 || source == POOLGRAD_UNORM16 ? POOLGRAD_FLOAT32 : source;
}

poolgrad_status poolgrad_check_result_format(poolgrad_format format, const char *field, poolgrad_error *error)
{
    const char *name = poolgrad_format_name(format);
    if (format == POOLGRAD_FLOAT16 || format == POOLGRAD_BFLOAT16 || format == POOLGRAD_FLOAT32 ||
        format == POOLGRAD_FLOAT64) {
        return POOLGRAD_OK;
    }
    return poolgrad_refuse(error, field, "is %d (%s); expected float16, bfloat16, float32 or float64", (int)format,
                           name ? name : "no format");
}

poolgrad_status poolgrad_check_descriptor(poolgrad_image *descriptor, poolgrad_error *error)
{
    descriptor->data = NULL;
    descriptor->image_stride = descriptor->channel_stride = descriptor->row_stride = descriptor->column_stride = 0;
    poolgrad_status status = poolgrad_check_result_format(descriptor->format, "descriptor.format", error);
    return status == POOLGRAD_OK ? poolgrad_image_check_sizes(descriptor, "descriptor", error) : status;
}

poolgrad_status poolgrad_ask_policy(const poolgrad_padding_policy *policy, const poolgrad_padding_request *request,
                                    poolgrad_image *descriptor, poolgrad_error *error)
{
    poolgrad_error reason;
    if (!(policy->method & POOLGRAD_PADDING_CUSTOM)) return POOLGRAD_OK;
    poolgrad_refuse(&reason, "padding", "is a custom policy that refuses without a reason");
    poolgrad_status status = policy->callback(policy->context, request, descriptor, &reason);
    if (status != POOLGRAD_OK && error) *error = reason;
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

poolgrad_status poolgrad_check_batch(int64_t count, const void *sources, const char *sources_name,
                                     const void *destinations, poolgrad_error *error)
{
    if (count < 0) return poolgrad_refuse(error, "count", "is %" PRId64 "; expected at least 0", count);
    if (count > 0 && (!sources || !destinations)) {
        return poolgrad_refuse(error, sources ? "destinations" : sources_name, "are null; expected an array");
    }
    return POOLGRAD_OK;
}

poolgrad_status poolgrad_blame_element(int64_t element, poolgrad_status status, poolgrad_error *error)
{
    char name[64];
    if (status == POOLGRAD_OK) return status;
    snprintf(name, sizeof name, "batch element %" PRId64, element);
    poolgrad_prefix_error(error, name);
    return status;
}

/* ---- Running ----------------------------------------------------------------------------------------------------- */

void poolgrad_fill_context(const poolgrad_context *context, poolgrad_problem *problem)
{
    if (!context) return;
    problem->threads = context->threads;
    problem->max_isa = context->max_isa;
    problem->mode = context->mode;
}

poolgrad_status poolgrad_check_context(const poolgrad_context *context, poolgrad_error *error)
{
    if (!context || context->struct_size == sizeof *context) return POOLGRAD_OK;
    return poolgrad_refuse(error, "context.struct_size", "is %zu; expected %zu, set by poolgrad_context_init",
                           context->struct_size, sizeof *context);
}

static bool writes_all(const struct poolgrad_geometry *g)
{
    const poolgrad_image *d = &g->destination;
    return g->images.begin == 0 && g->images.end == d->images && g->channels.begin == 0 &&
           g->channels.end == d->channels && g->rows.begin == 0 && g->rows.end == d->height && g->columns.begin == 0 &&
           g->columns.end == d->width;
}

poolgrad_status poolgrad_run_trusted(const poolgrad_problem *problem, bool is_new, poolgrad_error *error)
{
    struct poolgrad_plan plan;
    poolgrad_status status = poolgrad_plan_make(problem, &plan, error);
    if (status != POOLGRAD_OK) return status;
    if (is_new && !problem->add_to_destination && !writes_all(&plan.geometry))
        poolgrad_image_clear(&problem->destination);
    poolgrad_plan_run(&plan);
    poolgrad_plan_free_memory(&plan);
    return POOLGRAD_OK;
}

poolgrad_status poolgrad_image_copy(const poolgrad_image *source, const poolgrad_image *destination,
                                    const poolgrad_context *context, poolgrad_error *error)
{
    poolgrad_problem problem;
    poolgrad_status status = poolgrad_check_context(context, error);
    if (status != POOLGRAD_OK) return status;
    if (!source || !destination) {
        return poolgrad_refuse(error, source ? "destination" : "source", "is null; expected an image");
    }
    if (source->images != destination->images || source->channels != destination->channels ||
        source->height != destination->height || source->width != destination->width) {
        return poolgrad_refuse(error, "destination",
                               "has %" PRId64 " images of %" PRId64 " channels, %" PRId64 "x%" PRId64
                               " pixels; expected %" PRId64 " of %" PRId64 ", %" PRId64 "x%" PRId64 " as the source",
                               destination->images, destination->channels, destination->width, destination->height,
                               source->images, source->channels, source->width, source->height);
    }
    poolgrad_problem_init(&problem, sizeof problem);
    problem.kind = POOLGRAD_MAX; /* of one tap: its value, a zero's sign included */
    problem.source = *source;
    problem.destination = *destination;
    poolgrad_fill_context(context, &problem);
    return poolgrad_run_trusted(&problem, false, error);
}
