/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/progress.h"

#include <stdio.h>

#include "cli/posix.h"

enum { LABEL = 16 };
static const double patience = 0.3; /* seconds of silence at the beginning */
static const double interval = 0.1; /* seconds between two drawings */

struct progress poolgrad_progress_begin(const char *label, int64_t total)
{
    return (struct progress){label, total, poolgrad_seconds(), 0, poolgrad_is_terminal(stderr)};
}

void poolgrad_progress_update(struct progress *progress, int64_t done)
{
    poolgrad_progress_tell(progress, done, NULL);
}

void poolgrad_progress_tell(struct progress *progress, int64_t done, const char *more)
{
    static const char full[] = "########################################";
    enum { WIDTH = sizeof full - 1, BESIDE_WORDS = WIDTH / 4 };
    const int width = more ? BESIDE_WORDS : WIDTH, label = more ? 0 : LABEL;
    double now = poolgrad_seconds();
    if (!progress->wanted || progress->total <= 0) return;
    if (now - progress->started < patience || now - progress->drawn < interval) return;
    double share = (double)done / (double)progress->total;
    double left = share > 0 ? (now - progress->started) * (1 - share) / share : 0;
    fprintf(stderr, "\r%-*s [%-*.*s] %3d %%  %s%s%.0f s left ", label, progress->label, width,
            (int)(share * (double)width), full, (int)(share * 100), more ? more : "", more ? ", " : "", left);
    (void)fflush(stderr);
    progress->drawn = now;
}

void poolgrad_progress_say(struct progress *progress, const char *words)
{
    const double now = poolgrad_seconds();
    if (!progress->wanted || now - progress->started < patience) return;
    fprintf(stderr, "\r%-16s %-60s", progress->label, words);
    (void)fflush(stderr);
    progress->drawn = now;
}

void poolgrad_progress_end(struct progress *progress)
{
    if (progress->drawn > 0) fprintf(stderr, "\r%80s\r", "");
}
