/* SPDX-License-Identifier: Apache-2.0 */
/* bench --compare from outside: which rows are matched, what their ratios are, what is said of the file and refused. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/json_text.h"
#include "support/process.h"
#include "support/scene.h"

#define QUICK "bench --threads 1 --repeat 1 --workload tiny --layout nchw --kind average,max "

static void write_text(const char *name, const char *text)
{
    char *quoted = json_quoted(text);
    scene_write_bytes(name, quoted, strlen(quoted));
    free(quoted);
}

static process_result run(const char *line)
{
    process_result result = process_run(&scene_setting, line);
    cr_assert(result.status == 0, "%s: %d, %s", line, result.status, result.err);
    return result;
}

static double number(const char *object, const char *name)
{
    return json_number(json_member(object, name));
}

/* Of a valid text; null where no row has the name. */
static const char *row_of(const char *rows, const char *name)
{
    for (int i = 0; i < json_count(rows); i++) {
        if (json_is(json_member(json_element(rows, i), "case"), name)) return json_element(rows, i);
    }
    return NULL;
}

#define AVERAGE "gradient/average/nchw/float32/1x16x32x32_k2s2p0"
#define MAX "gradient/max/nchw/float32/1x16x32x32_k2s2p0"

/* As version 0.1.0 wrote it: rules and machine are not told. */
#define ROW(kind, threads, times, more)                                                                                \
    "{'case': 'gradient/" kind "/nchw/float32/1x16x32x32_k2s2p0', 'direction': 'gradient', 'kind': '" kind             \
    "', 'layout': 'nchw', 'format': 'float32', 'images': 1, 'channels': 16, 'height': 32, 'width': 32, "               \
    "'output_height': 16, 'output_width': 16, 'kernel_width': 2, 'kernel_height': 2, 'stride_x': 2, 'stride_y': 2, "   \
    "'dilation_x': 1, 'dilation_y': 1, 'offset_x': 1, 'offset_y': 1, 'threads_asked': " threads ", " more              \
    "'seconds': {" times "}}"
#define TIMES "'least': 1, 'lower_quartile': 2, 'median': 3, 'upper_quartile': 4"
#define FILE_OF(rows) "{'poolgrad': '0.1.0', 'processors': 3, 'rounds': 15, 'rows': [" rows "]}"

static void check_ratio(const char *compared, const char *row, double ceiling)
{
    const char *ratio = json_member(compared, "ratio"), *seconds = json_member(row, "seconds");
    const double least = number(seconds, "least"), median = number(seconds, "median");
    const double lower = number(seconds, "lower_quartile"), upper = number(seconds, "upper_quartile");
    cr_assert(ratio && seconds, "%s", compared);
    cr_expect(fabs(number(ratio, "least") * least - 1) < 1e-4);
    cr_expect(fabs(number(ratio, "median") * median - 3) < 1e-4);
    cr_expect(fabs(number(ratio, "lower") * upper - 2) < 1e-4);
    cr_expect(fabs(number(ratio, "upper") * lower - 4) < 1e-4);
    if (ceiling > 0) {
        const double now = number(json_member(row, "ceiling"), "seconds");
        cr_expect(fabs(number(compared, "ceiling_ratio") * now - ceiling) < 1e-4);
    } else {
        cr_expect(strncmp(json_member(compared, "ceiling_ratio"), "null", 4) == 0, "%s", compared);
    }
}

Test(compare, ratios, .init = scene_enter, .fini = scene_leave)
{
    write_text("old.json",
               FILE_OF(ROW("max", "1", TIMES, "'ceiling': {'seconds': 5}, ") ", " ROW("average", "1", TIMES, "")));
    process_result result = run(QUICK "--compare old.json --json -");
    cr_assert(json_is_valid(result.out), "%s", result.out);
    const char *rows = json_member(result.out, "rows"), *compare = json_member(result.out, "compare");
    const char *compared = json_member(compare, "rows");
    cr_assert(compared && json_count(compared) == 2, "%s", result.out);
    check_ratio(row_of(compared, MAX), row_of(rows, MAX), 5);
    check_ratio(row_of(compared, AVERAGE), row_of(rows, AVERAGE), 0);
    cr_expect(json_count(json_member(compare, "only_before")) == 0 &&
              json_count(json_member(compare, "only_now")) == 0);
    process_release(&result);
}

/* Of the two rows one has ratios. */
Test(compare, csv, .init = scene_enter, .fini = scene_leave)
{
    double least, lower, median, upper, ceiling;
    write_text("old.json", FILE_OF(ROW("max", "1", TIMES, "'ceiling': {'seconds': 5}, ")));
    process_result result = run(QUICK "--compare old.json --csv -");
    const char *ratios = strstr(result.out,
                                ",ratio.least,ratio.lower,ratio.median,ratio.upper,ceiling_ratio\n" AVERAGE);
    const char *row = ratios ? strstr(ratios + 1, "\n" MAX) : NULL;
    cr_assert(row && strncmp(row - 5, ",,,,,", 5) == 0, "%s", result.out);
    const char *last = row + strlen(row);
    for (int comma = 0; comma < 5; comma += *last == ',') last--;
    cr_expect(sscanf(last, ",%lf,%lf,%lf,%lf,%lf\n", &least, &lower, &median, &upper, &ceiling) == 5, "%s", last);
    cr_expect(lower <= median && median <= upper && least > 0 && ceiling > median, "%s", last);
    process_release(&result);
}

/* A row of the file and what sets it apart from gradient/average and gradient/max of tiny, one thread. */
static const char *const strangers[] = {
    ROW("max", "2", TIMES, ""),
    ROW("max", "1", TIMES, "'ties': 'last', "),
    ROW("max", "1", TIMES, "'nan': 'ignore', "),
    ROW("max", "1", TIMES, "'edge_mode': 'zero', "),
    ROW("max", "1", TIMES, "'accumulator': 'float64', "),
    ROW("max", "1", TIMES, "'zero_pad_x': 1, "),
    ROW("max", "1", TIMES, "'zero_pad_y': '0', "),
    ROW("l2norm", "1", TIMES, ""),
};

Test(compare, rows_of_one_side, .init = scene_enter, .fini = scene_leave)
{
    for (size_t i = 0; i < sizeof strangers / sizeof *strangers; i++) {
        char text[SCENE_LINE];
        snprintf(text, sizeof text, "{'poolgrad': '0.1.0', 'rows': [%s]}", strangers[i]);
        write_text("old.json", text);
        process_result result = run(QUICK "--compare old.json --json -");
        const char *compare = json_member(result.out, "compare");
        cr_assert(json_is_valid(result.out) && compare, "%s", result.out);
        cr_expect(json_count(json_member(compare, "rows")) == 0, "%s", strangers[i]);
        cr_expect(json_count(json_member(compare, "only_before")) == 1, "%s", strangers[i]);
        cr_expect(json_count(json_member(compare, "only_now")) == 2, "%s", strangers[i]);
        process_release(&result);
    }
}

/* Every row of the file is taken once. */
Test(compare, rows_that_are_twice, .init = scene_enter, .fini = scene_leave)
{
    write_text("old.json", FILE_OF(ROW("max", "1", TIMES, "") ", " ROW("max", "1", TIMES, "")));
    process_result result = run(QUICK "--compare old.json");
    cr_expect(strstr(result.out, "\n" MAX) && !strstr(result.out, "\n" AVERAGE), "%s", result.out);
    cr_expect(strstr(result.out, "\nonly before: " MAX ", threads: 1\n") != NULL, "%s", result.out);
    cr_expect(strstr(result.out, "\nonly now:    " AVERAGE ", threads: 1\n") != NULL, "%s", result.out);
    process_release(&result);
}

/* Seconds, a thousandth of a nanosecond, and both: the quartiles of the file lie beyond this run's, or around them. */
static const struct {
    const char *file, *verdict;
} verdicts[] = {{FILE_OF(ROW("max", "1", TIMES, "")), "  faster\n"},
                {FILE_OF(ROW("max", "1",
                             "'least': 1e-12, 'lower_quartile': 2e-12, 'median': 3e-12, "
                             "'upper_quartile': 4e-12",
                             "")),
                 "  slower\n"},
                {FILE_OF(ROW("max", "1",
                             "'least': 1e-12, 'lower_quartile': 2e-12, 'median': 3, "
                             "'upper_quartile': 4",
                             "")),
                 " -\n"}};

Test(compare, verdicts, .init = scene_enter, .fini = scene_leave)
{
    for (size_t i = 0; i < sizeof verdicts / sizeof *verdicts; i++) {
        write_text("old.json", verdicts[i].file);
        process_result result = run(QUICK "--compare old.json");
        const char *row = strstr(result.out, "\n" MAX), *end = row ? strchr(row + 1, '\n') : NULL;
        const size_t length = strlen(verdicts[i].verdict);
        cr_expect(end && strncmp(end + 1 - length, verdicts[i].verdict, length) == 0, "%s%s", verdicts[i].verdict,
                  result.out);
        process_release(&result);
    }
}

/* What a run wrote is read again, and of the same machine and version nothing is told. */
Test(compare, own_file, .init = scene_enter, .fini = scene_leave)
{
    process_result result = run(QUICK "--json old.json");
    process_release(&result);
    result = run(QUICK "--compare old.json");
    cr_expect(strstr(result.out, "\n" MAX) && strstr(result.out, "\n" AVERAGE), "%s", result.out);
    cr_expect(strstr(result.out, "\ngeometric mean ") && !strstr(result.out, "\nonly "), "%s", result.out);
    cr_expect(!strstr(result.err, "another"), "%s", result.err);
    process_release(&result);
}

static const char *const notes[][2] = {
    {"{'poolgrad': '0.0.9', 'rows': []}", "note: old.json is of another build: version was 0.0.9, is "},
    {"{'poolgrad': '0.0.9', 'rows': [], 'processors': 3000}",
     "note: old.json is of another machine: processor was not told, is "},
    {"{'poolgrad': '0.0.9', 'rows': [], 'processors': 3000}", "number of processors was 3000, is "},
    {"{'poolgrad': '0.0.9', 'rows': [], 'machine': {'processor': 'abacus'}}", "processor was abacus, is "},
    {"{'poolgrad': '0.0.9', 'rows': [], 'machine': {'caches': [{'level': 1, 'type': 'data', 'bytes': 2048}]}}",
     "caches was L1 data 2 KiB, is "},
    {"{'poolgrad': '0.0.9', 'rows': [], 'machine': {'compiler': 'pcc 1'}}", "compiler was pcc 1, is "},
    {"{'poolgrad': '0.0.9', 'rows': [], 'load': {'busy': true}}", "note: old.json was measured on a busy machine"},
    {"{'poolgrad': '0\\u0007.9', 'rows': []}", "version was 0?.9, is "},
};

Test(compare, notes, .init = scene_enter, .fini = scene_leave)
{
    for (size_t i = 0; i < sizeof notes / sizeof *notes; i++) {
        write_text("old.json", notes[i][0]);
        process_result result = run(QUICK "--compare old.json");
        cr_expect(strstr(result.err, notes[i][1]) != NULL, "%s\n%s", notes[i][1], result.err);
        cr_expect(process_speaks_plainly(&result));
        process_release(&result);
    }
}

/* ---- Refusals ---------------------------------------------------------------------------------------------------- */

static const char *const bad_files[][2] = {
    {"", "--compare old.json: line 1, column 0: '[' or '{' expected near end of file; expected what poolgrad bench"},
    {"{'poolgrad': ", "--compare old.json: line 1, column 13: "},
    {"{'poolgrad': '0.1.0', 'rows': []} more", "--compare old.json: line 1, column "},
    {"[]", "--compare old.json: has no text \"poolgrad\" and array \"rows\"; expected what poolgrad bench --json"},
    {"{}", "has no text \"poolgrad\" and array \"rows\""},
    {"{'poolgrad': 1, 'rows': []}", "has no text \"poolgrad\" and array \"rows\""},
    {"{'poolgrad': '0.1.0', 'rows': {}}", "has no text \"poolgrad\" and array \"rows\""},
    {"{'poolgrad': '0.1.0', 'rows': [1]}", "row 0 has no text \"case\""},
    {"{'poolgrad': '0.1.0', 'rows': [{'case': 7}]}", "row 0 has no text \"case\""},
    {FILE_OF(ROW("max", "1", TIMES, "") ", {'case': 'a'}"), "row 1 has no number above 0 as \"seconds\".\"least\""},
    {FILE_OF(ROW("max", "1", "'least': 1, 'lower_quartile': 1, 'median': 0, 'upper_quartile': 1", "")),
     "row 0 has no number above 0 as \"seconds\".\"median\""},
    {FILE_OF(ROW("max", "1", "'least': 1, 'lower_quartile': '1', 'median': 1, 'upper_quartile': 1", "")),
     "row 0 has no number above 0 as \"seconds\".\"lower_quartile\""},
    {FILE_OF(ROW("max", "1", "'least': 1, 'lower_quartile': 1, 'median': 1, 'upper_quartile': -1", "")),
     "row 0 has no number above 0 as \"seconds\".\"upper_quartile\""},
};

Test(compare, bad_files, .init = scene_enter, .fini = scene_leave)
{
    for (size_t i = 0; i < sizeof bad_files / sizeof *bad_files; i++) {
        write_text("old.json", bad_files[i][0]);
        cr_expect(scene_refuses(QUICK "--compare old.json --csv out.csv", bad_files[i][1]), "%s", bad_files[i][0]);
    }
}

Test(compare, refusals, .init = scene_enter, .fini = scene_leave)
{
    scene_write_bad_files();
    write_text("old.json", FILE_OF(""));
    cr_expect(scene_refuses(QUICK "--compare missing.json",
                            "--compare missing.json: No such file or directory; expected what"));
    cr_expect(scene_refuses(QUICK "--compare dir", "--compare dir: is a directory; expected what poolgrad bench"));
    cr_expect(scene_refuses(QUICK "--compare old.json --json old.json", "--json old.json: is also --compare"));
    cr_expect(scene_refuses(QUICK "--compare old.json --plot -", "--compare is given beside --plot -, which shows no"));
    cr_expect(scene_refuses(QUICK "--compare old.json --list", "--compare is given beside --list"));
}
