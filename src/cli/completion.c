/* SPDX-License-Identifier: Apache-2.0 */
/* completion: what a shell needs to complete the command's words, made from the table of options. */
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/dialect_words.h"

/* ---- The table ----------------------------------------------------------------------------------------------------*/

static bool is_flag(const struct option_description *option)
{
    return option->type == TYPE_FLAG;
}

static bool takes_file(const struct option_description *option)
{
    switch (option->type) {
    case TYPE_INPUT:
    case TYPE_OUTPUT:
    case TYPE_REPORT:
    case TYPE_NAMED_INPUT:
    case TYPE_NAMED_OUTPUT: return true;
    default: return false;
    }
}

/* Whether poolgrad has an option of this name. */
static bool has_option(enum command command, const char *name)
{
    for (int i = 0; i < OPTION_COUNT; i++) {
        if ((poolgrad_options[i].commands & (int)command) && strcmp(poolgrad_options[i].name, name) == 0) return true;
    }
    return false;
}

/* Calls `print` for each option of the command, and for each word of the dialects that is no option's name. */
static void each_option(enum command command, void (*print)(enum command, const struct option_description *))
{
    for (int i = 0; i < OPTION_COUNT; i++) {
        if (poolgrad_options[i].commands & (int)command) print(command, &poolgrad_options[i]);
    }
    if (!(poolgrad_options[OPTION_DIALECT].commands & (int)command)) return;
    for (int i = 0; poolgrad_dialect_at(i); i++) {
        const struct dialect *dialect = poolgrad_dialect_at(i);
        for (int k = 0; k < dialect->word_count; k++) {
            const struct option_description *word = &dialect->words[k].option;
            const bool shown = poolgrad_dialect_shown(word->name) == &dialect->words[k];
            if (shown && !has_option(command, word->name)) print(command, word);
        }
    }
}

/* Calls `print` for each command. */
static void each_command(void (*print)(enum command))
{
    for (int command = 1; *poolgrad_command_name((enum command)command); command *= 2) print((enum command)command);
}

/* Of an option that is a dialect's word, too, with other choices there. */
static void print_dialect_words(enum command command, const struct option_description *option)
{
    if (!(poolgrad_options[OPTION_DIALECT].commands & (int)command)) return;
    for (int i = 0; poolgrad_dialect_at(i); i++) {
        const struct dialect *dialect = poolgrad_dialect_at(i);
        const int place = poolgrad_dialect_find(dialect, option->name, strlen(option->name));
        const struct option_description *word = place >= 0 ? &dialect->words[place].option : NULL;
        if (!word || word->choices == option->choices) continue;
        for (const struct choice *choice = word->choices; choice && choice->name; choice++) printf(" %s", choice->name);
    }
}

static void print_words(enum command command, const struct option_description *option)
{
    if (option->type == TYPE_ISA) {
        for (int i = 0; poolgrad_isa_word(i); i++) printf("%s%s", i > 0 ? " " : "", poolgrad_isa_word(i));
        return;
    }
    for (const struct choice *choice = option->choices; choice && choice->name; choice++)
        printf("%s%s", choice == option->choices ? "" : " ", choice->name);
    print_dialect_words(command, option);
}

static bool has_words(const struct option_description *option)
{
    return option->choices || option->type == TYPE_ISA;
}

/* What may stand behind the command's name, before its options. */
static const char *first_words(enum command command)
{
    if (command == COMMAND_SUITE) return "generate verify run merge";
    return command == COMMAND_COMPLETION ? "bash zsh fish" : "";
}

static void print_command(enum command command)
{
    printf(" %s", poolgrad_command_name(command));
}

/* ---- bash -------------------------------------------------------------------------------------------------------- */

static void print_bash_option(enum command command, const struct option_description *option)
{
    (void)command;
    printf(" --%s", option->name);
}

static void print_bash_options(enum command command)
{
    printf("    %s) options='%s", poolgrad_command_name(command), first_words(command));
    each_option(command, print_bash_option);
    printf("' ;;\n");
}

/* What may follow the option, if there is a list of it. */
static void print_bash_values(enum command command, const struct option_description *option)
{
    if (is_flag(option)) return;
    printf("    '%s --%s') ", poolgrad_command_name(command), option->name);
    if (has_words(option)) {
        printf("words='");
        print_words(command, option);
        printf("' ;;\n");
    } else {
        printf("kind=%s ;;\n", takes_file(option) ? "file" : option->type == TYPE_FOLDER ? "folder" : "none");
    }
}

static void print_bash_command_values(enum command command)
{
    each_option(command, print_bash_values);
}

/* Words of the line, and the first one behind the command's name. */
static void print_bash_beginning(void)
{
    printf("# poolgrad's words for bash.\n"
           "_poolgrad()\n"
           "{\n"
           "    local current=\"${COMP_WORDS[COMP_CWORD]}\" previous=\"${COMP_WORDS[COMP_CWORD-1]}\"\n"
           "    local command=\"${COMP_WORDS[1]}\" options='' words='' kind=option\n"
           "    COMPREPLY=()\n"
           "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
           "        COMPREPLY=($(compgen -W '");
    each_command(print_command);
    printf(" help version --help --version' -- \"$current\"))\n"
           "        return\n"
           "    fi\n");
}

/* bash breaks words at '=': what stands before the last one is the option, or a name whose option stands before. */
static void print_bash_equals(void)
{
    printf("    if [ \"$current\" = '=' ]; then\n"
           "        current=''\n"
           "    elif [ \"$previous\" = '=' ]; then\n"
           "        previous=\"${COMP_WORDS[COMP_CWORD-2]}\"\n"
           "        if [ \"${previous#--}\" = \"$previous\" ] && [ \"$COMP_CWORD\" -gt 4 ]; then\n"
           "            previous=\"${COMP_WORDS[COMP_CWORD-3]}\"\n"
           "            [ \"$previous\" = '=' ] && previous=\"${COMP_WORDS[COMP_CWORD-4]}\"\n"
           "        fi\n"
           "    fi\n");
}

/* Only what is a file's name may be taken for one: of other words readline would make folders that have their names. */
static void print_bash_end(void)
{
    printf("    esac\n"
           "    if [ -n \"$words\" ]; then\n"
           "        local last=\"${current##*,}\"\n"
           "        COMPREPLY=($(compgen -P \"${current%%\"$last\"}\" -W \"$words\" -- \"$last\"))\n"
           "    elif [ \"$kind\" = option ]; then\n"
           "        COMPREPLY=($(compgen -W \"$options\" -- \"$current\"))\n"
           "        [ -z \"$COMPREPLY\" ] && [ \"$command\" = suite ] && kind=folder\n"
           "    fi\n"
           "    if [ \"$kind\" = file ] || [ \"$kind\" = folder ]; then\n"
           "        local IFS=$'\\n'\n"
           "        compopt -o filenames 2>/dev/null\n"
           "        COMPREPLY=($(compgen -A \"${kind/folder/directory}\" -- \"$current\"))\n"
           "    fi\n"
           "}\n"
           "complete -F _poolgrad poolgrad\n");
}

static void print_bash(void)
{
    print_bash_beginning();
    print_bash_equals();
    printf("    case \"$command\" in\n"
           "    help) options='");
    each_command(print_command);
    printf("' ;;\n");
    each_command(print_bash_options);
    printf("    esac\n"
           "    case \"$command $previous\" in\n");
    each_command(print_bash_command_values);
    print_bash_end();
}

/* ---- zsh --------------------------------------------------------------------------------------------------------- */

/* In single quotes, of a specification that takes brackets and colons for its own. */
static void print_zsh_text(const char *text)
{
    for (; *text; text++) {
        if (strchr("[]:\\", *text)) printf("\\");
        printf(*text == '\'' ? "'\\''" : "%c", *text);
    }
}

static void print_zsh_option(enum command command, const struct option_description *option)
{
    const bool many = option->type == TYPE_NAMED || option->type == TYPE_NAMED_INPUT ||
                      option->type == TYPE_NAMED_OUTPUT;
    printf("            '%s--%s%s[", many ? "*" : "", option->name, is_flag(option) ? "" : "=");
    print_zsh_text(option->help);
    printf("]");
    if (!is_flag(option)) {
        printf(":");
        print_zsh_text(option->argument);
        printf(":");
    }
    if (has_words(option)) {
        const bool several = option->type == TYPE_CHOICES;
        printf(several ? "_sequence compadd - " : "(");
        print_words(command, option);
        if (!several) printf(")");
    }
    if (takes_file(option)) printf(many ? "{compset -P \"*=\"; _files}" : "_files");
    if (option->type == TYPE_FOLDER) printf("_files -/");
    printf("' \\\n");
}

static void print_zsh_command(enum command command)
{
    printf("    %s)\n        _arguments \\\n", poolgrad_command_name(command));
    if (*first_words(command)) printf("            '1:WORD:(%s)' \\\n", first_words(command));
    if (command == COMMAND_SUITE) printf("            '2:DIR:_files -/' \\\n");
    each_option(command, print_zsh_option);
    printf("            && return 0\n        ;;\n");
}

/* A file of the functions' path, which is the function's body, or one that is sourced. */
static void print_zsh(void)
{
    printf("#compdef poolgrad\n"
           "# poolgrad's words for zsh.\n"
           "_poolgrad()\n"
           "{\n"
           "if (( CURRENT == 2 )); then\n"
           "    compadd --");
    each_command(print_command);
    printf(" help version --help --version\n"
           "    return\n"
           "fi\n"
           "local name=$words[2]\n"
           "words=(\"${(@)words[2,-1]}\")\n"
           "(( CURRENT-- ))\n"
           "case $name in\n"
           "    help) compadd --");
    each_command(print_command);
    printf(" ;;\n");
    each_command(print_zsh_command);
    printf("esac\n"
           "}\n"
           "if [[ $funcstack[1] = _poolgrad ]]; then\n"
           "    _poolgrad \"$@\"\n"
           "else\n"
           "    compdef _poolgrad poolgrad\n"
           "fi\n");
}

/* ---- fish -------------------------------------------------------------------------------------------------------- */

/* In single quotes, where fish knows \' and \\. */
static void print_fish_text(const char *text)
{
    for (; *text; text++) printf(strchr("'\\", *text) ? "\\%c" : "%c", *text);
}

static void print_fish_option(enum command command, const struct option_description *option)
{
    printf("complete -c poolgrad -n '__fish_poolgrad_runs %s' -l %s", poolgrad_command_name(command), option->name);
    if (has_words(option)) {
        const bool several = option->type == TYPE_CHOICES;
        printf(" -x -a '%s", several ? "(__fish_append , " : "");
        print_words(command, option);
        printf("%s'", several ? ")" : "");
    } else if (option->type == TYPE_FOLDER) {
        printf(" -x -a '(__fish_complete_directories)'");
    } else if (takes_file(option)) {
        printf(" -r -F");
    } else if (!is_flag(option)) {
        printf(" -x");
    }
    printf(" -d '");
    print_fish_text(option->help);
    printf("'\n");
}

static void print_fish_command(enum command command)
{
    const char *name = poolgrad_command_name(command), *words = first_words(command);
    printf("complete -c poolgrad -n __fish_use_subcommand -a %s -d '", name);
    print_fish_text(poolgrad_help_purpose(command));
    printf("'\n");
    if (*words) printf("complete -c poolgrad -n '__fish_poolgrad_runs %s' -a '%s'\n", name, words);
    each_option(command, print_fish_option);
}

static void print_fish(void)
{
    printf("# poolgrad's words for fish.\n"
           "function __fish_poolgrad_runs\n"
           "    set -l words (commandline -opc)\n"
           "    test (count $words) -gt 1; and test $words[2] = $argv[1]\n"
           "end\n"
           "complete -c poolgrad -f\n"
           "complete -c poolgrad -n __fish_use_subcommand -l version -d 'which version this is'\n"
           "complete -c poolgrad -n __fish_use_subcommand -l help -d 'what the commands are'\n"
           "complete -c poolgrad -n __fish_use_subcommand -a help -d 'what a command takes'\n"
           "complete -c poolgrad -n '__fish_poolgrad_runs help' -a '");
    each_command(print_command);
    printf("'\n");
    each_command(print_fish_command);
}

int poolgrad_command_completion(const struct options *options)
{
    static const struct {
        const char *shell;
        void (*print)(void);
    } shells[] = {{"bash", print_bash}, {"zsh", print_zsh}, {"fish", print_fish}};
    const char *shell = options->word[0];
    for (size_t i = 0; shell && i < sizeof shells / sizeof *shells; i++) {
        if (strcmp(shells[i].shell, shell) != 0) continue;
        shells[i].print();
        return 0;
    }
    if (!shell) return poolgrad_fail(options, "nothing stands behind completion; expected bash, zsh or fish");
    return poolgrad_fail(options, "'%s' is no shell that is known; expected bash, zsh or fish", shell);
}
