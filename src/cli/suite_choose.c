/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/suite_choose.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
    choice->scope =
        (struct suite_scope){.profile = (enum suite_profile)poolgrad_number(options, OPTION_PROFILE, PROFILE_ALL),
                             .directions = (uint64_t)poolgrad_number(options, OPTION_CASE_DIRECTIONS, 0),
                             .kinds = (uint64_t)poolgrad_number(options, OPTION_CASE_KINDS, 0),
                             .formats = (uint64_t)poolgrad_number(options, OPTION_CASE_FORMATS, 0),
                             .layouts = (uint64_t)poolgrad_number(options, OPTION_CASE_LAYOUTS, 0),
                             .features = (uint64_t)poolgrad_number(options, OPTION_FEATURES, 0),
                             .without = (uint64_t)poolgrad_number(options, OPTION_WITHOUT, 0)};
    choice->seen = 0;
    return read_shard(options, choice);
}

bool poolgrad_suite_choose_next(struct suite_choice *choice, const poolgrad_problem *problem, uint64_t features)
{
    if (!poolgrad_suite_has_case(&choice->scope, problem, features)) return false;
    return choice->seen++ % choice->parts == choice->part - 1;
}

int poolgrad_suite_none_chosen(const struct options *options)
{
    enum { ROOM = 256 };
    char given[ROOM] = "";
    for (int i = OPTION_PROFILE; i <= OPTION_SHARD; i++) {
        const size_t used = strlen(given);
        if (!poolgrad_given(options, (enum option)i)) continue;
        snprintf(given + used, sizeof given - used, " --%s %s", poolgrad_options[i].name, options->value[i].text);
    }
    return poolgrad_fail(options, "no case is left by%s; expected filters that leave some", given);
}
