/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/tensor.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/integer.h"
#include "cli/axis_options.h"
#include "cli/posix.h"
#include "cli/progress.h"
#include "files/npy.h"
#include "files/npz.h"

enum {
    CHUNK = 1 << 20, /* bytes read or written at once */
    MOST_RANK = 5,   /* of an array that is an image */
    RANKS = 160      /* letters of a list of ranks */
};

static const char *option_name(enum option option)
{
    return poolgrad_options[option].name;
}

/* ---- Arrays and images ------------------------------------------------------------------------------------------ */

/* Channels of a slice; 1 where a layout has none. */
static int64_t lanes_of(poolgrad_layout layout)
{
    return layout < POOLGRAD_NC4HW4 ? 1 : INT64_C(4) << (layout - POOLGRAD_NC4HW4);
}

static bool has_slices(poolgrad_layout layout)
{
    return layout >= POOLGRAD_NC4HW4;
}

/* What the dimensions of an array mean, slowest first: S slices of channels, L their lanes. An array is an image's axes
 * alone, or has channels, or images and channels. False where there is no such array. */
static bool dimensions(poolgrad_layout layout, int axes, int rank, char meaning[MOST_RANK + 1])
{
    static const char *const names[] = {"W", "HW", "DHW"};
    const int more = rank - axes - has_slices(layout);
    if (more < has_slices(layout) || more > 2 || (has_slices(layout) && axes == AXES)) return false;
    const char *images = more == 2 ? "N" : "", *channels = more > 0 ? "C" : "";
    if (has_slices(layout))
        snprintf(meaning, MOST_RANK + 1, "%sS%sL", images, names[axes - 1]);
    else if (layout == POOLGRAD_NHWC)
        snprintf(meaning, MOST_RANK + 1, "%s%s%s", images, names[axes - 1], channels);
    else
        snprintf(meaning, MOST_RANK + 1, "%s%s%s", images, channels, names[axes - 1]);
    return true;
}

static int64_t image_dimension(const poolgrad_image *image, char dimension)
{
    switch (dimension) {
    case 'N': return image->images;
    case 'C': return image->channels;
    case 'S': return poolgrad_ceiling_divide(image->channels, lanes_of(image->layout));
    case 'D': return poolgrad_max(image->depth, 1);
    case 'H': return image->height;
    case 'W': return image->width;
    default: return lanes_of(image->layout);
    }
}

static bool is_empty(const poolgrad_image *image)
{
    return image->images == 0 || image->channels == 0 || image->height == 0 || image->width == 0;
}

static bool is_index(poolgrad_format format)
{
    return format >= POOLGRAD_INT32 && format <= POOLGRAD_TAP32;
}

/* The same without memory, its strides those of memory without gaps. */
static poolgrad_image dense(const poolgrad_image *image)
{
    poolgrad_image view = poolgrad_image_dense_3d(NULL, image->format, image->layout, image->images, image->channels,
                                                  poolgrad_max(image->depth, 1), image->height, image->width);
    view.depth = image->depth;
    return view;
}

/* Whether an image of that format, layout and these sizes can be in memory, whatever its data. */
static poolgrad_status check(const poolgrad_image *image, poolgrad_error *error)
{
    static unsigned char somewhere;
    poolgrad_image view = *image;
    view.data = &somewhere;
    return poolgrad_image_check(&view, error);
}

static int set_channels(const struct options *options, const char *path, int64_t slices, poolgrad_image *image)
{
    const int64_t lanes = lanes_of(image->layout);
    if (slices > INT64_MAX / lanes)
        return poolgrad_fail(options, "%s: %" PRId64 " slices; expected fewer", path, slices);
    int64_t most = slices * lanes, least = slices > 0 ? most - lanes + 1 : 0;
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

poolgrad_layout poolgrad_tensor_layout(const struct options *options, enum option file)
{
    static const enum option layouts[][2] = {
        {OPTION_SOURCE, OPTION_SOURCE_LAYOUT},   {OPTION_SOURCE_GRADIENT, OPTION_SOURCE_GRADIENT_LAYOUT},
        {OPTION_INDICES, OPTION_INDICES_LAYOUT}, {OPTION_PICKS, OPTION_PICKS_LAYOUT},
        {OPTION_ACTUAL, OPTION_ACTUAL_LAYOUT},   {OPTION_BEFORE, OPTION_ACTUAL_LAYOUT},
        {OPTION_ADD_TO, OPTION_OUTPUT_LAYOUT},   {OPTION_ADD_TO, OPTION_ACTUAL_LAYOUT},
        {OPTION_OUTPUT, OPTION_OUTPUT_LAYOUT}};
    int64_t layout = poolgrad_number(options, OPTION_LAYOUT,
                                     poolgrad_number(options, OPTION_PLANE_LAYOUT, POOLGRAD_NCHW));
    for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++) {
        const bool says = layouts[i][0] == file && poolgrad_given(options, layouts[i][1]);
        if (says) layout = poolgrad_number(options, layouts[i][1], layout);
    }
    return (poolgrad_layout)(layout & ~LAYOUT_OF_VOLUMES);
}

/* How many axes an array of that rank has: as is said, else what its rank says. */
static int axes_of(const struct options *options, poolgrad_layout layout, int rank)
{
    const int said = poolgrad_said_axes(options);
    if (said > 0) return said;
    const bool planes = has_slices(layout) || options->command == COMMAND_GRAPH;
    return rank == MOST_RANK && !planes ? AXES : AXES - 1;
}

/* "3 (CxHxW)" */
static void write_rank(poolgrad_layout layout, const char *meaning, char text[RANKS])
{
    size_t used = (size_t)snprintf(text, RANKS, "%d (", (int)strlen(meaning));
    for (const char *at = meaning; *at; at++) {
        const char *times = at == meaning ? "" : "x";
        used += *at == 'L' ? (size_t)snprintf(text + used, RANKS - used, "%s%" PRId64, times, lanes_of(layout))
                           : (size_t)snprintf(text + used, RANKS - used, "%s%c", times, *at);
    }
    snprintf(text + used, RANKS - used, ")");
}

/* "2 (HxW), 3 (CxHxW) or 4 (NxCxHxW)" */
static void list_ranks(const struct options *options, poolgrad_layout layout, char text[RANKS])
{
    char meaning[MOST_RANK + 1], one[RANKS];
    const int said = poolgrad_said_axes(options);
    size_t used = 0;
    int last = MOST_RANK;
    while (!dimensions(layout, axes_of(options, layout, last), last, meaning)) last--;
    for (int rank = 1; rank <= last; rank++) {
        if (!dimensions(layout, axes_of(options, layout, rank), rank, meaning)) continue;
        write_rank(layout, meaning, one);
        used += (size_t)snprintf(text + used, RANKS - used, "%s%s", used == 0 ? "" : rank == last ? " or " : ", ", one);
    }
    if (said > 0) snprintf(text + used, RANKS - used, ", of %d ax%ss", said, said == 1 ? "i" : "e");
}

/* What a dimension of that size means; what has none is 1, and the depth of a plane 0. */
static int set_dimension(const struct options *options, const char *path, char meaning, int64_t size,
                         poolgrad_image *image)
{
    const int64_t lanes = lanes_of(image->layout);
    switch (meaning) {
    case 'N': image->images = size; break;
    case 'C': image->channels = size; break;
    case 'H': image->height = size; break;
    case 'W': image->width = size; break;
    case 'S': return set_channels(options, path, size, image);
    case 'D':
        image->depth = size;
        if (size > 0) break;
        return poolgrad_fail(options, "%s: an array with a depth of 0; expected at least 1", path);
    default:
        if (size == lanes) break;
        return poolgrad_fail(options, "%s: last dimension is %" PRId64 "; expected %" PRId64 ", the lanes of %s", path,
                             size, lanes, poolgrad_layout_name(image->layout));
    }
    return 0;
}

static int describe(const struct options *options, enum option option, const char *path, const struct poolgrad_npy *npy,
                    struct tensor *tensor)
{
    char meaning[MOST_RANK + 1];
    poolgrad_image *image = &tensor->image;
    image->layout = poolgrad_tensor_layout(options, option);
    tensor->rank = npy->rank;
    tensor->axes = axes_of(options, image->layout, npy->rank);
    if (has_slices(image->layout) && tensor->axes == AXES) {
        return poolgrad_fail(options, "%s: an array of 3 axes in layout %s; expected 1 or 2, the layout has no depth",
                             path, poolgrad_layout_name(image->layout));
    }
    if (!dimensions(image->layout, tensor->axes, npy->rank, meaning)) {
        char ranks[RANKS];
        list_ranks(options, image->layout, ranks);
        return poolgrad_fail(options, "%s: an array of rank %d; expected rank %s", path, npy->rank, ranks);
    }
    image->images = image->channels = image->height = image->width = 1;
    for (int i = 0; i < npy->rank; i++) {
        if (set_dimension(options, path, meaning[i], npy->shape[i], image) != 0) return 2;
    }
    return 0;
}

static int axes_of_tensor(const struct tensor *tensor)
{
    if (tensor->axes > 0) return tensor->axes;
    return tensor->image.depth > 1 ? AXES : AXES - 1;
}

struct tensor poolgrad_tensor_of_full_rank(const poolgrad_image *image)
{
    const int axes = image->depth > 0 && !has_slices(image->layout) ? AXES : AXES - 1;
    return (struct tensor){*image, axes + 2 + has_slices(image->layout), axes};
}

int poolgrad_tensor_shape(const struct options *options, enum option option, const struct tensor *other, int axes,
                          struct tensor *tensor)
{
    const bool packed = has_slices(other->image.layout), packs = has_slices(tensor->image.layout);
    const int more = other->rank - axes_of_tensor(other) - packed;
    tensor->axes = axes;
    tensor->rank = axes + (packs && more == 0 ? 1 : more) + packs;
    if (!packs || axes < AXES) return 0;
    return poolgrad_fail(options,
                         "--%s: an array of 3 axes in layout %s; expected nchw or nhwc, blocked layouts have no third "
                         "axis",
                         option_name(option), poolgrad_layout_name(tensor->image.layout));
}

/* Of memory without gaps that holds every dimension of the image, whatever the array it is written as. */
static int64_t count_elements(const poolgrad_image *image)
{
    static const char all[] = "NSDHWL";
    int64_t elements = is_empty(image) ? 0 : 1;
    for (const char *dimension = all; *dimension && elements > 0; dimension++)
        elements *= image_dimension(image, *dimension);
    return elements;
}

/* The array that a tensor is written as: of its rank, or of the full one where images or channels need it. */
static struct poolgrad_npy array_of(const struct tensor *tensor)
{
    const poolgrad_image *image = &tensor->image;
    struct poolgrad_npy npy = {
        .kind = 'f', .item_size = (int)poolgrad_format_size(image->format), .rank = tensor->rank};
    if (image->format == POOLGRAD_BFLOAT16) npy.kind = 'V';
    if (image->format == POOLGRAD_UNORM8 || image->format == POOLGRAD_UNORM16) npy.kind = 'u';
    if (is_index(image->format)) npy.kind = image->format >= POOLGRAD_TAP8 ? 'u' : 'i';
    char meaning[MOST_RANK + 1] = "";
    const int axes = axes_of_tensor(tensor);
    bool holds = dimensions(image->layout, axes, npy.rank, meaning);
    const bool dropped = !strchr(meaning, 'N') && image->images != 1;
    const bool flat = !strchr(meaning, 'C') && !strchr(meaning, 'S') && image->channels != 1;
    if (!holds || dropped || flat) npy.rank = axes + 2 + has_slices(image->layout);
    holds = dimensions(image->layout, axes, npy.rank, meaning);
    assert(holds && (axes == AXES || image->depth <= 1) && (axes > 1 || image->height <= 1));
    (void)holds;
    npy.elements = count_elements(image);
    for (int i = 0; i < npy.rank; i++) npy.shape[i] = image_dimension(image, meaning[i]);
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
        bool wanted = npy->kind != 'u' || is_index(known[i].format) == (role == TENSOR_INDICES);
        if (named && wanted) return known[i].format;
    }
    return POOLGRAD_FORMAT_NONE;
}

static bool fits_role(poolgrad_format format, enum tensor_role role)
{
    bool index = is_index(format);
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

/* A file that is read from its beginning to its end, or a member of one. */
struct reading {
    const struct options *options;
    const char *name;  /* as sentences have it */
    const char *items; /* what elements may be; null: whatever .npy files of poolgrad hold */
    FILE *file;
    int64_t size; /* in bytes; -1 where that is not known beforehand */
    bool is_member;
    struct poolgrad_npz member;
};

static void end_reading(struct reading *reading)
{
    if (reading->is_member) poolgrad_npz_close(&reading->member);
    if (reading->file && reading->file != stdin) (void)fclose(reading->file);
}

static size_t read_bytes(struct reading *reading, void *bytes, size_t count)
{
    return reading->is_member ? poolgrad_npz_read(&reading->member, bytes, count)
                              : fread(bytes, 1, count, reading->file);
}

/* An archive in place of an array: of which somebody has to choose a member. */
static int refuse_archive(const struct reading *reading)
{
    enum { LIST = 160 };
    char list[LIST];
    poolgrad_error error;
    if (reading->size < 0)
        return poolgrad_fail(reading->options, "%s: is an archive; expected a .npy file", reading->name);
    if (poolgrad_npz_list(reading->file, list, sizeof list, &error) != POOLGRAD_OK)
        return poolgrad_fail(reading->options, "%s: %s", reading->name, error.message);
    return poolgrad_fail(reading->options, "%s: is an archive; expected a member of it, %s:NAME with the NAME %s",
                         reading->name, reading->name, list);
}

/* Of elements that no file of poolgrad holds, what this one may hold. */
static int refuse_header(const struct reading *reading, const poolgrad_error *error)
{
    const char *expected = strstr(error->message, "; expected ");
    const bool elements = strcmp(error->field, "descr") == 0 && expected;
    if (!reading->items || !elements) return poolgrad_fail(reading->options, "%s: %s", reading->name, error->message);
    return poolgrad_fail(reading->options, "%s: %.*s; expected %s", reading->name, (int)(expected - error->message),
                         error->message, reading->items);
}

static int read_header(struct reading *reading, struct poolgrad_npy *npy)
{
    static unsigned char header[POOLGRAD_NPY_PREAMBLE + POOLGRAD_NPY_MAX_HEADER];
    poolgrad_error error;
    size_t size = 0, count = read_bytes(reading, header, POOLGRAD_NPY_PREAMBLE);
    if (ferror(reading->file))
        return poolgrad_fail(reading->options, "%s: cannot be read: %s", reading->name, strerror(errno));
    if (!reading->is_member && count >= POOLGRAD_NPZ_MAGIC && poolgrad_npz_is_archive(header))
        return refuse_archive(reading);
    poolgrad_status status = poolgrad_npy_preamble(header, count, &size, &error);
    if (status == POOLGRAD_OK) {
        if (size > count) count += read_bytes(reading, header + count, size - count);
        status = poolgrad_npy_parse(header, count, npy, &error);
    }
    return status == POOLGRAD_OK ? 0 : refuse_header(reading, &error);
}

/* Before memory is asked for: a header may promise anything. */
static int check_size(const struct reading *reading, const struct poolgrad_npy *npy)
{
    int64_t expected = npy->elements * npy->item_size + (int64_t)npy->data_offset;
    if (reading->size < 0 || reading->size == expected) return 0;
    return poolgrad_fail(reading->options, "%s: is %" PRId64 " bytes long; expected %" PRId64 " by its header",
                         reading->name, reading->size, expected);
}

/* A member has been read to its end by then, if it is what the archive says. */
static int check_end(struct reading *reading, const struct poolgrad_npy *npy)
{
    unsigned char byte;
    poolgrad_error error;
    if (read_bytes(reading, &byte, 1) != 0) {
        return poolgrad_fail(reading->options, "%s: goes on after %" PRId64 " elements; expected its end by its header",
                             reading->name, npy->elements);
    }
    if (!reading->is_member || poolgrad_npz_check(&reading->member, &error) == POOLGRAD_OK) return 0;
    return poolgrad_fail(reading->options, "%s: %s", reading->name, error.message);
}

static int read_data(struct reading *reading, const struct poolgrad_npy *npy, void *data)
{
    static unsigned char chunk[CHUNK];
    assert(npy->item_size > 0);
    const int64_t at_once = CHUNK / npy->item_size;
    struct progress progress = poolgrad_progress_begin("reading", npy->elements);
    for (int64_t first = 0; first < npy->elements; first += at_once) {
        const int64_t count = poolgrad_min(at_once, npy->elements - first);
        const int64_t got = (int64_t)read_bytes(reading, chunk, (size_t)(count * npy->item_size)) / npy->item_size;
        if (got < count) {
            poolgrad_progress_end(&progress);
            return poolgrad_fail(reading->options,
                                 "%s: ends after %" PRId64 " elements; expected %" PRId64 " by its header",
                                 reading->name, first + got, npy->elements);
        }
        poolgrad_npy_place(npy, data, first, chunk, count);
        poolgrad_progress_update(&progress, first + count);
    }
    poolgrad_progress_end(&progress);
    return check_end(reading, npy);
}

static int read_array(struct reading *reading, struct file_argument argument, enum option format, enum tensor_role role,
                      struct tensor *tensor)
{
    struct poolgrad_npy npy = {0};
    const struct options *options = reading->options;
    int status = read_header(reading, &npy);
    if (status == 0) status = choose_format(options, reading->name, &npy, format, role, &tensor->image.format);
    if (status == 0) status = describe(options, argument.option, reading->name, &npy, tensor);
    if (status == 0) status = check_size(reading, &npy);
    if (status == 0 && role == TENSOR_SOURCE_SIZE) tensor->image = dense(&tensor->image);
    if (role == TENSOR_SOURCE_SIZE) return status;
    if (status == 0) status = poolgrad_tensor_allocate(options, argument.option, tensor);
    return status == 0 ? read_data(reading, &npy, tensor->image.data) : status;
}

/* ---- Opening ----------------------------------------------------------------------------------------------------- */

/* Letters of a path up to the colon before a member's name; 0 where a file has the whole name, or none a part of it.
 * The archive's path is written to `archive`. */
static size_t find_archive(const char *path, char archive[FILENAME_MAX])
{
    if (poolgrad_file_status(path).kind != FILE_MISSING) return 0;
    for (const char *colon = strchr(path, ':'); colon; colon = strchr(colon + 1, ':')) {
        const size_t length = (size_t)(colon - path);
        if (length >= FILENAME_MAX) return 0;
        memcpy(archive, path, length);
        archive[length] = '\0';
        if (length > 0 && poolgrad_file_status(archive).kind == FILE_REGULAR) return length;
    }
    return 0;
}

/* Another tool's file by its name. */
static int refuse_no_archive(const struct reading *reading, const unsigned char *bytes, size_t count)
{
    poolgrad_error error;
    size_t size;
    if (poolgrad_npy_preamble(bytes, count, &size, &error) != POOLGRAD_OK && strcmp(error.field, "format") == 0)
        return poolgrad_fail(reading->options, "%s: %s", reading->name, error.message);
    return poolgrad_fail(reading->options, "%s: no archive stands before the colon; expected an .npz file",
                         reading->name);
}

static int open_member(struct reading *reading, const char *member)
{
    unsigned char magic[POOLGRAD_NPY_PREAMBLE] = {0};
    poolgrad_error error;
    const size_t count = fread(magic, 1, sizeof magic, reading->file);
    if (count < POOLGRAD_NPZ_MAGIC || !poolgrad_npz_is_archive(magic)) return refuse_no_archive(reading, magic, count);
    if (poolgrad_npz_open(reading->file, member, &reading->member, &error) != POOLGRAD_OK)
        return poolgrad_fail(reading->options, "%s: %s", reading->name, error.message);
    reading->is_member = true;
    reading->size = reading->member.size;
    return 0;
}

static int begin_reading(const struct options *options, struct file_argument argument, struct reading *reading)
{
    char archive[FILENAME_MAX];
    *reading = (struct reading){.options = options, .name = argument.path, .size = -1};
    if (poolgrad_is_stream(&argument)) {
        reading->name = "standard input";
        reading->file = stdin;
        return 0;
    }
    const size_t length = find_archive(argument.path, archive);
    const char *path = length > 0 ? archive : argument.path;
    const struct file_status status = poolgrad_file_status(path);
    if (status.kind == FILE_DIRECTORY) {
        return poolgrad_fail(options, "--%s %s: is a directory; expected a .npy file", option_name(argument.option),
                             argument.text);
    }
    reading->file = fopen(path, "rb");
    if (!reading->file) {
        return poolgrad_fail(options, "--%s %s: %s; expected a .npy file that can be read",
                             option_name(argument.option), argument.text, strerror(errno));
    }
    if (status.kind == FILE_REGULAR) reading->size = status.size;
    return length > 0 ? open_member(reading, argument.path + length + 1) : 0;
}

int poolgrad_tensor_read(const struct options *options, struct file_argument argument, enum option format,
                         enum tensor_role role, struct tensor *tensor)
{
    struct reading reading;
    *tensor = (struct tensor){0};
    int status = begin_reading(options, argument, &reading);
    if (status == 0) status = read_array(&reading, argument, format, role, tensor);
    end_reading(&reading);
    if (status != 0) poolgrad_tensor_free(tensor);
    return status;
}

/* ---- Tables of windows ------------------------------------------------------------------------------------------- */

static const char table_items[] = "int64 or int32";

static int check_windows(const struct reading *reading, const struct poolgrad_npy *npy)
{
    if (npy->kind != 'i') {
        return poolgrad_fail(reading->options, "%s: elements are no signed integers; expected %s", reading->name,
                             table_items);
    }
    if (npy->rank != 2 || npy->shape[1] != 2) {
        return poolgrad_fail(reading->options,
                             "%s: is no table of windows; expected an array of n x 2, first pixel and size of each",
                             reading->name);
    }
    if (npy->shape[0] > 0) return check_size(reading, npy);
    return poolgrad_fail(reading->options, "%s: has no window; expected at least one", reading->name);
}

/* Numbers of 32 bits at the beginning of the memory become as wide as those of a table, the last one first. */
static void widen(void *numbers, int64_t count)
{
    unsigned char *bytes = numbers;
    for (int64_t i = count - 1; i >= 0; i--) {
        int32_t narrow;
        memcpy(&narrow, bytes + i * (int64_t)sizeof narrow, sizeof narrow);
        const int64_t wide = narrow;
        memcpy(bytes + i * (int64_t)sizeof wide, &wide, sizeof wide);
    }
}

static int read_windows(struct reading *reading, poolgrad_table *table)
{
    struct poolgrad_npy npy = {0};
    int status = read_header(reading, &npy);
    if (status == 0) status = check_windows(reading, &npy);
    if (status != 0) return status;
    poolgrad_span *spans = (uint64_t)npy.shape[0] > SIZE_MAX / sizeof *spans
                               ? NULL
                               : calloc((size_t)poolgrad_max(npy.shape[0], 1), sizeof *spans);
    if (!spans) {
        return poolgrad_fail(reading->options, "%s: %" PRId64 " windows do not fit into memory; expected fewer",
                             reading->name, npy.shape[0]);
    }
    *table = (poolgrad_table){spans, npy.shape[0]};
    status = read_data(reading, &npy, spans);
    if (status == 0 && npy.item_size < (int)sizeof spans->first) widen(spans, npy.elements);
    return status;
}

int poolgrad_tensor_read_windows(const struct options *options, struct file_argument argument, poolgrad_table *table)
{
    struct reading reading;
    int status = begin_reading(options, argument, &reading);
    reading.items = table_items;
    if (status == 0) status = read_windows(&reading, table);
    end_reading(&reading);
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

static int read_as(struct reading *reading, struct tensor *tensor)
{
    struct poolgrad_npy npy = {0}, expected = array_of(tensor);
    int status = read_header(reading, &npy);
    if (status == 0) status = check_array(reading->options, reading->name, &npy, &expected);
    if (status == 0) status = check_size(reading, &npy);
    if (status != 0) return status;
    tensor->image.data = calloc(npy.elements > 0 ? (size_t)npy.elements : 1, (size_t)npy.item_size);
    if (!tensor->image.data) {
        return poolgrad_fail(reading->options,
                             "%s: %" PRId64 " elements of %d bytes do not fit into memory; expected fewer",
                             reading->name, npy.elements, npy.item_size);
    }
    return read_data(reading, &npy, tensor->image.data);
}

int poolgrad_tensor_read_as(const struct options *options, const char *path, poolgrad_image *image)
{
    poolgrad_error error;
    const poolgrad_image view = dense(image);
    struct tensor tensor = poolgrad_tensor_of_full_rank(&view);
    if (check(&tensor.image, &error) != POOLGRAD_OK) return poolgrad_fail(options, "%s: %s", path, error.message);
    if (poolgrad_file_status(path).kind != FILE_REGULAR) {
        return poolgrad_fail(options, "%s: is %s; expected a .npy file", path,
                             poolgrad_file_status(path).kind == FILE_MISSING ? "missing" : "no regular file");
    }
    struct reading reading = {.options = options, .name = path, .size = poolgrad_file_status(path).size};
    reading.file = fopen(path, "rb");
    if (!reading.file) return poolgrad_fail(options, "%s: cannot be read: %s", path, strerror(errno));
    const int status = read_as(&reading, &tensor);
    end_reading(&reading);
    if (status != 0) poolgrad_tensor_free(&tensor);
    if (status == 0) *image = tensor.image;
    return status;
}

/* ---- Sizes ------------------------------------------------------------------------------------------------------- */

void poolgrad_tensor_sizes(const poolgrad_const_image *image, bool named, char text[TENSOR_SIZES])
{
    char depth[32] = "";
    if (image->depth > 0) snprintf(depth, sizeof depth, "%" PRId64 " x ", image->depth);
    snprintf(text, TENSOR_SIZES, "%" PRId64 " x %" PRId64 " x %s%" PRId64 " x %" PRId64 "%s%s%s", image->images,
             image->channels, depth, image->height, image->width, named ? " (images, channels, " : "",
             named && *depth ? "depth, " : "", named ? "height, width)" : "");
}

bool poolgrad_tensor_same_sizes(const poolgrad_const_image *a, const poolgrad_const_image *b)
{
    return a->images == b->images && a->channels == b->channels && a->height == b->height && a->width == b->width &&
           poolgrad_max(a->depth, 1) == poolgrad_max(b->depth, 1);
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
    poolgrad_image *image = &tensor->image;
    *image = dense(image);
    if (check(image, &error) != POOLGRAD_OK) {
        return poolgrad_fail(options, "--%s: %s", option_name(option), error.message);
    }
    struct poolgrad_npy npy = array_of(tensor);
    if (!readable(&npy)) {
        char sizes[TENSOR_SIZES];
        const poolgrad_const_image view = poolgrad_image_as_const(image);
        poolgrad_tensor_sizes(&view, true, sizes);
        return poolgrad_fail(options, "--%s: %s is too large for a file, though it is empty; expected less",
                             option_name(option), sizes);
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

/* Whether the files of two arguments are one: of a member its archive. */
static bool is_same_file(const char *path, const char *other)
{
    char archive[FILENAME_MAX];
    return poolgrad_same_file(path, find_archive(other, archive) > 0 ? archive : other);
}

static int check_other(const struct options *options, struct file_argument file, struct file_argument other)
{
    const bool itself = other.text == file.text,
               named = poolgrad_reads_file(other.option) || poolgrad_writes_file(other.option);
    if (itself || !named || !other.path || poolgrad_is_stream(&other) || !is_same_file(file.path, other.path)) return 0;
    return poolgrad_fail(options, "--%s %s: is also --%s; expected a file of its own", option_name(file.option),
                         file.text, option_name(other.option));
}

/* The inputs are in memory by then, but their files would be gone. */
static int check_not_input(const struct options *options, struct file_argument file)
{
    char archive[FILENAME_MAX];
    int status = 0;
    /* Of an archive that is there, or that would have to be made. */
    const bool is_new = poolgrad_file_status(file.path).kind == FILE_MISSING && strstr(file.path, ".npz:");
    if (is_new || find_archive(file.path, archive) > 0) {
        return poolgrad_fail(options, "--%s %s: would be a member of an archive; expected a .npy file of its own",
                             option_name(file.option), file.text);
    }
    for (int i = 0; i < OPTION_COUNT && status == 0; i++)
        status = check_other(options, file, poolgrad_file(options, (enum option)i));
    for (int i = 0; i < options->named_count && status == 0; i++)
        status = check_other(options, file, poolgrad_named_file(&options->named[i]));
    return status;
}

static int cannot_write(const struct options *options, const struct output *output)
{
    return poolgrad_fail(options, "--%s %s: cannot be written: %s", option_name(output->argument.option),
                         output->argument.text, strerror(errno));
}

/* A terminal would take a tensor's bytes for commands. */
static int check_terminal(const struct options *options, const struct output *output)
{
    const enum option_type type = poolgrad_options[output->argument.option].type;
    if (type == TYPE_REPORT || output->temporary || !poolgrad_is_terminal(output->file)) return 0;
    return poolgrad_fail(options, "--%s %s: is a terminal; expected a file or a pipe, the tensor is no text",
                         option_name(output->argument.option), output->argument.text);
}

int poolgrad_output_open(const struct options *options, struct file_argument file, struct output *output)
{
    *output = (struct output){.argument = file};
    if (poolgrad_is_stream(&file)) {
        output->file = poolgrad_stdout_open();
        return output->file ? check_terminal(options, output) : cannot_write(options, output);
    }
    enum file_kind kind = poolgrad_file_status(file.path).kind;
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
    return output->file ? check_terminal(options, output) : cannot_write(options, output);
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
