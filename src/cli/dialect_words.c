/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/dialect_words.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "cli/axis_options.h"

/* ---- The tables -------------------------------------------------------------------------------------------------- */

static const struct choice booleans[] = {{"true", 1}, {"false", 0}, {"1", 1}, {"0", 0}, {NULL, 0}};
static const struct choice auto_pads[] = {{"NOTSET", POOLGRAD_ONNX_NOTSET},
                                          {"SAME_UPPER", POOLGRAD_ONNX_SAME_UPPER},
                                          {"SAME_LOWER", POOLGRAD_ONNX_SAME_LOWER},
                                          {"VALID", POOLGRAD_ONNX_VALID},
                                          {NULL, 0}};
static const struct choice paddings[] = {{"SAME", POOLGRAD_TENSORFLOW_SAME},
                                         {"VALID", POOLGRAD_TENSORFLOW_VALID},
                                         {"EXPLICIT", POOLGRAD_TENSORFLOW_EXPLICIT},
                                         {NULL, 0}};
/* How many axes a data format names, in units of FORMAT_AXIS, and the value of the library. */
enum { FORMAT_AXIS = 16 };
static const struct choice data_formats[] = {{"NHWC", 2 * FORMAT_AXIS + POOLGRAD_TENSORFLOW_NHWC},
                                             {"NCHW", 2 * FORMAT_AXIS + POOLGRAD_TENSORFLOW_NCHW},
                                             {"NWC", 1 * FORMAT_AXIS + POOLGRAD_TENSORFLOW_NHWC},
                                             {"NCW", 1 * FORMAT_AXIS + POOLGRAD_TENSORFLOW_NCHW},
                                             {"NDHWC", 3 * FORMAT_AXIS + POOLGRAD_TENSORFLOW_NHWC},
                                             {"NCDHW", 3 * FORMAT_AXIS + POOLGRAD_TENSORFLOW_NCHW},
                                             {NULL, 0}};
static const struct choice round_modes[] = {{"CEIL", POOLGRAD_CAFFE_CEIL}, {"FLOOR", POOLGRAD_CAFFE_FLOOR}, {NULL, 0}};
static const struct choice cudnn_modes[] = {
    {"CUDNN_POOLING_MAX", POOLGRAD_CUDNN_MAX},
    {"CUDNN_POOLING_AVERAGE_COUNT_INCLUDE_PADDING", POOLGRAD_CUDNN_AVERAGE_COUNT_INCLUDE_PADDING},
    {"CUDNN_POOLING_AVERAGE_COUNT_EXCLUDE_PADDING", POOLGRAD_CUDNN_AVERAGE_COUNT_EXCLUDE_PADDING},
    {"CUDNN_POOLING_MAX_DETERMINISTIC", POOLGRAD_CUDNN_MAX_DETERMINISTIC},
    {NULL, 0}};
static const struct choice nan_propagations[] = {{"CUDNN_NOT_PROPAGATE_NAN", POOLGRAD_CUDNN_NOT_PROPAGATE_NAN},
                                                 {"CUDNN_PROPAGATE_NAN", POOLGRAD_CUDNN_PROPAGATE_NAN},
                                                 {NULL, 0}};
static const struct choice algorithms[] = {{"pooling_max", POOLGRAD_ONEDNN_POOLING_MAX},
                                           {"pooling_avg_include_padding", POOLGRAD_ONEDNN_POOLING_AVG_INCLUDE_PADDING},
                                           {"pooling_avg_exclude_padding", POOLGRAD_ONEDNN_POOLING_AVG_EXCLUDE_PADDING},
                                           {NULL, 0}};

/* Behind the framework's name: the word, which is the field's name too, the shape of its values, what help says. */
#define WORD(type, choices, argument, framework, name, shape, help)                                                    \
    {                                                                                                                  \
        {#name, 0, type, choices, argument, help, NULL}, shape, offsetof(poolgrad_##framework##_pool, name)            \
    }
#define NUMBER(...) WORD(TYPE_INTEGER, NULL, "N", __VA_ARGS__)
#define NUMBERS(...) WORD(TYPE_INTEGERS, NULL, "N[,N...]", __VA_ARGS__)
#define FLAG(...) WORD(TYPE_FLAG, NULL, NULL, __VA_ARGS__)
#define CHOICE(choices, ...) WORD(TYPE_CHOICE, choices, "WORD", __VA_ARGS__)

static const struct dialect_word torch_words[] = {
    NUMBERS(torch, kernel_size, SHAPE_AXES, "size of the window, depth, height and width; required unless adaptive"),
    NUMBERS(torch, stride, SHAPE_AXES, "from window to window (kernel_size)"),
    NUMBERS(torch, padding, SHAPE_AXES, "on both sides, at most half of the kernel (0)"),
    NUMBERS(torch, dilation, SHAPE_AXES, "max: from tap to tap (1)"),
    FLAG(torch, ceil_mode, SHAPE_ONE, "round the output's size up (false)"),
    FLAG(torch, count_include_pad, SHAPE_ONE, "average: padding counts (true)"),
    NUMBER(torch, divisor_override, SHAPE_ONE, "average: what sums are divided by (how many pixels count)"),
    NUMBER(torch, norm_type, SHAPE_ONE, "l2norm: 2 (2)"),
    NUMBERS(torch, output_size, SHAPE_AXES, "adaptive: the size of the output, in place of all other words")};

static const struct dialect_word onnx_words[] = {
    NUMBERS(onnx, kernel_shape, SHAPE_AXES, "size of the window; required"),
    CHOICE(auto_pads, onnx, auto_pad, SHAPE_ONE, "in place of pads (NOTSET)"),
    NUMBERS(onnx, pads, SHAPE_SIDES, "all begins, then all ends (0)"),
    NUMBERS(onnx, strides, SHAPE_AXES, "from window to window (1)"),
    NUMBERS(onnx, dilations, SHAPE_AXES, "from tap to tap (1)"),
    FLAG(onnx, ceil_mode, SHAPE_ONE, "round the output's size up (false)"),
    FLAG(onnx, count_include_pad, SHAPE_ONE, "average: padding counts (false)"),
    NUMBER(onnx, storage_order, SHAPE_ONE, "max: 0 counts indices by rows; 1 by columns, which picks do not (0)"),
    NUMBER(onnx, p, SHAPE_ONE, "l2norm: 2 (2)")};

static const struct dialect_word tensorflow_words[] = {
    NUMBERS(tensorflow, ksize, SHAPE_ENTRIES, "size of the window, with or without batch and channel; required"),
    NUMBERS(tensorflow, strides, SHAPE_ENTRIES, "from window to window, likewise; required"),
    CHOICE(paddings, tensorflow, padding, SHAPE_ONE, "required"),
    NUMBERS(tensorflow, explicit_paddings, SHAPE_PAIRS,
            "padding EXPLICIT, max of up to two dimensions: before and behind, with batch and channel"),
    CHOICE(data_formats, tensorflow, data_format, SHAPE_ONE,
           "of the lists; where it is given, of all files and their axes, too (NHWC)")};

static const struct dialect_word caffe_words[] = {
    NUMBER(caffe, kernel_size, SHAPE_ONE, "size of the window, both axes; required unless the next two are given"),
    NUMBER(caffe, kernel_h, SHAPE_ONE, "its height"),
    NUMBER(caffe, kernel_w, SHAPE_ONE, "its width"),
    NUMBER(caffe, stride, SHAPE_ONE, "from window to window, both axes (1)"),
    NUMBER(caffe, stride_h, SHAPE_ONE, "along y"),
    NUMBER(caffe, stride_w, SHAPE_ONE, "along x"),
    NUMBER(caffe, pad, SHAPE_ONE, "on all sides, less than the window (0)"),
    NUMBER(caffe, pad_h, SHAPE_ONE, "top and bottom"),
    NUMBER(caffe, pad_w, SHAPE_ONE, "left and right"),
    FLAG(caffe, global_pooling, SHAPE_ONE, "the window is the image, in place of a kernel (false)"),
    CHOICE(round_modes, caffe, round_mode, SHAPE_ONE, "of the output's size (CEIL)")};

static const struct dialect_word cudnn_words[] = {
    NUMBERS(cudnn, windowDim, SHAPE_AXES, "size of the window; required"),
    NUMBERS(cudnn, padding, SHAPE_AXES, "on both sides (0)"),
    NUMBERS(cudnn, stride, SHAPE_AXES, "from window to window; required"),
    CHOICE(cudnn_modes, cudnn, mode, SHAPE_ONE, "average: whether padding counts; required there (CUDNN_POOLING_MAX)"),
    CHOICE(nan_propagations, cudnn, maxpoolingNanOpt, SHAPE_ONE, "max: whether a NaN wins (CUDNN_NOT_PROPAGATE_NAN)")};

static const struct dialect_word onednn_words[] = {
    CHOICE(algorithms, onednn, alg_kind, SHAPE_ONE, "average: whether padding counts; required there (pooling_max)"),
    NUMBERS(onednn, strides, SHAPE_AXES, "from window to window; required"),
    NUMBERS(onednn, kernel, SHAPE_AXES, "size of the window; required"),
    NUMBERS(onednn, dilation, SHAPE_AXES, "pixels between two taps: 0 is dense (0)"),
    NUMBERS(onednn, padding_l, SHAPE_AXES, "before the image (0)"),
    NUMBERS(onednn, padding_r, SHAPE_AXES, "behind the image (padding_l)")};

#define FUNCTIONS(framework, SET_AXES)                                                                                 \
    static void framework##_init(union dialect_pool *pool)                                                             \
    {                                                                                                                  \
        poolgrad_##framework##_pool_init(&pool->framework, sizeof pool->framework);                                    \
    }                                                                                                                  \
    static poolgrad_status framework##_set(union dialect_pool *pool, int axes, poolgrad_problem *problem,              \
                                           poolgrad_output_size *size, poolgrad_error *error)                          \
    {                                                                                                                  \
        SET_AXES(pool->framework, axes);                                                                               \
        return poolgrad_problem_from_##framework(&pool->framework, problem, size, error);                              \
    }
#define OF_ANY_AXES(pool, axes) (pool).dimensions = (axes)
#define OF_PLANES(pool, axes)                                                                                          \
    if ((axes) < 2) return refuse_line(axes, error)

/* A line, of a framework that has no argument for how many axes there are. */
static poolgrad_status refuse_line(int axes, poolgrad_error *error)
{
    snprintf(error->field, sizeof error->field, "dimensions");
    snprintf(error->message, sizeof error->message, "dimensions is %d; expected 2", axes);
    return POOLGRAD_INVALID;
}

FUNCTIONS(torch, OF_ANY_AXES)
FUNCTIONS(onnx, OF_ANY_AXES)
FUNCTIONS(tensorflow, OF_ANY_AXES)
FUNCTIONS(caffe, OF_PLANES)
FUNCTIONS(cudnn, OF_ANY_AXES)
FUNCTIONS(onednn, OF_ANY_AXES)

#define DIALECT(framework, operators, ending)                                                                          \
    {                                                                                                                  \
#framework, operators, ending, framework##_words, (int)(sizeof framework##_words / sizeof *framework##_words), \
            framework##_init, framework##_set                                                                          \
    }

/* In the order of the choices of --dialect. cuDNN's arrays are windowDimA and so on. */
static const struct dialect dialects[] = {DIALECT(torch, "max_pool, avg_pool, lp_pool, and adaptive ones", NULL),
                                          DIALECT(onnx, "MaxPool, AveragePool, LpPool", NULL),
                                          DIALECT(tensorflow, "tf.nn.max_pool, tf.nn.avg_pool", NULL),
                                          DIALECT(caffe, "PoolingParameter", NULL),
                                          DIALECT(cudnn, "cudnnSetPoolingNdDescriptor", "A"),
                                          DIALECT(onednn, "dnnl_pooling_forward_primitive_desc_create", NULL)};

const struct dialect *poolgrad_dialect_at(int i)
{
    return (size_t)i < sizeof dialects / sizeof *dialects ? &dialects[i] : NULL;
}

int poolgrad_dialect_find(const struct dialect *dialect, const char *name, size_t length)
{
    for (int i = 0; i < dialect->word_count; i++) {
        const char *word = dialect->words[i].option.name;
        const size_t own = strlen(word);
        if (length < own || memcmp(word, name, own) != 0) continue;
        const char *ending = own < length && dialect->ending ? dialect->ending : "";
        if (length == own + strlen(ending) && memcmp(name + own, ending, strlen(ending)) == 0) return i;
    }
    return -1;
}

const struct dialect_word *poolgrad_dialect_shown(const char *name)
{
    const struct dialect_word *shown = NULL;
    for (int i = 0; poolgrad_dialect_at(i); i++) {
        const int place = poolgrad_dialect_find(&dialects[i], name, strlen(name));
        const struct dialect_word *word = place >= 0 ? &dialects[i].words[place] : NULL;
        if (word && (!shown || (!word->option.choices && shown->option.choices))) shown = word;
    }
    return shown;
}

/* ---- Reading ----------------------------------------------------------------------------------------------------- */

enum { LIST = 200 };

static int read_choice(const struct options *options, const struct option_description *option,
                       const struct choice *choices, const char *value, int64_t *number)
{
    char list[LIST];
    const struct choice *found = poolgrad_find_choice(choices, value, strlen(value));
    if (found) {
        *number = found->value;
        return 0;
    }
    poolgrad_list_choices(choices, list, sizeof list);
    return poolgrad_fail(options, "--%s is '%s'; expected %s", option->name, value, list);
}

/* The number that says that nothing is said cannot be said. */
static int read_numbers(const struct options *options, const struct option_description *option, const char *value,
                        struct dialect_value *given)
{
    const bool list = option->type == TYPE_INTEGERS;
    given->count = poolgrad_read_list(value, list ? DIALECT_INTEGERS : 1, given->integers);
    bool good = given->count > 0;
    for (int i = 0; i < given->count; i++) good = good && given->integers[i] != POOLGRAD_UNSET;
    if (good) return 0;
    return poolgrad_fail(options, "--%s is '%s'; expected %s", option->name, value,
                         list ? "integers with commas between them" : "an integer");
}

int poolgrad_dialect_read_word(struct options *options, int word, const char *value)
{
    const struct option_description *option = &options->dialect->words[word].option;
    struct dialect_value *const given = &options->dialect_value[word];
    if (given->count > 0) return poolgrad_fail(options, "--%s is given twice; expected it once", option->name);
    const bool flag = option->type == TYPE_FLAG;
    given->count = 1;
    given->integers[0] = 1;
    if (flag && !value) return 0;
    if (!value) return poolgrad_fail(options, "--%s has no value; expected %s", option->name, option->argument);
    if (flag) return read_choice(options, option, booleans, value, given->integers);
    if (option->choices) return read_choice(options, option, option->choices, value, given->integers);
    return read_numbers(options, option, value, given);
}

/* ---- Refusing ---------------------------------------------------------------------------------------------------- */

/* "--kernel_size, --stride and so on", all of them. */
static void list_words(const struct dialect *dialect, char *text, size_t size)
{
    size_t used = 0;
    for (int i = 0; i < dialect->word_count && used < size; i++) {
        const int length = snprintf(text + used, size - used, "%s--%s",
                                    i == 0                        ? ""
                                    : i + 1 < dialect->word_count ? ", "
                                                                  : " or ",
                                    dialect->words[i].option.name);
        used += length > 0 ? (size_t)length : 0;
    }
}

/* From the window to what an average divides by, in the order of the help. */
bool poolgrad_dialect_replaces(enum option option)
{
    if (option >= OPTION_KERNEL && option < OPTION_TIES)
        return option != OPTION_OFFSET_IMAGE && option != OPTION_ROOT_MEAN;
    return (option >= OPTION_SECONDARY_OFFSET_X && option <= OPTION_SECONDARY_OFFSET_Z) ||
           (option >= OPTION_KERNEL_OFFSET_X && option <= OPTION_KERNEL_OFFSET_Z);
}

/* As if the option had been typed. */
static void say(struct options *options, enum option option, int64_t number, const char *text)
{
    options->value[option].given = true;
    options->value[option].number = number;
    options->value[option].text = text;
}

static int check_format_axes(struct options *options, int axes)
{
    static const char *const texts[] = {"", "1", "2", "3"};
    const int said = poolgrad_said_axes(options);
    if (said > 0 && said != axes) {
        return poolgrad_fail(options, "--data_format names %d ax%ss; expected %d, as --dimensions or a layout says",
                             axes, axes == 1 ? "i" : "e", said);
    }
    if (said == 0) say(options, OPTION_DIMENSIONS, axes, texts[axes]);
    return 0;
}

/* TensorFlow's data format says the layout of all files, unless --layout says the same, and how many axes they have. */
static int check_data_format(struct options *options)
{
    static const char word[] = "data_format";
    const int place = poolgrad_dialect_find(options->dialect, word, sizeof word - 1);
    if (place < 0 || options->dialect_value[place].count == 0) return 0;
    int64_t *const format = options->dialect_value[place].integers;
    if (check_format_axes(options, (int)(*format / FORMAT_AXIS)) != 0) return 2;
    *format %= FORMAT_AXIS;
    const bool last = *format == POOLGRAD_TENSORFLOW_NHWC;
    const int64_t layout = last ? POOLGRAD_NHWC : POOLGRAD_NCHW;
    if (!poolgrad_given(options, OPTION_LAYOUT)) {
        say(options, OPTION_LAYOUT, layout, last ? "nhwc" : "nchw");
        return 0;
    }
    const bool is_last = (options->value[OPTION_LAYOUT].number & ~(int64_t)LAYOUT_OF_VOLUMES) == POOLGRAD_NHWC;
    if (is_last == last) return 0;
    return poolgrad_fail(options, "--data_format says that channels come %s; expected what --layout %s says",
                         last ? "last" : "first", options->value[OPTION_LAYOUT].text);
}

int poolgrad_dialect_check(struct options *options)
{
    char list[LIST];
    if (!options->dialect) return 0;
    list_words(options->dialect, list, sizeof list);
    for (int i = 0; i < OPTION_COUNT; i++) {
        if (!poolgrad_dialect_replaces((enum option)i) || !poolgrad_given(options, (enum option)i)) continue;
        return poolgrad_fail(options, "--%s is given beside --dialect %s; expected that framework's words: %s",
                             poolgrad_options[i].name, options->dialect->name, list);
    }
    return check_data_format(options);
}

void poolgrad_dialects_with(enum command command, const char *name, size_t length, char text[DIALECT_NAMES])
{
    const char *names[sizeof dialects / sizeof *dialects];
    int count = 0;
    size_t used = 0;
    text[0] = '\0';
    if (!(poolgrad_options[OPTION_DIALECT].commands & (int)command)) return;
    for (int i = 0; poolgrad_dialect_at(i); i++) {
        if (poolgrad_dialect_find(&dialects[i], name, length) >= 0) names[count++] = dialects[i].name;
    }
    for (int i = 0; i < count; i++) {
        const char *separator = i == 0 ? "" : i + 1 < count ? ", " : " or ";
        used += (size_t)snprintf(text + used, DIALECT_NAMES - used, "%s%s", separator, names[i]);
    }
}

int poolgrad_dialect_refuse(const struct options *options, const char *word, size_t length)
{
    char others[DIALECT_NAMES], list[LIST];
    list_words(options->dialect, list, sizeof list);
    poolgrad_dialects_with(options->command, word + 2, length - 2, others);
    if (*others) {
        return poolgrad_fail(options, "%.*s is a word of --dialect %s; expected those of %s: %s", (int)length, word,
                             others, options->dialect->name, list);
    }
    return poolgrad_fail(options, "%.*s is no word of --dialect %s; expected %s", (int)length, word,
                         options->dialect->name, list);
}
