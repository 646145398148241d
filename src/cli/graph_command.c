/* SPDX-License-Identifier: Apache-2.0 */
/* graph: a file of nodes or of one kernel, run on files of images. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <poolgrad/json.h>

#include "cli/commands.h"
#include "cli/posix.h"
#include "cli/setup.h"
#include "cli/tensor.h"

/* All that a run holds, so that it is released in one place. */
struct job {
    poolgrad_json *json;
    poolgrad_json_class class;
    poolgrad_pooling pooling; /* one of these, or a graph */
    poolgrad_pooling_gradient pooling_gradient;
    poolgrad_graph *graph;

    /* What goes in and out, a kernel as a graph of its own. */
    int64_t source_count, intermediate_count;

    const struct named_value **source_words, **intermediate_words; /* of the command line; null: not given */
    struct tensor *sources;
    poolgrad_const_image *images; /* those of the sources */
    poolgrad_context context;
    poolgrad_buffer *result, **intermediates;
    struct output output, *intermediate_outputs;
};

static void release(struct job *job)
{
    for (int64_t i = 0; job->sources && i < job->source_count; i++) poolgrad_tensor_free(&job->sources[i]);
    for (int64_t i = 0; job->intermediates && i < job->intermediate_count; i++) {
        poolgrad_buffer_destroy(job->intermediates[i]);
    }
    for (int64_t i = 0; job->intermediate_outputs && i < job->intermediate_count; i++) {
        poolgrad_output_discard(&job->intermediate_outputs[i]);
    }
    poolgrad_output_discard(&job->output);
    poolgrad_buffer_destroy(job->result);
    free(job->source_words);
    free(job->intermediate_words);
    free(job->sources);
    free(job->images);
    free(job->intermediates);
    free(job->intermediate_outputs);
    poolgrad_json_destroy(job->json);
}

/* As sentences have it. */
static const char *path_of(const struct options *options)
{
    const struct file_argument file = poolgrad_file(options, OPTION_GRAPH);
    return poolgrad_is_stream(&file) ? "standard input" : file.path;
}

static int no_memory(const struct options *options)
{
    poolgrad_fail(options, "%s: does not fit into memory; expected less", path_of(options));
    return 2;
}

/* Of the library: the file's nodes are named by their labels in it; what is about the run alone is no node's fault. */
static int refused(const struct options *options, const poolgrad_error *error)
{
    static const char *const prefixes[][2] = {{"threads", "--"}, {"POOLGRAD_MAX_ISA", ""}};
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
        const char *sentence = strstr(error->message, prefixes[i][0]);
        if (strcmp(error->field, prefixes[i][0]) != 0 || !sentence) continue;
        return poolgrad_fail(options, "%s%s", prefixes[i][1], sentence);
    }
    return poolgrad_fail(options, "%s: %s", path_of(options), error->message);
}

/* ---- The file ---------------------------------------------------------------------------------------------------- */

/* The text of the file, to be freed; null after a sentence. One byte more than is allowed tells that there is more. */
static char *read_text(const struct options *options, size_t *size)
{
    const struct file_argument argument = poolgrad_file(options, OPTION_GRAPH);
    const bool standard = poolgrad_is_stream(&argument);
    const char *path = argument.path;
    if (!standard && poolgrad_file_status(path).kind == FILE_DIRECTORY) {
        poolgrad_fail(options, "--graph %s: is a directory; expected a .json file", path);
        return NULL;
    }
    FILE *file = standard ? stdin : fopen(path, "rb");
    if (!file) {
        poolgrad_fail(options, "--graph %s: %s; expected a .json file that can be read", path, strerror(errno));
        return NULL;
    }
    char *text = malloc(POOLGRAD_JSON_SIZE + 1);
    if (text) *size = fread(text, 1, POOLGRAD_JSON_SIZE + 1, file);
    bool failed = ferror(file) != 0;
    int reason = errno;
    if (!standard) (void)fclose(file);
    if (!text) no_memory(options);
    if (!failed) return text;
    poolgrad_fail(options, "--graph %s: cannot be read: %s", path, strerror(reason));
    free(text);
    return NULL;
}

static int read_file(const struct options *options, struct job *job)
{
    poolgrad_json_error error;
    size_t size = 0;
    char *text = read_text(options, &size);
    if (!text) return 2;
    poolgrad_status status = poolgrad_json_read(text, size, &job->json, &error);
    free(text);
    if (status != POOLGRAD_OK) return poolgrad_fail(options, "%s: %s", path_of(options), error.message);
    job->class = poolgrad_json_class_of(job->json);
    bool graph = job->class == POOLGRAD_JSON_NETWORK && !poolgrad_given(options, OPTION_PRINT_JSON);
    if (graph && poolgrad_json_make_graph(job->json, &error) != POOLGRAD_OK) {
        return poolgrad_fail(options, "%s: %s", path_of(options), error.message);
    }
    job->graph = poolgrad_json_graph(job->json);
    poolgrad_json_pooling(job->json, &job->pooling, sizeof job->pooling);
    poolgrad_json_pooling_gradient(job->json, &job->pooling_gradient, sizeof job->pooling_gradient);
    return 0;
}

/* What the file holds as a text: for people, where a network is the graph that is made of it, or JSON. */
static size_t tell(const struct job *job, bool json, char *text, size_t size)
{
    const poolgrad_network *network = poolgrad_json_network(job->json);
    switch (job->class) {
    case POOLGRAD_JSON_POOLING:
        return (json ? poolgrad_pooling_debug_description : poolgrad_pooling_description)(&job->pooling, text, size);
    case POOLGRAD_JSON_POOLING_GRADIENT:
        return (json ? poolgrad_pooling_gradient_debug_description
                     : poolgrad_pooling_gradient_description)(&job->pooling_gradient, text, size);
    case POOLGRAD_JSON_NETWORK:
        if (json) return poolgrad_network_debug_description(network, text, size);
        return poolgrad_graph_description(job->graph, text, size);
    case POOLGRAD_JSON_GRAPH: break;
    }
    return (json ? poolgrad_graph_debug_description : poolgrad_graph_description)(job->graph, text, size);
}

static int print_text(const struct options *options, const struct job *job, bool json)
{
    size_t size = tell(job, json, NULL, 0) + 1;
    char *text = malloc(size);
    if (!text) return no_memory(options);
    tell(job, json, text, size);
    printf("%s\n", text);
    free(text);
    return 0;
}

static bool is_kernel(const struct job *job)
{
    return job->class == POOLGRAD_JSON_POOLING || job->class == POOLGRAD_JSON_POOLING_GRADIENT;
}

static void count_images(struct job *job)
{
    job->source_count = job->class == POOLGRAD_JSON_POOLING ? 1 : 2;
    if (is_kernel(job)) return;
    job->source_count = poolgrad_graph_source_image_count(job->graph);
    job->intermediate_count = poolgrad_graph_intermediate_image_count(job->graph);
}

/* ---- Names ------------------------------------------------------------------------------------------------------- */

/* What images of one sort are called, by their number. */
typedef const char *name_of(const struct job *job, int64_t i);

static const char *source_name(const struct job *job, int64_t i)
{
    if (!is_kernel(job)) return poolgrad_json_source_name(job->json, i);
    if (job->class == POOLGRAD_JSON_POOLING) return "source";
    return i == 0 ? "source_gradient" : "source_image";
}

static const char *intermediate_name(const struct job *job, int64_t i)
{
    return poolgrad_json_intermediate_name(job->json, i);
}

/* "a, b or c"; many end in dots. */
static void list_names(const struct job *job, name_of *name, int64_t count, char *text, size_t size)
{
    size_t used = 0;
    snprintf(text, size, "none, it has no such images");
    for (int64_t i = 0; i < count; i++) {
        const char *separator = i == 0 ? "" : i == count - 1 ? " or " : ", ";
        if (used + strlen(separator) + strlen(name(job, i)) + 4 > size) {
            snprintf(text + used, size - used, "...");
            return;
        }
        used += (size_t)snprintf(text + used, size - used, "%s%s", separator, name(job, i));
    }
}

enum { LIST = 4096 };

static int refuse_name(const struct options *options, const struct job *job, const struct named_value *word,
                       name_of *name, int64_t count)
{
    char list[LIST];
    list_names(job, name, count, list, sizeof list);
    return poolgrad_fail(options, "--%s %s: %.*s is not among the names in %s; expected %s",
                         poolgrad_options[word->option].name, word->text, (int)word->name_length, word->text,
                         path_of(options), list);
}

static bool is_called(const char *name, const struct named_value *word)
{
    return strlen(name) == word->name_length && memcmp(name, word->text, word->name_length) == 0;
}

/* Which image each word of the options means: word[i] becomes that of image i. */
static int match(const struct options *options, const struct job *job, const enum option option[2], name_of *name,
                 int64_t count, const struct named_value **word)
{
    for (int k = 0; k < options->named_count; k++) {
        const struct named_value *named = &options->named[k];
        if (named->option != option[0] && named->option != option[1]) continue;
        int64_t i = 0;
        while (i < count && !is_called(name(job, i), named)) i++;
        if (i == count) return refuse_name(options, job, named, name, count);
        if (word[i]) {
            return poolgrad_fail(options, "--%s %s: %s is given twice; expected it once",
                                 poolgrad_options[named->option].name, named->text, name(job, i));
        }
        word[i] = named;
    }
    return 0;
}

static int match_all(const struct options *options, struct job *job)
{
    static const enum option sources[] = {OPTION_SOURCES, OPTION_SOURCE_SIZES},
                             intermediates[] = {OPTION_INTERMEDIATES, OPTION_INTERMEDIATES};
    size_t source_count = (size_t)job->source_count + 1, intermediate_count = (size_t)job->intermediate_count + 1;
    job->source_words = calloc(source_count, sizeof(const struct named_value *));
    job->intermediate_words = calloc(intermediate_count, sizeof(const struct named_value *));
    job->sources = calloc(source_count, sizeof *job->sources);
    job->images = calloc(source_count, sizeof *job->images);
    job->intermediates = calloc(intermediate_count, sizeof(poolgrad_buffer *));
    job->intermediate_outputs = calloc(intermediate_count, sizeof *job->intermediate_outputs);
    if (!job->source_words || !job->intermediate_words || !job->sources || !job->images || !job->intermediates ||
        !job->intermediate_outputs) {
        return no_memory(options);
    }
    int status = match(options, job, sources, source_name, job->source_count, job->source_words);
    if (status != 0) return status;
    return match(options, job, intermediates, intermediate_name, job->intermediate_count, job->intermediate_words);
}

/* ---- Sources ----------------------------------------------------------------------------------------------------- */

/* "2,8,7,9,float16"; without a format the one that the image must have. */
static int parse_size(const struct options *options, const struct named_value *word, struct tensor *tensor)
{
    poolgrad_image *image = &tensor->image;
    int64_t *const sizes[] = {&image->images, &image->channels, &image->height, &image->width};
    const char *at = word->value;
    bool good = true;
    for (int i = 0; i < 4 && good; i++) {
        char *end;
        errno = 0;
        *sizes[i] = strtoll(at, &end, 10);
        good = *at >= '0' && *at <= '9' && errno == 0 && (*end == ',' || (i == 3 && *end == '\0'));
        at = *end == ',' ? end + 1 : end;
    }
    bool named = good && at[-1] == ',';
    for (int format = POOLGRAD_UNORM8; named && format <= POOLGRAD_FLOAT64; format++) {
        if (strcmp(at, poolgrad_format_name((poolgrad_format)format)) != 0) continue;
        image->format = (poolgrad_format)format;
        named = false;
    }
    if (good && !named) return 0;
    return poolgrad_fail(
        options,
        "--source-size %s: has '%s' for a size; expected four integers from 0 on and, if the format is "
        "not float32, its name, with commas between them",
        word->text, word->value);
}

static poolgrad_format asked_format(const struct job *job, int64_t source)
{
    if (is_kernel(job)) return POOLGRAD_FORMAT_NONE;
    return poolgrad_graph_source_image_format(job->graph, source);
}

/* Of average's gradient the image's size is enough. */
static enum tensor_role role_of(const struct options *options, const struct job *job, int64_t source)
{
    bool gradient = job->class == POOLGRAD_JSON_POOLING_GRADIENT;
    bool size = gradient && source == 1 && job->pooling_gradient.kind == POOLGRAD_AVERAGE;
    return size || poolgrad_given(options, OPTION_DESCRIBE) ? TENSOR_SOURCE_SIZE : TENSOR_SOURCE;
}

static int read_source(const struct options *options, struct job *job, int64_t i)
{
    const struct named_value *word = job->source_words[i];
    struct tensor *tensor = &job->sources[i];
    poolgrad_format asked = asked_format(job, i);
    int status = 0;
    if (word->option == OPTION_SOURCE_SIZES) {
        tensor->image.format = asked == POOLGRAD_FORMAT_NONE ? POOLGRAD_FLOAT32 : asked;
        tensor->image.layout = (poolgrad_layout)poolgrad_number(options, OPTION_LAYOUT, POOLGRAD_NCHW);
        status = parse_size(options, word, tensor);
    } else {
        status = poolgrad_tensor_read(options, poolgrad_named_file(word), OPTION_COUNT, role_of(options, job, i),
                                      tensor);
    }
    /* For those who know no bfloat16 it is uint16. */
    bool bits = tensor->image.format == POOLGRAD_UNORM16 && asked == POOLGRAD_BFLOAT16;
    if (bits) tensor->image.format = POOLGRAD_BFLOAT16;
    job->images[i] = poolgrad_image_as_const(&tensor->image);
    return status;
}

/* Whether an option can hold it before a '='. */
static bool is_name(const char *text)
{
    return *text && !strchr(text, '=');
}

static int read_sources(const struct options *options, struct job *job)
{
    char list[LIST];
    list_names(job, source_name, job->source_count, list, sizeof list);
    for (int64_t i = 0; i < job->source_count; i++) {
        if (job->source_words[i]) continue;
        if (!is_name(source_name(job, i))) {
            return poolgrad_fail(options, "%s: an image goes by the name '%s'; expected a handle or an id without '='",
                                 path_of(options), source_name(job, i));
        }
        bool sizes = poolgrad_given(options, OPTION_DESCRIBE);
        return poolgrad_fail(options, "--source %s=FILE is missing; expected %s for each of: %s", source_name(job, i),
                             sizes ? "a file or a size" : "a file", list);
    }
    if (!is_kernel(job) && poolgrad_graph_source_state_count(job->graph) > 0) {
        return poolgrad_fail(options,
                             "%s: is given states, which stand in no file; expected states of its own filters only",
                             path_of(options));
    }
    int status = 0;
    for (int64_t i = 0; i < job->source_count && status == 0; i++) status = read_source(options, job, i);
    return status;
}

/* ---- Describing -------------------------------------------------------------------------------------------------- */

/* Sizes of the output and the intermediate images, and memory between the filters. */
struct sizes {
    poolgrad_image result, *intermediates;
    poolgrad_graph_memory memory;
};

static poolgrad_status find_sizes(const struct job *job, struct sizes *sizes, poolgrad_error *error)
{
    if (job->class == POOLGRAD_JSON_POOLING) {
        poolgrad_pooling kernel = job->pooling;
        return poolgrad_pooling_destination_descriptor(&kernel, job->images, &sizes->result, error);
    }
    if (job->class == POOLGRAD_JSON_POOLING_GRADIENT) {
        poolgrad_pooling_gradient kernel = job->pooling_gradient;
        return poolgrad_pooling_gradient_destination_descriptor(&kernel, &job->images[0], &job->images[1], NULL,
                                                                &sizes->result, error);
    }
    return poolgrad_graph_result_sizes(job->graph, job->images, job->source_count, NULL, 0, &sizes->result,
                                       sizes->intermediates, &sizes->memory, error);
}

static void print_image(const char *label, const char *name, const poolgrad_const_image *image)
{
    printf("%-15s", label);
    for (; *name; name++) putchar((unsigned char)*name < ' ' || *name == '\x7f' ? '?' : *name);
    if (image) {
        printf(": %" PRId64 " x %" PRId64 " x %" PRId64 " x %" PRId64 " %s", image->images, image->channels,
               image->height, image->width, poolgrad_format_name(image->format));
    }
    printf("\n");
}

static void print_images(const struct job *job, const struct sizes *sizes)
{
    const poolgrad_graph *graph = job->graph;
    poolgrad_const_image view;
    if (sizes) view = poolgrad_image_as_const(&sizes->result);
    for (int64_t i = 0; i < job->source_count; i++) {
        print_image("source", source_name(job, i), sizes ? &job->images[i] : NULL);
    }
    for (int64_t i = 0; graph && i < poolgrad_graph_source_state_count(graph); i++) {
        const char *handle = poolgrad_graph_source_state_handle(graph, i);
        print_image("source state", handle ? handle : "(without a handle)", NULL);
    }
    if (!graph) {
        print_image("output", "destination", sizes ? &view : NULL);
    } else if (poolgrad_graph_result_image_is_needed(graph)) {
        print_image("output", poolgrad_json_result_name(job->json), sizes ? &view : NULL);
    }
    for (int64_t i = 0; i < job->intermediate_count; i++) {
        if (sizes) view = poolgrad_image_as_const(&sizes->intermediates[i]);
        print_image("intermediate", intermediate_name(job, i), sizes ? &view : NULL);
    }
    for (int64_t i = 0; graph && i < poolgrad_graph_result_state_count(graph); i++) {
        const char *handle = poolgrad_graph_result_state_handle(graph, i);
        print_image("result state", handle ? handle : "(without a handle)", NULL);
    }
    if (!sizes || !graph) return;
    printf("%-15s%" PRId64 " bytes between the filters; side by side %" PRId64 "\n", "memory", sizes->memory.peak,
           sizes->memory.intermediate);
}

static int describe(const struct options *options, struct job *job)
{
    struct sizes sizes = {0};
    poolgrad_error error;
    bool with_sizes = poolgrad_given(options, OPTION_SOURCES) || poolgrad_given(options, OPTION_SOURCE_SIZES);
    sizes.intermediates = calloc((size_t)job->intermediate_count + 1, sizeof *sizes.intermediates);
    int status = sizes.intermediates ? 0 : no_memory(options);
    if (status == 0 && with_sizes) status = read_sources(options, job);
    if (status == 0 && with_sizes && find_sizes(job, &sizes, &error) != POOLGRAD_OK) status = refused(options, &error);
    if (status == 0) status = print_text(options, job, false);
    if (status == 0) print_images(job, with_sizes ? &sizes : NULL);
    free(sizes.intermediates);
    return status;
}

/* ---- Running ----------------------------------------------------------------------------------------------------- */

/* A kernel's output of the size that the options give, all +0. */
static int make_output(const struct options *options, struct job *job)
{
    const int64_t *size = options->value[OPTION_OUTPUT_SIZE].integers;
    const poolgrad_const_image *source = &job->images[0];
    const bool unorm = source->format == POOLGRAD_UNORM8 || source->format == POOLGRAD_UNORM16;
    const poolgrad_image image = poolgrad_image_dense(NULL, unorm ? POOLGRAD_FLOAT32 : source->format, source->layout,
                                                      size[0], size[1], size[2], size[3]);
    poolgrad_error error;
    if (poolgrad_buffer_create(&image, NULL, &job->result, &error) == POOLGRAD_OK) return 0;
    return poolgrad_fail(options, "--output-size: %s", error.message);
}

static poolgrad_status encode_pooling(struct job *job, poolgrad_error *error)
{
    const poolgrad_pooling *kernel = &job->pooling;
    if (!job->result) {
        return poolgrad_pooling_encode_to_new(kernel, &job->context, job->images, &job->result, NULL, error);
    }
    return poolgrad_pooling_encode(kernel, &job->context, job->images, NULL, poolgrad_buffer_image(job->result), error);
}

static poolgrad_status encode_gradient(struct job *job, poolgrad_error *error)
{
    const poolgrad_pooling_gradient *kernel = &job->pooling_gradient;
    const poolgrad_const_image *gradient = &job->images[0], *image = &job->images[1];
    if (!job->result) {
        return poolgrad_pooling_gradient_encode_to_new(kernel, &job->context, gradient, image, NULL, &job->result,
                                                       error);
    }
    return poolgrad_pooling_gradient_encode(kernel, &job->context, gradient, image, NULL,
                                            poolgrad_buffer_image(job->result), error);
}

static int encode(const struct options *options, struct job *job)
{
    poolgrad_error error;
    poolgrad_status status = POOLGRAD_OK;
    bool further = poolgrad_given(options, OPTION_INTERMEDIATES);
    if (poolgrad_given(options, OPTION_OUTPUT_SIZE) && make_output(options, job) != 0) return 2;
    switch (job->class) {
    case POOLGRAD_JSON_POOLING: status = encode_pooling(job, &error); break;
    case POOLGRAD_JSON_POOLING_GRADIENT: status = encode_gradient(job, &error); break;
    case POOLGRAD_JSON_NETWORK:
    case POOLGRAD_JSON_GRAPH:
        status = poolgrad_graph_encode(job->graph, &job->context, job->images, job->source_count, NULL, 0, &job->result,
                                       further ? job->intermediates : NULL, NULL, &error);
        break;
    }
    return status == POOLGRAD_OK ? 0 : refused(options, &error);
}

static int open_outputs(const struct options *options, struct job *job)
{
    int status = 0;
    if (poolgrad_given(options, OPTION_OUTPUT)) {
        status = poolgrad_output_open(options, poolgrad_file(options, OPTION_OUTPUT), &job->output);
    }
    for (int64_t i = 0; i < job->intermediate_count && status == 0; i++) {
        if (!job->intermediate_words[i]) continue;
        status = poolgrad_output_open(options, poolgrad_named_file(job->intermediate_words[i]),
                                      &job->intermediate_outputs[i]);
    }
    return status;
}

static int write_buffer(const struct options *options, const struct job *job, struct output *output,
                        const poolgrad_buffer *buffer)
{
    const struct tensor tensor = {.image = *poolgrad_buffer_image(buffer), .rank = job->sources[0].rank};
    return output->file ? poolgrad_output_write(options, output, &tensor) : 0;
}

/* All are complete before the first gets its name. */
static int write_outputs(const struct options *options, struct job *job)
{
    int status = job->result ? write_buffer(options, job, &job->output, job->result) : 0;
    for (int64_t i = 0; i < job->intermediate_count && status == 0; i++) {
        if (!job->intermediate_words[i]) continue;
        status = write_buffer(options, job, &job->intermediate_outputs[i], job->intermediates[i]);
    }
    if (status == 0) status = poolgrad_output_commit(options, &job->output);
    for (int64_t i = 0; i < job->intermediate_count && status == 0; i++) {
        status = poolgrad_output_commit(options, &job->intermediate_outputs[i]);
    }
    return status;
}

static int check_outputs(const struct options *options, const struct job *job)
{
    bool output = poolgrad_given(options, OPTION_OUTPUT), kernel = is_kernel(job);
    if (!output && !poolgrad_given(options, OPTION_INTERMEDIATES)) {
        return poolgrad_fail(options, "--output is missing; expected --output FILE%s",
                             kernel ? "" : ", --intermediate NAME=FILE or both");
    }
    if (output && !kernel && !poolgrad_graph_result_image_is_needed(job->graph)) {
        return poolgrad_fail(options, "--output %s: %s says that its result is not needed; expected --intermediate",
                             options->value[OPTION_OUTPUT].text, path_of(options));
    }
    if (!poolgrad_given(options, OPTION_OUTPUT_SIZE)) return 0;
    if (!kernel) {
        return poolgrad_fail(options, "--output-size is given for a graph, whose filters say it; expected a kernel");
    }
    if (options->value[OPTION_OUTPUT_SIZE].number == 4) return 0;
    return poolgrad_fail(options, "--output-size is '%s'; expected four integers, N,C,H,W",
                         options->value[OPTION_OUTPUT_SIZE].text);
}

static int run(const struct options *options, struct job *job)
{
    poolgrad_context_init(&job->context, sizeof job->context);
    job->context.mode = (poolgrad_mode)poolgrad_number(options, OPTION_MODE, POOLGRAD_MODE_FAST);
    int status = check_outputs(options, job);
    if (status == 0) status = poolgrad_setup_execution(options, &job->context.threads, &job->context.max_isa);
    if (status == 0) status = read_sources(options, job);
    bool states = !is_kernel(job) && poolgrad_graph_result_state_count(job->graph) > 0;
    if (status == 0 && states) poolgrad_note(options, "%s exports states, which no file can hold", path_of(options));
    if (status == 0) status = open_outputs(options, job);
    if (status == 0) status = encode(options, job);
    if (status == 0) status = write_outputs(options, job);
    return status;
}

/* ---- The command ------------------------------------------------------------------------------------------------- */

/* An option that says nothing beside, or without, another one. */
static int check_options(const struct options *options)
{
    static const enum option idle[][2] = {
        {OPTION_PRINT_JSON, OPTION_DESCRIBE},     {OPTION_PRINT_JSON, OPTION_SOURCES},
        {OPTION_PRINT_JSON, OPTION_SOURCE_SIZES}, {OPTION_PRINT_JSON, OPTION_LAYOUT},
        {OPTION_PRINT_JSON, OPTION_CHANNELS},     {OPTION_PRINT_JSON, OPTION_OUTPUT},
        {OPTION_PRINT_JSON, OPTION_OUTPUT_SIZE},  {OPTION_PRINT_JSON, OPTION_INTERMEDIATES},
        {OPTION_PRINT_JSON, OPTION_MODE},         {OPTION_PRINT_JSON, OPTION_THREADS},
        {OPTION_PRINT_JSON, OPTION_MAX_ISA},      {OPTION_DESCRIBE, OPTION_OUTPUT},
        {OPTION_DESCRIBE, OPTION_OUTPUT_SIZE},    {OPTION_DESCRIBE, OPTION_INTERMEDIATES},
        {OPTION_DESCRIBE, OPTION_MODE},           {OPTION_DESCRIBE, OPTION_THREADS},
        {OPTION_DESCRIBE, OPTION_MAX_ISA}};
    for (size_t i = 0; i < sizeof idle / sizeof *idle; i++) {
        if (!poolgrad_given(options, idle[i][0]) || !poolgrad_given(options, idle[i][1])) continue;
        return poolgrad_fail(options, "--%s is given beside --%s, which runs nothing; expected one of them",
                             poolgrad_options[idle[i][1]].name, poolgrad_options[idle[i][0]].name);
    }
    if (poolgrad_given(options, OPTION_DESCRIBE) || !poolgrad_given(options, OPTION_SOURCE_SIZES)) return 0;
    return poolgrad_fail(options, "--source-size is given without --describe; expected --source NAME=FILE");
}

const char *poolgrad_json_version(void)
{
    return JANSSON_VERSION;
}

static int command(const struct options *options, struct job *job)
{
    static const enum option required[] = {OPTION_GRAPH};
    int status = poolgrad_setup_required(options, required, 1);
    if (status == 0) status = check_options(options);
    if (status == 0) status = read_file(options, job);
    if (status != 0) return status;
    if (poolgrad_given(options, OPTION_PRINT_JSON)) return print_text(options, job, true);
    count_images(job);
    status = match_all(options, job);
    if (status != 0) return status;
    const bool slices = poolgrad_number(options, OPTION_PLANE_LAYOUT, POOLGRAD_NCHW) >= POOLGRAD_NC4HW4;
    if (!slices && poolgrad_given(options, OPTION_CHANNELS)) {
        poolgrad_note(options, "--channels has no effect: only layouts of slices leave it open");
    }
    return poolgrad_given(options, OPTION_DESCRIBE) ? describe(options, job) : run(options, job);
}

int poolgrad_command_graph(const struct options *options)
{
    struct job job = {0};
    int status = command(options, &job);
    release(&job);
    return status;
}
