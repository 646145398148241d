/* SPDX-License-Identifier: Apache-2.0 */
#include "files/npy.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/integer.h"
#include "base/refusal.h"

/* ---- Text ------------------------------------------------------------------------------------------------------ */

/* Bytes still to be read; not terminated, of any value. */
struct text {
    const unsigned char *at, *end;
};

static bool take(struct text *text, unsigned char wanted)
{
    if (text->at == text->end || *text->at != wanted) return false;
    text->at++;
    return true;
}

static bool is_space(unsigned char byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

static bool is_digit(unsigned char byte)
{
    return byte >= '0' && byte <= '9';
}

static bool is_quote(unsigned char byte)
{
    return byte == '\'' || byte == '"';
}

static void skip_space(struct text *text)
{
    while (text->at < text->end && is_space(*text->at)) text->at++;
}

static bool equals(struct text text, const char *wanted)
{
    size_t size = (size_t)(text.end - text.at);
    return size == strlen(wanted) && memcmp(text.at, wanted, size) == 0;
}

/* Takes a string in quotes of either sort. Escapes mean nothing: no legal string has one. */
static bool take_string(struct text *text, struct text *content)
{
    if (text->at == text->end || !is_quote(*text->at)) return false;
    const unsigned char *begin = text->at + 1;
    const unsigned char *end = memchr(begin, *text->at, (size_t)(text->end - begin));
    if (!end) return false;
    *content = (struct text){begin, end};
    text->at = end + 1;
    return true;
}

/* ---- Refusals -------------------------------------------------------------------------------------------------- */

enum { QUOTED = 48 };

struct quoted {
    char text[QUOTED + sizeof "..."];
};

/* Foreign bytes, fit for a sentence: printable and cut short. */
static struct quoted quote(struct text text)
{
    struct quoted quoted = {"nothing"};
    size_t used = 0;
    for (; text.at < text.end; text.at++) {
        bool printable = *text.at >= ' ' && *text.at <= '~';
        size_t needed = printable ? 1 : sizeof "\\xff" - 1;
        if (used + needed > QUOTED) {
            memcpy(quoted.text + used, "...", sizeof "...");
            return quoted;
        }
        if (printable) {
            snprintf(quoted.text + used, sizeof quoted.text - used, "%c", *text.at);
        } else {
            snprintf(quoted.text + used, sizeof quoted.text - used, "\\x%02x", *text.at);
        }
        used += needed;
    }
    return quoted;
}

static poolgrad_status refuse_short(size_t count, size_t wanted, poolgrad_error *error)
{
    return poolgrad_refuse(error, "header", "ends after %zu bytes; expected at least %zu", count, wanted);
}

static poolgrad_status refuse_syntax(struct text text, const char *expected, poolgrad_error *error)
{
    if (text.at == text.end) return poolgrad_refuse(error, "header", "ends early; expected %s", expected);
    return poolgrad_refuse(error, "header", "goes on with %s; expected %s", quote(text).text, expected);
}

static poolgrad_status refuse_value(const char *key, struct text value, const char *expected, poolgrad_error *error)
{
    return poolgrad_refuse(error, key, "is %s; expected %s", quote(value).text, expected);
}

/* ---- Preamble -------------------------------------------------------------------------------------------------- */

static const unsigned char npy_magic[] = {0x93, 'N', 'U', 'M', 'P', 'Y'};

enum { MAJOR_AT = sizeof npy_magic, MINOR_AT, LENGTH_AT };

static bool starts_with(const unsigned char *bytes, size_t count, const unsigned char *start, size_t size)
{
    return count >= size && memcmp(bytes, start, size) == 0;
}

/* What other files begin with. */
static const struct {
    const char *start;
    size_t size;
    const char *format;
} foreign_formats[] = {{"PK\3\4", 4, "a zip archive, as .npz files are"},
                       {"\x80\2", 2, "Python's pickle, which torch.save and object arrays use"},
                       {"\x80\3", 2, "Python's pickle"},
                       {"\x80\4", 2, "Python's pickle"},
                       {"\x89HDF", 4, "HDF5"}};

/* Eight bytes of a length below 2^32, then JSON. */
static bool is_safetensors(const unsigned char *bytes, size_t count)
{
    enum { LENGTH = 8 };
    static const unsigned char zeros[LENGTH / 2];
    return count > LENGTH && bytes[LENGTH] == '{' && memcmp(bytes + LENGTH / 2, zeros, sizeof zeros) == 0;
}

static poolgrad_status refuse_magic(const unsigned char *bytes, size_t count, poolgrad_error *error)
{
    const char *format = is_safetensors(bytes, count) ? "safetensors" : NULL;
    for (size_t i = 0; !format && i < sizeof foreign_formats / sizeof *foreign_formats; i++) {
        const bool same = starts_with(bytes, count, (const unsigned char *)foreign_formats[i].start,
                                      foreign_formats[i].size);
        if (same) format = foreign_formats[i].format;
    }
    if (format) {
        return poolgrad_refuse(error, "format",
                               "is that of %s; expected a .npy file, as numpy.save(FILE, array) writes one", format);
    }
    size_t shown = count < sizeof npy_magic ? count : sizeof npy_magic;
    return refuse_value("magic", (struct text){bytes, bytes + shown}, "\\x93NUMPY, the start of a .npy file", error);
}

poolgrad_status poolgrad_npy_preamble(const unsigned char *bytes, size_t count, size_t *data_offset,
                                      poolgrad_error *error)
{
    if (count == 0) return refuse_short(count, LENGTH_AT, error);
    size_t compared = count < sizeof npy_magic ? count : sizeof npy_magic;
    if (!starts_with(bytes, count, npy_magic, compared)) return refuse_magic(bytes, count, error);
    if (count < LENGTH_AT) return refuse_short(count, LENGTH_AT, error);
    int major = bytes[MAJOR_AT], minor = bytes[MINOR_AT];
    if (major < 1 || major > 3 || minor != 0) {
        return poolgrad_refuse(error, "version", "is %d.%d; expected 1.0, 2.0 or 3.0", major, minor);
    }
    size_t text_at = LENGTH_AT + (major == 1 ? sizeof(uint16_t) : sizeof(uint32_t));
    if (count < text_at) return refuse_short(count, text_at, error);
    uint64_t size = 0;
    for (size_t i = text_at; i-- > LENGTH_AT;) size = size << 8 | bytes[i];
    size += text_at;
    if (size > POOLGRAD_NPY_MAX_HEADER) {
        return poolgrad_refuse(error, "header", "is %" PRIu64 " bytes long; expected at most %d", size,
                               POOLGRAD_NPY_MAX_HEADER);
    }
    *data_offset = (size_t)size;
    return POOLGRAD_OK;
}

/* ---- The header's text: a Python dictionary -------------------------------------------------------------------- */

enum { DESCR, FORTRAN_ORDER, SHAPE, KEYS };

static const char *const key_names[KEYS] = {"descr", "fortran_order", "shape"};

static int find_key(struct text name)
{
    int key = 0;
    while (key < KEYS && !equals(name, key_names[key])) key++;
    return key;
}

/* Takes whatever stands before the comma or brace that ends a value; false where neither comes. */
static bool take_value(struct text *text, struct text *value)
{
    *value = *text;
    for (int depth = 0; text->at < text->end;) {
        unsigned char byte = *text->at;
        struct text string;
        if (depth == 0 && (byte == ',' || byte == '}')) {
            value->end = text->at;
            while (value->end > value->at && is_space(value->end[-1])) value->end--;
            return true;
        }
        if (take_string(text, &string)) continue;
        if (byte == '(' || byte == '[' || byte == '{') depth++;
        if (depth > 0 && (byte == ')' || byte == ']' || byte == '}')) depth--;
        text->at++;
    }
    return false;
}

/* "'key': value", up to the comma or brace behind it. */
static poolgrad_status take_item(struct text *text, struct text values[KEYS], poolgrad_error *error)
{
    struct text begin = *text, name, value;
    if (!take_string(text, &name)) return refuse_syntax(begin, "a key in quotes", error);
    int key = find_key(name);
    if (key == KEYS) {
        return poolgrad_refuse(error, "header", "has the key '%s'; expected descr, fortran_order and shape alone",
                               quote(name).text);
    }
    if (values[key].at) return poolgrad_refuse(error, key_names[key], "stands in the header twice; expected once");
    skip_space(text);
    if (!take(text, ':')) return refuse_syntax(*text, "a colon behind the key", error);
    skip_space(text);
    begin = *text;
    if (!take_value(text, &value)) return refuse_syntax(begin, "a value with a comma or brace behind it", error);
    values[key] = value;
    return POOLGRAD_OK;
}

static poolgrad_status split(struct text text, struct text values[KEYS], poolgrad_error *error)
{
    skip_space(&text);
    if (!take(&text, '{')) return refuse_syntax(text, "a Python dictionary", error);
    for (skip_space(&text); !take(&text, '}'); skip_space(&text)) {
        poolgrad_status status = take_item(&text, values, error);
        if (status != POOLGRAD_OK) return status;
        take(&text, ',');
    }
    skip_space(&text);
    if (text.at < text.end) return refuse_syntax(text, "white space alone behind the dictionary", error);
    return POOLGRAD_OK;
}

/* ---- The three values ------------------------------------------------------------------------------------------ */

static const struct item {
    char kind;
    int size;
} items[] = {{'f', 2}, {'f', 4}, {'f', 8}, {'u', 1}, {'u', 2}, {'u', 4}, {'i', 4}, {'i', 8}, {'V', 2}};

static bool host_is_big_endian(void)
{
    const uint16_t one = 1;
    unsigned char first;
    memcpy(&first, &one, sizeof first);
    return first == 0;
}

/* "<f4" and so on, without the quotes. */
static bool read_descr(struct text content, struct poolgrad_npy *npy)
{
    npy->big_endian = host_is_big_endian();
    if (take(&content, '<')) {
        npy->big_endian = false;
    } else if (take(&content, '>')) {
        npy->big_endian = true;
    } else if (!take(&content, '=')) {
        take(&content, '|');
    }
    if (content.end - content.at != 2) return false;
    for (size_t i = 0; i < sizeof items / sizeof *items; i++) {
        if (content.at[0] != (unsigned char)items[i].kind || content.at[1] != '0' + items[i].size) continue;
        npy->kind = items[i].kind;
        npy->item_size = items[i].size;
        npy->big_endian = npy->big_endian && npy->item_size > 1;
        return true;
    }
    return false;
}

/* Items that are known by name, and refused. */
static const char *name_refused(struct text content)
{
    static const char *const names[][2] = {{"i1", "int8"},   {"i2", "int16"},     {"b1", "bool"},
                                           {"u8", "uint64"}, {"c8", "complex64"}, {"V1", "a float of 8 bits"}};
    while (content.at < content.end && strchr("<>=|", *content.at)) content.at++;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (equals(content, names[i][0])) return names[i][1];
    }
    return NULL;
}

static poolgrad_status parse_descr(struct text value, struct poolgrad_npy *npy, poolgrad_error *error)
{
    static const char accepted[] =
        "float16, float32, float64, uint8, uint16, uint32, int32, int64 or bfloat16 (filed as '<V2')";
    struct text rest = value, content = {NULL, NULL};
    const bool whole = take_string(&rest, &content) && rest.at == rest.end;
    if (whole && read_descr(content, npy)) return POOLGRAD_OK;
    const char *name = whole ? name_refused(content) : NULL;
    if (!name) return refuse_value("descr", value, accepted, error);
    return poolgrad_refuse(error, "descr", "is %s, %s; expected %s", quote(value).text, name, accepted);
}

static poolgrad_status parse_fortran_order(struct text value, struct poolgrad_npy *npy, poolgrad_error *error)
{
    npy->fortran_order = equals(value, "True");
    if (npy->fortran_order || equals(value, "False")) return POOLGRAD_OK;
    return refuse_value("fortran_order", value, "True or False", error);
}

/* Takes a decimal integer with or without Python 2's L behind it; *fits says whether it is a size. False where none
 * stands there. */
static bool take_size(struct text *text, int64_t *size, bool *fits)
{
    *fits = !take(text, '-');
    const unsigned char *begin = text->at;
    for (*size = 0; text->at < text->end && is_digit(*text->at); text->at++) {
        *fits = *fits && poolgrad_multiply(*size, 10, size) && poolgrad_add(*size, *text->at - '0', size);
    }
    int64_t digits = text->at - begin;
    if (digits == 0 || (digits > 1 && *begin == '0')) return false;
    if (!take(text, 'L')) take(text, 'l');
    return true;
}

static poolgrad_status parse_shape(struct text value, struct poolgrad_npy *npy, poolgrad_error *error)
{
    static const char tuple[] = "a tuple of sizes such as (), (3,) or (3, 4)";
    struct text text = value;
    bool comma = true;
    if (!take(&text, '(')) return refuse_value("shape", value, tuple, error);
    for (skip_space(&text); !take(&text, ')'); skip_space(&text)) {
        int64_t size;
        bool fits;
        if (!comma || !take_size(&text, &size, &fits)) return refuse_value("shape", value, tuple, error);
        if (!fits) return refuse_value("shape", value, "sizes from 0 to 9223372036854775807", error);
        if (npy->rank == POOLGRAD_NPY_MAX_RANK) return refuse_value("shape", value, "at most 8 dimensions", error);
        npy->shape[npy->rank++] = size;
        skip_space(&text);
        comma = take(&text, ',');
    }
    bool bare_integer = npy->rank == 1 && !comma;
    if (text.at < text.end || bare_integer) return refuse_value("shape", value, tuple, error);
    return POOLGRAD_OK;
}
_Static_assert(POOLGRAD_NPY_MAX_RANK == 8, "parse_shape says so in words");

static poolgrad_status count_elements(struct text shape, struct poolgrad_npy *npy, poolgrad_error *error)
{
    const int64_t limit = poolgrad_min(PTRDIFF_MAX, INT64_MAX) - (int64_t)npy->data_offset;
    bool empty = false, fits = true;
    int64_t bytes = npy->item_size;
    for (int axis = 0; axis < npy->rank; axis++) {
        empty = empty || npy->shape[axis] == 0;
        fits = fits && poolgrad_multiply(bytes, poolgrad_max(npy->shape[axis], 1), &bytes);
    }
    if (!fits || bytes > limit) return refuse_value("shape", shape, "no more bytes than memory can have", error);
    npy->elements = empty ? 0 : bytes / npy->item_size;
    return POOLGRAD_OK;
}

static poolgrad_status (*const parse[KEYS])(struct text, struct poolgrad_npy *,
                                            poolgrad_error *) = {parse_descr, parse_fortran_order, parse_shape};

static poolgrad_status parse_values(const struct text values[KEYS], struct poolgrad_npy *npy, poolgrad_error *error)
{
    for (int key = 0; key < KEYS; key++) {
        if (!values[key].at) return poolgrad_refuse(error, key_names[key], "is missing; expected it in the header");
        poolgrad_status status = parse[key](values[key], npy, error);
        if (status != POOLGRAD_OK) return status;
    }
    return count_elements(values[SHAPE], npy, error);
}

poolgrad_status poolgrad_npy_parse(const unsigned char *bytes, size_t count, struct poolgrad_npy *npy,
                                   poolgrad_error *error)
{
    struct poolgrad_npy parsed = {0};
    struct text values[KEYS] = {{NULL, NULL}};
    poolgrad_status status = poolgrad_npy_preamble(bytes, count, &parsed.data_offset, error);
    if (status != POOLGRAD_OK) return status;
    if (count < parsed.data_offset) return refuse_short(count, parsed.data_offset, error);
    size_t text_at = LENGTH_AT + (bytes[MAJOR_AT] == 1 ? sizeof(uint16_t) : sizeof(uint32_t));
    status = split((struct text){bytes + text_at, bytes + parsed.data_offset}, values, error);
    if (status == POOLGRAD_OK) status = parse_values(values, &parsed, error);
    if (status == POOLGRAD_OK) *npy = parsed;
    return status;
}

/* ---- Writing --------------------------------------------------------------------------------------------------- */

enum { WRITTEN_TEXT_AT = LENGTH_AT + sizeof(uint16_t), ALIGNMENT = 64, GROWTH_DIGITS = 21 };

/* The dictionary and the blanks NumPy leaves for the first dimension to grow in place, up to GROWTH_DIGITS. */
static size_t write_dictionary(const struct poolgrad_npy *npy, char *text, size_t capacity)
{
    const char *order = npy->item_size == 1 ? "|" : host_is_big_endian() ? ">" : "<";
    int first_digits = GROWTH_DIGITS;
    int used = snprintf(text, capacity, "{'descr': '%s%c%d', 'fortran_order': False, 'shape': (", order, npy->kind,
                        npy->item_size);
    for (int axis = 0; axis < npy->rank; axis++) {
        int digits = snprintf(text + used, capacity - (size_t)used, "%" PRId64, npy->shape[axis]);
        if (axis == 0) first_digits = digits;
        const char *comma = axis + 1 < npy->rank ? ", " : npy->rank == 1 ? "," : "";
        used += digits;
        used += snprintf(text + used, capacity - (size_t)used, "%s", comma);
    }
    used += snprintf(text + used, capacity - (size_t)used, "), }%*s", GROWTH_DIGITS - first_digits, "");
    return (size_t)used;
}

size_t poolgrad_npy_header(const struct poolgrad_npy *npy, unsigned char *bytes, size_t capacity)
{
    assert(npy->rank >= 0 && npy->rank <= POOLGRAD_NPY_MAX_RANK);
    char text[POOLGRAD_NPY_WRITTEN_HEADER];
    size_t used = write_dictionary(npy, text, sizeof text);
    size_t end = WRITTEN_TEXT_AT + used + 1;
    size_t size = end + ALIGNMENT - end % ALIGNMENT; /* NumPy adds 64 blanks, not none, where the end is aligned */
    if (size > capacity) return 0;
    size_t length = size - WRITTEN_TEXT_AT;
    memcpy(bytes, npy_magic, sizeof npy_magic);
    bytes[MAJOR_AT] = 1;
    bytes[MINOR_AT] = 0;
    bytes[LENGTH_AT] = (unsigned char)(length & 0xff);
    bytes[LENGTH_AT + 1] = (unsigned char)(length >> 8);
    memcpy(bytes + WRITTEN_TEXT_AT, text, used);
    memset(bytes + WRITTEN_TEXT_AT + used, ' ', length - used);
    bytes[size - 1] = '\n';
    return size;
}

/* ---- Placing --------------------------------------------------------------------------------------------------- */

/* The way through a dense C-order array in the order of the file: index[0] runs fastest. Distances are in bytes. */
struct walk {
    int rank;
    int64_t size[POOLGRAD_NPY_MAX_RANK], stride[POOLGRAD_NPY_MAX_RANK], index[POOLGRAD_NPY_MAX_RANK];
    int64_t offset;
};

static struct walk walk_contiguous(const struct poolgrad_npy *npy, int64_t first)
{
    return (struct walk){.rank = 1,
                         .size = {npy->elements},
                         .stride = {npy->item_size},
                         .index = {first},
                         .offset = first * npy->item_size};
}

/* Dimensions of 1 are left out: they would only make the runs of index[0] shorter. */
static struct walk walk_transposed(const struct poolgrad_npy *npy, int64_t first)
{
    struct walk walk = {.rank = 0};
    int64_t stride = npy->elements * npy->item_size;
    for (int axis = 0; axis < npy->rank; axis++) {
        if (npy->shape[axis] == 1) continue;
        stride /= npy->shape[axis];
        walk.size[walk.rank] = npy->shape[axis];
        walk.stride[walk.rank] = stride;
        walk.index[walk.rank] = first % npy->shape[axis];
        walk.offset += walk.index[walk.rank++] * stride;
        first /= npy->shape[axis];
    }
    return walk.rank > 0 ? walk : walk_contiguous(npy, first);
}

/* Moves on by `steps` along index[0], at most to its end, and from there to the next run. */
static void walk_on(struct walk *walk, int64_t steps)
{
    walk->index[0] += steps;
    walk->offset += steps * walk->stride[0];
    for (int axis = 0; axis + 1 < walk->rank && walk->index[axis] == walk->size[axis]; axis++) {
        walk->offset += walk->stride[axis + 1] - walk->size[axis] * walk->stride[axis];
        walk->index[axis] = 0;
        walk->index[axis + 1]++;
    }
}

static inline uint16_t reverse16(uint16_t value)
{
    return (uint16_t)(value >> 8 | value << 8);
}

static inline uint32_t reverse32(uint32_t value)
{
    return (uint32_t)reverse16((uint16_t)value) << 16 | reverse16((uint16_t)(value >> 16));
}

static inline uint64_t reverse64(uint64_t value)
{
    return (uint64_t)reverse32((uint32_t)value) << 32 | reverse32((uint32_t)(value >> 32));
}

static inline void copy_reversed(unsigned char *to, const unsigned char *from, int item_size)
{
    uint16_t narrow;
    uint32_t word;
    uint64_t wide;
    if (item_size == sizeof narrow) {
        memcpy(&narrow, from, sizeof narrow);
        narrow = reverse16(narrow);
        memcpy(to, &narrow, sizeof narrow);
    } else if (item_size == sizeof word) {
        memcpy(&word, from, sizeof word);
        word = reverse32(word);
        memcpy(to, &word, sizeof word);
    } else {
        memcpy(&wide, from, sizeof wide);
        wide = reverse64(wide);
        memcpy(to, &wide, sizeof wide);
    }
}

/* Made for constant item_size and swap, so that each of its calls becomes a plain loop of loads and stores. */
static inline void place_run(unsigned char *restrict to, int64_t stride, const unsigned char *restrict from,
                             int64_t count, int item_size, bool swap)
{
    for (int64_t i = 0; i < count; i++) {
        if (swap) {
            copy_reversed(to + i * stride, from + i * item_size, item_size);
        } else {
            memcpy(to + i * stride, from + i * item_size, (size_t)item_size);
        }
    }
}

static void place_any_run(unsigned char *to, int64_t stride, const unsigned char *from, int64_t count, int item_size,
                          bool swap)
{
    switch (item_size) {
    case 1: place_run(to, stride, from, count, 1, false); return;
    case 2: swap ? place_run(to, stride, from, count, 2, true) : place_run(to, stride, from, count, 2, false); return;
    case 4: swap ? place_run(to, stride, from, count, 4, true) : place_run(to, stride, from, count, 4, false); return;
    default: swap ? place_run(to, stride, from, count, 8, true) : place_run(to, stride, from, count, 8, false); return;
    }
}

void poolgrad_npy_place(const struct poolgrad_npy *npy, void *destination, int64_t first, const void *chunk,
                        int64_t count)
{
    assert(first >= 0 && count >= 0 && count <= npy->elements - first);
    if (count == 0) return;
    unsigned char *to = destination;
    const unsigned char *from = chunk;
    bool swap = npy->item_size > 1 && npy->big_endian != host_is_big_endian();
    struct walk walk = npy->fortran_order ? walk_transposed(npy, first) : walk_contiguous(npy, first);
    if (!swap && walk.rank == 1) {
        memcpy(to + walk.offset, from, (size_t)(count * npy->item_size));
        return;
    }
    while (count > 0) {
        int64_t run = poolgrad_min(count, walk.size[0] - walk.index[0]);
        place_any_run(to + walk.offset, walk.stride[0], from, run, npy->item_size, swap);
        walk_on(&walk, run);
        from += run * npy->item_size;
        count -= run;
    }
}
