/* SPDX-License-Identifier: Apache-2.0 */
#include "oracle/tie_group.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "image/format.h"
#include "image/image.h"

/* ---- Memory ------------------------------------------------------------------------------------------------------ */

bool poolgrad_tie_groups_init(struct poolgrad_tie_groups *groups, struct poolgrad_quick *quick, bool open)
{
    struct poolgrad_judge *judge = quick->judge;
    const struct poolgrad_geometry *g = &judge->geometry;
    int64_t windows, pixels;
    *groups = (struct poolgrad_tie_groups){.judge = judge,
                                           .quick = quick,
                                           .open = open,
                                           .outputs = poolgrad_output_area(g),
                                           .source = poolgrad_source_volume(g)};
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

enum poolgrad_share poolgrad_share_of_candidates(void *of, struct poolgrad_pixel output, struct poolgrad_pixel pixel)
{
    struct poolgrad_judge *judge = of;
    const struct poolgrad_pick pick = poolgrad_judge_pick(judge, output);
    if (isnan(pick.value)) return POOLGRAD_SHARE_BY_RULES;
    if (!poolgrad_judge_is_candidate(judge, output, pixel, false)) return POOLGRAD_SHARE_NONE;
    return poolgrad_judge_has_choice(judge, output) ? POOLGRAD_SHARE_MAYBE : POOLGRAD_SHARE_WHOLE;
}

static bool add_candidate(void *context, struct poolgrad_pixel tap, enum poolgrad_candidate_kind kind)
{
    struct poolgrad_tie_groups *groups = context;
    if (!reserve((void **)&groups->candidates, groups->candidate_count, &groups->candidate_capacity,
                 sizeof *groups->candidates))
        return false;
    groups->candidates[groups->candidate_count++] = (struct poolgrad_candidate){tap, kind, 0, 0};
    return true;
}

static bool is_pixel(enum poolgrad_candidate_kind kind)
{
    return kind == POOLGRAD_CANDIDATE_NUMBER || kind == POOLGRAD_CANDIDATE_NAN;
}

static bool is_number(enum poolgrad_candidate_kind kind)
{
    return kind == POOLGRAD_CANDIDATE_NUMBER || kind == POOLGRAD_CANDIDATE_OUTSIDE;
}

/* Each leads itself; but ties all and split pick all numbers together, a pixel first. */
static void choose_leaders(struct poolgrad_candidate *candidates, int64_t count, bool picks_one)
{
    int64_t first = -1;
    for (int64_t i = count - 1; i >= 0; i--) {
        candidates[i].leader = i;
        if (candidates[i].kind == POOLGRAD_CANDIDATE_NUMBER) first = i;
    }
    for (int64_t i = 0; !picks_one && first >= 0 && i < count; i++) {
        if (is_number(candidates[i].kind)) candidates[i].leader = first;
    }
}

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

/* Whether the pixel is one of several candidates of the window. */
static bool is_one_of_several(const struct poolgrad_tie_groups *groups, struct poolgrad_pixel output,
                              struct poolgrad_pixel pixel, bool open)
{
    struct poolgrad_judge *judge = groups->judge;
    if (open) return poolgrad_judge_is_candidate(judge, output, pixel, true);
    if (!poolgrad_judge_picks_one(judge) || isnan(poolgrad_judge_pick(judge, output).value)) return false;
    return poolgrad_judge_is_candidate(judge, output, pixel, false) && poolgrad_judge_has_choice(judge, output);
}

/* A window that counts the pixel, if the pixel is one of several candidates; and the other ones' pixels. */
static bool add_window(struct poolgrad_tie_groups *groups, struct poolgrad_pixel output, struct poolgrad_pixel pixel)
{
    struct poolgrad_judge *judge = groups->judge;
    if (*place_of(groups, output) != 0) return true;
    const bool open = groups->open && poolgrad_judge_is_open(judge, output);
    if (!is_one_of_several(groups, output, pixel, open)) return true;
    const int64_t first = groups->candidate_count;
    if (!poolgrad_judge_visit_candidates(judge, output, open, add_candidate, groups)) return false;
    const int64_t count = groups->candidate_count - first;
    choose_leaders(&groups->candidates[first], count, poolgrad_judge_picks_one(judge));
    if (!reserve((void **)&groups->windows, groups->window_count, &groups->window_capacity, sizeof *groups->windows))
        return false;
    groups->windows[groups->window_count++] = (struct poolgrad_tied_window){output, first, count, open, -1, INT64_MAX};
    *place_of(groups, output) = groups->window_count;
    for (int64_t i = first; i < first + count; i++) {
        const struct poolgrad_candidate c = groups->candidates[i];
        if (is_pixel(c.kind) && !add_pixel(groups, c.at)) return false;
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
    if (place == 0) return POOLGRAD_SHARE_BY_RULES;
    const struct poolgrad_tied_window *window = &groups->windows[place - 1];
    const struct poolgrad_candidate *candidate = candidate_at(groups, window, pixel);
    if (!candidate || !is_pixel(candidate->kind)) return POOLGRAD_SHARE_NONE;
    if (window->choice < 0) return candidate->question < groups->answered ? POOLGRAD_SHARE_NONE : POOLGRAD_SHARE_MAYBE;
    return candidate->leader == window->choice ? POOLGRAD_SHARE_WHOLE : POOLGRAD_SHARE_NONE;
}

/* Whether the choices so far leave the pixel its value. A pixel that is wrong for every choice asks for nothing. */
static bool is_possible(struct poolgrad_tie_groups *groups, struct poolgrad_pixel pixel)
{
    double value, before;
    bool alone;
    struct poolgrad_interval *bounds = &groups->bounds;
    if (*mark_of(groups, pixel) & POOLGRAD_PIXEL_WRONG) return true;
    if (!groups->actual(groups->context, pixel, &value, &before)) return true;
    const enum poolgrad_quick_answer answer = poolgrad_quick_shared(groups->quick, pixel, value);
    if (answer != POOLGRAD_QUICK_UNKNOWN) return answer == POOLGRAD_QUICK_HOLDS;
    poolgrad_judge_gradient(groups->judge, pixel, before, bounds, &alone);
    return poolgrad_interval_holds(&groups->judge->declared, bounds, value);
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

/* What is tried of an open window: that a NaN wins; that nobody gets what no number gets; or a NaN does. */
enum { NAN_WINS, NOBODY_WINS, NUMBER_WINS, ANSWERS };

/* How late a candidate's turn is. */
static int turn_of(enum poolgrad_candidate_kind kind, int answer)
{
    static const int turns[ANSWERS][POOLGRAD_CANDIDATE_NOBODY + 1] = {
        {[POOLGRAD_CANDIDATE_NUMBER] = 1, [POOLGRAD_CANDIDATE_OUTSIDE] = 1, [POOLGRAD_CANDIDATE_NOBODY] = 2},
        {[POOLGRAD_CANDIDATE_NUMBER] = 1, [POOLGRAD_CANDIDATE_OUTSIDE] = 1, [POOLGRAD_CANDIDATE_NAN] = 2},
        {[POOLGRAD_CANDIDATE_NAN] = 1, [POOLGRAD_CANDIDATE_NOBODY] = 2}};
    return turns[answer][kind];
}

/* The first candidate in an order; of those whose turn is first. */
static int64_t first_in_order(const struct poolgrad_tie_groups *groups, const struct poolgrad_tied_window *window,
                              int order, int answer)
{
    const struct poolgrad_candidate *candidates = &groups->candidates[window->first];
    int64_t best = 0;
    for (int64_t i = 1; i < window->count; i++) {
        const int turn = turn_of(candidates[i].kind, answer), best_turn = turn_of(candidates[best].kind, answer);
        if (turn > best_turn) continue;
        if (turn < best_turn || comes_first(candidates[i].at, candidates[best].at, order)) best = i;
    }
    return candidates[best].leader;
}

static bool try_orders(struct poolgrad_tie_groups *groups)
{
    const int orders = groups->judge->geometry.z.size > 1 ? ORDERS : PLANE_ORDERS;
    const int answers = groups->open ? ANSWERS : 1;
    for (int i = 0; i < orders * answers; i++) {
        for (int64_t k = 0; k < groups->window_count; k++) {
            groups->windows[k].choice = first_in_order(groups, &groups->windows[k], i / answers, i % answers);
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
            if (!is_pixel(groups->candidates[groups->windows[w].first + i].kind)) continue;
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
            const struct poolgrad_candidate *c = &groups->candidates[window->first + i];
            if (!is_pixel(c->kind) && c->leader == i) window->last = INT64_MAX;
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
    if (window->choice < 0 && window->last == k) return false; /* it has to pick one */
    return is_possible(groups, poolgrad_area_pixel(&groups->source, pixel_of(groups, question)));
}

/* The next answer to question k that leaves its pixel possible; false where there is none left, or no step. */
static bool answer_next(struct poolgrad_tie_groups *groups, int64_t k, int64_t *steps)
{
    struct poolgrad_tie_question *question = &groups->questions[k];
    struct poolgrad_tied_window *window = &groups->windows[question->window];
    const int64_t leader = groups->candidates[window->first + question->candidate].leader;
    const bool chosen_before = window->choice >= 0 && window->choice != leader, led = leader != question->candidate;
    if (chosen_before || led) { /* the answer follows, and was checked before, but for this pixel */
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

/* Whether the choices that explain the pixel would explain nearly anything. */
static bool is_unbounded(struct poolgrad_tie_groups *groups, struct poolgrad_pixel pixel)
{
    double value, before;
    bool alone;
    if (!groups->actual(groups->context, pixel, &value, &before)) return false;
    if (poolgrad_quick_tells(groups->quick, pixel)) return false;
    poolgrad_judge_gradient(groups->judge, pixel, before, &groups->bounds, &alone);
    return poolgrad_judge_is_unbounded(groups->judge, &groups->bounds, poolgrad_judge_sum_given(groups->judge));
}

static void mark_explained(struct poolgrad_tie_groups *groups, bool chosen)
{
    for (int64_t i = 0; i < groups->pixel_count; i++) {
        unsigned char *mark = &groups->marks[groups->pixels[i]];
        if (*mark & POOLGRAD_PIXEL_WRONG) continue;
        *mark |= POOLGRAD_PIXEL_EXPLAINED;
        if (chosen && is_unbounded(groups, pixel_number(groups, i))) *mark |= POOLGRAD_PIXEL_UNBOUNDED;
    }
}

static bool has_choice(const struct poolgrad_tie_groups *groups)
{
    bool any = false;
    for (int64_t i = 0; i < groups->window_count; i++) any = any || !groups->open || groups->windows[i].open;
    return any;
}

static enum poolgrad_group_result find_choice(struct poolgrad_tie_groups *groups)
{
    struct poolgrad_judge *judge = groups->judge;
    enum poolgrad_group_result result = POOLGRAD_GROUP_WRONG;
    judge->share = share;
    judge->share_context = groups;
    if (mark_impossible(groups)) result = try_orders(groups) ? POOLGRAD_GROUP_EXPLAINED : search(groups);
    if (result == POOLGRAD_GROUP_EXPLAINED || result == POOLGRAD_GROUP_BOUNDED)
        mark_explained(groups, result == POOLGRAD_GROUP_EXPLAINED);
    judge->share = NULL;
    return result;
}

bool poolgrad_tie_groups_judge(struct poolgrad_tie_groups *groups, struct poolgrad_pixel pixel, bool *none,
                               enum poolgrad_group_result *result)
{
    *none = true;
    if (!gather(groups, pixel)) return false;
    *none = !has_choice(groups);
    if (!*none) *result = find_choice(groups);
    for (int64_t i = 0; i < groups->window_count; i++) {
        *place_of(groups, groups->windows[i].output) = 0;
    }
    return *none || *result != POOLGRAD_GROUP_FAILED;
}
