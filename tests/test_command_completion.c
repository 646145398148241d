/* SPDX-License-Identifier: Apache-2.0 */
/* The scripts that complete the command's words: what bash makes of one, and whether the others are sound. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "cli/options.h"
#include "support/process.h"
#include "support/scene.h"

enum { ANSWER = 1 << 14 };

static bool has_shell(const char *shell)
{
    char line[64];
    snprintf(line, sizeof line, "command -v %s >/dev/null 2>&1", shell);
    return system(line) == 0;
}

/* Writes the shell's script into the folder. */
static void write_script(const char *shell)
{
    char line[64];
    snprintf(line, sizeof line, "completion %s", shell);
    process_result result = process_run(NULL, line);
    cr_assert(result.status == 0 && !*result.err && result.out_size > 0, "%s", result.err);
    scene_write_bytes(shell, result.out, result.out_size);
    process_release(&result);
}

/* What the shell prints when it runs the line in the scene's folder. */
static const char *printed(const char *line)
{
    static char answer[ANSWER];
    char whole[SCENE_LINE];
    snprintf(whole, sizeof whole, "cd '%s' && %s 2>&1", scene_folder, line);
    FILE *pipe = popen(whole, "r");
    cr_assert(pipe);
    const size_t size = fread(answer, 1, sizeof answer - 1, pipe);
    answer[size] = '\0';
    cr_expect(pclose(pipe) == 0, "%s: %s", line, answer);
    return answer;
}

/* What bash offers behind the words, the last of which is being typed, with a blank behind each offer. */
static const char *offers(const char *words)
{
    char line[SCENE_LINE];
    snprintf(line, sizeof line,
             "bash --norc -c 'source ./bash; COMP_WORDS=(poolgrad %s); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); "
             "_poolgrad; echo \"${COMPREPLY[@]} \"'",
             words);
    return printed(line);
}

/* Whether `word` is among the offers. */
static bool offered(const char *list, const char *word)
{
    const size_t length = strlen(word);
    for (const char *at = list; (at = strstr(at, word)); at += length) {
        if ((at == list || at[-1] == ' ') && at[length] == ' ') return true;
    }
    return false;
}

Test(command_completion, bash_completes_options, .init = scene_enter, .fini = scene_leave)
{
    static const enum command commands[] = {COMMAND_FORWARD, COMMAND_GRADIENT, COMMAND_VERIFY, COMMAND_EXPLAIN,
                                            COMMAND_SUITE,   COMMAND_GRAPH,    COMMAND_BENCH,  COMMAND_INFO};
    if (!has_shell("bash")) cr_skip_test("there is no bash");
    write_script("bash");
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        char words[64], name[64];
        snprintf(words, sizeof words, "%s --", poolgrad_command_name(commands[i]));
        const char *list = offers(words);
        for (int option = 0; option < OPTION_COUNT; option++) {
            const struct option_description *description = &poolgrad_options[option];
            snprintf(name, sizeof name, "--%s", description->name);
            if (description->commands & (int)commands[i]) cr_expect(offered(list, name), "%s %s", words, name);
        }
    }
    cr_expect(!offered(offers("forward --"), "--source-gradient"), "an option of another command is offered");
}

static const struct completion {
    const char *words, *offers;
} completions[] = {
    {"gra", "gradient graph "},
    {"forward --ker", "--kernel --kernel-width --kernel-height "},
    {"forward --kind d", "dilated-max "},
    {"forward --ties l", "last "},
    {"forward --padding-policy \"\"", "same valid-only full "},
    {"verify --kind = m", "max "},
    {"verify --kind =", "average max l2norm dilated-max "},
    {"forward --source x", "x.npy "},
    {"forward --source = x", "x.npy "},
    {"forward --kernel \"\"", " "},
    {"bench --kind average,m", "average,max "},
    {"bench --max-isa sc", "scalar "},
    {"forward --dialect cudnn --mode \"\"",
     "fast reference exact CUDNN_POOLING_MAX CUDNN_POOLING_AVERAGE_COUNT_INCLUDE_"},
    {"forward --dialect torch --padding \"\"", " "},
    {"bench --mode \"\"", "fast reference "},
    {"suite g", "generate "},
    {"graph --source q = x", "x.npy "},
    {"graph --source = q = x", "x.npy "},
    {"completion \"\"", "bash zsh fish --help "},
    {"help verif", "verify "},
};

Test(command_completion, bash_completes_words, .init = scene_enter, .fini = scene_leave)
{
    if (!has_shell("bash")) cr_skip_test("there is no bash");
    scene_write();
    write_script("bash");
    for (size_t i = 0; i < sizeof completions / sizeof *completions; i++) {
        const char *list = offers(completions[i].words);
        cr_expect(strncmp(list, completions[i].offers, strlen(completions[i].offers)) == 0, "%s: %s",
                  completions[i].words, list);
    }
}

/* A folder called forward must not make forward/ of the word, and a name with a blank is one name. */
Test(command_completion, bash_takes_files_alone_for_files, .init = scene_enter, .fini = scene_leave)
{
    if (!has_shell("bash")) cr_skip_test("there is no bash");
    write_script("bash");
    cr_expect_str_eq(printed("bash --norc -c 'source ./bash; complete -p poolgrad'"),
                     "complete -F _poolgrad poolgrad\n");
    cr_expect_str_eq(
        printed("touch 'a b.npy' && bash --norc -c 'source ./bash; COMP_WORDS=(poolgrad forward --source a); "
                "COMP_CWORD=3; _poolgrad; echo ${#COMPREPLY[@]} $COMPREPLY'"),
        "1 a b.npy\n");
}

/* As compinit finds it, and as a file that is sourced. */
Test(command_completion, zsh_takes_the_script_both_ways, .init = scene_enter, .fini = scene_leave)
{
    if (!has_shell("zsh")) cr_skip_test("there is no zsh");
    write_script("zsh");
    cr_expect_str_eq(printed("zsh -f -c 'autoload -Uz compinit; compinit -u -D; source ./zsh; echo $_comps[poolgrad]'"),
                     "_poolgrad\n");
    cr_expect_str_eq(printed("mkdir path && cp zsh path/_poolgrad && zsh -f -c 'fpath=(./path $fpath); "
                             "autoload -Uz compinit; compinit -u -D; echo $_comps[poolgrad]'"),
                     "_poolgrad\n");
}

/* The command is the word behind poolgrad, whatever words follow. */
Test(command_completion, fish_completes_words, .init = scene_enter, .fini = scene_leave)
{
    if (!has_shell("fish")) cr_skip_test("there is no fish");
    write_script("fish");
    cr_expect_str_eq(
        printed("HOME=. fish --no-config -c 'source fish; complete -C \"poolgrad bench --direction forward "
                "--see\"'"),
        "");
    const char *list = printed("HOME=. fish --no-config -c 'source fish; complete -C \"poolgrad bench --kind max,l\"'");
    cr_expect(strncmp(list, "max,l2norm\t", 11) == 0, "%s", list);
    list = printed("HOME=. fish --no-config -c 'source fish; complete -C \"poolgrad suite --see\"'");
    cr_expect(strncmp(list, "--seed\t", 7) == 0, "%s", list);
}

/* The other shells read their scripts without a word. */
Test(command_completion, scripts_are_sound, .init = scene_enter, .fini = scene_leave)
{
    static const char *const shells[] = {"bash", "zsh", "fish"};
    for (size_t i = 0; i < sizeof shells / sizeof *shells; i++) {
        char line[SCENE_LINE];
        write_script(shells[i]);
        size_t size;
        char *script = (char *)scene_read_bytes(shells[i], &size);
        for (int option = 0; option < OPTION_COUNT; option++)
            cr_expect(strstr(script, poolgrad_options[option].name), "%s: %s", shells[i],
                      poolgrad_options[option].name);
        free(script);
        if (!has_shell(shells[i])) continue;
        snprintf(line, sizeof line, "%s -n '%s' >'%s/said' 2>&1", shells[i], scene_path(shells[i]), scene_folder);
        const int status = system(line);
        char *said = (char *)scene_read_bytes("said", &size);
        cr_expect(status == 0 && said && !*said, "%s: %s", shells[i], said ? said : "");
        free(said);
    }
}
