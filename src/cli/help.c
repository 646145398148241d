/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/dialect_words.h"

enum { COLUMN = 34, LINE = 100 };

/* In the order of the help text. */
static const struct help {
    enum command command;
    const char *purpose, *example;
} helps[] = {
    {COMMAND_FORWARD, "Pools an image: average, max (dilated or not) or L2-norm.",
     "Example: 3x3 windows, stride 2, one pixel of padding, and which tap won\n"
     "  poolgrad forward --kind max --kernel 3 --stride 2 --pad 1 \\\n"
     "      --source x.npy --output y.npy --picks argmax.npy\n"},
    {COMMAND_GRADIENT, "Computes the gradient of the loss by pooling's input from the gradient by its output.",
     "Example: the gradient of the same pooling, where dy.npy is the gradient by y\n"
     "  poolgrad gradient --kind max --kernel 3 --stride 2 --pad 1 \\\n"
     "      --source x.npy --source-gradient dy.npy --output dx.npy\n"
     "Example: average needs the source's size only\n"
     "  poolgrad gradient --kind average --kernel 2 --stride 2 \\\n"
     "      --source-width 224 --source-height 224 --source-gradient dy.npy --output dx.npy\n"},
    {COMMAND_VERIFY, "Judges an implementation's output, forward or gradient, by proven bounds.",
     "Example: is this gradient right? Which of equal taps is picked is left open\n"
     "  poolgrad verify --kind max --kernel 3 --stride 2 --pad 1 \\\n"
     "      --source x.npy --source-gradient dy.npy --actual dx.npy\n"
     "Example: a forward pass of float16 tensors, sums in float16, subnormals flushed\n"
     "  poolgrad verify --kind average --kernel 2 --stride 2 --computed-in float16 \\\n"
     "      --subnormals flushed --source x.npy --actual y.npy\n"},
    {COMMAND_EXPLAIN, "Tells how one element of an output comes about, step by step.",
     "Example: the gradient at image 0, channel 3, row 10, column 12\n"
     "  poolgrad explain --at 0,3,10,12 --kind max --kernel 3 --stride 2 --pad 1 \\\n"
     "      --source x.npy --source-gradient dy.npy\n"
     "Example: the same, and what is wrong with an implementation's output there\n"
     "  poolgrad explain --at 0,3,10,12 --kind max --kernel 3 --stride 2 --pad 1 \\\n"
     "      --source x.npy --source-gradient dy.npy --actual dx.npy\n"},
    {COMMAND_SUITE, "Makes conformance kits, and judges what a backend makes of one.",
     "Example: a kit in the new folder kit; docs/suite.md tells what is in it\n"
     "  poolgrad suite generate kit\n"
     "Example: a small one, with other data\n"
     "  poolgrad suite generate kit --size smoke --seed 2\n"
     "Example: of the gradients in half precision the second of four parts\n"
     "  poolgrad suite generate kit --direction gradient --format float16,bfloat16 --shard 2/4\n"
     "Example: what PyTorch can say, of gradients in half precision\n"
     "  poolgrad suite generate kit --profile torch --direction gradient --format float16\n"
     "Example: what a backend made of it, one NAME.npy for each case\n"
     "  poolgrad suite verify kit --actual outputs --junit results.xml\n"
     "Example: run the backend for each case, and judge it\n"
     "  poolgrad suite run kit --command 'mybackend {case} {out}' --reports pages\n"
     "Example: the results of shards, which --json has written into the folder parts, as one\n"
     "  poolgrad suite merge parts --junit results.xml\n"
     "Example: more of a case that fails\n"
     "  poolgrad verify --case kit/NAME --actual outputs/NAME.npy\n"},
    {COMMAND_GRAPH, "Runs a graph of pooling nodes and their gradients, or one kernel, from a file.",
     "Example: what a graph takes and gives, and how large that is\n"
     "  poolgrad graph --graph training.json --describe --source-size x=1,8,32,32 \\\n"
     "      --source-size dy=1,8,8,8\n"
     "Example: run it; x and dy are handles of images\n"
     "  poolgrad graph --graph training.json --source x=x.npy --source dy=dy.npy --output dx.npy\n"
     "Example: one kernel\n"
     "  poolgrad graph --graph kernel.json --source source_gradient=dy.npy \\\n"
     "      --source source_image=x.npy --output dx.npy\n"},
    {COMMAND_BENCH, "Measures poolgrad on this machine, beside what the machine's memory allows.",
     "Example: the gradients of two standard workloads, as a table and as a picture\n"
     "  poolgrad bench --workload resnet_stem,vgg --plot bench.svg\n"
     "Example: a layer of one's own, forward and gradient, in two formats, within 20 seconds\n"
     "  poolgrad bench --input-size 8,64,56,56 --kernel 3 --stride 2 --pad 1 \\\n"
     "      --direction forward,gradient --format float16,float32 --seconds 20\n"},
    {COMMAND_INFO, "Says what this build of poolgrad can do or, given a geometry, which kernel computes it.",
     "Example: the build\n"
     "  poolgrad info\n"
     "Example: the kernels of a layer's gradients, were there no AVX-512\n"
     "  poolgrad info --input-size 8,64,56,56 --kernel 3 --stride 2 --pad 1 \\\n"
     "      --kind average,max --format float16,float32 --max-isa avx2\n"},
    {COMMAND_COMPLETION, "Prints a script that completes poolgrad's words in a shell: bash, zsh or fish.",
     "Example: in the shell that runs, until it ends\n"
     "  source <(poolgrad completion bash)\n"
     "Example: for good, where no package has installed it\n"
     "  poolgrad completion fish >~/.config/fish/completions/poolgrad.fish\n"},
};

static const struct help *help_of(enum command command)
{
    const struct help *help = helps;
    while (help->command != command) help++;
    return help;
}

/* Text from column COLUMN on, broken between words. */
static void print_wrapped(const char *text)
{
    int column = COLUMN;
    while (*text) {
        int length = (int)strcspn(text, " ");
        bool first = column == COLUMN;
        if (!first && column + 1 + length > LINE) {
            printf("\n%*s", COLUMN, "");
            column = COLUMN;
            first = true;
        }
        column += printf("%s%.*s", first ? "" : " ", length, text);
        text += length;
        text += strspn(text, " ");
    }
    printf("\n");
}

/* Broken behind a choice where a line would be too long. */
static void print_choices(const struct choice *choice, int column)
{
    enum { INDENT = 6 };
    for (; choice->name; choice++) {
        const int length = (int)strlen(choice->name) + 1;
        if (column + length > LINE) column = printf("\n%*s", INDENT, "") - 1;
        column += printf("%s%s", choice->name, choice[1].name ? "|" : "");
    }
}

static void print_option(const struct option_description *option)
{
    int column = printf("  --%s", option->name);
    if (option->choices) {
        print_choices(option->choices, column + printf(" "));
        if (option->type == TYPE_CHOICES) printf("[,...]");
        column = COLUMN;
    } else if (option->argument) {
        column += printf(" %s", option->argument);
    }
    if (column >= COLUMN) {
        printf("\n");
        column = 0;
    }
    printf("%*s", COLUMN - column, "");
    print_wrapped(option->help);
}

static void print_dialects(void)
{
    printf("\nA word of a dialect takes one value for all axes, or a list in the framework's order. A word that\n"
           "says yes or no stands alone for yes, or takes true, false, 1 or 0.\n");
    for (int i = 0; poolgrad_dialect_at(i); i++) {
        const struct dialect *dialect = poolgrad_dialect_at(i);
        printf("\nWords of --dialect %s: %s\n", dialect->name, dialect->operators);
        for (int k = 0; k < dialect->word_count; k++) print_option(&dialect->words[k].option);
    }
}

const char *poolgrad_help_purpose(enum command command)
{
    return help_of(command)->purpose;
}

int poolgrad_help_command(enum command command)
{
    const struct help *help = help_of(command);
    const char *words = command == COMMAND_SUITE ? " generate DIR" : command == COMMAND_COMPLETION ? " SHELL" : "";
    printf("poolgrad %s%s [options]\n%s\n\n%s", poolgrad_command_name(command), words, help->purpose, help->example);
    printf("\nDefaults stand in parentheses. Options are --name value or --name=value.\n");
    const char *heading = NULL;
    for (int i = 0; i < OPTION_COUNT; i++) {
        const struct option_description *option = &poolgrad_options[i];
        if (option->group) heading = option->group;
        if (!(option->commands & (int)command)) continue;
        if (heading) printf("\n%s\n", heading);
        heading = NULL;
        print_option(option);
    }
    if (poolgrad_options[OPTION_DIALECT].commands & (int)command) print_dialects();
    if (command & (COMMAND_INFO | COMMAND_SUITE | COMMAND_COMPLETION)) return 0;
    if (command == COMMAND_BENCH) {
        printf("\nman poolgrad says what the columns are, and docs/performance.md how it is measured.\n"
               "Exit status: 0 success, 1 a result that is not the reference's, 2 usage or bad input.\n");
        return 0;
    }
    printf("\nTensors are .npy files, or members of .npz files: H x W, C x H x W, N x C x H x W%s,\n"
           "of float16, float32, float64, bfloat16 or, for --source, uint8 and uint16 (v / 255 and v / 65535).\n"
           "man poolgrad says the rest.\n"
           "Exit status: 0 success, %s2 usage or bad input.\n",
           command == COMMAND_GRAPH ? "" : " or N x C x D x H x W",
           command == COMMAND_VERIFY ? "1 an element is wrong, " : "");
    return 0;
}

void poolgrad_help(bool asked)
{
    FILE *file = asked ? stdout : stderr;
    fprintf(file, "poolgrad <command> [options]\nThe reference for pooling and pooling gradients.\n\n");
    for (size_t i = 0; i < sizeof helps / sizeof *helps; i++) {
        fprintf(file, "  %-12s%s\n", poolgrad_command_name(helps[i].command), helps[i].purpose);
    }
    fprintf(file,
            "\npoolgrad <command> --help lists its options, with an example. poolgrad version says which it is.\n");
}
