/* SPDX-License-Identifier: Apache-2.0 */
/* The bench command from outside: what it measures, how it tells it, what it refuses. No time is expected of anything.
 */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#if defined(__linux__)
#include <sys/syscall.h>
#endif

#include "cli/commands.h"
#include "support/json_text.h"
#include "support/process.h"
#include "support/scene.h"

#define QUICK "bench --threads 1 --repeat 1 "

static int count(const char *text, const char *word)
{
    int found = 0;
    for (; (text = strstr(text, word)); text += strlen(word)) found++;
    return found;
}

static process_result run(const char *line)
{
    process_result result = process_run(&scene_setting, line);
    cr_assert(result.status == 0, "%s: %d, %s", line, result.status, result.err);
    return result;
}

/* Cuts off what is said of a busy machine, which a machine that runs tests may be. */
static const char *without_load(process_result *result)
{
    char *note = strstr(result->err, "poolgrad bench: note: the machine was busy");
    if (note) {
        const char *next = strchr(note, '\n') + 1;
        memmove(note, next, strlen(next) + 1);
    }
    return result->err;
}

/* ---- What is measured -------------------------------------------------------------------------------------------- */

/* A line and how many of the list's rows have each word. */
static const struct selection {
    const char *line;
    int rows;
    struct {
        const char *word;
        int rows;
    } having[4];
} selections[] = {
    {"bench --list", 88, {{" gradient ", 88}, {" nhwc ", 44}, {" float32 ", 88}, {" argmax ", 22}}},
    {"bench --list --workload volume", 8, {{"volume ", 8}, {"1x16x8x28x28_k3s2p1", 8}}},
    {"bench --list --workload volume,tiny --layout nc4hw4,nhwc", 12, {{"volume ", 4}, {" nc4hw4 ", 4}}},
    {"bench --list --workload tiny", 8, {{"tiny ", 8}, {"1x16x32x32_k2s2p0", 8}}},
    {"bench --list --workload vgg,dilated", 12, {{"32x64x56x56_k2s2p0", 8}, {"4x64x128x128_k3s2p1d2", 4}}},
    {"bench --list --workload global_avg", 4, {{"16x2048x7x7_k7s7p0", 4}, {" average ", 2}, {" l2norm ", 2}}},
    {"bench --list --workload global_avg --kind max", 2, {{" max ", 2}}},
    {"bench --list --workload resnet_stem,incep_s1,big_image,large_win --kind l2norm --layout nchw",
     4,
     {{"8x64x112x112_k3s2p1", 1}, {"8x256x28x28_k3s1p1", 1}, {"1x3x2048x2048_k2s2p0", 1}, {"8x64x64x64_k5s1p2", 1}}},
    {"bench --list --workload tiny --direction forward,gradient", 16, {{" forward ", 8}, {" gradient ", 8}}},
    {"bench --list --workload tiny --layout nchw,nhwc,nc4hw4", 12, {{" nc4hw4 ", 4}}},
    {"bench --list --workload tiny --layout nc8hw8,nc16hw16,nc32hw32",
     12,
     {{" nc8hw8 ", 4}, {" nc16hw16 ", 4}, {" nc32hw32 ", 4}}},
    {"bench --list --workload tiny --format bfloat16,float64", 16, {{" bfloat16 ", 8}, {" float64 ", 8}}},
    {"bench --list --workload tiny --format float16", 8, {{" float16 ", 8}}},
    {"bench --list --workload tiny --threads 1", 8, {{" 1  1x16", 8}}},
    {"bench --list --input-size 2,3,9,7 --kernel 3", 8, {{"custom ", 8}, {"2x3x9x7_k3s1p0", 8}}},
    {"bench --list --input-size 2,3,5,9,7 --kernel 3 --kernel-depth 2", 8, {{"2x3x5x9x7_k3x3x2s1p0", 8}}},
    {"bench --list --input-size 2,3,9,7 --kernel 2 --kind l2norm --root-mean", 2, {{" l2norm ", 2}}},
    {"bench --list --input-size 2,3,9,7 --kernel 2 --kind l2norm --root-mean --divisor 3", 2, {{" l2norm ", 2}}},
    {"bench --list --input-size 2,3,9,7 --kernel 2 --kind average --divisor 3 --direction forward,gradient",
     4,
     {{" forward ", 2}}},
    {"bench --list --input-size 2,3,9,7 --adaptive 3", 8, {{"2x3x9x7_k1s1p0t3", 8}}},
    {"bench --list --input-size 2,3,9,7 --kernel-width 3 --kernel-height 2 --stride-x 2 --pad-left 1 --dilation-y 2",
     8,
     {{"2x3x9x7_k3x2s2x1p1x0d1x2", 8}}},
};

Test(bench, list, .init = scene_enter, .fini = scene_leave)
{
    for (size_t i = 0; i < sizeof selections / sizeof *selections; i++) {
        const struct selection *s = &selections[i];
        process_result result = run(s->line);
        cr_expect(count(result.out, "\n") == s->rows + 1, "%s\n%s", s->line, result.out);
        for (int j = 0; j < 4 && s->having[j].word; j++) {
            cr_expect(count(result.out, s->having[j].word) == s->having[j].rows, "%s: '%s'\n%s", s->line,
                      s->having[j].word, result.out);
        }
        process_release(&result);
    }
}

/* ---- Results ----------------------------------------------------------------------------------------------------- */

static double number(const char *row, const char *name)
{
    return json_number(json_member(row, name));
}

static void check_row(const char *row)
{
    const char *seconds = json_member(row, "seconds"), *ceiling = json_member(row, "ceiling");
    cr_assert(seconds && ceiling, "%s", row);
    double median = number(seconds, "median"), best = number(ceiling, "seconds"), share = number(ceiling, "share");
    double bytes = number(row, "bytes"), rate = number(row, "gigabytes_per_second");
    cr_expect(median > 0 && number(seconds, "lower_quartile") <= median);
    cr_expect(number(seconds, "least") > 0 && number(seconds, "least") <= number(seconds, "lower_quartile"));
    cr_expect(number(ceiling, "least_seconds") > 0 && number(ceiling, "least_seconds") <= best);
    cr_expect(number(seconds, "upper_quartile") >= median && best > 0);
    cr_expect(share > 0.999 * best / median && share < 1.001 * best / median, "%g", share);
    cr_expect(rate > 0.999e-9 * bytes / median && rate < 1.001e-9 * bytes / median, "%g", rate);
    cr_expect(json_member(row, "kernel") && number(row, "threads") == 1 && number(ceiling, "threads") == 1);
}

static bool is_null(const char *value)
{
    return strncmp(value, "null", 4) == 0;
}

/* test_measure says whether it is true. */
static void check_machine(const char *machine, const char *load)
{
    cr_assert(machine && load);
    const char *caches = json_member(machine, "caches"), *processor = json_member(machine, "processor");
    cr_expect(*processor == '"' || is_null(processor), "%s", machine);
    cr_expect(is_null(caches) || json_count(caches) > 0, "%s", machine);
    for (int i = 0; !is_null(caches) && i < json_count(caches); i++) {
        const char *cache = json_element(caches, i);
        cr_expect(number(cache, "level") >= 1 && number(cache, "bytes") >= 1024, "%s", cache);
        cr_expect(json_is(json_member(cache, "type"), "data") || json_is(json_member(cache, "type"), "instruction") ||
                      json_is(json_member(cache, "type"), "unified"),
                  "%s", cache);
    }
    cr_expect(*json_member(machine, "compiler") == '"' && strlen(json_member(machine, "date")) > 22, "%s", machine);
    cr_expect(json_is(json_member(machine, "version"), poolgrad_version()), "%s", machine);
    cr_expect(number(load, "own") > 0 && (is_null(json_member(load, "others")) || number(load, "others") >= 0));
    cr_expect(strncmp(json_member(load, "busy"), "true", 4) == 0 ||
              strncmp(json_member(load, "busy"), "false", 5) == 0);
}

/* Of a valid text; null where no row has the name. */
static const char *row_of(const char *text, const char *name)
{
    const char *rows = json_member(text, "rows");
    for (int i = 0; i < json_count(rows); i++) {
        if (json_is(json_member(json_element(rows, i), "case"), name)) return json_element(rows, i);
    }
    return NULL;
}

/* Bytes by hand: the source of tiny has 16384 elements, its output 4096, and a picked tap one byte. */
static const struct {
    const char *name;
    double bytes;
} tiny_rows[] = {{"gradient/average/nchw/float32/1x16x32x32_k2s2p0", 81920},
                 {"gradient/max/nchw/float32/1x16x32x32_k2s2p0", 147456},
                 {"gradient/argmax/nhwc/float32/1x16x32x32_k2s2p0", 86016},
                 {"gradient/l2norm/nc4hw4/float64/1x16x32x32_k2s2p0", 294912},
                 {"forward/average/nhwc/float16/1x16x32x32_k2s2p0", 40960},
                 {"forward/max/nchw/bfloat16/1x16x32x32_k2s2p0", 40960},
                 {"forward/argmax/nc4hw4/float32/1x16x32x32_k2s2p0", 86016},
                 {"forward/l2norm/nhwc/float32/1x16x32x32_k2s2p0", 81920}};

Test(bench, json, .init = scene_enter, .fini = scene_leave)
{
    process_result result = run(QUICK "--workload tiny --direction forward,gradient --layout nchw,nhwc,nc4hw4 --json - "
                                      "--format float16,bfloat16,float32,float64");
    cr_assert(json_is_valid(result.out), "%s", result.out);
    const char *rows = json_member(result.out, "rows");
    cr_assert(rows && json_count(rows) == 96, "%d", rows ? json_count(rows) : -1);
    cr_expect(number(result.out, "rounds") == 1 && json_is(json_member(result.out, "poolgrad"), poolgrad_version()));
    check_machine(json_member(result.out, "machine"), json_member(result.out, "load"));
    for (int i = 0; i < json_count(rows); i++) check_row(json_element(rows, i));
    for (size_t i = 0; i < sizeof tiny_rows / sizeof *tiny_rows; i++) {
        const char *row = row_of(result.out, tiny_rows[i].name);
        cr_expect(row && number(row, "bytes") == tiny_rows[i].bytes, "%s", tiny_rows[i].name);
    }
    process_release(&result);
}

/* 9 x 7 pixels, windows of 3 x 3. */
static const struct placement {
    const char *options;
    double height, width, offset_y, offset_x;
} placements[] = {{"", 7, 5, 1, 1},
                  {"--stride 2 --pad 1", 5, 4, 0, 0},
                  {"--stride-x 3 --pad-left 2 --pad-right 0", 7, 3, 1, -1},
                  {"--pad-top 1 --pad-bottom 2", 10, 5, 0, 1},
                  {"--stride 3 --ceil-mode", 3, 3, 1, 1},
                  {"--dilation 2", 5, 3, 2, 2},
                  {"--offset-x 0 --offset-y 2 --output-width 4 --output-height 6", 6, 4, 2, 0},
                  {"--stride 2 --padding-policy same", 5, 4, 0, 0},
                  {"--stride 2 --padding-policy valid-only --align top-left", 4, 3, 1, 1},
                  {"--stride 2 --padding-policy same --remainder-to bottom-right", 5, 4, 0, 0},
                  {"--zero-pad 1", 7, 5, 1, 1},
                  {"--pad 1 --count-include-pad --kind average", 9, 7, 0, 0}};

Test(bench, own_geometry, .init = scene_enter, .fini = scene_leave)
{
    for (size_t i = 0; i < sizeof placements / sizeof *placements; i++) {
        char line[SCENE_LINE];
        const struct placement *p = &placements[i];
        snprintf(line, sizeof line, QUICK "--input-size 1,2,9,7 --kernel 3 --layout nchw --json - %s", p->options);
        process_result result = run(line);
        cr_assert(json_is_valid(result.out), "%s", result.out);
        const char *row = json_element(json_member(result.out, "rows"), 0);
        cr_expect(number(row, "output_height") == p->height && number(row, "output_width") == p->width, "%s\n%s", line,
                  row);
        cr_expect(number(row, "offset_y") == p->offset_y && number(row, "offset_x") == p->offset_x, "%s\n%s", line,
                  row);
        cr_expect(number(row, "kernel_width") == 3 && number(row, "images") == 1 && number(row, "channels") == 2 &&
                  number(row, "height") == 9 && number(row, "width") == 7);
        process_release(&result);
    }
}

/* Volumes are computed in lanes, and the row says so. By hand: 16 x 8 x 28 x 28 floats become 16 x 4 x 14 x 14,
 * and a picked tap is one byte. */
Test(bench, volume, .init = scene_enter, .fini = scene_leave)
{
    process_result result = run(QUICK "--workload volume --kind argmax --layout nhwc --json -");
    const char *row = row_of(result.out, "gradient/argmax/nhwc/float32/1x16x8x28x28_k3s2p1");
    cr_assert_not_null(row, "%s", result.out);
    cr_expect(count(json_member(row, "kernel"), "\"gradient/max/lanes/") == 1, "%s", row);
    cr_expect(number(row, "depth") == 8 && number(row, "output_depth") == 4 && number(row, "kernel_depth") == 3 &&
                  number(row, "stride_z") == 2 && number(row, "offset_z") == 0 && number(row, "dilation_z") == 1,
              "%s", row);
    cr_expect(number(row, "bytes") == 100352 * 4 + 12544 * 5, "%s", row);
    process_release(&result);
}

/* Windows by table, of volumes too, are checked and timed like others; slices are as wide as the layout says. */
Test(bench, other_geometries, .init = scene_enter, .fini = scene_leave)
{
    static const struct {
        const char *options, *kernel;
        double windows_x, bytes; /* of an average's gradient, in float64 */
    } lines[] = {
        {"--input-size 1,2,9,7 --adaptive 3 --layout nhwc", "lanes", 3, 8 * 2 * (9 + 63)},
        {"--input-size 1,2,3,9,7 --adaptive 2 --layout nchw", "lanes", 2, 8 * 2 * (8 + 189)},
        {"--input-size 1,9,8,6 --kernel 2 --stride 2 --layout nc8hw8", "lanes", 0, 8 * 16 * (12 + 48)},
        {"--input-size 1,9,8,6 --kernel 2 --stride 2 --layout nc32hw32 --divisor -3", "lanes", 0, 8 * 32 * (12 + 48)}};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        char line[SCENE_LINE];
        snprintf(line, sizeof line, QUICK "--kind average --format float64 --json - %s", lines[i].options);
        process_result result = run(line);
        const char *row = json_element(json_member(result.out, "rows"), 0);
        cr_expect(number(row, "windows_x") == lines[i].windows_x && number(row, "bytes") == lines[i].bytes, "%s\n%s",
                  line, row);
        cr_expect(count(json_member(row, "kernel"), lines[i].kernel) > 0, "%s\n%s", line, row);
        process_release(&result);
    }
}

Test(bench, table, .init = scene_enter, .fini = scene_leave)
{
    process_result result = run(QUICK "--workload tiny --kind average,max --mode reference");
    cr_expect(strncmp(result.out, "workload ", 9) == 0 && !*without_load(&result), "%s%s", result.out, result.err);
    cr_expect(count(result.out, "\ntiny ") == 4 && count(result.out, "gradient/max/reference\n") == 2, "%s",
              result.out);
    cr_expect(count(result.out, ", rounds: 1, ") == 1, "%s", result.out);
    for (const char *at = result.out, *end; (end = strchr(at, '\n')); at = end + 1) {
        cr_expect(end == at || end[-1] != ' ', "a blank ends a line\n%s", result.out);
    }
    process_release(&result);
    result = run("bench --threads 1 --repeat 1000000 --seconds 0.01 --workload tiny --kind average --layout nchw");
    cr_expect(strstr(result.out, " rounds: 1000000, ") == NULL, "%s", result.out);
    process_release(&result);
}

/* Each row is a bar in the picture, beside its background. */
Test(bench, files, .init = scene_enter, .fini = scene_leave)
{
    size_t size;
    scene_write_bytes("out.json", "old", 3);
    process_result result = run(QUICK "--workload tiny --json out.json --plot out.svg --direction forward,gradient");
    char *json = (char *)scene_read_bytes("out.json", &size), *plot = (char *)scene_read_bytes("out.svg", &size);
    cr_assert(json && plot && json_is_valid(json), "%s", json ? json : "no file");
    cr_expect(json_count(json_member(json, "rows")) == 16 && count(result.out, "\ntiny ") == 16);
    cr_expect(strncmp(plot, "<svg ", 5) == 0 && count(plot, "<rect ") == 17, "%s", plot);
    cr_expect(strcmp(plot + strlen(plot) - 7, "</svg>\n") == 0 && count(plot, "<text ") == count(plot, "</text>"));
    free(json);
    free(plot);
    process_release(&result);
}

Test(bench, notes, .init = scene_enter, .fini = scene_leave)
{
    process_result result = run(QUICK "--input-size 1,2,9,7 --kernel 3 --kind average --ties last");
    cr_expect(strstr(result.err, "--ties has no effect: only max pooling has ties") != NULL, "%s", result.err);
    cr_expect(process_speaks_plainly(&result));
    process_release(&result);
    result = run(QUICK "--input-size 1,2,9,7 --kernel 3 --kind argmax --ties last --nan ignore");
    cr_expect(!*without_load(&result), "%s", result.err);
    process_release(&result);
    result = run(QUICK "--input-size 1,2,9,7 --kernel 3 --ties last --max-isa scalar");
    cr_expect(!*without_load(&result), "%s", result.err);
    process_release(&result);
}

/* ---- For spreadsheets -------------------------------------------------------------------------------------------- */

enum { FIELDS = 64, FIELD = 256 };

/* Cuts one line into its fields. Returns what follows it; null where the line has no end. */
static const char *read_fields(const char *line, char field[FIELDS][FIELD], int *count)
{
    for (*count = 0; *count < FIELDS;) {
        char *to = field[(*count)++];
        const bool quoted = *line == '"';
        if (quoted) line++;
        while (quoted ? *line != '"' || line[1] == '"' : *line && !strchr(",\n", *line)) {
            if (!*line) return NULL;
            if (quoted && *line == '"') line++;
            *to++ = *line++;
        }
        *to = '\0';
        if (quoted) line++;
        if (*line == '\n') return line + 1;
        if (*line++ != ',') return NULL;
    }
    return NULL;
}

/* The value at "name" or "group.name"; null where the row has none. */
static const char *value_at(const char *row, const char *path)
{
    char group[FIELD];
    const char *point = strchr(path, '.');
    if (!point) return json_member(row, path);
    snprintf(group, sizeof group, "%.*s", (int)(point - path), path);
    const char *object = json_member(row, group);
    return object ? json_member(object, point + 1) : NULL;
}

/* Names and values of the JSON, all of them, in as many lines as there are rows. */
Test(bench, csv, .init = scene_enter, .fini = scene_leave)
{
    static char names[FIELDS][FIELD], fields[FIELDS][FIELD];
    int columns, found;
    size_t size;
    process_result result = run(QUICK "--workload tiny --direction forward,gradient --csv out.csv --json -");
    char *csv = (char *)scene_read_bytes("out.csv", &size);
    const char *rows = json_member(result.out, "rows"), *line = csv ? read_fields(csv, names, &columns) : NULL;
    cr_assert(rows && line && json_count(rows) == 16, "%s", csv);
    for (int i = 0; i < 16; i++) {
        const char *row = json_element(rows, i);
        line = read_fields(line, fields, &found);
        cr_assert(line && found == columns, "%d: %d, not %d", i, found, columns);
        for (int c = 0; c < columns; c++) {
            const char *value = value_at(row, names[c]);
            cr_assert(value, "%s", names[c]);
            cr_expect(*value == '"' ? json_is(value, fields[c]) : json_number(value) == strtod(fields[c], NULL),
                      "%s: %s", names[c], fields[c]);
        }
    }
    cr_expect(!*line && count(csv, "ceiling.stream") == 1 && columns > 35, "%d", columns);
    free(csv);
    process_release(&result);
    result = run(QUICK "--workload tiny --kind max --csv -");
    cr_expect(strncmp(result.out, "case,workload,", 14) == 0 && count(result.out, "\n") == 3, "%s", result.out);
    process_release(&result);
}

/* ---- A busy machine ---------------------------------------------------------------------------------------------- */

#if defined(__linux__)

enum { PROCESSOR_WORDS = 1024 / sizeof(unsigned long), PROCESSORS = 1024, BITS = 8 * sizeof(unsigned long) };

/* This process, and all that it starts, on the first processor that it may use. */
static bool stay_on_one_processor(void)
{
    unsigned long mask[PROCESSOR_WORDS] = {0}, one[PROCESSOR_WORDS] = {0};
    if (syscall(SYS_sched_getaffinity, 0, sizeof mask, mask) < 0) return false;
    for (size_t i = 0; i < PROCESSORS; i++) {
        if (!(mask[i / BITS] >> i % BITS & 1)) continue;
        one[i / BITS] = 1UL << i % BITS;
        return syscall(SYS_sched_setaffinity, 0, sizeof one, one) == 0;
    }
    return false;
}

static pid_t be_busy(void)
{
    const pid_t child = fork();
    if (child != 0) return child;
    alarm(PROCESS_SECONDS);
    for (;;) {
    }
}

/* Two others want the one processor that is left to the command: two thirds of the time it waits. */
Test(bench, busy_machine, .init = scene_enter, .fini = scene_leave)
{
    enum { OTHERS = 2 };
    pid_t other[OTHERS];
    cr_assert(stay_on_one_processor());
    for (int i = 0; i < OTHERS; i++) other[i] = be_busy();
    process_result result = run("bench --threads 1 --workload tiny --kind average --layout nchw --repeat 100 --json -");
    for (int i = 0; i < OTHERS; i++) {
        kill(other[i], SIGKILL);
        waitpid(other[i], NULL, 0);
    }
    const char *load = json_member(result.out, "load");
    cr_assert(load, "%s", result.out);
    cr_expect(strncmp(json_member(load, "busy"), "true", 4) == 0 && number(load, "own") < 0.9, "%s", load);
    cr_expect(strstr(result.err, "note: the machine was busy: this process had 0.") != NULL, "%s", result.err);
    cr_expect(process_speaks_plainly(&result) && !*without_load(&result));
    process_release(&result);
}

#endif

/* ---- Refusals ---------------------------------------------------------------------------------------------------- */

#define OWN "bench --input-size 1,2,9,7 "

static const char *const refusals[][2] = {
    {"bench --workload nonsense", "--workload has 'nonsense' among its words; expected resnet_stem, vgg"},
    {"bench --workload tiny,", "--workload has '' among its words"},
    {"bench --layout nchw,chwn", "--layout has 'chwn' among its words; expected nchw, nhwc, nc4hw4"},
    {"bench --format int32", "--format has 'int32' among its words"},
    {"bench --kind average,mean", "--kind has 'mean' among its words; expected average, max, argmax or l2norm"},
    {"bench --direction back", "--direction has 'back' among its words; expected forward or gradient"},
    {"bench --threads 0", "--threads has 0 among its numbers; expected 1 to 1024"},
    {"bench --threads 1,2000", "--threads has 2000 among its numbers; expected 1 to 1024"},
    {"bench --threads 1,x", "--threads is '1,x'; expected up to 8 integers with commas between them"},
    {"bench --threads 1,1,1,1,1,1,1,1,1", "--threads is '1,1,1,1,1,1,1,1,1'; expected up to 8 integers"},
    {"bench --repeat 0", "--repeat is 0; expected 1 to 1000000"},
    {"bench --seconds 0", "--seconds is '0'; expected a number of seconds above 0"},
    {"bench --seconds nan", "--seconds is 'nan'; expected a number of seconds"},
    {"bench --seconds 1s", "--seconds is '1s'; expected a number of seconds"},
    {"bench --list --json a.json", "--json is given beside --list"},
    {"bench --list --csv a.csv", "--csv is given beside --list"},
    {"bench --list --compare a.json", "--compare is given beside --list"},
    {"bench --json - --csv -", "--json and --csv are both -; expected one file on standard output"},
    {"bench --csv - --plot -", "--csv and --plot are both -; expected one file on standard output"},
    {"bench --workload tiny --csv dir", "--csv dir: is a directory; expected a file name"},
    {"bench --list --plot a.svg", "--plot is given beside --list"},
    {"bench --list --repeat 3", "--repeat is given beside --list"},
    {"bench --list --seconds 3", "--seconds is given beside --list"},
    {"bench --workload volume --layout nc4hw4", "--layout is nc4hw4; expected nchw or nhwc among its words"},
    {"bench --kernel 3", "--kernel is given without --input-size; expected both"},
    {"bench --workload tiny --ties last", "--ties is given without --input-size"},
    {OWN "--workload tiny --kernel 2", "--workload is given beside --input-size; expected one of them"},
    {OWN, "--kernel-width is missing; expected it, or --kernel for every axis"},
    {OWN "--kernel 0", "--kernel is 0; expected 1 to 2^61"},
    {OWN "--kernel 3 --dilation 0", "--dilation is 0; expected"},
    {OWN "--kernel 3 --stride 0", "--stride is 0; expected"},
    {OWN "--kernel 12", "expected"},
    {OWN "--kernel 3 --offset-x 1", "--output-width is missing"},
    {OWN "--kernel 3 --offset-x 1 --pad-left 1", "expected one way to place the windows on an axis"},
    {OWN "--kernel 3 --output-width 0",
     "the output would be 7 x 0 (height x width); expected at least one pixel to measure"},
    {OWN "--kernel 3 --ties all", "expected"},
    {OWN "--kernel 3 --source x.npy", "--source is no option of this command"},
    {"bench --input-size 1,2,9 --kernel 3", "--input-size is '1,2,9'; expected four integers above 0"},
    {"bench --input-size 1,2,9,0 --kernel 3", "--input-size is '1,2,9,0'; expected four integers above 0"},
    {"bench --input-size 1,2,9,7x --kernel 3", "--input-size is '1,2,9,7x'; expected up to 8 integers"},
    {"bench --input-size 1,1,9223372036854775807,9 --kernel 3", "--input-size: source_height is 9223372036854775807"},
    {"bench --input-size 9000000,9000000,9000000,9000000 --kernel 3", "the tensors have more than 2^63 bytes"},
    {"bench --input-size 1,1,4000000,4000000 --kernel 3", "GiB, the memory of this machine"},
    {"bench --workload tiny --json dir", "--json dir: is a directory; expected a file name"},
    {"bench --workload tiny --plot no/such.svg", "--plot no/such.svg: cannot be written"},
    {"bench --workload tiny --json a --plot a", "--json a: is also --plot; expected a file of its own"},
    {"bench --workload tiny --workload vgg", "--workload is given twice"},
    {"bench tiny", "'tiny' is no option"},
    {OWN "--kernel 2 --root-mean", "--root-mean is given without --kind; expected --kind l2norm with it"},
    {OWN "--kernel 2 --root-mean --kind l2norm,max", "--root-mean is given with --kind l2norm,max; expected l2norm"},
    {"info --input-size 1,2,9,7 --kernel 2 --root-mean", "--root-mean is given without --kind; expected --kind l2norm"},
    {OWN "--kernel 2 --divisor 3", "--divisor is given without --kind; expected --kind average, or l2norm with"},
    {OWN "--list --kernel 2 --divisor 3 --kind argmax", "--divisor is given with --kind argmax; expected average, or"},
    {OWN "--list --kernel 2 --divisor 3 --kind l2norm", "--divisor is given with --kind l2norm; expected average, or"},
    {"bench --list --input-size 1,4,2,9,7 --windows-z negative.npy --kernel 2 --kind max",
     "--windows-z: windows_z.spans has a window 0 of size -1; expected a size of 1 to 2^61"},
    {"bench --list --input-size 1,4,2,9,7 --windows-z negative.npy --kernel 2 --kind average --direction forward",
     "--windows-z: windows_z.spans has a window 0 of size -1; expected a size of 1 to 2^61"},
    {OWN "--list --kernel 3 --dilation 0", "--dilation is 0; expected"},
};

Test(bench, refusals, .init = scene_enter, .fini = scene_leave)
{
    scene_write_bad_files();
    scene_write_numbers("negative.npy", "i8", "1,2", "0 -1");
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        cr_expect(scene_refuses(refusals[i][0], refusals[i][1]));
    }
    if (!poolgrad_json_version()) {
        cr_expect(scene_refuses(
            "bench --workload tiny --compare x.npy",
            "--compare x.npy: cannot be read, poolgrad was built without jansson; install libjansson-dev"));
    }
}
