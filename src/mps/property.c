/* SPDX-License-Identifier: Apache-2.0 */
#include "mps/property.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define POOLGRAD_INT_SIZE(type) (sizeof(type) == sizeof(int))
_Static_assert(POOLGRAD_INT_SIZE(poolgrad_kind) && POOLGRAD_INT_SIZE(poolgrad_edge_mode) &&
                   POOLGRAD_INT_SIZE(poolgrad_tie_rule) && POOLGRAD_INT_SIZE(poolgrad_nan_rule) &&
                   POOLGRAD_INT_SIZE(poolgrad_accumulator) && POOLGRAD_INT_SIZE(poolgrad_format) &&
                   sizeof(poolgrad_padding_method) == sizeof(int),
               "words are ints");

/* ---- Words ------------------------------------------------------------------------------------------------------- */

const char *poolgrad_kind_word(int value)
{
    return poolgrad_kind_name((poolgrad_kind)value);
}

const char *poolgrad_edge_mode_word(int value)
{
    return poolgrad_edge_mode_name((poolgrad_edge_mode)value);
}

const char *poolgrad_ties_word(int value)
{
    return poolgrad_tie_rule_name((poolgrad_tie_rule)value);
}

const char *poolgrad_nan_word(int value)
{
    return poolgrad_nan_rule_name((poolgrad_nan_rule)value);
}

const char *poolgrad_accumulator_word(int value)
{
    return poolgrad_accumulator_name((poolgrad_accumulator)value);
}

const char *poolgrad_format_word(int value)
{
    return value == POOLGRAD_FORMAT_NONE ? "none" : poolgrad_format_name((poolgrad_format)value);
}

/* ---- Fields ------------------------------------------------------------------------------------------------------ */

size_t poolgrad_property_size(enum poolgrad_property_type type)
{
    switch (type) {
    case POOLGRAD_PROPERTY_INTEGER:
    case POOLGRAD_PROPERTY_EXTENT: return sizeof(int64_t);
    case POOLGRAD_PROPERTY_FLAG:
    case POOLGRAD_PROPERTY_WORD: return sizeof(int);
    case POOLGRAD_PROPERTY_METHOD: return sizeof(poolgrad_padding_method);
    case POOLGRAD_PROPERTY_CALLBACK: return sizeof(poolgrad_padding_callback);
    case POOLGRAD_PROPERTY_ADDRESS: return sizeof(void *);
    case POOLGRAD_PROPERTY_LABEL: return POOLGRAD_LABEL_SIZE;
    case POOLGRAD_PROPERTY_ALLOCATOR: return sizeof(poolgrad_image_allocator);
    default: return 0;
    }
}

/* A field that is a number; 0 of others. */
static int64_t number_of(const struct poolgrad_property *row, const void *field)
{
    int64_t number = 0;
    int word = 0;
    poolgrad_padding_method method = 0;
    switch (row->type) {
    case POOLGRAD_PROPERTY_INTEGER:
    case POOLGRAD_PROPERTY_EXTENT: memcpy(&number, field, sizeof number); return number;
    case POOLGRAD_PROPERTY_FLAG: memcpy(&word, field, sizeof word); return word != 0;
    case POOLGRAD_PROPERTY_WORD: memcpy(&word, field, sizeof word); return word;
    case POOLGRAD_PROPERTY_METHOD: memcpy(&method, field, sizeof method); return method;
    default: return 0;
    }
}

static const void *at(const void *object, const struct poolgrad_property *row)
{
    return (const char *)object + row->place;
}

/* Of numbers. */
static bool is_wide(const struct poolgrad_property *row)
{
    return row->type == POOLGRAD_PROPERTY_INTEGER || row->type == POOLGRAD_PROPERTY_EXTENT;
}

void poolgrad_properties_reset(const struct poolgrad_property *table, void *object)
{
    for (const struct poolgrad_property *row = table; row->name; row++) {
        if (row->usual == 0) continue;
        const int word = (int)row->usual;
        if (is_wide(row))
            memcpy((char *)object + row->place, &row->usual, sizeof row->usual);
        else
            memcpy((char *)object + row->place, &word, sizeof word);
    }
}

void poolgrad_properties_fill(const struct poolgrad_property *table, const void *object, poolgrad_problem *problem)
{
    for (const struct poolgrad_property *row = table; row->name; row++) {
        if (!row->problem) continue;
        if (is_wide(row))
            memcpy((char *)problem + row->problem_place, at(object, row), sizeof(int64_t));
        else
            memcpy((char *)problem + row->problem_place, at(object, row), sizeof(int));
    }
}

/* ---- Equality and hashes ----------------------------------------------------------------------------------------- */

bool poolgrad_same_string(const char *a, const char *b)
{
    if (!a || !b) return a == b;
    return strcmp(a, b) == 0;
}

static bool same_allocator(const poolgrad_image_allocator *a, const poolgrad_image_allocator *b)
{
    return a->allocate == b->allocate && a->release == b->release && a->context == b->context;
}

static bool same(const struct poolgrad_property *row, const void *a, const void *b)
{
    switch (row->type) {
    case POOLGRAD_PROPERTY_LABEL: return strncmp(a, b, POOLGRAD_LABEL_SIZE) == 0;
    case POOLGRAD_PROPERTY_TEXT: return poolgrad_same_string(*(char *const *)a, *(char *const *)b);
    case POOLGRAD_PROPERTY_ALLOCATOR: return same_allocator(a, b);
    case POOLGRAD_PROPERTY_CALLBACK:
        return *(const poolgrad_padding_callback *)a == *(const poolgrad_padding_callback *)b;
    case POOLGRAD_PROPERTY_ADDRESS: return *(void *const *)a == *(void *const *)b;
    default: return number_of(row, a) == number_of(row, b);
    }
}

bool poolgrad_properties_equal(const struct poolgrad_property *table, const void *a, const void *b)
{
    for (const struct poolgrad_property *row = table; row->name; row++) {
        if (!same(row, at(a, row), at(b, row))) return false;
    }
    return true;
}

/* Addresses of functions have no portable number: whether they are there is hashed. */
static uint64_t hash_allocator(uint64_t hash, const poolgrad_image_allocator *allocator)
{
    hash = poolgrad_hash_number(hash, (allocator->allocate != NULL) + 2 * (allocator->release != NULL));
    return poolgrad_hash_address(hash, allocator->context);
}

/* The label with a zero behind it. */
static void end_label(const char *label, char ended[POOLGRAD_LABEL_SIZE + 1])
{
    snprintf(ended, POOLGRAD_LABEL_SIZE + 1, "%.*s", POOLGRAD_LABEL_SIZE, label);
}

static uint64_t hash_field(uint64_t hash, const struct poolgrad_property *row, const void *field)
{
    char label[POOLGRAD_LABEL_SIZE + 1];
    switch (row->type) {
    case POOLGRAD_PROPERTY_LABEL: end_label(field, label); return poolgrad_hash_string(hash, label);
    case POOLGRAD_PROPERTY_TEXT: return poolgrad_hash_string(hash, *(char *const *)field);
    case POOLGRAD_PROPERTY_ALLOCATOR: return hash_allocator(hash, field);
    case POOLGRAD_PROPERTY_CALLBACK:
        return poolgrad_hash_number(hash, *(const poolgrad_padding_callback *)field != NULL);
    case POOLGRAD_PROPERTY_ADDRESS: return poolgrad_hash_address(hash, *(void *const *)field);
    default: return poolgrad_hash_number(hash, number_of(row, field));
    }
}

uint64_t poolgrad_properties_hash(const struct poolgrad_property *table, const void *object, uint64_t hash)
{
    for (const struct poolgrad_property *row = table; row->name; row++) {
        if (row->type != POOLGRAD_PROPERTY_CONSTANT) hash = hash_field(hash, row, at(object, row));
    }
    return hash;
}

/* ---- Texts ------------------------------------------------------------------------------------------------------- */

void poolgrad_properties_describe(const struct poolgrad_property *table, const void *object, struct poolgrad_text *text)
{
    for (const struct poolgrad_property *row = table; row->name; row++) {
        const int64_t number = number_of(row, at(object, row));
        if (!(row->flags & (POOLGRAD_PROPERTY_TOLD | POOLGRAD_PROPERTY_RULE)) || number == row->usual) continue;
        const char *word = row->flags & POOLGRAD_PROPERTY_RULE ? row->word((int)number) : NULL;
        if (word)
            poolgrad_text_print(text, ", %s %s", row->name, word);
        else
            poolgrad_text_print(text, ", %s %" PRId64, row->name, number);
    }
}

static void write_word(const struct poolgrad_property *row, const char *name, int64_t number,
                       struct poolgrad_text *text)
{
    const char *word = row->word((int)number);
    if (word)
        poolgrad_json_string(text, name, word);
    else
        poolgrad_json_number(text, name, number);
}

static void write_method(poolgrad_padding_method method, const char *name, struct poolgrad_text *text)
{
    char words[POOLGRAD_METHOD_TEXT];
    if (poolgrad_print_method(method, words))
        poolgrad_json_string(text, name, words);
    else
        poolgrad_json_number(text, name, method);
}

static void write_field(const struct poolgrad_property *row, const char *name, const void *field,
                        struct poolgrad_text *text)
{
    const int64_t number = number_of(row, field);
    const poolgrad_image_allocator *allocator = field;
    char label[POOLGRAD_LABEL_SIZE + 1];
    bool custom;
    switch (row->type) {
    case POOLGRAD_PROPERTY_INTEGER: poolgrad_json_number(text, name, number); break;
    case POOLGRAD_PROPERTY_EXTENT: poolgrad_json_extent(text, name, number); break;
    case POOLGRAD_PROPERTY_FLAG: poolgrad_json_bool(text, name, number != 0); break;
    case POOLGRAD_PROPERTY_CONSTANT:
    case POOLGRAD_PROPERTY_WORD: write_word(row, name, number, text); break;
    case POOLGRAD_PROPERTY_METHOD: write_method((poolgrad_padding_method)number, name, text); break;
    case POOLGRAD_PROPERTY_TEXT: poolgrad_json_string(text, name, *(char *const *)field); break;
    case POOLGRAD_PROPERTY_LABEL:
        end_label(field, label);
        poolgrad_json_string(text, name, label);
        break;
    case POOLGRAD_PROPERTY_CALLBACK:
        custom = *(const poolgrad_padding_callback *)field != NULL;
        poolgrad_json_string(text, name, custom ? "custom" : "default");
        break;
    case POOLGRAD_PROPERTY_ALLOCATOR:
        custom = allocator->allocate || allocator->release;
        poolgrad_json_string(text, name, custom ? "custom" : "default");
        break;
    default: break;
    }
}

/* Length of the object's name, the dot included; 0 of a member of the outermost one. */
static size_t object_length(const char *name)
{
    const char *dot = strchr(name, '.');
    return dot ? (size_t)(dot - name) + 1 : 0;
}

void poolgrad_properties_write(const struct poolgrad_property *table, unsigned kind, const void *object,
                               struct poolgrad_text *text)
{
    char open[POOLGRAD_LABEL_SIZE] = "";
    for (const struct poolgrad_property *row = table; row->name; row++) {
        const size_t length = object_length(row->name), opened = strlen(open);
        if (!poolgrad_property_applies(row, kind)) continue;
        if (length != opened || memcmp(row->name, open, length) != 0) {
            if (opened > 0) poolgrad_json_close(text, '}');
            snprintf(open, sizeof open, "%.*s", (int)length, row->name);
            if (length > 0) {
                char name[POOLGRAD_LABEL_SIZE];
                snprintf(name, sizeof name, "%.*s", (int)length - 1, row->name);
                poolgrad_json_open(text, name, '{');
            }
        }
        write_field(row, row->name + length, at(object, row), text);
    }
    if (open[0]) poolgrad_json_close(text, '}');
}
