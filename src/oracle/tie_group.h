/* SPDX-License-Identifier: Apache-2.0 */
/* Groups of windows of one volume that share maximal taps: whether one choice for each explains what is there. */
#ifndef POOLGRAD_ORACLE_TIE_GROUP_H
#define POOLGRAD_ORACLE_TIE_GROUP_H

#include "oracle/judge.h"

/* A maximal tap; outside the image where `inside` is false. */
struct poolgrad_candidate {
    struct poolgrad_pixel at;
    int64_t question; /* of an inside one: its place among the questions of a search */
    bool inside;
};

/* A window with several; candidates [first, first + count) of the list. */
struct poolgrad_tied_window {
    struct poolgrad_pixel output;
    int64_t first, count;
    int64_t choice; /* among them; -1: none yet */
    int64_t last;   /* question about it; INT64_MAX: an outside tap is left, whatever the answers are */
};

/* Of a search: does the window pick this candidate? Asked pixel by pixel, so that the last answer about a pixel decides
 * its value. */
struct poolgrad_tie_question {
    int64_t window, candidate; /* of the group; of the window */
    unsigned char answers;     /* those that were tried */
};

struct poolgrad_tie_groups {
    struct poolgrad_judge *judge;
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
enum { POOLGRAD_PIXEL_SEEN = 1, POOLGRAD_PIXEL_WRONG = 2, POOLGRAD_PIXEL_EXPLAINED = 4 };

enum poolgrad_group_result {
    POOLGRAD_GROUP_EXPLAINED,
    POOLGRAD_GROUP_BOUNDED,
    POOLGRAD_GROUP_WRONG,
    POOLGRAD_GROUP_FAILED /* memory is lacking */
};

/* False where memory is lacking; free it even then. */
bool poolgrad_tie_groups_init(struct poolgrad_tie_groups *groups, struct poolgrad_judge *judge);
void poolgrad_tie_groups_clear(struct poolgrad_tie_groups *groups);

/* The group of a pixel that the rules do not explain. *none: it is in no window with several maximal taps. Marks pixels
 * that no choice explains as wrong, and, where the rest of the group can be explained, that as explained. False where
 * memory is lacking. */
bool poolgrad_tie_groups_judge(struct poolgrad_tie_groups *groups, struct poolgrad_pixel pixel, bool *none,
                               enum poolgrad_group_result *result);

unsigned char poolgrad_tie_groups_mark(const struct poolgrad_tie_groups *groups, struct poolgrad_pixel pixel);

/* Of a judge: whether the pixel can have its value for some choice of each of its windows, whatever others do. */
enum poolgrad_share poolgrad_share_of_candidates(void *of, struct poolgrad_pixel output, struct poolgrad_pixel pixel);

#endif
