/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arrays of parameters in which every pair of values occurs.
 *
 * A value is a small number, the level of a factor. Which factors have an effect depends on some of them, the controls:
 * ties mean nothing to an average. Only pairs of factors that both have an effect count, and of an array that adds to
 * another one those that have a level which the other one lacks. The array is built row by row:
 * a row begins with the first pair that is still missing, and takes, factor by factor, the level that brings most
 * missing pairs with what the row has already. Of a few rows made that way the best one stays.
 *
 * Where a part of all cases is asked for, the arrays are drawn from the levels of that part. What single levels do not
 * decide is seen when a row is whole: it is taken or drawn again.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suite/suite_profile.h"

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
    ROUNDING, /* of enum suite_rounding */
    PADS_X,
    PADS_Y,
    PADS_Z,
    COUNTED,
    FACTORS
};

/* Levels that no enumeration of the library has. */
enum { GATHER = POOLGRAD_GRADIENT + 1 };     /* of DIRECTION: forward, from indices */
enum { ROOT_MEAN = POOLGRAD_L2NORM + 1 };    /* of KIND */
enum { OF_PLANES, OF_VOLUMES, OF_LINES };    /* of EXTENT; lines are planes of one row, in profiles alone */
enum { NO_TABLE, BY_X, BY_Y, BY_Z, BY_ALL }; /* of TABLES: axes whose windows stand in one */
enum { ADAPTIVE, IN_NO_ORDER };              /* of TABLE_KIND */
enum { NO_PADS, PADS_OF_ONE, MOST_PADS, PADS_BEFORE, PADS_BEHIND }; /* of PADS_X and so on */
enum { CONTROLS = KERNEL_WIDTH, MOST_LEVELS = 10, CANDIDATES = 10, WITHOUT = -1, GROUP = 16 };

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
enum { FORMATS = sizeof formats / sizeof *formats, INDEX_FORMATS = sizeof index_formats / sizeof *index_formats };

/* The first of formats, and of contents: what codes can hold. */
enum { FLOATS = 4, UNORM_CONTENTS = 4 };

/* How many levels a factor has in arrays of either extent. Of fewer than two it has no effect; none says that planes
 * have none of its levels. */
static const int level_counts[FACTORS][2] = {[DIRECTION] = {2, 3},
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
                                             [DIVISOR] = {1, 3},
                                             [ROUNDING] = {1, 1},
                                             [PADS_X] = {1, 1},
                                             [PADS_Y] = {1, 1},
                                             [PADS_Z] = {0, 1},
                                             [COUNTED] = {1, 1}};

/* What an array is drawn from: the levels that are left of each factor, as bits. */
struct space {
    const struct suite_profile_rules *rules; /* null: all that poolgrad can say */
    const struct suite_scope *scope;         /* null: all of it */
    unsigned levels[FACTORS];
    int count[FACTORS]; /* how many these are */
    int only[FACTORS];  /* the one, if it is one; else WITHOUT */
};

struct row {
    const struct space *space;
    int level[FACTORS]; /* WITHOUT: not chosen, or without effect */
};

struct covering {
    struct space space, planes; /* pairs of planes are not those of an array that has more */
    enum suite_extent extent;
    int number;
    bool missing[FACTORS][MOST_LEVELS][FACTORS][MOST_LEVELS];  /* of the lesser factor first */
    bool hopeless[FACTORS][MOST_LEVELS][FACTORS][MOST_LEVELS]; /* likewise: looked for in vain */
    size_t first_missing;                                      /* no pair before it is */
    uint64_t random;
};

enum { PAIRS = FACTORS * MOST_LEVELS * FACTORS * MOST_LEVELS };

/* ---- Spaces ------------------------------------------------------------------------------------------------------ */

static bool has_level(const struct space *space, int factor, int level)
{
    return space->levels[factor] >> level & 1;
}

static int count_levels(const struct space *space, int factor)
{
    return space->count[factor];
}

/* The level of that number among those that are left; 0 where there is none. */
static int level_at(const struct space *space, int factor, int number)
{
    int level = 0;
    if (space->levels[factor] == 0) return 0;
    while (!has_level(space, factor, level) || number-- > 0) level++;
    return level;
}

static void keep(struct space *space, int factor, int levels)
{
    space->levels[factor] &= (unsigned)levels;
}

static void keep_first(struct space *space, const int *factors, size_t count)
{
    for (size_t i = 0; i < count; i++) keep(space, factors[i], 1);
}

/* Of a factor whose levels stand for formats. */
static void keep_formats(struct space *space, int factor, const poolgrad_format *format, int count, uint64_t wanted)
{
    int levels = 0;
    for (int i = 0; i < count; i++) levels |= (int)(wanted >> format[i] & 1) << i;
    keep(space, factor, levels);
}

/* Frameworks place windows by pads; pixels outside are none. */
static void keep_pads(struct space *space, bool planes)
{
    static const int placed[] = {PLACE_X, PLACE_Y, PLACE_Z, ZERO_PAD};
    const struct suite_profile_rules *rules = space->rules;
    const unsigned pads = rules->one_sided_pads ? 1U << PADS_BEHIND | 1U << PADS_BEFORE : 0;
    keep_first(space, placed, sizeof placed / sizeof *placed);
    keep(space, EDGE_MODE, 1 << POOLGRAD_EDGE_CLAMP);
    space->levels[ROUNDING] = (unsigned)rules->roundings;
    space->levels[PADS_X] = space->levels[PADS_Y] = pads | 1U << NO_PADS | 1U << PADS_OF_ONE | 1U << MOST_PADS;
    space->levels[PADS_Z] = planes ? 0 : space->levels[PADS_X];
    space->levels[COUNTED] = (rules->leaves_out_pads ? 1U : 0) | (rules->counts_pads ? 2U : 0);
}

static void keep_profile(struct space *space, bool planes)
{
    static const int regions[] = {CLIP, REGION, KERNEL_OFFSET, CHANNEL_WINDOW, MAPPING};
    static const int dilations[] = {DILATION_X, DILATION_Y, DILATION_Z};
    enum { PADS_OF_BOTH_SIDES = 7 }; /* the first of zero_pads */
    const struct suite_profile_rules *rules = space->rules;
    keep(space, DIRECTION, rules->directions);
    keep(space, KIND, rules->kinds);
    keep_formats(space, SOURCE_FORMAT, formats, FORMATS, (uint64_t)rules->source_formats);
    keep_formats(space, GRADIENT_FORMAT, formats, FLOATS, (uint64_t)rules->formats);
    keep_formats(space, DESTINATION_FORMAT, formats, FLOATS, (uint64_t)rules->formats);
    keep_formats(space, INDICES, index_formats, INDEX_FORMATS, (uint64_t)rules->index_formats);
    keep(space, LAYOUT, rules->layouts);
    keep(space, TIES, rules->ties);
    keep(space, NANS, rules->nans);
    keep(space, ACCUMULATOR, 1 << POOLGRAD_ACCUMULATE_FLOAT32);
    keep(space, TABLES, rules->adaptive_kinds ? 1 << NO_TABLE | 1 << BY_ALL : 1 << NO_TABLE);
    keep(space, TABLE_KIND, 1 << ADAPTIVE);
    if (!planes) space->levels[EXTENT] |= 1U << OF_LINES;
    keep(space, EXTENT,
         (rules->ranks >> 1 & 1) << OF_LINES | (rules->ranks >> 2 & 1) << OF_PLANES |
             (rules->ranks >> 3 & 1) << OF_VOLUMES);
    if (!rules->divided_kinds) keep(space, DIVISOR, 1);
    if (!rules->adds) keep(space, ADD, 1);
    if (!rules->dilated_kinds[0] && !rules->dilated_kinds[1])
        keep_first(space, dilations, sizeof dilations / sizeof *dilations);
    if (!rules->regions)
        keep_first(space, regions, sizeof regions / sizeof *regions);
    else
        keep(space, MAPPING, 1 << POOLGRAD_MAPPING_CLIP);
    if (rules->roundings == 1 << AT_OFFSETS)
        keep(space, ZERO_PAD, PADS_OF_BOTH_SIDES);
    else
        keep_pads(space, planes);
}

/* By which levels a row comes to a feature, as far as single factors decide. */
static const struct {
    int feature, factor;
    unsigned levels;
} features_of_levels[] = {{FEATURE_TIES, DATA, 1U << 1 | 1U << 2 | 1U << 6 | 1U << 7 | 1U << 8},
                          {FEATURE_ALL_EQUAL, DATA, 1U << 2},
                          {FEATURE_NAN, DATA, 1U << 7},
                          {FEATURE_INFINITY, DATA, 1U << 6},
                          {FEATURE_SUBNORMAL, DATA, 1U << 5},
                          {FEATURE_CANCELLATION, DATA, 1U << 4},
                          {FEATURE_SIGNED_ZEROS, DATA, 1U << 8},
                          {FEATURE_OVERFLOW, DATA, 1U << 9},
                          {FEATURE_EVEN_KERNEL, KERNEL_WIDTH, 1U << 1},
                          {FEATURE_EVEN_KERNEL, KERNEL_HEIGHT, 1U << 1},
                          {FEATURE_EVEN_KERNEL, KERNEL_DEPTH, 1U << 1},
                          {FEATURE_DILATION, DILATION_X, 1U << 1},
                          {FEATURE_DILATION, DILATION_Y, 1U << 1},
                          {FEATURE_DILATION, DILATION_Z, 1U << 1},
                          {FEATURE_STRIDE, STRIDE_X, 1U << 1 | 1U << 2},
                          {FEATURE_STRIDE, STRIDE_Y, 1U << 1 | 1U << 2},
                          {FEATURE_STRIDE, STRIDE_Z, 1U << 1},
                          {FEATURE_CLIP, CLIP, 1U << 1},
                          {FEATURE_MAPPING_CLIP, MAPPING, 1U << 1},
                          {FEATURE_GRADIENT_REGION, REGION, 1U << 1},
                          {FEATURE_KERNEL_OFFSET, KERNEL_OFFSET, 1U << 1},
                          {FEATURE_CHANNEL_WINDOW, CHANNEL_WINDOW, 1U << 1},
                          {FEATURE_INDICES, INDICES, ~1U},
                          {FEATURE_ADD, ADD, 1U << 1},
                          {FEATURE_UNORM, SOURCE_FORMAT, 1U << 4 | 1U << 5},
                          {FEATURE_FLOAT16, SOURCE_FORMAT, 1U << 1},
                          {FEATURE_FLOAT16, GRADIENT_FORMAT, 1U << 1},
                          {FEATURE_FLOAT16, DESTINATION_FORMAT, 1U << 1},
                          {FEATURE_BFLOAT16, SOURCE_FORMAT, 1U << 2},
                          {FEATURE_BFLOAT16, GRADIENT_FORMAT, 1U << 2},
                          {FEATURE_BFLOAT16, DESTINATION_FORMAT, 1U << 2},
                          {FEATURE_FLOAT64, SOURCE_FORMAT, 1U << 3},
                          {FEATURE_FLOAT64, GRADIENT_FORMAT, 1U << 3},
                          {FEATURE_FLOAT64, DESTINATION_FORMAT, 1U << 3},
                          {FEATURE_NHWC, LAYOUT, 1U << POOLGRAD_NHWC},
                          {FEATURE_NC4HW4, LAYOUT, 1U << POOLGRAD_NC4HW4},
                          {FEATURE_NC8HW8, LAYOUT, 1U << POOLGRAD_NC8HW8},
                          {FEATURE_NC16HW16, LAYOUT, 1U << POOLGRAD_NC16HW16},
                          {FEATURE_NC32HW32, LAYOUT, 1U << POOLGRAD_NC32HW32},
                          {FEATURE_VOLUME, EXTENT, 1U << OF_VOLUMES},
                          {FEATURE_TABLE, TABLES, ~1U},
                          {FEATURE_DIVISOR, DIVISOR, ~1U},
                          {FEATURE_ROOT_MEAN, KIND, 1U << ROOT_MEAN},
                          {FEATURE_GATHER, DIRECTION, 1U << GATHER}};

enum { FEATURES_OF_LEVELS = sizeof features_of_levels / sizeof *features_of_levels };

/* Features that a row has by chance, of several factors together; rows have none of those that stand in neither
 * place. */
static const uint64_t features_of_chance = SUITE_FEATURE(RAMP) | SUITE_FEATURE(GAPS) | SUITE_FEATURE(OVERLAP) |
                                           SUITE_FEATURE(EDGE_ZERO) | SUITE_FEATURE(CLAMP) | SUITE_FEATURE(ZERO_PAD) |
                                           SUITE_FEATURE(ONE_SIDED_PAD) | SUITE_FEATURE(OUTSIDE) |
                                           SUITE_FEATURE(LARGE_KERNEL) | SUITE_FEATURE(UNUSED_LANES);

static void keep_scope(struct space *space)
{
    const struct suite_scope *scope = space->scope;
    if (scope->directions) keep(space, DIRECTION, (int)scope->directions);
    if (scope->kinds) keep(space, KIND, (int)scope->kinds);
    if (scope->layouts) keep(space, LAYOUT, (int)scope->layouts);
    if (scope->formats) keep_formats(space, DESTINATION_FORMAT, formats, FLOATS, scope->formats);
    for (int i = 0; i < FEATURES_OF_LEVELS; i++) {
        if (scope->without >> features_of_levels[i].feature & 1)
            space->levels[features_of_levels[i].factor] &= ~features_of_levels[i].levels;
    }
}

/* Whether any row can be drawn. */
static bool is_void(const struct space *space, enum suite_extent extent)
{
    for (int factor = 0; factor < FACTORS; factor++) {
        if (level_counts[factor][extent] > 0 && space->levels[factor] == 0) return true;
    }
    return false;
}

static struct space space_of(const struct suite_scope *scope, enum suite_extent extent)
{
    struct space space = {.scope = scope, .rules = scope ? poolgrad_suite_profile_rules(scope->profile) : NULL};
    for (int factor = 0; factor < FACTORS; factor++) space.levels[factor] = (1U << level_counts[factor][extent]) - 1;
    if (space.rules) keep_profile(&space, extent == SUITE_PLANES);
    if (scope) keep_scope(&space);
    if (is_void(&space, extent)) memset(space.levels, 0, sizeof space.levels);
    for (int factor = 0; factor < FACTORS; factor++) {
        for (unsigned left = space.levels[factor]; left; left &= left - 1) space.count[factor]++;
        space.only[factor] = space.count[factor] == 1 ? level_at(&space, factor, 0) : WITHOUT;
    }
    return space;
}

/* The row's level, which may be the only one; WITHOUT where it is open. */
static int at(const struct row *row, int factor)
{
    return row->level[factor] != WITHOUT ? row->level[factor] : row->space->only[factor];
}

/* ---- Effects ----------------------------------------------------------------------------------------------------- */

static bool has_table(const struct row *row, int axis)
{
    static const int by[] = {BY_X, BY_Y, BY_Z};
    return at(row, TABLES) == by[axis] || at(row, TABLES) == BY_ALL;
}

static int axes_of(const struct row *row)
{
    const int extent = at(row, EXTENT);
    return extent == OF_VOLUMES ? AXES : extent == OF_LINES ? AXIS_Y : AXIS_Z;
}

/* Of what belongs to one axis. */
static bool axis_has_effect(const struct row *row, int factor)
{
    const bool volume = at(row, EXTENT) == OF_VOLUMES, line = at(row, EXTENT) == OF_LINES;
    switch (factor) {
    case KERNEL_WIDTH:
    case STRIDE_X:
    case DILATION_X:
    case PLACE_X:
    case PADS_X: return !has_table(row, AXIS_X);
    case KERNEL_HEIGHT:
    case STRIDE_Y:
    case DILATION_Y:
    case PLACE_Y:
    case PADS_Y: return !line && !has_table(row, AXIS_Y);
    case KERNEL_DEPTH:
    case STRIDE_Z:
    case DILATION_Z:
    case PLACE_Z:
    case PADS_Z: return volume && !has_table(row, AXIS_Z);
    case HEIGHT: return !line;
    case DEPTH: return volume;
    default: return true;
    }
}

static bool is_among(int words, int word)
{
    return words >> word & 1;
}

/* Whether the framework has words for it, by the controls of the row. */
static bool is_sayable(const struct row *row, int factor)
{
    const struct suite_profile_rules *rules = row->space->rules;
    const int kind = at(row, KIND), axes = axes_of(row), gradient = at(row, DIRECTION) == POOLGRAD_GRADIENT;
    const bool by_table = at(row, TABLES) != NO_TABLE;
    switch (factor) {
    case DILATION_X:
    case DILATION_Y:
    case DILATION_Z: return is_among(rules->dilated_kinds[gradient], kind);
    case PADS_X:
    case PADS_Y:
    case PADS_Z: return is_among(rules->padded_kinds, kind) && is_among(rules->padded_ranks, axes);
    case ROUNDING: return !by_table;
    case COUNTED: return !by_table && kind == POOLGRAD_AVERAGE;
    case DIVISOR: return !by_table && is_among(rules->divided_kinds, kind) && is_among(rules->divided_ranks, axes);
    case SOURCE_FORMAT:
    case GRADIENT_FORMAT: return rules->mixed_formats;
    default: return true;
    }
}

/* By the controls of the row. The direction has, though it be the only one: all levels meet it. */
static bool has_effect(const struct row *row, int factor)
{
    const bool gradient = at(row, DIRECTION) == POOLGRAD_GRADIENT, max = at(row, KIND) == POOLGRAD_MAX;
    const bool average = at(row, KIND) == POOLGRAD_AVERAGE, mean = average || at(row, KIND) == ROOT_MEAN;
    const bool from_indices = max && at(row, INDICES) > 0 && at(row, DIRECTION) != POOLGRAD_FORWARD;
    if (factor == DIRECTION) return true;
    if (count_levels(row->space, factor) < 2) return false;
    if (row->space->rules && !is_sayable(row, factor)) return false;
    switch (factor) {
    case INDICES: return max;
    case TIES:
    case NANS: return max && !from_indices;
    case ZERO_PAD: return mean && at(row, EDGE_MODE) == POOLGRAD_EDGE_CLAMP;
    case DIVISOR: return mean;
    case SOURCE_FORMAT: return !gradient || (!from_indices && !average);
    case ACCUMULATOR: return average || (gradient && max);
    case TABLE_KIND: return at(row, TABLES) > NO_TABLE;
    case KERNEL_OFFSET: return gradient && at(row, TABLES) != BY_ALL;
    case GRADIENT_FORMAT:
    case MAPPING:
    case REGION:
    case ADD: return gradient;
    default: return axis_has_effect(row, factor);
    }
}

/* What a framework does not say together. */
static bool allowed_by_profile(const struct row *row)
{
    static const int pads[] = {PADS_X, PADS_Y, PADS_Z};
    const struct suite_profile_rules *rules = row->space->rules;
    const int rounding = at(row, ROUNDING);
    const bool rounds = rounding == ROUND_UP || rounding == ROUND_UP_DROP;
    if (rounds && !is_among(rules->rounded_kinds, at(row, KIND))) return false;
    if (at(row, TABLES) > NO_TABLE && !is_among(rules->adaptive_kinds, at(row, KIND))) return false;
    for (int i = 0; i < AXES; i++) {
        if ((rounding == SAME_UPPER || rounding == SAME_LOWER) && at(row, pads[i]) > NO_PADS) return false;
    }
    return true;
}

/* Whether the row has a feature that is wanted, or may still get one. */
static bool may_be_wanted(const struct row *row)
{
    const uint64_t wanted = row->space->scope ? row->space->scope->features : 0;
    if (wanted == 0 || (wanted & features_of_chance)) return true;
    for (int i = 0; i < FEATURES_OF_LEVELS; i++) {
        const int factor = features_of_levels[i].factor, level = at(row, factor);
        if (!(wanted >> features_of_levels[i].feature & 1)) continue;
        const bool open = level == WITHOUT && (factor < CONTROLS || has_effect(row, factor));
        const unsigned levels = open ? row->space->levels[factor] : level == WITHOUT ? 0 : 1U << level;
        if (levels & features_of_levels[i].levels) return true;
    }
    return false;
}

/* Codes have no special values; volumes are not blocked, planes have no windows along z, and what is gathered is what
 * indices say. */
static bool allowed(const struct row *row)
{
    if (at(row, SOURCE_FORMAT) >= FLOATS && at(row, DATA) >= UNORM_CONTENTS) return false;
    if (at(row, EXTENT) == OF_VOLUMES && at(row, LAYOUT) >= POOLGRAD_NC4HW4) return false;
    if (at(row, EXTENT) == OF_PLANES && at(row, TABLES) == BY_Z) return false;
    if (row->space->rules && !allowed_by_profile(row)) return false;
    if (!may_be_wanted(row)) return false;
    return at(row, DIRECTION) != GATHER || (at(row, KIND) == POOLGRAD_MAX && at(row, INDICES) > 0);
}

/* ---- Pairs ------------------------------------------------------------------------------------------------------- */

static bool *pair(struct covering *c, int factor, int level, int other, int other_level)
{
    return factor < other ? &c->missing[factor][level][other][other_level]
                          : &c->missing[other][other_level][factor][level];
}

/* One of the settings of the controls; those without effect are left out. */
static struct row setting(const struct space *space, int number)
{
    struct row row = {.space = space};
    for (int factor = 0; factor < FACTORS; factor++) row.level[factor] = WITHOUT;
    for (int factor = 0; factor < CONTROLS; factor++) {
        const int count = count_levels(space, factor);
        row.level[factor] = level_at(space, factor, number % count);
        number /= count;
    }
    for (int factor = 0; factor < CONTROLS; factor++) {
        if (!has_effect(&row, factor)) row.level[factor] = WITHOUT;
    }
    return row;
}

/* 0 of a space that is void. */
static int count_settings(const struct space *space)
{
    int count = 1;
    for (int factor = 0; factor < CONTROLS; factor++) count *= count_levels(space, factor);
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
static bool is_added(const struct covering *c, int factor, int level)
{
    return c->extent == SUITE_PLANES || !has_level(&c->planes, factor, level);
}

static void expect_pairs_of(struct covering *c, const struct row *row, int factor, int other)
{
    for (int i = 0; i < MOST_LEVELS; i++) {
        for (int j = 0; has_level(&c->space, factor, i) && j < MOST_LEVELS; j++) {
            if (!has_level(&c->space, other, j)) continue;
            if (!is_added(c, factor, i) && !is_added(c, other, j)) continue;
            if (can_have_both(row, factor, i, other, j)) *pair(c, factor, i, other, j) = true;
        }
    }
}

static void expect_pairs(struct covering *c)
{
    const int settings = count_settings(&c->space);
    for (int number = 0; number < settings; number++) {
        const struct row row = setting(&c->space, number);
        for (int factor = 0; factor < FACTORS; factor++) {
            if (factor >= CONTROLS && !has_effect(&row, factor)) continue;
            for (int other = factor + 1; other < FACTORS; other++) expect_pairs_of(c, &row, factor, other);
        }
    }
}

struct missing {
    int factor, level, other, other_level;
};

/* The first one that is left; those before it are there for good. */
static bool find_missing(struct covering *c, struct missing *found)
{
    const bool *flat = &c->missing[0][0][0][0];
    const size_t count = sizeof c->missing / sizeof *flat;
    for (; c->first_missing < count; c->first_missing++) {
        const size_t i = c->first_missing;
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
    const int levels = count_levels(&c->space, factor);
    const int shift = (int)poolgrad_suite_choose(&c->random, levels);
    for (int i = 0; i < levels; i++) {
        const int level = level_at(&c->space, factor, (i + shift) % levels);
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
    do row = setting(&c->space, (int)poolgrad_suite_choose(&c->random, count_settings(&c->space)));
    while (!can_have_both(&row, m->factor, m->level, m->other, m->other_level));
    row.level[m->factor] = m->level;
    row.level[m->other] = m->other_level;
    return row;
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

/* The first of the levels where the row has none. */
static int64_t level_of(const struct row *row, int factor)
{
    return row->level[factor] != WITHOUT ? row->level[factor] : level_at(row->space, factor, 0);
}

static void set_rules(const struct row *row, poolgrad_problem *p)
{
    const bool root_mean = level_of(row, KIND) == ROOT_MEAN, gather = level_of(row, DIRECTION) == GATHER;
    p->direction = gather ? POOLGRAD_FORWARD : (poolgrad_direction)level_of(row, DIRECTION);
    p->kind = root_mean ? POOLGRAD_L2NORM : (poolgrad_kind)level_of(row, KIND);
    p->root_mean = root_mean;
    p->divisor = divisors[level_of(row, DIVISOR)];
    p->edge_mode = (poolgrad_edge_mode)level_of(row, EDGE_MODE);
    p->ties = (poolgrad_tie_rule)level_of(row, TIES);
    p->nan = (poolgrad_nan_rule)level_of(row, NANS);
    p->accumulator = (poolgrad_accumulator)level_of(row, ACCUMULATOR);
    if (p->direction == POOLGRAD_GRADIENT) p->mapping = (poolgrad_mapping)level_of(row, MAPPING);
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
    if (axis == AXIS_Y) return axes_of(row) > AXIS_Y ? heights[level_of(row, HEIGHT)] : 1;
    return axes_of(row) > AXIS_Z ? depths[level_of(row, DEPTH)] : 0;
}

/* The pads of an axis; where the window does not fit between them the image grows. */
static void choose_pads(const struct row *row, int axis, const struct axis_fields *f, int64_t pads[2], int64_t *size)
{
    static const int factors[AXES] = {PADS_X, PADS_Y, PADS_Z};
    const enum suite_rounding rounding = (enum suite_rounding)level_of(row, ROUNDING);
    const int64_t extent = (*f->kernel - 1) * *f->dilation + 1;
    const int64_t most = poolgrad_suite_most_pad(row->space->rules, *f->kernel), one = poolgrad_min(most, 1);
    const int64_t before[] = {0, one, most, most, 0}, behind[] = {0, one, most, 0, most};
    if (rounding == SAME_UPPER || rounding == SAME_LOWER) {
        poolgrad_suite_same_pads(rounding, extent, *f->stride, *size, &pads[0], &pads[1]);
        return;
    }
    pads[0] = before[level_of(row, factors[axis])];
    pads[1] = behind[level_of(row, factors[axis])];
    const struct suite_profile_rules *rules = row->space->rules;
    const bool is_inner = is_among(rules->inner_kinds, (int)level_of(row, KIND)) &&
                          is_among(rules->inner_ranks, axes_of(row));
    *size = poolgrad_max(*size, is_inner ? *f->kernel : extent - pads[0] - pads[1]);
}

/* As frameworks do it. */
static void place_by_pads(const struct row *row, struct suite_recipe *recipe)
{
    const int64_t level = level_of(row, ROUNDING);
    const poolgrad_rounding rounding = level == ROUND_UP        ? POOLGRAD_ROUND_UP
                                       : level == ROUND_UP_DROP ? POOLGRAD_ROUND_UP_DROP
                                                                : POOLGRAD_ROUND_DOWN;
    int64_t pads[AXES][2] = {{0}}, size[AXES];
    for (int i = 0; i < AXES; i++) {
        const struct axis_fields f = poolgrad_axis_fields(&recipe->problem, (enum axis)i);
        size[i] = size_of(row, i);
        if (i < axes_of(row)) choose_pads(row, i, &f, pads[i], &size[i]);
    }
    const bool counted = recipe->problem.kind == POOLGRAD_AVERAGE && level_of(row, COUNTED) > 0;
    const poolgrad_pads given = {.left = pads[AXIS_X][0],
                                 .right = pads[AXIS_X][1],
                                 .top = pads[AXIS_Y][0],
                                 .bottom = pads[AXIS_Y][1],
                                 .front = pads[AXIS_Z][0],
                                 .back = pads[AXIS_Z][1],
                                 .counted = counted};
    poolgrad_suite_place_by_pads(recipe, &given, rounding, size);
}

/* The window along each axis, or its windows; counted pads. */
static void set_axes(const struct row *row, struct suite_recipe *recipe)
{
    static const struct {
        int kernel, stride, dilation, place;
    } factors[AXES] = {{KERNEL_WIDTH, STRIDE_X, DILATION_X, PLACE_X},
                       {KERNEL_HEIGHT, STRIDE_Y, DILATION_Y, PLACE_Y},
                       {KERNEL_DEPTH, STRIDE_Z, DILATION_Z, PLACE_Z}};
    const int axes = axes_of(row);
    const struct pads *pads = &zero_pads[level_of(row, ZERO_PAD)];
    struct suite_axis placed[AXES] = {{.size = 0}, {.windows = 1, .size = 1}};
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
    if (level_of(row, ROUNDING) != AT_OFFSETS && !has_table(row, AXIS_X)) place_by_pads(row, recipe);
}

static void set_formats(const struct row *row, poolgrad_problem *p)
{
    const bool mixed = !row->space->rules || row->space->rules->mixed_formats;
    p->destination.format = formats[level_of(row, DESTINATION_FORMAT)];
    p->source.format = mixed ? formats[level_of(row, SOURCE_FORMAT)] : p->destination.format;
    if (p->direction == POOLGRAD_GRADIENT)
        p->source_gradient.format = mixed ? formats[level_of(row, GRADIENT_FORMAT)] : p->destination.format;
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
    if (indices != POOLGRAD_FORMAT_NONE && level_of(row, DIRECTION) == POOLGRAD_FORWARD)
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

/* Whether the row is whole, and its recipe one of those that are asked for. */
static bool is_taken(const struct row *row, uint64_t random)
{
    if (!row->space->scope) return true;
    for (int factor = 0; factor < FACTORS; factor++) {
        if (row->level[factor] == WITHOUT && has_effect(row, factor)) return false;
    }
    const struct suite_recipe recipe = recipe_of(row, &random);
    return poolgrad_suite_is_in(row->space->scope, &recipe);
}

/* The best of a few rows that are taken. False where none of many is: the pair is not to be had. */
static bool find_best_row(struct covering *c, const struct missing *missing, struct row *best)
{
    enum { TRIES = 4 * CANDIDATES };
    int most = -1, candidates = 0;
    for (int i = 0; i < TRIES && candidates < CANDIDATES; i++) {
        struct row row = random_setting(c, missing);
        complete(c, &row);
        if (!is_taken(&row, c->random)) continue;
        const int count = count_row(c, &row);
        if (count > most) *best = row;
        most = count > most ? count : most;
        candidates++;
    }
    return candidates > 0;
}

static bool add_row(poolgrad_suite *suite, struct covering *c, const struct row *row, int number)
{
    char group[GROUP];
    struct suite_recipe recipe = recipe_of(row, &c->random);
    snprintf(group, sizeof group, "%s-%02d", c->extent == SUITE_PLANES ? "pairs" : "axes", c->number);
    name_recipe(&recipe, group, number);
    return poolgrad_suite_add(suite, &recipe);
}

/* One array. What no row can have is not looked for again in the next ones. */
static bool add_array(poolgrad_suite *suite, struct covering *c)
{
    struct missing m;
    c->first_missing = 0;
    expect_pairs(c);
    for (size_t i = 0; i < PAIRS; i++) (&c->missing[0][0][0][0])[i] &= !(&c->hopeless[0][0][0][0])[i];
    for (int i = 0; find_missing(c, &m);) {
        struct row row;
        if (!find_best_row(c, &m, &row)) {
            c->hopeless[m.factor][m.level][m.other][m.other_level] = true;
            *pair(c, m.factor, m.level, m.other, m.other_level) = false;
            continue;
        }
        take(c, &row);
        if (!add_row(suite, c, &row, i++)) return false;
    }
    return true;
}

bool poolgrad_suite_add_coverings(poolgrad_suite *suite, enum suite_extent extent, int count, uint64_t *seed)
{
    const struct suite_scope *scope = poolgrad_suite_scope(suite);
    struct covering *c = calloc(1, sizeof *c);
    bool good = c != NULL;
    if (!good) return false;
    c->extent = extent;
    c->space = space_of(scope, extent);
    c->planes = space_of(scope, SUITE_PLANES);
    for (c->number = 0; good && c->number < count; c->number++) {
        c->random = poolgrad_suite_random(seed);
        good = add_array(suite, c);
    }
    free(c);
    return good;
}

/* ---- Every window ------------------------------------------------------------------------------------------------ */

enum { FIRST_OF_WINDOW = KERNEL_WIDTH, BEHIND_WINDOW = PLACE_X };

static void draw_rest(struct row *row, uint64_t *random)
{
    for (int factor = 0; factor < FACTORS; factor++) {
        const bool fixed = factor == DIRECTION || factor == KIND;
        const int levels = count_levels(row->space, factor);
        if (fixed || levels < 2) continue;
        if (factor >= FIRST_OF_WINDOW && factor < BEHIND_WINDOW) continue;
        row->level[factor] = level_at(row->space, factor, (int)poolgrad_suite_choose(random, levels));
    }
    for (int factor = 0; factor < FACTORS; factor++) {
        if (!has_effect(row, factor)) row->level[factor] = WITHOUT;
    }
}

/* The rest of a row; false where it is none that is asked for. */
static bool choose_rest(struct row *row, uint64_t *random)
{
    enum { TRIES = 1000 };
    const struct row given = *row;
    for (int i = 0; i < TRIES; i++) {
        *row = given;
        draw_rest(row, random);
        if (allowed(row) && is_taken(row, *random)) return true;
    }
    return false;
}

/* The window of that number among all; false where the space lacks it. */
static bool window_at(const struct space *space, int number, struct row *row)
{
    static const int factors[] = {DIRECTION, KIND};
    *row = (struct row){.space = space};
    for (int i = 0; i < 2; i++) {
        row->level[factors[i]] = number % level_counts[factors[i]][SUITE_PLANES];
        number /= level_counts[factors[i]][SUITE_PLANES];
    }
    for (int factor = FIRST_OF_WINDOW; factor < BEHIND_WINDOW; factor++) {
        row->level[factor] = number % level_counts[factor][SUITE_PLANES];
        number /= level_counts[factor][SUITE_PLANES];
    }
    bool there = has_level(space, DIRECTION, row->level[DIRECTION]) && has_level(space, KIND, row->level[KIND]);
    for (int factor = FIRST_OF_WINDOW; factor < BEHIND_WINDOW; factor++) {
        const bool neutral = row->level[factor] == level_at(space, factor, 0);
        there = there && has_level(space, factor, row->level[factor]) && (neutral || has_effect(row, factor));
    }
    return there;
}

/* Each direction, kind, kernel, stride and dilation, all with all. */
bool poolgrad_suite_add_windows(poolgrad_suite *suite, uint64_t seed)
{
    const struct space space = space_of(poolgrad_suite_scope(suite), SUITE_PLANES);
    int count = level_counts[DIRECTION][SUITE_PLANES] * level_counts[KIND][SUITE_PLANES];
    for (int factor = FIRST_OF_WINDOW; factor < BEHIND_WINDOW; factor++) count *= level_counts[factor][SUITE_PLANES];
    for (int i = 0; i < count; i++) {
        struct row row;
        if (!window_at(&space, i, &row) || !choose_rest(&row, &seed)) continue;
        struct suite_recipe recipe = recipe_of(&row, &seed);
        name_recipe(&recipe, "window", i);
        if (!poolgrad_suite_add(suite, &recipe)) return false;
    }
    return true;
}
