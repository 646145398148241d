/* SPDX-License-Identifier: Apache-2.0 */
/* The command's third axis, tables of windows, divisors, counted sides, gathering, root mean and wide slices, against
 * numbers worked by hand. */
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "support/npyfile.h"
#include "support/process.h"
#include "support/random.h"
#include "support/scene.h"

static void put_arrays(void)
{
    scene_write_numbers("v.npy", "f4", "1,1,3,3,3", "1..27");
    scene_write_numbers("v3.npy", "f4", "3,3,3", "1..27");
    scene_write_numbers("g8.npy", "f4", "1,1,2,2,2", "1..8");
    scene_write_numbers("g9.npy", "f4", "1,1,1,3,3", "3 3 3 3 3 3 3 3 3");
    scene_write_numbers("ones.npy", "f4", "1,1,2,2,2", "1 1 1 1 1 1 1 1");
    scene_write_numbers("slice.npy", "f4", "1,4,2,2,2", "1..32");
    scene_write_numbers("layer.npy", "f4", "1,1,1,2,2", "1..4");
    scene_write_numbers("plane8.npy", "f4", "1,1,1,1", "8");
    scene_write_numbers("image8.npy", "f4", "1,1", "8");
    scene_write_numbers("lanes8.npy", "f4", "1,1,1,1,4", "8 16 24 32");
    scene_write_numbers("square.npy", "f4", "2,2", "8 4 12 16");
    scene_write_numbers("line.npy", "f4", "5", "4 6 8 10 12");
    scene_write_numbers("five.npy", "f4", "5", "1..5");
    scene_write_numbers("g3.npy", "f4", "3", "6 6 6");
    scene_write_numbers("g2.npy", "f4", "2", "5 7");
    scene_write_numbers("seven.npy", "f4", "2", "1 7");
    scene_write_numbers("ten.npy", "f4", "1", "10");
    scene_write_numbers("ncw.npy", "f4", "1,2,5", "0..9");
    scene_write_numbers("wc.npy", "f4", "3,2", "1..6");
    scene_write_numbers("dhwc.npy", "f4", "2,1,2,2", "1..8");
    scene_write_numbers("ndhwc.npy", "f4", "1,2,1,2,2", "1..8");
    scene_write_numbers("c8.npy", "f4", "1,1,2,8", "0..15");
    scene_write_numbers("sw8.npy", "f4", "1,2,8", "0..15");
    scene_write_numbers("c16.npy", "f4", "1,1,2,16", "0..31");
    scene_write_numbers("c32.npy", "f4", "1,1,1,2,32", "0..63");
    scene_write_numbers("wz.npy", "i8", "2,2", "2 1 0 3");
    scene_write_numbers("wx.npy", "i4", "3,2", "3 2 0 5 1 1");
    scene_write_numbers("wide.npy", "i8", "1,2", "-1 4");
    scene_write_numbers("gather.npy", "i8", "2,2", "0 -1 2 3");
    scene_write_numbers("twice.npy", "i8", "2", "1 1");
}

/* ---- Results ----------------------------------------------------------------------------------------------------- */

struct result {
    const char *line, *note, *item, *shape, *numbers;
};

#define F "forward --output y.npy --source "
#define G "gradient --output y.npy --source-gradient "
#define PLANE " --kernel-width 1 --kernel-height 1"
#define OUTSIDE "wholly outside the source: 9 in each volume"
#define NINE "1 2 3 4 5 6 7 8 9"
#define ZEROS " 0 0 0 0 0 0 0 0 0 "

static void check_results(const struct result *result, size_t count)
{
    put_arrays();
    for (size_t i = 0; i < count; i++) {
        cr_expect(scene_gives_with(result[i].line, result[i].note, "y.npy",
                                   npyfile_of_numbers(result[i].item, result[i].shape, result[i].numbers)),
                  "%s", result[i].line);
    }
}

#define CHECK(results) check_results(results, sizeof(results) / sizeof *(results))

/* The pixel (z, y, x) of the volume is 1 + 9 z + 3 y + x. */
static const struct result volumes[] = {
    {F "v.npy --kind average --kernel 2", NULL, "f4", "1,1,2,2,2", "7.5 8.5 10.5 11.5 16.5 17.5 19.5 20.5"},
    {F "v.npy --kind max --kernel 2", NULL, "f4", "1,1,2,2,2", "14 15 17 18 23 24 26 27"},
    {F "v.npy --kind average --kernel 3 --kernel-depth 1", NULL, "f4", "1,1,3,1,1", "5 14 23"},
    {F "v.npy --kind average --kernel-depth 2 --stride-z 2 --pad-front 1" PLANE, NULL, "f4", "1,1,2,3,3",
     NINE " 14.5 15.5 16.5 17.5 18.5 19.5 20.5 21.5 22.5"},
    {F "v.npy --kind average --kernel-depth 2 --stride-z 2 --pad-front 1 --pad-back -1" PLANE, NULL, "f4", "1,1,1,3,3",
     NINE},
    {F "v.npy --kind average --kernel-depth 2 --stride-z 2 --pad-front 1 --pad-back -1 --zero-pad-front 1" PLANE, NULL,
     "f4", "1,1,1,3,3", "0.5 1 1.5 2 2.5 3 3.5 4 4.5"},
    {F "v.npy --kind average --kernel-depth 2 --stride-z 2 --pad-front 1 --pad-back -1 --zero-pad-z 1" PLANE, NULL,
     "f4", "1,1,1,3,3", "0.5 1 1.5 2 2.5 3 3.5 4 4.5"},
    {F "v.npy --kind average --kernel-depth 2 --stride-z 4 --offset-z 3 --output-depth 1 --zero-pad-back 1" PLANE, NULL,
     "f4", "1,1,1,3,3", "9.5 10 10.5 11 11.5 12 12.5 13 13.5"},
    {F "v.npy --kind average --kernel-depth 2 --dilation-z 2" PLANE, NULL, "f4", "1,1,1,3,3",
     "10 11 12 13 14 15 16 17 18"},
    {F "v.npy --kind max --kernel 1 --offset-z 2 --output-depth 1", NULL, "f4", "1,1,1,3,3",
     "19 20 21 22 23 24 25 26 27"},
    {F "v.npy --kind max --kernel 1 --clip-z 1 --clip-depth 1", NULL, "f4", "1,1,3,3,3", ZEROS NINE ZEROS},
    {F "v.npy --kind max --kernel 2 --stride 2 --ceil-mode", NULL, "f4", "1,1,2,2,2", "14 15 17 18 23 24 26 27"},
    {F "v.npy --kind average --kernel 2 --padding-policy same --align top-left", NULL, "f4", "1,1,3,3,3",
     "1 1.5 2.5 2.5 3 4 5.5 6 7 5.5 6 7 7 7.5 8.5 10 10.5 11.5 14.5 15 16 16 16.5 17.5 19 19.5 20.5"},
    {F "v.npy --kind average --adaptive 2 --adaptive-depth 1", NULL, "f4", "1,1,1,2,2", "12 13 15 16"},
    {F "v.npy --kind average --windows-z wz.npy" PLANE, NULL, "f4", "1,1,2,3,3",
     "19 20 21 22 23 24 25 26 27 10 11 12 13 14 15 16 17 18"},
    {G "g8.npy --source v.npy --kind max --kernel 2", NULL, "f4", "1,1,3,3,3",
     ZEROS "0 0 0 0 1 2 0 3 4 0 0 0 0 5 6 0 7 8"},
    {G "g9.npy --kind average --kernel-depth 3 --source-width 3 --source-height 3 --source-depth 3" PLANE, NULL, "f4",
     "1,1,3,3,3", "1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1"},
    {G "v.npy --source v.npy --kind average --kernel 1 --primary-offset-z 2", NULL, "f4", "1,1,3,3,3",
     "19 20 21 22 23 24 25 26 27" ZEROS ZEROS},
    {G "v.npy --source v.npy --kind average --kernel 1 --source-size-depth 1", NULL, "f4", "1,1,3,3,3",
     NINE ZEROS ZEROS},
    {G "v.npy --source v.npy --kind average --kernel 1 --kernel-offset-z -1", OUTSIDE, "f4", "1,1,3,3,3",
     ZEROS NINE " 10 11 12 13 14 15 16 17 18"},
    {G "v.npy --source v.npy --kind average --kernel 1 --offset-z 1", OUTSIDE, "f4", "1,1,3,3,3",
     ZEROS NINE " 10 11 12 13 14 15 16 17 18"},
    {G "v.npy --source v.npy --kind average --kernel 1 --secondary-offset-z 1", OUTSIDE, "f4", "1,1,3,3,3",
     ZEROS NINE " 10 11 12 13 14 15 16 17 18"},
    {G "v.npy --source v.npy --kind average --kernel 1 --clip-z 1 --clip-depth 1", NULL, "f4", "1,1,3,3,3",
     ZEROS NINE ZEROS},
    {G "g8.npy --source v.npy --kind average --kernel 2 --divisor -1 --add-to v.npy", NULL, "f4", "1,1,3,3,3",
     "0 -1 1 0 -5 0 4 1 5 4 -3 4 -3 -22 -5 6 -5 6 14 9 15 10 -3 10 18 11 19"},
};

Test(command_volume, volumes, .init = scene_enter, .fini = scene_leave)
{
    CHECK(volumes);
}

/* A window that is the whole volume: the source gradient's array may be a plane's, the result is the source's. */
#define EIGHT "gradient --output y.npy --source ones.npy --source-gradient "
#define EIGHT_ONES "1 1 1 1 1 1 1 1"

static const struct result volumes_from_planes[] = {
    {EIGHT "plane8.npy --kind average --kernel 2", NULL, "f4", "1,1,2,2,2", EIGHT_ONES},
    {EIGHT "plane8.npy --kind average --kernel 2 --mode reference", NULL, "f4", "1,1,2,2,2", EIGHT_ONES},
    {EIGHT "plane8.npy --kind average --kernel 2 --output-layout nhwc", NULL, "f4", "1,2,2,2,1", EIGHT_ONES},
    {EIGHT "plane8.npy --kind average --kernel 2 --clip-z 1", NULL, "f4", "1,1,2,2,2", "0 0 0 0 1 1 1 1"},
    {EIGHT "plane8.npy --kind average --adaptive 1", NULL, "f4", "1,1,2,2,2", EIGHT_ONES},
    {EIGHT "plane8.npy --kind average --kernel 2 --add-to ones.npy", NULL, "f4", "1,1,2,2,2", "2 2 2 2 2 2 2 2"},
    {EIGHT "plane8.npy --kind average --dialect onnx --kernel_shape 2,2,2", NULL, "f4", "1,1,2,2,2", EIGHT_ONES},
    {EIGHT "plane8.npy --kind max --kernel 2", NULL, "f4", "1,1,2,2,2", "8 0 0 0 0 0 0 0"},
    {EIGHT "plane8.npy --kind l2norm --root-mean --kernel 2", NULL, "f4", "1,1,2,2,2", EIGHT_ONES},
    {EIGHT "image8.npy --kind average --kernel 2", NULL, "f4", "2,2,2", EIGHT_ONES},
    {"gradient --output y.npy --source slice.npy --source-gradient lanes8.npy --source-gradient-layout nc4hw4 "
     "--kind average --kernel 2",
     NULL, "f4", "1,4,2,2,2", EIGHT_ONES " 2 2 2 2 2 2 2 2 3 3 3 3 3 3 3 3 4 4 4 4 4 4 4 4"},
    {"gradient --output y.npy --source layer.npy --source-gradient plane8.npy --kind average --kernel 2 "
     "--kernel-depth 1",
     NULL, "f4", "1,1,1,2,2", "2 2 2 2"},
};

Test(command_volume, volumes_from_planes, .init = scene_enter, .fini = scene_leave)
{
    CHECK(volumes_from_planes);
}

static const struct result readings[] = {
    {F "v3.npy --kind average --kernel 2", NULL, "f4", "3,2,2", "3 4 6 7 12 13 15 16 21 22 24 25"},
    {F "v3.npy --kind average --kernel 2 --dimensions 2", NULL, "f4", "3,2,2", "3 4 6 7 12 13 15 16 21 22 24 25"},
    {F "v3.npy --kind average --kernel 2 --dimensions 3", NULL, "f4", "2,2,2", "7.5 8.5 10.5 11.5 16.5 17.5 19.5 20.5"},
    {F "v3.npy --kind average --kernel 2 --layout ncdhw", NULL, "f4", "2,2,2", "7.5 8.5 10.5 11.5 16.5 17.5 19.5 20.5"},
    {F "v3.npy --kind average --kernel 3 --dimensions 1", NULL, "f4", "3,3,1", "2 5 8 11 14 17 20 23 26"},
    {F "ncw.npy --kind max --kernel 2 --stride 2 --dimensions 1", NULL, "f4", "1,2,2", "1 3 6 8"},
    {F "wc.npy --kind max --kernel 2 --dimensions 1 --layout nhwc", NULL, "f4", "2,2", "3 4 5 6"},
    {F "dhwc.npy --kind average --kernel 2 --kernel-height 1 --dimensions 3 --layout nhwc", NULL, "f4", "1,1,1,2",
     "4 5"},
    {F "dhwc.npy --kind average --kernel 2 --kernel-height 1 --layout ndhwc", NULL, "f4", "1,1,1,2", "4 5"},
    {F "ndhwc.npy --kind average --kernel 2 --kernel-height 1 --layout nhwc", NULL, "f4", "1,1,1,1,2", "4 5"},
    {F "ndhwc.npy --kind average --kernel 2 --kernel-height 1 --layout nhwc --output-layout nchw", NULL, "f4",
     "1,2,1,1,1", "4 5"},
    {F "c8.npy --kind max --kernel 1 --kernel-width 2 --layout nc8hw8", NULL, "f4", "1,1,1,8", "8..15"},
    {F "c8.npy --kind max --kernel 1 --kernel-width 2 --layout nc8hw8 --channels 3", NULL, "f4", "1,1,1,8",
     "8 9 10 0 0 0 0 0"},
    {F "sw8.npy --kind max --kernel 2 --layout nc8hw8 --dimensions 1", NULL, "f4", "1,1,8", "8..15"},
    {F "c8.npy --kind max --kernel 1 --kernel-width 2 --layout nc8hw8 --channels 3 --output-layout nc4hw4", NULL, "f4",
     "1,1,1,4", "8 9 10 0"},
    {F "c16.npy --kind max --kernel 1 --kernel-width 2 --layout nc16hw16 --output-layout nchw --channels 2", NULL, "f4",
     "2,1,1", "16 17"},
    {F "c32.npy --kind max --kernel 1 --kernel-width 2 --layout nc32hw32", NULL, "f4", "1,1,1,1,32", "32..63"},
};

Test(command_volume, arrays_are_read_as_is_said, .init = scene_enter, .fini = scene_leave)
{
    CHECK(readings);
}

#define ONE " --dimensions 1 --kind "

static const struct result rules[] = {
    /* Adaptive windows of 3 over 5: [0, 2), [1, 4), [3, 5). */
    {F "five.npy" ONE "average --adaptive 3", NULL, "f4", "3", "1.5 3 4.5"},
    {F "five.npy" ONE "average --adaptive 3 --edge-mode zero", NULL, "f4", "3", "1.5 3 4.5"},
    {G "g3.npy --source-width 5" ONE "average --adaptive-width 3", NULL, "f4", "5", "3 5 2 5 3"},
    {G "g3.npy --source five.npy" ONE "max --adaptive 3", NULL, "f4", "5", "0 6 0 6 6"},
    {F "five.npy" ONE "max --windows-x wx.npy", NULL, "f4", "3", "5 5 2"},
    {G "g3.npy --source five.npy" ONE "average --windows-x wx.npy --divisor 2", NULL, "f4", "5", "3 6 3 6 6"},
    {F "line.npy" ONE "average --windows-x wide.npy", NULL, "f4", "1", "6"},
    {F "line.npy" ONE "average --windows-x wide.npy --zero-pad 1", NULL, "f4", "1", "4.5"},
    {F "line.npy" ONE "average --windows-x wide.npy --edge-mode zero", NULL, "f4", "1", "4.5"},
    /* Counted padding of one side. */
    {F "square.npy --kind average --kernel 2 --pad-left 0 --pad-top 0 --pad-right 1 --pad-bottom 1 --count-include-pad",
     NULL, "f4", "2,2", "10 5 7 4"},
    {F "square.npy --kind average --kernel 2 --pad-right 1 --pad-bottom 1 --zero-pad-right 1 --zero-pad-bottom 1", NULL,
     "f4", "2,2", "10 5 7 4"},
    {F "line.npy" ONE "average --kernel 3 --stride 2 --pad-left 1 --pad-right 0 --ceil-mode --count-include-pad", NULL,
     "f4", "3", "3.3333333333333335 8 11"},
    {F "line.npy" ONE "average --kernel 3 --stride 2 --pad-left 1 --pad-right 0 --ceil-mode --zero-pad-left 1", NULL,
     "f4", "3", "3.3333333333333335 8 11"},
    {F "line.npy" ONE "average --kernel 2 --pad -1 --count-include-pad", NULL, "f4", "2", "7 9"},
    /* Divisors. */
    {F "square.npy --kind average --kernel 2 --divisor -5", NULL, "f4", "1,1", "-8"},
    /* Root of the mean: of 1 and 7 it is 5. */
    {F "seven.npy" ONE "l2norm --kernel 2 --root-mean", NULL, "f4", "1", "5"},
    {G "ten.npy --source seven.npy" ONE "l2norm --kernel 2 --root-mean", NULL, "f4", "2", "1 7"},
    {F "seven.npy" ONE "l2norm --kernel 2 --root-mean --divisor 50", NULL, "f4", "1", "1"},
    /* Gathering, and the gradient from indices, whose repeated places add. */
    {F "square.npy --kind max --kernel 2 --stride 2 --pad 1 --indices gather.npy", NULL, "f4", "2,2", "8 0 12 16"},
    {G "g2.npy --source-width 3" ONE "max --kernel 2 --indices twice.npy", NULL, "f4", "3", "0 12 0"},
};

Test(command_volume, rules, .init = scene_enter, .fini = scene_leave)
{
    CHECK(rules);
}

/* A window without taps is +0 where the divisor is negative, too. */
Test(command_volume, divided_nothing, .init = scene_enter, .fini = scene_leave)
{
    static const struct result result = {F "square.npy --kind average --kernel 1 --offset-x 7 --offset-y 0 "
                                           "--output-width 1 --output-height 1 --divisor -5",
                                         NULL, "f4", "1,1", "0"};
    check_results(&result, 1);
}

/* A table is what its file says, in whatever order and width the numbers stand there. */
Test(command_volume, tables_of_files, .init = scene_enter, .fini = scene_leave)
{
    static const char *const items[] = {"i8", "i4"};
    put_arrays();
    for (int way = 0; way < 8; way++) {
        npyfile file = npyfile_of_numbers(items[way & 1], "3,2", "3 2 0 5 1 1");
        if (way & 2) npyfile_swap_bytes(&file);
        if (way & 4) npyfile_transpose(&file);
        npyfile_write(&file, scene_folder, "table.npy");
        npyfile_free(&file);
        cr_expect(
            scene_gives(F "five.npy" ONE "max --windows-x table.npy", "y.npy", npyfile_of_numbers("f4", "3", "5 5 2")),
            "way %d", way);
    }
}

/* What was picked in a volume: its places, its taps, and its elements. */
Test(command_volume, picks, .init = scene_enter, .fini = scene_leave)
{
    put_arrays();
    cr_expect(scene_gives(F "v.npy --kind max --kernel 2 --picks p.npy", "p.npy",
                          npyfile_of_numbers("i8", "1,1,2,2,2", "13 14 16 17 22 23 25 26")));
    cr_expect(scene_gives(F "v.npy --kind max --kernel 2 --indices p.npy", "y.npy",
                          npyfile_of_numbers("f4", "1,1,2,2,2", "14 15 17 18 23 24 26 27")));
    cr_expect(scene_gives(G "g8.npy --kind max --kernel 2 --indices p.npy --source-width 3 --source-height 3 "
                            "--source-depth 3",
                          "y.npy", npyfile_of_numbers("f4", "1,1,3,3,3", ZEROS "0 0 0 0 1 2 0 3 4 0 0 0 0 5 6 0 7 8")));
    cr_expect(scene_gives(F "v.npy --kind max --kernel 2 --picks p.npy --picks-format tap8", "p.npy",
                          npyfile_of_numbers("u1", "1,1,2,2,2", "7 7 7 7 7 7 7 7")));
    cr_expect(scene_gives(F "v.npy --kind max --kernel 2 --indices p.npy --indices-format tap8", "y.npy",
                          npyfile_of_numbers("f4", "1,1,2,2,2", "14 15 17 18 23 24 26 27")));
    cr_expect(scene_gives(F "five.npy" ONE "max --adaptive 3 --picks p.npy --picks-format tap8", "p.npy",
                          npyfile_of_numbers("u1", "3", "1 2 1")));
}

/* ---- Notes ------------------------------------------------------------------------------------------------------- */

static const char *const notes[][2] = {
    {F "v.npy --kind average --kernel 2 --kernel-width 1 --kernel-height 1 --kernel-depth 3",
     "--kernel has no effect: each axis has an option of its own"},
    {F "v.npy --kind average --adaptive 2 --adaptive-width 1 --adaptive-height 1 --adaptive-depth 1",
     "--adaptive has no effect: each axis has an option of its own"},
    {F "v.npy --kind average --kernel 1 --pad-back 0 --output-depth 2",
     "--pad-back has no effect: --output-depth says"},
    {F "v.npy --kind max --kernel 1 --ceil-mode --output-width 1 --output-height 1 --output-depth 1",
     "--ceil-mode has no effect: --output-width, --output-height and --output-depth say the size"},
    {F "v.npy --kind max --kernel 1 --zero-pad-front 1", "--zero-pad-front has no effect: only average"},
    {F "v.npy --kind average --kernel 1 --zero-pad-back 1 --divisor 2",
     "--zero-pad-back has no effect: --divisor says"},
    {F "v.npy --kind average --kernel 1 --edge-mode zero --divisor 2",
     "--edge-mode has no effect: --divisor says what N"},
    {F "v.npy --kind l2norm --root-mean --kernel 3 --padding-policy same --exclude-edges",
     "--exclude-edges has no effect: only average pooling excludes edges"},
    {F "v.npy --kind average --kernel 1 --edge-mode zero --zero-pad-left 1",
     "--zero-pad-left has no effect: edge mode"},
    {G "g8.npy --source v.npy --kind max --kernel 1", "is 2 x 2 x 2 (depth x height x width), where forward with these "
                                                      "options gives 3 x 3 x 3; --stride 2 would fit"},
    {G "g3.npy --source five.npy" ONE "max --kernel 2", "is 3 (width), where forward with these options gives 4"},
    {F "square.npy --kind max --kernel 2 --stride 2 --pad 1 --indices gather.npy --nan last",
     "--nan has no effect: the indices have chosen already"},
    {F "square.npy --kind max --kernel 1 --channels 1", "--channels has no effect: only layouts of slices leave it"},
};

Test(command_volume, notes, .init = scene_enter, .fini = scene_leave)
{
    put_arrays();
    for (size_t i = 0; i < sizeof notes / sizeof *notes; i++)
        cr_expect(scene_runs_with(notes[i][0], notes[i][1]), "%s", notes[i][0]);
}

/* ---- Refusals ---------------------------------------------------------------------------------------------------- */

static const char *const refusals[][2] = {
    /* Axes. */
    {F "v.npy --kind max --kernel-width 2 --kernel-height 2",
     "--kernel-depth is missing; expected it, or --kernel for"},
    {F "v.npy --kind max --kernel 2 --stride-z 0", "--stride-z is 0; expected 1 to 2^61"},
    {F "v.npy --kind max --kernel-width 1 --kernel-height 1 --kernel-depth -1", "--kernel-depth is -1; expected 1"},
    {F "v.npy --kind max --kernel 2 --dimensions 4", "--dimensions is '4'; expected 1, 2 or 3"},
    {F "v.npy --kind max --kernel 2 --dimensions 2", "v.npy: an array of rank 5; expected rank 2 (HxW), 3 (CxHxW) or 4 "
                                                     "(NxCxHxW), of 2 axes"},
    {F "v.npy --kind max --kernel 2 --layout ncdhw --dimensions 2", "--dimensions is 2 beside a layout of volumes"},
    {F "five.npy --kind max --kernel 2", "five.npy: an array of rank 1; expected rank 2 (HxW), 3 (CxHxW), 4 (NxCxHxW) "
                                         "or 5 (NxCxDxHxW)"},
    {F "five.npy" ONE "max --kernel 2 --kernel-height 2", "--kernel-height is 2; expected 1, the arrays have one axis"},
    {F "five.npy" ONE "max --kernel 2 --windows-y wz.npy", "--windows-y is given; expected no such option, the arrays"},
    {F "square.npy --kind max --kernel 2 --adaptive-depth 2", "--adaptive-depth is 2; expected 1, the arrays have no"},
    {F "square.npy --kind max --kernel 2 --windows-z wz.npy", "--windows-z is given; expected no such option, the arr"},
    {F "square.npy --kind max --kernel 2 --zero-pad-front 1",
     "--zero-pad-front is 1; expected 0, the arrays have no th"},
    {F "flat.npy --kind max --kernel 1", "flat.npy: an array with a depth of 0; expected at least 1"},
    {F "c8.npy --kind max --kernel 1 --layout nc8hw8 --dimensions 3",
     "c8.npy: an array of 3 axes in layout nc8hw8; exp"},
    {F "c8.npy --kind max --kernel 1 --layout nc16hw16",
     "c8.npy: last dimension is 8; expected 16, the lanes of nc16hw"},
    {F "c8.npy --kind max --kernel 1 --layout nc8hw8 --channels 9", "--channels is 9; expected 1 to 8 for the slices"},
    {F "c8.npy --kind max --kernel 1 --layout nc8hw8 --channels 0", "--channels is 0; expected 1 to 8 for the slices"},
    {F "square.npy --kind max --kernel 1 --layout nc32hw32", "expected rank 4 (SxHxWx32) or 5 (NxSxHxWx32)"},
    {G "g8.npy --kind average --kernel 2 --source-width 3 --source-height 3", "--source-depth is missing; expected it"},
    {G "g8.npy --kind average --kernel 2 --source-width 3 --source-height 3 --source-depth 0",
     "--source-depth is 0; expected at least 1"},
    {G "square.npy --kind average --kernel 2 --source-width 3 --source-height 3 --source-depth 2",
     "--source-depth is 2; expected 1, the arrays have no third axis"},
    {G "g8.npy --source v.npy --kind max --kernel 2 --add-to v3.npy",
     "--add-to is 1 x 3 x 3 x 3 (images, channels, hei"},
    {G "g8.npy --source v.npy --kind max --kernel 2 --pad-back 1",
     "--source-gradient has a depth of 2; expected 3 by i"},
    {F "slice.npy --kind max --kernel 2 --output-layout nc4hw4",
     "--output: an array of 3 axes in layout nc4hw4; expected nchw or nhwc, blocked layouts have no third axis"},
    {F "slice.npy --kind max --kernel 2 --layout nc8hw8 --source-layout nchw", "--output: an array of 3 axes in lay"},
    {F "slice.npy --kind max --kernel 2 --picks p.npy --picks-layout nc4hw4", "--picks: an array of 3 axes in layout"},
    {F "layer.npy --kind max --kernel 1 --output-layout nc4hw4", "--output: an array of 3 axes in layout nc4hw4; exp"},
    {F "v3.npy --kind max --kernel 3 --dimensions 3 --output-layout nc4hw4", "--output: an array of 3 axes in layout"},
    {G "layer.npy --source layer.npy --kind max --kernel 1 --output-layout nc4hw4", "--output: an array of 3 axes in"},
    {G "lanes8.npy --source slice.npy --kind max --kernel 2 --source-gradient-layout nc4hw4 --output-layout nc16hw16",
     "--output: an array of 3 axes in layout nc16hw16"},
    {G "layer.npy --source layer.npy --kind max --kernel 1 --output-layout nc4hw4 --add-to lanes2.npy --channels 1",
     "--output: an array of 3 axes in layout nc4hw4"},
    /* Tables. */
    {F "v.npy --kind max --adaptive 0", "--adaptive is 0; expected at least 1, the number of windows"},
    {F "v.npy --kind max --adaptive -3 --adaptive-width 1", "--adaptive is -3; expected at least 1"},
    {F "v.npy --kind max --adaptive 9223372036854775807", "--adaptive is 9223372036854775807; expected fewer windows"},
    {F "none.npy --kind max --adaptive 2", "--adaptive is given for a source with a width of 0; expected at least 1"},
    {F "v.npy --kind max --adaptive 2 --kernel 2", "--kernel is given beside --adaptive; expected one way to place"},
    {F "v.npy --kind max --adaptive 2 --ceil-mode",
     "--ceil-mode is given beside --adaptive; expected one way to place"},
    {F "v.npy --kind max --adaptive 2 --count-include-pad", "--count-include-pad is given beside --adaptive; expected"},
    {F "v.npy --kind max --adaptive 2 --kernel-depth 2", "--kernel-depth is given beside --adaptive; expected one way"},
    {F "v.npy --kind max --kernel 2 --adaptive-width 2 --stride-x 2",
     "--stride-x is given beside --adaptive-width; exp"},
    {F "v.npy --kind max --kernel 2 --adaptive-width 2 --dilation-x 2",
     "--dilation-x is given beside --adaptive-width"},
    {F "v.npy --kind max --kernel 2 --adaptive-width 2 --pad-left 0",
     "--pad-left is given beside --adaptive-width; exp"},
    {F "v.npy --kind max --kernel 2 --adaptive-width 2 --pad-right 0", "--pad-right is given beside --adaptive-width"},
    {F "v.npy --kind max --kernel 2 --adaptive-width 2 --offset-x 0",
     "--offset-x is given beside --adaptive-width; exp"},
    {F "v.npy --kind max --kernel 2 --adaptive-width 2 --output-width 2",
     "--output-width is given beside --adaptive-wi"},
    {F "v.npy --kind max --kernel 2 --adaptive-depth 2 --padding-policy same",
     "--padding-policy is given beside --adap"},
    {F "v.npy --kind max --kernel 2 --windows-z wz.npy --adaptive-depth 2",
     "--adaptive-depth is given beside --windows-"},
    {G "g3.npy --source five.npy" ONE "max --adaptive 2",
     "--source-gradient has a width of 3; expected 2 by --adaptive"},
    {G "g3.npy --source five.npy" ONE "max --adaptive 3 --kernel-offset-x 1", "--kernel-offset-x is 1; expected 0"},
    {F "five.npy" ONE "max --windows-x five.npy", "five.npy: elements are no signed integers; expected int64 or int32"},
    {F "five.npy" ONE "max --windows-x twice.npy", "twice.npy: is no table of windows; expected an array of n x 2"},
    {F "five.npy" ONE "max --windows-x flat2.npy", "flat2.npy: has no window; expected at least one"},
    {F "five.npy" ONE "max --windows-x no.npy", "--windows-x no.npy: No such file or directory; expected a .npy file"},
    {F "five.npy" ONE "max --windows-x taps.npy", "taps.npy: elements are no signed integers; expected int64 or int32"},
    {F "five.npy" ONE "max --windows-x short.npy", "short.npy: descr is '<i2', int16; expected int64 or int32"},
    {F "five.npy" ONE "max --windows-x large.npy", "large.npy: descr is '<u8', uint64; expected int64 or int32"},
    {F "square.npy --kind average --windows-x vast.npy --windows-y vast.npy",
     "--windows-x: windows_x.spans has a window of 2305843009213693952 pixels beside 2305843009213693952 and 1 along "
     "the other axes; expected a product below 2^63"},
    {F "square.npy --kind average --kernel-width 4 --pad-left 1 --windows-y vast.npy",
     "--windows-y: windows_y.spans has a window of 2305"},
    {F "five.npy" ONE "max --windows-x empty.npy", "--windows-x: windows_x.spans"},
    {F "five.npy" ONE "max --windows-x far.npy", "--windows-x: windows_x.spans"},
    /* Counts, divisors, roots. */
    {F "v.npy --kind average --kernel 2 --zero-pad-back -1", "--zero-pad-back is -1; expected 0 to 2^61"},
    {F "v.npy --kind average --kernel 2 --zero-pad-left 9223372036854775807", "--zero-pad-left is 9223372036854775807"},
    {F "v.npy --kind average --kernel 2 --pad 1 --count-include-pad --zero-pad-top 1",
     "--zero-pad-top is given beside --count-include-pad; expected one of them"},
    {F "v.npy --kind average --kernel 2 --divisor 0", "--divisor is 0; expected another integer"},
    {F "v.npy --kind average --kernel 2 --divisor 2.5", "--divisor is '2.5'; expected an integer"},
    {F "v.npy --kind max --kernel 2 --divisor 2",
     "--divisor is given with --kind max; expected average, or l2norm with"},
    {F "v.npy --kind l2norm --kernel 2 --divisor 2",
     "--divisor is given with --kind l2norm; expected average, or l2norm"},
    {F "v.npy --kind average --kernel 2 --root-mean", "--root-mean is given with --kind average; expected l2norm"},
    /* Gathering. */
    {F "square.npy --kind max --kernel 2 --stride 2 --pad 1 --indices gather.npy --picks p.npy",
     "--picks is given beside --indices; expected one of them"},
    {F "square.npy --kind average --kernel 2 --stride 2 --pad 1 --indices gather.npy",
     "--indices is given with --kind average; expected max or dilated-max"},
    {F "square.npy --kind max --kernel 2 --stride 2 --pad 1 --indices gather.npy --ties split",
     "--ties is split; expected first or last with --indices"},
    {F "square.npy --kind max --kernel 2 --stride 2 --indices gather.npy",
     "--indices: indices.height is 2; expected 1"},
    {F "square.npy --kind max --kernel 1 --indices wz.npy",
     "--indices: indices at (n 0, c 0, y 0, x 0) is 2; expected"},
    /* What is not there. */
    {F "bytes.npy --kind max --kernel 1", "bytes.npy: descr is '|i1', int8; expected float16, float32, float64, uint8"},
    {F "small.npy --kind max --kernel 1", "small.npy: descr is '|V1', a float of 8 bits; expected float16, float32"},
};

Test(command_volume, refusals, .init = scene_enter, .fini = scene_leave)
{
    put_arrays();
    scene_write_numbers("lanes2.npy", "f4", "1,1,2,2,4", "0..15");
    scene_write_numbers("flat.npy", "f4", "1,1,0,3,3", "");
    scene_write_numbers("flat2.npy", "i8", "0,2", "");
    scene_write_numbers("none.npy", "f4", "1,1,3,3,0", "");
    scene_write_numbers("empty.npy", "i8", "2,2", "0 1 2 0");
    scene_write_numbers("taps.npy", "u4", "1,2", "0 1");
    scene_write_numbers("short.npy", "i2", "1,2", "0 1");
    scene_write_numbers("large.npy", "u8", "1,2", "0 1");
    scene_write_numbers("vast.npy", "i8", "1,2", "0 2305843009213693952");
    scene_write_numbers("far.npy", "i8", "1,2", "4611686018427387904 1");
    scene_write_numbers("bytes.npy", "i1", "2,2", "0 0 0 0");
    scene_write_numbers("small.npy", "V1", "2,2", "0 0 0 0");
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
        cr_expect(scene_refuses(refusals[i][0], refusals[i][1]), "%s", refusals[i][0]);
}

/* ---- --print-problem --------------------------------------------------------------------------------------------- */

/* A line, and what it prints behind "poolgrad ": options in the order of the help text, one for each axis. */
static const char *const printed[][2] = {
    {F "v.npy --kind max --kernel 3 --stride 2 --pad 1 --ceil-mode",
     "forward --source v.npy --output y.npy --kind max --kernel-width 3 --kernel-height 3 --kernel-depth 3 --stride-x "
     "2 "
     "--stride-y 2 --stride-z 2 --pad-left 1 --pad-top 1 --pad-front 1 --output-width 2 --output-height 2 "
     "--output-depth 2"},
    {F "square.npy --kind average --kernel 2 --pad 0 --pad-right 1 --count-include-pad",
     "forward --source square.npy --output y.npy --kind average --kernel-width 2 --kernel-height 2 --output-width 2 "
     "--output-height 1 --zero-pad-right 1"},
    {F "square.npy --kind average --kernel 3 --padding-policy same --exclude-edges --divisor 4",
     "forward --source square.npy --output y.npy --kind average --kernel-width 3 --kernel-height 3 --pad-left 1 "
     "--pad-top 1 --output-width 2 --output-height 2 --zero-pad-x 1 --zero-pad-y 1 --divisor 4"},
    {G "g3.npy --source five.npy" ONE "max --adaptive 3 --ties last --nan ignore",
     "gradient --source five.npy --source-gradient g3.npy --output y.npy --dimensions 1 --kind max --adaptive-width 3 "
     "--ties last --nan ignore"},
    {F "v.npy --kind l2norm --root-mean --windows-z wz.npy --kernel 1 --stride 2 --dilation-x 3 --edge-mode zero",
     "forward --source v.npy --output y.npy --kind l2norm --kernel-width 1 --kernel-height 1 --stride-x 2 --stride-y 2 "
     "--dilation-x 3 --windows-z wz.npy --output-width 2 --output-height 2 --edge-mode zero --root-mean"},
    {G "v.npy --source v.npy --kind average --kernel 1 --secondary-offset-z 1 --clip-z 1",
     "gradient --source v.npy --source-gradient v.npy --output y.npy --kind average --kernel-width 1 --kernel-height 1 "
     "--kernel-depth 1 --offset-z 1 --clip-z 1"},
};

static bool prints(const char *line, const char *expected)
{
    char asking[SCENE_LINE];
    snprintf(asking, sizeof asking, "%s --print-problem", line);
    process_result result = process_run(&scene_setting, asking);
    const size_t beginning = strlen("poolgrad "), length = strlen(expected);
    const bool same = result.status == 0 && !*result.err && strncmp(result.out, "poolgrad ", beginning) == 0 &&
                      strncmp(result.out + beginning, expected, length) == 0 &&
                      strcmp(result.out + beginning + length, "\n") == 0;
    if (!same) fprintf(stderr, "%s\nprints %s%snot poolgrad %s\n", line, result.out, result.err, expected);
    process_release(&result);
    return same;
}

/* The bytes of y.npy that a line leaves. */
static unsigned char *bytes_of(const char *line, size_t *size)
{
    process_result result = process_run(&scene_setting, line);
    cr_expect(result.status == 0, "%s: %s", line, result.err);
    process_release(&result);
    return scene_read_bytes("y.npy", size);
}

/* Nothing is run; what is printed prints itself, and gives what was asked for. */
Test(command_volume, print_problem, .init = scene_enter, .fini = scene_leave)
{
    put_arrays();
    for (size_t i = 0; i < sizeof printed / sizeof *printed; i++) {
        size_t size, other_size;
        cr_expect(prints(printed[i][0], printed[i][1]));
        cr_expect(prints(printed[i][1], printed[i][1]));
        cr_expect(scene_read_bytes("y.npy", &size) == NULL);
        unsigned char *bytes = bytes_of(printed[i][0], &size), *other = bytes_of(printed[i][1], &other_size);
        cr_expect(bytes && other && size == other_size && memcmp(bytes, other, size) == 0, "%s", printed[i][0]);
        free(bytes);
        free(other);
        remove(scene_path("y.npy"));
    }
}

/* Some options of many, over the volume; contradictions are among them. */
static void make_line(random_state *r, char line[SCENE_LINE])
{
    static const char *const kinds[] = {"average", "max", "l2norm"};
    static const char *const more[] = {" --pad 1",
                                       " --pad-left 2",
                                       " --pad-back -1",
                                       " --pad-bottom 1",
                                       " --stride 2",
                                       " --stride-z 3",
                                       " --dilation 2",
                                       " --dilation-y 2",
                                       " --ceil-mode",
                                       " --ceil-drop",
                                       " --count-include-pad",
                                       " --padding-policy same",
                                       " --exclude-edges",
                                       " --align top-left",
                                       " --adaptive-width 2",
                                       " --adaptive-depth 1",
                                       " --windows-y wx.npy",
                                       " --windows-z wz.npy",
                                       " --zero-pad 1",
                                       " --zero-pad-front 2",
                                       " --zero-pad-right 1",
                                       " --divisor 3",
                                       " --edge-mode zero",
                                       " --ties last",
                                       " --nan ignore",
                                       " --root-mean",
                                       " --offset-x 0 --output-width 2",
                                       " --output-depth 2",
                                       " --clip-z 1"};
    size_t used = (size_t)snprintf(line, SCENE_LINE, "%s --kind %s --kernel %" PRId64,
                                   random_chance(r, 40) ? G "g8.npy --source v.npy" : F "v.npy",
                                   kinds[random_between(r, 0, 2)], random_between(r, 1, 3));
    for (size_t i = 0; i < sizeof more / sizeof *more; i++) {
        if (!random_chance(r, 8)) continue;
        used += (size_t)snprintf(line + used, SCENE_LINE - used, "%s", more[i]);
    }
}

/* Whatever runs is printed as a line that gives the same. */
Test(command_volume, random_problems, .init = scene_enter, .fini = scene_leave)
{
    put_arrays();
    random_sweep sweep = random_sweep_start_costly("random_problems", 300, 5);
    while (random_sweep_next(&sweep)) {
        random_state r = {sweep.seed};
        char line[SCENE_LINE], asking[SCENE_LINE + 32];
        size_t size, other_size;
        make_line(&r, line);
        snprintf(asking, sizeof asking, "%s --print-problem", line);
        process_result run = process_run(&scene_setting, line), printed_line = process_run(&scene_setting, asking);
        if (run.status == 0) {
            sweep.telling++;
            unsigned char *bytes = scene_read_bytes("y.npy", &size);
            printed_line.out[strcspn(printed_line.out, "\n")] = '\0';
            unsigned char *other = bytes_of(printed_line.out + strcspn(printed_line.out, " ") + 1, &other_size);
            cr_expect(bytes && other && size == other_size && memcmp(bytes, other, size) == 0,
                      "seed %" PRIu64 ": %s\n%s", sweep.seed, line, printed_line.out);
            free(bytes);
            free(other);
        }
        process_release(&run);
        process_release(&printed_line);
    }
    cr_expect(random_sweep_told(&sweep, 20));
}

/* An output need not be named; names that a shell would cut are in quotes. */
Test(command_volume, print_problem_without_output, .init = scene_enter, .fini = scene_leave)
{
    put_arrays();
    scene_write_numbers("it's.npy", "f4", "2", "1 2");
    cr_expect(prints("forward --source it's.npy" ONE "max --kernel 2",
                     "forward --source 'it'\\''s.npy' --dimensions 1 --kind max --kernel-width 2 --output-width 1"));
    cr_expect(prints("gradient --source-gradient g3.npy --source-width 5" ONE "average --adaptive 3",
                     "gradient --source-gradient g3.npy --source-width 5 --dimensions 1 --kind average "
                     "--adaptive-width 3"));
    cr_expect(scene_refuses("forward --source five.npy --kind max --kernel 2 --print-problem", "an array of rank 1"));
}
