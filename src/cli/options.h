/* SPDX-License-Identifier: Apache-2.0 */
/* The command line: one table of options, and what was given of it. */
#ifndef POOLGRAD_CLI_OPTIONS_H
#define POOLGRAD_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <poolgrad/poolgrad.h>

enum command {
    COMMAND_FORWARD = 1,
    COMMAND_GRADIENT = 2,
    COMMAND_INFO = 4,
    COMMAND_BENCH = 8,
    COMMAND_GRAPH = 16,
    COMMAND_VERIFY = 32,
    COMMAND_EXPLAIN = 64,
    COMMAND_SUITE = 128,
    COMMAND_COMPLETION = 256
};

/* In the order of the help texts. */
enum option {
    OPTION_GRAPH,
    OPTION_SOURCES,
    OPTION_INTERMEDIATES,
    OPTION_OUTPUT_SIZE,
    OPTION_DESCRIBE,
    OPTION_SOURCE_SIZES,
    OPTION_PRINT_JSON,

    OPTION_AT,

    OPTION_CASE,

    OPTION_SOURCE,
    OPTION_SOURCE_GRADIENT,
    OPTION_INDICES,
    OPTION_PICKS,
    OPTION_ACTUAL,
    OPTION_ADD_TO,
    OPTION_BEFORE,
    OPTION_OUTPUT,
    OPTION_SOURCE_WIDTH,
    OPTION_SOURCE_HEIGHT,
    OPTION_SOURCE_DEPTH,
    OPTION_LAYOUT,
    OPTION_PLANE_LAYOUT,
    OPTION_SOURCE_LAYOUT,
    OPTION_SOURCE_GRADIENT_LAYOUT,
    OPTION_INDICES_LAYOUT,
    OPTION_PICKS_LAYOUT,
    OPTION_ACTUAL_LAYOUT,
    OPTION_OUTPUT_LAYOUT,
    OPTION_DIMENSIONS,
    OPTION_CHANNELS,
    OPTION_SOURCE_FORMAT,
    OPTION_SOURCE_GRADIENT_FORMAT,
    OPTION_INDICES_FORMAT,
    OPTION_PICKS_FORMAT,
    OPTION_ACTUAL_FORMAT,
    OPTION_FORMAT,

    OPTION_COMPUTED_IN,
    OPTION_DIVISION,
    OPTION_FUSION,
    OPTION_SUBNORMALS,
    OPTION_CHAIN,
    OPTION_STORED_IN,
    OPTION_AVERAGES,
    OPTION_COMPOSED,
    OPTION_NORMS,
    OPTION_DIGITS,
    OPTION_STRICT,
    OPTION_FINDINGS,
    OPTION_NO_CAUSES,

    OPTION_ACTUAL_FOLDER,
    OPTION_BACKEND,
    OPTION_TIMEOUT,
    OPTION_JOBS,
    OPTION_OUTPUT_FOLDER,
    OPTION_RESUME,
    OPTION_KEEP_TIE_RULE,
    OPTION_KEEP_NAN_RULE,
    OPTION_SKIP_MISSING,
    OPTION_JUNIT,
    OPTION_SUITE_JSON,
    OPTION_REPORTS,

    OPTION_SIZE,
    OPTION_SEED,

    OPTION_PROFILE,
    OPTION_CASE_DIRECTIONS,
    OPTION_CASE_KINDS,
    OPTION_CASE_FORMATS,
    OPTION_CASE_LAYOUTS,
    OPTION_FEATURES,
    OPTION_WITHOUT,
    OPTION_SHARD,

    OPTION_WORKLOAD,
    OPTION_INPUT_SIZE,
    OPTION_DIRECTIONS,
    OPTION_KINDS,
    OPTION_LAYOUTS,
    OPTION_FORMATS,
    OPTION_THREAD_COUNTS,

    OPTION_KIND,
    OPTION_DIALECT,
    OPTION_KERNEL,
    OPTION_KERNEL_WIDTH,
    OPTION_KERNEL_HEIGHT,
    OPTION_KERNEL_DEPTH,
    OPTION_STRIDE,
    OPTION_STRIDE_X,
    OPTION_STRIDE_Y,
    OPTION_STRIDE_Z,
    OPTION_DILATION,
    OPTION_DILATION_X,
    OPTION_DILATION_Y,
    OPTION_DILATION_Z,
    OPTION_ADAPTIVE,
    OPTION_ADAPTIVE_WIDTH,
    OPTION_ADAPTIVE_HEIGHT,
    OPTION_ADAPTIVE_DEPTH,
    OPTION_WINDOWS_X,
    OPTION_WINDOWS_Y,
    OPTION_WINDOWS_Z,

    OPTION_OFFSET_X,
    OPTION_OFFSET_Y,
    OPTION_OFFSET_Z,
    OPTION_OFFSET_IMAGE,
    OPTION_PAD,
    OPTION_PAD_LEFT,
    OPTION_PAD_TOP,
    OPTION_PAD_RIGHT,
    OPTION_PAD_BOTTOM,
    OPTION_PAD_FRONT,
    OPTION_PAD_BACK,
    OPTION_CEIL_MODE,
    OPTION_CEIL_DROP,
    OPTION_PADDING_POLICY,
    OPTION_ALIGN,
    OPTION_REMAINDER_TO,
    OPTION_EXCLUDE_EDGES,
    OPTION_OUTPUT_WIDTH,
    OPTION_OUTPUT_HEIGHT,
    OPTION_OUTPUT_DEPTH,

    OPTION_EDGE_MODE,
    OPTION_ZERO_PAD,
    OPTION_ZERO_PAD_X,
    OPTION_ZERO_PAD_Y,
    OPTION_ZERO_PAD_Z,
    OPTION_ZERO_PAD_LEFT,
    OPTION_ZERO_PAD_TOP,
    OPTION_ZERO_PAD_RIGHT,
    OPTION_ZERO_PAD_BOTTOM,
    OPTION_ZERO_PAD_FRONT,
    OPTION_ZERO_PAD_BACK,
    OPTION_COUNT_INCLUDE_PAD,
    OPTION_DIVISOR,
    OPTION_ROOT_MEAN,
    OPTION_TIES,
    OPTION_JUDGED_TIES,
    OPTION_NAN,
    OPTION_JUDGED_NAN,
    OPTION_ACCUMULATOR,

    OPTION_PRIMARY_OFFSET_X,
    OPTION_PRIMARY_OFFSET_Y,
    OPTION_PRIMARY_OFFSET_Z,
    OPTION_PRIMARY_OFFSET_IMAGE,
    OPTION_SOURCE_SIZE_WIDTH,
    OPTION_SOURCE_SIZE_HEIGHT,
    OPTION_SOURCE_SIZE_DEPTH,
    OPTION_SOURCE_SIZE_IMAGES,
    OPTION_SECONDARY_OFFSET_X,
    OPTION_SECONDARY_OFFSET_Y,
    OPTION_SECONDARY_OFFSET_Z,
    OPTION_SECONDARY_OFFSET_IMAGE,
    OPTION_KERNEL_OFFSET_X,
    OPTION_KERNEL_OFFSET_Y,
    OPTION_KERNEL_OFFSET_Z,
    OPTION_CLIP_X,
    OPTION_CLIP_Y,
    OPTION_CLIP_Z,
    OPTION_CLIP_WIDTH,
    OPTION_CLIP_HEIGHT,
    OPTION_CLIP_DEPTH,
    OPTION_CLIP_IMAGE,
    OPTION_CLIP_IMAGES,
    OPTION_SOURCE_CHANNEL_OFFSET,
    OPTION_SOURCE_CHANNEL_COUNT,
    OPTION_PRIMARY_CHANNEL_OFFSET,
    OPTION_PRIMARY_CHANNEL_COUNT,
    OPTION_SECONDARY_CHANNEL_OFFSET,
    OPTION_SECONDARY_CHANNEL_COUNT,
    OPTION_DESTINATION_CHANNEL_OFFSET,

    OPTION_REPEAT,
    OPTION_SECONDS,
    OPTION_LIST,
    OPTION_JSON,
    OPTION_CSV,
    OPTION_COMPARE,
    OPTION_REPORT,
    OPTION_PLOT,

    OPTION_MODE,
    OPTION_POOLING_MODE,
    OPTION_THREADS,
    OPTION_MAX_ISA,
    OPTION_PRINT_PROBLEM,
    OPTION_HELP,
    OPTION_COUNT
};

enum option_type {
    TYPE_FLAG,
    TYPE_TEXT,
    TYPE_INPUT,  /* a file that is read; - is standard input */
    TYPE_OUTPUT, /* a tensor's file; - is standard output */
    TYPE_REPORT, /* a text's file; likewise */
    TYPE_FOLDER,
    TYPE_INTEGER,
    TYPE_INTEGERS,
    TYPE_SECONDS,
    TYPE_CHOICE,
    TYPE_CHOICES,
    TYPE_ISA,
    TYPE_NAMED, /* NAME=VALUE, may be given again */
    TYPE_NAMED_INPUT,
    TYPE_NAMED_OUTPUT
};

enum {
    OPTION_INTEGERS = 8, /* in one list, at most */
    OPTION_NAMED = 256   /* values with names, of all options together */
};

/* A word and what it stands for; a table of them ends with a null name. */
struct choice {
    const char *name;
    int64_t value;
};

struct option_description {
    const char *name; /* without the dashes */
    int commands;     /* which take it, or-ed */
    enum option_type type;
    const struct choice *choices;
    const char *argument; /* as the help shows it */
    const char *help;
    const char *group; /* heading, where a new group begins */
};

/* Of forward and gradient, beside poolgrad_mode's. */
enum { MODE_EXACT = POOLGRAD_MODE_REFERENCE + 1 };

/* Or-ed to a layout by the words that say that there is a third axis: ncdhw and ndhwc. */
enum { LAYOUT_OF_VOLUMES = 16 };

/* Of verify and explain, beside poolgrad_tie_rule's and poolgrad_nan_rule's: which maximal tap is picked is left open;
 * what a window with a NaN picks is. */
enum { TIES_ANY = POOLGRAD_TIES_SPLIT + 1, NAN_ANY = POOLGRAD_NAN_IGNORE + 1 };

extern const struct option_description poolgrad_options[OPTION_COUNT];

enum { COMMAND_WORDS = 2 };

enum {
    DIALECT_WORDS = 12,   /* of one framework, at most */
    DIALECT_INTEGERS = 10 /* in one list, at most */
};

/* What was given to a word of a framework; none: nothing. */
struct dialect_value {
    int count;
    int64_t integers[DIALECT_INTEGERS];
};

struct options {
    enum command command;
    char *kept; /* where sentences of refusal go, cut to their size, in place of standard error; null: they go there */
    size_t kept_size;
    const char *word[COMMAND_WORDS]; /* behind the command's name and before its options; null behind the last */
    struct {
        bool given;
        const char *text;
        /* Of an integer, a choice or an instruction set; of choices one bit, 1 << value, for each; of integers how
         * many. */
        int64_t number;
        int64_t integers[OPTION_INTEGERS];
        double seconds;
    } value[OPTION_COUNT];
    struct named_value {
        enum option option;
        const char *text;   /* the whole word */
        const char *value;  /* what stands behind the first '=' of it */
        size_t name_length; /* before that */
    } named[OPTION_NAMED];
    int named_count;
    const struct dialect *dialect; /* that --dialect names; null: none */
    struct dialect_value dialect_value[DIALECT_WORDS];
};

/* A file of the command line: the option, what was given to it, and the file's name in that. */
struct file_argument {
    enum option option;
    const char *text, *path;
};

/* Whether the file is a standard stream, as - is. */
bool poolgrad_is_stream(const struct file_argument *file);

/* Whether the option reads a file, or writes one. */
bool poolgrad_reads_file(enum option option);
bool poolgrad_writes_file(enum option option);

/* Whether a result goes to standard output, where nothing else may be said then. */
bool poolgrad_writes_stdout(const struct options *options);

/* Reads `count` words: those of the command, then each option at most once unless its values have names, as --name
 * value or --name=value. 0, or 2 after one sentence to stderr. */
int poolgrad_options_parse(struct options *options, enum command command, int count, char *const *word);

bool poolgrad_given(const struct options *options, enum option option);

/* Whether the command is about a gradient; verify and explain are where a source gradient is given. */
bool poolgrad_is_gradient(const struct options *options);

struct file_argument poolgrad_file(const struct options *options, enum option option);
struct file_argument poolgrad_named_file(const struct named_value *named);

/* The integer or choice, or `otherwise` where it was not given. */
int64_t poolgrad_number(const struct options *options, enum option option, int64_t otherwise);

/* The instruction sets that this build knows, one after the other, "best" first; null behind the last. */
const char *poolgrad_isa_word(int index);

/* The first `length` letters of the text among the choices, null where they are none; all choices, "a, b or c". */
const struct choice *poolgrad_find_choice(const struct choice *choice, const char *text, size_t length);
void poolgrad_list_choices(const struct choice *choice, char *text, size_t size);

/* Reads at most so many integers with commas between them; how many there are, 0 where the text is something else. */
int poolgrad_read_list(const char *text, int most, int64_t *integers);

/* "forward" and so on. */
const char *poolgrad_command_name(enum command command);

/* One sentence to stderr, with the command's name before it. Returns 2, the exit status of bad input. */
int poolgrad_fail(const struct options *options, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A remark on stderr; the work goes on. */
void poolgrad_note(const struct options *options, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
