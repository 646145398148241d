/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arrays of parameters in which every pair of values occurs.
 *
 * A value is a small number, the level of a factor. Which factors have an effect depends on some of them, the controls:
 * ties mean nothing to an average. Only pairs of factors that both have an effect count, and of an array that adds to
 * another one those that have a level which the other one lacks. The array is built row by row:
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
    EXTENT,
    TABLES,
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
    KERNEL_DEPTH,
    STRIDE_Z,
    DILATION_Z,
    PLACE_Z,
    DEPTH,
    TABLE_KIND,
    DIVISOR,
    FACTORS
};

/* Levels that no enumeration of the library has. */
enum { GATHER = POOLGRAD_GRADIENT + 1 };     /* of DIRECTION: forward, from indices */
enum { ROOT_MEAN = POOLGRAD_L2NORM + 1 };    /* of KIND */
enum { OF_PLANES, OF_VOLUMES };              /* of EXTENT */
enum { NO_TABLE, BY_X, BY_Y, BY_Z, BY_ALL }; /* of TABLES: axes whose windows stand in one */
enum { ADAPTIVE, IN_NO_ORDER };              /* of TABLE_KIND */
enum { CONTROLS = KERNEL_WIDTH, MOST_LEVELS = 10, CANDIDATES = 10, WITHOUT = -1 };

static const int64_t kernels[] = {1, 2, 3, 5}, channel_counts[] = {1, 3, 4, 5, 9, 17};
static const int64_t widths[] = {1, 5, 8, 13}, heights[] = {1, 4, 7, 10}, depths[] = {1, 3, 4};
static const int64_t divisors[] = {0, 3, -4};
static const struct pads {
    int64_t both[AXES], before[AXES], behind[AXES];
} zero_pads[] = {{{0}, {0}, {0}},
                 {{1, 2, 1}, {0}, {0}},
                 {{3, 0, 2}, {0}, {0}},
                 {{0}, {1, 0, 2}, {0, 2, 0}},
                 {{1, 0, 0}, {0, 1, 0}, {2, 0, 1}}};
static const enum suite_data contents[] = {DATA_RAMP,         DATA_TIES,       DATA_EQUAL,      DATA_FRACTIONS,
                                           DATA_CANCELLATION, DATA_SUBNORMALS, DATA_INFINITIES, DATA_NAN,
                                           DATA_SIGNED_ZEROS, DATA_GREATEST};
static const poolgrad_format formats[] = {POOLGRAD_FLOAT32, POOLGRAD_FLOAT16, POOLGRAD_BFLOAT16,
                                          POOLGRAD_FLOAT64, POOLGRAD_UNORM8,  POOLGRAD_UNORM16};
static const poolgrad_format index_formats[] = {POOLGRAD_FORMAT_NONE, POOLGRAD_INT64, POOLGRAD_INT32,
                                                POOLGRAD_TAP8,        POOLGRAD_TAP16, POOLGRAD_TAP32};

enum { FLOATS = 4, UNORM_CONTENTS = 4 }; /* the first of formats, and of contents: what codes can hold */

/* How many levels a factor has in arrays of either extent. Of fewer than two it has no effect; none says that planes
 * have none of its levels. */
static const int levels[FACTORS][2] = {[DIRECTION] = {2, 3},
                                       [KIND] = {3, 4},
                                       [EDGE_MODE] = {2, 2},
                                       [INDICES] = {6, 6},
                                       [EXTENT] = {1, 2},
                                       [TABLES] = {1, 5},
                                       [KERNEL_WIDTH] = {4, 4},
                                       [KERNEL_HEIGHT] = {4, 4},
                                       [STRIDE_X] = {3, 3},
                                       [STRIDE_Y] = {3, 3},
                                       [DILATION_X] = {2, 2},
                                       [DILATION_Y] = {2, 2},
                                       [PLACE_X] = {4, 4},
                                       [PLACE_Y] = {4, 4},
                                       [WIDTH] = {4, 4},
                                       [HEIGHT] = {4, 4},
                                       [ZERO_PAD] = {3, 5},
                                       [TIES] = {4, 4},
                                       [NANS] = {3, 3},
                                       [DATA] = {MOST_LEVELS, MOST_LEVELS},
                                       [SOURCE_FORMAT] = {6, 6},
                                       [GRADIENT_FORMAT] = {FLOATS, FLOATS},
                                       [DESTINATION_FORMAT] = {FLOATS, FLOATS},
                                       [LAYOUT] = {3, 6},
                                       [ACCUMULATOR] = {2, 2},
                                       [CHANNELS] = {4, 6},
                                       [IMAGES] = {2, 2},
                                       [CHANNEL_WINDOW] = {2, 2},
                                       [CLIP] = {2, 2},
                                       [MAPPING] = {2, 2},
                                       [REGION] = {2, 2},
                                       [KERNEL_OFFSET] = {2, 2},
                                       [ADD] = {2, 2},
                                       [KERNEL_DEPTH] = {0, 3},
                                       [STRIDE_Z] = {0, 2},
                                       [DILATION_Z] = {0, 2},
                                       [PLACE_Z] = {0, 4},
                                       [DEPTH] = {0, 3},
                                       [TABLE_KIND] = {0, 2},
                                       [DIVISOR] = {1, 3}};

struct row {
    enum suite_extent extent;
    int level[FACTORS]; /* WITHOUT: not chosen, or without effect */
};

struct covering {
    enum suite_extent extent;
    bool missing[FACTORS][MOST_LEVELS][FACTORS][MOST_LEVELS]; /* of the lesser factor first */
    uint64_t random;
};

/* ---- Effects ----------------------------------------------------------------------------------------------------- */

static bool has_table(const struct row *row, int axis)
{
    static const int by[] = {BY_X, BY_Y, BY_Z};
    return row->level[TABLES] == by[axis] || row->level[TABLES] == BY_ALL;
}

/* Of what belongs to one axis. */
static bool axis_has_effect(const struct row *row, int factor)
{
    const bool volume = row->level[EXTENT] == OF_VOLUMES;
    switch (factor) {
    case KERNEL_WIDTH:
    case STRIDE_X:
    case DILATION_X:
    case PLACE_X: return !has_table(row, AXIS_X);
    case KERNEL_HEIGHT:
    case STRIDE_Y:
    case DILATION_Y:
    case PLACE_Y: return !has_table(row, AXIS_Y);
    case KERNEL_DEPTH:
    case STRIDE_Z:
    case DILATION_Z:
    case PLACE_Z: return volume && !has_table(row, AXIS_Z);
    case DEPTH: return volume;
    default: return true;
    }
}

/* By the controls of the row. */
static bool has_effect(const struct row *row, int factor)
{
    const bool gradient = row->level[DIRECTION] == POOLGRAD_GRADIENT, max = row->level[KIND] == POOLGRAD_MAX;
    const bool average = row->level[KIND] == POOLGRAD_AVERAGE, mean = average || row->level[KIND] == ROOT_MEAN;
    const bool from_indices = max && row->level[INDICES] > 0 && row->level[DIRECTION] != POOLGRAD_FORWARD;
    if (levels[factor][row->extent] < 2) return false;
    switch (factor) {
    case INDICES: return max;
    case TIES:
    case NANS: return max && !from_indices;
    case ZERO_PAD: return mean && row->level[EDGE_MODE] == POOLGRAD_EDGE_CLAMP;
    case DIVISOR: return mean;
    case SOURCE_FORMAT: return !gradient || (!from_indices && !average);
    case ACCUMULATOR: return average || (gradient && max);
    case TABLE_KIND: return row->level[TABLES] > NO_TABLE;
    case KERNEL_OFFSET: return gradient && row->level[TABLES] != BY_ALL;
    case GRADIENT_FORMAT:
    case MAPPING:
    case REGION:
    case ADD: return gradient;
    default: return axis_has_effect(row, factor);
    }
}

/* Codes have no special values; volumes are not blocked, planes have no windows along z, and what is gathered is what
 * indices say. */
static bool allowed(const struct row *row)
{
    const int *level = row->level;
    if (level[SOURCE_FORMAT] >= FLOATS && level[DATA] >= UNORM_CONTENTS) return false;
    if (level[EXTENT] == OF_VOLUMES && level[LAYOUT] >= POOLGRAD_NC4HW4) return false;
    if (level[EXTENT] == OF_PLANES && level[TABLES] == BY_Z) return false;
    return level[DIRECTION] != GATHER || (level[KIND] == POOLGRAD_MAX && level[INDICES] > 0);
}

/* ---- Pairs ------------------------------------------------------------------------------------------------------- */

static bool *pair(struct covering *c, int factor, int level, int other, int other_level)
{
    return factor < other ? &c->missing[factor][level][other][other_level]
                          : &c->missing[other][other_level][factor][level];
}

/* One of the settings of the controls; those without effect are left out. */
static struct row setting(enum suite_extent extent, int number)
{
    struct row row = {.extent = extent};
    for (int factor = 0; factor < FACTORS; factor++) row.level[factor] = WITHOUT;
    for (int factor = 0; factor < CONTROLS; factor++) {
        row.level[factor] = number % levels[factor][extent];
        number /= levels[factor][extent];
    }
    for (int factor = 0; factor < CONTROLS; factor++) {
        if (!has_effect(&row, factor)) row.level[factor] = WITHOUT;
    }
    return row;
}

static int count_settings(enum suite_extent extent)
{
    int count = 1;
    for (int factor = 0; factor < CONTROLS; factor++) count *= levels[factor][extent];
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

/* Whether the array of planes lacks the level. */
static bool is_added(enum suite_extent extent, int factor, int level)
{
    return extent == SUITE_PLANES || level >= levels[factor][SUITE_PLANES];
}

static void expect_pairs_of(struct covering *c, const struct row *row, int factor, int other)
{
    for (int i = 0; i < levels[factor][c->extent]; i++) {
        for (int j = 0; j < levels[other][c->extent]; j++) {
            if (!is_added(c->extent, factor, i) && !is_added(c->extent, other, j)) continue;
            if (can_have_both(row, factor, i, other, j)) *pair(c, factor, i, other, j) = true;
        }
    }
}

static void expect_pairs(struct covering *c)
{
    for (int number = 0; number < count_settings(c->extent); number++) {
        const struct row row = setting(c->extent, number);
        for (int factor = 0; factor < FACTORS; factor++) {
            if (factor >= CONTROLS && !has_effect(&row, factor)) continue;
            for (int other = factor + 1; other < FACTORS; other++) expect_pairs_of(c, &row, factor, other);
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
    const int shift = (int)poolgrad_suite_choose(&c->random, levels[factor][c->extent]);
    for (int i = 0; i < levels[factor][c->extent]; i++) {
        const int level = (i + shift) % levels[factor][c->extent];
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
    do row = setting(c->extent, (int)poolgrad_suite_choose(&c->random, count_settings(c->extent)));
    while (!can_have_both(&row, m->factor, m->level, m->other, m->other_level));
    row.level[m->factor] = m->level;
    row.level[m->other] = m->other_level;
    return row;
}

static struct row best_row(struct covering *c, const struct missing *missing)
{
    struct row best = {.extent = c->extent};
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
    return poolgrad_max(row->level[factor], 0);
}

static void set_rules(const struct row *row, poolgrad_problem *p)
{
    const bool root_mean = row->level[KIND] == ROOT_MEAN, gather = row->level[DIRECTION] == GATHER;
    p->direction = gather ? POOLGRAD_FORWARD : (poolgrad_direction)level_of(row, DIRECTION);
    p->kind = root_mean ? POOLGRAD_L2NORM : (poolgrad_kind)level_of(row, KIND);
    p->root_mean = root_mean;
    p->divisor = divisors[level_of(row, DIVISOR)];
    p->edge_mode = (poolgrad_edge_mode)level_of(row, EDGE_MODE);
    p->ties = (poolgrad_tie_rule)level_of(row, TIES);
    p->nan = (poolgrad_nan_rule)level_of(row, NANS);
    p->accumulator = (poolgrad_accumulator)level_of(row, ACCUMULATOR);
    p->mapping = (poolgrad_mapping)level_of(row, MAPPING);
    p->add_to_destination = level_of(row, ADD) > 0;
}

/* Windows that reach the source's end: begun at its edge, half outside, a window before it, or inside. */
static struct suite_axis place_axis(int64_t place, int64_t size, const struct axis_fields *f)
{
    const int64_t extent = (*f->kernel - 1) * *f->dilation + 1;
    const int64_t firsts[] = {0, -(extent / 2), -extent, 1};
    const int64_t first = firsts[place];
    return (struct suite_axis){first, poolgrad_max(poolgrad_ceiling_divide(size - first, *f->stride), 1), size};
}

/* Adaptive windows of about half as many as pixels; or windows of all sorts: alone, over the edges, outside, the whole
 * axis, none in its turn. */
static struct suite_table table_of(int64_t kind, int64_t size)
{
    const poolgrad_span spans[] = {{size - 2, 3}, {0, 1}, {-2, 4}, {size, 2}, {0, size}, {size / 2, 2}};
    struct suite_table table = {.count = kind == ADAPTIVE ? size / 2 + 1 : (int64_t)(sizeof spans / sizeof *spans)};
    if (kind == ADAPTIVE)
        (void)poolgrad_adaptive_windows(size, table.count, table.span, NULL);
    else
        memcpy(table.span, spans, sizeof spans);
    return table;
}

static int64_t size_of(const struct row *row, int axis)
{
    if (axis == AXIS_X) return widths[level_of(row, WIDTH)];
    if (axis == AXIS_Y) return heights[level_of(row, HEIGHT)];
    return row->level[EXTENT] == OF_VOLUMES ? depths[level_of(row, DEPTH)] : 0;
}

/* The window along each axis, or its windows; counted pads. */
static void set_axes(const struct row *row, struct suite_recipe *recipe)
{
    static const struct {
        int kernel, stride, dilation, place;
    } factors[AXES] = {{KERNEL_WIDTH, STRIDE_X, DILATION_X, PLACE_X},
                       {KERNEL_HEIGHT, STRIDE_Y, DILATION_Y, PLACE_Y},
                       {KERNEL_DEPTH, STRIDE_Z, DILATION_Z, PLACE_Z}};
    const int axes = row->level[EXTENT] == OF_VOLUMES ? AXES : AXIS_Z;
    const struct pads *pads = &zero_pads[level_of(row, ZERO_PAD)];
    struct suite_axis placed[AXES] = {{.size = 0}};
    for (int i = 0; i < axes; i++) {
        const struct axis_fields f = poolgrad_axis_fields(&recipe->problem, (enum axis)i);
        *f.kernel = kernels[level_of(row, factors[i].kernel)];
        *f.stride = level_of(row, factors[i].stride) + 1;
        *f.dilation = level_of(row, factors[i].dilation) + 1;
        *f.zero_pad = pads->both[i];
        *f.zero_before = pads->before[i];
        *f.zero_behind = pads->behind[i];
        placed[i] = place_axis(level_of(row, factors[i].place), size_of(row, i), &f);
        if (has_table(row, i)) recipe->table[i] = table_of(level_of(row, TABLE_KIND), size_of(row, i));
    }
    poolgrad_suite_place(recipe, placed);
}

static void set_formats(const struct row *row, poolgrad_problem *p)
{
    p->source.format = formats[level_of(row, SOURCE_FORMAT)];
    p->destination.format = formats[level_of(row, DESTINATION_FORMAT)];
    if (p->direction == POOLGRAD_GRADIENT) p->source_gradient.format = formats[level_of(row, GRADIENT_FORMAT)];
}

/* A part of an image one pixel inside it; of a result, the image is larger by a border. */
static void inset(int64_t *first, int64_t *extent, int64_t *size)
{
    *first = 1;
    *extent = *size;
    *size += 2;
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
    static const int64_t moved[AXES] = {1, -1, 1};
    const int axes = p->source.depth > 0 ? AXES : AXIS_Z;
    for (int i = 0; i < axes; i++) {
        const struct axis_fields f = poolgrad_axis_fields(p, (enum axis)i);
        if (level_of(row, CLIP) > 0) inset(f.clip, f.clip_size, f.destination);
        if (level_of(row, REGION) > 0) inset(f.region, f.region_size, f.gradient);
        if (level_of(row, KERNEL_OFFSET) == 0 || has_table(row, i)) continue;
        *f.kernel_offset = moved[i];
        *f.offset += moved[i];
    }
}

static void set_images(const struct row *row, poolgrad_problem *p)
{
    const poolgrad_format indices = index_formats[level_of(row, INDICES)];
    poolgrad_suite_set_channels(p, level_of(row, IMAGES) + 1, channel_counts[level_of(row, CHANNELS)]);
    if (level_of(row, CHANNEL_WINDOW) > 0) set_channel_windows(p);
    set_regions(row, p);
    if (indices != POOLGRAD_FORMAT_NONE && row->level[DIRECTION] == POOLGRAD_FORWARD)
        poolgrad_suite_write_picks(p, indices);
    else if (indices != POOLGRAD_FORMAT_NONE)
        poolgrad_suite_read_indices(p, indices);
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
    set_axes(row, &recipe);
    set_formats(row, p);
    set_images(row, p);
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

bool poolgrad_suite_add_covering(poolgrad_suite *suite, enum suite_extent extent, int number, uint64_t seed)
{
    char group[16];
    struct missing missing;
    struct covering *c = calloc(1, sizeof *c);
    bool good = c != NULL;
    if (!good) return false;
    c->extent = extent;
    c->random = seed;
    expect_pairs(c);
    snprintf(group, sizeof group, "%s-%02d", extent == SUITE_PLANES ? "pairs" : "axes", number);
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
            if (fixed || levels[factor][row->extent] < 2) continue;
            if (factor >= FIRST_OF_WINDOW && factor < BEHIND_WINDOW) continue;
            row->level[factor] = (int)poolgrad_suite_choose(random, levels[factor][row->extent]);
        }
        for (int factor = 0; factor < FACTORS; factor++) {
            if (!has_effect(row, factor)) row->level[factor] = WITHOUT;
        }
    } while (!allowed(row));
}

/* Each direction, kind, kernel, stride and dilation, all with all. */
bool poolgrad_suite_add_windows(poolgrad_suite *suite, uint64_t seed)
{
    int count = levels[DIRECTION][SUITE_PLANES] * levels[KIND][SUITE_PLANES];
    for (int factor = FIRST_OF_WINDOW; factor < BEHIND_WINDOW; factor++) count *= levels[factor][SUITE_PLANES];
    for (int i = 0; i < count; i++) {
        struct row row = {.extent = SUITE_PLANES};
        int number = i;
        row.level[DIRECTION] = number % levels[DIRECTION][SUITE_PLANES];
        number /= levels[DIRECTION][SUITE_PLANES];
        row.level[KIND] = number % levels[KIND][SUITE_PLANES];
        number /= levels[KIND][SUITE_PLANES];
        for (int factor = FIRST_OF_WINDOW; factor < BEHIND_WINDOW; factor++) {
            row.level[factor] = number % levels[factor][SUITE_PLANES];
            number /= levels[factor][SUITE_PLANES];
        }
        choose_rest(&row, &seed);
        struct suite_recipe recipe = recipe_of(&row, &seed);
        name_recipe(&recipe, "window", i);
        if (!poolgrad_suite_add(suite, &recipe)) return false;
    }
    return true;
}
