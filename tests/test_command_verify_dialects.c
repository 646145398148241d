/* SPDX-License-Identifier: Apache-2.0 */
/* --dialect of the commands that judge and explain, and of exact mode. */
#include <criterion/criterion.h>
#include <string.h>

#include "support/process.h"
#include "support/scene.h"

#define TORCH "--source x.npy --kind average --dialect torch --kernel_size 3 --stride 2 --padding 1"
#define OWN "--source x.npy --kind average --kernel 3 --stride 2 --pad 1 --count-include-pad"

/* dx.npy and y.npy are right. */
static void enter(void)
{
    scene_enter();
    scene_write();
    cr_assert(scene_runs("gradient --source-gradient g.npy --output dx.npy " OWN));
    cr_assert(scene_runs("forward --output y.npy " OWN));
}

static bool tells(const char *line, int status, const char *text)
{
    process_result result = process_run(&scene_setting, line);
    const bool good = result.status == status && strstr(result.out, text) && !*result.err;
    if (!good) cr_log_error("%s: status %d: %s%s", line, result.status, result.out, result.err);
    process_release(&result);
    return good;
}

/* The default of PyTorch counts the pads; without them the same output is wrong. */
Test(command_verify_dialects, outputs_are_judged, .init = enter, .fini = scene_leave)
{
    cr_expect(tells("verify --actual y.npy " TORCH, 0, "right"));
    cr_expect(tells("verify --source-gradient g.npy --actual dx.npy " TORCH, 0, "right"));
    cr_expect(tells("verify --source-gradient g.npy --actual dx.npy --count_include_pad false " TORCH, 1, "padding"));
    cr_expect(scene_refuses("verify --actual y.npy --ceil_mode --stride=3 " TORCH, "--stride is given twice"));
    cr_expect(scene_refuses("verify --actual y.npy --source x.npy --kind max --dialect torch --kernel_size 2",
                            "--actual is 4 x 5 (height x width); expected 3 x 4 by the options"));
}

Test(command_verify_dialects, elements_are_explained, .init = enter, .fini = scene_leave)
{
    cr_expect(tells("explain --at 0,0,0,0 " TORCH, 0, "kernel 3 x 3, stride 2 x 2"));
    cr_expect(tells("explain --at 0,0,0,0 --source-gradient g.npy " TORCH, 0, "3 columns x 3 rows = 9"));
    cr_expect(tells("explain --at 0,0,0,0 --count_include_pad 0 --source-gradient g.npy " TORCH, 0,
                    "2 columns x 2 rows = 4"));
}

Test(command_verify_dialects, exact_mode_and_tables, .init = enter, .fini = scene_leave)
{
    const char *const adaptive = "--source x.npy --kind max --dialect torch --output_size 4,2";
    char line[SCENE_LINE];
    snprintf(line, sizeof line, "forward --mode exact --output e.npy %s", adaptive);
    cr_expect(scene_runs(line));
    snprintf(line, sizeof line, "verify --actual e.npy %s", adaptive);
    cr_expect(tells(line, 0, "right"));
}
