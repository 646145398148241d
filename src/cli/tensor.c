/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/tensor.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/posix.h"
#include "cli/progress.h"
#include "geometry/integer.h"
#include "image/format.h"
#include "image/image.h"
#include "image/npy.h"

enum { CHUNK = 1 << 20 }; /* bytes read or written at once */

static const char *option_name(enum option option)
{
    return poolgrad_options[option].name;
}

/* ---- Arrays and images ------------------------------------------------------------------------------------------ */

/* What the dimensions of an array mean, slowest first: S slices of four channels, L its four lanes. */
static const char *dimensions(poolgrad_layout layout, int rank)
{
    static const char *const of_rank[3][6] = {{NULL, NULL, "HW", "CHW", "NCHW", NULL},
                                              {NULL, NULL, "HW", "HWC", "NHWC", NULL},
                                              {NULL, NULL, NULL, NULL, "SHWL", "NSHWL"}};
    return rank < 6 ? of_rank[layout][rank] : NULL;
}

static int64_t image_dimension(const poolgrad_image *image, char dimension)
{
    switch (dimension) {
    case 'N': return image->images;
    case 'C': return image->channels;
    case 'S': return poolgrad_ceiling_divide(image->channels, POOLGRAD_LANES);
    case 'H': return image->height;
    case 'W': return image->width;
    default: return POOLGRAD_LANES;
    }
}

static int set_channels(const struct options *options, const char *path, int64_t slices, poolgrad_image *image)
{
    if (slices > INT64_MAX / POOLGRAD_LANES)
        return poolgrad_fail(options, "%s: %" PRId64 " slices; expected fewer", path, slices);
    int64_t most = slices * POOLGRAD_LANES, least = slices > 0 ? most - POOLGRAD_LANES + 1 : 0;
    int64_t channels = poolgrad_number(options, OPTION_CHANNELS, most);
    if (channels < least || channels > most) {
        return poolgrad_fail(options,
                             "--channels is %" PRId64 "; expected %" PRId64 " to %" PRId64
                             " for the slices of %s (%" PRId64 ")",
                             channels, least, most, path, slices);
    }
    image->channels = channels;
    return 0;
}

static int describe(const struct options *options, const char *path, const struct poolgrad_npy *npy,
                    struct tensor *tensor)
{
    static const char *const expected[] = {"2 (HxW), 3 (CxHxW) or 4 (NxCxHxW)", "2 (HxW), 3 (HxWxC) or 4 (NxHxWxC)",
                                           "4 (SxHxWx4) or 5 (NxSxHxWx4)"};
    poolgrad_image *image = &tensor->image;
    image->layout = (poolgrad_layout)poolgrad_number(options, OPTION_LAYOUT, POOLGRAD_NCHW);
    const char *meaning = dimensions(image->layout, npy->rank);
    if (!meaning) {
        return poolgrad_fail(options, "%s: an array of rank %d; expected rank %s", path, npy->rank,
                             expected[image->layout]);
    }
    image->images = image->channels = 1;
    for (int i = 0; i < npy->rank; i++) {
        int64_t size = npy->shape[i];
        if (meaning[i] == 'N') image->images = size;
        if (meaning[i] == 'C') image->channels = size;
        if (meaning[i] == 'H') image->height = size;
        if (meaning[i] == 'W') image->width = size;
        if (meaning[i] == 'S' && set_channels(options, path, size, image) != 0) return 2;
        if (meaning[i] == 'L' && size != POOLGRAD_LANES) {
            return poolgrad_fail(options, "%s: last dimension is %" PRId64 "; expected 4, the lanes of nc4hw4", path,
                                 size);
        }
    }
    tensor->rank = npy->rank;
    return 0;
}

int poolgrad_tensor_full_rank(poolgrad_layout layout)
{
    return layout == POOLGRAD_NC4HW4 ? 5 : 4;
}

/* The array that a tensor is written as: of its rank, or of the full one where images or channels need it. */
static struct poolgrad_npy array_of(const struct tensor *tensor)
{
    const poolgrad_image *image = &tensor->image;
    struct poolgrad_npy npy = {
        .kind = 'f', .item_size = (int)poolgrad_format_size(image->format), .rank = tensor->rank};
    if (image->format == POOLGRAD_BFLOAT16) npy.kind = 'V';
    if (image->format == POOLGRAD_UNORM8 || image->format == POOLGRAD_UNORM16) npy.kind = 'u';
    if (poolgrad_format_is_index(image->format)) npy.kind = poolgrad_format_holds_taps(image->format) ? 'u' : 'i';
    bool dropped = !strchr(dimensions(image->layout, npy.rank), 'N') && image->images != 1;
    bool flat = npy.rank == 2 && image->channels != 1;
    if (dropped || flat) npy.rank = poolgrad_tensor_full_rank(image->layout);
    const char *meaning = dimensions(image->layout, npy.rank);
    npy.elements = poolgrad_image_is_empty(image) ? 0 : 1;
    for (int i = 0; i < npy.rank; i++) {
        npy.shape[i] = image_dimension(image, meaning[i]);
        if (npy.elements > 0) npy.elements *= npy.shape[i];
    }
    return npy;
}

/* ---- Formats ---------------------------------------------------------------------------------------------------- */

/* What an array's element is when no option says otherwise. As indices, signed integers are places in the plane and
 * unsigned ones taps of the window. */
static poolgrad_format natural_format(const struct poolgrad_npy *npy, enum tensor_role role)
{
    static const struct {
        char kind;
        int size;
        poolgrad_format format;
    } known[] = {{'f', 2, POOLGRAD_FLOAT16}, {'f', 4, POOLGRAD_FLOAT32}, {'f', 8, POOLGRAD_FLOAT64},
                 {'u', 1, POOLGRAD_UNORM8},  {'u', 2, POOLGRAD_UNORM16}, {'V', 2, POOLGRAD_BFLOAT16},
                 {'i', 4, POOLGRAD_INT32},   {'i', 8, POOLGRAD_INT64},   {'u', 1, POOLGRAD_TAP8},
                 {'u', 2, POOLGRAD_TAP16},   {'u', 4, POOLGRAD_TAP32}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        bool named = npy->kind == known[i].kind && npy->item_size == known[i].size;
        bool wanted = npy->kind != 'u' || poolgrad_format_is_index(known[i].format) == (role == TENSOR_INDICES);
        if (named && wanted) return known[i].format;
    }
    return POOLGRAD_FORMAT_NONE;
}

static bool fits_role(poolgrad_format format, enum tensor_role role)
{
    bool index = poolgrad_format_is_index(format);
    bool unorm = format == POOLGRAD_UNORM8 || format == POOLGRAD_UNORM16;
    if (format == POOLGRAD_FORMAT_NONE || index != (role == TENSOR_INDICES)) return false;
    return role != TENSOR_GRADIENT || !unorm;
}

static int choose_format(const struct options *options, const char *path, const struct poolgrad_npy *npy,
                         enum option option, enum tensor_role role, poolgrad_format *format)
{
    static const char *const expected[] = {
        "float16, float32, float64, uint8, uint16 or bfloat16 (2-byte void)",
        "float16, float32, float64, uint8, uint16 or bfloat16 (2-byte void)",
        "float16, float32, float64 or bfloat16 (2-byte void, or uint16 with --source-gradient-format bfloat16)",
        "int32, int64, uint8, uint16 or uint32"};
    static const char *const numpy_kind[] = {"float", "uint", "int", "void"};
    poolgrad_format natural = natural_format(npy, role);
    *format = natural;
    if (option != OPTION_COUNT && poolgrad_given(options, option)) {
        *format = (poolgrad_format)poolgrad_number(options, option, 0);
        bool bits16 = (npy->kind == 'u' || npy->kind == 'V') && npy->item_size == 2;
        if (*format != natural && !(bits16 && *format == POOLGRAD_BFLOAT16)) {
            return poolgrad_fail(options, "--%s is %s; expected what %s holds: %s", option_name(option),
                                 poolgrad_format_name(*format), path,
                                 natural ? poolgrad_format_name(natural) : expected[role]);
        }
    }
    if (fits_role(*format, role)) return 0;
    const char *kind = numpy_kind[npy->kind == 'f' ? 0 : npy->kind == 'u' ? 1 : npy->kind == 'i' ? 2 : 3];
    return poolgrad_fail(options, "%s: elements are %s%d; expected %s", path, kind, 8 * npy->item_size, expected[role]);
}

/* ---- Reading ---------------------------------------------------------------------------------------------------- */

static int read_header(const struct options *options, const char *path, FILE *file, struct poolgrad_npy *npy)
{
    static unsigned char header[POOLGRAD_NPY_PREAMBLE + POOLGRAD_NPY_MAX_HEADER];
    poolgrad_error error;
    size_t size = 0, count = fread(header, 1, POOLGRAD_NPY_PREAMBLE, file);
    if (ferror(file)) return poolgrad_fail(options, "%s: cannot be read: %s", path, strerror(errno));
    poolgrad_status status = poolgrad_npy_preamble(header, count, &size, &error);
    if (status == POOLGRAD_OK) {
        if (size > count) count += fread(header + count, 1, size - count, file);
        status = poolgrad_npy_parse(header, count, npy, &error);
    }
    return status == POOLGRAD_OK ? 0 : poolgrad_fail(options, "%s: %s", path, error.message);
}

/* Before memory is asked for: a header may promise anything. */
static int check_file_size(const struct options *options, const char *path, const struct poolgrad_npy *npy)
{
    struct file_status status = poolgrad_file_status(path);
    int64_t expected = npy->elements * npy->item_size + (int64_t)npy->data_offset;
    if (status.kind != FILE_REGULAR || status.size == expected) return 0;
    return poolgrad_fail(options, "%s: is %" PRId64 " bytes long; expected %" PRId64 " by its header", path,
                         status.size, expected);
}

static int read_data(const struct options *options, const char *path, FILE *file, const struct poolgrad_npy *npy,
                     void *data)
{
    static unsigned char chunk[CHUNK];
    int64_t at_once = CHUNK / npy->item_size;
    struct progress progress = poolgrad_progress_begin("reading", npy->elements);
    for (int64_t first = 0; first < npy->elements; first += at_once) {
        int64_t count = poolgrad_min(at_once, npy->elements - first);
        size_t got = fread(chunk, (size_t)npy->item_size, (size_t)count, file);
        if ((int64_t)got < count) {
            poolgrad_progress_end(&progress);
            return poolgrad_fail(options, "%s: ends after %" PRId64 " elements; expected %" PRId64 " by its header",
                                 path, first + (int64_t)got, npy->elements);
        }
        poolgrad_npy_place(npy, data, first, chunk, count);
        poolgrad_progress_update(&progress, first + count);
    }
    poolgrad_progress_end(&progress);
    if (fgetc(file) == EOF) return 0;
    return poolgrad_fail(options, "%s: goes on after %" PRId64 " elements; expected its end by its header", path,
                         npy->elements);
}

static int read_array(const struct options *options, struct file_argument argument, enum option format,
                      enum tensor_role role, FILE *file, struct tensor *tensor)
{
    struct poolgrad_npy npy = {0};
    const char *path = argument.path;
    int status = read_header(options, path, file, &npy);
    if (status == 0) status = choose_format(options, path, &npy, format, role, &tensor->image.format);
    if (status == 0) status = describe(options, path, &npy, tensor);
    if (status == 0) status = check_file_size(options, path, &npy);
    if (role == TENSOR_SOURCE_SIZE) return status;
    if (status == 0) status = poolgrad_tensor_allocate(options, argument.option, tensor);
    return status == 0 ? read_data(options, path, file, &npy, tensor->image.data) : status;
}

int poolgrad_tensor_read(const struct options *options, struct file_argument argument, enum option format,
                         enum tensor_role role, struct tensor *tensor)
{
    *tensor = (struct tensor){0};
    if (poolgrad_file_status(argument.path).kind == FILE_DIRECTORY) {
        return poolgrad_fail(options, "--%s %s: is a directory; expected a .npy file", option_name(argument.option),
                             argument.text);
    }
    FILE *file = fopen(argument.path, "rb");
    if (!file) {
        return poolgrad_fail(options, "--%s %s: %s; expected a .npy file that can be read",
                             option_name(argument.option), argument.text, strerror(errno));
    }
    int status = read_array(options, argument, format, role, file, tensor);
    (void)fclose(file);
    if (status != 0) poolgrad_tensor_free(tensor);
    return status;
}

/* ---- Reading what is known already ------------------------------------------------------------------------------- */

static int check_array(const struct options *options, const char *path, const struct poolgrad_npy *npy,
                       const struct poolgrad_npy *expected)
{
    if (npy->kind != expected->kind || npy->item_size != expected->item_size) {
        return poolgrad_fail(options, "%s: elements are '%c%d'; expected '%c%d'", path, npy->kind, npy->item_size,
                             expected->kind, expected->item_size);
    }
    if (npy->rank != expected->rank)
        return poolgrad_fail(options, "%s: an array of rank %d; expected rank %d", path, npy->rank, expected->rank);
    for (int i = 0; i < npy->rank; i++) {
        if (npy->shape[i] == expected->shape[i]) continue;
        return poolgrad_fail(options, "%s: dimension %d is %" PRId64 "; expected %" PRId64, path, i, npy->shape[i],
                             expected->shape[i]);
    }
    return 0;
}

static int read_as(const struct options *options, const char *path, FILE *file, struct tensor *tensor)
{
    struct poolgrad_npy npy = {0}, expected = array_of(tensor);
    int status = read_header(options, path, file, &npy);
    if (status == 0) status = check_array(options, path, &npy, &expected);
    if (status == 0) status = check_file_size(options, path, &npy);
    if (status != 0) return status;
    tensor->image.data = calloc(npy.elements > 0 ? (size_t)npy.elements : 1, (size_t)npy.item_size);
    if (!tensor->image.data) {
        return poolgrad_fail(options, "%s: %" PRId64 " elements of %d bytes do not fit into memory; expected fewer",
                             path, npy.elements, npy.item_size);
    }
    return read_data(options, path, file, &npy, tensor->image.data);
}

int poolgrad_tensor_read_as(const struct options *options, const char *path, poolgrad_image *image)
{
    poolgrad_error error;
    poolgrad_image resolved;
    struct tensor tensor = {*image, 0};
    if (poolgrad_image_resolve(image, NULL, &resolved, &error) != POOLGRAD_OK)
        return poolgrad_fail(options, "%s: %s", path, error.message);
    tensor.rank = poolgrad_tensor_full_rank(image->layout);
    if (poolgrad_file_status(path).kind != FILE_REGULAR) {
        return poolgrad_fail(options, "%s: is %s; expected a .npy file", path,
                             poolgrad_file_status(path).kind == FILE_MISSING ? "missing" : "no regular file");
    }
    FILE *file = fopen(path, "rb");
    if (!file) return poolgrad_fail(options, "%s: cannot be read: %s", path, strerror(errno));
    const int status = read_as(options, path, file, &tensor);
    (void)fclose(file);
    if (status != 0) poolgrad_tensor_free(&tensor);
    if (status == 0) *image = tensor.image;
    return status;
}

/* ---- Allocating -------------------------------------------------------------------------------------------------- */

/* Whether readers accept the array, of which they count every dimension as 1 at least. */
static bool readable(const struct poolgrad_npy *npy)
{
    int64_t bytes = npy->item_size;
    for (int i = 0; i < npy->rank; i++) {
        if (!poolgrad_multiply(bytes, poolgrad_max(npy->shape[i], 1), &bytes)) return false;
    }
    return bytes <= PTRDIFF_MAX - POOLGRAD_NPY_WRITTEN_HEADER;
}

int poolgrad_tensor_allocate(const struct options *options, enum option option, struct tensor *tensor)
{
    poolgrad_error error;
    poolgrad_image resolved, *image = &tensor->image;
    if (poolgrad_image_resolve(image, NULL, &resolved, &error) != POOLGRAD_OK) {
        return poolgrad_fail(options, "--%s: %s", option_name(option), error.message);
    }
    struct poolgrad_npy npy = array_of(tensor);
    if (!readable(&npy)) {
        return poolgrad_fail(
            options,
            "--%s: %" PRId64 " x %" PRId64 " x %" PRId64 " x %" PRId64
            " (images, channels, height, width) is too large for a file, though it is empty; expected less",
            option_name(option), image->images, image->channels, image->height, image->width);
    }
    image->data = calloc(npy.elements > 0 ? (size_t)npy.elements : 1, (size_t)npy.item_size);
    if (image->data) return 0;
    return poolgrad_fail(options, "--%s: %" PRId64 " elements of %d bytes do not fit into memory; expected fewer",
                         option_name(option), npy.elements, npy.item_size);
}

void poolgrad_tensor_free(struct tensor *tensor)
{
    free(tensor->image.data);
    tensor->image.data = NULL;
}

/* ---- Writing ---------------------------------------------------------------------------------------------------- */

static int check_other(const struct options *options, struct file_argument file, struct file_argument other)
{
    bool itself = other.text == file.text;
    if (itself || !other.path || !poolgrad_same_file(file.path, other.path)) return 0;
    return poolgrad_fail(options, "--%s %s: is also --%s; expected a file of its own", option_name(file.option),
                         file.text, option_name(other.option));
}

/* The inputs are in memory by then, but their files would be gone. */
static int check_not_input(const struct options *options, struct file_argument file)
{
    int status = 0;
    for (int i = 0; i < OPTION_COUNT && status == 0; i++) {
        if (poolgrad_options[i].type != TYPE_TEXT) continue;
        status = check_other(options, file, poolgrad_file(options, (enum option)i));
    }
    for (int i = 0; i < options->named_count && status == 0; i++) {
        if (options->named[i].option == OPTION_SOURCE_SIZES) continue;
        status = check_other(options, file, poolgrad_named_file(&options->named[i]));
    }
    return status;
}

static int cannot_write(const struct options *options, const struct output *output)
{
    return poolgrad_fail(options, "--%s %s: cannot be written: %s", option_name(output->argument.option),
                         output->argument.text, strerror(errno));
}

int poolgrad_output_open(const struct options *options, struct file_argument file, struct output *output)
{
    enum file_kind kind = poolgrad_file_status(file.path).kind;
    *output = (struct output){.argument = file};
    if (check_not_input(options, file) != 0) return 2;
    if (kind == FILE_DIRECTORY) {
        return poolgrad_fail(options, "--%s %s: is a directory; expected a file name", option_name(file.option),
                             file.text);
    }
    output->path = poolgrad_file_target(file.path);
    if (!output->path) return cannot_write(options, output);
    /* Devices and pipes cannot be replaced, and must not be. */
    output->file = kind == FILE_STREAM ? poolgrad_stream_open(file.path)
                                       : poolgrad_temporary_open(output->path, &output->temporary);
    return output->file ? 0 : cannot_write(options, output);
}

/* `good`: nothing has failed so far. */
static int close_output(const struct options *options, struct output *output, bool good)
{
    good = good && (!output->temporary || poolgrad_file_flush(output->file));
    int reason = errno;
    bool closed = fclose(output->file) == 0;
    output->file = NULL;
    if (good) reason = errno;
    errno = reason;
    return good && closed ? 0 : cannot_write(options, output);
}

bool poolgrad_tensor_put(FILE *file, const struct tensor *tensor)
{
    unsigned char header[POOLGRAD_NPY_WRITTEN_HEADER];
    struct poolgrad_npy npy = array_of(tensor);
    size_t bytes = (size_t)npy.elements * (size_t)npy.item_size;
    const unsigned char *data = tensor->image.data;
    size_t size = poolgrad_npy_header(&npy, header, sizeof header);
    bool good = fwrite(header, 1, size, file) == size;
    struct progress progress = poolgrad_progress_begin("writing", (int64_t)bytes);
    for (size_t first = 0; good && first < bytes; first += CHUNK) {
        size_t count = bytes - first < CHUNK ? bytes - first : CHUNK;
        good = fwrite(data + first, 1, count, file) == count;
        poolgrad_progress_update(&progress, (int64_t)first);
    }
    poolgrad_progress_end(&progress);
    return good;
}

int poolgrad_output_write(const struct options *options, struct output *output, const struct tensor *tensor)
{
    return close_output(options, output, poolgrad_tensor_put(output->file, tensor));
}

int poolgrad_output_close(const struct options *options, struct output *output)
{
    return close_output(options, output, fflush(output->file) == 0 && !ferror(output->file));
}

int poolgrad_output_commit(const struct options *options, struct output *output)
{
    if (!output->temporary) return 0;
    if (!poolgrad_temporary_rename(output->temporary, output->path)) return cannot_write(options, output);
    free(output->temporary);
    output->temporary = NULL;
    return 0;
}

void poolgrad_output_discard(struct output *output)
{
    if (output->file) (void)fclose(output->file);
    if (output->temporary) poolgrad_temporary_remove(output->temporary);
    free(output->temporary);
    free(output->path);
    *output = (struct output){.argument = output->argument};
}
