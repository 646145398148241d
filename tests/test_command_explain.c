/* SPDX-License-Identifier: Apache-2.0 */
/* The command explain from outside: whose story it tells, that its options are heeded, what it refuses. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/npyfile.h"
#include "support/process.h"
#include "support/scene.h"
#include "support/view.h"

#define AVERAGE "--source x.npy --kind average --kernel 3 --stride 2 --pad 1"
#define FORWARD "explain " AVERAGE
#define GRADIENT "explain --source-gradient g.npy " AVERAGE

/* dx.npy and y.npy are right. */
static void enter(void)
{
    scene_enter();
    scene_write();
    cr_assert(scene_runs("gradient --source-gradient g.npy --output dx.npy " AVERAGE));
    cr_assert(scene_runs("forward --output y.npy " AVERAGE));
}

/* Each of the texts, which end with a null, in this order. */
static void expect_texts(const char *line, const char *const *texts)
{
    process_result result = process_run(&scene_setting, line);
    cr_expect(result.status == 0 && !*result.err, "%s: %s", line, result.err);
    const char *rest = result.out;
    for (; *texts; texts++) {
        const char *found = strstr(rest, *texts);
        cr_expect(found, "%s: %s\nlacks, or has not in its place: %s", line, result.out, *texts);
        if (found) rest = found + strlen(*texts);
    }
    process_release(&result);
}

#define EXPECT(line, ...) expect_texts(line, (const char *const[]){__VA_ARGS__, NULL})

/* "Result: VALUE (0xBITS)" for the element of the file. */
static void expect_result(const char *line, const char *name, int64_t n, int64_t c, int64_t y, int64_t x)
{
    char result[64];
    npyfile file;
    cr_assert(npyfile_read(&file, scene_folder, name) && file.rank == 4);
    const size_t place = (size_t)(((n * file.shape[1] + c) * file.shape[2] + y) * file.shape[3] + x);
    uint32_t bits;
    memcpy(&bits, file.data + place * sizeof bits, sizeof bits);
    snprintf(result, sizeof result, " (0x%08lx), stored as float32", (unsigned long)bits);
    EXPECT(line, "Result: ", result);
    npyfile_free(&file);
}

Test(command_explain, results, .init = enter, .fini = scene_leave)
{
    expect_result(GRADIENT " --at 1,3,4,2", "dx.npy", 1, 3, 4, 2);
    expect_result(GRADIENT " --at 0,0,0,0", "dx.npy", 0, 0, 0, 0);
    expect_result(FORWARD " --at 1,3,2,4", "y.npy", 1, 3, 2, 4);
}

/* What a line says is what forward and gradient would compute by the same options. */
Test(command_explain, options, .init = enter, .fini = scene_leave)
{
    EXPECT(FORWARD " --at 0,0,0,0", "Forward average, kernel 3 x 3, stride 2 x 2, dilation 1 x 1, edge mode clamp\n",
           "Destination: image 0, channel 0, row 0, column 0\n", "N = 2 columns x 2 rows = 4");
    EXPECT(FORWARD " --at 0,0,0,0 --edge-mode zero", "N = 3 x 3 = 9: edge mode zero counts every tap (N17)");
    EXPECT(FORWARD " --at 0,0,0,0 --accumulator float64", "each addition rounded to float64");
    EXPECT(FORWARD " --at 0,0,0,0 --format float16", "stored as float16");
    EXPECT(FORWARD " --at 0,0,0,0 --clip-x 1", "It is not written and keeps its bytes");
    EXPECT(GRADIENT " --at 1,2,3,4", "Gradient of average", "It stands for row 3, column 4 of image 1, channel 2",
           "Windows: 2, of which 2 contribute.");
    EXPECT(GRADIENT " --at 0,0,3,3 --add-to dx.npy", "Added to what the destination holds: ");
    EXPECT(GRADIENT " --at 0,0,0,0 --format bfloat16", "stored as bfloat16");
    EXPECT("explain --source-gradient g.npy --source-width 9 --source-height 7 --kind average --kernel 3 --stride 2 "
           "--pad 1 --at 1,2,3,4",
           "Windows: 2, of which 2 contribute.");
}

Test(command_explain, picks, .init = enter, .fini = scene_leave)
{
#define MAX "--source x.npy --kind max --kernel 3 --stride 2 --pad 1"
    cr_assert(scene_runs("forward " MAX " --output y.npy --picks i.npy --picks-format tap8"));
    cr_assert(scene_runs("gradient " MAX " --source-gradient g.npy --output dx.npy"));
    npyfile file;
    char index[64];
    cr_assert(npyfile_read(&file, scene_folder, "i.npy"));
    snprintf(index, sizeof index, "Index: %d, ky * kernel width + kx in the window (N39).", file.data[7]);
    EXPECT("explain " MAX " --at 0,0,1,2 --picks-format tap8", "Values", "Maximum: ", "Picked: ", index);
    EXPECT("explain " MAX " --at 0,0,1,2", "Index: ", ", y * width + x in the plane (N39).");
    EXPECT("explain " MAX " --source-gradient g.npy --at 1,5,2,3", "Values", "Picked: ");
    EXPECT("explain --indices i.npy --source-width 9 --source-height 7 --kind max --kernel 3 --stride 2 --pad 1 "
           "--source-gradient g.npy --at 1,5,2,3",
           "Picked, by index ");
    expect_result("explain " MAX " --source-gradient g.npy --at 1,5,2,3", "dx.npy", 1, 5, 2, 3);
    npyfile_free(&file);
}

Test(command_explain, judged, .init = enter, .fini = scene_leave)
{
    npyfile file;
    const float wrong = 77.5F;
    cr_assert(npyfile_read(&file, scene_folder, "dx.npy"));
    EXPECT(GRADIENT " --at 0,1,4,1 --actual dx.npy", "Actual: ", "Verdict: equal.\n");
    memcpy(file.data + 100 * sizeof wrong, &wrong, sizeof wrong); /* 100 = (1 * 7 + 4) * 9 + 1 */
    npyfile_write(&file, scene_folder, "bad.npy");
    EXPECT(GRADIENT " --at 0,1,4,1 --actual bad.npy", "Actual: 77.5 (0x429b0000).\n",
           "From the result to it: 16455324 ulps up.", "Verdict: wrong.\n",
           "The declared arithmetic can give 19.9889603 ", "That ends 16455324 ulps below the actual.", "(4, 1) ",
           " wrong\n");
    EXPECT(GRADIENT " --at 0,1,4,2 --actual bad.npy --division true --fusion none --subnormals flushed "
                    "--computed-in float16",
           "Verdict: equal.\n");
    EXPECT(GRADIENT " --at 0,1,4,1 --actual bad.npy --clip-width 1", "It is not written", "Verdict: none.\n");
    EXPECT(GRADIENT " --at 0,1,4,1 --actual bad.npy --clip-width 1 --before dx.npy", "Verdict: wrong.\n");
    EXPECT(FORWARD " --at 0,1,3,1 --actual y.npy", "Verdict: equal.\n");
    npyfile_free(&file);
}

static const struct refusal {
    const char *line, *sentence;
} refusals[] = {
    {FORWARD, "--at is missing; expected --at N,C,[Z,]Y,X"},
    {FORWARD " --at 0,0,1", "--at has 3 numbers; expected 4: image, channel, row and column"},
    {FORWARD " --at 0,0,0,0 --actual-layout nhwc", "--actual-layout is given alone; expected --actual with it"},
    {FORWARD " --at 0,0,1,x", "--at is '0,0,1,x'; expected up to 8 integers with commas between them, N,C,[Z,]Y,X"},
    {FORWARD " --at 2,0,0,0", "--at: n is 2; expected 0 to 1, an image of the destination"},
    {FORWARD " --at 0,8,0,0", "--at: c is 8; expected 0 to 7, a channel of the destination"},
    {FORWARD " --at 0,0,-1,0", "--at: y is -1; expected 0 to 3, a row of the destination"},
    {FORWARD " --at 0,0,0,5", "--at: x is 5; expected 0 to 4, a column of the destination"},
    {GRADIENT " --at 0,0,0,9", "--at: x is 9; expected 0 to 8, a column of the destination"},
    {"explain --at 0,0,0,0 --kind average --kernel 3", "--source is missing; expected --source FILE"},
    {FORWARD " --at 0,0,0,0 --computed-in float16",
     "--computed-in is about an output that is judged; expected --actual with it"},
    {FORWARD " --at 0,0,0,0 --before y.npy", "--before is about an output that is judged; expected --actual with it"},
    {FORWARD " --at 0,0,0,0 --actual y.npy --format float16",
     "--format is given beside --actual; expected one of them"},
    {FORWARD " --at 0,0,0,0 --picks-format tap8",
     "--picks-format is given with --kind average; expected max or dilated-max"},
    {FORWARD " --at 0,0,0,0 --indices y.npy", "--indices is given with --kind average; expected max"},
    {GRADIENT " --at 0,0,0,0 --output-width 3",
     "--output-width is about forward pooling; expected options of a gradient"},
    {GRADIENT " --at 0,0,0,0 --destination-feature-channel-offset 4",
     "--destination-feature-channel-offset is 4 for 8 channels; expected"},
    {FORWARD " --at 0,0,0,0 --actual dx.npy", "--actual is 7 x 9 (height x width); expected 4 x 5"},
    {FORWARD " --at 0,0,0,0 --threads 2", "--threads is no option of this command"},
    {FORWARD " --at 0,0,0,0 --output z.npy", "--output is no option of this command"},
};

Test(command_explain, refusals, .init = enter, .fini = scene_leave)
{
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        cr_expect(scene_refuses(refusals[i].line, refusals[i].sentence), "expected: %s", refusals[i].sentence);
    }
}
