/* SPDX-License-Identifier: Apache-2.0 */
/* JSON objects into structs, by the tables of their properties; and what is wrong with them. */
#ifndef POOLGRAD_JSON_READER_H
#define POOLGRAD_JSON_READER_H

#include <poolgrad/json.h>

#include <jansson.h>
#include <stdbool.h>

#include "base/refusal.h"
#include "mps/property.h"

enum { POOLGRAD_READER_NAME = 160, POOLGRAD_READER_QUOTED = 80, POOLGRAD_READER_LIST = 1024 };

/* What is being read. */
struct poolgrad_reader {
    char where[POOLGRAD_READER_NAME];   /* `filter "f0": `, before a sentence */
    char element[POOLGRAD_READER_NAME]; /* the same as a path, `filters[0].` */
    char path[POOLGRAD_READER_NAME];    /* objects that are open within: `result_image.` */
    poolgrad_status status;
    poolgrad_json_error error;
};

/* Some members of an object, and the struct that they are read into. */
struct poolgrad_reader_part {
    const struct poolgrad_property *table; /* null ends a list of parts */
    void *into;
};

/* Reads all members of `object`, which is of one kind. Those that are missing leave the structs as they are. Here as
 * below: false after a sentence. */
bool poolgrad_reader_object(struct poolgrad_reader *reader, json_t *object, const struct poolgrad_reader_part *parts,
                            unsigned kind);

/* The filter type that a value names. */
bool poolgrad_reader_type(struct poolgrad_reader *reader, const char *name, json_t *value, poolgrad_filter_type *type);

/* ---- Refusals: return false -------------------------------------------------------------------------------------- */

/* "<where><path><name> <format>"; without a name "<where><path><format>". */
bool poolgrad_reader_fail(struct poolgrad_reader *reader, const char *name, const char *format, ...)
    POOLGRAD_PRINTF(3, 4);

/* "<where><path><format>": the sentence names the member in other words. */
bool poolgrad_reader_tell(struct poolgrad_reader *reader, const char *name, const char *format, ...)
    POOLGRAD_PRINTF(3, 4);

/* "<where><path><name> is <value>; expected <format>" */
bool poolgrad_reader_refuse(struct poolgrad_reader *reader, const char *name, const json_t *value, const char *format,
                            ...) POOLGRAD_PRINTF(4, 5);

bool poolgrad_reader_missing(struct poolgrad_reader *reader, const char *name);
bool poolgrad_reader_no_memory(struct poolgrad_reader *reader);

/* A refusal of the library, in its words; its field is a member of what is open. */
bool poolgrad_reader_refused(struct poolgrad_reader *reader, poolgrad_status status, const poolgrad_error *error);

/* Nothing is open any more. */
void poolgrad_reader_leave(struct poolgrad_reader *reader);

/* A name between quotes, its end left off where it is long. */
void poolgrad_reader_quote(const char *name, char text[POOLGRAD_READER_QUOTED]);

#endif
