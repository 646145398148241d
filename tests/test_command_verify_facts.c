/* SPDX-License-Identifier: Apache-2.0 */
/* What the command verify says before any verdict: how it understood the problem, and what was declared. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "support/json_text.h"
#include "support/process.h"
#include "support/scene.h"
#include "support/view.h"

/* dx.npy and y.npy are right. */
static void enter(void)
{
    scene_enter();
    scene_write();
    cr_assert(scene_runs("gradient --source x.npy --source-gradient g.npy --kind average --kernel 3 --stride 2 --pad 1 "
                         "--output dx.npy"));
    cr_assert(scene_runs("forward --source x.npy --kind average --kernel 3 --stride 2 --pad 1 --output y.npy"));
}

/* The text between the headline and the verdicts. */
static void expect_facts(const char *line, const char *facts)
{
    process_result result = process_run(&scene_setting, line);
    const char *begin = strstr(result.out, ", sums in "), *end = strstr(result.out, "\nverdicts:\n");
    cr_assert(result.status <= 1 && begin && end, "%s: %s%s", line, result.out, result.err);
    begin = strchr(begin, '\n') + 1;
    const size_t length = (size_t)(end + 1 - begin);
    cr_expect(length == strlen(facts) && memcmp(begin, facts, length) == 0, "%s\n%.*sexpected:\n%s", line, (int)length,
              begin, facts);
    process_release(&result);
}

#define GRADIENT "verify --source x.npy --source-gradient g.npy --kernel 3 --stride 2 --actual dx.npy"
#define FORWARD "verify --source x.npy --kernel 3 --stride 2 --actual y.npy"

/* A pad that is forgotten moves windows by a pixel: they end behind the image. */
Test(command_verify_facts, pads, .init = enter, .fini = scene_leave)
{
    expect_facts(GRADIENT " --kind average --pad 1",
                 "  height    7 pixels, 4 windows: kernel 3, stride 2, dilation 1, pads 1 before, 1 reached behind\n"
                 "  width     9 pixels, 5 windows: kernel 3, stride 2, dilation 1, pads 1 before, 1 reached behind\n"
                 "  arrays    all float32 nchw\n"
                 "  divisor   taps inside the source alone\n"
                 "  assumed   sums in float32, any order of additions, any division, products fused or not, "
                 "subnormals kept\n");
    expect_facts(GRADIENT " --kind max --pad-top 1",
                 "  height    7 pixels, 4 windows: kernel 3, stride 2, dilation 1, pads 1 before, 1 reached behind\n"
                 "  width     9 pixels, 5 windows: kernel 3, stride 2, dilation 1, pads 0 before, 2 reached behind\n"
                 "  arrays    all float32 nchw\n"
                 "  outside   taps there are left out (edge mode clamp)\n"
                 "  ties      any one of several greatest taps may be picked\n"
                 "  nan       any of a window may be picked, or its greatest number\n"
                 "  assumed   sums in float32, any order of additions, subnormals kept\n");
    expect_facts("verify --source x.npy --source-gradient g.npy --kernel 2 --dilation 2 --stride-x 1 --stride-y 2 "
                 "--actual dx.npy --kind l2norm --offset-x 3 --offset-y 0",
                 "  height    7 pixels, 4 windows: kernel 2, stride 2, dilation 2, pads 1 before, 1 reached behind\n"
                 "  width     9 pixels, 5 windows: kernel 2, stride 1, dilation 2, 2 pixels left over before, "
                 "0 reached behind\n"
                 "  arrays    all float32 nchw\n"
                 "  outside   taps there add nothing\n"
                 "  assumed   sums in float32, any order of additions, any division, products fused or not, "
                 "subnormals kept\n");
}

Test(command_verify_facts, rules, .init = enter, .fini = scene_leave)
{
#define AXES                                                                                                           \
    "  height    7 pixels, 4 windows: kernel 3, stride 2, dilation 1, pads 1 before, 1 reached behind\n"               \
    "  width     9 pixels, 5 windows: kernel 3, stride 2, dilation 1, pads 1 before, 1 reached behind\n"               \
    "  arrays    all float32 nchw\n"
    expect_facts(FORWARD " --kind average --pad 1 --count-include-pad --computed-in float16 --chain 1 --strict",
                 AXES "  divisor   taps inside the source, and in pads that count: 1 before and 1 behind along height, "
                      "1 before and 1 behind along width\n"
                      "  declared  sums in float16, at most 1 addition in a row, strict\n"
                      "  assumed   any division, products fused or not, subnormals kept\n");
    expect_facts(FORWARD " --kind average --pad 1 --divisor -3 --division true --fusion all --subnormals flushed",
                 AXES "  divisor   -3, whatever taps there are\n"
                      "  declared  true division, products fused, subnormals flushed\n"
                      "  assumed   sums in float32, any order of additions\n");
    expect_facts(FORWARD " --kind l2norm --root-mean --pad 1 --edge-mode zero --division reciprocal --fusion none "
                         "--digits 4 --chain 9 --computed-in float64 --subnormals flushed",
                 AXES "  divisor   of the mean of squares: all taps of a window, also outside the source (edge mode "
                      "zero)\n"
                      "  declared  sums in float64, at most 9 additions in a row, division by reciprocals, products "
                      "rounded before they are added, subnormals flushed, printed with 4 digits behind the point\n");
    expect_facts(FORWARD " --kind max --pad 1 --edge-mode zero --nan ignore",
                 AXES "  outside   taps there read +0 and take part (edge mode zero)\n"
                      "  nan       the greatest number is picked, NaNs ignored\n"
                      "  assumed   subnormals kept\n");
    expect_facts(GRADIENT " --kind max --pad 1 --ties last --nan last",
                 AXES "  outside   taps there are left out (edge mode clamp)\n"
                      "  ties      the last of several greatest taps is picked\n"
                      "  nan       a window's last NaN is picked\n"
                      "  assumed   sums in float32, any order of additions, subnormals kept\n");
    expect_facts(GRADIENT " --kind max --pad 1 --ties split --nan first",
                 AXES "  outside   taps there are left out (edge mode clamp)\n"
                      "  ties      several greatest taps get equal shares\n"
                      "  nan       a window's first NaN is picked\n"
                      "  assumed   sums in float32, any order of additions, any division, products fused or not, "
                      "subnormals kept\n");
}

/* What is taken of the arrays, and what of the output is written. */
Test(command_verify_facts, parts, .init = enter, .fini = scene_leave)
{
    expect_facts(GRADIENT " --kind average --pad 1 --clip-x 1 --clip-width 3 --clip-image 1 --primary-offset-y 1 "
                          "--source-size-height 2 --secondary-source-feature-channel-offset 4 "
                          "--primary-source-feature-channel-max-count 4 --before dx.npy",
                 "  height    7 pixels, 2 windows: kernel 3, stride 2, dilation 1, pads 1 before, 3 pixels left over "
                 "behind\n"
                 "  width     9 pixels, 5 windows: kernel 3, stride 2, dilation 1, pads 1 before, 1 reached behind\n"
                 "  counted   of the source gradient rows 1 to 2\n"
                 "  written   images from 1 on, columns 1 to 3, the first of them the first window's first pixel "
                 "(N43)\n"
                 "  channels  of the source from 4 on, of the source gradient 0 to 3\n"
                 "  arrays    all float32 nchw\n"
                 "  before    what is not written has to be as it was\n"
                 "  divisor   taps inside the source alone\n"
                 "  assumed   sums in float32, any order of additions, any division, products fused or not, "
                 "subnormals kept\n");
    cr_assert(scene_runs("gradient --source x.npy --source-gradient g.npy --kind average --kernel 3 --stride 2 --pad 1 "
                         "--output-layout nhwc --output other.npy"));
    expect_facts("verify --source-width 9 --source-height 7 --source-gradient g.npy --kernel 3 --stride 2 --pad 1 "
                 "--actual other.npy --actual-layout nhwc --add-to other.npy --kind average",
                 "  height    7 pixels, 4 windows: kernel 3, stride 2, dilation 1, pads 1 before, 1 reached behind\n"
                 "  width     9 pixels, 5 windows: kernel 3, stride 2, dilation 1, pads 1 before, 1 reached behind\n"
                 "  arrays    source by its sizes, source gradient float32 nchw, output float32 nhwc\n"
                 "  before    the gradient is added to what the output held\n"
                 "  divisor   taps inside the source alone\n"
                 "  assumed   sums in float32, any order of additions, any division, products fused or not, "
                 "subnormals kept\n");
}

/* Tables, a third axis, slices of channels, a framework's words, and a single axis. */
Test(command_verify_facts, kinds_of_windows, .init = enter, .fini = scene_leave)
{
    scene_write_numbers("v.npy", "f4", "1,1,3,2,2", "1 2 3 4 5 6 7 8 9 1 2 3");
    scene_write_numbers("w.npy", "f4", "1,1,2,1,1", "3 5");
    expect_facts("verify --source v.npy --actual w.npy --kind average --kernel 2 --adaptive-depth 2",
                 "  depth     3 pixels, 2 windows by table, of 2\n"
                 "  height    2 pixels, 1 window: kernel 2, stride 1, dilation 1, pads 0 before, 0 reached behind\n"
                 "  width     2 pixels, 1 window: kernel 2, stride 1, dilation 1, pads 0 before, 0 reached behind\n"
                 "  arrays    all float32 ncdhw\n"
                 "  divisor   taps inside the source alone\n"
                 "  assumed   sums in float32, any order of additions, any division, products fused or not, "
                 "subnormals kept\n");
    expect_facts("verify --source x.npy --actual y.npy --kind max --dialect torch --kernel_size 3 --stride 2 "
                 "--padding 1",
                 "  words     torch's, translated into what follows\n"
                 "  height    7 pixels, 4 windows: kernel 3, stride 2, dilation 1, pads 1 before, 1 reached behind\n"
                 "  width     9 pixels, 5 windows: kernel 3, stride 2, dilation 1, pads 1 before, 1 reached behind\n"
                 "  arrays    all float32 nchw\n"
                 "  outside   taps there are left out (edge mode clamp)\n"
                 "  nan       any of a window may be picked, or its greatest number\n"
                 "  assumed   subnormals kept\n");
    cr_assert(scene_runs("forward --source x.npy --kind average --kernel 7 --kernel-width 9 --output-layout nc8hw8 "
                         "--output sliced.npy"));
    expect_facts("verify --source x.npy --kind average --kernel 7 --kernel-width 9 --actual-layout nc8hw8 --actual "
                 "sliced.npy",
                 "  height    7 pixels, 1 window: kernel 7, stride 1, dilation 1, pads 0 before, 0 reached behind\n"
                 "  width     9 pixels, 1 window: kernel 9, stride 1, dilation 1, pads 0 before, 0 reached behind\n"
                 "  arrays    source float32 nchw, output float32 nc8hw8\n"
                 "  divisor   taps inside the source alone\n"
                 "  assumed   sums in float32, any order of additions, any division, products fused or not, "
                 "subnormals kept\n");
    scene_write_numbers("l.npy", "f4", "5", "1 2 4 8 16");
    scene_write_numbers("m.npy", "f4", "2", "2 8");
    expect_facts("verify --source l.npy --actual m.npy --kind max --dimensions 1 --kernel 2 --stride 2",
                 "  width     5 pixels, 2 windows: kernel 2, stride 2, dilation 1, pads 0 before, 1 pixel left over "
                 "behind\n"
                 "  arrays    all float32 nchw\n"
                 "  outside   taps there are left out (edge mode clamp)\n"
                 "  nan       any of a window may be picked, or its greatest number\n"
                 "  assumed   subnormals kept\n");
}

Test(command_verify_facts, json, .init = enter, .fini = scene_leave)
{
    process_result result = process_run(&scene_setting,
                                        "verify --dialect torch --source x.npy --source-gradient g.npy --actual dx.npy "
                                        "--kind average --kernel_size 3 --stride 2 --padding 1 --chain 8 --json -");
    cr_assert(json_is_valid(result.out), "%s%s", result.out, result.err);
    cr_expect(json_is(json_member(result.out, "dialect"), "torch"));
    const char *problem = json_member(result.out, "problem"), *axes = json_member(result.out, "axes"),
               *declared = json_member(result.out, "declared");
    cr_assert(problem && axes && declared && json_count(axes) == 2);
    cr_expect_eq(json_number(json_member(problem, "window.kernel_width")), 3);
    const char *height = json_element(axes, 0);
    cr_expect(json_is(json_member(height, "axis"), "height"));
    static const struct {
        const char *name;
        double number;
    } members[] = {{"pixels", 7},         {"windows", 4}, {"pad_before", 1}, {"pad_behind", 1}, {"counted_before", 1},
                   {"counted_behind", 1}, {"kernel", 3},  {"stride", 2},     {"dilation", 1}};
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        cr_expect_eq(json_number(json_member(height, members[i].name)), members[i].number, "%s", members[i].name);
    cr_expect(strncmp(json_member(height, "by_table"), "false", 5) == 0);
    cr_expect_eq(json_number(json_member(declared, "chain")), 8);
    cr_expect(strncmp(json_member(declared, "computed_in"), "null", 4) == 0);
    cr_expect(json_is(json_member(declared, "division"), "any") && json_is(json_member(declared, "ties"), "any"));
    process_release(&result);
    result = process_run(&scene_setting, "verify --source x.npy --kind max --adaptive 2 --actual y.npy --json -");
    cr_expect_eq(result.status, 2);
    process_release(&result);
    result = process_run(&scene_setting, GRADIENT " --kind max --pad 1 --computed-in float16 --ties last --strict "
                                                  "--json -");
    cr_assert(json_is_valid(result.out));
    declared = json_member(result.out, "declared");
    cr_expect(json_is(json_member(declared, "computed_in"), "float16"));
    cr_expect(json_is(json_member(declared, "ties"), "last") && json_is(json_member(declared, "nan"), "any"));
    cr_expect(strncmp(json_member(declared, "strict"), "true", 4) == 0);
    cr_expect_null(json_member(result.out, "dialect"));
    process_release(&result);
}
