/* SPDX-License-Identifier: Apache-2.0 */
#include "oracle/tie_group.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "image/format.h"
#include "image/image.h"

/* ---- Memory ------------------------------------------------------------------------------------------------------ */

bool poolgrad_tie_groups_init(struct poolgrad_tie_groups *groups, struct poolgrad_judge *judge)
{
    const struct poolgrad_geometry *g = &judge->geometry;
    int64_t windows, pixels;
    *groups = (struct poolgrad_tie_groups){
        .judge = judge, .outputs = poolgrad_output_area(g), .source = poolgrad_source_volume(g)};
    poolgrad_interval_init(&groups->bounds);
    /* Views may fold onto themselves, and then have more pixels than memory has bytes. */
    if (!poolgrad_area_count(&groups->outputs, &windows) || !poolgrad_area_count(&groups->source, &pixels) ||
        windows > INT64_MAX / (int64_t)sizeof(int64_t)) {
        return false;
    }
    groups->window_places = calloc((size_t)windows + 1, sizeof *groups->window_places);
    groups->marks = calloc((size_t)pixels + 1, 1);
    return groups->window_places && groups->marks;
}

void poolgrad_tie_groups_clear(struct poolgrad_tie_groups *groups)
{
    poolgrad_interval_clear(&groups->bounds);
    free(groups->windows);
    free(groups->candidates);
    free(groups->pixels);
    free(groups->questions);
    free(groups->window_places);
    free(groups->marks);
}

/* Room for one more element. */
static bool reserve(void **array, int64_t count, int64_t *capacity, size_t size)
{
    if (count < *capacity) return true;
    const int64_t more = 2 * *capacity + 16;
    void *larger = realloc(*array, (size_t)more * size);
    if (!larger) return false;
    *array = larger;
    *capacity = more;
    return true;
}

static int64_t *place_of(const struct poolgrad_tie_groups *groups, struct poolgrad_pixel output)
{
    return &groups->window_places[poolgrad_area_place(&groups->outputs, output)];
}

static unsigned char *mark_of(const struct poolgrad_tie_groups *groups, struct poolgrad_pixel pixel)
{
    return &groups->marks[poolgrad_area_place(&groups->source, pixel)];
}

unsigned char poolgrad_tie_groups_mark(const struct poolgrad_tie_groups *groups, struct poolgrad_pixel pixel)
{
    return *mark_of(groups, pixel);
}

/* ---- Candidates -------------------------------------------------------------------------------------------------- */

static double load(const struct poolgrad_judge *judge, struct poolgrad_pixel pixel)
{
    return poolgrad_source_at(&judge->geometry, judge->n, judge->c, pixel);
}

enum poolgrad_share poolgrad_share_of_candidates(void *of, struct poolgrad_pixel output, struct poolgrad_pixel pixel)
{
    struct poolgrad_judge *judge = of;
    const struct poolgrad_pick pick = poolgrad_judge_pick(judge, output);
    if (isnan(pick.value)) return poolgrad_same_pixel(pick.at, pixel) ? POOLGRAD_SHARE_WHOLE : POOLGRAD_SHARE_NONE;
    if (!poolgrad_judge_may_pick(judge, pick, load(judge, pixel), pixel)) return POOLGRAD_SHARE_NONE;
    return poolgrad_judge_has_choice(judge, output) ? POOLGRAD_SHARE_MAYBE : POOLGRAD_SHARE_WHOLE;
}

static bool add_candidate(void *context, struct poolgrad_pixel tap, bool inside)
{
    struct poolgrad_tie_groups *groups = context;
    if (!reserve((void **)&groups->candidates, groups->candidate_count, &groups->candidate_capacity,
                 sizeof *groups->candidates))
        return false;
    groups->candidates[groups->candidate_count++] = (struct poolgrad_candidate){tap, 0, inside};
    return true;
}

/* ---- The group --------------------------------------------------------------------------------------------------- */

static bool add_pixel(struct poolgrad_tie_groups *groups, struct poolgrad_pixel pixel)
{
    unsigned char *mark = mark_of(groups, pixel);
    if (*mark & POOLGRAD_PIXEL_SEEN) return true;
    if (!reserve((void **)&groups->pixels, groups->pixel_count, &groups->pixel_capacity, sizeof *groups->pixels))
        return false;
    *mark |= POOLGRAD_PIXEL_SEEN;
    groups->pixels[groups->pixel_count++] = poolgrad_area_place(&groups->source, pixel);
    return true;
}

/* A window that counts the pixel, if the pixel is one of several candidates; and the other ones' pixels. */
static bool add_window(struct poolgrad_tie_groups *groups, struct poolgrad_pixel output, struct poolgrad_pixel pixel)
{
    struct poolgrad_judge *judge = groups->judge;
    if (*place_of(groups, output) != 0) return true;
    const struct poolgrad_pick pick = poolgrad_judge_pick(judge, output);
    if (isnan(pick.value) || !poolgrad_judge_may_pick(judge, pick, load(judge, pixel), pixel)) return true;
    if (!poolgrad_judge_has_choice(judge, output)) return true;
    const int64_t first = groups->candidate_count;
    if (!poolgrad_judge_visit_candidates(judge, output, add_candidate, groups)) return false;
    const int64_t count = groups->candidate_count - first;
    if (!reserve((void **)&groups->windows, groups->window_count, &groups->window_capacity, sizeof *groups->windows))
        return false;
    groups->windows[groups->window_count++] = (struct poolgrad_tied_window){output, first, count, -1, INT64_MAX};
    *place_of(groups, output) = groups->window_count;
    for (int64_t i = first; i < first + count; i++) {
        const struct poolgrad_candidate c = groups->candidates[i];
        if (c.inside && !add_pixel(groups, c.at)) return false;
    }
    return true;
}

static bool add_windows_of(struct poolgrad_tie_groups *groups, struct poolgrad_pixel pixel)
{
    struct poolgrad_windows windows = poolgrad_windows_of(&groups->judge->geometry, pixel);
    while (poolgrad_windows_next(&windows)) {
        if (!add_window(groups, windows.at, pixel)) return false;
    }
    return true;
}

/* Windows in raster order, so that pixels are decided early. */
static int by_place(const void *a, const void *b)
{
    const struct poolgrad_pixel v = ((const struct poolgrad_tied_window *)a)->output;
    const struct poolgrad_pixel w = ((const struct poolgrad_tied_window *)b)->output;
    if (v.z != w.z) return v.z < w.z ? -1 : 1;
    if (v.y != w.y) return v.y < w.y ? -1 : 1;
    return (v.x > w.x) - (v.x < w.x);
}

static struct poolgrad_pixel pixel_number(const struct poolgrad_tie_groups *groups, int64_t i)
{
    return poolgrad_area_pixel(&groups->source, groups->pixels[i]);
}

static bool gather(struct poolgrad_tie_groups *groups, struct poolgrad_pixel pixel)
{
    groups->window_count = groups->candidate_count = groups->pixel_count = 0;
    if (!add_pixel(groups, pixel)) return false;
    for (int64_t i = 0; i < groups->pixel_count; i++) {
        if (!add_windows_of(groups, pixel_number(groups, i))) return false;
    }
    if (groups->window_count == 0) return true;
    qsort(groups->windows, (size_t)groups->window_count, sizeof *groups->windows, by_place);
    for (int64_t i = 0; i < groups->window_count; i++) {
        *place_of(groups, groups->windows[i].output) = i + 1;
    }
    return true;
}

/* ---- Choices ----------------------------------------------------------------------------------------------------- */

static bool comes_before(struct poolgrad_pixel a, struct poolgrad_pixel b)
{
    if (a.z != b.z) return a.z < b.z;
    return a.y != b.y ? a.y < b.y : a.x < b.x;
}

/* The window's candidate at the pixel, by halving: they are in row-major order. Null where there is none. */
static const struct poolgrad_candidate *candidate_at(const struct poolgrad_tie_groups *groups,
                                                     const struct poolgrad_tied_window *window,
                                                     struct poolgrad_pixel pixel)
{
    int64_t low = window->first, high = window->first + window->count;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (comes_before(groups->candidates[middle].at, pixel))
            low = middle + 1;
        else
            high = middle;
    }
    const bool found = low < window->first + window->count && poolgrad_same_pixel(groups->candidates[low].at, pixel);
    return found ? &groups->candidates[low] : NULL;
}

/* A window of the group hands its gradient to its choice; before that, to any of its candidates. */
static enum poolgrad_share share(void *context, struct poolgrad_pixel output, struct poolgrad_pixel pixel)
{
    const struct poolgrad_tie_groups *groups = context;
    const int64_t place = *place_of(groups, output);
    if (place == 0) {
        const struct poolgrad_pick pick = poolgrad_judge_pick(groups->judge, output);
        return poolgrad_same_pixel(pick.at, pixel) ? POOLGRAD_SHARE_WHOLE : POOLGRAD_SHARE_NONE;
    }
    const struct poolgrad_tied_window *window = &groups->windows[place - 1];
    const struct poolgrad_candidate *candidate = candidate_at(groups, window, pixel);
    if (!candidate || !candidate->inside) return POOLGRAD_SHARE_NONE;
    if (window->choice < 0) return candidate->question < groups->answered ? POOLGRAD_SHARE_NONE : POOLGRAD_SHARE_MAYBE;
    const bool chosen = candidate == &groups->candidates[window->first + window->choice];
    return chosen ? POOLGRAD_SHARE_WHOLE : POOLGRAD_SHARE_NONE;
}

/* Whether the choices so far leave the pixel its value. A pixel that is wrong for every choice asks for nothing. */
static bool is_possible(struct poolgrad_tie_groups *groups, struct poolgrad_pixel pixel)
{
    double value, before;
    bool alone;
    struct poolgrad_interval *bounds = &groups->bounds;
    if (*mark_of(groups, pixel) & POOLGRAD_PIXEL_WRONG) return true;
    if (!groups->actual(groups->context, pixel, &value, &before)) return true;
    poolgrad_judge_gradient(groups->judge, pixel, before, bounds, &alone);
    return poolgrad_interval_holds(bounds, value);
}

static bool are_possible(struct poolgrad_tie_groups *groups)
{
    for (int64_t i = 0; i < groups->pixel_count; i++) {
        if (!is_possible(groups, pixel_number(groups, i))) return false;
    }
    return true;
}

/* Orders of visiting taps: rows from above or below, columns from left or right, row by row or column by column; of
 * these eight each with layers from the front or the back, as the outermost, the middle or the innermost loop. */
enum { PLANE_ORDERS = 8, DEPTHS = 3, ORDERS = PLANE_ORDERS * DEPTHS * 2 };

static bool comes_first(struct poolgrad_pixel a, struct poolgrad_pixel b, int order)
{
    const int depth = order / PLANE_ORDERS % DEPTHS;
    const int64_t dy = order & 1 ? b.y - a.y : a.y - b.y, dx = order & 2 ? b.x - a.x : a.x - b.x;
    const int64_t dz = order / PLANE_ORDERS >= DEPTHS ? b.z - a.z : a.z - b.z;
    const int64_t major = order & 4 ? dx : dy, minor = order & 4 ? dy : dx;
    int64_t nested[] = {major, minor, dz};
    for (int i = DEPTHS - 1; i > depth; i--) {
        nested[i] = nested[i - 1];
        nested[i - 1] = dz;
    }
    for (int i = 0; i < DEPTHS; i++) {
        if (nested[i] != 0) return nested[i] < 0;
    }
    return false;
}

/* The first candidate in an order. */
static int64_t first_in_order(const struct poolgrad_tie_groups *groups, const struct poolgrad_tied_window *window,
                              int order)
{
    int64_t best = 0;
    for (int64_t i = 1; i < window->count; i++) {
        const struct poolgrad_pixel here = groups->candidates[window->first + i].at;
        if (comes_first(here, groups->candidates[window->first + best].at, order)) best = i;
    }
    return best;
}

static bool try_orders(struct poolgrad_tie_groups *groups)
{
    const int orders = groups->judge->geometry.z.size > 1 ? ORDERS : PLANE_ORDERS;
    for (int order = 0; order < orders; order++) {
        for (int64_t i = 0; i < groups->window_count; i++) {
            groups->windows[i].choice = first_in_order(groups, &groups->windows[i], order);
        }
        if (are_possible(groups)) return true;
    }
    return false;
}

/* ---- Search ------------------------------------------------------------------------------------------------------ */

static int64_t pixel_of(const struct poolgrad_tie_groups *groups, const struct poolgrad_tie_question *question)
{
    const struct poolgrad_tied_window *window = &groups->windows[question->window];
    const struct poolgrad_candidate *c = &groups->candidates[window->first + question->candidate];
    return poolgrad_area_place(&groups->source, c->at);
}

/* A question with the pixel it is about, for sorting. */
struct sorted_question {
    int64_t pixel;
    struct poolgrad_tie_question question;
};

static int by_pixel(const void *a, const void *b)
{
    const struct sorted_question *p = a, *q = b;
    if (p->pixel != q->pixel) return p->pixel < q->pixel ? -1 : 1;
    return (p->question.window > q->question.window) - (p->question.window < q->question.window);
}

/* All questions, sorted; their number, or -1 where memory is lacking. */
static int64_t list_questions(struct poolgrad_tie_groups *groups)
{
    struct sorted_question *sorted = calloc((size_t)groups->candidate_count + 1, sizeof *sorted);
    int64_t count = 0;
    free(groups->questions);
    groups->questions = calloc((size_t)groups->candidate_count + 1, sizeof *groups->questions);
    if (!sorted || !groups->questions) {
        free(sorted);
        return -1;
    }
    for (int64_t w = 0; w < groups->window_count; w++) {
        for (int64_t i = 0; i < groups->windows[w].count; i++) {
            if (!groups->candidates[groups->windows[w].first + i].inside) continue;
            sorted[count].question = (struct poolgrad_tie_question){w, i, 0};
            sorted[count].pixel = pixel_of(groups, &sorted[count].question);
            count++;
        }
    }
    qsort(sorted, (size_t)count, sizeof *sorted, by_pixel);
    for (int64_t k = 0; k < count; k++) groups->questions[k] = sorted[k].question;
    free(sorted);
    return count;
}

/* Numbers candidates by their questions. */
static void number_questions(struct poolgrad_tie_groups *groups, int64_t count)
{
    for (int64_t w = 0; w < groups->window_count; w++) {
        struct poolgrad_tied_window *window = &groups->windows[w];
        window->choice = -1;
        window->last = -1;
        for (int64_t i = 0; i < window->count; i++) {
            if (!groups->candidates[window->first + i].inside) window->last = INT64_MAX;
        }
    }
    for (int64_t k = 0; k < count; k++) {
        const struct poolgrad_tie_question *question = &groups->questions[k];
        struct poolgrad_tied_window *window = &groups->windows[question->window];
        groups->candidates[window->first + question->candidate].question = k;
        window->last = poolgrad_max(window->last, k);
    }
}

enum { YES = 1, NO = 2 };

/* Tries an answer to question k; whether the pixel can still have its value. */
static bool try_answer(struct poolgrad_tie_groups *groups, int64_t k, unsigned char answer)
{
    struct poolgrad_tie_question *question = &groups->questions[k];
    struct poolgrad_tied_window *window = &groups->windows[question->window];
    question->answers |= answer;
    groups->answered = k + 1;
    if (answer == YES) window->choice = question->candidate;
    if (answer == NO && window->last == k) return false; /* it has to pick one */
    return is_possible(groups, poolgrad_area_pixel(&groups->source, pixel_of(groups, question)));
}

/* The next answer to question k that leaves its pixel possible; false where there is none left, or no step. */
static bool answer_next(struct poolgrad_tie_groups *groups, int64_t k, int64_t *steps)
{
    struct poolgrad_tie_question *question = &groups->questions[k];
    struct poolgrad_tied_window *window = &groups->windows[question->window];
    const bool chosen_before = window->choice >= 0 && window->choice != question->candidate;
    if (chosen_before) { /* no, then; and it was checked when that was chosen, but for this pixel */
        if (question->answers) return false;
        --*steps;
        return *steps >= 0 && try_answer(groups, k, YES | NO);
    }
    window->choice = -1;
    for (int answer = YES; answer <= NO; answer++) {
        if (question->answers & answer) continue;
        if (--*steps < 0) return false;
        if (try_answer(groups, k, (unsigned char)answer)) return true;
        window->choice = -1;
    }
    return false;
}

/* Question by question, and back where one has no answer left. */
static enum poolgrad_group_result search(struct poolgrad_tie_groups *groups)
{
    const int64_t count = list_questions(groups);
    int64_t steps = POOLGRAD_TIE_STEPS + POOLGRAD_TIE_STEPS_PER_ELEMENT * groups->pixel_count, k = 0;
    if (count < 0) return POOLGRAD_GROUP_FAILED;
    number_questions(groups, count);
    while (k >= 0 && k < count) {
        if (answer_next(groups, k, &steps)) {
            k++;
            continue;
        }
        if (steps < 0) break;
        groups->questions[k].answers = 0;
        k--;
    }
    groups->answered = -1;
    if (steps < 0) return POOLGRAD_GROUP_BOUNDED;
    return k < 0 ? POOLGRAD_GROUP_WRONG : POOLGRAD_GROUP_EXPLAINED;
}

/* ---- Judgement --------------------------------------------------------------------------------------------------- */

/* Marks pixels that no choice of their windows explains, whatever others do; false: all are such. */
static bool mark_impossible(struct poolgrad_tie_groups *groups)
{
    bool any_possible = false;
    groups->answered = -1;
    for (int64_t i = 0; i < groups->window_count; i++) groups->windows[i].choice = -1;
    for (int64_t i = 0; i < groups->pixel_count; i++) {
        if (is_possible(groups, pixel_number(groups, i)))
            any_possible = true;
        else
            *mark_of(groups, pixel_number(groups, i)) |= POOLGRAD_PIXEL_WRONG;
    }
    return any_possible;
}

static void mark_explained(struct poolgrad_tie_groups *groups)
{
    for (int64_t i = 0; i < groups->pixel_count; i++) {
        unsigned char *mark = &groups->marks[groups->pixels[i]];
        if (!(*mark & POOLGRAD_PIXEL_WRONG)) *mark |= POOLGRAD_PIXEL_EXPLAINED;
    }
}

bool poolgrad_tie_groups_judge(struct poolgrad_tie_groups *groups, struct poolgrad_pixel pixel, bool *none,
                               enum poolgrad_group_result *result)
{
    struct poolgrad_judge *judge = groups->judge;
    *none = true;
    if (!gather(groups, pixel)) return false;
    *none = groups->window_count == 0;
    if (*none) return true;
    judge->share = share;
    judge->share_context = groups;
    *result = POOLGRAD_GROUP_WRONG;
    if (mark_impossible(groups)) *result = try_orders(groups) ? POOLGRAD_GROUP_EXPLAINED : search(groups);
    judge->share = NULL;
    if (*result == POOLGRAD_GROUP_FAILED) return false;
    if (*result != POOLGRAD_GROUP_WRONG) mark_explained(groups);
    for (int64_t i = 0; i < groups->window_count; i++) {
        *place_of(groups, groups->windows[i].output) = 0;
    }
    return true;
}
