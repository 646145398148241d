/* SPDX-License-Identifier: Apache-2.0 */
/* A failing case of a kit, followed up: its cause, its page, verify and explain of the case. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "support/json_text.h"
#include "support/process.h"
#include "support/scene.h"

/* A case of smoke kits, and a backend that divides by the taps that lie in the padding, too. */
#define NAME "images-3-gradient-average"
#define MISTAKE                                                                                                        \
    "gradient --kind average --kernel 3 --stride 2 --pad 1 --count-include-pad --source kit/cases/" NAME               \
    "/source.npy --source-gradient kit/cases/" NAME "/source_gradient.npy --output actual/" NAME ".npy"

/* A backend whose indices are those of the last of equal taps, which the case does not say. */
#define PICKS "indices-int32-forward-max"
#define LAST_OF_TIES                                                                                                   \
    "forward --kind max --kernel 3 --stride 2 --pad 1 --edge-mode zero --ties last --source kit/cases/" PICKS          \
    "/source.npy --output actual/" PICKS ".npy --picks actual/" PICKS ".indices.npy --picks-format int32"

static process_result run(int status, const char *line)
{
    process_result result = process_run(&scene_setting, line);
    cr_assert(result.status == status, "%s: status %d\n%s%s", line, result.status, result.out, result.err);
    return result;
}

static void do_line(int status, const char *line)
{
    process_result result = run(status, line);
    process_release(&result);
}

static void enter(void)
{
    scene_enter();
    /* Cases of lists above all: arrays are drawn from the data that is left. */
    do_line(0, "suite generate kit --size smoke --feature large,indices,clip,example,divisor --format float32 "
               "--layout nchw,nhwc --without infinity,subnormal,signed-zeros,overflow,cancellation,all-equal,unorm,"
               "float16,bfloat16,float64,add,kernel-offset,channel-window,volume,network,batch-window,empty");
    cr_assert(mkdir(scene_path("actual"), 0755) == 0);
    do_line(0, MISTAKE);
    do_line(0, LAST_OF_TIES);
}

static char *read_text(const char *name)
{
    size_t size;
    char *text = (char *)scene_read_bytes(name, &size);
    cr_assert(text, "%s", name);
    return text;
}

static void expect_words(const char *text, const char *words)
{
    cr_expect(strstr(text, words), "%s in %s", words, text);
}

Test(command_suite_case, sentences_have_causes, .init = enter, .fini = scene_leave)
{
    process_result result = run(1, "suite verify kit --actual actual --skip-missing --json found.json");
    expect_words(result.out, "\nwrong: " NAME ": ");
    expect_words(result.out, "; likely cause: divisor-full-kernel: divides by all taps of the window");
    expect_words(result.out, "\nmore of a case: poolgrad verify --case kit/" NAME " --actual actual/" NAME ".npy\n");
    process_release(&result);
    char *text = read_text("found.json");
    cr_assert(json_is_valid(text));
    expect_words(text, "\"cause\": \"divisor-full-kernel\"");
    expect_words(text, "{\"by\": \"kind\", \"name\": \"average\", \"right\": 0, ");
    free(text);
}

Test(command_suite_case, rows_by_direction_kind_format_and_layout, .init = enter, .fini = scene_leave)
{
    static const char *const rows[] = {"direction ",  "\nforward ",   "\ngradient ", "\n\nkind ",
                                       "\naverage ",  "\nmax ",       "\nl2norm ",   "\nroot-mean ",
                                       "\n\nformat ", "\nfloat32 ",   "\n\nlayout ", "\nnchw ",
                                       "\nnhwc ",     "\n\nfeature ", "\nlarge ",    "\nall "};
    process_result result = run(1, "suite verify kit --actual actual --skip-missing");
    const char *at = result.out;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *found = strstr(result.out, rows[i]);
        cr_expect(found != NULL, "%s", rows[i]);
        if (found && strchr(rows[i] + 1, '\n')) cr_expect(found > at, "%s", rows[i]);
        if (found && strchr(rows[i] + 1, '\n')) at = found;
    }
    process_release(&result);
}

/* The last of equal taps is as good as the first unless the case's rule is kept. */
Test(command_suite_case, indices_are_judged, .init = enter, .fini = scene_leave)
{
    cr_assert(remove(scene_path("actual/" NAME ".npy")) == 0);
    process_result result = run(0, "suite verify kit --actual actual --skip-missing --json found.json");
    cr_expect(!strstr(result.out, "are not judged"), "%s", result.out);
    process_release(&result);
    result = run(1, "suite verify kit --actual actual --skip-missing --keep-tie-rule");
    expect_words(result.out, "\nwrong: " PICKS ": ");
    expect_words(result.out, " wrong; the first, (");
    process_release(&result);
    size_t size;
    unsigned char *bytes = scene_read_bytes("actual/" PICKS ".indices.npy", &size);
    memset(bytes + size - 4, 0, 4); /* the last window does not have the first pixel */
    scene_write_bytes("actual/" PICKS ".indices.npy", bytes, size);
    result = run(1, "suite verify kit --actual actual --skip-missing --json found.json");
    expect_words(result.out, "\nwrong: " PICKS ": ");
    process_release(&result);
    char *text = read_text("found.json");
    expect_words(text, "\"indices\": \"wrong\"");
    free(text);
    scene_write_bytes("actual/" PICKS ".indices.npy", bytes, size - 4);
    free(bytes);
    result = run(1, "suite verify kit --actual actual --skip-missing");
    expect_words(result.out,
                 "\nunreadable: " PICKS ": the file of indices: is 204 bytes long; expected 208 by its header\n");
    process_release(&result);
    cr_assert(remove(scene_path("actual/" PICKS ".indices.npy")) == 0);
    result = run(0, "suite verify kit --actual actual --skip-missing");
    expect_words(result.out, "\nindices of 1 cases are not judged: there is no NAME.indices.npy\n");
    process_release(&result);
}

/* Of the cases that words name, and of one part of them. */
Test(command_suite_case, cases_that_are_judged, .init = enter, .fini = scene_leave)
{
    process_result result = run(0, "suite verify kit --actual actual --kind max --skip-missing");
    cr_expect(!strstr(result.out, "\naverage ") && strstr(result.out, "\nmax "), "%s", result.out);
    process_release(&result);
    result = run(1, "suite verify kit --actual actual --feature large --without nhwc --skip-missing");
    expect_words(result.out, "\nwrong: " NAME ": ");
    cr_expect(!strstr(result.out, "\nnhwc "), "%s", result.out);
    process_release(&result);
    cr_expect(scene_refuses("suite verify kit --actual actual --format float16",
                            "no case is left by --format float16; expected filters that leave some"));
    int wrong = 0;
    for (int part = 1; part <= 2; part++) {
        char line[SCENE_LINE];
        snprintf(line, sizeof line, "suite verify kit --actual actual --skip-missing --shard %d/2", part);
        result = process_run(&scene_setting, line);
        wrong += strstr(result.out, "\nwrong: " NAME ": ") != NULL;
        process_release(&result);
    }
    cr_expect(wrong == 1, "%d", wrong);
}

static bool lacks_pictures(const char *line)
{
    process_result result = process_run(&scene_setting, line);
    const bool lacks = strstr(result.err, "expected a poolgrad built with libpng") != NULL;
    if (lacks) cr_expect(result.status == 2);
    process_release(&result);
    return lacks;
}

Test(command_suite_case, reports, .init = enter, .fini = scene_leave)
{
    if (lacks_pictures("suite verify kit --actual actual --skip-missing --reports pages")) return;
    char *index = read_text("pages/index.html"), *page = read_text("pages/" NAME ".html");
    expect_words(index, "<!DOCTYPE html>");
    expect_words(index, "<a href=\"" NAME ".html\">" NAME "</a></td><td>wrong</td><td>divisor-full-kernel</td>");
    expect_words(index, "<tr><th>kind</th>");
    expect_words(index, "</html>\n");
    expect_words(page, "<!DOCTYPE html>");
    expect_words(page, "<p>Case <code>" NAME "</code> of a kit.</p>");
    expect_words(page, "<td>divisor-full-kernel</td>");
    expect_words(page, "</html>\n");
    free(index);
    free(page);
    cr_expect(scene_refuses("suite verify kit --actual actual --reports pages",
                            "--reports pages: is not empty; expected a folder that is new or empty"));
}

Test(command_suite_case, verify_of_a_case, .init = enter, .fini = scene_leave)
{
    process_result result = run(1, "verify --case kit/" NAME " --actual actual/" NAME ".npy --json found.json");
    expect_words(result.out, "case " NAME "\ngradient of average: float32 3 x 5 x 18 x 19, sums in float32\n");
    expect_words(result.out, "  divisor-full-kernel: ");
    process_release(&result);
    char *text = read_text("found.json");
    cr_expect(json_is_valid(text) && json_is(json_member(text, "case"), NAME), "%s", text);
    free(text);
    do_line(0, "verify --case kit/" NAME " --actual kit/cases/" NAME "/expected.npy");
    do_line(0, "verify --case kit/cases/" NAME "/ --actual kit/cases/" NAME "/exact.npy --threads 1 --findings 3");
    do_line(0, "verify --case kit/adaptive-37x41-to-17x19-gradient-average --actual "
               "kit/cases/adaptive-37x41-to-17x19-gradient-average/exact.npy");
    do_line(0, "verify --case kit/clip-inside-gradient-max --actual kit/cases/clip-inside-gradient-max/expected.npy");
    do_line(0, "verify --case kit/" PICKS " --actual kit/cases/" PICKS "/expected.npy --keep-tie-rule");
}

Test(command_suite_case, explain_of_a_case, .init = enter, .fini = scene_leave)
{
    process_result result = run(0, "explain --case kit/" NAME " --actual actual/" NAME ".npy");
    expect_words(result.out, "Gradient of average, kernel 3 x 3, stride 2 x 2");
    expect_words(result.out, "  Verdict: wrong.");
    process_release(&result);
    result = run(0, "explain --case kit/" NAME " --at 2,1,0,3");
    expect_words(result.out, "Destination: image 2, channel 1, row 0, column 3\n");
    process_release(&result);
    result = run(0, "explain --case kit/" PICKS " --at 0,0,1,2");
    expect_words(result.out, "Forward max, kernel 3 x 3, stride 2 x 2");
    process_release(&result);
}

/* Sums of 342 terms: in bfloat16 one after the other can give nearly anything, a tree of them cannot. */
#define SUMS "taps-19x18-forward-root-mean"

/* Off by 256 units in the last place. */
static void write_rough_sums(void)
{
    enum { HEADER = 128, FLOAT = 4 };
    size_t size;
    unsigned char *bytes = scene_read_bytes("kit/cases/" SUMS "/expected.npy", &size);
    for (size_t i = HEADER; i < size; i += FLOAT) bytes[i + 1] ^= 1; /* its second byte */
    scene_write_bytes("actual/" SUMS ".npy", bytes, size);
    free(bytes);
}

Test(command_suite_case, unbounded_cases, .init = enter, .fini = scene_leave)
{
#define JUDGED "suite verify kit --actual actual --skip-missing --computed-in bfloat16"
    cr_assert(remove(scene_path("actual/" NAME ".npy")) == 0);
    write_rough_sums();
    process_result result = run(0, JUDGED " --json found.json --junit found.xml");
    expect_words(result.out, "\nright\n");
    cr_expect(!strstr(result.out, "\nunbounded: "), "%s", result.out);
    process_release(&result);
    char *text = read_text("found.json"), *xml = read_text("found.xml");
    expect_words(text, "{\"name\": \"" SUMS "\", \"outcome\": \"unbounded\", ");
    expect_words(xml, "name=\"" SUMS "\"><system-out>");
    free(text);
    free(xml);
    result = run(1, JUDGED " --strict --junit found.xml");
    expect_words(result.out, "\nunbounded: " SUMS ": ");
    expect_words(result.out, " elements are unbounded: the declared sums can come out as nearly anything there; ");
    expect_words(result.out, "\nnot right\n");
    process_release(&result);
    xml = read_text("found.xml");
    expect_words(xml, " failures=\"1\" errors=\"0\" ");
    expect_words(xml, "name=\"" SUMS "\"><failure message=\"");
    free(xml);
    do_line(0, JUDGED " --strict --chain 9");
    if (lacks_pictures(JUDGED " --strict --reports pages")) return;
    text = read_text("pages/index.html");
    expect_words(text, "<tr><td>" SUMS "</td><td>unbounded</td>");
    free(text);
}

/* A case of verify and explain is judged by what is declared, as files by themselves are. */
Test(command_suite_case, declarations, .init = enter, .fini = scene_leave)
{
#define VERIFY "verify --case kit/" SUMS " --actual actual/" SUMS ".npy --computed-in bfloat16"
    write_rough_sums();
    do_line(0, VERIFY);
    process_result result = run(1, VERIFY " --strict --json found.json");
    expect_words(result.out, "\nnot right, strictly: ");
    process_release(&result);
    char *text = read_text("found.json");
    expect_words(text, "\"passes\": false, \"strict\": true,");
    free(text);
    do_line(0, VERIFY " --strict --chain 9");
    do_line(1, "verify --case kit/" SUMS " --actual actual/" SUMS ".npy");
    scene_write_numbers("printed.npy", "f4", "1,1,1,3", "1 1.67 2.33"); /* 1, 5/3, 7/3 */
    do_line(1, "verify --case kit/divisor-forward-average --actual printed.npy");
    do_line(0, "verify --case kit/divisor-forward-average --actual printed.npy --digits 2");
}

#define NANS "n33-nan-gradient-max-nan-last"

/* A gradient that is given to the 7 of {NaN, 5, NaN, 7}, and not to the last NaN. */
Test(command_suite_case, rules_of_nans, .init = enter, .fini = scene_leave)
{
    enum { FLOAT = 4 };
    size_t size;
    unsigned char *bytes = scene_read_bytes("kit/cases/" NANS "/expected.npy", &size);
    memcpy(bytes + size - FLOAT, bytes + size - 2 * FLOAT, FLOAT);
    memset(bytes + size - 2 * FLOAT, 0, FLOAT);
    scene_write_bytes("actual/" NANS ".npy", bytes, size);
    free(bytes);
    do_line(0, "verify --case kit/" NANS " --actual actual/" NANS ".npy");
    do_line(1, "verify --case kit/" NANS " --actual actual/" NANS ".npy --strict");
    do_line(1, "verify --case kit/" NANS " --actual actual/" NANS ".npy --keep-nan-rule");
    process_result result = run(0, "explain --case kit/" NANS " --actual actual/" NANS ".npy --keep-nan-rule");
    expect_words(result.out, "  Verdict: wrong.");
    process_release(&result);
}

static const struct refusal {
    const char *line, *sentence;
} refusals[] = {
    {"verify --case kit/" NAME, "--actual is missing; expected --actual FILE"},
    {"verify --case kit --actual x.npy", "--case is 'kit'; expected KIT/NAME, a kit's folder and a case"},
    {"verify --case= --actual x.npy", "--case is ''; expected --case KIT/NAME"},
    {"verify --case /kit --actual x.npy", "--case is '/kit'; expected KIT/NAME, a kit's folder and a case"},
    {"verify --case none/x --actual x.npy", "none/manifest.json: is missing; expected the manifest of a kit"},
    {"verify --case kit/images-3 --actual x.npy",
     "--case: the kit kit has no case \"images-3\"; expected the name of one, such as \"images-3-"},
    {"verify --case kit/xyz --actual x.npy", "--case: the kit kit has no case \"xyz\"; expected the name of one, as"},
    {"verify --case kit/" NAME " --actual none.npy", "none.npy: is missing; expected a .npy file"},
    {"verify --case kit/" NAME " --actual -", "--actual is -; expected a .npy file with --case"},
    {"verify --case kit/" NAME " --actual kit/cases/" PICKS "/expected.npy",
     "expected.npy: dimension 0 is 1; expected"},
    {"verify --case kit/" NAME " --actual x.npy --kernel 3",
     "--kernel is given beside --case; expected one of them, the case has its own"},
    {"verify --case kit/" NAME " --actual x.npy --source x.npy", "--source is given beside --case; expected one"},
    {"verify --case kit/" NAME " --actual x.npy --ties first", "--ties is given beside --case; expected one of them"},
    {"verify --case kit/" NAME " --actual x.npy --nan any", "--nan is given beside --case; expected one of them"},
    {"verify --case kit/" NAME " --actual x.npy --dialect torch", "--dialect is given beside --case; expected one"},
    {"verify --case kit/" NAME " --actual x.npy --print-problem",
     "--print-problem is given beside --case; expected one of them: not every case can be said by options, the kit's "
     "manifest.json and verify's --json have its problem"},
    {"explain --case kit/" NAME " --at 0,0,0,0 --print-problem",
     "--print-problem is given beside --case; expected one"},
    {"verify --kind max --kernel 2 --source x.npy --actual y.npy --keep-tie-rule",
     "--keep-tie-rule is given without --case; expected --ties WORD, a rule"},
    {"verify --kind max --kernel 2 --source x.npy --actual y.npy --keep-nan-rule",
     "--keep-nan-rule is given without --case; expected --nan WORD, a rule"},
    {"explain --case kit/" NAME " --at 0,0,0,0 --keep-nan-rule", "--keep-nan-rule is about an output that is judged"},
    {"explain --case kit/" NAME, "--at is missing; expected --at N,C,[Z,]Y,X, or --actual, whose worst element it is"},
    {"explain --case kit/" NAME " --at 0,0,0,0 --keep-tie-rule", "--keep-tie-rule is about an output that is judged"},
    {"explain --case kit/" NAME " --at 0,0,0,0 --format float32", "--format is given beside --case; expected one"},
    {"explain --case kit/" NAME " --actual kit/cases/" NAME "/expected.npy",
     "--at is missing; expected it, no element of --actual is wrong"},
    {"gradient --case kit/" NAME, "--case is no option of this command"}};

Test(command_suite_case, refusals, .init = enter, .fini = scene_leave)
{
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        cr_expect(scene_refuses(refusals[i].line, refusals[i].sentence), "expected: %s", refusals[i].sentence);
    }
}
