/* SPDX-License-Identifier: Apache-2.0 */
/* verify, explain and exact mode over volumes, tables, gathers and means, against numbers worked by hand. */
#include <criterion/criterion.h>
#include <string.h>

#include "support/npyfile.h"
#include "support/process.h"
#include "support/scene.h"

/* The pixel (z, y, x) of v.npy is 1 + 9 z + 3 y + x. */
static void enter(void)
{
    scene_enter();
    scene_write_numbers("v.npy", "f4", "1,1,3,3,3", "1..27");
    scene_write_numbers("y.npy", "f4", "1,1,2,2,2", "7.5 8.5 10.5 11.5 16.5 17.5 19.5 20.5");
    scene_write_numbers("wrong.npy", "f4", "1,1,2,2,2", "7.5 8.5 10.5 11.5 16.5 17.5 19 20.5");
    scene_write_numbers("g.npy", "f4", "1,1,2,2,2", "1..8");
    scene_write_numbers("dx.npy", "f4", "1,1,3,3,3", "0 0 0 0 0 0 0 0 0 0 0 0 0 1 2 0 3 4 0 0 0 0 5 6 0 7 8");
    scene_write_numbers("five.npy", "f4", "5", "1..5");
    scene_write_numbers("means.npy", "f4", "3", "1.5 3 4.5");
    scene_write_numbers("shares.npy", "f4", "5", "3 5 2 5 3");
    scene_write_numbers("sixes.npy", "f4", "3", "6 6 6");
    scene_write_numbers("square.npy", "f4", "2,2", "8 4 12 16");
    scene_write_numbers("gather.npy", "i8", "2,2", "0 -1 2 3");
    scene_write_numbers("gathered.npy", "f4", "2,2", "8 0 12 16");
    scene_write_numbers("seven.npy", "f4", "2", "1 7");
    scene_write_numbers("root.npy", "f4", "1", "5");
    scene_write_numbers("flat.npy", "f4", "1,1,1,1", "27");
}

static void expect(const char *line, int status, const char *text)
{
    process_result result = process_run(&scene_setting, line);
    cr_expect(result.status == status && strstr(result.out, text), "%s\nsays %s%snot %s", line, result.out, result.err,
              text);
    process_release(&result);
}

#define ONE " --dimensions 1 --kind "
#define GATHER "square.npy --kind max --kernel 2 --stride 2 --pad 1 --indices gather.npy"

Test(command_verify_volume, verdicts, .init = enter, .fini = scene_leave)
{
    expect("verify --source v.npy --kind average --kernel 2 --actual y.npy", 0, "right\n");
    expect("verify --source v.npy --kind average --kernel 2 --actual wrong.npy", 1, "wrong                         1 ");
    expect("verify --source v.npy --source-gradient g.npy --kind max --kernel 2 --actual dx.npy", 0, "right\n");
    expect("verify --source v.npy --kind max --kernel 3 --actual flat.npy", 0, "float32 1 x 1 x 1 x 1 x 1, sums");
    expect("verify --source five.npy --actual means.npy" ONE "average --adaptive 3", 0, "right\n");
    expect("verify --source-gradient sixes.npy --source-width 5 --actual shares.npy" ONE "average --adaptive 3", 0,
           "right\n");
    expect("verify --actual gathered.npy --source " GATHER, 0, "right\n");
    expect("verify --actual square.npy --source " GATHER, 1, "wrong                         1 ");
    expect("verify --source seven.npy --actual root.npy" ONE "l2norm --kernel 2 --root-mean", 0, "right\n");
    expect("verify --source seven.npy --actual root.npy" ONE "l2norm --kernel 2", 1, "wrong");
}

Test(command_verify_volume, stories, .init = enter, .fini = scene_leave)
{
    expect("explain --source v.npy --kind average --kernel 2 --at 0,0,1,1,0", 0, "Result: 19.5 (");
    expect("explain --source v.npy --source-gradient g.npy --kind max --kernel 2 --at 0,0,2,1,1", 0, "Result: 5 (");
    expect("explain --source five.npy --at 0,0,1" ONE "average --adaptive 3", 0, "Result: 3 (");
    expect("explain --source five.npy --at 0,0,0,2" ONE "average --adaptive 3", 0, "Result: 4.5 (");
    expect("explain --source seven.npy --at 0,0,0" ONE "l2norm --kernel 2 --root-mean", 0, "Result: 5 (");
    expect("explain --at 0,0,1,0 --source " GATHER, 0, "Result: 12 (");
    expect("explain --source v.npy --kind average --kernel 2 --at 0,0,1,1,0 --print-problem", 0,
           "poolgrad explain --at 0,0,1,1,0 --source v.npy --kind average --kernel-width 2 --kernel-height 2 "
           "--kernel-depth 2 --output-width 2 --output-height 2 --output-depth 2\n");
}

Test(command_verify_volume, exact_values, .init = enter, .fini = scene_leave)
{
    cr_expect(scene_gives("forward --mode exact --source v.npy --kind average --kernel 2 --output out.npy", "out.npy",
                          npyfile_of_numbers("f4", "1,1,2,2,2", "7.5 8.5 10.5 11.5 16.5 17.5 19.5 20.5")));
    cr_expect(scene_gives("gradient --mode exact --source-gradient sixes.npy --source-width 5 --output out.npy" ONE
                          "average --adaptive 3",
                          "out.npy", npyfile_of_numbers("f4", "5", "3 5 2 5 3")));
    cr_expect(scene_gives("forward --mode exact --output out.npy --source " GATHER, "out.npy",
                          npyfile_of_numbers("f4", "2,2", "8 0 12 16")));
    cr_expect(scene_gives("forward --mode exact --source seven.npy --output out.npy" ONE
                          "l2norm --kernel 2 --root-mean",
                          "out.npy", npyfile_of_numbers("f4", "1", "5")));
}

static const char *const refusals[][2] = {
    {"verify --source v.npy --kind average --kernel 2 --actual v.npy",
     "--actual is 3 x 3 x 3 (depth x height x width); expected 2 x 2 x 2 by the options"},
    {"verify --source five.npy --actual five.npy" ONE "average --adaptive 3",
     "--actual is 5 (width); expected 3 by the options"},
    {"verify --source v.npy --source-gradient g.npy --kind max --kernel 2 --actual g.npy",
     "--actual is 1 x 1 x 2 x 2 x 2 (images, channels, depth, height, width); expected 1 x 1 x 3 x 3 x 3, as the "
     "sourc"},
    {"verify --source v.npy --source-gradient g.npy --kind max --kernel 2 --actual dx.npy --before y.npy",
     "--before is float32 1 x 1 x 2 x 2 x 2 (images, channels, depth, height, width); expected float32 1 x 1 x 3 x 3 x "
     "3,"},
    {"explain --source v.npy --kind average --kernel 2 --at 0,0,1,1",
     "--at has 4 numbers; expected 5: image, channel, depth, row and column"},
    {"explain --source v.npy --kind average --kernel 2 --at 0,0,1,1,0,0",
     "--at has 6 numbers; expected 5: image, chann"},
    {"explain --source v.npy --kind average --kernel 2 --at 0,0,2,1,0", "--at: z is 2; expected 0 to 1"},
    {"explain --at 0,0,1,0 --picks-format tap8 --source " GATHER,
     "--picks-format is given beside --indices; expected one"},
    {"explain --source five.npy --at 0,0" ONE "average --adaptive 3", "--at has 2 numbers; expected 3: image, channel"},
    {"explain --at 0,0,0,0,0 --source layer.npy --kind max --kernel 1 --layout nc4hw4 --source-layout nchw",
     "an array of 3 axes in layout nc4hw4"},
};

Test(command_verify_volume, refusals, .init = enter, .fini = scene_leave)
{
    scene_write_numbers("layer.npy", "f4", "1,1,1,2,2", "1..4");
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
        cr_expect(scene_refuses(refusals[i][0], refusals[i][1]), "%s", refusals[i][0]);
}
