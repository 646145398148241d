/* SPDX-License-Identifier: Apache-2.0 */
#include "npyfile.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "encoding.h"
#include "view.h"

enum { PREAMBLE = 10, ALIGNMENT = 64, HEADER = 512, PATH = 4096 };

static void *memory(size_t size)
{
    void *made = calloc(size > 0 ? size : 1, 1);
    if (!made) abort();
    return made;
}

void npyfile_free(npyfile *file)
{
    free(file->data);
    *file = (npyfile){0};
}

/* ---- Arrays ---------------------------------------------------------------------------------------------------- */

static bool is_big_endian(void)
{
    const uint16_t one = 1;
    return *(const unsigned char *)&one == 0;
}

static void describe(poolgrad_format format, char descr[8])
{
    static const char *const items[] = {"", "u1", "u2", "f2", "f4", "V2", "f8", "i4", "i8", "u1", "u2", "u4"};
    char mark = number_size(format) == 1 ? '|' : is_big_endian() ? '>' : '<';
    snprintf(descr, 8, "%c%s", mark, items[format]);
}

static size_t item_size(const npyfile *file)
{
    return (size_t)(file->descr[2] - '0');
}

/* All dimensions, slowest first; a third axis where the image has one, or where the rank leaves room for one. */
static int shape_of(const poolgrad_image *image, int rank, int64_t shape[5])
{
    const int64_t lanes = view_lanes(image->layout);
    const bool deep = view_depth(image) > 1 || (rank == 5 && lanes == 1);
    int count = 0;
    shape[count++] = image->images;
    if (image->layout != POOLGRAD_NHWC) shape[count++] = view_stored_channels(image) / lanes;
    if (deep) shape[count++] = view_depth(image);
    shape[count++] = image->height;
    shape[count++] = image->width;
    if (image->layout == POOLGRAD_NHWC) shape[count++] = image->channels;
    if (lanes > 1) shape[count++] = lanes;
    return count;
}

npyfile npyfile_of_image(const poolgrad_image *image, int rank)
{
    int64_t full[5];
    int rank_of_all = shape_of(image, rank, full);
    npyfile file = {.rank = rank, .size = number_size(image->format)};
    describe(image->format, file.descr);
    /* A plane or a volume of NHWC has a last dimension less, all others have first ones less. */
    int first = image->layout == POOLGRAD_NHWC && rank == rank_of_all - 2 ? 1 : rank_of_all - rank;
    for (int i = 0; i < rank; i++) {
        file.shape[i] = full[first + i];
        file.size *= (size_t)file.shape[i];
    }
    file.data = memory(file.size);
    if (file.size > 0) memcpy(file.data, image->data, file.size);
    return file;
}

/* One number as an item of the file. */
static void store(const npyfile *file, int64_t place, double number)
{
    const size_t size = item_size(file);
    const float narrow = (float)number;
    const int64_t whole = (int64_t)number;
    const int32_t half = (int32_t)number;
    const unsigned char byte = (unsigned char)whole;
    const bool floats = file->descr[1] == 'f';
    const void *bytes = size == 1 ? (const void *)&byte : floats ? (const void *)&narrow : (const void *)&half;
    if (size == sizeof number) bytes = floats ? (const void *)&number : (const void *)&whole;
    memcpy(file->data + (size_t)place * size, bytes, size);
}

npyfile npyfile_of_numbers(const char *item, const char *shape, const char *numbers)
{
    npyfile file = {.rank = 0};
    int64_t count = 1;
    snprintf(file.descr, sizeof file.descr, "%c%s", item[1] == '1' ? '|' : is_big_endian() ? '>' : '<', item);
    for (char *end; *shape; shape = *end ? end + 1 : end) {
        file.shape[file.rank] = strtoll(shape, &end, 10);
        count *= file.shape[file.rank++];
    }
    file.size = (size_t)count * item_size(&file);
    file.data = memory(file.size);
    const bool range = strstr(numbers, "..") != NULL;
    double number = 0;
    for (int64_t i = 0; i < count; i++) {
        char *end = NULL;
        number = range && i > 0 ? number + 1 : strtod(numbers, &end);
        store(&file, i, number);
        if (!range) numbers = end;
    }
    return file;
}

void npyfile_swap_bytes(npyfile *file)
{
    size_t size = item_size(file);
    for (size_t at = 0; at < file->size; at += size) {
        for (size_t i = 0; i < size / 2; i++) {
            unsigned char byte = file->data[at + i];
            file->data[at + i] = file->data[at + size - 1 - i];
            file->data[at + size - 1 - i] = byte;
        }
    }
    if (size > 1) file->descr[0] = file->descr[0] == '<' ? '>' : '<';
}

void npyfile_transpose(npyfile *file)
{
    size_t size = item_size(file), count = file->size / size;
    unsigned char *data = memory(file->size);
    for (size_t i = 0; i < count; i++) {
        size_t rest = i, place = 0, step = count;
        for (int axis = file->rank - 1; axis >= 0; axis--) {
            step /= (size_t)file->shape[axis];
            place += rest % (size_t)file->shape[axis] * step;
            rest /= (size_t)file->shape[axis];
        }
        memcpy(data + place * size, file->data + i * size, size);
    }
    free(file->data);
    file->data = data;
    file->fortran_order = !file->fortran_order;
}

void npyfile_call_uint16(npyfile *file)
{
    file->descr[1] = 'u';
}

/* ---- Files ----------------------------------------------------------------------------------------------------- */

/* The dictionary as NumPy writes it, but for blanks. */
static int print_dictionary(const npyfile *file, char *text, size_t size)
{
    int used = snprintf(text, size, "{'descr': '%s', 'fortran_order': %s, 'shape': (", file->descr,
                        file->fortran_order ? "True" : "False");
    for (int i = 0; i < file->rank; i++) {
        const char *comma = file->rank == 1 ? "," : i + 1 < file->rank ? ", " : "";
        used += snprintf(text + used, size - (size_t)used, "%" PRId64 "%s", file->shape[i], comma);
    }
    return used + snprintf(text + used, size - (size_t)used, "), }");
}

static FILE *open_file(const char *folder, const char *name, const char *mode)
{
    char path[PATH];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return fopen(path, mode);
}

void npyfile_write(const npyfile *file, const char *folder, const char *name)
{
    char text[HEADER];
    unsigned char start[PREAMBLE + 2] = "\x93NUMPY";
    int major = file->major ? file->major : 1;
    int preamble = major == 1 ? PREAMBLE : PREAMBLE + 2;
    int length = print_dictionary(file, text, sizeof text);
    while ((preamble + length + 1) % ALIGNMENT != 0) text[length++] = ' ';
    text[length++] = '\n';
    start[6] = (unsigned char)major;
    start[8] = (unsigned char)(length & 0xff);
    start[9] = (unsigned char)(length >> 8);
    FILE *opened = open_file(folder, name, "wb");
    if (!opened || fwrite(start, 1, (size_t)preamble, opened) != (size_t)preamble ||
        fwrite(text, 1, (size_t)length, opened) != (size_t)length ||
        (file->size > 0 && fwrite(file->data, 1, file->size, opened) != file->size) || fclose(opened) != 0) {
        perror(name);
        abort();
    }
}

/* The shape, which `text` begins with: "3, 4), }". */
static bool read_shape(npyfile *file, const char *text)
{
    for (char *end; *text != ')'; text = end) {
        if (file->rank == NPYFILE_RANK) return false;
        file->shape[file->rank++] = strtoll(text, &end, 10);
        if (end == text) return false;
        end += strspn(end, ", ");
    }
    return true;
}

/* Whatever was read is written again and must be the same: then it was understood. */
static bool read_header(npyfile *file, const char *text, size_t length)
{
    static const char start[] = "{'descr': '", middle[] = "', 'fortran_order': False, 'shape': (";
    char again[HEADER];
    if (strncmp(text, start, sizeof start - 1) != 0) return false;
    memcpy(file->descr, text + sizeof start - 1, 3);
    const char *rest = text + sizeof start - 1 + 3;
    if (strncmp(rest, middle, sizeof middle - 1) != 0) return false;
    if (!read_shape(file, rest + sizeof middle - 1)) return false;
    size_t used = (size_t)print_dictionary(file, again, sizeof again);
    return used < length && strncmp(text, again, used) == 0 && strspn(text + used, " ") == length - used - 1 &&
           text[length - 1] == '\n' &&
           file->descr[0] == (item_size(file) == 1 ? '|'
                              : is_big_endian()    ? '>'
                                                   : '<');
}

bool npyfile_parse(npyfile *file, const void *bytes, size_t size)
{
    const unsigned char *at = bytes;
    char text[HEADER] = "";
    *file = (npyfile){.major = 1};
    if (size < PREAMBLE || memcmp(at, "\x93NUMPY\1\0", 8) != 0) return false;
    size_t length = (size_t)at[8] | (size_t)at[9] << 8;
    if (length >= sizeof text || PREAMBLE + length > size || (PREAMBLE + length) % ALIGNMENT != 0) return false;
    memcpy(text, at + PREAMBLE, length);
    if (!read_header(file, text, length)) return false;
    file->size = size - PREAMBLE - length;
    size_t expected = item_size(file);
    for (int i = 0; i < file->rank; i++) expected *= (size_t)file->shape[i];
    if (file->size != expected) return false;
    file->data = memory(file->size);
    memcpy(file->data, at + PREAMBLE + length, file->size);
    return true;
}

bool npyfile_read(npyfile *file, const char *folder, const char *name)
{
    FILE *opened = open_file(folder, name, "rb");
    *file = (npyfile){0};
    if (!opened) return false;
    fseek(opened, 0, SEEK_END);
    size_t size = (size_t)ftell(opened);
    unsigned char *bytes = memory(size);
    rewind(opened);
    bool whole = fread(bytes, 1, size, opened) == size;
    fclose(opened);
    bool parsed = whole && npyfile_parse(file, bytes, size);
    free(bytes);
    return parsed;
}

bool npyfile_same(const char *what, const npyfile *expected, const npyfile *actual)
{
    char texts[2][HEADER];
    print_dictionary(expected, texts[0], HEADER);
    print_dictionary(actual, texts[1], HEADER);
    if (strcmp(texts[0], texts[1]) != 0) {
        fprintf(stderr, "%s: expected %s, got %s\n", what, texts[0], texts[1]);
        return false;
    }
    size_t at = 0, size = item_size(expected);
    while (at < expected->size && expected->data[at] == actual->data[at]) at++;
    if (at == expected->size) return true;
    fprintf(stderr, "%s: %s differs from element %zu on:", what, texts[0], at / size);
    at -= at % size;
    for (size_t i = size; i-- > 0;) fprintf(stderr, " %02x", expected->data[at + i]);
    fprintf(stderr, " expected, got");
    for (size_t i = size; i-- > 0;) fprintf(stderr, " %02x", actual->data[at + i]);
    fprintf(stderr, "\n");
    return false;
}
