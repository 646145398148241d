/* SPDX-License-Identifier: Apache-2.0 */
/* The command verify from outside: verdicts of right and wrong outputs, what it says of them, what it refuses. */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <poolgrad/oracle.h>

#include "cli/options.h"
#include "support/json_text.h"
#include "support/npyfile.h"
#include "support/process.h"
#include "support/scene.h"
#include "support/view.h"

#define GRADIENT "verify --source x.npy --source-gradient g.npy --kind average --kernel 3 --stride 2 --pad 1"
#define FORWARD "verify --source x.npy --kind average --kernel 3 --stride 2 --pad 1"

/* dx.npy and y.npy are right. */
static void enter(void)
{
    scene_enter();
    scene_write();
    cr_assert(scene_runs("gradient --source x.npy --source-gradient g.npy --kind average --kernel 3 --stride 2 --pad 1 "
                         "--output dx.npy"));
    cr_assert(scene_runs("forward --source x.npy --kind average --kernel 3 --stride 2 --pad 1 --output y.npy"));
}

/* The file with another element, as another file; of float32. */
static void write_changed(const char *from, const char *to, size_t element, float value)
{
    size_t size;
    unsigned char *bytes = scene_read_bytes(from, &size);
    cr_assert(bytes);
    size_t header = 10 + bytes[8] + 256 * (size_t)bytes[9];
    memcpy(bytes + header + element * sizeof value, &value, sizeof value);
    scene_write_bytes(to, bytes, size);
    free(bytes);
}

static process_result run(const char *line, int status)
{
    process_result result = process_run(&scene_setting, line);
    cr_expect_eq(result.status, status, "%s: %s", line, result.err);
    cr_expect(process_speaks_plainly(&result), "%s", result.err);
    return result;
}

static void expect_text(const char *line, int status, const char *text)
{
    process_result result = run(line, status);
    cr_expect(strstr(result.out, text), "%s\nexpected: %s", result.out, text);
    process_release(&result);
}

Test(command_verify, right, .init = enter, .fini = scene_leave)
{
    expect_text(GRADIENT " --actual dx.npy", 0, "gradient of average: float32 2 x 8 x 7 x 9, sums in float32\n");
    expect_text(GRADIENT " --actual dx.npy", 0, "  equal                      1008  100.000 %  the reference's bits\n");
    expect_text(GRADIENT " --actual dx.npy", 0, "\nright\n");
    expect_text(FORWARD " --actual y.npy", 0, "forward of average: float32 2 x 8 x 4 x 5, sums in float32\n");
}

Test(command_verify, wrong, .init = enter, .fini = scene_leave)
{
    write_changed("dx.npy", "bad.npy", 100, 77.5F);
    expect_text(GRADIENT " --actual bad.npy", 1, "\nwrong: 1 element\n");
    /* 100 = (1 * 7 + 4) * 9 + 1: channel 1, row 4, column 1. */
    expect_text(GRADIENT " --actual bad.npy", 1, "\n  0,1,4,1  wrong: is 77.5 (429b0000), the reference ");
    process_result result = run(GRADIENT " --actual bad.npy --findings 0", 1);
    cr_expect_null(strstr(result.out, "0,1,4,1"));
    process_release(&result);
    write_changed("y.npy", "bad.npy", 3, 77.5F);
    expect_text(FORWARD " --actual bad.npy", 1, "\n  0,0,0,3  wrong: is 77.5 (429b0000), the reference ");
}

/* What PyTorch computed for real layers is right, though not everywhere the reference's bits. */
Test(command_verify, pytorch, .init = scene_enter, .fini = scene_leave)
{
    static const char *const cases[][2] = {
        {"digits-average-3x3s2p1", "--kind average --kernel 3 --stride 2 --pad 1"},
        {"digits-max-2x2", "--kind max --kernel 2 --stride 2 --ties first"},
        {"photo-dilated-max-3x3d2", "--kind dilated-max --kernel 3 --dilation 2 --pad 1"},
        {"photo-l2norm-2x2", "--kind l2norm --kernel 2 --stride 2"},
        {"photo-max-3x3s2p1", "--kind max --kernel 3 --stride 2 --pad 1"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char line[SCENE_LINE];
        const char *folder = POOLGRAD_TEST_DATA, *name = cases[i][0];
        snprintf(line, sizeof line,
                 "verify %s --source %s/%s/source.npy --source-gradient %s/%s/source_gradient.npy --actual "
                 "%s/%s/destination_gradient.npy --json -",
                 cases[i][1], folder, name, folder, name, folder, name);
        process_result result = run(line, 0);
        cr_expect(json_is_valid(result.out));
        const char *verdicts = json_member(result.out, "verdicts");
        cr_expect_eq(json_number(json_member(verdicts, "wrong")), 0);
        const bool rounds = strstr(name, "l2norm") != NULL;
        cr_expect_eq(json_number(json_member(verdicts, "legal-rounding")) > 0, rounds, "%s", name);
        process_release(&result);
    }
}

/* A gradient at another of two equal taps: legal, unless the rule is declared. */
Test(command_verify, ties, .init = scene_enter, .fini = scene_leave)
{
    poolgrad_image x = scene_tensor(POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 2, 2);
    poolgrad_image g = scene_tensor(POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 1, 1);
    poolgrad_image dx = scene_tensor(POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 2, 2);
    poolgrad_image_set(&g, 0, 0, 0, 0, 0, 3);
    for (int64_t i = 0; i < 4; i++) {
        poolgrad_image_set(&x, 0, 0, 0, i / 2, i % 2, 0);
        poolgrad_image_set(&dx, 0, 0, 0, i / 2, i % 2, i == 2 ? 3 : 0);
    }
    scene_write_image(&x, 2, "x.npy");
    scene_write_image(&g, 2, "g.npy");
    scene_write_image(&dx, 2, "dx.npy");
#define MAX "verify --source x.npy --source-gradient g.npy --kind max --kernel 2 --stride 2 --actual dx.npy"
    expect_text(MAX, 0, "  legal-tie                     2");
    expect_text(MAX, 0, "  ties: 1 groups of windows looked at, 1 of them exactly\n");
    expect_text(MAX " --ties first", 1, "\nwrong: 2 elements\n");
    expect_text(MAX " --ties last", 1, "\nwrong: 2 elements\n");
    poolgrad_image_set(&dx, 0, 0, 0, 1, 1, 3);
    scene_write_image(&dx, 2, "dx.npy");
    expect_text(MAX, 1, "\nwrong: ");
    view_free(&x);
    view_free(&g);
    view_free(&dx);
}

static poolgrad_image ones(poolgrad_format format, int64_t height, int64_t width)
{
    poolgrad_image made = scene_tensor(format, POOLGRAD_NCHW, 1, 1, height, width);
    for (int64_t i = 0; i < height * width; i++) poolgrad_image_set(&made, 0, 0, 0, i / width, i % width, 1);
    return made;
}

/* The mean of 4096 ones in float16 is between 1 / 7.4 and 7.4 in a loop; in a tree of 12 levels it is nearly 1. */
Test(command_verify, unbounded, .init = scene_enter, .fini = scene_leave)
{
    poolgrad_image x = ones(POOLGRAD_FLOAT16, 64, 64), y = ones(POOLGRAD_FLOAT16, 1, 1);
    poolgrad_image_set(&y, 0, 0, 0, 0, 0, 0.5);
    scene_write_image(&x, 2, "x.npy");
    scene_write_image(&y, 2, "y.npy");
#define MEAN_OF_ONES "--source x.npy --kind average --kernel 64 --actual y.npy --computed-in float16"
#define MEAN "verify " MEAN_OF_ONES
    expect_text(MEAN, 0, "  unbounded                     1  100.000 %  legal, but so would nearly anything be\n");
    expect_text(MEAN, 0, "  unbounded: 1: the declared sums can come out as nearly anything there; --chain and ");
    expect_text(MEAN, 0, "\n  0,0,0,0  unbounded: is 0.5 (3800), the reference 1 (3c00), ");
    expect_text(MEAN, 0, "\nright\n");
    expect_text(MEAN " --strict", 1, "\nnot right, strictly: 1 element is undocumented or unbounded\n");
    expect_text(MEAN " --chain 12", 1, "\nwrong: 1 element\n");
    process_result result = run(MEAN " --strict --json -", 1);
    cr_assert(json_is_valid(result.out));
    cr_expect_eq(json_number(json_member(json_member(result.out, "verdicts"), "unbounded")), 1);
    cr_expect(strncmp(json_member(result.out, "passes"), "false", 5) == 0);
    cr_expect(strncmp(json_member(result.out, "strict"), "true", 4) == 0);
    cr_expect(json_member(result.out, "unbounded") && json_count(json_member(result.out, "findings")) == 1);
    process_release(&result);
    expect_text("explain --at 0,0,0,0 " MEAN_OF_ONES, 0, "Verdict: unbounded.");
    poolgrad_image_set(&y, 0, 0, 0, 0, 0, 1);
    scene_write_image(&y, 2, "y.npy");
    expect_text(MEAN " --strict", 0, "\nright\n");
    view_free(&x);
    view_free(&y);
}

/* A NaN and the greatest number: one of them gets the gradient. */
Test(command_verify, nan_rules, .init = scene_enter, .fini = scene_leave)
{
    poolgrad_image x = ones(POOLGRAD_FLOAT32, 1, 2), g = ones(POOLGRAD_FLOAT32, 1, 1),
                   dx = ones(POOLGRAD_FLOAT32, 1, 2);
    poolgrad_image_set(&x, 0, 0, 0, 0, 0, (double)NAN);
    poolgrad_image_set(&dx, 0, 0, 0, 0, 0, 0);
    scene_write_image(&x, 2, "x.npy");
    scene_write_image(&g, 2, "g.npy");
    scene_write_image(&dx, 2, "dx.npy");
#define NANS                                                                                                           \
    "verify --source x.npy --source-gradient g.npy --kind max --kernel-width 2 --kernel-height 1 --actual dx.npy"
    expect_text(NANS, 0, "  undocumented                  2");
    expect_text(NANS " --nan any", 0, "  undocumented                  2");
    expect_text(NANS " --strict", 1, "\nnot right, strictly: 2 elements are undocumented or unbounded\n");
    expect_text(NANS " --nan ignore --strict", 0, "\nright\n");
    expect_text(NANS " --nan first", 1, "\nwrong: 2 elements\n");
    poolgrad_image_set(&dx, 0, 0, 0, 0, 0, 1);
    scene_write_image(&dx, 2, "dx.npy");
    expect_text(NANS, 1, "\nwrong: 1 element\n");
    view_free(&x);
    view_free(&g);
    view_free(&dx);
}

Test(command_verify, digits, .init = scene_enter, .fini = scene_leave)
{
    poolgrad_image x = ones(POOLGRAD_FLOAT32, 1, 1), y = ones(POOLGRAD_FLOAT32, 1, 1);
    poolgrad_image_set(&x, 0, 0, 0, 0, 0, 0.15091111);
    poolgrad_image_set(&y, 0, 0, 0, 0, 0, 0.1509);
    scene_write_image(&x, 2, "x.npy");
    scene_write_image(&y, 2, "y.npy");
#define PRINTED "verify --source x.npy --kind max --kernel 1 --actual y.npy"
    expect_text(PRINTED, 1, "\nwrong: 1 element\n");
    expect_text(PRINTED " --digits 4", 0, "\nright\n");
    expect_text(PRINTED " --digits 5", 1, "\nwrong: 1 element\n");
    view_free(&x);
    view_free(&y);
    /* Mistakes are recognised by what is printed of them, too. */
    x = ones(POOLGRAD_FLOAT32, 2, 4);
    y = ones(POOLGRAD_FLOAT32, 2, 4);
    for (int64_t i = 0; i < 8; i++) {
        const double value = 1.0 / (double)(3 + i);
        poolgrad_image_set(&x, 0, 0, 0, i / 4, i % 4, value);
        poolgrad_image_set(&y, 0, 0, 0, i / 4, i % 4, round(2 * value * 1000) / 1000);
    }
    scene_write_image(&x, 2, "x.npy");
    scene_write_image(&y, 2, "y.npy");
    expect_text(PRINTED " --digits 3", 1,
                "\n  multiplied: gives 2 times what it should: 8 of 8 wrong elements, 100.0 %");
    view_free(&x);
    view_free(&y);
}

/* 2048 + 1 in float32 that is stored in float16. */
Test(command_verify, shapes, .init = scene_enter, .fini = scene_leave)
{
    poolgrad_image x = ones(POOLGRAD_FLOAT32, 1, 2), y = ones(POOLGRAD_FLOAT32, 1, 1);
    poolgrad_image_set(&x, 0, 0, 0, 0, 0, 2048);
    poolgrad_image_set(&y, 0, 0, 0, 0, 0, 1024);
    scene_write_image(&x, 2, "x.npy");
    scene_write_image(&y, 2, "y.npy");
#define STORED "verify --source x.npy --kind average --kernel-width 2 --kernel-height 1 --actual y.npy"
    expect_text(STORED, 1, ", sums in float32\n");
#define SAYS                                                                                                           \
    "sums stored in float16, averages axis by axis, composed of a pooling that averages, norms as they were stored"
#define DECLARED STORED " --stored-in float16 --averages by-axis --composed mean --norms stored"
    expect_text(DECLARED, 0, " " SAYS "\n");
    process_result result = run(DECLARED " --json - --report page.html", 0);
    cr_assert(json_is_valid(result.out));
    cr_expect(json_is(json_member(json_member(result.out, "declared"), "stored_in"), "float16"));
    cr_expect(json_is(json_member(json_member(result.out, "declared"), "averages"), "by-axis"));
    cr_expect(json_is(json_member(json_member(result.out, "declared"), "composed"), "mean"));
    cr_expect(json_is(json_member(json_member(result.out, "declared"), "norms"), "stored"));
    size_t size;
    char *page = (char *)scene_read_bytes("page.html", &size);
    cr_expect(page && strstr(page, ">" SAYS "<"));
    free(page);
    process_release(&result);
    view_free(&x);
    view_free(&y);
}

Test(command_verify, json, .init = enter, .fini = scene_leave)
{
    write_changed("dx.npy", "bad.npy", 100, 77.5F);
    process_result result = run(GRADIENT " --actual bad.npy --json -", 1);
    cr_assert(json_is_valid(result.out));
    cr_expect(json_is(json_member(result.out, "direction"), "gradient"));
    cr_expect(json_is(json_member(result.out, "computed_in"), "float32"));
    cr_expect(json_is(json_member(json_member(result.out, "declared"), "stored_in"), "float32"));
    cr_expect(json_is(json_member(json_member(result.out, "declared"), "norms"), "computed"));
    cr_expect(strncmp(json_member(result.out, "passes"), "false", 5) == 0);
    cr_expect_eq(json_number(json_member(json_member(result.out, "verdicts"), "wrong")), 1);
    cr_expect_eq(json_count(json_member(result.out, "findings")), 1);
    const char *finding = json_element(json_member(result.out, "findings"), 0);
    const char *const place[] = {json_member(finding, "z"), json_member(finding, "y")};
    cr_expect(place[0] && json_number(place[0]) == 0 && json_number(place[1]) == 4);
    cr_expect(json_is(json_member(json_member(finding, "actual"), "bits"), "429b0000"));
    cr_expect_eq(json_number(json_member(json_member(finding, "actual"), "value")), 77.5);
    process_result written = run(GRADIENT " --actual bad.npy --json found.json", 1);
    size_t size;
    unsigned char *bytes = scene_read_bytes("found.json", &size);
    cr_expect(bytes && strcmp((char *)bytes, result.out) == 0 && strstr(written.out, "wrong: 1 element"));
    free(bytes);
    process_release(&written);
    process_release(&result);
    write_changed("dx.npy", "bad.npy", 100, 0);
    result = run(GRADIENT " --actual bad.npy --json -", 1);
    const char *cause = json_element(json_member(result.out, "causes"), 0);
    cr_expect(cause && json_is(json_member(cause, "name"), "region-constant"), "%s", result.out);
    cr_expect(strstr(result.out, "row 4") && !strstr(result.out, "\"cause\""));
    process_release(&result);
}

Test(command_verify, causes_are_not_looked_for, .init = enter, .fini = scene_leave)
{
    write_changed("dx.npy", "bad.npy", 100, 0);
    expect_text(GRADIENT " --actual bad.npy", 1, "\nlikely cause:\n  region-constant: ");
    expect_text(GRADIENT " --actual bad.npy --no-causes", 1, "\nlikely cause: not looked for\n");
    process_result result = run(GRADIENT " --actual bad.npy --no-causes --json -", 1);
    cr_assert(json_is_valid(result.out));
    cr_expect(strncmp(json_member(result.out, "looked_for_causes"), "false", 5) == 0);
    cr_expect_eq(json_count(json_member(result.out, "causes")), 0);
    process_release(&result);
    result = run(GRADIENT " --actual bad.npy --json -", 1);
    cr_expect(strncmp(json_member(result.out, "looked_for_causes"), "true", 4) == 0);
    cr_expect_eq(json_count(json_member(result.out, "causes")), 1);
    process_release(&result);
}

static void expect_in_order(const char *text, const char *const *parts)
{
    for (; *parts; parts++) {
        const char *found = strstr(text, *parts);
        cr_assert(found, "%s is not, or not in its place", *parts);
        text = found + 1;
    }
}

/* One file, nothing from elsewhere: what was understood, pictures, lists. */
Test(command_verify, page, .init = enter, .fini = scene_leave)
{
    write_changed("dx.npy", "bad.npy", 100, 77.5F);
    process_result result = process_run(&scene_setting, GRADIENT " --actual bad.npy --report page.html");
    size_t size;
    unsigned char *page = scene_read_bytes("page.html", &size);
    if (result.status == 2) {
        cr_expect(strstr(result.err, "--report is given; expected a poolgrad built with libpng"), "%s", result.err);
        cr_expect_null(page);
    } else {
        cr_assert(result.status == 1 && page);
        const char *text = (const char *)page;
        cr_expect(strncmp(text, "<!DOCTYPE html>", 15) == 0 && strstr(text, "</html>"));
        cr_expect(strstr(text, "<span>77.5</span> <span>(429b0000)</span>") &&
                  strstr(text, "data:image/png;base64,iVBORw0KGgo"));
        cr_expect(strstr(text, "1 of 1008 elements wrong"));
        expect_in_order(
            text, (const char *const[]){
                      "<h2>What is judged</h2>", "<th>height</th><td>7 pixels, 4 windows: ", "<svg class=\"geometry\"",
                      "<h2>Verdicts</h2>", "data:image/png;base64,", "<div class=\"bars\"", "<h2>Likely cause</h2>",
                      "<h2>The worst elements</h2>", "<h2>How they come about</h2>", "Actual: 77.5 (0x429b0000).",
                      "The declared arithmetic can give ", "(4, 1) ", NULL});
        cr_expect(!strstr(text, "http") && !strstr(text, "src=\"/"), "nothing is fetched");
    }
    free(page);
    process_release(&result);
}

/* What the clip rectangle leaves out. */
Test(command_verify, before, .init = enter, .fini = scene_leave)
{
    write_changed("dx.npy", "bad.npy", 0, 5);
#define CLIPPED GRADIENT " --clip-x 1 --clip-y 1 --clip-width 1 --clip-height 1"
    cr_assert(scene_runs("gradient --source x.npy --source-gradient g.npy --kind average --kernel 3 --stride 2 --pad 1 "
                         "--clip-x 1 --clip-y 1 --clip-width 1 --clip-height 1 --output part.npy"));
    expect_text(CLIPPED " --actual part.npy", 0, "  -                           992            not judged");
    expect_text(CLIPPED " --actual part.npy --before dx.npy", 1, "\nwrong: ");
    write_changed("part.npy", "other.npy", 0, 5);
    expect_text(CLIPPED " --actual other.npy --before part.npy", 1, "\nwrong: 1 element\n");
    expect_text(CLIPPED " --actual other.npy", 0, "\nright\n");
    cr_assert(scene_runs("gradient --source x.npy --source-gradient g.npy --kind average --kernel 3 --stride 2 --pad 1 "
                         "--add-to dx.npy --output sum.npy"));
    expect_text(GRADIENT " --actual sum.npy --add-to dx.npy", 0, "\nright\n");
    expect_text(GRADIENT " --actual sum.npy", 1, "\nwrong: ");
}

static const struct refusal {
    const char *line, *sentence;
} refusals[] = {
    {GRADIENT, "--actual is missing; expected --actual FILE"},
    {"verify --actual y.npy --kind average --kernel 3", "--source is missing; expected --source FILE"},
    {FORWARD " --actual dx.npy", "--actual is 7 x 9 (height x width); expected 4 x 5 by the options"},
    {GRADIENT " --actual y.npy", "--actual is 2 x 8 x 4 x 5 (images, channels, height, width); expected 2 x 8 x 7 x 9"},
    {GRADIENT " --actual dx.npy --output-width 3",
     "--output-width is about forward pooling; expected options of a gradient, there is a --source-gradient"},
    {FORWARD " --actual y.npy --primary-offset-x 1",
     "--primary-offset-x is about a gradient; expected options of forward pooling, there is no --source-gradient"},
    {FORWARD " --actual y.npy --indices x.npy", "--indices is given with --kind average; expected max"},
    {GRADIENT " --actual dx.npy --before y.npy", "--before is float32 2 x 8 x 4 x 5 (images, channels, height, width); "
                                                 "expected float32 2 x 8 x 7 x 9, as --actual"},
    {GRADIENT " --actual dx.npy --add-to half.npy",
     "--add-to is float16 2 x 8 x 7 x 9 (images, channels, height, width); expected float32 2 x 8 x 7 x 9, as "},
    {GRADIENT " --actual dx.npy --before dx.npy --add-to dx.npy",
     "--before is given beside --add-to; expected one of them"},
    {GRADIENT " --actual dx.npy --computed-in unorm8",
     "--computed-in is 'unorm8'; expected float16, bfloat16, float32 or float64"},
    {GRADIENT " --actual dx.npy --ties none", "--ties is 'none'; expected any, first, last, all or split"},
    {GRADIENT " --actual dx.npy --division fast", "--division is 'fast'; expected any, true or reciprocal"},
    {GRADIENT " --actual dx.npy --nan none", "--nan is 'none'; expected any, first, last or ignore"},
    {GRADIENT " --actual dx.npy --chain 0", "--chain is 0; expected at least 1 addition, as two terms need"},
    {GRADIENT " --actual dx.npy --stored-in unorm8",
     "--stored-in is 'unorm8'; expected float16, bfloat16, float32 or float64"},
    {GRADIENT " --actual dx.npy --stored-in float16 --computed-in bfloat16",
     "--stored-in is float16 where --computed-in is bfloat16; expected formats of which one holds the other's numbers"},
    {GRADIENT " --actual dx.npy --averages axis",
     "--averages is 'axis'; expected whole, by-axis or reciprocal-product"},
    {GRADIENT " --actual dx.npy --averages reciprocal-product --division true",
     "--averages is reciprocal-product beside --division true; expected --division reciprocal, or any"},
    {GRADIENT " --actual dx.npy --composed torch", "--composed is 'torch'; expected not, sum or mean"},
    {GRADIENT " --actual dx.npy --norms kept", "--norms is 'kept'; expected computed or stored"},
    {"explain --at 0,0,0,0 --source x.npy --kind average --kernel 3 --stored-in float16",
     "--stored-in is about an output that is judged; expected --actual with it"},
    {GRADIENT " --actual dx.npy --digits 0", "--digits is 0; expected 1 to 20, behind the decimal point"},
    {GRADIENT " --actual dx.npy --digits 21", "--digits is 21; expected 1 to 20, behind the decimal point"},
    {"explain --at 0,0,0,0 --source x.npy --kind average --kernel 3 --chain 8",
     "--chain is about an output that is judged; expected --actual with it"},
    {GRADIENT " --actual dx.npy --findings -1", "--findings is -1; expected 0 to 2147483647"},
    {GRADIENT " --actual dx.npy --kernel 3 --mode exact", "--kernel is given twice"},
    {GRADIENT " --actual dx.npy --mode exact", "--mode is no option of this command"},
    {GRADIENT " --actual dx.npy --json dx.npy", "--json dx.npy: is also --actual; expected a file of its own"},
    {GRADIENT " --actual dx.npy --json none/found.json", "--json none/found.json: cannot be written: No such file"},
    {GRADIENT " --actual none.npy", "--actual none.npy: No such file or directory; expected a .npy file"},
};

Test(command_verify, refusals, .init = enter, .fini = scene_leave)
{
    cr_assert(scene_runs("gradient --source x.npy --source-gradient g.npy --kind average --kernel 3 --stride 2 --pad 1 "
                         "--format float16 --output half.npy"));
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        cr_expect(scene_refuses(refusals[i].line, refusals[i].sentence), "expected: %s", refusals[i].sentence);
    }
}

/* A gradient of another size than a forward call gives is told of before any kernel is blamed: on standard error, in
 * the report, in JSON and on the page. */
Test(command_verify, geometry_comes_first, .init = scene_enter, .fini = scene_leave)
{
    static const char note[] =
        "--source-gradient is 4 x 5 (height x width), where forward with these options gives 5 x 7; "
        "--stride 2 --pad 1";
    static const char line[] = "verify --source x.npy --source-gradient g.npy --actual dx.npy --kind max --kernel 3";
    scene_write();
    scene_write_image(&scene_source, 4, "dx.npy");
    process_result result = process_run(&scene_setting, line);
    cr_expect(result.status == 1 && strstr(result.err, note), "%s", result.err);
    const char *cause = strstr(result.out, "likely cause");
    cr_expect(cause && strncmp(cause, "likely cause:\n  the geometry: ", 30) == 0 && strstr(cause, note) &&
                  !strstr(cause + 1, "likely cause"),
              "%s", result.out);
    process_release(&result);
    result = process_run(&scene_setting, "verify --source x.npy --source-gradient g.npy --actual dx.npy --kind max "
                                         "--kernel 3 --json -");
    const char *said = json_is_valid(result.out) ? json_member(result.out, "geometry") : NULL;
    cr_expect(said && strncmp(said + 1, note, strlen(note)) == 0, "%s", result.out);
    process_release(&result);
    result = process_run(&scene_setting, "verify --source x.npy --source-gradient g.npy --actual dx.npy --kind max "
                                         "--kernel 3 --report page.html");
    if (result.status == 1) {
        size_t size;
        char *page = (char *)scene_read_bytes("page.html", &size);
        cr_expect(page && strstr(page, "<p>Likely cause: <b>the geometry</b>: --source-gradient is 4 x 5"));
        free(page);
    }
    process_release(&result);
    result = process_run(&scene_setting, "verify --source g.npy --source-gradient x.npy --actual dx.npy --kind max "
                                         "--kernel 3 --stride 2");
    cr_expect(result.status == 2 &&
                  strstr(result.err, ", as the source; --source and --source-gradient may be swapped"),
              "%s", result.err);
    process_release(&result);
    result = process_run(&scene_setting, "verify --source x.npy --actual g.npy --kind max --kernel 3 --stride 2");
    cr_expect(result.status == 2 && strstr(result.err, "expected 3 x 4 by the options, or --pad 1 or --padding-policy"),
              "%s", result.err);
    process_release(&result);
}

static void expect_file(const char *name, const char *const *parts)
{
    size_t size;
    char *text = (char *)scene_read_bytes(name, &size);
    cr_assert(text);
    for (int i = 0; parts[i]; ++i) cr_expect(strstr(text, parts[i]), "%s lacks \"%s\"", name, parts[i]);
    free(text);
}

/* Windows of two layers over a cube: the average's gradient, of which one element of the second layer is wrong. */
Test(command_verify, volumes, .init = scene_enter, .fini = scene_leave)
{
    static const char *const page[] = {"2 &times; 2 &times; 2 pixels",
                                       "<p>By image, channel, depth, row and column;",
                                       "<th class=\"n\">n,c,z,y,x</th>",
                                       "<td class=\"n\">0,0,1,1,0</td>",
                                       "<summary>0,0,1,1,0</summary>",
                                       "<h3>Image 0, channel 0, depth 1: 1 wrong</h3>",
                                       "The first windows, by depth",
                                       "<tr><th>depth</th><td>2 pixels, 1 window: kernel 2, ",
                                       NULL};
    static const char *const json[] = {"\"depth\": 2, \"height\": 2, \"width\": 2,", "\"c\": 0, \"z\": 1, \"y\": 1, ",
                                       NULL};
    const char *line =
        "verify --kind average --kernel 1 --kernel-depth 2 --source x.npy --source-gradient g.npy --actual dx.npy "
        "--report page.html --json found.json";
    scene_write_numbers("x.npy", "f4", "1,1,2,2,2", "1 2 3 4 5 6 7 8");
    scene_write_numbers("g.npy", "f4", "1,1,1,2,2", "2 4 6 8");
    scene_write_numbers("dx.npy", "f4", "1,1,2,2,2", "1 2 3 4 1 2 9 4");
    expect_text(line, 1, "gradient of average: float32 1 x 1 x 2 x 2 x 2, sums in float32\n");
    expect_text(line, 1, "\nworst, by image, channel, depth, row, column:\n  0,0,1,1,0  wrong: is 9 (41100000), the");
    expect_file("page.html", page);
    expect_file("found.json", json);
    process_result result = process_run(&scene_setting, line);
    cr_expect_null(strstr(result.out, "depth 0"));
    process_release(&result);
}

/* Windows by table are drawn, too. */
Test(command_verify, tables, .init = scene_enter, .fini = scene_leave)
{
    static const char *const page[] = {"<tr><th>width</th><td>5 pixels, 3 windows by table, of 2 to 3</td></tr>",
                                       "aria-label=\"The last windows\"", NULL};
    scene_write_numbers("x.npy", "f4", "1,1,1,5", "1 2 4 8 16");
    scene_write_numbers("y.npy", "f4", "1,1,1,3", "1.5 5 12");
    expect_text(
        "verify --kind average --kernel-height 1 --adaptive-width 3 --source x.npy --actual y.npy --report page.html",
        1, "\n  0,0,0,1  wrong: is 5 (40a00000), the reference 4.66666651 (40955555)");
    expect_file("page.html", page);
}

static bool passes(const char *line)
{
    process_result result = process_run(&scene_setting, line);
    const bool good = result.status == 0 && !*result.err && strstr(result.out, "\nright\n");
    process_release(&result);
    return good;
}

/* The output, and what it was before, in another layout than the source. */
Test(command_verify, layouts_of_each_array, .init = enter, .fini = scene_leave)
{
    poolgrad_image before = scene_tensor(POOLGRAD_FLOAT32, POOLGRAD_NHWC, 2, 8, 7, 9);
    scene_fill(&before, 5, false);
    scene_write_image(&before, 4, "before.npy");
    cr_assert(scene_runs("gradient --source x.npy --source-gradient g.npy --kind average --kernel 3 --stride 2 --pad 1 "
                         "--clip-x 0 --add-to before.npy --output-layout nhwc --output added.npy"));
    cr_expect(passes(GRADIENT " --actual added.npy --clip-x 0 --add-to before.npy --actual-layout nhwc"));
    cr_expect(!passes(GRADIENT " --actual added.npy --clip-x 0 --add-to before.npy --layout nhwc"));
    cr_assert(scene_runs("gradient --source x.npy --source-gradient g.npy --kind average --kernel 3 --stride 2 --pad 1 "
                         "--output-layout nhwc --output dx_nhwc.npy"));
    cr_expect(passes(GRADIENT " --actual dx_nhwc.npy --before dx_nhwc.npy --actual-layout nhwc"));
    cr_expect(!passes(GRADIENT " --actual dx_nhwc.npy"));
    view_free(&before);
}

/* What an implementation says of itself is said in the oracle's words. */
Test(command_verify, words_are_the_oracles)
{
    for (const struct choice *c = poolgrad_options[OPTION_DIVISION].choices; c->name; c++)
        cr_expect_str_eq(poolgrad_division_name((poolgrad_division)c->value), c->name);
    for (const struct choice *c = poolgrad_options[OPTION_FUSION].choices; c->name; c++)
        cr_expect_str_eq(poolgrad_fusion_name((poolgrad_fusion)c->value), c->name);
    for (const struct choice *c = poolgrad_options[OPTION_SUBNORMALS].choices; c->name; c++)
        cr_expect_str_eq(poolgrad_subnormals_name((poolgrad_subnormals)c->value), c->name);
}
