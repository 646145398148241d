/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/suggest.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/axis_options.h"

enum {
    LONGEST = 40,   /* letters of a word that is looked at */
    CANDIDATES = 3, /* options that one word may stand for */
    AXIS_NAMES = 4, /* of one axis */
    NUMBERS = 6     /* in a list given where one number is expected */
};

/* ---- Distance ---------------------------------------------------------------------------------------------------- */

static size_t least(size_t a, size_t b, size_t c)
{
    const size_t lower = a < b ? a : b;
    return lower < c ? lower : c;
}

/* How many letters were left out, typed in addition, mistaken or exchanged with the next one. Both words are at most
 * LONGEST letters long. */
static size_t distance(const char *a, const char *b)
{
    size_t rows[3][LONGEST + 1];
    size_t *before = rows[0], *last = rows[1], *row = rows[2];
    const size_t width = strlen(b);
    for (size_t k = 0; k <= width; k++) last[k] = k;
    for (size_t i = 1; a[i - 1]; i++) {
        row[0] = i;
        for (size_t k = 1; k <= width; k++) {
            row[k] = least(last[k] + 1, row[k - 1] + 1, last[k - 1] + (a[i - 1] != b[k - 1]));
            const bool exchanged = i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1];
            if (exchanged && before[k - 2] + 1 < row[k]) row[k] = before[k - 2] + 1;
        }
        size_t *const oldest = before;
        before = last;
        last = row;
        row = oldest;
    }
    return last[width];
}

/* Slips that a word of so many letters may hold and still be known. */
static size_t allowed(size_t length)
{
    return length < 3 ? 0 : length < 6 ? 1 : 2;
}

/* ---- Options ----------------------------------------------------------------------------------------------------- */

/* Words of PyTorch, NumPy, ONNX, Keras, TensorFlow, Caffe, cuDNN and common use, with dashes, and the options that they
 * may stand for: the first one that the command takes. */
static const struct {
    const char *word, *option[CANDIDATES];
} foreign_words[] = {
    {"a", {"actual"}},
    {"argmax", {"picks", "indices"}},
    {"auto-pad", {"padding-policy"}},
    {"avg", {"kind"}},
    {"ceil", {"ceil-mode"}},
    {"ceiling", {"ceil-mode"}},
    {"ceil-drop-last", {"ceil-drop"}},
    {"count-includes-pad", {"count-include-pad"}},
    {"d", {"dilation"}},
    {"data", {"source"}},
    {"data-format", {"layout"}},
    {"data-layout", {"layout"}},
    {"data-type", {"format", "actual-format", "source-format"}},
    {"dilatation", {"dilation"}},
    {"dilation-rate", {"dilation"}},
    {"dilations", {"dilation"}},
    {"dims", {"dimensions", "input-size", "source-size"}},
    {"dimensions", {"input-size", "source-size"}},
    {"divisor-override", {"divisor"}},
    {"dout", {"source-gradient"}},
    {"dtype", {"format", "actual-format", "source-format"}},
    {"dx", {"actual", "output"}},
    {"dy", {"source-gradient"}},
    {"element", {"at"}},
    {"filter", {"kernel"}},
    {"filter-size", {"kernel"}},
    {"g", {"source-gradient"}},
    {"got", {"actual"}},
    {"grad", {"source-gradient"}},
    {"grad-input", {"actual", "output"}},
    {"grad-output", {"source-gradient"}},
    {"gradient", {"source-gradient"}},
    {"gradients", {"source-gradient"}},
    {"html", {"report"}},
    {"i", {"source"}},
    {"image", {"source"}},
    {"in", {"source"}},
    {"include-pad", {"count-include-pad"}},
    {"index", {"at", "indices"}},
    {"indexes", {"indices", "picks"}},
    {"indices", {"picks"}},
    {"indices-format", {"picks-format"}},
    {"indices-layout", {"picks-layout"}},
    {"input", {"source"}},
    {"input-gradient", {"actual", "output"}},
    {"input-shape", {"input-size"}},
    {"isa", {"max-isa"}},
    {"j", {"threads"}},
    {"jobs", {"threads"}},
    {"k", {"kernel"}},
    {"kernel-shape", {"kernel"}},
    {"kernel-size", {"kernel"}},
    {"kernels", {"kernel"}},
    {"ksize", {"kernel"}},
    {"mask", {"picks", "indices"}},
    {"method", {"kind"}},
    {"ndim", {"dimensions"}},
    {"num-threads", {"threads"}},
    {"o", {"output"}},
    {"op", {"kind"}},
    {"out", {"output"}},
    {"output", {"actual"}},
    {"output-gradient", {"source-gradient"}},
    {"output-size", {"adaptive"}},
    {"p", {"pad"}},
    {"pad-mode", {"padding-policy"}},
    {"pad-policy", {"padding-policy"}},
    {"padding", {"pad"}},
    {"padding-mode", {"padding-policy", "edge-mode"}},
    {"paddings", {"pad"}},
    {"pads", {"pad"}},
    {"picked", {"picks", "indices"}},
    {"picks", {"indices"}},
    {"picks-format", {"indices-format"}},
    {"picks-layout", {"indices-layout"}},
    {"policy", {"padding-policy"}},
    {"pool", {"kind"}},
    {"pool-size", {"kernel"}},
    {"pooling", {"kind"}},
    {"position", {"at"}},
    {"precision", {"format", "computed-in"}},
    {"result", {"output", "actual"}},
    {"return-indices", {"picks"}},
    {"s", {"stride"}},
    {"same", {"padding-policy"}},
    {"shape", {"input-size", "source-size"}},
    {"size", {"kernel"}},
    {"src", {"source"}},
    {"step", {"stride"}},
    {"strides", {"stride"}},
    {"tie", {"ties"}},
    {"tie-rule", {"ties"}},
    {"type", {"kind"}},
    {"upstream", {"source-gradient"}},
    {"valid", {"padding-policy"}},
    {"window", {"kernel"}},
    {"window-size", {"kernel"}},
    {"x", {"source"}},
    {"y", {"output", "actual"}},
};

/* The option's name as the table has it; null where the command has none of that name. */
static const char *taken(enum command command, const char *name)
{
    for (int i = 0; i < OPTION_COUNT; i++) {
        const struct option_description *option = &poolgrad_options[i];
        if ((option->commands & (int)command) && strcmp(option->name, name) == 0) return option->name;
    }
    return NULL;
}

/* Lower case, dashes for underscores, none in front. False where the word is too long to be an option's. */
static bool normalise(const char *word, size_t length, char plain[LONGEST + 1])
{
    while (length > 0 && *word == '-') {
        word++;
        length--;
    }
    if (length == 0 || length > LONGEST) return false;
    for (size_t i = 0; i < length; i++) plain[i] = (char)(word[i] == '_' ? '-' : tolower((unsigned char)word[i]));
    plain[length] = '\0';
    return true;
}

static const char *foreign_option(enum command command, const char *word)
{
    for (size_t i = 0; i < sizeof foreign_words / sizeof *foreign_words; i++) {
        if (strcmp(foreign_words[i].word, word) != 0) continue;
        for (int k = 0; k < CANDIDATES && foreign_words[i].option[k]; k++) {
            const char *name = taken(command, foreign_words[i].option[k]);
            if (name) return name;
        }
    }
    return NULL;
}

/* The option of an axis by another name of the axis, as kernel-h of cuDNN and Caffe. */
static const char *axis_option(enum command command, const char *word)
{
    static const char *const names[][AXIS_NAMES] = {
        {"width", "x", "left", "w"}, {"height", "y", "top", "h"}, {"depth", "z", "front", "d"}};
    const char *dash = strrchr(word, '-');
    for (size_t axis = 0; dash && axis < sizeof names / sizeof *names; axis++) {
        bool meant = false;
        for (int i = 0; i < AXIS_NAMES; i++) meant = meant || strcmp(dash + 1, names[axis][i]) == 0;
        for (int i = 0; meant && i < AXIS_NAMES; i++) {
            char other[LONGEST + sizeof "height"];
            snprintf(other, sizeof other, "%.*s%s", (int)(dash + 1 - word), word, names[axis][i]);
            const char *name = taken(command, other);
            if (name) return name;
        }
    }
    return NULL;
}

/* The first of the options that come nearest. */
static const char *similar_option(enum command command, const char *word)
{
    const char *nearest = NULL;
    size_t best = allowed(strlen(word)) + 1;
    for (int i = 0; i < OPTION_COUNT; i++) {
        const struct option_description *option = &poolgrad_options[i];
        if (!(option->commands & (int)command) || strlen(option->name) > LONGEST) continue;
        const size_t slips = distance(word, option->name);
        if (slips >= best) continue;
        best = slips;
        nearest = option->name;
    }
    return nearest;
}

const char *poolgrad_suggested_option(enum command command, const char *word, size_t length)
{
    char plain[LONGEST + 1];
    if (!normalise(word, length, plain)) return NULL;
    const char *name = taken(command, plain);
    if (!name) name = foreign_option(command, plain);
    if (!name) name = axis_option(command, plain);
    return name ? name : similar_option(command, plain);
}

/* ---- Commands ---------------------------------------------------------------------------------------------------- */

const char *poolgrad_suggested_command(const char *word)
{
    static const char *const foreign[][2] = {
        {"backward", "gradient"},  {"backprop", "gradient"}, {"bwd", "gradient"},   {"grad", "gradient"},
        {"benchmark", "bench"},    {"check", "verify"},      {"compare", "verify"}, {"judge", "verify"},
        {"validate", "verify"},    {"fwd", "forward"},       {"pool", "forward"},   {"run", "forward"},
        {"complete", "completion"}};
    char plain[LONGEST + 1];
    const char *nearest = NULL;
    if (!normalise(word, strlen(word), plain)) return NULL;
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++) {
        if (strcmp(foreign[i][0], plain) == 0) return foreign[i][1];
    }
    size_t best = allowed(strlen(plain)) + 1;
    for (int command = 1; *poolgrad_command_name((enum command)command); command *= 2) {
        const char *name = poolgrad_command_name((enum command)command);
        const size_t slips = distance(plain, name);
        if (slips >= best) continue;
        best = slips;
        nearest = name;
    }
    return nearest;
}

/* ---- Values ------------------------------------------------------------------------------------------------------ */

/* Two to six integers, but not five, with commas, an x or blanks between them, in parentheses or brackets or without;
 * how many: one for each axis, or one for each side. */
static int read_list(const char *text, int64_t number[NUMBERS])
{
    int count = 0;
    text += strspn(text, "([ ");
    if (strncmp(text, "0x", 2) == 0 || strncmp(text, "0X", 2) == 0) return 0; /* a hexadecimal number, more likely */
    for (;;) {
        char *end;
        const long long value = strtoll(text, &end, 10);
        if (end == text || count == NUMBERS) return 0;
        number[count++] = value;
        text = end + strspn(end, ")] ");
        if (!*text) return count == 1 || count == NUMBERS - 1 ? 0 : count;
        if (text == end && !strchr(",xX", *text)) return 0;
        text += strspn(text, ",xX ");
    }
}

/* One number for each of two or three axes: frameworks list the depth and the height first. */
static void suggest_axes(enum axis_role role, int axes, const int64_t *number, char text[SUGGESTION])
{
    bool same = true;
    for (int i = 1; i < axes; i++) same = same && number[i] == number[0];
    if (same) {
        snprintf(text, SUGGESTION, ": --%s %" PRId64 " is for every axis",
                 poolgrad_options[poolgrad_axes_option(role)].name, number[0]);
        return;
    }
    size_t used = (size_t)snprintf(text, SUGGESTION, ":");
    for (int i = 0; i < axes; i++) {
        const enum axis axis = (enum axis)(axes - 1 - i);
        used += (size_t)snprintf(text + used, SUGGESTION - used, " --%s %" PRId64,
                                 poolgrad_options[poolgrad_axis_option(axis, role)].name, number[i]);
    }
    snprintf(text + used, SUGGESTION - used, " for (%sheight, width)", axes == AXES ? "depth, " : "");
}

static void suggest_policy(const char *value, char text[SUGGESTION])
{
    if (strncmp(value, "same", 4) == 0)
        snprintf(text, SUGGESTION, ", or --padding-policy same in place of --pad");
    else if (strncmp(value, "valid", 5) == 0)
        snprintf(text, SUGGESTION, ", or --padding-policy valid-only in place of --pad");
    else if (strcmp(value, "full") == 0)
        snprintf(text, SUGGESTION, ", or --padding-policy full in place of --pad");
}

/* Of a word that is no kind of pooling. */
static void suggest_kind(const char *value, char text[SUGGESTION])
{
    const bool is_norm = *value == 'l' || *value == 'L' || strstr(value, "norm");
    if (is_norm) snprintf(text, SUGGESTION, ": of the LP norms the one of p = 2 alone, l2norm");
}

void poolgrad_suggested_value(enum option option, const char *value, char text[SUGGESTION])
{
    static const enum axis_role roles[] = {ROLE_KERNEL, ROLE_STRIDE,   ROLE_DILATION,
                                           ROLE_BEFORE, ROLE_ADAPTIVE, ROLE_ZERO_PAD};
    char plain[LONGEST + 1];
    int64_t number[NUMBERS];
    text[0] = '\0';
    const int count = read_list(value, number);
    if (option == OPTION_KIND) suggest_kind(value, text);
    if (option == OPTION_PAD && normalise(value, strlen(value), plain)) suggest_policy(plain, text);
    if (option == OPTION_PAD && count > AXES) {
        snprintf(text, SUGGESTION, ": --pad-left, --pad-top, %s--pad-right%s --pad-bottom%s are for one side each",
                 count == NUMBERS ? "--pad-front, " : "", count == NUMBERS ? "," : " and",
                 count == NUMBERS ? " and --pad-back" : "");
    }
    for (size_t i = 0; count > 0 && count <= AXES && i < sizeof roles / sizeof *roles; i++) {
        if (poolgrad_axes_option(roles[i]) == option) suggest_axes(roles[i], count, number, text);
    }
}

const char *poolgrad_missing_feature(const char *word, size_t length)
{
    static const char *const norms[] = {"p", "norm", "norm-type", "lp", "lp-order", "p-norm"};
    char plain[LONGEST + 1];
    if (!normalise(word, length, plain)) return NULL;
    for (size_t i = 0; i < sizeof norms / sizeof *norms; i++) {
        if (strcmp(norms[i], plain) == 0) return "of the LP norms there is the one of p = 2 alone, --kind l2norm";
    }
    return NULL;
}
