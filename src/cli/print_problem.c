/* SPDX-License-Identifier: Apache-2.0 */
/* --print-problem: a problem as a line of options, one for each axis, which asks for the same. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/integer.h"
#include "cli/axis_options.h"
#include "cli/setup.h"

/* What the line is made from. */
struct line {
    const struct options *options;
    poolgrad_problem problem;
    int axes;
};

static void print_word(enum option option, const char *word)
{
    printf(" --%s %s", poolgrad_options[option].name, word);
}

static void print_number(enum option option, int64_t number)
{
    printf(" --%s %" PRId64, poolgrad_options[option].name, number);
}

/* As a shell takes it for one word. */
static void print_quoted(const char *text)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:,=+-@%";
    if (*text && text[strspn(text, plain)] == '\0') {
        printf(" %s", text);
        return;
    }
    printf(" '");
    for (; *text; text++) printf(*text == '\'' ? "'\\''" : "%c", *text);
    printf("'");
}

static void print_given(const struct line *line, enum option option)
{
    if (!poolgrad_given(line->options, option)) return;
    printf(" --%s", poolgrad_options[option].name);
    if (line->options->value[option].text) print_quoted(line->options->value[option].text);
}

/* ---- Axes -------------------------------------------------------------------------------------------------------- */

static void print_window(const struct line *line, enum axis axis, enum axis_role role, const struct axis_fields *is)
{
    const enum option option = poolgrad_axis_option(axis, role);
    const bool by_file = poolgrad_given(line->options, poolgrad_axis_option(axis, ROLE_WINDOWS));
    if (is->table->spans) {
        if (role == ROLE_ADAPTIVE && !by_file) print_number(option, is->table->count);
        if (role == ROLE_WINDOWS) print_given(line, option);
        return;
    }
    if (role == ROLE_KERNEL) print_number(option, *is->kernel);
    if (role == ROLE_STRIDE && *is->stride != 1) print_number(option, *is->stride);
    if (role == ROLE_DILATION && *is->dilation != 1) print_number(option, *is->dilation);
}

/* Pixels of the first window before the image; 0 where the window is refused. */
static int64_t pad_before(const struct axis_fields *is)
{
    int64_t reach;
    const bool good = *is->kernel >= 1 && *is->dilation >= 1 &&
                      poolgrad_multiply(*is->kernel - 1, *is->dilation, &reach) && reach < COORDINATE_LIMIT;
    return good ? (reach + 1) / 2 - *is->offset : 0;
}

/* Pads unless offsets were given: the size of the output stands beside them, so that one side is enough. */
static void print_place(const struct line *line, enum axis axis, enum axis_role role, const struct axis_fields *is)
{
    const enum option option = poolgrad_axis_option(axis, role);
    const bool offset = poolgrad_axis_given(line->options, axis, ROLE_OFFSET) ||
                        poolgrad_axis_given(line->options, axis, ROLE_SECONDARY_OFFSET);
    if (is->table->spans) return;
    if (role == ROLE_OFFSET && offset) print_number(option, *is->offset);
    if (role == ROLE_BEFORE && !offset && pad_before(is) != 0) print_number(option, pad_before(is));
    if (role == ROLE_OUTPUT && line->problem.direction == POOLGRAD_FORWARD) print_number(option, *is->destination);
}

static void print_zero_pad(enum axis axis, enum axis_role role, const struct axis_fields *is)
{
    const enum option option = poolgrad_axis_option(axis, role);
    const bool one_sided = *is->zero_before != *is->zero_behind;
    const int64_t pad = *is->zero_pad + (role == ROLE_ZERO_BEFORE ? *is->zero_before : *is->zero_behind);
    if (pad != 0 && one_sided == (role != ROLE_ZERO_PAD)) print_number(option, pad);
}

/* False where the option is no axis's. */
static bool print_axis_option(struct line *line, enum option option)
{
    for (int i = 0; i < (int)AXES * (int)ROLES; i++) {
        const enum axis axis = (enum axis)(i % AXES);
        const enum axis_role role = (enum axis_role)(i / AXES);
        if (poolgrad_axes_option(role) == option) return true;
        if (poolgrad_axis_option(axis, role) != option) continue;
        const struct axis_fields is = poolgrad_axis_fields(&line->problem, axis);
        if (role >= ROLE_PRIMARY_OFFSET || role == ROLE_SOURCE)
            print_given(line, option);
        else if ((int)axis >= line->axes)
            return true;
        else if (role <= ROLE_WINDOWS)
            print_window(line, axis, role, &is);
        else if (role >= ROLE_ZERO_PAD)
            print_zero_pad(axis, role, &is);
        else
            print_place(line, axis, role, &is);
        return true;
    }
    return false;
}

/* ---- The line ---------------------------------------------------------------------------------------------------- */

/* What placement, the window or a dialect has said is in the problem by now. */
static bool is_said(enum option option)
{
    static const enum option said[] = {
        OPTION_PADDING_POLICY, OPTION_ALIGN,        OPTION_REMAINDER_TO,      OPTION_EXCLUDE_EDGES,
        OPTION_CEIL_MODE,      OPTION_CEIL_DROP,    OPTION_COUNT_INCLUDE_PAD, OPTION_SECONDARY_OFFSET_IMAGE,
        OPTION_DIALECT,        OPTION_PRINT_PROBLEM};
    for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
        if (said[i] == option) return true;
    }
    return false;
}

static void print_option(struct line *line, enum option option)
{
    const poolgrad_problem *p = &line->problem;
    if (is_said(option) || print_axis_option(line, option)) return;
    switch (option) {
    case OPTION_KIND: print_word(option, poolgrad_kind_name(p->kind)); break;
    case OPTION_EDGE_MODE:
        if (p->edge_mode != POOLGRAD_EDGE_CLAMP) print_word(option, poolgrad_edge_mode_name(p->edge_mode));
        break;
    case OPTION_TIES:
        if (p->ties != POOLGRAD_TIES_FIRST) print_word(option, poolgrad_tie_rule_name(p->ties));
        break;
    case OPTION_NAN:
        if (p->nan != POOLGRAD_NAN_FIRST) print_word(option, poolgrad_nan_rule_name(p->nan));
        break;
    case OPTION_DIVISOR:
        if (p->divisor != 0) print_number(option, p->divisor);
        break;
    case OPTION_ROOT_MEAN:
        if (p->root_mean) printf(" --%s", poolgrad_options[option].name);
        break;
    case OPTION_OFFSET_IMAGE:
        if (p->offset_image != 0) print_number(option, p->offset_image);
        break;
    default: print_given(line, option);
    }
}

int poolgrad_print_problem(const struct options *options, const poolgrad_problem *problem)
{
    struct line line = {options, *problem, poolgrad_count_axes(options, problem)};
    printf("poolgrad %s", poolgrad_command_name(options->command));
    for (int option = 0; option < OPTION_COUNT; option++) {
        if (poolgrad_options[option].commands & (int)options->command) print_option(&line, (enum option)option);
    }
    printf("\n");
    return 0;
}
