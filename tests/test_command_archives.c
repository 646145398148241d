/* SPDX-License-Identifier: Apache-2.0 */
/* Members of .npz archives, whole and damaged, and tensors on standard streams. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "support/npyfile.h"
#include "support/process.h"
#include "support/random.h"
#include "support/scene.h"
#include "support/view.h"
#include <poolgrad/poolgrad.h>

#define MAX2 " --kind max --kernel 2"
#define MAX3 " --kind max --kernel 3 --stride 2 --pad 1"

/* ---- Archives ---------------------------------------------------------------------------------------------------- */

enum { ROOM = 1 << 16, LOCAL = 30, ENTRY = 46, END = 22, STORED = 0, DEFLATED = 8, BLOCK = 5, BLOCK_MOST = 0xffff };

/* An archive in the making. */
struct archive {
    unsigned char bytes[ROOM], entries[ROOM / 4];
    size_t size, entries_size;
    int count;
};

static void put(unsigned char *at, size_t bytes, uint64_t value)
{
    for (size_t i = 0; i < bytes; i++) at[i] = (unsigned char)(value >> 8 * i);
}

/* Bit by bit, as the definition of CRC-32 says. */
static uint32_t checksum(const unsigned char *bytes, size_t size)
{
    uint32_t value = UINT32_MAX;
    for (size_t i = 0; i < 8 * size; i++) {
        const uint32_t bit = ((uint32_t)bytes[i / 8] >> i % 8 ^ value) & 1;
        value = value >> 1 ^ (bit ? UINT32_C(0xedb88320) : 0);
    }
    return ~value;
}

/* Deflated as one block that holds the bytes as they are, which every inflater has to take. */
static size_t put_data(struct archive *a, int method, const unsigned char *data, size_t size)
{
    unsigned char *at = a->bytes + a->size;
    const size_t head = method == DEFLATED ? BLOCK : 0;
    if (method == DEFLATED) {
        cr_assert(size <= BLOCK_MOST);
        put(at, 1, 1);
        put(at + 1, 2, size);
        put(at + 3, 2, ~size & BLOCK_MOST);
    }
    memcpy(at + head, data, size);
    a->size += head + size;
    return head + size;
}

static void add_member(struct archive *a, const char *name, int method, const unsigned char *data, size_t size)
{
    unsigned char *local = a->bytes + a->size, *entry = a->entries + a->entries_size;
    const size_t length = strlen(name), offset = a->size;
    cr_assert(a->size + size + 256 < ROOM);
    memcpy(local, "PK\3\4", 4);
    put(local + 8, 2, (uint64_t)method);
    put(local + 26, 2, length);
    memcpy(local + LOCAL, name, length);
    a->size += LOCAL + length;
    const size_t stored = put_data(a, method, data, size);
    memcpy(entry, "PK\1\2", 4);
    put(entry + 10, 2, (uint64_t)method);
    put(entry + 16, 4, checksum(data, size));
    put(entry + 20, 4, stored);
    put(entry + 24, 4, size);
    put(entry + 28, 2, length);
    put(entry + 42, 4, offset);
    memcpy(entry + ENTRY, name, length);
    a->entries_size += ENTRY + length;
    a->count++;
}

/* Adds the directory, and writes the file. The directory's place and the end record's are returned. */
static void finish(struct archive *a, const char *name, size_t *directory, size_t *end)
{
    *directory = a->size;
    *end = a->size + a->entries_size;
    memcpy(a->bytes + *directory, a->entries, a->entries_size);
    unsigned char *at = a->bytes + *end;
    memcpy(at, "PK\5\6", 4);
    put(at + 8, 2, (uint64_t)a->count);
    put(at + 10, 2, (uint64_t)a->count);
    put(at + 12, 4, a->entries_size);
    put(at + 16, 4, *directory);
    a->size = *end + END;
    scene_write_bytes(name, a->bytes, a->size);
}

static void add_file(struct archive *a, const char *member, int method, const char *file)
{
    size_t size;
    unsigned char *bytes = scene_read_bytes(file, &size);
    cr_assert(bytes);
    add_member(a, member, method, bytes, size);
    free(bytes);
}

/* x.npy and g.npy as members x and dy. */
static struct archive *write_archive(const char *name, int method, size_t *directory, size_t *end)
{
    struct archive *a = calloc(1, sizeof *a);
    add_file(a, "x.npy", method, "x.npy");
    add_file(a, "dy.npy", method, "g.npy");
    finish(a, name, directory, end);
    return a;
}

static npyfile pooled(void)
{
    poolgrad_problem p = scene_problem(POOLGRAD_FORWARD, &scene_source, NULL);
    p.kind = POOLGRAD_MAX;
    p.window.kernel_width = p.window.kernel_height = 2;
    p.offset_x = p.offset_y = 1;
    p.destination.width = 8;
    p.destination.height = 6;
    return scene_solve(&p, 4, NULL);
}

static npyfile gradient(void)
{
    poolgrad_problem p = scene_problem(POOLGRAD_GRADIENT, &scene_source, &scene_gradient);
    p.kind = POOLGRAD_MAX;
    p.window.kernel_width = p.window.kernel_height = 3;
    p.window.stride_x = p.window.stride_y = 2;
    return scene_solve(&p, 4, NULL);
}

static bool has_zlib(void)
{
    process_result result = process_run(NULL, "info");
    const bool has = strstr(result.out, "\nfiles             .npy, members of .npz\n") != NULL;
    cr_expect(has || strstr(result.out, ".npz that are not compressed (built without zlib)\n"), "%s", result.out);
    process_release(&result);
    return has;
}

Test(command_archives, stored_members, .init = scene_enter, .fini = scene_leave)
{
    size_t directory, end;
    scene_write();
    free(write_archive("a.npz", STORED, &directory, &end));
    cr_expect(scene_gives("forward --source a.npz:x --output y.npy" MAX2, "y.npy", pooled()));
    cr_expect(scene_gives("forward --source a.npz:x.npy --output y.npy" MAX2, "y.npy", pooled()));
    cr_expect(
        scene_gives("gradient --source a.npz:x --source-gradient a.npz:dy --output dx.npy" MAX3, "dx.npy", gradient()));
}

Test(command_archives, compressed_members, .init = scene_enter, .fini = scene_leave)
{
    size_t directory, end;
    scene_write();
    scene_write_bad_files();
    free(write_archive("a.npz", DEFLATED, &directory, &end));
    if (has_zlib()) {
        cr_expect(scene_gives("gradient --source a.npz:x --source-gradient a.npz:dy --output dx.npy" MAX3, "dx.npy",
                              gradient()));
        return;
    }
    cr_expect(
        scene_refuses("forward --source a.npz:x --output out.npy" MAX2,
                      "a.npz:x: member x is compressed; expected a poolgrad built with zlib (Debian: zlib1g-dev)"));
}

/* The member's bytes as zlib packs them, by Huffman codes and repetitions: 64 x 64 zeros behind a header, written with
 * Python's zipfile. */
Test(command_archives, packed_member, .init = scene_enter, .fini = scene_leave)
{
    char line[SCENE_LINE];
    if (!has_zlib()) cr_skip_test("built without zlib");
    snprintf(line, sizeof line, "forward --source %s/zeros.npz:z --output y.npy --kind max --kernel 8 --stride 8",
             POOLGRAD_TEST_DATA);
    const npyfile eight = {.descr = "<f4", .rank = 2, .shape = {8, 8}, .data = calloc(64, 4), .size = 256};
    cr_expect(scene_gives(line, "y.npy", eight));
}

/* A file by the whole name is that file, whatever colons are in it. */
Test(command_archives, names_with_colons, .init = scene_enter, .fini = scene_leave)
{
    size_t directory, end;
    scene_write();
    free(write_archive("a.npz", STORED, &directory, &end));
    scene_write_image(&scene_source, 4, "a.npz:dy");
    cr_expect(scene_gives("forward --source a.npz:dy --output y.npy" MAX2, "y.npy", pooled()));
    struct archive *colons = calloc(1, sizeof *colons);
    add_file(colons, "n:m.npy", STORED, "x.npy");
    finish(colons, "b:c.npz", &directory, &end);
    free(colons);
    cr_expect(scene_gives("forward --source b:c.npz:n:m --output y.npy" MAX2, "y.npy", pooled()));
    cr_expect(scene_gives("forward --source x.npy --output d:y.npy" MAX2, "d:y.npy", pooled()));
}

/* Members x and x.npy: a whole name goes first. */
Test(command_archives, whole_names_go_first, .init = scene_enter, .fini = scene_leave)
{
    size_t directory, end;
    scene_write();
    struct archive *a = calloc(1, sizeof *a);
    add_file(a, "x.npy", STORED, "g.npy");
    add_file(a, "x", STORED, "x.npy");
    finish(a, "a.npz", &directory, &end);
    free(a);
    cr_expect(scene_gives("forward --source a.npz:x --output y.npy" MAX2, "y.npy", pooled()));
}

static const char *const names[][2] = {
    {"forward --source a.npz --output out.npy" MAX2,
     "a.npz: is an archive; expected a member of it, a.npz:NAME with the "
     "NAME x or dy"},
    {"forward --source a.npz:y --output out.npy" MAX2, "a.npz:y: member y is none of the archive's; expected x or dy"},
    {"forward --source a.npz: --output out.npy" MAX2, "a.npz:: member '' is none of the archive's; expected x or dy"},
    {"forward --source x.npy:x --output out.npy" MAX2, "x.npy:x: no archive stands before the colon; expected an .npz"},
    {"forward --source tensors.bin:x --output out.npy" MAX2,
     "tensors.bin:x: format is that of safetensors; expected a"},
    {"forward --source none.npz:x --output out.npy" MAX2, "--source none.npz:x: No such file or directory"},
    {"forward --source a.npz:x --output a.npz" MAX2, "--output a.npz: is also --source; expected a file of its own"},
    {"forward --source a.npz:x --output a.npz:y" MAX2,
     "--output a.npz:y: would be a member of an archive; expected a .npy file of its own"},
    {"forward --source a.npz:x --output new.npz:y" MAX2,
     "--output new.npz:y: would be a member of an archive; expected a .npy file of its own"},
    {"forward --source torch.pt --output out.npy" MAX2, "torch.pt: format is that of torch.save; expected a .npy file, "
                                                        "as numpy.save(FILE, tensor.detach().cpu().numpy())"},
    {"forward --source torch.pt:x --output out.npy" MAX2, "torch.pt:x: format is that of torch.save; expected a .npy"},
    {"forward --source twice.npz:x --output out.npy" MAX2, "member x is in the archive 2 times; expected it once"},
    {"forward --source empty.npz --output out.npy" MAX2, "empty.npz: archive has no member that can be read"},
    {"forward --source empty.npz:x --output out.npy" MAX2, "archive has no member that can be read; expected one"},
};

Test(command_archives, refused_names, .init = scene_enter, .fini = scene_leave)
{
    size_t directory, end;
    scene_write();
    scene_write_bad_files();
    free(write_archive("a.npz", STORED, &directory, &end));
    struct archive *torch = calloc(1, sizeof *torch);
    add_member(torch, "t/data.pkl", STORED, (const unsigned char *)"x", 1);
    add_member(torch, "t/data/0", STORED, (const unsigned char *)"1234", 4);
    finish(torch, "torch.pt", &directory, &end);
    free(torch);
    static const unsigned char tensors[] = "\x40\0\0\0\0\0\0\0{\"x\":{\"dtype\":\"F32\"}}";
    scene_write_bytes("tensors.bin", tensors, sizeof tensors);
    struct archive *twice = calloc(1, sizeof *twice), *empty = calloc(1, sizeof *empty);
    add_file(twice, "x.npy", STORED, "x.npy");
    add_file(twice, "x.npy", STORED, "g.npy");
    finish(twice, "twice.npz", &directory, &end);
    finish(empty, "empty.npz", &directory, &end);
    free(twice);
    free(empty);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        cr_expect(scene_refuses(names[i][0], names[i][1]), "expected: %s", names[i][1]);
}

/* A change of some bytes, at a place in the first member's local header or data, in its entry of the directory or in
 * the end record. */
static const struct damage {
    enum { IN_MEMBER, IN_ENTRY, IN_END } where;
    size_t at, bytes;
    uint64_t value;
    const char *sentence;
} damages[] = {
    {IN_MEMBER, 0, 1, 'Q', "archive"},
    {IN_MEMBER, 2, 1, 9, "bad.npz: magic is PK"},
    {IN_MEMBER, 26, 2, 0xffff, "member x reaches into the archive's directory; expected it before"},
    {IN_MEMBER, LOCAL + 5 + 200, 1, 77, "bad.npz:x: checksum is "},
    {IN_ENTRY, 0, 1, 'Q', "archive has no member that can be read; expected one"},
    {IN_ENTRY, 8, 2, 1, "member x is encrypted; expected it plain"},
    {IN_ENTRY, 10, 2, 14, "member x is packed by method 14; expected 0 (stored) or 8 (deflated)"},
    {IN_ENTRY, 16, 4, 1, "; expected 00000001, the data is damaged"},
    {IN_ENTRY, 20, 4, 0xffffffff, "member x is of the zip64 kind; expected less than 4 GiB"},
    {IN_ENTRY, 20, 4, 7, "member x takes 7 bytes; expected its "},
    {IN_ENTRY, 24, 4, 0xffffffff, "member x is of the zip64 kind"},
    {IN_ENTRY, 42, 4, 0xffffffff, "member x is of the zip64 kind"},
    {IN_ENTRY, 42, 4, 0xfffffffe, "member x does not begin at byte 4294967294; expected it there"},
    {IN_ENTRY, 42, 4, 1, "member x does not begin at byte 1; expected it there"},
    {IN_ENTRY, 28, 2, 0xffff, "archive has no member that can be read; expected one"},
    {IN_END, 4, 2, 1, "archive is a part of several; expected it whole"},
    {IN_END, 10, 2, 0xffff, "archive is of the zip64 kind; expected less than 4 GiB in it"},
    {IN_END, 12, 4, 0xffffffff, "archive is of the zip64 kind"},
    {IN_END, 12, 4, 0xfffffffe, "archive has a directory of 4294967294 bytes; expected at most 16777216"},
    {IN_END, 16, 4, 0x7fffffff, "archive has its directory at byte 2147483647; expected it before byte "},
    {IN_END, 20, 2, 1, "archive ends without a directory; expected it whole"},
    {IN_END, 0, 1, 'Q', "archive ends without a directory; expected it whole"},
};

Test(command_archives, damaged_archives, .init = scene_enter, .fini = scene_leave)
{
    scene_write();
    scene_write_bad_files();
    for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
        size_t directory, end;
        const struct damage *damage = &damages[i];
        struct archive *a = write_archive("bad.npz", STORED, &directory, &end);
        put(a->bytes + damage->at +
                (damage->where == IN_END     ? end
                 : damage->where == IN_ENTRY ? directory
                                             : 0),
            damage->bytes, damage->value);
        scene_write_bytes("bad.npz", a->bytes, a->size);
        free(a);
        const bool plain = damage->where == IN_MEMBER && damage->at == 2;
        cr_expect(scene_refuses(plain ? "forward --source bad.npz --output out.npy" MAX2
                                      : "forward --source bad.npz:x --output out.npy" MAX2,
                                damage->sentence),
                  "%zu, expected: %s", i, damage->sentence);
    }
}

/* A sentence and an orderly end, however the bytes are changed and wherever the file is cut. */
Test(command_archives, random_archives, .init = scene_enter, .fini = scene_leave)
{
    size_t directory, end;
    scene_write();
    struct archive *whole = write_archive("a.npz", has_zlib() ? DEFLATED : STORED, &directory, &end);
    struct archive *bad = calloc(1, sizeof *bad);
    random_sweep sweep = random_sweep_start("random_archives", 150);
    while (random_sweep_next(&sweep)) {
        random_state r = {sweep.seed};
        *bad = *whole;
        for (int64_t changes = random_between(&r, 1, 3); changes > 0; changes--) {
            const int64_t from = random_chance(&r, 70) ? (int64_t)directory : 0;
            bad->bytes[random_between(&r, from, (int64_t)bad->size - 1)] = (unsigned char)random_bits(&r);
        }
        if (random_chance(&r, 10)) bad->size = (size_t)random_between(&r, 0, (int64_t)bad->size);
        scene_write_bytes("bad.npz", bad->bytes, bad->size);
        process_result result = process_run(&scene_setting, "forward --source bad.npz:x --output out.npy" MAX2);
        cr_expect((result.status == 0 || (result.status == 2 && strchr(result.err, '\n'))) &&
                      process_speaks_plainly(&result),
                  "seed %" PRIu64 ": status %d, signal %d: %s", sweep.seed, result.status, result.signal, result.err);
        if (result.status == 0) sweep.telling++;
        process_release(&result);
    }
    cr_expect(random_sweep_told(&sweep, 2), "%" PRId64 " of %" PRId64 " ran through", sweep.telling, sweep.cases);
    free(whole);
    free(bad);
}

/* ---- Standard streams -------------------------------------------------------------------------------------------- */

/* Runs the line with the file as standard input; what it prints is an array like the expected one, which is freed. */
static void expect_stream(const char *line, const char *input, npyfile expected)
{
    npyfile actual = {0};
    const int kept = dup(STDIN_FILENO), file = open(scene_path(input), O_RDONLY);
    cr_assert(file >= 0 && dup2(file, STDIN_FILENO) >= 0);
    process_result result = process_run(&scene_setting, line);
    cr_expect(result.status == 0 && !*result.err, "%s: %s", line, result.err);
    cr_expect(npyfile_parse(&actual, result.out, result.out_size) && npyfile_same(line, &expected, &actual));
    process_release(&result);
    if (kept >= 0) cr_assert(dup2(kept, STDIN_FILENO) >= 0);
    close(kept);
    close(file);
    npyfile_free(&actual);
    npyfile_free(&expected);
}

Test(command_archives, standard_streams, .init = scene_enter, .fini = scene_leave)
{
    scene_write();
    expect_stream("forward --source - --output -" MAX2, "x.npy", pooled());
    expect_stream("gradient --source x.npy --source-gradient - --output -" MAX3, "g.npy", gradient());
    char *list = scene_list();
    cr_expect(strcmp(list, "g.npy x.npy ") == 0, "left behind: %s", list);
    free(list);
    scene_write_image(&scene_source, 4, "-");
    expect_stream("forward --source ./- --output -" MAX2, "g.npy", pooled());
}

/* A graph's text, too. */
Test(command_archives, graph_from_standard_input, .init = scene_enter, .fini = scene_leave)
{
    static const char kernel[] = "{\"class\": \"pooling\", \"kind\": \"max\", \"kernel_width\": 2, "
                                 "\"kernel_height\": 2, \"stride_in_pixels_x\": 2, \"stride_in_pixels_y\": 2}";
    process_result result = process_run(NULL, "info");
    const bool reads = strstr(result.out, "\ngraphs            read with jansson ") != NULL;
    process_release(&result);
    if (!reads) cr_skip_test("built without jansson");
    scene_write_bytes("kernel.json", kernel, sizeof kernel - 1);
    const int kept = dup(STDIN_FILENO), file = open(scene_path("kernel.json"), O_RDONLY);
    cr_assert(file >= 0 && dup2(file, STDIN_FILENO) >= 0);
    result = process_run(&scene_setting, "graph --graph - --print-json");
    cr_expect(result.status == 0 && !*result.err && strstr(result.out, "\"kernel_width\": 2"), "%s", result.err);
    process_release(&result);
    result = process_run(&scene_setting, "graph --graph - --print-json");
    cr_expect(result.status == 2 && strstr(result.err, "graph: standard input: "), "%s", result.err);
    process_release(&result);
    if (kept >= 0) cr_assert(dup2(kept, STDIN_FILENO) >= 0);
    close(kept);
    close(file);
}

Test(command_archives, one_file_on_a_stream, .init = scene_enter, .fini = scene_leave)
{
    scene_write();
    scene_write_bad_files();
    cr_expect(scene_refuses("gradient --source - --source-gradient - --output out.npy" MAX3,
                            "--source and --source-gradient are both -; expected one file on standard input"));
    cr_expect(scene_refuses("forward --source x.npy --output - --picks -" MAX2,
                            "--picks and --output are both -; expected one file on standard output"));
    cr_expect(scene_refuses("graph --graph - --source x=- --output out.npy",
                            "--graph and --source are both -; expected one file on standard input"));
    cr_expect(
        scene_refuses("forward --source /dev/null --output out.npy" MAX2, "/dev/null: header ends after 0 bytes"));
}

/* A terminal would take a tensor's bytes for commands. */
Test(command_archives, terminals_get_no_tensor, .init = scene_enter, .fini = scene_leave)
{
    scene_write();
    const int terminal = posix_openpt(O_RDWR | O_NOCTTY);
    if (terminal < 0 || grantpt(terminal) != 0 || unlockpt(terminal) != 0) cr_skip_test("no terminal to be had");
    char line[SCENE_LINE];
    const char *name = ptsname(terminal);
    process_setting setting = {.folder = scene_folder, .out = fopen(name, "wb")};
    cr_assert(setting.out);
    process_result result = process_run(&setting, "forward --source x.npy --output -" MAX2);
    cr_expect(result.status == 2 && strstr(result.err, "--output -: is a terminal; expected a file or a pipe"), "%s",
              result.err);
    process_release(&result);
    fclose(setting.out);
    snprintf(line, sizeof line, "forward --source x.npy --output %s" MAX2, name);
    result = process_run(&scene_setting, line);
    cr_expect(result.status == 2 && strstr(result.err, ": is a terminal; expected a file or a pipe"), "%s", result.err);
    process_release(&result);
    close(terminal);
}
