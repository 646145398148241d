/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arrays of parameters in which every pair of values occurs.
 *
 * A value is a small number, the level of a factor. Which factors have an effect depends on four of them, the controls:
 * ties mean nothing to an average. Only pairs of factors that both have an effect count. The array is built row by row:
 * a row begins with the first pair that is still missing, and takes, factor by factor, the level that brings most
 * missing pairs with what the row has already. Of a few rows made that way the best one stays.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suite/suite_recipe.h"

/* The controls stand first. */
enum factor {
    DIRECTION,
    KIND,
    EDGE_MODE,
    INDICES,
    KERNEL_WIDTH,
    KERNEL_HEIGHT,
    STRIDE_X,
    STRIDE_Y,
    DILATION_X,
    DILATION_Y,
    PLACE_X,
    PLACE_Y,
    WIDTH,
    HEIGHT,
    ZERO_PAD,
    TIES,
    NANS,
    DATA,
    SOURCE_FORMAT,
    GRADIENT_FORMAT,
    DESTINATION_FORMAT,
    LAYOUT,
    ACCUMULATOR,
    CHANNELS,
    IMAGES,
    CHANNEL_WINDOW,
    CLIP,
    MAPPING,
    REGION,
    KERNEL_OFFSET,
    ADD,
    FACTORS
};

enum { CONTROLS = KERNEL_WIDTH, MOST_LEVELS = 10, CANDIDATES = 10, WITHOUT = -1 };

static const int64_t kernels[] = {1, 2, 3, 5}, channel_counts[] = {1, 3, 4, 5};
static const int64_t widths[] = {1, 5, 8, 13}, heights[] = {1, 4, 7, 10};
static const int64_t zero_pads[][2] = {{0, 0}, {1, 2}, {3, 0}};
static const enum suite_data contents[] = {DATA_RAMP,         DATA_TIES,       DATA_EQUAL,      DATA_FRACTIONS,
                                           DATA_CANCELLATION, DATA_SUBNORMALS, DATA_INFINITIES, DATA_NAN,
                                           DATA_SIGNED_ZEROS, DATA_GREATEST};
static const poolgrad_format formats[] = {POOLGRAD_FLOAT32, POOLGRAD_FLOAT16, POOLGRAD_BFLOAT16,
                                          POOLGRAD_FLOAT64, POOLGRAD_UNORM8,  POOLGRAD_UNORM16};
static const poolgrad_format index_formats[] = {POOLGRAD_FORMAT_NONE, POOLGRAD_INT64, POOLGRAD_INT32,
                                                POOLGRAD_TAP8,        POOLGRAD_TAP16, POOLGRAD_TAP32};

enum { FLOATS = 4, UNORM_CONTENTS = 4 }; /* the first of formats, and of contents: what codes can hold */

static const int levels[FACTORS] = {[DIRECTION] = 2,
                                    [KIND] = 3,
                                    [EDGE_MODE] = 2,
                                    [INDICES] = 6,
                                    [KERNEL_WIDTH] = 4,
                                    [KERNEL_HEIGHT] = 4,
                                    [STRIDE_X] = 3,
                                    [STRIDE_Y] = 3,
                                    [DILATION_X] = 2,
                                    [DILATION_Y] = 2,
                                    [PLACE_X] = 4,
                                    [PLACE_Y] = 4,
                                    [WIDTH] = 4,
                                    [HEIGHT] = 4,
                                    [ZERO_PAD] = 3,
                                    [TIES] = 4,
                                    [NANS] = 3,
                                    [DATA] = MOST_LEVELS,
                                    [SOURCE_FORMAT] = 6,
                                    [GRADIENT_FORMAT] = FLOATS,
                                    [DESTINATION_FORMAT] = FLOATS,
                                    [LAYOUT] = 3,
                                    [ACCUMULATOR] = 2,
                                    [CHANNELS] = 4,
                                    [IMAGES] = 2,
                                    [CHANNEL_WINDOW] = 2,
                                    [CLIP] = 2,
                                    [MAPPING] = 2,
                                    [REGION] = 2,
                                    [KERNEL_OFFSET] = 2,
                                    [ADD] = 2};

struct row {
    int level[FACTORS]; /* WITHOUT: not chosen, or without effect */
};

struct covering {
    bool missing[FACTORS][MOST_LEVELS][FACTORS][MOST_LEVELS]; /* of the lesser factor first */
    uint64_t random;
};

/* ---- Effects ----------------------------------------------------------------------------------------------------- */

/* By the controls of the row. */
static bool has_effect(const struct row *row, int factor)
{
    const bool gradient = row->level[DIRECTION] == POOLGRAD_GRADIENT, max = row->level[KIND] == POOLGRAD_MAX;
    const bool average = row->level[KIND] == POOLGRAD_AVERAGE;
    const bool from_indices = gradient && max && row->level[INDICES] > 0;
    switch (factor) {
    case INDICES: return max;
    case TIES:
    case NANS: return max && !from_indices;
    case ZERO_PAD: return average && row->level[EDGE_MODE] == POOLGRAD_EDGE_CLAMP;
    case SOURCE_FORMAT: return !from_indices && !(gradient && average);
    case ACCUMULATOR: return average || (gradient && max);
    case GRADIENT_FORMAT:
    case MAPPING:
    case REGION:
    case KERNEL_OFFSET:
    case ADD: return gradient;
    default: return true;
    }
}

/* Codes have no special values. */
static bool allowed(const struct row *row)
{
    return row->level[SOURCE_FORMAT] < FLOATS || row->level[DATA] < UNORM_CONTENTS;
}

/* ---- Pairs ------------------------------------------------------------------------------------------------------- */

static bool *pair(struct covering *c, int factor, int level, int other, int other_level)
{
    return factor < other ? &c->missing[factor][level][other][other_level]
                          : &c->missing[other][other_level][factor][level];
}

/* One of the settings of the controls; those without effect are left out. */
static struct row setting(int number)
{
    struct row row;
    for (int factor = 0; factor < FACTORS; factor++) row.level[factor] = WITHOUT;
    for (int factor = 0; factor < CONTROLS; factor++) {
        row.level[factor] = number % levels[factor];
        number /= levels[factor];
    }
    if (!has_effect(&row, INDICES)) row.level[INDICES] = WITHOUT;
    return row;
}

static int count_settings(void)
{
    int count = 1;
    for (int factor = 0; factor < CONTROLS; factor++) count *= levels[factor];
    return count;
}

/* Whether the row can have the level, by its controls. */
static bool can_have(const struct row *row, int factor, int level)
{
    return factor < CONTROLS ? row->level[factor] == level : has_effect(row, factor);
}

static bool can_have_both(const struct row *row, int factor, int level, int other, int other_level)
{
    struct row both = *row;
    if (!can_have(row, factor, level) || !can_have(row, other, other_level)) return false;
    both.level[factor] = level;
    both.level[other] = other_level;
    return allowed(&both);
}

static void expect_pairs(struct covering *c)
{
    for (int number = 0; number < count_settings(); number++) {
        const struct row row = setting(number);
        for (int a = 0; a < FACTORS * MOST_LEVELS; a++) {
            for (int b = a / MOST_LEVELS * MOST_LEVELS + MOST_LEVELS; b < FACTORS * MOST_LEVELS; b++) {
                const int first = a / MOST_LEVELS, second = b / MOST_LEVELS, i = a % MOST_LEVELS, j = b % MOST_LEVELS;
                if (i >= levels[first] || j >= levels[second]) continue;
                if (can_have_both(&row, first, i, second, j)) *pair(c, first, i, second, j) = true;
            }
        }
    }
}

struct missing {
    int factor, level, other, other_level;
};

static bool find_missing(const struct covering *c, struct missing *found)
{
    const bool *flat = &c->missing[0][0][0][0];
    const size_t count = sizeof c->missing / sizeof *flat;
    for (size_t i = 0; i < count; i++) {
        if (!flat[i]) continue;
        *found = (struct missing){(int)(i / MOST_LEVELS / FACTORS / MOST_LEVELS),
                                  (int)(i / MOST_LEVELS / FACTORS % MOST_LEVELS), (int)(i / MOST_LEVELS % FACTORS),
                                  (int)(i % MOST_LEVELS)};
        return true;
    }
    return false;
}

/* ---- Rows -------------------------------------------------------------------------------------------------------- */

/* Missing pairs of the level with what the row has. */
static int count_new(struct covering *c, const struct row *row, int factor, int level)
{
    int count = 0;
    for (int other = 0; other < FACTORS; other++) {
        if (other != factor && row->level[other] != WITHOUT) count += *pair(c, factor, level, other, row->level[other]);
    }
    return count;
}

static void choose_level(struct covering *c, struct row *row, int factor)
{
    int best = INT_MIN, chosen = WITHOUT;
    const int shift = (int)poolgrad_suite_choose(&c->random, levels[factor]);
    for (int i = 0; i < levels[factor]; i++) {
        const int level = (i + shift) % levels[factor];
        struct row tried = *row;
        tried.level[factor] = level;
        const int count = count_new(c, row, factor, level);
        if (!allowed(&tried) || count <= best) continue;
        best = count;
        chosen = level;
    }
    row->level[factor] = chosen;
}

/* The factors that are open, in random order. */
static void complete(struct covering *c, struct row *row)
{
    int order[FACTORS], count = 0;
    for (int factor = 0; factor < FACTORS; factor++) {
        if (row->level[factor] == WITHOUT && has_effect(row, factor)) order[count++] = factor;
    }
    for (int i = count; i > 0; i--) {
        const int picked = (int)poolgrad_suite_choose(&c->random, i), factor = order[picked];
        order[picked] = order[i - 1];
        choose_level(c, row, factor);
    }
}

static int count_row(struct covering *c, const struct row *row)
{
    int count = 0;
    for (int factor = 0; factor < FACTORS; factor++) {
        if (row->level[factor] != WITHOUT) count += count_new(c, row, factor, row->level[factor]);
    }
    return count / 2;
}

static struct row random_setting(struct covering *c, const struct missing *m)
{
    struct row row;
    do row = setting((int)poolgrad_suite_choose(&c->random, count_settings()));
    while (!can_have_both(&row, m->factor, m->level, m->other, m->other_level));
    row.level[m->factor] = m->level;
    row.level[m->other] = m->other_level;
    return row;
}

static struct row best_row(struct covering *c, const struct missing *missing)
{
    struct row best = {{0}};
    int most = -1;
    for (int i = 0; i < CANDIDATES; i++) {
        struct row row = random_setting(c, missing);
        complete(c, &row);
        const int count = count_row(c, &row);
        if (count > most) best = row;
        most = count > most ? count : most;
    }
    return best;
}

static void take(struct covering *c, const struct row *row)
{
    for (int factor = 0; factor < FACTORS; factor++) {
        for (int other = factor + 1; other < FACTORS; other++) {
            if (row->level[factor] == WITHOUT || row->level[other] == WITHOUT) continue;
            *pair(c, factor, row->level[factor], other, row->level[other]) = false;
        }
    }
}

/* ---- Recipes ----------------------------------------------------------------------------------------------------- */

static int64_t level_of(const struct row *row, int factor)
{
    return poolgrad_suite_greater(row->level[factor], 0);
}

static void set_rules(const struct row *row, poolgrad_problem *p)
{
    p->direction = (poolgrad_direction)level_of(row, DIRECTION);
    p->kind = (poolgrad_kind)level_of(row, KIND);
    p->edge_mode = (poolgrad_edge_mode)level_of(row, EDGE_MODE);
    p->ties = (poolgrad_tie_rule)level_of(row, TIES);
    p->nan = (poolgrad_nan_rule)level_of(row, NANS);
    p->accumulator = (poolgrad_accumulator)level_of(row, ACCUMULATOR);
    p->mapping = (poolgrad_mapping)level_of(row, MAPPING);
    p->zero_pad_x = zero_pads[level_of(row, ZERO_PAD)][0];
    p->zero_pad_y = zero_pads[level_of(row, ZERO_PAD)][1];
    p->add_to_destination = level_of(row, ADD) > 0;
    p->window = (poolgrad_window){.kernel_width = kernels[level_of(row, KERNEL_WIDTH)],
                                  .kernel_height = kernels[level_of(row, KERNEL_HEIGHT)],
                                  .kernel_depth = 1,
                                  .stride_x = level_of(row, STRIDE_X) + 1,
                                  .stride_y = level_of(row, STRIDE_Y) + 1,
                                  .stride_z = 1,
                                  .dilation_x = level_of(row, DILATION_X) + 1,
                                  .dilation_y = level_of(row, DILATION_Y) + 1,
                                  .dilation_z = 1};
}

/* Windows that reach the source's end: begun at its edge, half outside, a window before it, or inside. */
static struct suite_axis place_axis(int64_t place, int64_t size, int64_t kernel, int64_t stride, int64_t dilation)
{
    const int64_t extent = (kernel - 1) * dilation + 1;
    const int64_t firsts[] = {0, -(extent / 2), -extent, 1};
    const int64_t first = firsts[place];
    return (struct suite_axis){first, poolgrad_suite_greater(poolgrad_suite_divide(size - first, stride), 1), size};
}

static void set_images(const struct row *row, poolgrad_problem *p)
{
    const poolgrad_window *w = &p->window;
    poolgrad_suite_place(
        p,
        place_axis(level_of(row, PLACE_X), widths[level_of(row, WIDTH)], w->kernel_width, w->stride_x, w->dilation_x),
        place_axis(level_of(row, PLACE_Y), heights[level_of(row, HEIGHT)], w->kernel_height, w->stride_y,
                   w->dilation_y));
    p->source.format = formats[level_of(row, SOURCE_FORMAT)];
    p->destination.format = formats[level_of(row, DESTINATION_FORMAT)];
    if (p->direction == POOLGRAD_GRADIENT) p->source_gradient.format = formats[level_of(row, GRADIENT_FORMAT)];
}

/* A part of an image one pixel inside it; of a result, the image is larger by a border. */
static void inset(poolgrad_region *region, int64_t *height, int64_t *width)
{
    region->x = region->y = 1;
    region->width = *width;
    region->height = *height;
    *width += 2;
    *height += 2;
}

/* Offsets are multiples of 4, which every backend takes. */
static void set_channel_windows(poolgrad_problem *p)
{
    enum { OFFSET = 4, BEHIND = 1 };
    const int64_t channels = p->source.channels;
    p->source.channels += OFFSET + BEHIND;
    p->source_channel_offset = OFFSET;
    p->source_channel_count = channels;
    p->destination.channels += OFFSET;
    p->destination_channel_offset = OFFSET;
    p->gradient_channel_count = channels;
    if (p->direction == POOLGRAD_GRADIENT) p->source_gradient.channels += BEHIND;
}

static void set_regions(const struct row *row, poolgrad_problem *p)
{
    poolgrad_suite_set_channels(p, level_of(row, IMAGES) + 1, channel_counts[level_of(row, CHANNELS)]);
    if (level_of(row, CHANNEL_WINDOW) > 0) set_channel_windows(p);
    if (level_of(row, CLIP) > 0) inset(&p->clip, &p->destination.height, &p->destination.width);
    if (level_of(row, REGION) > 0) {
        inset(&p->gradient_region, &p->source_gradient.height, &p->source_gradient.width);
    }
    if (level_of(row, KERNEL_OFFSET) > 0) {
        p->kernel_offset_x = 1;
        p->kernel_offset_y = -1;
        p->offset_x += p->kernel_offset_x;
        p->offset_y += p->kernel_offset_y;
    }
    if (level_of(row, INDICES) > 0) poolgrad_suite_save_picks(p, index_formats[level_of(row, INDICES)]);
    poolgrad_suite_set_layout(p, (poolgrad_layout)level_of(row, LAYOUT));
}

/* A gradient that tells its place shows what went to the wrong one. */
static enum suite_data gradient_data(enum suite_data data, uint64_t *random)
{
    const bool few = data == DATA_TIES || data == DATA_EQUAL || data == DATA_SIGNED_ZEROS;
    const bool special = data == DATA_NAN || data == DATA_INFINITIES;
    return few || (special && poolgrad_suite_choose(random, 2) == 0) ? DATA_RAMP : data;
}

static struct suite_recipe recipe_of(const struct row *row, uint64_t *random)
{
    struct suite_recipe recipe = {.source_data = contents[level_of(row, DATA)], .before_data = DATA_FRACTIONS};
    poolgrad_problem *p = &recipe.problem;
    poolgrad_problem_init(p, sizeof *p);
    set_rules(row, p);
    set_images(row, p);
    set_regions(row, p);
    recipe.gradient_data = gradient_data(recipe.source_data, random);
    recipe.before = p->add_to_destination || level_of(row, CLIP) > 0 || level_of(row, CHANNEL_WINDOW) > 0;
    return recipe;
}

static void name_recipe(struct suite_recipe *recipe, const char *group, int number)
{
    const poolgrad_problem *p = &recipe->problem;
    snprintf(recipe->name, sizeof recipe->name, "%s-%04d-%s-%s", group, number, poolgrad_direction_name(p->direction),
             poolgrad_kind_name(p->kind));
}

bool poolgrad_suite_add_covering(poolgrad_suite *suite, int number, uint64_t seed)
{
    char group[16];
    struct missing missing;
    struct covering *c = calloc(1, sizeof *c);
    bool good = c != NULL;
    if (!good) return false;
    c->random = seed;
    expect_pairs(c);
    snprintf(group, sizeof group, "pairs-%02d", number);
    for (int i = 0; good && find_missing(c, &missing); i++) {
        const struct row row = best_row(c, &missing);
        struct suite_recipe recipe = recipe_of(&row, &c->random);
        take(c, &row);
        name_recipe(&recipe, group, i);
        good = poolgrad_suite_add(suite, &recipe);
    }
    free(c);
    return good;
}

/* ---- Every window ------------------------------------------------------------------------------------------------ */

enum { FIRST_OF_WINDOW = KERNEL_WIDTH, BEHIND_WINDOW = PLACE_X };

static void choose_rest(struct row *row, uint64_t *random)
{
    do {
        for (int factor = 0; factor < FACTORS; factor++) {
            const bool fixed = factor == DIRECTION || factor == KIND;
            if (fixed || (factor >= FIRST_OF_WINDOW && factor < BEHIND_WINDOW)) continue;
            row->level[factor] = (int)poolgrad_suite_choose(random, levels[factor]);
        }
        for (int factor = 0; factor < FACTORS; factor++) {
            if (!has_effect(row, factor)) row->level[factor] = WITHOUT;
        }
    } while (!allowed(row));
}

/* Each direction, kind, kernel, stride and dilation, all with all. */
bool poolgrad_suite_add_windows(poolgrad_suite *suite, uint64_t seed)
{
    int count = levels[DIRECTION] * levels[KIND];
    for (int factor = FIRST_OF_WINDOW; factor < BEHIND_WINDOW; factor++) count *= levels[factor];
    for (int i = 0; i < count; i++) {
        struct row row = {{0}};
        int number = i;
        row.level[DIRECTION] = number % levels[DIRECTION];
        number /= levels[DIRECTION];
        row.level[KIND] = number % levels[KIND];
        number /= levels[KIND];
        for (int factor = FIRST_OF_WINDOW; factor < BEHIND_WINDOW; factor++) {
            row.level[factor] = number % levels[factor];
            number /= levels[factor];
        }
        choose_rest(&row, &seed);
        struct suite_recipe recipe = recipe_of(&row, &seed);
        name_recipe(&recipe, "window", i);
        if (!poolgrad_suite_add(suite, &recipe)) return false;
    }
    return true;
}
