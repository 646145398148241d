/* SPDX-License-Identifier: Apache-2.0 */
/* --mode exact from outside: layers caught in training, beside the truth by brute force. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "support/case.h"
#include "support/npyfile.h"
#include "support/real_case.h"
#include "support/scene.h"
#include "support/truth.h"
#include "support/view.h"

static const char *const names[] = {"digits-average-3x3s2p1", "digits-max-2x2", "photo-dilated-max-3x3d2",
                                    "photo-l2norm-2x2", "photo-max-3x3s2p1"};

enum { CASES = sizeof names / sizeof *names };

static real_case read_case(int i)
{
    char folder[SCENE_PATH];
    real_case made;
    snprintf(folder, sizeof folder, "%s/%s", POOLGRAD_TEST_DATA, names[i]);
    cr_assert(real_case_read(&made, folder), "%s", names[i]);
    return made;
}

/* The file `options` of the case, its words between blanks. */
static void read_options(int i, char text[SCENE_PATH])
{
    char path[SCENE_PATH];
    snprintf(path, sizeof path, "%s/%s/options", POOLGRAD_TEST_DATA, names[i]);
    FILE *file = fopen(path, "rb");
    cr_assert(file, "%s", path);
    const size_t size = fread(text, 1, SCENE_PATH - 1, file);
    fclose(file);
    text[size] = '\0';
    for (char *at = text; *at; at++)
        if (*at == '\n') *at = ' ';
}

static void write_line(char line[SCENE_LINE], int i, const char *command, const char *more)
{
    char options[SCENE_PATH];
    read_options(i, options);
    snprintf(line, SCENE_LINE, "%s %s --source %s/%s/source.npy %s --output out.npy --mode exact", command, options,
             POOLGRAD_TEST_DATA, names[i], more);
}

static npyfile truth_of(const poolgrad_problem *problem, poolgrad_format format)
{
    poolgrad_problem p = *problem;
    p.destination = view_new(format, p.destination.layout, &p.destination, 0);
    truth_run(&p);
    npyfile file = npyfile_of_image(&p.destination, 4);
    view_free(&p.destination);
    return file;
}

Test(command_exact, gradients, .init = scene_enter, .fini = scene_leave)
{
    for (int i = 0; i < CASES; i++) {
        char line[SCENE_LINE], more[SCENE_PATH];
        real_case made = read_case(i);
        snprintf(more, sizeof more, "--source-gradient %s/%s/source_gradient.npy", POOLGRAD_TEST_DATA, names[i]);
        write_line(line, i, "gradient", more);
        cr_expect(scene_gives(line, "out.npy", truth_of(&made.problem, POOLGRAD_FLOAT32)), "%s", names[i]);
        real_case_free(&made);
    }
}

Test(command_exact, forward, .init = scene_enter, .fini = scene_leave)
{
    for (int i = 0; i < CASES; i++) {
        char line[SCENE_LINE];
        real_case made = read_case(i);
        const poolgrad_problem forward = case_forward_of(&made.problem);
        write_line(line, i, "forward", "");
        cr_expect(scene_gives(line, "out.npy", truth_of(&forward, POOLGRAD_FLOAT32)), "%s", names[i]);
        real_case_free(&made);
    }
}

/* What the truth differs from in these layers: --mode reference. */
Test(command_exact, reference_rounds_more_than_once, .init = scene_enter, .fini = scene_leave)
{
    char line[SCENE_LINE], more[SCENE_PATH];
    size_t exact_size, reference_size;
    snprintf(more, sizeof more, "--source-gradient %s/%s/source_gradient.npy", POOLGRAD_TEST_DATA, names[0]);
    write_line(line, 0, "gradient", more);
    cr_assert(scene_runs(line));
    unsigned char *exact = scene_read_bytes("out.npy", &exact_size);
    strcpy(strstr(line, "--mode exact"), "--mode reference");
    cr_assert(scene_runs(line));
    unsigned char *reference = scene_read_bytes("out.npy", &reference_size);
    cr_expect(exact_size == reference_size && memcmp(exact, reference, exact_size) != 0);
    free(exact);
    free(reference);
}
