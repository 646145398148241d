/* SPDX-License-Identifier: Apache-2.0 */
#include "pooling/problem.h"

#include <inttypes.h>
#include <string.h>

#include "base/growth.h"
#include "base/refusal.h"
#include "geometry/pads.h"
#include "image/content.h"
#include "text/typed.h"

static poolgrad_problem neutral(void)
{
    const poolgrad_region everything = {
        .width = POOLGRAD_ALL, .height = POOLGRAD_ALL, .depth = POOLGRAD_ALL, .images = POOLGRAD_ALL};
    return (poolgrad_problem){.window = {1, 1, 1, 1, 1, 1, 1, 1, 1},
                              .edge_mode = POOLGRAD_EDGE_CLAMP,
                              .gradient_region = everything,
                              .clip = everything,
                              .source_channel_count = POOLGRAD_ALL,
                              .gradient_channel_count = POOLGRAD_ALL};
}

/* Writes no more than the caller's struct, which may be older or newer than this one. */
void poolgrad_problem_init(poolgrad_problem *problem, size_t struct_size)
{
    poolgrad_problem made = neutral();
    made.struct_size = struct_size;
    memset(problem, 0, struct_size);
    memcpy(problem, &made, struct_size < sizeof made ? struct_size : sizeof made);
}

poolgrad_status poolgrad_read_problem(const poolgrad_problem *problem, poolgrad_problem *known, poolgrad_error *error)
{
    *known = neutral();
    if (!problem) return poolgrad_refuse(error, "problem", "is null; expected a problem");
    return poolgrad_read_struct(problem, known, sizeof *known, NULL, "poolgrad_problem_init", error);
}

/* ---- Placement by pads ------------------------------------------------------------------------------------------- */

/* One axis, for the sentence that says which size a forward call gives. */
struct sized_axis {
    const char *field;
    int64_t size, expected, source, before, behind, kernel, dilation, stride;
};

static poolgrad_status check_size(const struct sized_axis *axis, poolgrad_rounding rounding, poolgrad_error *error)
{
    if (axis->size == axis->expected) return POOLGRAD_OK;
    return poolgrad_refuse(error, axis->field,
                           "is %" PRId64 "; expected %" PRId64 ", what a source of %" PRId64 " gives with pads %" PRId64
                           " and %" PRId64 ", kernel %" PRId64 ", dilation %" PRId64 ", stride %" PRId64
                           " and rounding %s",
                           axis->size, axis->expected, axis->source, axis->before, axis->behind, axis->kernel,
                           axis->dilation, axis->stride, poolgrad_rounding_name(rounding));
}

static poolgrad_status check_sizes(const poolgrad_problem *p, const poolgrad_pads *pads, poolgrad_rounding rounding,
                                   const poolgrad_padding *padding, poolgrad_error *error)
{
    const bool forward = p->direction == POOLGRAD_FORWARD;
    const poolgrad_window *w = &p->window;
    const struct sized_axis x = {forward ? "destination.width" : "source_gradient.width",
                                 forward ? p->destination.width : p->source_gradient.width,
                                 padding->width,
                                 p->source.width,
                                 pads->left,
                                 pads->right,
                                 w->kernel_width,
                                 w->dilation_x,
                                 w->stride_x};
    const struct sized_axis y = {forward ? "destination.height" : "source_gradient.height",
                                 forward ? p->destination.height : p->source_gradient.height,
                                 padding->height,
                                 p->source.height,
                                 pads->top,
                                 pads->bottom,
                                 w->kernel_height,
                                 w->dilation_y,
                                 w->stride_y};
    poolgrad_status status = check_size(&x, rounding, error);
    return status == POOLGRAD_OK ? check_size(&y, rounding, error) : status;
}

poolgrad_status poolgrad_problem_set_pads(poolgrad_problem *problem, const poolgrad_pads *pads,
                                          poolgrad_rounding rounding, poolgrad_error *error)
{
    poolgrad_problem known;
    poolgrad_padding padding;
    poolgrad_status status = poolgrad_read_problem(problem, &known, error);
    if (status != POOLGRAD_OK) return status;
    if (!poolgrad_direction_name(known.direction)) {
        return poolgrad_refuse(error, "direction", "is %d; expected forward (0) or gradient (1)", (int)known.direction);
    }
    const struct poolgrad_pads_request request = {
        pads, rounding, &known.window, "source.height", known.source.height, "source.width", known.source.width};
    status = poolgrad_place_by_pads(&request, &padding, error);
    if (status == POOLGRAD_OK) status = check_sizes(&known, pads, rounding, &padding, error);
    if (status != POOLGRAD_OK) return status;
    known.offset_x = padding.offset_x;
    known.offset_y = padding.offset_y;
    known.zero_pad_x = padding.zero_pad_x;
    known.zero_pad_y = padding.zero_pad_y;
    poolgrad_write_struct(problem, &known, sizeof known);
    return POOLGRAD_OK;
}

/* ---- Equality, hashes, texts ------------------------------------------------------------------------------------- */

enum field_type {
    NUMBER,
    EXTENT,
    INT,
    DIRECTION,
    KIND,
    EDGE_MODE,
    TIE_RULE,
    NAN_RULE,
    ACCUMULATOR,
    MAPPING,
    ISA,
    MODE
};

/* Every field but struct_size and the images. */
static const struct field {
    const char *name;
    size_t offset;
    enum field_type type;
} fields[] = {
#define FIELD(name, type)                                                                                              \
    {                                                                                                                  \
#name, offsetof(poolgrad_problem, name), type                                                                  \
    }
    FIELD(direction, DIRECTION),
    FIELD(kind, KIND),
    FIELD(window.kernel_width, NUMBER),
    FIELD(window.kernel_height, NUMBER),
    FIELD(window.kernel_depth, NUMBER),
    FIELD(window.stride_x, NUMBER),
    FIELD(window.stride_y, NUMBER),
    FIELD(window.stride_z, NUMBER),
    FIELD(window.dilation_x, NUMBER),
    FIELD(window.dilation_y, NUMBER),
    FIELD(window.dilation_z, NUMBER),
    FIELD(offset_x, NUMBER),
    FIELD(offset_y, NUMBER),
    FIELD(offset_z, NUMBER),
    FIELD(offset_image, NUMBER),
    FIELD(kernel_offset_x, NUMBER),
    FIELD(kernel_offset_y, NUMBER),
    FIELD(kernel_offset_z, NUMBER),
    FIELD(edge_mode, EDGE_MODE),
    FIELD(zero_pad_x, NUMBER),
    FIELD(zero_pad_y, NUMBER),
    FIELD(zero_pad_z, NUMBER),
    FIELD(ties, TIE_RULE),
    FIELD(nan, NAN_RULE),
    FIELD(accumulator, ACCUMULATOR),
    FIELD(gradient_region.x, NUMBER),
    FIELD(gradient_region.y, NUMBER),
    FIELD(gradient_region.z, NUMBER),
    FIELD(gradient_region.width, EXTENT),
    FIELD(gradient_region.height, EXTENT),
    FIELD(gradient_region.depth, EXTENT),
    FIELD(gradient_region.image, NUMBER),
    FIELD(gradient_region.images, EXTENT),
    FIELD(clip.x, NUMBER),
    FIELD(clip.y, NUMBER),
    FIELD(clip.z, NUMBER),
    FIELD(clip.width, EXTENT),
    FIELD(clip.height, EXTENT),
    FIELD(clip.depth, EXTENT),
    FIELD(clip.image, NUMBER),
    FIELD(clip.images, EXTENT),
    FIELD(mapping, MAPPING),
    FIELD(source_channel_offset, NUMBER),
    FIELD(source_channel_count, EXTENT),
    FIELD(gradient_channel_offset, NUMBER),
    FIELD(gradient_channel_count, EXTENT),
    FIELD(destination_channel_offset, NUMBER),
    FIELD(add_to_destination, INT),
    FIELD(threads, INT),
    FIELD(max_isa, ISA),
    FIELD(mode, MODE),
    FIELD(concurrent_runs, INT),
#undef FIELD
};

enum { FIELDS = sizeof fields / sizeof *fields, IMAGES = 5 };

/* Enumerations have int's size and values. */
static int64_t value_of(const poolgrad_problem *problem, const struct field *field)
{
    const unsigned char *at = (const unsigned char *)problem + field->offset;
    int64_t number;
    int value;
    if (field->type == NUMBER || field->type == EXTENT) {
        memcpy(&number, at, sizeof number);
        return number;
    }
    memcpy(&value, at, sizeof value);
    return value;
}

static const char *word_of(enum field_type type, int64_t value)
{
    switch (type) {
    case DIRECTION: return poolgrad_direction_name((poolgrad_direction)value);
    case KIND: return poolgrad_kind_name((poolgrad_kind)value);
    case EDGE_MODE: return poolgrad_edge_mode_name((poolgrad_edge_mode)value);
    case TIE_RULE: return poolgrad_tie_rule_name((poolgrad_tie_rule)value);
    case NAN_RULE: return poolgrad_nan_rule_name((poolgrad_nan_rule)value);
    case ACCUMULATOR: return poolgrad_accumulator_name((poolgrad_accumulator)value);
    case MAPPING: return poolgrad_mapping_name((poolgrad_mapping)value);
    case ISA: return poolgrad_isa_name((poolgrad_isa)value);
    case MODE: return poolgrad_mode_name((poolgrad_mode)value);
    default: return NULL;
    }
}

static const char *const image_names[IMAGES] = {"source", "source_gradient", "destination", "indices", "picks"};

static void list_images(const poolgrad_problem *p, poolgrad_const_image images[IMAGES])
{
    images[0] = p->source;
    images[1] = p->source_gradient;
    images[2] = poolgrad_image_as_const(&p->destination);
    images[3] = p->indices;
    images[4] = poolgrad_image_as_const(&p->picks);
}

static bool is_absent(const poolgrad_const_image *image)
{
    return !image->data && image->format == POOLGRAD_FORMAT_NONE && image->images == 0 && image->channels == 0 &&
           image->height == 0 && image->width == 0;
}

/* One that cannot be read, because no initializer made it, is told apart from all others by nothing. */
static bool read_known(const void *object, poolgrad_problem *known)
{
    return poolgrad_read_problem(object, known, NULL) == POOLGRAD_OK;
}

static void unify(int64_t *value, int64_t from, int64_t to)
{
    if (*value == from) *value = to;
}

/* The same, with one value where two say the same. */
static bool read_unified(const void *object, poolgrad_problem *known)
{
    if (!read_known(object, known)) return false;
    unify(&known->window.kernel_depth, 0, 1);
    unify(&known->window.stride_z, 0, 1);
    unify(&known->window.dilation_z, 0, 1);
    unify(&known->gradient_region.depth, 1, POOLGRAD_ALL);
    unify(&known->clip.depth, 1, POOLGRAD_ALL);
    if (known->concurrent_runs == 0) known->concurrent_runs = 1;
    return true;
}

static bool equal(const void *a, const void *b)
{
    poolgrad_problem one, other;
    poolgrad_const_image images[IMAGES], others[IMAGES];
    if (!read_unified(a, &one) || !read_unified(b, &other)) return false;
    for (int i = 0; i < FIELDS; i++) {
        if (value_of(&one, &fields[i]) != value_of(&other, &fields[i])) return false;
    }
    list_images(&one, images);
    list_images(&other, others);
    for (int i = 0; i < IMAGES; i++) {
        if (!poolgrad_const_image_equal(&images[i], &others[i])) return false;
    }
    return true;
}

static uint64_t hash(const void *object)
{
    poolgrad_problem known;
    poolgrad_const_image images[IMAGES];
    uint64_t sum = poolgrad_hash_begin("problem");
    if (!read_unified(object, &known)) return sum;
    for (int i = 0; i < FIELDS; i++) sum = poolgrad_hash_number(sum, value_of(&known, &fields[i]));
    list_images(&known, images);
    for (int i = 0; i < IMAGES; i++) sum = poolgrad_hash_sizes(sum, &images[i]);
    return sum;
}

static void write_field(struct poolgrad_text *text, const struct field *field, int64_t value)
{
    const char *word = word_of(field->type, value);
    if (word)
        poolgrad_json_string(text, field->name, word);
    else if (field->type == EXTENT)
        poolgrad_json_extent(text, field->name, value);
    else
        poolgrad_json_number(text, field->name, value);
}

/* Of the fields those that are not neutral. */
static void describe_fields(const poolgrad_problem *problem, struct poolgrad_text *text)
{
    const poolgrad_problem usual = neutral();
    for (int i = 0; i < FIELDS; i++) {
        const int64_t value = value_of(problem, &fields[i]);
        const char *word = word_of(fields[i].type, value);
        if (fields[i].type == DIRECTION || fields[i].type == KIND || value == value_of(&usual, &fields[i])) continue;
        if (word)
            poolgrad_text_print(text, ", %s %s", fields[i].name, word);
        else
            poolgrad_text_print(text, ", %s %" PRId64, fields[i].name, value);
    }
}

static void describe(const void *object, struct poolgrad_text *text)
{
    poolgrad_problem known;
    poolgrad_const_image images[IMAGES];
    if (!read_known(object, &known)) {
        poolgrad_text_print(text, "problem: not made by poolgrad_problem_init");
        return;
    }
    const char *direction = poolgrad_direction_name(known.direction), *kind = poolgrad_kind_name(known.kind);
    poolgrad_text_print(text, "problem: %s %s", direction ? direction : "no direction", kind ? kind : "no kind");
    describe_fields(&known, text);
    list_images(&known, images);
    for (int i = 0; i < IMAGES; i++) {
        if (is_absent(&images[i])) continue;
        poolgrad_text_print(text, "; %s ", image_names[i]);
        poolgrad_describe_sizes(&images[i], text);
    }
}

static void write_json(const void *object, struct poolgrad_text *text)
{
    poolgrad_problem known;
    poolgrad_const_image images[IMAGES];
    poolgrad_json_open(text, NULL, '{');
    poolgrad_json_string(text, "class", "problem");
    if (read_known(object, &known)) {
        for (int i = 0; i < FIELDS; i++) write_field(text, &fields[i], value_of(&known, &fields[i]));
        list_images(&known, images);
        for (int i = 0; i < IMAGES; i++) {
            if (is_absent(&images[i])) continue;
            poolgrad_json_open(text, image_names[i], '{');
            poolgrad_write_image(&images[i], text);
            poolgrad_json_close(text, '}');
        }
    }
    poolgrad_json_close(text, '}');
}

static const struct poolgrad_type type = {equal, hash, describe, write_json};

POOLGRAD_TYPED(poolgrad_problem, type);
