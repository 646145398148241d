/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/progress.h"

#include <stdio.h>

#include "cli/posix.h"

static const double patience = 0.3; /* seconds of silence at the beginning */
static const double interval = 0.1; /* seconds between two drawings */

struct progress poolgrad_progress_begin(const char *label, int64_t total)
{
    return (struct progress){label, total, poolgrad_seconds(), 0, poolgrad_is_terminal(stderr)};
}

void poolgrad_progress_update(struct progress *progress, int64_t done)
{
    static const char full[] = "########################################";
    enum { WIDTH = sizeof full - 1 };
    double now = poolgrad_seconds();
    if (!progress->wanted || progress->total <= 0) return;
    if (now - progress->started < patience || now - progress->drawn < interval) return;
    double share = (double)done / (double)progress->total;
    double left = share > 0 ? (now - progress->started) * (1 - share) / share : 0;
    fprintf(stderr, "\r%-16s [%-*.*s] %3d %%  %.0f s left ", progress->label, WIDTH, (int)(share * (double)WIDTH), full,
            (int)(share * 100), left);
    (void)fflush(stderr);
    progress->drawn = now;
}

void poolgrad_progress_end(struct progress *progress)
{
    if (progress->drawn > 0) fprintf(stderr, "\r%80s\r", "");
}
