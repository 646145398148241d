/* SPDX-License-Identifier: Apache-2.0 */
/* The end of what a process writes: however much it is, the last bytes are kept. */
#ifndef POOLGRAD_CLI_TAIL_H
#define POOLGRAD_CLI_TAIL_H

#include <stdbool.h>
#include <stddef.h>

enum { TAIL_BYTES = 300 };

struct tail {
    char text[TAIL_BYTES + 1]; /* with a zero behind it */
    size_t length;
    bool is_cut; /* something stood before it */
};

void poolgrad_tail_add(struct tail *tail, const char *bytes, size_t count);

/* Makes one line of plain UTF-8 of any bytes: each run of blanks, ends of lines and other control characters becomes a
 * blank, none at either end, and what is no character becomes a question mark. */
void poolgrad_plain_line(char *text);

#endif
