/* SPDX-License-Identifier: Apache-2.0 */
/* JSON objects into structs, each by a table of its members. */
#ifndef POOLGRAD_CLI_MEMBERS_H
#define POOLGRAD_CLI_MEMBERS_H

#include <poolgrad/poolgrad.h>

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { READING_MESSAGE = 2048, READING_NAME = 160 };

/* What is being read, and what is wrong with it: one sentence, empty while nothing is. */
struct reading {
    char where[READING_NAME]; /* `case "c0": ` */
    char path[READING_NAME];  /* objects that are open within: `problem.window.` */
    char message[READING_MESSAGE];
};

/* A member of a JSON object, and of a struct. */
struct member {
    const char *name; /* null ends a table */
    bool (*read)(struct reading *reading, const struct member *member, json_t *value, void *place);
    size_t place;
    const void *of; /* what the reader goes by */
    bool required;
};

#define REQUIRED(reader, type, name, of)                                                                               \
    {                                                                                                                  \
#name, poolgrad_read_##reader, offsetof(type, name), of, true                                                  \
    }
#define END                                                                                                            \
    {                                                                                                                  \
        NULL, NULL, 0, NULL, false                                                                                     \
    }

/* Reads all members of `object`. Those that are missing leave the struct as it is. Here as below: false after a
 * sentence. */
bool poolgrad_read_members(struct reading *reading, json_t *object, const struct member *table, void *into);

/* ---- Readers: what the place is, and what `of` points to --------------------------------------------------------- */

bool poolgrad_read_integer(struct reading *reading, const struct member *member, json_t *value,
                           void *place); /* int64 */
/* int64; the word "all" is POOLGRAD_ALL */
bool poolgrad_read_extent(struct reading *reading, const struct member *member, json_t *value, void *place);
bool poolgrad_read_flag(struct reading *reading, const struct member *member, json_t *value, void *place); /* int */
/* const char *, that of the JSON value; null is null */
bool poolgrad_read_text(struct reading *reading, const struct member *member, json_t *value, void *place);
/* The same without null. */
bool poolgrad_read_name(struct reading *reading, const struct member *member, json_t *value, void *place);
/* An enumeration, as a word or a number; struct words */
bool poolgrad_read_word(struct reading *reading, const struct member *member, json_t *value, void *place);
/* Nothing: the value must be this string. */
bool poolgrad_read_constant(struct reading *reading, const struct member *member, json_t *value, void *place);
/* A struct; the table of its members */
bool poolgrad_read_object(struct reading *reading, const struct member *member, json_t *value, void *place);
/* json_t *, an array whose elements the caller reads */
bool poolgrad_read_array(struct reading *reading, const struct member *member, json_t *value, void *place);

/* The words of an enumeration: from 0 on, null behind the last. */
struct words {
    const char *(*word)(int value);
};

/* ---- Refusals: return false -------------------------------------------------------------------------------------- */

/* "<where><path><name> is <value>; expected <format>" */
bool poolgrad_reading_refuse(struct reading *reading, const char *name, const json_t *value, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* "<where><path><format>" */
bool poolgrad_reading_fail(struct reading *reading, const char *format, ...) __attribute__((format(printf, 2, 3)));

bool poolgrad_reading_no_memory(struct reading *reading);

#endif
