/* SPDX-License-Identifier: Apache-2.0 */
/* A bar on stderr for work that takes more than a moment, where stderr is a terminal. */
#ifndef POOLGRAD_CLI_PROGRESS_H
#define POOLGRAD_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
    const char *label;
    int64_t total;
    double started, drawn; /* seconds; drawn 0: not yet */
    bool wanted;
};

struct progress poolgrad_progress_begin(const char *label, int64_t total);
void poolgrad_progress_update(struct progress *progress, int64_t done);

/* The same with a few words behind the bar, at most 40 letters. */
void poolgrad_progress_tell(struct progress *progress, int64_t done, const char *more);

/* Words in place of the bar, of work whose share is not known, after the same moment. */
void poolgrad_progress_say(struct progress *progress, const char *words);

/* Clears the bar, or the words. */
void poolgrad_progress_end(struct progress *progress);

#endif
