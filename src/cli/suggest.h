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

/* What to write in place of a value that is no integer: a policy's name, or one number for each side or axis. An empty
 * text where nothing is known; it goes on behind "expected an integer". */
void poolgrad_suggested_value(enum option option, const char *value, char text[SUGGESTION]);

#endif
