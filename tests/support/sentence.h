/* SPDX-License-Identifier: Apache-2.0 */
/* What the headers promise of a refusal, of whatever status. */
#ifndef POOLGRAD_TESTS_SENTENCE_H
#define POOLGRAD_TESTS_SENTENCE_H

#include <poolgrad/poolgrad.h>
#include <stdbool.h>

/* An error that no function has filled. */
poolgrad_error refusal_none(void);
bool refusal_is_none(const poolgrad_error *error);

/* One whole sentence that begins with the field's name, or with a node's and then that: "node "pool1": ties is 9; ...".
 * A cut one is as long as the array. */
bool refusal_is_sentence(const poolgrad_error *error);

#endif
