/* SPDX-License-Identifier: Apache-2.0 */
/* NumPy's .npy format: bytes that NumPy wrote, bytes that nobody should, and every element to its place. */
#include "files/npy.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define MAGIC "\x93NUMPY"
#define VALID "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }\n"
#define BLANKS_10 "          "
#define BLANKS_50 BLANKS_10 BLANKS_10 BLANKS_10 BLANKS_10 BLANKS_10

enum { CANARY = 0xa5, BIG_SIZES = POOLGRAD_NPY_MAX_HEADER + 64 };

/* ---- Random numbers -------------------------------------------------------------------------------------------- */

static uint64_t number_from_environment(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    if (!text || !*text) return otherwise;
    char *end;
    errno = 0;
    uint64_t number = strtoull(text, &end, 0);
    cr_assert(errno == 0 && !*end, "%s is %s; expected a number", name, text);
    return number;
}

static uint64_t next_random(uint64_t *state)
{
    uint64_t mixed = *state += UINT64_C(0x9e3779b97f4a7c15);
    mixed = (mixed ^ mixed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ mixed >> 31;
}

static int64_t below(uint64_t *state, int64_t limit)
{
    return (int64_t)(next_random(state) % (uint64_t)limit);
}

/* ---- Files in memory ------------------------------------------------------------------------------------------- */

/* A copy that ends where no byte can be read any more: reading past a header's end is a crash, not luck. */
static const unsigned char *at_the_edge(const void *bytes, size_t count)
{
    enum { ROOM = 2 * POOLGRAD_NPY_MAX_HEADER, FENCE = 65536 };
    static unsigned char *room;
    if (!room) {
        room = mmap(NULL, ROOM + FENCE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        cr_assert(room != MAP_FAILED);
        cr_assert(mprotect(room + ROOM, FENCE, PROT_NONE) == 0);
    }
    cr_assert(count <= ROOM);
    if (count > 0) memcpy(room + ROOM - count, bytes, count);
    return room + ROOM - count;
}

struct file {
    unsigned char bytes[BIG_SIZES];
    size_t count;
};

static struct file file; /* too large for a stack */

static const struct file *make(int major, int minor, uint32_t length, const void *text, size_t text_size)
{
    size_t at = 8;
    memcpy(file.bytes, MAGIC, 6);
    file.bytes[6] = (unsigned char)major;
    file.bytes[7] = (unsigned char)minor;
    for (int i = 0; i < (major == 1 ? 2 : 4); i++) file.bytes[at++] = (unsigned char)(length >> 8 * i);
    cr_assert(text_size <= sizeof file.bytes - at);
    memcpy(file.bytes + at, text, text_size);
    file.count = at + text_size;
    return &file;
}

static const struct file *make_text(int major, const char *text)
{
    return make(major, 0, (uint32_t)strlen(text), text, strlen(text));
}

static bool host_is_big_endian(void)
{
    return *(const unsigned char *)&(const uint16_t){1} == 0;
}

/* ---- Judgements ------------------------------------------------------------------------------------------------ */

static void check_sentence(const poolgrad_error *error, const char *what)
{
    size_t size = strlen(error->field), length = strlen(error->message);
    cr_expect(size > 0 && strncmp(error->message, error->field, size) == 0 && error->message[size] == ' ',
              "%s: \"%s\" does not begin with \"%s\"", what, error->message, error->field);
    cr_expect(length < sizeof error->message - 1, "%s: \"%s\" may be cut off", what, error->message);
    cr_expect(strstr(error->message, "; expected ") != NULL, "%s: \"%s\"", what, error->message);
    for (size_t i = 0; i < length; i++) {
        cr_expect(error->message[i] >= ' ' && error->message[i] <= '~', "%s: byte %zu of \"%s\"", what, i,
                  error->message);
    }
}

static void refused(const void *bytes, size_t count, const char *field, const char *fragment, const char *what)
{
    struct poolgrad_npy npy, before;
    poolgrad_error error = {"", ""};
    memset(&npy, CANARY, sizeof npy);
    memcpy(&before, &npy, sizeof npy);
    const unsigned char *edge = at_the_edge(bytes, count);
    cr_expect(poolgrad_npy_parse(edge, count, &npy, &error) == POOLGRAD_INVALID, "%s is taken", what);
    cr_expect(memcmp(&npy, &before, sizeof npy) == 0, "%s: refused, but *npy has changed", what);
    cr_expect(strcmp(error.field, field) == 0, "%s: field %s, expected %s", what, error.field, field);
    cr_expect(strstr(error.message, fragment) != NULL, "%s: \"%s\" lacks \"%s\"", what, error.message, fragment);
    check_sentence(&error, what);
    cr_expect(poolgrad_npy_parse(edge, count, &npy, NULL) == POOLGRAD_INVALID, "%s, without an error", what);
}

static void refused_text(const char *text, const char *field, const char *fragment)
{
    for (int major = 1; major <= 3; major++) {
        const struct file *made = make_text(major, text);
        refused(made->bytes, made->count, field, fragment, text);
    }
}

static struct poolgrad_npy accepted(const void *bytes, size_t count, const char *what)
{
    struct poolgrad_npy npy = {0};
    poolgrad_error error = {"", "nothing"};
    poolgrad_status status = poolgrad_npy_parse(at_the_edge(bytes, count), count, &npy, &error);
    cr_assert(status == POOLGRAD_OK, "%s: %s", what, error.message);
    cr_expect(strcmp(error.message, "nothing") == 0, "%s: accepted, but the error has changed", what);
    return npy;
}

static struct poolgrad_npy accepted_text(const char *text)
{
    const struct file *made = make_text(1, text);
    return accepted(made->bytes, made->count, text);
}

static bool same_shape(const struct poolgrad_npy *npy, int rank, const int64_t *shape)
{
    return npy->rank == rank && (rank == 0 || memcmp(npy->shape, shape, (size_t)rank * sizeof *shape) == 0);
}

/* ---- What NumPy writes ----------------------------------------------------------------------------------------- */

#define NUMPY_FILE(bytes) bytes, sizeof(bytes) - 1

static const struct numpy_file {
    const char *bytes;
    size_t count;
    struct poolgrad_npy expected;
} numpy_files[] = {
    {NUMPY_FILE(MAGIC "\1\0v\0{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }" BLANKS_50 "        \n"),
     {'f', 4, false, false, 2, {3, 4}, 12, 128}},
    {NUMPY_FILE(MAGIC "\2\0t\0\0\0{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }" BLANKS_50 "      \n"),
     {'f', 4, false, false, 2, {3, 4}, 12, 128}},
    {NUMPY_FILE(MAGIC "\3\0t\0\0\0{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }" BLANKS_50 "      \n"),
     {'f', 4, false, false, 2, {3, 4}, 12, 128}},
    {NUMPY_FILE(MAGIC "\2\0t\0\0\0{'descr': '>f8', 'fortran_order': True, 'shape': (2, 3), }" BLANKS_50 "       \n"),
     {'f', 8, true, true, 2, {2, 3}, 6, 128}},
    {NUMPY_FILE(MAGIC "\1\0v\0{'descr': '<f2', 'fortran_order': False, 'shape': (), }" BLANKS_50 BLANKS_10 "  \n"),
     {'f', 2, false, false, 0, {0}, 1, 128}},
    {NUMPY_FILE(MAGIC "\1\0v\0{'descr': '|u1', 'fortran_order': False, 'shape': (3,), }" BLANKS_50 BLANKS_10 "\n"),
     {'u', 1, false, false, 1, {3}, 3, 128}},
    {NUMPY_FILE(MAGIC "\1\0v\0{'descr': '>u2', 'fortran_order': False, 'shape': (2, 3), }" BLANKS_50 "        \n"),
     {'u', 2, true, false, 2, {2, 3}, 6, 128}},
    {NUMPY_FILE(MAGIC "\1\0v\0{'descr': '<u4', 'fortran_order': False, 'shape': (3, 4), }" BLANKS_50 "        \n"),
     {'u', 4, false, false, 2, {3, 4}, 12, 128}},
    {NUMPY_FILE(MAGIC "\1\0v\0{'descr': '<V2', 'fortran_order': False, 'shape': (2,), }" BLANKS_50 BLANKS_10 "\n"),
     {'V', 2, false, false, 1, {2}, 2, 128}},
    {NUMPY_FILE(MAGIC "\1\0v\0{'descr': '<i8', 'fortran_order': False, 'shape': (0, 7), }" BLANKS_50 "        \n"),
     {'i', 8, false, false, 2, {0, 7}, 0, 128}},
    /* What Python 2 on a 64-bit Windows made of it, before NumPy aligned to 64. */
    {NUMPY_FILE(MAGIC "\1\0F\0{'descr': '<f4', 'fortran_order': False, 'shape': (3L, 4L), }        \n"),
     {'f', 4, false, false, 2, {3, 4}, 12, 80}},
};

Test(npy, numpy_files)
{
    for (size_t i = 0; i < sizeof numpy_files / sizeof *numpy_files; i++) {
        const struct numpy_file *fixture = &numpy_files[i];
        const struct poolgrad_npy *expected = &fixture->expected;
        cr_assert(fixture->count == expected->data_offset, "fixture %zu has %zu bytes", i, fixture->count);
        struct poolgrad_npy npy = accepted(fixture->bytes, fixture->count, fixture->bytes);
        cr_expect(npy.kind == expected->kind && npy.item_size == expected->item_size, "item of fixture %zu", i);
        cr_expect(npy.big_endian == expected->big_endian, "byte order of fixture %zu", i);
        cr_expect(npy.fortran_order == expected->fortran_order, "order of fixture %zu", i);
        cr_expect(same_shape(&npy, expected->rank, expected->shape), "shape of fixture %zu", i);
        cr_expect(npy.elements == expected->elements, "elements of fixture %zu", i);
        cr_expect(npy.data_offset == expected->data_offset, "data of fixture %zu", i);
        size_t offset = 0;
        cr_expect(poolgrad_npy_preamble((const unsigned char *)fixture->bytes, 12, &offset, NULL) == POOLGRAD_OK);
        cr_expect(offset == expected->data_offset, "preamble of fixture %zu", i);
    }
}

Test(npy, every_item_in_every_byte_order)
{
    static const char *const items[] = {"f2", "f4", "f8", "u1", "u2", "u4", "i4", "i8", "V2"};
    static const char *const marks[] = {"<", ">", "=", "|", ""};
    for (size_t i = 0; i < sizeof items / sizeof *items; i++) {
        for (size_t m = 0; m < sizeof marks / sizeof *marks; m++) {
            char text[128];
            snprintf(text, sizeof text, "{'descr': '%s%s', 'fortran_order': False, 'shape': (5,), }\n", marks[m],
                     items[i]);
            struct poolgrad_npy npy = accepted_text(text);
            bool big = *marks[m] == '>' || (*marks[m] != '<' && host_is_big_endian());
            cr_expect(npy.kind == items[i][0] && npy.item_size == items[i][1] - '0', "%s", text);
            cr_expect(npy.big_endian == (big && npy.item_size > 1), "%s", text);
            cr_expect(npy.elements == 5, "%s", text);
        }
    }
}

Test(npy, every_rank)
{
    char sizes[64] = "";
    int64_t shape[POOLGRAD_NPY_MAX_RANK + 1], elements = 1;
    for (int rank = 0; rank <= POOLGRAD_NPY_MAX_RANK + 1; rank++) {
        char text[160];
        if (rank > 0) {
            shape[rank - 1] = rank + 1;
            elements *= rank + 1;
            snprintf(sizes + strlen(sizes), sizeof sizes - strlen(sizes), "%d,", rank + 1);
        }
        snprintf(text, sizeof text, "{'descr': '<f4', 'fortran_order': True, 'shape': (%s)}", sizes);
        if (rank > POOLGRAD_NPY_MAX_RANK) {
            refused_text(text, "shape", "is (2,3,4,5,6,7,8,9,10,); expected at most 8 dimensions");
            break;
        }
        struct poolgrad_npy npy = accepted_text(text);
        cr_expect(same_shape(&npy, rank, shape) && npy.elements == elements && npy.fortran_order, "%s", text);
    }
}

Test(npy, other_ways_to_write_the_same)
{
    static const char *const texts[] = {
        "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4)}",
        "{'descr':'<f4','fortran_order':False,'shape':(3,4)}\n",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4,), }   \n\n\n",
        "{\"descr\": \"<f4\", \"fortran_order\": False, \"shape\": (3, 4), }\n",
        "{\"descr\": '<f4', 'fortran_order': False, \"shape\": (3, 4), }\n",
        "{'shape': (3, 4), 'fortran_order': False, 'descr': '<f4'}\n",
        "{'fortran_order': False, 'shape': (3, 4), 'descr': '<f4', }\n",
        "\n\t { 'descr'\t:\r\n'<f4' ,\n'fortran_order' : False , 'shape' : ( 3 ,\n4\t, ) , } \r\n",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (3L, 4L), }\n",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (3l, 4), }\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct poolgrad_npy npy = accepted_text(texts[i]);
        cr_expect(npy.kind == 'f' && npy.item_size == 4 && !npy.big_endian && !npy.fortran_order, "%s", texts[i]);
        cr_expect(same_shape(&npy, 2, (const int64_t[]){3, 4}) && npy.elements == 12, "%s", texts[i]);
    }
}

/* ---- What is refused ------------------------------------------------------------------------------------------- */

Test(npy, a_file_cut_short_anywhere)
{
    for (int major = 1; major <= 3; major++) {
        const struct file *made = make_text(major, VALID);
        size_t preamble = major == 1 ? 10 : 12;
        for (size_t count = 0; count < made->count; count++) {
            char fragment[64];
            snprintf(fragment, sizeof fragment, "ends after %zu bytes; expected", count);
            refused(made->bytes, count, "header", fragment, "a file cut short");
            size_t offset = 0;
            poolgrad_error error = {"", ""};
            bool enough = poolgrad_npy_preamble(at_the_edge(made->bytes, count), count, &offset, &error) == POOLGRAD_OK;
            cr_expect(enough == (count >= preamble), "%zu bytes of version %d", count, major);
            cr_expect(offset == (enough ? made->count : 0), "%zu bytes of version %d", count, major);
        }
        accepted(made->bytes, made->count, VALID);
    }
    refused(NULL, 0, "header", "ends after 0 bytes", "no file at all");
}

Test(npy, wrong_beginnings)
{
    static const char text[] = "n,c,y,x\n0,0,0,0\n";
    static const char archive[] = "PK\3\4-\0\0\0\0\0\0\0!\0";
    for (size_t i = 0; i < 6; i++) {
        make_text(1, VALID);
        file.bytes[i] ^= 0x20;
        refused(file.bytes, file.count, "magic", "expected \\x93NUMPY", "a wrong magic");
        refused(file.bytes, i + 1, "magic", "expected \\x93NUMPY", "a wrong magic cut short");
    }
    refused(text, sizeof text - 1, "magic", "is n,c,y,; expected", "another kind of file");
    refused(archive, sizeof archive - 1, "format", "zip archive", "an archive");
    for (int major = 0; major < 256; major++) {
        for (int minor = 0; minor < 256; minor++) {
            if (major >= 1 && major <= 3 && minor == 0) continue;
            char fragment[64];
            snprintf(fragment, sizeof fragment, "is %d.%d; expected", major, minor);
            make(major, minor, sizeof VALID - 1, VALID, sizeof VALID - 1);
            refused(file.bytes, file.count, "version", fragment, "a wrong version");
        }
    }
}

Test(npy, huge_headers)
{
    static char text[BIG_SIZES];
    memset(text, ' ', sizeof text);
    memcpy(text, VALID, sizeof VALID - 1);
    for (int major = 1; major <= 3; major++) {
        uint32_t most = POOLGRAD_NPY_MAX_HEADER - (major == 1 ? 10 : 12);
        const struct file *made = make(major, 0, most, text, most);
        cr_expect(accepted(made->bytes, made->count, "the longest header").data_offset == POOLGRAD_NPY_MAX_HEADER);
        made = make(major, 0, most + 1, text, most + 1);
        refused(made->bytes, made->count, "header", "is 65537 bytes long; expected at most 65536", "a longer header");
    }
    static const uint32_t lengths[] = {0x10000, 0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        const struct file *made = make(2, 0, lengths[i], VALID, sizeof VALID - 1);
        refused(made->bytes, made->count, "header", "bytes long; expected at most 65536", "an absurd length");
    }
    const struct file *made = make(1, 0, 0xffff, VALID, sizeof VALID - 1);
    refused(made->bytes, made->count, "header", "is 65545 bytes long", "an absurd length");
    made = make(2, 0, 0xff00, VALID, sizeof VALID - 1);
    refused(made->bytes, made->count, "header", "expected at least 65292", "a length beyond the file");
}

#define DESCR(value) "{'descr': " value ", 'fortran_order': False, 'shape': (3, 4), }\n"
#define ORDER(value) "{'descr': '<f4', 'fortran_order': " value ", 'shape': (3, 4), }\n"
#define SHAPE(value) "{'descr': '<f4', 'fortran_order': False, 'shape': " value ", }\n"

static const struct refusal {
    const char *text, *field, *fragment;
} refusals[] = {
    {"", "header", "ends early; expected a Python dictionary"},
    {"   \n", "header", "expected a Python dictionary"},
    {"[1, 2]", "header", "goes on with [1, 2]; expected a Python dictionary"},
    {"{", "header", "expected a key in quotes"},
    {"{}", "descr", "is missing"},
    {"{,}", "header", "expected a key in quotes"},
    {"{'descr", "header", "goes on with 'descr; expected a key in quotes"},
    {"{descr: '<f4'}", "header", "goes on with descr: '<f4'}; expected a key in quotes"},
    {"{'descr'", "header", "ends early; expected a colon"},
    {"{'descr' '<f4'}", "header", "goes on with '<f4'}; expected a colon"},
    {"{'descr': ", "header", "ends early; expected a value"},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), ", "header", "ends early; expected a key"},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4)", "header", "goes on with (3, 4); expected a value"},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4}", "header", "expected a value"},
    {"{'descr': '<f4, 'fortran_order': False, 'shape': (3, 4)}", "descr", "is '<f4, 'fortran_order': False, "},
    {"{'descr': '<f4',, 'fortran_order': False, 'shape': (3, 4)}", "header", "expected a key in quotes"},
    {"{'descr': '<f4' 'fortran_order': False, 'shape': (3, 4)}", "descr", "is '<f4' 'fortran_order': False;"},
    {VALID "x", "header", "goes on with x; expected white space"},
    {VALID VALID, "header", "expected white space"},
    {"{'fortran_order': False, 'shape': (3, 4), }", "descr", "is missing"},
    {"{'descr': '<f4', 'shape': (3, 4), }", "fortran_order", "is missing"},
    {"{'descr': '<f4', 'fortran_order': False, }", "shape", "is missing"},
    {"{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (3,)}", "descr", "stands in the header twice"},
    {"{'fortran_order': False, 'shape': (3,), 'fortran_order': True}", "fortran_order", "stands in the header twice"},
    {"{'shape': (3, 4), 'shape': (3, 4)}", "shape", "stands in the header twice"},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), 'strides': 4}", "header", "has the key 'strides'"},
    {"{'Descr': '<f4', 'fortran_order': False, 'shape': (3, 4)}", "header", "has the key 'Descr'"},
    {"{'descr ': '<f4', 'fortran_order': False, 'shape': (3, 4)}", "header", "has the key 'descr '"},
    {"{'': '<f4', 'fortran_order': False, 'shape': (3, 4)}", "header", "has the key 'nothing'"},
    {"{\"descr': '<f4\"}", "header", "has the key 'descr': '<f4'"},
    {DESCR("'|O'"), "descr",
     "is '|O'; expected float16, float32, float64, uint8, uint16, uint32, int32, int64 or bfloat16"},
    {DESCR("[('a', '<f4'), ('b', '<i4')]"), "descr", "is [('a', '<f4'), ('b', '<i4')]; expected"},
    {DESCR("[('r', '|u1'), ('g', '|u1'), ('b', '|u1'), ('a', '|u1')]"), "descr", "('b', '|u1'), ('a',...;"},
    {DESCR("'|S5'"), "descr", "is '|S5';"},
    {DESCR("'<U5'"), "descr", "is '<U5';"},
    {DESCR("'<c8'"), "descr", "is '<c8', complex64;"},
    {DESCR("'<c16'"), "descr", "is '<c16';"},
    {DESCR("'|b1'"), "descr", "is '|b1', bool;"},
    {DESCR("'|i1'"), "descr", "is '|i1', int8;"},
    {DESCR("'<i2'"), "descr", "is '<i2', int16;"},
    {DESCR("'<u8'"), "descr", "is '<u8', uint64;"},
    {DESCR("'<f16'"), "descr", "is '<f16';"},
    {DESCR("'<f1'"), "descr", "is '<f1';"},
    {DESCR("'|V1'"), "descr", "is '|V1', a float of 8 bits;"},
    {DESCR("'|V4'"), "descr", "is '|V4';"},
    {DESCR("'|V22'"), "descr", "is '|V22';"},
    {DESCR("'<M8[ns]'"), "descr", "is '<M8[ns]';"},
    {DESCR("'<F4'"), "descr", "is '<F4';"},
    {DESCR("'<<f4'"), "descr", "is '<<f4';"},
    {DESCR("'!f4'"), "descr", "is '!f4';"},
    {DESCR("' <f4'"), "descr", "is ' <f4';"},
    {DESCR("'<f4 '"), "descr", "is '<f4 ';"},
    {DESCR("'<f'"), "descr", "is '<f';"},
    {DESCR("'<'"), "descr", "is '<';"},
    {DESCR("''"), "descr", "is '';"},
    {DESCR("'float32'"), "descr", "is 'float32';"},
    {DESCR("<f4"), "descr", "is <f4;"},
    {DESCR("4"), "descr", "is 4;"},
    {DESCR(""), "descr", "is nothing;"},
    {DESCR("('<f4', (2,))"), "descr", "is ('<f4', (2,));"},
    {DESCR("{'a': '<f4'}"), "descr", "is {'a': '<f4'};"},
    {ORDER("0"), "fortran_order", "is 0; expected True or False"},
    {ORDER("'False'"), "fortran_order", "is 'False';"},
    {ORDER("false"), "fortran_order", "is false;"},
    {ORDER("TrueFalse"), "fortran_order", "is TrueFalse;"},
    {ORDER("Tru"), "fortran_order", "is Tru;"},
    {ORDER("None"), "fortran_order", "is None;"},
    {ORDER(""), "fortran_order", "is nothing;"},
    {SHAPE(""), "shape", "is nothing; expected a tuple"},
    {SHAPE("3"), "shape", "is 3; expected a tuple"},
    {SHAPE("(3)"), "shape", "is (3); expected a tuple"},
    {SHAPE("[3, 4]"), "shape", "is [3, 4]; expected a tuple"},
    {SHAPE("None"), "shape", "is None; expected a tuple"},
    {SHAPE("'(3, 4)'"), "shape", "is '(3, 4)'; expected a tuple"},
    {SHAPE("(,)"), "shape", "is (,); expected a tuple"},
    {SHAPE("(3,,4)"), "shape", "is (3,,4); expected a tuple"},
    {SHAPE("(3, 4,,)"), "shape", "is (3, 4,,); expected a tuple"},
    {SHAPE("(3 4)"), "shape", "is (3 4); expected a tuple"},
    {SHAPE("(3, (4,))"), "shape", "is (3, (4,)); expected a tuple"},
    {SHAPE("(3, 4))"), "shape", "is (3, 4)); expected a tuple"},
    {SHAPE("(3, 4) + (5,)"), "shape", "is (3, 4) + (5,); expected a tuple"},
    {SHAPE("(3., 4)"), "shape", "is (3., 4); expected a tuple"},
    {SHAPE("(3e0, 4)"), "shape", "is (3e0, 4); expected a tuple"},
    {SHAPE("(0x3, 4)"), "shape", "is (0x3, 4); expected a tuple"},
    {SHAPE("(03, 4)"), "shape", "is (03, 4); expected a tuple"},
    {SHAPE("(1_0, 4)"), "shape", "is (1_0, 4); expected a tuple"},
    {SHAPE("(+3, 4)"), "shape", "is (+3, 4); expected a tuple"},
    {SHAPE("(3LL, 4)"), "shape", "is (3LL, 4); expected a tuple"},
    {SHAPE("(L, 4)"), "shape", "is (L, 4); expected a tuple"},
    {SHAPE("(-, 4)"), "shape", "is (-, 4); expected a tuple"},
    {SHAPE("(3, -4)"), "shape", "is (3, -4); expected sizes from 0 to 9223372036854775807"},
    {SHAPE("(-1,)"), "shape", "is (-1,); expected sizes from 0"},
    {SHAPE("(0, -1)"), "shape", "is (0, -1); expected sizes from 0"},
    {SHAPE("(-9223372036854775808,)"), "shape", "expected sizes from 0"},
    {SHAPE("(9223372036854775808,)"), "shape", "is (9223372036854775808,); expected sizes from 0"},
    {SHAPE("(18446744073709551616,)"), "shape", "is (18446744073709551616,); expected sizes from 0"},
    {SHAPE("(18446744073709551617, 1)"), "shape", "expected sizes from 0"},
    {SHAPE("(99999999999999999999999999999999999999999999999999999999999999,)"), "shape", "99999...; expected sizes"},
    {SHAPE("(99999999999, 99999999999)"), "shape", "is (99999999999, 99999999999); expected no more bytes"},
    {SHAPE("(9223372036854775807,)"), "shape", "expected no more bytes"},
    {SHAPE("(2305843009213693952,)"), "shape", "expected no more bytes"}, /* 2^61 float32: one byte too many */
    {SHAPE("(4294967296, 4294967296)"), "shape", "expected no more bytes"},
    {SHAPE("(0, 9223372036854775807)"), "shape", "expected no more bytes"},
    {SHAPE("(4294967296, 0, 4294967296)"), "shape", "expected no more bytes"},
    {SHAPE("(1, 1, 1, 1, 1, 1, 1, 1, 1)"), "shape", "is (1, 1, 1, 1, 1, 1, 1, 1, 1); expected at most 8 dimensions"},
};

Test(npy, refusals)
{
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        refused_text(refusals[i].text, refusals[i].field, refusals[i].fragment);
    }
}

Test(npy, the_largest_arrays)
{
#if PTRDIFF_MAX >= INT64_MAX
    /* 2^63 - 1 bytes at most, the header's included. */
    static const char format[] = "{'descr': '|u1', 'fortran_order': False, 'shape': (%" PRId64 ",)}\n";
    char text[128];
    size_t offset = 10 + (size_t)snprintf(text, sizeof text, format, INT64_MAX);
    int64_t most = INT64_MAX - (int64_t)offset;
    snprintf(text, sizeof text, format, most);
    struct poolgrad_npy npy = accepted_text(text);
    cr_expect(npy.elements == most && npy.data_offset == offset, "%s", text);
    snprintf(text, sizeof text, format, most + 1);
    const struct file *made = make_text(1, text);
    refused(made->bytes, made->count, "shape", "expected no more bytes", text);
#endif
}

Test(npy, empty_arrays)
{
    cr_expect_eq(accepted_text(SHAPE("(0,)")).elements, 0);
    cr_expect_eq(accepted_text(SHAPE("(0, 0, 0, 0, 0, 0, 0, 0)")).elements, 0);
    cr_expect_eq(accepted_text(SHAPE("(5, 0, 7)")).elements, 0);
#if PTRDIFF_MAX >= INT64_MAX
    struct poolgrad_npy npy = accepted_text(SHAPE("(0, 1000000000000000000)"));
    cr_expect(npy.elements == 0 && npy.shape[1] == INT64_C(1000000000000000000));
#endif
}

/* ---- Hostile bytes --------------------------------------------------------------------------------------------- */

Test(npy, every_byte_in_every_place)
{
    static const struct {
        const char *text, *field;
        const char *fine; /* the bytes with which the text is legal */
    } places[] = {
        {DESCR("'<?4'"), "descr", "fiu"},           {DESCR("?'<f4'"), "descr", " \t\n\v\f\r"},
        {ORDER("Fals?"), "fortran_order", "e"},     {SHAPE("(?, 4)"), "shape", "0123456789"},
        {SHAPE("(3, 4)?"), "shape", " \t\n\v\f\r"}, {"{'descr?': '<f4'}", "header", ""},
        {"?" VALID, "header", " \t\n\v\f\r"},       {VALID "?", "header", " \t\n\v\f\r"},
    };
    for (size_t place = 0; place < sizeof places / sizeof *places; place++) {
        size_t size = strlen(places[place].text), at = strcspn(places[place].text, "?");
        for (int byte = 0; byte < 256; byte++) {
            char text[128], what[64];
            cr_assert(size < sizeof text);
            memcpy(text, places[place].text, size);
            text[at] = (char)byte;
            snprintf(what, sizeof what, "byte %02x in place %zu", (unsigned)byte, place);
            const struct file *made = make(3, 0, (uint32_t)size, text, size);
            if (byte != 0 && strchr(places[place].fine, byte)) {
                accepted(made->bytes, made->count, what);
            } else if (byte == 0 || !strchr("'\"()[]{},", byte)) {
                refused(made->bytes, made->count, places[place].field, "; expected ", what);
            } else { /* the damage may show elsewhere first */
                poolgrad_error error = {"", ""};
                struct poolgrad_npy npy;
                cr_expect(poolgrad_npy_parse(made->bytes, made->count, &npy, &error) == POOLGRAD_INVALID, "%s", what);
                check_sentence(&error, what);
            }
        }
    }
}

Test(npy, long_and_unprintable_values)
{
    static char text[60000];
    static const struct {
        const char *before, *after, *field, *fragment;
        int fill;
    } values[] = {
        {"{'descr': '<f4', 'fortran_order': True, 'shape': '", "'}", "shape", "is 'AAAA", 'A'},
        {"{'fortran_order': True, 'shape': (), 'descr': '", "'}", "descr", "is 'AAAA", 'A'},
        {"{'fortran_order': True, 'shape': (), 'descr': '", "'}", "descr", "is '\\xff\\xff", 0xff},
        {"{'fortran_order': True, 'shape': (), 'descr': '", "'}", "descr", "is '\\x00\\x00", 0},
        {"{'fortran_order': True, 'shape': (), 'descr': ", "}", "header", "goes on with [[[[", '['},
        {"{'fortran_order': True, 'descr': '<f4', 'shape': (", ",)}", "shape", "is (9999", '9'},
        {"{'", "': 1}", "header", "has the key '\\x1b\\x1b", 0x1b},
        {"", "", "header", "goes on with \\x0e\\x0e", 0x0e},
    };
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        size_t before = strlen(values[i].before), after = strlen(values[i].after);
        memset(text, values[i].fill, sizeof text);
        memcpy(text, values[i].before, before);
        memcpy(text + sizeof text - after, values[i].after, after);
        const struct file *made = make(1, 0, sizeof text, text, sizeof text);
        refused(made->bytes, made->count, values[i].field, values[i].fragment, values[i].before);
    }
}

/* What any accepted header must be, and that it survives being written and read again. */
static void check_sane(const struct poolgrad_npy *npy, size_t count, uint64_t seed)
{
    int64_t elements = 1;
    cr_assert(npy->kind && strchr("fuiV", npy->kind), "seed %" PRIu64, seed);
    cr_assert(npy->item_size >= 1 && npy->item_size <= 8, "seed %" PRIu64, seed);
    cr_assert(npy->rank >= 0 && npy->rank <= POOLGRAD_NPY_MAX_RANK, "seed %" PRIu64, seed);
    cr_assert(npy->data_offset <= count, "seed %" PRIu64, seed);
    for (int axis = 0; axis < npy->rank; axis++) {
        cr_assert(npy->shape[axis] >= 0, "seed %" PRIu64, seed);
        cr_assert(elements == 0 || npy->shape[axis] <= INT64_MAX / elements, "seed %" PRIu64, seed);
        elements *= npy->shape[axis];
    }
    cr_assert(npy->elements == elements && elements <= INT64_MAX / npy->item_size, "seed %" PRIu64, seed);
    unsigned char header[POOLGRAD_NPY_WRITTEN_HEADER];
    size_t size = poolgrad_npy_header(npy, header, sizeof header);
    struct poolgrad_npy again = accepted(header, size, "a header written for a mutation");
    cr_assert(again.kind == npy->kind && again.item_size == npy->item_size && again.elements == npy->elements);
    cr_assert(same_shape(&again, npy->rank, npy->shape), "seed %" PRIu64, seed);
}

/* Overwrites, inserts, removes or doubles a few bytes; half of the new ones are such as the grammar knows. */
static size_t mutate(unsigned char *text, size_t size, size_t capacity, uint64_t *state)
{
    static const char grammar[] = "'\"(){}[],:<>|=-L0123456789fuiVO \n";
    for (int64_t times = 1 + below(state, 4); times > 0; times--) {
        size_t at = (size_t)below(state, (int64_t)size);
        unsigned char byte = (unsigned char)below(state, 256);
        if (below(state, 2)) byte = (unsigned char)grammar[below(state, sizeof grammar - 1)];
        int64_t way = below(state, 4);
        if (way < 2) {
            text[at] = byte;
        } else if (way == 2 && size < capacity) {
            memmove(text + at + 1, text + at, size++ - at);
            text[at] = below(state, 2) ? byte : text[at + 1];
        } else if (size > 1) {
            memmove(text + at, text + at + 1, --size - at);
        }
    }
    return size;
}

Test(npy, mutations)
{
    static const char *const texts[] = {VALID, "{'descr': '|V2', 'fortran_order': True, 'shape': (), }",
                                        "{'shape': (12L, 0, 345,), \"descr\": '>i8', 'fortran_order': False}\n"};
    uint64_t first = number_from_environment("POOLGRAD_TEST_SEED", 1);
    uint64_t cases = number_from_environment("POOLGRAD_TEST_CASES", 100000), taken = 0;
    for (uint64_t i = 0; i < cases; i++) {
        uint64_t seed = first + i, state = seed;
        unsigned char text[128];
        const char *original = texts[below(&state, 3)];
        size_t size = strlen(original);
        memcpy(text, original, size);
        size = mutate(text, size, sizeof text, &state);
        make((int)(1 + below(&state, 3)), 0, (uint32_t)size, text, size);
        if (below(&state, 8) == 0) file.count = mutate(file.bytes, file.count, sizeof file.bytes, &state);
        struct poolgrad_npy npy;
        poolgrad_error error = {"", ""};
        const unsigned char *edge = at_the_edge(file.bytes, file.count);
        if (poolgrad_npy_parse(edge, file.count, &npy, &error) == POOLGRAD_OK) {
            check_sane(&npy, file.count, seed);
            taken++;
        } else {
            char what[64];
            snprintf(what, sizeof what, "POOLGRAD_TEST_SEED=%" PRIu64, seed);
            check_sentence(&error, what);
        }
    }
    cr_expect(cases < 1000 || (taken > cases / 100 && taken < cases / 2), "%" PRIu64 " of %" PRIu64 " accepted", taken,
              cases);
}

/* ---- Writing --------------------------------------------------------------------------------------------------- */

/* The whole header, its dictionary given but for the byte order, as NumPy would fill it up to `size` bytes. */
static void header_is(struct poolgrad_npy npy, size_t size, const char *dictionary)
{
    unsigned char expected[POOLGRAD_NPY_WRITTEN_HEADER], actual[POOLGRAD_NPY_WRITTEN_HEADER];
    const char *order = npy.item_size == 1 ? "|" : host_is_big_endian() ? ">" : "<";
    memset(expected, ' ', size);
    memcpy(expected, MAGIC "\1\0", 8);
    expected[8] = (unsigned char)(size - 10);
    expected[9] = 0;
    memcpy(expected + 10, dictionary, strlen(dictionary));
    memcpy(expected + 10 + strcspn(dictionary, "?"), order, 1);
    expected[size - 1] = '\n';
    npy.big_endian = npy.fortran_order = true; /* of no effect: what is written is native and in C order */
    cr_expect(poolgrad_npy_header(&npy, actual, sizeof actual) == size, "%s", dictionary);
    cr_expect(memcmp(actual, expected, size) == 0, "%s became\n%.*s", dictionary, (int)size - 10, (char *)actual + 10);
}

#define ARRAY(kind, size, rank, ...) ((struct poolgrad_npy){kind, size, false, false, rank, {__VA_ARGS__}, 0, 0})

/* Sizes and dictionaries as NumPy 1.24 writes them. */
Test(npy, headers_are_numpys)
{
    header_is(ARRAY('f', 4, 2, 3, 4), 128, "{'descr': '?f4', 'fortran_order': False, 'shape': (3, 4), }");
    header_is(ARRAY('f', 2, 0, 0), 128, "{'descr': '?f2', 'fortran_order': False, 'shape': (), }");
    header_is(ARRAY('f', 8, 1, 7), 128, "{'descr': '?f8', 'fortran_order': False, 'shape': (7,), }");
    header_is(ARRAY('u', 1, 4, 1, 2, 3, 4), 128, "{'descr': '?u1', 'fortran_order': False, 'shape': (1, 2, 3, 4), }");
    header_is(ARRAY('u', 2, 1, 0), 128, "{'descr': '?u2', 'fortran_order': False, 'shape': (0,), }");
    header_is(ARRAY('u', 4, 2, 3, 4), 128, "{'descr': '?u4', 'fortran_order': False, 'shape': (3, 4), }");
    header_is(ARRAY('i', 4, 2, 2, 0), 128, "{'descr': '?i4', 'fortran_order': False, 'shape': (2, 0), }");
    header_is(ARRAY('i', 8, 1, 5), 128, "{'descr': '?i8', 'fortran_order': False, 'shape': (5,), }");
    header_is(ARRAY('V', 2, 2, 6, 5), 128, "{'descr': '?V2', 'fortran_order': False, 'shape': (6, 5), }");
    header_is(ARRAY('f', 4, 1, INT64_MAX), 128,
              "{'descr': '?f4', 'fortran_order': False, 'shape': (9223372036854775807,), }");
    header_is(ARRAY('f', 4, 8, 5, 1234, 1234, 1234, 1234, 1234, 1234, 12), 128,
              "{'descr': '?f4', 'fortran_order': False, 'shape': (5, 1234, 1234, 1234, 1234, 1234, 1234, 12), }");
    /* Already a multiple of 64: NumPy adds as many again. */
    header_is(ARRAY('f', 4, 8, 5, 1234, 1234, 1234, 1234, 1234, 1234, 123), 192,
              "{'descr': '?f4', 'fortran_order': False, 'shape': (5, 1234, 1234, 1234, 1234, 1234, 1234, 123), }");
    header_is(ARRAY('f', 4, 8, 0, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX),
              POOLGRAD_NPY_WRITTEN_HEADER,
              "{'descr': '?f4', 'fortran_order': False, 'shape': (0, 9223372036854775807, 9223372036854775807, "
              "9223372036854775807, 9223372036854775807, 9223372036854775807, 9223372036854775807, "
              "9223372036854775807), }");
}

Test(npy, headers_need_their_room)
{
    struct poolgrad_npy npy = {.kind = 'f', .item_size = 4, .rank = 2, .shape = {3, 4}};
    unsigned char bytes[POOLGRAD_NPY_WRITTEN_HEADER];
    for (size_t capacity = 0; capacity <= sizeof bytes; capacity++) {
        memset(bytes, CANARY, sizeof bytes);
        size_t size = poolgrad_npy_header(&npy, bytes, capacity);
        cr_expect(size == (capacity < 128 ? 0 : 128), "%zu bytes of room, %zu written", capacity, size);
        for (size_t i = size; i < sizeof bytes; i++) cr_expect(bytes[i] == CANARY, "byte %zu of %zu", i, capacity);
    }
    cr_expect_eq(poolgrad_npy_header(&npy, NULL, 0), 0);
}

/* ---- Placing --------------------------------------------------------------------------------------------------- */

/* Element of a dense C-order array that stands at `position` in the file, by division. */
static int64_t place_of(const struct poolgrad_npy *npy, int64_t position)
{
    int64_t place = 0;
    if (!npy->fortran_order) return position;
    for (int axis = 0; axis < npy->rank; axis++) {
        int64_t before = 1, behind = 1;
        for (int other = 0; other < axis; other++) before *= npy->shape[other];
        for (int other = axis + 1; other < npy->rank; other++) behind *= npy->shape[other];
        place += position / before % npy->shape[axis] * behind;
    }
    return place;
}

static struct poolgrad_npy random_array(uint64_t *state)
{
    static const struct {
        char kind;
        int size;
    } items[] = {{'f', 2}, {'f', 4}, {'f', 8}, {'u', 1}, {'u', 2}, {'u', 4}, {'i', 4}, {'i', 8}, {'V', 2}};
    int64_t item = below(state, sizeof items / sizeof *items);
    struct poolgrad_npy npy = {.kind = items[item].kind, .item_size = items[item].size, .elements = 1};
    npy.big_endian = npy.item_size > 1 && below(state, 2);
    npy.fortran_order = below(state, 4) > 0;
    npy.rank = (int)below(state, POOLGRAD_NPY_MAX_RANK + 1);
    for (int axis = 0; axis < npy.rank; axis++) {
        npy.shape[axis] = 1 + below(state, npy.rank > 5 ? 3 : npy.rank > 2 ? 6 : 60);
        if (below(state, 3) == 0) npy.shape[axis] = 1;
        if (below(state, 80) == 0) npy.shape[axis] = 0;
        npy.elements *= npy.shape[axis];
    }
    return npy;
}

static void place_expected(const struct poolgrad_npy *npy, unsigned char *expected, int64_t first,
                           const unsigned char *chunk, int64_t count)
{
    bool swap = npy->big_endian != host_is_big_endian() && npy->item_size > 1;
    for (int64_t i = 0; i < count; i++) {
        for (int byte = 0; byte < npy->item_size; byte++) {
            int from = swap ? npy->item_size - 1 - byte : byte;
            expected[place_of(npy, first + i) * npy->item_size + byte] = chunk[i * npy->item_size + from];
        }
    }
}

/* The file in random pieces from last to first, some left out: what is not placed must stay as it was. */
static void place_case(uint64_t seed)
{
    const size_t fence = 32;
    uint64_t state = seed;
    struct poolgrad_npy npy = random_array(&state);
    size_t bytes = (size_t)(npy.elements * npy.item_size), shift = (size_t)below(&state, 8);
    unsigned char *actual = malloc(bytes + 2 * fence), *expected = malloc(bytes + 2 * fence);
    cr_assert(actual && expected);
    memset(actual, CANARY, bytes + 2 * fence);
    memset(expected, CANARY, bytes + 2 * fence);
    int64_t longest = 1 + below(&state, below(&state, 2) ? 10 : npy.elements + 1);
    for (int64_t end = npy.elements; end > 0;) {
        int64_t count = 1 + below(&state, end < longest ? end : longest);
        size_t size = (size_t)(count * npy.item_size);
        unsigned char *chunk = malloc(size);
        cr_assert(chunk);
        for (size_t i = 0; i < size; i++) chunk[i] = (unsigned char)below(&state, 256);
        end -= count;
        if (below(&state, 8) > 0) {
            poolgrad_npy_place(&npy, actual + fence + shift, end, chunk, count);
            place_expected(&npy, expected + fence + shift, end, chunk, count);
        }
        free(chunk);
    }
    poolgrad_npy_place(&npy, actual + fence + shift, npy.elements, NULL, 0);
    cr_expect(memcmp(actual, expected, bytes + 2 * fence) == 0,
              "POOLGRAD_TEST_SEED=%" PRIu64 ": %c%d, big endian %d, Fortran %d, rank %d", seed, npy.kind, npy.item_size,
              npy.big_endian, npy.fortran_order, npy.rank);
    free(actual);
    free(expected);
}

Test(npy, placing)
{
    uint64_t first = number_from_environment("POOLGRAD_TEST_SEED", 1);
    uint64_t cases = number_from_environment("POOLGRAD_TEST_CASES", 3000);
    for (uint64_t i = 0; i < cases; i++) place_case(first + i);
}

/* Written out by hand: [[1, 2, 3], [4, 5, 6]] in Fortran order, big endian. */
Test(npy, placing_by_hand)
{
    static const unsigned char data[] = {0, 1, 0, 4, 0, 2, 0, 5, 0, 3, 0, 6};
    static const uint16_t expected[] = {1, 2, 3, 4, 5, 6};
    struct poolgrad_npy npy = accepted_text("{'descr': '>u2', 'fortran_order': True, 'shape': (2, 3), }\n");
    uint16_t actual[6] = {0};
    poolgrad_npy_place(&npy, actual, 0, data, 5);
    poolgrad_npy_place(&npy, actual, 5, data + 10, 1);
    cr_expect(memcmp(actual, expected, sizeof expected) == 0);
}
