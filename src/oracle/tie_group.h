/* SPDX-License-Identifier: Apache-2.0 */
/* Groups of windows of one volume that may pick the same taps: whether one choice for each explains what is there.
 * Windows have a choice among maximal taps, and those with NaNs or of nothing but -infinity, where groups are open. */
#ifndef POOLGRAD_ORACLE_TIE_GROUP_H
#define POOLGRAD_ORACLE_TIE_GROUP_H

#include "oracle/quick.h"

/* What a window may pick. */
struct poolgrad_candidate {
    struct poolgrad_pixel at;
    enum poolgrad_candidate_kind kind;
    int64_t question; /* of one that is a pixel: its place among the questions of a search */
    int64_t leader;   /* of the window: the one that it is picked along with; most often itself */
};

/* A window with several; candidates [first, first + count) of the list. */
struct poolgrad_tied_window {
    struct poolgrad_pixel output;
    int64_t first, count;
    bool open;      /* nothing documents what it picks */
    int64_t choice; /* the leader among them; -1: none yet */
    int64_t last;   /* question about it; INT64_MAX: one that is no pixel is left, whatever the answers are */
};

/* Of a search: does the window pick this candidate? Asked pixel by pixel, so that the last answer about a pixel decides
 * its value. */
struct poolgrad_tie_question {
    int64_t window, candidate; /* of the group; of the window */
    unsigned char answers;     /* those that were tried */
};

struct poolgrad_tie_groups {
    struct poolgrad_judge *judge;
    struct poolgrad_quick *quick;    /* of the judge */
    bool open;                       /* windows whose pick nothing documents have a choice, too */
    struct poolgrad_interval bounds; /* of the pixel at hand */
    /* What the destination holds at a source pixel, and held before; false where it has none. */
    bool (*actual)(void *context, struct poolgrad_pixel pixel, double *value, double *before);
    void *context;
    /* The group. */
    struct poolgrad_tied_window *windows;
    struct poolgrad_candidate *candidates;
    int64_t *pixels; /* places in the source's volume */
    struct poolgrad_tie_question *questions;
    int64_t answered; /* questions before this one have an answer; -1: every candidate is open */
    int64_t window_count, window_capacity, candidate_count, candidate_capacity, pixel_count, pixel_capacity;
    /* Of the volume, and its areas: place of a window in the group + 1, and what is known of a pixel. */
    int64_t *window_places;
    unsigned char *marks;
    struct poolgrad_area outputs, source;
};

/* What is known of a pixel of the groups so far. */
enum {
    POOLGRAD_PIXEL_SEEN = 1,
    POOLGRAD_PIXEL_WRONG = 2,
    POOLGRAD_PIXEL_EXPLAINED = 4,
    POOLGRAD_PIXEL_UNBOUNDED = 8 /* explained, by bounds that say next to nothing */
};

enum poolgrad_group_result {
    POOLGRAD_GROUP_EXPLAINED,
    POOLGRAD_GROUP_BOUNDED,
    POOLGRAD_GROUP_WRONG,
    POOLGRAD_GROUP_FAILED /* memory is lacking */
};

/* False where memory is lacking; free it even then. */
bool poolgrad_tie_groups_init(struct poolgrad_tie_groups *groups, struct poolgrad_quick *quick, bool open);
void poolgrad_tie_groups_clear(struct poolgrad_tie_groups *groups);

/* The group of a pixel that the rules do not explain. *none: no window of it has a choice; of open groups, no window's
 * choice is more than that among maximal taps. Marks pixels that no choice explains as wrong, and, where the rest of
 * the group can be explained, that as explained. False where memory is lacking. */
bool poolgrad_tie_groups_judge(struct poolgrad_tie_groups *groups, struct poolgrad_pixel pixel, bool *none,
                               enum poolgrad_group_result *result);

unsigned char poolgrad_tie_groups_mark(const struct poolgrad_tie_groups *groups, struct poolgrad_pixel pixel);

/* Of a judge: whether the pixel can have its value for some choice of each of its windows, whatever others do. */
enum poolgrad_share poolgrad_share_of_candidates(void *of, struct poolgrad_pixel output, struct poolgrad_pixel pixel);

#endif
