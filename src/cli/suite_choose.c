/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/suite_choose.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum suite_direction poolgrad_suite_direction(const poolgrad_problem *problem)
{
    if (problem->direction == POOLGRAD_GRADIENT) return SUITE_GRADIENT;
    return problem->indices.format != POOLGRAD_FORMAT_NONE ? SUITE_GATHER : SUITE_FORWARD;
}

enum suite_kind poolgrad_suite_kind(const poolgrad_problem *problem)
{
    if (problem->root_mean) return SUITE_ROOT_MEAN;
    return problem->kind == POOLGRAD_AVERAGE ? SUITE_AVERAGE : problem->kind == POOLGRAD_MAX ? SUITE_MAX : SUITE_L2NORM;
}

/* A number from 1 on and what stands behind it; null where there is none. */
static const char *read_number(const char *text, int64_t *number)
{
    const size_t length = strspn(text, "0123456789");
    enum { DIGITS = 9 };
    if (length == 0 || length > DIGITS) return NULL;
    *number = strtol(text, NULL, 10);
    return *number > 0 ? text + length : NULL;
}

/* "2/8": the second of eight. */
static int read_shard(const struct options *options, struct suite_choice *choice)
{
    choice->part = choice->parts = 1;
    if (!poolgrad_given(options, OPTION_SHARD)) return 0;
    const char *text = options->value[OPTION_SHARD].text, *behind = read_number(text, &choice->part);
    const char *end = behind && *behind == '/' ? read_number(behind + 1, &choice->parts) : NULL;
    if (end && !*end && choice->part <= choice->parts) return 0;
    return poolgrad_fail(options, "--shard is '%s'; expected I/N, such as 2/8, the second of eight parts", text);
}

int poolgrad_suite_choice_read(const struct options *options, struct suite_choice *choice)
{
    *choice = (struct suite_choice){
        .directions = (uint64_t)poolgrad_number(options, OPTION_CASE_DIRECTIONS, 0),
        .kinds = (uint64_t)poolgrad_number(options, OPTION_CASE_KINDS, 0),
        .formats = (uint64_t)poolgrad_number(options, OPTION_CASE_FORMATS, 0),
        .layouts = (uint64_t)poolgrad_number(options, OPTION_CASE_LAYOUTS, 0),
        .features = (uint64_t)poolgrad_number(options, OPTION_FEATURES, 0),
        .without = (uint64_t)poolgrad_number(options, OPTION_WITHOUT, 0),
    };
    return read_shard(options, choice);
}

static bool has(uint64_t set, int word)
{
    return set == 0 || (set >> word & 1);
}

bool poolgrad_suite_choose_next(struct suite_choice *choice, const poolgrad_problem *problem, uint64_t features)
{
    const bool wanted[SUITE_FILTERS - 1] = {has(choice->directions, (int)poolgrad_suite_direction(problem)),
                                            has(choice->kinds, (int)poolgrad_suite_kind(problem)),
                                            has(choice->formats, (int)problem->destination.format),
                                            has(choice->layouts, (int)problem->destination.layout),
                                            choice->features == 0 || (features & choice->features),
                                            !(features & choice->without)};
    choice->cases++;
    for (int i = 0; i < SUITE_FILTERS - 1; i++) {
        if (!wanted[i]) return false;
        choice->left[i]++;
    }
    const bool is_mine = (choice->left[SUITE_FILTERS - 2] - 1) % choice->parts == choice->part - 1;
    choice->left[SUITE_FILTERS - 1] += is_mine;
    return is_mine;
}

int poolgrad_suite_none_chosen(const struct options *options, const struct suite_choice *choice)
{
    enum { ROOM = 256 };
    char before[ROOM] = "";
    int last = 0;
    while (last < SUITE_FILTERS - 1 && choice->left[last] > 0) last++;
    for (int i = 0; i < last; i++) {
        const enum option option = (enum option)(OPTION_CASE_DIRECTIONS + i);
        const size_t used = strlen(before);
        if (!poolgrad_given(options, option)) continue;
        snprintf(before + used, sizeof before - used, "%s--%s %s", used > 0 ? " " : " that are left by ",
                 poolgrad_options[option].name, options->value[option].text);
    }
    const enum option option = (enum option)(OPTION_CASE_DIRECTIONS + last);
    return poolgrad_fail(options, "--%s is '%s'; expected %s that leaves some of the %" PRId64 " cases%s",
                         poolgrad_options[option].name, options->value[option].text,
                         option == OPTION_SHARD ? "a part" : "a word",
                         last > 0 ? choice->left[last - 1] : choice->cases, before);
}
