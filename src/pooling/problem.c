/* SPDX-License-Identifier: Apache-2.0 */
#include "pooling/problem.h"

#include <inttypes.h>
#include <string.h>

#include "base/growth.h"
#include "base/refusal.h"
#include "geometry/axis.h"
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

void poolgrad_say_depth(poolgrad_problem *problem)
{
    int64_t *const fields[] = {&problem->window.kernel_depth,   &problem->window.stride_z,
                               &problem->window.dilation_z,     &problem->source.depth,
                               &problem->source_gradient.depth, &problem->destination.depth,
                               &problem->indices.depth,         &problem->picks.depth,
                               &problem->gradient_region.depth, &problem->clip.depth};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) *fields[i] = poolgrad_or_one(*fields[i]);
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
    const poolgrad_const_image destination = poolgrad_image_as_const(&p->destination);
    const poolgrad_const_image *outputs = forward ? &destination : &p->source_gradient;
    const poolgrad_window *w = &p->window;
    const struct sized_axis axes[POOLGRAD_AXES] = {
        {forward ? "destination.width" : "source_gradient.width", outputs->width, padding->width, p->source.width,
         pads->left, pads->right, w->kernel_width, w->dilation_x, w->stride_x},
        {forward ? "destination.height" : "source_gradient.height", outputs->height, padding->height, p->source.height,
         pads->top, pads->bottom, w->kernel_height, w->dilation_y, w->stride_y},
        {forward ? "destination.depth" : "source_gradient.depth", poolgrad_or_one(outputs->depth), padding->depth,
         poolgrad_or_one(p->source.depth), pads->front, pads->back, poolgrad_or_one(w->kernel_depth),
         poolgrad_or_one(w->dilation_z), poolgrad_or_one(w->stride_z)}};
    const poolgrad_table *const tables[] = {&p->windows_x, &p->windows_y, &p->windows_z};
    poolgrad_status status = POOLGRAD_OK;
    for (int i = 0; i < POOLGRAD_AXES && status == POOLGRAD_OK; i++) {
        if (!poolgrad_table_is_given(tables[i])) status = check_size(&axes[i], rounding, error);
    }
    return status;
}

/* A table's windows have their places. */
static poolgrad_status check_tables(const poolgrad_problem *p, const poolgrad_pads *pads, poolgrad_error *error)
{
    const struct {
        const char *table;
        bool given;
        const char *name[2];
        int64_t pad[2];
    } axes[] = {
        {"windows_x", poolgrad_table_is_given(&p->windows_x), {"pads.left", "pads.right"}, {pads->left, pads->right}},
        {"windows_y", poolgrad_table_is_given(&p->windows_y), {"pads.top", "pads.bottom"}, {pads->top, pads->bottom}},
        {"windows_z", poolgrad_table_is_given(&p->windows_z), {"pads.front", "pads.back"}, {pads->front, pads->back}}};
    for (int i = 0; i < POOLGRAD_AXES; i++) {
        for (int end = 0; end < 2; end++) {
            if (!axes[i].given || axes[i].pad[end] == 0) continue;
            return poolgrad_refuse(error, axes[i].name[end], "is %" PRId64 "; expected 0: %s has the windows",
                                   axes[i].pad[end], axes[i].table);
        }
    }
    return POOLGRAD_OK;
}

/* An axis with a table keeps its offset of 0. */
static void place(poolgrad_problem *p, const poolgrad_padding *padding)
{
    p->offset_x = poolgrad_table_is_given(&p->windows_x) ? 0 : padding->offset_x;
    p->offset_y = poolgrad_table_is_given(&p->windows_y) ? 0 : padding->offset_y;
    p->offset_z = poolgrad_table_is_given(&p->windows_z) ? 0 : padding->offset_z;
    p->zero_pad_x = padding->zero_pad_x;
    p->zero_pad_y = padding->zero_pad_y;
    p->zero_pad_z = padding->zero_pad_z;
    p->zero_pad_left = padding->zero_pad_left;
    p->zero_pad_top = padding->zero_pad_top;
    p->zero_pad_front = padding->zero_pad_front;
    p->zero_pad_right = padding->zero_pad_right;
    p->zero_pad_bottom = padding->zero_pad_bottom;
    p->zero_pad_back = padding->zero_pad_back;
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
    const struct poolgrad_pads_request request = {pads,
                                                  rounding,
                                                  &known.window,
                                                  {"source.depth", poolgrad_or_one(known.source.depth), "source.height",
                                                   known.source.height, "source.width", known.source.width}};
    status = poolgrad_place_by_pads(&request, &padding, error);
    if (status == POOLGRAD_OK) status = check_tables(&known, pads, error);
    if (status == POOLGRAD_OK) status = check_sizes(&known, pads, rounding, &padding, error);
    if (status != POOLGRAD_OK) return status;
    const poolgrad_problem read = known;
    place(&known, &padding);
    return poolgrad_write_struct(problem, &read, &known, sizeof known, error);
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

/* Every field but struct_size, the tables and the images. */
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
    FIELD(root_mean, INT),
    FIELD(divisor, NUMBER),
    FIELD(zero_pad_left, NUMBER),
    FIELD(zero_pad_top, NUMBER),
    FIELD(zero_pad_front, NUMBER),
    FIELD(zero_pad_right, NUMBER),
    FIELD(zero_pad_bottom, NUMBER),
    FIELD(zero_pad_back, NUMBER),
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

/* What both sides have more is what both have. */
static void unify_pads(int64_t *both, int64_t *before, int64_t *behind)
{
    const int64_t more = poolgrad_min(*before, *behind);
    if (more <= 0 || !poolgrad_add(*both, more, both)) return;
    *before -= more;
    *behind -= more;
}

/* The same, with one value where two say the same. */
static bool read_unified(const void *object, poolgrad_problem *known)
{
    if (!read_known(object, known)) return false;
    poolgrad_say_depth(known);
    if (known->source_gradient.depth <= 1) unify(&known->gradient_region.depth, 1, POOLGRAD_ALL);
    if (known->destination.depth <= 1) unify(&known->clip.depth, 1, POOLGRAD_ALL);
    unify_pads(&known->zero_pad_x, &known->zero_pad_left, &known->zero_pad_right);
    unify_pads(&known->zero_pad_y, &known->zero_pad_top, &known->zero_pad_bottom);
    unify_pads(&known->zero_pad_z, &known->zero_pad_front, &known->zero_pad_back);
    if (known->concurrent_runs == 0) known->concurrent_runs = 1;
    return true;
}

static const char *const table_names[POOLGRAD_AXES] = {"windows_x", "windows_y", "windows_z"};

static void list_tables(const poolgrad_problem *p, poolgrad_table tables[POOLGRAD_AXES])
{
    tables[0] = p->windows_x;
    tables[1] = p->windows_y;
    tables[2] = p->windows_z;
}

/* How many windows can be read. */
static int64_t table_length(const poolgrad_table *table)
{
    return table->spans ? poolgrad_max(table->count, 0) : 0;
}

static bool same_tables(const poolgrad_problem *a, const poolgrad_problem *b)
{
    poolgrad_table one[POOLGRAD_AXES], other[POOLGRAD_AXES];
    list_tables(a, one);
    list_tables(b, other);
    for (int i = 0; i < POOLGRAD_AXES; i++) {
        if (one[i].count != other[i].count || !one[i].spans != !other[i].spans) return false;
        for (int64_t w = 0; w < table_length(&one[i]); w++) {
            const poolgrad_span s = one[i].spans[w], t = other[i].spans[w];
            if (s.first != t.first || s.size != t.size) return false;
        }
    }
    return true;
}

static uint64_t hash_tables(uint64_t sum, const poolgrad_problem *p)
{
    poolgrad_table tables[POOLGRAD_AXES];
    list_tables(p, tables);
    for (int i = 0; i < POOLGRAD_AXES; i++) {
        sum = poolgrad_hash_number(sum, tables[i].count);
        for (int64_t w = 0; w < table_length(&tables[i]); w++) {
            sum = poolgrad_hash_number(sum, tables[i].spans[w].first);
            sum = poolgrad_hash_number(sum, tables[i].spans[w].size);
        }
    }
    return sum;
}

static bool equal(const void *a, const void *b)
{
    poolgrad_problem one, other;
    poolgrad_const_image images[IMAGES], others[IMAGES];
    if (!read_unified(a, &one) || !read_unified(b, &other)) return false;
    for (int i = 0; i < FIELDS; i++) {
        if (value_of(&one, &fields[i]) != value_of(&other, &fields[i])) return false;
    }
    if (!same_tables(&one, &other)) return false;
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
    sum = hash_tables(sum, &known);
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

static void describe_tables(const poolgrad_problem *problem, struct poolgrad_text *text)
{
    poolgrad_table tables[POOLGRAD_AXES];
    list_tables(problem, tables);
    for (int i = 0; i < POOLGRAD_AXES; i++) {
        if (poolgrad_table_is_given(&tables[i])) {
            poolgrad_text_print(text, ", %s of %" PRId64, table_names[i], tables[i].count);
        }
    }
}

/* Pairs of first pixel and size. */
static void write_tables(const poolgrad_problem *problem, struct poolgrad_text *text)
{
    poolgrad_table tables[POOLGRAD_AXES];
    list_tables(problem, tables);
    for (int i = 0; i < POOLGRAD_AXES; i++) {
        if (!poolgrad_table_is_given(&tables[i])) continue;
        poolgrad_json_open(text, table_names[i], '[');
        for (int64_t w = 0; w < table_length(&tables[i]); w++) {
            poolgrad_json_open(text, NULL, '[');
            poolgrad_json_number(text, NULL, tables[i].spans[w].first);
            poolgrad_json_number(text, NULL, tables[i].spans[w].size);
            poolgrad_json_close(text, ']');
        }
        poolgrad_json_close(text, ']');
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
    describe_tables(&known, text);
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
        write_tables(&known, text);
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
