/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <poolgrad/poolgrad.h>

#include "cli/commands.h"
#include "cli/suggest.h"

static const struct {
    enum command command;
    int (*run)(const struct options *options);
} commands[] = {{COMMAND_FORWARD, poolgrad_command_forward},      {COMMAND_GRADIENT, poolgrad_command_gradient},
                {COMMAND_VERIFY, poolgrad_command_verify},        {COMMAND_EXPLAIN, poolgrad_command_explain},
                {COMMAND_SUITE, poolgrad_command_suite},          {COMMAND_GRAPH, poolgrad_command_graph},
                {COMMAND_BENCH, poolgrad_command_bench},          {COMMAND_INFO, poolgrad_command_info},
                {COMMAND_COMPLETION, poolgrad_command_completion}};

static int run_command(size_t which, int count, char *const *word)
{
    struct options options;
    /* Help is wanted however wrong the rest may be. */
    for (int i = 0; i < count; i++) {
        if (strcmp(word[i], "--help") == 0 || strcmp(word[i], "-h") == 0)
            return poolgrad_help_command(commands[which].command);
    }
    int status = poolgrad_options_parse(&options, commands[which].command, count, word);
    return status == 0 ? commands[which].run(&options) : status;
}

static bool is_one_of(const char *word, const char *a, const char *b, const char *c)
{
    return strcmp(word, a) == 0 || strcmp(word, b) == 0 || strcmp(word, c) == 0;
}

static int refuse_command(const char *name)
{
    const struct options none = {0};
    const char *meant = poolgrad_suggested_command(name);
    if (meant) return poolgrad_fail(&none, "'%s' is no command; did you mean %s?", name, meant);
    return poolgrad_fail(
        &none,
        "'%s' is no command; expected forward, gradient, verify, explain, suite, graph, bench, info or "
        "completion (poolgrad --help)",
        name);
}

static int dispatch(int count, char *const *word)
{
    if (count == 0) {
        poolgrad_help(false);
        return 2;
    }
    bool version = is_one_of(word[0], "--version", "-V", "version");
    bool help = is_one_of(word[0], "--help", "-h", "help");
    const struct options none = {0};
    if ((version && count > 1) || (help && count > 2)) {
        return poolgrad_fail(&none, "'%s' stands behind %s; expected nothing more", word[help ? 2 : 1], word[0]);
    }
    if (version) {
        printf("poolgrad %s\n", poolgrad_version());
        return 0;
    }
    if (help && count == 1) {
        poolgrad_help(true);
        return 0;
    }
    const char *name = word[help ? 1 : 0];
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (strcmp(name, poolgrad_command_name(commands[i].command)) != 0) continue;
        return help ? poolgrad_help_command(commands[i].command) : run_command(i, count - 1, word + 1);
    }
    return refuse_command(name);
}

int poolgrad_main(int count, char *const *word)
{
    int status = dispatch(count, word);
    if (fflush(stdout) == 0 && !ferror(stdout)) return status;
    fprintf(stderr, "poolgrad: standard output cannot be written: %s\n", strerror(errno));
    return 2;
}
