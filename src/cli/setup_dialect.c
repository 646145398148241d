/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/setup_dialect.h"

#include <stdlib.h>
#include <string.h>

#include "cli/axis_options.h"
#include "cli/dialect_words.h"
#include "cli/setup.h"

/* ---- Words to arguments ------------------------------------------------------------------------------------------ */

static int find_word(const struct options *options, const char *name)
{
    return poolgrad_dialect_find(options->dialect, name, strlen(name));
}

/* How many values a list has; of entries there may be two more. */
static int list_length(enum dialect_shape shape, int axes)
{
    switch (shape) {
    case SHAPE_ONE: return 1;
    case SHAPE_SIDES: return 2 * axes;
    case SHAPE_PAIRS: return 2 * (axes + 2);
    default: return axes;
    }
}

/* The place of the first axis in TensorFlow's lists. */
static int first_axis(const struct options *options)
{
    const int word = find_word(options, "data_format");
    const bool first = word >= 0 && options->dialect_value[word].count > 0 &&
                       options->dialect_value[word].integers[0] == POOLGRAD_TENSORFLOW_NCHW;
    return first ? 2 : 1;
}

static int store_word(const struct options *options, int place, int axes, int first, union dialect_pool *pool)
{
    const struct dialect_word *word = &options->dialect->words[place];
    const struct dialect_value *given = &options->dialect_value[place];
    const bool entries = word->shape == SHAPE_ENTRIES, whole = entries && given->count == axes + 2;
    const bool all = given->count == 1 && word->shape != SHAPE_PAIRS;
    const int length = whole ? axes + 2 : list_length(word->shape, axes);
    if (given->count != length && !all) {
        return poolgrad_fail(options, "--%s has %d values; expected %s%d, of %d %s", word->option.name, given->count,
                             word->shape == SHAPE_PAIRS || length == 1 ? "" : "1 or ", length, axes,
                             axes == 1 ? "axis" : "axes");
    }
    unsigned char *to = (unsigned char *)pool + word->place + (entries && !whole ? (size_t)first * sizeof(int64_t) : 0);
    for (int i = 0; i < length; i++)
        memcpy(to + (size_t)i * sizeof(int64_t), &given->integers[all ? 0 : i], sizeof(int64_t));
    return 0;
}

static int store_words(const struct options *options, int axes, union dialect_pool *pool)
{
    const int first = first_axis(options);
    int status = 0;
    for (int i = 0; i < options->dialect->word_count && status == 0; i++) {
        if (options->dialect_value[i].count > 0) status = store_word(options, i, axes, first, pool);
    }
    return status;
}

/* ---- Tables ------------------------------------------------------------------------------------------------------ */

/* Room for PyTorch's adaptive windows, to be freed. */
static int make_room(const struct options *options, union dialect_pool *pool)
{
    const int64_t most = (int64_t)(PTRDIFF_MAX / (ptrdiff_t)sizeof(poolgrad_span)) / AXES;
    int64_t room = 0;
    pool->torch.spans = NULL;
    for (int i = 0; i < AXES; i++) {
        const int64_t count = pool->torch.output_size[i];
        if (count != POOLGRAD_UNSET && count > 0) room += count < most ? count : most;
    }
    if (room == 0) return 0;
    pool->torch.spans = malloc((size_t)room * sizeof(poolgrad_span));
    pool->torch.span_count = room;
    if (pool->torch.spans) return 0;
    return poolgrad_fail(options, "--output_size has more windows than fit into memory; expected fewer");
}

/* Each table gets memory of its own, as the problem's tables have in the command. */
static int own_tables(const struct options *options, poolgrad_problem *problem)
{
    poolgrad_table shared[AXES];
    for (int axis = 0; axis < AXES; axis++) {
        poolgrad_table *const table = poolgrad_axis_fields(problem, (enum axis)axis).table;
        shared[axis] = *table;
        *table = (poolgrad_table){NULL, 0};
    }
    for (int axis = 0; axis < AXES; axis++) {
        if (!shared[axis].spans) continue;
        const size_t size = (size_t)shared[axis].count * sizeof(poolgrad_span);
        poolgrad_span *const spans = malloc(size);
        if (!spans)
            return poolgrad_fail(options, "--output_size has more windows than fit into memory; expected fewer");
        memcpy(spans, shared[axis].spans, size);
        *poolgrad_axis_fields(problem, (enum axis)axis).table = (poolgrad_table){spans, shared[axis].count};
    }
    return 0;
}

/* ---- The problem ------------------------------------------------------------------------------------------------- */

static int refused(const struct options *options, const poolgrad_error *error)
{
    static const char *const images[] = {"source.", "source_gradient.", "destination."};
    const int word = poolgrad_dialect_find(options->dialect, error->field, strcspn(error->field, "["));
    if (word >= 0) return poolgrad_fail(options, "--%s: %s", options->dialect->words[word].option.name, error->message);
    for (size_t i = 0; i < sizeof images / sizeof *images; i++) {
        if (strncmp(error->field, images[i], strlen(images[i])) == 0) return poolgrad_setup_refused(options, error);
    }
    return poolgrad_fail(options, "--dialect %s: %s", options->dialect->name, error->message);
}

/* The framework's rules, unless others are asked for. */
static void restore_rules(const struct options *options, const poolgrad_problem *asked, poolgrad_problem *problem)
{
    const bool judged = poolgrad_number(options, OPTION_JUDGED_TIES, TIES_ANY) != TIES_ANY;
    if (poolgrad_given(options, OPTION_TIES) || judged) problem->ties = asked->ties;
    const bool judged_nan = poolgrad_number(options, OPTION_JUDGED_NAN, NAN_ANY) != NAN_ANY;
    if (poolgrad_given(options, OPTION_NAN) || judged_nan) problem->nan = asked->nan;
}

static int set_problem(const struct options *options, int axes, union dialect_pool *pool, poolgrad_problem *problem)
{
    const poolgrad_problem asked = *problem;
    poolgrad_output_size size;
    poolgrad_error error;
    if (poolgrad_given(options, OPTION_PICKS))
        problem->picks.format = (poolgrad_format)poolgrad_number(options, OPTION_PICKS_FORMAT, POOLGRAD_INT64);
    poolgrad_status status = options->dialect->set(pool, axes, problem, &size, &error);
    problem->picks.format = asked.picks.format;
    if (status != POOLGRAD_OK) return refused(options, &error);
    restore_rules(options, &asked, problem);
    if (problem->direction == POOLGRAD_FORWARD) {
        problem->destination.width = size.width;
        problem->destination.height = size.height;
        problem->destination.depth = axes == AXES ? size.depth : 0;
    }
    return own_tables(options, problem);
}

int poolgrad_setup_dialect(const struct options *options, int axes, poolgrad_problem *problem)
{
    union dialect_pool pool;
    options->dialect->init(&pool);
    int status = store_words(options, axes, &pool);
    if (status != 0) return status;
    const bool adaptive = find_word(options, "output_size") >= 0; /* PyTorch's */
    if (adaptive) status = make_room(options, &pool);
    if (status == 0) status = set_problem(options, axes, &pool, problem);
    if (adaptive) free(pool.torch.spans);
    return status;
}
