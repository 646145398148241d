/* SPDX-License-Identifier: Apache-2.0 */
/* The command and its files: those that are not what they say, where results go, what is left of a run that fails or is
 * interrupted, memory, and chance. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/options.h"
#include "support/npyfile.h"
#include "support/process.h"
#include "support/random.h"
#include "support/scene.h"
#include "support/view.h"
#include <poolgrad/poolgrad.h>

#ifndef __has_feature
#define __has_feature(feature) 0
#endif
#if defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer)
enum { THREAD_SANITIZER = 1 };
#else
enum { THREAD_SANITIZER = 0 };
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
enum { ADDRESS_SANITIZER = 1 };
#else
enum { ADDRESS_SANITIZER = 0 };
#endif

#define FORWARD "forward --source x.npy --output out.npy "
#define GRADIENT "gradient --source x.npy --source-gradient g.npy --output out.npy "
#define MAX2 "--kind max --kernel 2"
#define MAX3 "--kind max --kernel 3 --stride 2 --pad 1"
#define AVERAGE2 "--kind average --kernel 2"
#define AVERAGE3 "--kind average --kernel 3 --stride 2 --pad 1"

/* ---- Files that are not what they say ---------------------------------------------------------------------------- */

#define USE_AS_SOURCE "forward --source bad.npy --output out.npy " AVERAGE2
#define USE_AS_GRADIENT                                                                                                \
    "gradient --source-gradient bad.npy --output out.npy --source-width 9 --source-height 7 " AVERAGE3

static void refuse_file(const void *bytes, size_t size, const char *sentence)
{
    scene_write_bytes("bad.npy", bytes, size);
    cr_expect(scene_refuses(USE_AS_SOURCE, sentence), "expected: %s", sentence);
    cr_expect(scene_refuses(USE_AS_GRADIENT, sentence), "expected: %s", sentence);
}

Test(command_files, truncated_and_padded_files, .init = scene_enter, .fini = scene_leave)
{
    scene_write();
    size_t size;
    unsigned char *bytes = scene_read_bytes("g.npy", &size);
    static const size_t cuts[] = {0, 1, 5, 6, 7, 8, 9, 10, 11, 64, 127};
    char sentence[128];
    for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
        snprintf(sentence, sizeof sentence, "bad.npy: header ends after %zu bytes", cuts[i]);
        refuse_file(bytes, cuts[i], sentence);
    }
    snprintf(sentence, sizeof sentence, "bad.npy: is 128 bytes long; expected %zu by its header", size);
    refuse_file(bytes, 128, sentence);
    snprintf(sentence, sizeof sentence, "bad.npy: is %zu bytes long; expected %zu by its header", size - 1, size);
    refuse_file(bytes, size - 1, sentence);
    snprintf(sentence, sizeof sentence, "bad.npy: is %zu bytes long; expected %zu by its header", size + 1, size);
    unsigned char *longer = calloc(size + 1, 1);
    memcpy(longer, bytes, size);
    refuse_file(longer, size + 1, sentence);
    free(longer);
    free(bytes);
}

static const struct bad_header {
    int major;
    const char *text, *sentence;
} bad_headers[] = {
    {1, "", "expected a Python dictionary"},
    {1, "{'descr': '|O', 'fortran_order': False, 'shape': (2, 2), }", "bad.npy: descr is '|O'; expected float16"},
    {1, "{'descr': '<c8', 'fortran_order': False, 'shape': (2, 2), }",
     "bad.npy: descr is '<c8', complex64; expected float16"},
    {1, "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2, 2), }", "bad.npy: descr is [('a', '<f4')]"},
    {1, "{'descr': '<f4', 'fortran_order': 1, 'shape': (2, 2), }", "fortran_order is 1; expected True or False"},
    {1, "{'descr': '<f4', 'fortran_order': False, 'shape': (-2, 2), }", "shape is (-2, 2); expected"},
    {1, "{'descr': '<f4', 'fortran_order': False, 'shape': 4, }", "shape is 4; expected a tuple"},
    {2, "{'descr': '<f4', 'fortran_order': False, }", "bad.npy: shape is missing; expected it in the header"},
    {2, "{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775807, 9), }", "no more bytes than memory"},
    {3, "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296), }", "no more bytes than memory"},
    {3, "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999, 2), }", "expected sizes from 0 to"},
    {1, "{'descr': '<f4', 'fortran_order': False, 'shape': (1099511627776, 4), }", "bytes long; expected 17592186044"},
    {4, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }", "bad.npy: version is 4.0; expected 1.0, 2.0 or"},
};

Test(command_files, malformed_headers, .init = scene_enter, .fini = scene_leave)
{
    for (size_t i = 0; i < sizeof bad_headers / sizeof *bad_headers; i++) {
        const struct bad_header *bad = &bad_headers[i];
        unsigned char bytes[256] = "\x93NUMPY";
        size_t length = strlen(bad->text), preamble = bad->major == 1 ? 10 : 12;
        bytes[6] = (unsigned char)bad->major;
        bytes[8] = (unsigned char)length;
        memcpy(bytes + preamble, bad->text, length);
        refuse_file(bytes, preamble + length, bad->sentence);
    }
    static const unsigned char huge[] = "\x93NUMPY\2\0\xff\xff\xff\xff{'descr': '<f4'";
    refuse_file(huge, sizeof huge, "bad.npy: header is 4294967307 bytes long; expected at most 65536");
    static const unsigned char wrong[] = "\x93NUMPX\1\0v\0{'descr': '<f4'";
    refuse_file(wrong, sizeof wrong, "bad.npy: magic is \\x93NUMPX; expected \\x93NUMPY");
    static const unsigned char tensors[] = "\x40\0\0\0\0\0\0\0{\"x\":{\"dtype\":\"F32\"}}";
    refuse_file(tensors, sizeof tensors, "bad.npy: format is that of safetensors; expected a .npy file, as numpy.save");
    static const unsigned char pickle[] = "\x80\2\x8a\nl\xfc\x9c";
    refuse_file(pickle, sizeof pickle, "bad.npy: format is that of Python's pickle, which torch.save and object");
    static const unsigned char hdf5[] = "\x89HDF\r\n\x1a\n....";
    refuse_file(hdf5, sizeof hdf5, "bad.npy: format is that of HDF5; expected a .npy file");
    static const unsigned char archive[] = "PK\3\4and so on, as numpy.savez has it";
    refuse_file(archive, sizeof archive, "bad.npy: archive ends without a directory; expected it whole");
}

/* ---- Where results go -------------------------------------------------------------------------------------------- */

#define POOL_X "forward --source x.npy " MAX2 " --output "

static npyfile pooled_x(void)
{
    poolgrad_problem p = scene_problem(POOLGRAD_FORWARD, &scene_source, NULL);
    p.kind = POOLGRAD_MAX;
    p.window = (poolgrad_window){
        .kernel_width = 2, .kernel_height = 2, .stride_x = 1, .stride_y = 1, .dilation_x = 1, .dilation_y = 1};
    p.offset_x = p.offset_y = 1;
    p.destination.width = 8;
    p.destination.height = 6;
    return scene_solve(&p, 4, NULL);
}

/* Whether another name of the file, a link of either sort, is refused as an output. */
static void refuse_links_to_inputs(void)
{
    cr_expect(symlink("x.npy", scene_path("soft.npy")) == 0);
    char target[2 * SCENE_PATH];
    snprintf(target, sizeof target, "%s", scene_path("x.npy"));
    cr_expect(link(target, scene_path("hard.npy")) == 0);
    cr_expect(symlink("new.npy", scene_path("ahead.npy")) == 0);
    cr_expect(scene_refuses(POOL_X "soft.npy", "--output soft.npy: is also --source; expected a file of its own"));
    cr_expect(scene_refuses(POOL_X "hard.npy", "--output hard.npy: is also --source; expected a file of its own"));
    cr_expect(scene_refuses(POOL_X "new.npy --picks ahead.npy", "is also --"));
    cr_expect(symlink("loop.npy", scene_path("loop.npy")) == 0);
    cr_expect(
        scene_refuses(POOL_X "loop.npy", "--output loop.npy: cannot be written: Too many levels of symbolic links"));
}

Test(command_files, links, .init = scene_enter, .fini = scene_leave)
{
    struct stat status;
    scene_write();
    refuse_links_to_inputs();
    scene_write_bytes("y.npy", "old", 3);
    cr_expect(chmod(scene_path("y.npy"), 0640) == 0);
    cr_expect(symlink("y.npy", scene_path("to_y.npy")) == 0);
    cr_expect(scene_gives(POOL_X "to_y.npy", "y.npy", pooled_x()), "written through a link");
    cr_expect(lstat(scene_path("to_y.npy"), &status) == 0 && S_ISLNK(status.st_mode), "the link is still one");
    cr_expect(stat(scene_path("y.npy"), &status) == 0 && (status.st_mode & 0777) == 0640, "access rights are kept");
    cr_expect(scene_gives(POOL_X "ahead.npy", "new.npy", pooled_x()), "written through a link that leads nowhere yet");
    cr_expect(lstat(scene_path("ahead.npy"), &status) == 0 && S_ISLNK(status.st_mode), "the link is still one");
}

/* A name as long as the file system takes leaves no room for a longer one. */
Test(command_files, long_and_relative_names, .init = scene_enter, .fini = scene_leave)
{
    char name[NAME_MAX + 1], line[SCENE_LINE];
    scene_write();
    memset(name, 'y', NAME_MAX);
    name[NAME_MAX] = '\0';
    snprintf(line, sizeof line, "%s%s", POOL_X, name);
    cr_expect(scene_gives(line, name, pooled_x()));
    cr_expect(scene_gives(POOL_X "./y.npy", "y.npy", pooled_x()));
    snprintf(line, sizeof line, "%s%s", POOL_X, scene_path("z.npy"));
    cr_expect(scene_gives(line, "z.npy", pooled_x()));
    snprintf(line, sizeof line, "%s../%s/w.npy", POOL_X, strrchr(scene_folder, '/') + 1);
    cr_expect(scene_gives(line, "w.npy", pooled_x()));
}

static void check_standard_output(const char *name)
{
    char line[SCENE_LINE];
    npyfile expected = pooled_x(), actual = {0};
    snprintf(line, sizeof line, "%s%s", POOL_X, name);
    process_result result = process_run(&scene_setting, line);
    cr_expect(result.status == 0 && !*result.err, "%s: %s", name, result.err);
    cr_expect(npyfile_parse(&actual, result.out, result.out_size) && npyfile_same(name, &expected, &actual));
    process_release(&result);
    npyfile_free(&actual);
    npyfile_free(&expected);
}

/* A file that something stands in already, as `>>` leaves it: the tensor comes behind. */
static void check_append(void)
{
    npyfile expected = pooled_x(), actual = {0};
    scene_write_bytes("log", "before", 6);
    process_setting setting = scene_setting;
    setting.out = fopen(scene_path("log"), "ab");
    process_result result = process_run(&setting, POOL_X "/dev/stdout");
    fclose(setting.out);
    cr_expect(result.status == 0 && !*result.err, "%s", result.err);
    process_release(&result);
    size_t size;
    unsigned char *bytes = scene_read_bytes("log", &size);
    cr_expect(size > 6 && memcmp(bytes, "before", 6) == 0, "what stood there is gone");
    cr_expect(npyfile_parse(&actual, bytes + 6, size - 6) && npyfile_same("log", &expected, &actual));
    free(bytes);
    npyfile_free(&actual);
    npyfile_free(&expected);
}

/* process_run's standard output is a file without a name, which cannot be replaced and must not be looked for. */
Test(command_files, standard_output, .init = scene_enter, .fini = scene_leave)
{
    struct stat before, after;
    scene_write();
    cr_assert(lstat("/dev/stdout", &before) == 0 && S_ISLNK(before.st_mode));
    check_standard_output("/dev/stdout");
    check_standard_output("/dev/fd/1");
    check_append();
    cr_expect(lstat("/dev/stdout", &after) == 0 && S_ISLNK(after.st_mode) && before.st_ino == after.st_ino);
}

/* All that comes out of a pipe until its writers are gone, to be freed. */
static unsigned char *drain(int pipe, size_t *size)
{
    enum { ROOM = 1 << 20 };
    unsigned char *bytes = calloc(ROOM, 1);
    ssize_t got;
    for (*size = 0; (got = read(pipe, bytes + *size, ROOM - *size)) != 0;) {
        if (got < 0 && errno != EINTR) break;
        if (got > 0) *size += (size_t)got;
    }
    return bytes;
}

/* Pools what is written into the pipe, of which nobody knows the size beforehand. */
static process_result pool_from_pipe(const unsigned char *bytes, size_t size)
{
    static const char *const words[] = {"forward", "--source=pipe", "--kind=max", "--kernel=2", "--output=y.npy", NULL};
    process running = process_start(&scene_setting, words);
    int pipe = open(scene_path("pipe"), O_WRONLY);
    cr_expect(write(pipe, bytes, size) == (ssize_t)size);
    close(pipe);
    return process_finish(&running);
}

Test(command_files, input_from_a_pipe, .init = scene_enter, .fini = scene_leave)
{
    scene_write();
    npyfile expected = pooled_x(), actual = {0};
    cr_assert(mkfifo(scene_path("pipe"), 0600) == 0);
    size_t size;
    unsigned char *bytes = scene_read_bytes("x.npy", &size);
    process_result result = pool_from_pipe(bytes, size);
    cr_expect(result.status == 0 && !*result.err, "%s", result.err);
    cr_expect(npyfile_read(&actual, scene_folder, "y.npy") && npyfile_same("y.npy", &expected, &actual));
    process_release(&result);
    result = pool_from_pipe(bytes, size - 1);
    cr_expect(result.status == 2 && strstr(result.err, "pipe: ends after 1007 elements; expected 1008"), "%s",
              result.err);
    process_release(&result);
    result = pool_from_pipe(bytes, size + 1);
    cr_expect(result.status == 2 && strstr(result.err, "pipe: goes on after 1008 elements"), "%s", result.err);
    process_release(&result);
    free(bytes);
    npyfile_free(&actual);
    npyfile_free(&expected);
}

Test(command_files, output_to_a_pipe, .init = scene_enter, .fini = scene_leave)
{
    scene_write();
    npyfile expected = pooled_x(), actual = {0};
    cr_assert(mkfifo(scene_path("pipe"), 0600) == 0);
    static const char *const words[] = {"forward", "--source=x.npy", "--kind=max", "--kernel=2", "--output=pipe", NULL};
    process running = process_start(&scene_setting, words);
    int pipe = open(scene_path("pipe"), O_RDONLY);
    size_t size;
    unsigned char *bytes = drain(pipe, &size);
    close(pipe);
    process_result result = process_finish(&running);
    cr_expect(result.status == 0 && !*result.err, "%s", result.err);
    cr_expect(npyfile_parse(&actual, bytes, size) && npyfile_same("pipe", &expected, &actual));
    process_release(&result);
    free(bytes);
    npyfile_free(&actual);
    npyfile_free(&expected);
}

/* A closed stream's number goes to the next file that is opened: notes must not end up in the output. */
Test(command_files, closed_streams, .init = scene_enter, .fini = scene_leave)
{
    scene_write();
    npyfile expected = pooled_x();
    for (int streams = 1; streams <= 3; streams++) {
        npyfile actual = {0};
        process_setting setting = {.folder = scene_folder, .no_out = streams & 1, .no_err = streams & 2};
        process_result result = process_run(&setting, POOL_X "y.npy --zero-pad 1 --accumulator float64");
        cr_expect(result.status == 0);
        cr_expect(npyfile_read(&actual, scene_folder, "y.npy") && npyfile_same("y.npy", &expected, &actual));
        process_release(&result);
        npyfile_free(&actual);
    }
    process_setting setting = {.folder = scene_folder, .no_out = true};
    process_result result = process_run(&setting, "info");
    cr_expect(result.status == 2 && strstr(result.err, "standard output cannot be written") != NULL, "%s", result.err);
    process_release(&result);
    npyfile_free(&expected);
}

/* ---- Interruption ------------------------------------------------------------------------------------------------ */

/* Waits until the folder has as many temporaries; false after a while. */
static bool wait_for_temporaries(int wanted)
{
    enum { TRIES = 2000 };
    for (int i = 0; i < TRIES; i++) {
        char *list = scene_list();
        int found = 0;
        for (const char *at = list; (at = strstr(at, ".poolgrad.")); at++) found++;
        free(list);
        if (found == wanted) return true;
        usleep(10000);
    }
    return false;
}

/* The work takes minutes if it is let. */
static void interrupt(int signal_number)
{
    static const char *const words[] = {"forward", "--source",  "x.npy", "--kind",   "max",     "--kernel",
                                        "501",     "--pad",     "250",   "--output", "out.npy", "--picks",
                                        "new.npy", "--threads", "1",     NULL};
    size_t old_size;
    process running = process_start(&scene_setting, words);
    cr_expect(wait_for_temporaries(2), "the work does not begin");
    kill(running.id, signal_number);
    process_result result = process_finish(&running);
    cr_expect(result.signal == signal_number, "status %d, signal %d: %s", result.status, result.signal, result.err);
    process_release(&result);
    char *list = scene_list();
    cr_expect(strcmp(list, "out.npy x.npy ") == 0, "left behind: %s", list);
    free(list);
    unsigned char *old = scene_read_bytes("out.npy", &old_size);
    cr_expect(old_size == 3 && memcmp(old, "old", 3) == 0, "the output has changed");
    free(old);
}

Test(command_files, interrupted_runs_leave_nothing, .init = scene_enter, .fini = scene_leave)
{
    if (THREAD_SANITIZER) cr_skip_test("ThreadSanitizer holds signals back");
    poolgrad_image x = scene_tensor(POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 1000, 1000);
    scene_write_image(&x, 2, "x.npy");
    scene_write_bytes("out.npy", "old", 3);
    interrupt(SIGINT);
    interrupt(SIGTERM);
    interrupt(SIGHUP);
    view_free(&x);
}

/* A reader who leaves early. */
Test(command_files, broken_pipe, .init = scene_enter, .fini = scene_leave)
{
    scene_write();
    int ends[2];
    cr_assert(pipe(ends) == 0);
    FILE *into = fdopen(ends[1], "wb");
    process_setting setting = {.folder = scene_folder, .out = into};
    close(ends[0]);
    process_result result = process_run(&setting, POOL_X "/dev/stdout");
    cr_expect(result.signal == SIGPIPE, "status %d, signal %d: %s", result.status, result.signal, result.err);
    process_release(&result);
    fclose(into);
}

/* ---- Memory ------------------------------------------------------------------------------------------------------ */

/* The tensors once each and little beside them. The file is a hole, and the result goes nowhere: neither disk counts.
 */
Test(command_files, memory_is_that_of_the_tensors, .init = scene_enter, .fini = scene_leave)
{
    enum { CHANNELS = 16, SIDE = 2048, STRIDE = 3, MEBIBYTE = 1 << 20, KIBIBYTE = 1 << 10 };
    const int64_t gradient_bytes = INT64_C(2) * CHANNELS * SIDE * SIDE / 2, output_bytes = gradient_bytes * STRIDE;
    if (ADDRESS_SANITIZER || THREAD_SANITIZER || getenv("POOLGRAD_EMULATOR"))
        cr_skip_test("the memory is not the command's alone");
    npyfile g = {.descr = "<f2", .rank = 3, .shape = {CHANNELS, SIDE / 2, SIDE}};
    npyfile_write(&g, scene_folder, "g.npy");
    cr_assert(truncate(scene_path("g.npy"), 128 + gradient_bytes) == 0);
    process_result result = process_run(&scene_setting,
                                        "gradient --source-gradient g.npy --output /dev/null --kind average "
                                        "--kernel 1 --stride-y 3 --source-width 2048 --source-height 3072");
    cr_expect(result.status == 0 && !*result.err, "%s", result.err);
    int64_t tensors = (gradient_bytes + output_bytes) / KIBIBYTE;
    cr_expect(result.peak >= tensors, "%ld KiB for tensors of %" PRId64 " KiB: not measured", result.peak, tensors);
    cr_expect(result.peak <= tensors + 16 * MEBIBYTE / KIBIBYTE, "%ld KiB for tensors of %" PRId64 " KiB", result.peak,
              tensors);
    process_release(&result);
}

/* ---- Chance ------------------------------------------------------------------------------------------------------ */

static const char *const small_numbers[] = {"0", "1", "2", "3", "4", "5", "8", "-1"};
static const char *const hostile_numbers[] = {"70368744177664",
                                              "2305843009213693952",
                                              "2305843009213693953",
                                              "4611686018427387904",
                                              "9223372036854775807",
                                              "-9223372036854775808",
                                              "9223372036854775808",
                                              "99999999999999999999",
                                              "-100",
                                              "1e9",
                                              "0x4",
                                              "+3",
                                              "--",
                                              "",
                                              "x"};
static const char *const fuzz_files[] = {"x.npy", "g.npy",    "indices.npy", "uint16.npy", "rank1.npy", "text.npy",
                                         "dir",   "none.npy", "/dev/null",   "out.npy",    "bad.npy"};

#define PICK(r, table) ((table)[random_between(r, 0, (int64_t)(sizeof(table) / sizeof *(table)) - 1)])

/* Mostly small numbers, which are often legal. Sizes are not 0: an empty result of astronomic height takes as long.
 * What may be written is no input, so that every case is what its seed makes it. */
static const char *random_value(random_state *r, const struct option_description *option)
{
    int choices = 0;
    switch (option->type) {
    case TYPE_FLAG: return random_chance(r, 5) ? "x" : NULL;
    case TYPE_OUTPUT:
    case TYPE_REPORT: return "new.npy";
    case TYPE_TEXT:
    case TYPE_INPUT:
    case TYPE_FOLDER: return PICK(r, fuzz_files);
    case TYPE_NAMED:
    case TYPE_NAMED_INPUT:
    case TYPE_NAMED_OUTPUT: return random_chance(r, 80) ? "x=x.npy" : "x";
    case TYPE_ISA: return random_chance(r, 80) ? "scalar" : "x";
    case TYPE_SECONDS: return random_chance(r, 80) ? "0.01" : PICK(r, hostile_numbers);
    case TYPE_CHOICE:
    case TYPE_CHOICES:
        while (option->choices[choices].name) choices++;
        return random_chance(r, 95) ? option->choices[random_between(r, 0, choices - 1)].name : "x";
    case TYPE_INTEGERS:
    case TYPE_INTEGER: break;
    }
    return random_chance(r, 80) ? PICK(r, small_numbers) : PICK(r, hostile_numbers);
}

struct words {
    char text[PROCESS_WORDS][80];
    const char *word[PROCESS_WORDS + 1];
    int count;
};

static void add_word(struct words *words, const char *format, const char *name, const char *value)
{
    if (words->count == 32) return;
    snprintf(words->text[words->count], sizeof words->text[0], format, name, value ? value : "");
    words->word[words->count] = words->text[words->count];
    words->word[++words->count] = NULL;
}

static void add_option(struct words *words, random_state *r, const struct option_description *option)
{
    const char *value = random_value(r, option);
    bool joined = random_chance(r, 50);
    add_word(words, value && joined ? "--%s=%s" : "--%s", option->name, value);
    if (value && !joined) add_word(words, "%s", value, NULL);
}

static void make_words(struct words *words, random_state *r)
{
    bool forward = random_chance(r, 50);
    const char *line = forward ? FORWARD : GRADIENT;
    char copy[SCENE_LINE], *rest = copy;
    words->count = 0;
    snprintf(copy, sizeof copy, "%s%s", line, forward ? MAX2 : random_chance(r, 50) ? MAX3 : AVERAGE3);
    for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        if (random_chance(r, 98)) add_word(words, "%s", word, NULL);
    }
    for (int64_t more = random_between(r, 0, 4); more > 0; more--) {
        const struct option_description *option = &poolgrad_options[random_between(r, 0, OPTION_COUNT - 1)];
        if (random_chance(r, 95) && !(option->commands & (forward ? COMMAND_FORWARD : COMMAND_GRADIENT))) continue;
        add_option(words, r, option);
    }
}

static void print_words(const struct words *words)
{
    for (int i = 0; i < words->count; i++) fprintf(stderr, " '%s'", words->word[i]);
    fprintf(stderr, "\n");
}

/* Whether a run ended well, whatever it was given: no signal, success or refusal, a sentence with a refusal, no
 * temporary left. */
static bool ended_well(const process_result *result)
{
    char *list = scene_list();
    bool tidy = strstr(list, ".poolgrad.") == NULL;
    free(list);
    bool said = result->status == 0 || strchr(result->err, '\n');
    return tidy && said && (result->status == 0 || result->status == 2) && process_speaks_plainly(result);
}

/* As many runs as a test has time for. */
static random_sweep runs_of(const char *name)
{
    return random_sweep_start(name, ADDRESS_SANITIZER || THREAD_SANITIZER || getenv("POOLGRAD_EMULATOR") ? 150 : 700);
}

Test(command_files, random_words, .init = scene_enter, .fini = scene_leave)
{
    static struct words words;
    scene_write();
    scene_write_bad_files();
    random_sweep sweep = runs_of("random_words");
    while (random_sweep_next(&sweep)) {
        random_state r = {sweep.seed};
        make_words(&words, &r);
        process running = process_start(&scene_setting, words.word);
        process_result result = process_finish(&running);
        bool good = ended_well(&result);
        if (!good) print_words(&words);
        cr_expect(good, "seed %" PRIu64 ": status %d, signal %d: %s", sweep.seed, result.status, result.signal,
                  result.err);
        if (result.status == 0) sweep.telling++;
        process_release(&result);
        scene_write_bytes("out.npy", "old", 3);
        remove(scene_path("new.npy"));
    }
    cr_expect(random_sweep_told(&sweep, 15), "%" PRId64 " of %" PRId64 " ran through", sweep.telling, sweep.cases);
}

/* A byte of the header or of the data takes another value, in the header often one that means something; some files
 * lose or gain an end. */
static size_t mutate(random_state *r, unsigned char *bytes, size_t size)
{
    enum { HEADER = 80 };
    static const char meaningful[] = "0123456789(),'<>|{}: fuiVTFL\n";
    for (int64_t changes = random_between(r, 1, 2); changes > 0; changes--) {
        size_t at = (size_t)random_between(r, 0, random_chance(r, 60) ? HEADER : (int64_t)size - 1);
        int64_t letter = random_between(r, 0, (int64_t)sizeof meaningful - 2);
        bytes[at] = random_chance(r, 70) ? (unsigned char)meaningful[letter] : (unsigned char)random_bits(r);
    }
    if (random_chance(r, 10)) return (size_t)random_between(r, 0, (int64_t)size);
    return random_chance(r, 10) ? size + 1 : size;
}

/* Renaming asks a folder alone whether it may be written to. */
Test(command_files, a_file_that_may_not_be_written_stays, .init = scene_enter, .fini = scene_leave)
{
    enum { LINE = 1024 };
    static const char kept[] = "precious";
    const char *as = geteuid() == 0 ? "setpriv --reuid=65534 --clear-groups " : "";
    char line[LINE];
    size_t size;
    scene_write();
    scene_write_bytes("out.npy", kept, sizeof kept);
    snprintf(line, sizeof line, "cd '%s' && chmod 777 . && chmod 444 *.npy && %s'%s' version >/dev/null 2>&1",
             scene_folder, as, POOLGRAD_COMMAND_PATH);
    if (system(line) != 0) cr_skip_test("the command cannot be run as somebody else");
    snprintf(line, sizeof line,
             "cd '%s' && ! %s'%s' forward --source x.npy --output out.npy %s 2>said && "
             "grep -q -e '--output out.npy: cannot be written: Permission denied' said",
             scene_folder, as, POOLGRAD_COMMAND_PATH, MAX2);
    cr_expect_eq(system(line), 0);
    unsigned char *bytes = scene_read_bytes("out.npy", &size);
    cr_expect(bytes && size == sizeof kept && memcmp(bytes, kept, size) == 0);
    free(bytes);
}

Test(command_files, random_files, .init = scene_enter, .fini = scene_leave)
{
    static const char *const lines[] = {
        USE_AS_SOURCE,
        USE_AS_GRADIENT,
        "gradient --source bad.npy --source-gradient g.npy --output out.npy " MAX3,
        "gradient --source x.npy --source-gradient g.npy --indices bad.npy --output out.npy " MAX3,
        "gradient --source x.npy --source-gradient g.npy --add-to bad.npy --output out.npy " MAX3,
        USE_AS_SOURCE " --layout nhwc",
        USE_AS_SOURCE " --layout nc4hw4"};
    static const char *const files[] = {"x.npy", "g.npy", "x.npy", "indices.npy", "x.npy", "g.npy", "g.npy"};
    scene_write();
    scene_write_bad_files();
    random_sweep sweep = runs_of("random_files");
    while (random_sweep_next(&sweep)) {
        random_state r = {sweep.seed};
        size_t size, which = (size_t)random_between(&r, 0, 6);
        unsigned char *bytes = scene_read_bytes(files[which], &size);
        scene_write_bytes("bad.npy", bytes, mutate(&r, bytes, size));
        process_result result = process_run(&scene_setting, lines[which]);
        cr_expect(ended_well(&result), "seed %" PRIu64 ": %s\nstatus %d, signal %d: %s", sweep.seed, lines[which],
                  result.status, result.signal, result.err);
        if (result.status == 0) sweep.telling++;
        process_release(&result);
        free(bytes);
    }
    cr_expect(random_sweep_told(&sweep, 10), "%" PRId64 " of %" PRId64 " ran through", sweep.telling, sweep.cases);
}
