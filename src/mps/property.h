/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Properties of kernels, states and nodes: one table for each struct, a row for each property. Initial values,
 * equality, hashes, texts, JSON in both directions, refusals in the struct's own words and the filling in of problems
 * go by it.
 */
#ifndef POOLGRAD_MPS_PROPERTY_H
#define POOLGRAD_MPS_PROPERTY_H

#include <poolgrad/mps.h>

#include <stddef.h>

#include "text/hash.h"
#include "text/text.h"

/* What a field is, and what JSON has for it. */
enum poolgrad_property_type {
    POOLGRAD_PROPERTY_INTEGER,   /* int64_t: a number */
    POOLGRAD_PROPERTY_EXTENT,    /* int64_t: a number, or "all" */
    POOLGRAD_PROPERTY_FLAG,      /* int: true or false */
    POOLGRAD_PROPERTY_WORD,      /* an enumeration, of any int: a word, or a number that no word stands for */
    POOLGRAD_PROPERTY_LABEL,     /* char[POOLGRAD_LABEL_SIZE]: a string; it may lack its zero */
    POOLGRAD_PROPERTY_TEXT,      /* char *: a string or null */
    POOLGRAD_PROPERTY_METHOD,    /* poolgrad_padding_method: words with " | " between them, or a number */
    POOLGRAD_PROPERTY_CALLBACK,  /* poolgrad_padding_callback: "custom" or "default" */
    POOLGRAD_PROPERTY_ALLOCATOR, /* poolgrad_image_allocator: "custom" or "default" */
    POOLGRAD_PROPERTY_ADDRESS,   /* void *: nothing */
    POOLGRAD_PROPERTY_CONSTANT,  /* no field: one word */
    /* Only where JSON is read, of fields that are no properties: */
    POOLGRAD_PROPERTY_NAME,  /* const char *: a string */
    POOLGRAD_PROPERTY_TYPE,  /* poolgrad_filter_type: its name */
    POOLGRAD_PROPERTY_ARRAY, /* an array, whose elements the caller reads */
    POOLGRAD_PROPERTY_NULL   /* no field: null */
};

enum poolgrad_property_flags {
    POOLGRAD_PROPERTY_REQUIRED = 1, /* has no default where it is read */
    POOLGRAD_PROPERTY_TOLD = 2,     /* descriptions tell of it where it is unusual, by its number */
    POOLGRAD_PROPERTY_RULE = 4      /* the same by its word */
};

struct poolgrad_property {
    const char *name; /* of the field and of JSON's member; "clip_rect.x" is one of an object. Null ends a table */
    enum poolgrad_property_type type;
    int flags;
    size_t place;
    int64_t usual;            /* what an initializer sets */
    const char *(*word)(int); /* of words: from 0 on, null behind the last */
    const char *problem;      /* the problem's field that it becomes; null: none */
    size_t problem_place;
    unsigned kinds; /* of objects that have it, or-ed; 0: all */
};

/* Rows of the struct that PROPERTIES_OF names. FILLS: rows that become a field of the problem. */
#define POOLGRAD_ROW(type_, field, usual_, flags_)                                                                     \
    {                                                                                                                  \
        .name = #field, .type = POOLGRAD_PROPERTY_##type_, .flags = (flags_), .place = offsetof(PROPERTIES_OF, field), \
        .usual = (usual_)                                                                                              \
    }
#define POOLGRAD_WORD_ROW(word_, field, usual_, flags_)                                                                \
    {                                                                                                                  \
        .name = #field, .type = POOLGRAD_PROPERTY_WORD, .flags = (flags_), .place = offsetof(PROPERTIES_OF, field),    \
        .usual = (usual_), .word = poolgrad_##word_##_word                                                             \
    }
#define POOLGRAD_FILLS(type_, field, usual_, flags_, problem_)                                                         \
    {                                                                                                                  \
        .name = #field, .type = POOLGRAD_PROPERTY_##type_, .flags = (flags_), .place = offsetof(PROPERTIES_OF, field), \
        .usual = (usual_), .problem = #problem_, .problem_place = offsetof(poolgrad_problem, problem_)                 \
    }
#define POOLGRAD_WORD_FILLS(word_, field, usual_, flags_, problem_)                                                    \
    {                                                                                                                  \
        .name = #field, .type = POOLGRAD_PROPERTY_WORD, .flags = (flags_), .place = offsetof(PROPERTIES_OF, field),    \
        .usual = (usual_), .word = poolgrad_##word_##_word, .problem = #problem_,                                      \
        .problem_place = offsetof(poolgrad_problem, problem_)                                                          \
    }
#define POOLGRAD_LAST_ROW                                                                                              \
    {                                                                                                                  \
        .name = NULL                                                                                                   \
    }

/* A policy at `at`, which is nothing or a field and a dot; `called` is the same in JSON. */
#define POOLGRAD_POLICY_ROWS(called, at, kinds_)                                                                       \
    {.name = called "class", .type = POOLGRAD_PROPERTY_CONSTANT, .word = poolgrad_policy_word, .kinds = (kinds_)},     \
        {.name = called "method",                                                                                      \
         .type = POOLGRAD_PROPERTY_METHOD,                                                                             \
         .place = offsetof(PROPERTIES_OF, at method),                                                                  \
         .usual = POOLGRAD_PADDING_SIZE_SAME,                                                                          \
         .kinds = (kinds_)},                                                                                           \
        {.name = called "clamps_edges",                                                                                \
         .type = POOLGRAD_PROPERTY_FLAG,                                                                               \
         .place = offsetof(PROPERTIES_OF, at clamps_edges),                                                            \
         .kinds = (kinds_)},                                                                                           \
        {.name = called "callback",                                                                                    \
         .type = POOLGRAD_PROPERTY_CALLBACK,                                                                           \
         .place = offsetof(PROPERTIES_OF, at callback),                                                                \
         .kinds = (kinds_)},                                                                                           \
        {.name = called "context",                                                                                     \
         .type = POOLGRAD_PROPERTY_ADDRESS,                                                                            \
         .place = offsetof(PROPERTIES_OF, at context),                                                                 \
         .kinds = (kinds_)},                                                                                           \
    {                                                                                                                  \
        .name = called "label", .type = POOLGRAD_PROPERTY_LABEL, .place = offsetof(PROPERTIES_OF, at label),           \
        .kinds = (kinds_)                                                                                              \
    }

/* What kernels of both directions have: kind and window, the clip rectangle, and what stands behind the policy. */
#define POOLGRAD_WINDOW_ROWS                                                                                           \
    POOLGRAD_WORD_FILLS(kind, kind, 0, POOLGRAD_PROPERTY_REQUIRED, kind),                                              \
        POOLGRAD_FILLS(INTEGER, kernel_width, 1, POOLGRAD_PROPERTY_REQUIRED, window.kernel_width),                     \
        POOLGRAD_FILLS(INTEGER, kernel_height, 1, POOLGRAD_PROPERTY_REQUIRED, window.kernel_height),                   \
        POOLGRAD_FILLS(INTEGER, stride_in_pixels_x, 1, 0, window.stride_x),                                            \
        POOLGRAD_FILLS(INTEGER, stride_in_pixels_y, 1, 0, window.stride_y),                                            \
        POOLGRAD_FILLS(INTEGER, dilation_rate_x, 1, 0, window.dilation_x),                                             \
        POOLGRAD_FILLS(INTEGER, dilation_rate_y, 1, 0, window.dilation_y)
#define POOLGRAD_CLIP_RECT_ROWS                                                                                        \
    POOLGRAD_FILLS(INTEGER, clip_rect.x, 0, POOLGRAD_PROPERTY_TOLD, clip.x),                                           \
        POOLGRAD_FILLS(INTEGER, clip_rect.y, 0, POOLGRAD_PROPERTY_TOLD, clip.y),                                       \
        POOLGRAD_FILLS(INTEGER, clip_rect.z, 0, POOLGRAD_PROPERTY_TOLD, clip.image),                                   \
        POOLGRAD_FILLS(EXTENT, clip_rect.width, POOLGRAD_ALL, POOLGRAD_PROPERTY_TOLD, clip.width),                     \
        POOLGRAD_FILLS(EXTENT, clip_rect.height, POOLGRAD_ALL, POOLGRAD_PROPERTY_TOLD, clip.height),                   \
        POOLGRAD_FILLS(EXTENT, clip_rect.depth, POOLGRAD_ALL, POOLGRAD_PROPERTY_TOLD, clip.images)
#define POOLGRAD_ZERO_PAD_ROWS                                                                                         \
    POOLGRAD_FILLS(INTEGER, zero_pad_size_x, 0, POOLGRAD_PROPERTY_TOLD, zero_pad_x),                                   \
        POOLGRAD_FILLS(INTEGER, zero_pad_size_y, 0, POOLGRAD_PROPERTY_TOLD, zero_pad_y),                               \
        POOLGRAD_ROW(ALLOCATOR, destination_image_allocator, 0, 0)
#define POOLGRAD_RULE_ROWS                                                                                             \
    POOLGRAD_WORD_FILLS(ties, ties, 0, POOLGRAD_PROPERTY_RULE, ties),                                                  \
        POOLGRAD_WORD_FILLS(nan, nan, 0, POOLGRAD_PROPERTY_RULE, nan),                                                 \
        POOLGRAD_WORD_FILLS(accumulator, accumulator, 0, POOLGRAD_PROPERTY_RULE, accumulator),                         \
        POOLGRAD_ROW(LABEL, label, 0, 0)

extern const struct poolgrad_property poolgrad_policy_properties[], poolgrad_pooling_properties[],
    poolgrad_pooling_gradient_properties[];

/* ---- Words of enumerations, as the command takes them ------------------------------------------------------------ */

const char *poolgrad_kind_word(int value);
const char *poolgrad_edge_mode_word(int value);
const char *poolgrad_ties_word(int value);
const char *poolgrad_nan_word(int value);
const char *poolgrad_accumulator_word(int value);
const char *poolgrad_format_word(int value); /* 0 is "none" */
const char *poolgrad_policy_word(int value); /* what the JSON of a policy calls its class */

/* Whether the text is a method in words; false, and *method is untouched, where it is not. */
bool poolgrad_parse_method(const char *text, poolgrad_padding_method *method);
enum { POOLGRAD_METHOD_TEXT = 160 };
/* False where bits are reserved or undefined. */
bool poolgrad_print_method(poolgrad_padding_method method, char text[POOLGRAD_METHOD_TEXT]);

/* ---- What goes by a table ---------------------------------------------------------------------------------------- */

void poolgrad_properties_reset(const struct poolgrad_property *table, void *object);
bool poolgrad_properties_equal(const struct poolgrad_property *table, const void *a, const void *b);
uint64_t poolgrad_properties_hash(const struct poolgrad_property *table, const void *object, uint64_t hash);

/* ", name value" for each that is unusual and told of. */
void poolgrad_properties_describe(const struct poolgrad_property *table, const void *object,
                                  struct poolgrad_text *text);

/* Members of the object that is open, of one kind. */
void poolgrad_properties_write(const struct poolgrad_property *table, unsigned kind, const void *object,
                               struct poolgrad_text *text);

void poolgrad_properties_fill(const struct poolgrad_property *table, const void *object, poolgrad_problem *problem);

static inline bool poolgrad_property_applies(const struct poolgrad_property *row, unsigned kind)
{
    return row->kinds == 0 || (row->kinds & kind) != 0;
}

/* Bytes of a field that is copied by its bytes; 0 of others. */
size_t poolgrad_property_size(enum poolgrad_property_type type);

/* Null equals null only. */
bool poolgrad_same_string(const char *a, const char *b);

#endif
