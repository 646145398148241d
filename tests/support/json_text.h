/* SPDX-License-Identifier: Apache-2.0 */
/* Reading JSON (RFC 8259) strictly, in place: a value is known by where its text begins. */
#ifndef POOLGRAD_TESTS_JSON_TEXT_H
#define POOLGRAD_TESTS_JSON_TEXT_H

#include <stdbool.h>

/* Whether the text is one value and nothing else but white space. */
bool json_is_valid(const char *text);

/* Of a valid text. Null where there is no such member or element. */
const char *json_member(const char *object, const char *name);
const char *json_element(const char *array, int index);
int json_count(const char *array);

/* NaN where the value is no number. */
double json_number(const char *value);

/* A copy with double quotes for single ones, in which tests write JSON; to be freed. */
char *json_quoted(const char *text);

/* Whether the value is this string, which has no escapes. */
bool json_is(const char *value, const char *string);

#endif
