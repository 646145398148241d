/* SPDX-License-Identifier: Apache-2.0 */
/* What somebody who typed something else may have meant. */
#ifndef POOLGRAD_CLI_SUGGEST_H
#define POOLGRAD_CLI_SUGGEST_H

#include "cli/options.h"

/* The option of the command that a word without its dashes may stand for: other tools' words, a dash typed as an
 * underscore, a slip of the keys. Null where nothing comes near. */
const char *poolgrad_suggested_option(enum command command, const char *word, size_t length);

/* The same of the name of a command. */
const char *poolgrad_suggested_command(const char *word);

enum { SUGGESTION = 200 };

/* What to write in place of a value that is no integer, or no kind: a policy's name, one number for each side or axis,
 * a kind's name. An empty text where nothing is known; it goes on behind "expected an integer" or the kinds. */
void poolgrad_suggested_value(enum option option, const char *value, char text[SUGGESTION]);

/* Of an option's name in other tools that asks for what poolgrad does not compute: what there is; else null. */
const char *poolgrad_missing_feature(const char *word, size_t length);

#endif
