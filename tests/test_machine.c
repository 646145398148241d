/* SPDX-License-Identifier: Apache-2.0 */
/* What a measurement tells of the machine, and whether it notices what else the machine does. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "measure/clock.h"
#include "measure/load.h"
#include "measure/machine_facts.h"

/* ---- The machine ------------------------------------------------------------------------------------------------- */

#if defined(__linux__)
/* The first line of a file, its end cut off; an empty text where there is none. */
static void read_line(const char *path, char line[MACHINE_TEXT])
{
    FILE *file = fopen(path, "r");
    *line = '\0';
    if (!file) return;
    if (!fgets(line, MACHINE_TEXT, file)) *line = '\0';
    line[strcspn(line, "\n")] = '\0';
    fclose(file);
}

/* All that Linux tells of the first processor's caches, and nothing where it tells nothing. */
static void check_caches(const struct machine *machine)
{
    static const char folder[] = "/sys/devices/system/cpu/cpu0/cache/index";
    char path[MACHINE_TEXT], line[MACHINE_TEXT], expected[MACHINE_TEXT];
    for (int i = 0; i <= machine->caches; i++) {
        snprintf(path, sizeof path, "%s%d/size", folder, i);
        read_line(path, line);
        if (i == machine->caches) {
            cr_expect(!*line, "%s", path);
            break;
        }
        snprintf(expected, sizeof expected, "%lldK", (long long)machine->cache[i].bytes / 1024);
        cr_expect(strcmp(line, expected) == 0, "%s: %s, not %s", path, line, expected);
        snprintf(path, sizeof path, "%s%d/level", folder, i);
        read_line(path, line);
        cr_expect(atoi(line) == machine->cache[i].level, "%s: %s", path, line);
        snprintf(path, sizeof path, "%s%d/type", folder, i);
        read_line(path, line);
        cr_expect(*line && strcmp(line + 1, machine->cache[i].type + 1) == 0, "%s: %s", path, line);
    }
}

/* x86's own name for itself is Linux's as well, but for blanks at its ends. */
static void check_processor(const struct machine *machine)
{
    char line[2 * MACHINE_TEXT];
    FILE *file = fopen("/proc/cpuinfo", "r");
    bool found = false;
    while (file && !found && fgets(line, sizeof line, file)) found = strncmp(line, "model name", 10) == 0;
    if (file) fclose(file);
    if (found) cr_expect(*machine->processor && strstr(line, machine->processor), "%s: %s", machine->processor, line);
}
#endif

Test(machine, told)
{
    static const char digits[] = "dddd-dd-ddTdd:dd:ddZ";
    struct machine machine;
    poolgrad_machine_look(&machine);
#if defined(__linux__)
    check_caches(&machine);
    check_processor(&machine);
#endif
#if defined(__GNUC__) && !defined(__clang__)
    cr_expect(strncmp(machine.compiler, "gcc ", 4) == 0 &&
                  strncmp(__VERSION__, machine.compiler + 4, strlen(machine.compiler + 4)) == 0,
              "%s: %s", machine.compiler, __VERSION__);
#endif
    cr_expect(strlen(machine.date) == strlen(digits), "%s", machine.date);
    for (size_t i = 0; digits[i]; i++) {
        bool digit = machine.date[i] >= '0' && machine.date[i] <= '9';
        cr_expect(digits[i] == 'd' ? digit : machine.date[i] == digits[i], "%s", machine.date);
    }
}

/* ---- The load ---------------------------------------------------------------------------------------------------- */

/* Two seconds of the clock: processor time of this process and of all, on so many processors and threads. */
static const struct {
    double own, all;
    int processors, threads;
    double share, others;
    bool busy;
} loads[] = {
    {2, 2.1, 2, 1, 1, 0.05, false},     /* as quiet as machines are */
    {2, 3, 2, 1, 1, 0.5, true},         /* half of the other processor */
    {3.8, 3.9, 2, 2, 1.9, 0.05, false}, /* both are this process's */
    {3, 4, 2, 2, 1.5, 0.5, true},       /* and they are not */
    {1, 2, 2, 1, 0.5, 0.5, true},
    {1.6, -1, 2, 1, 0.8, -1, true}, /* a system that does not tell, a fifth of whose time went elsewhere */
    {2, -1, 2, 1, 1, -1, false},
    {2, 12, 64, 1, 1, 5, false},    /* a small part of a large machine */
    {2, 18, 64, 1, 1, 8, true},     /* more than a tenth */
    {128, 134, 64, 64, 64, 3, true} /* nothing was left for them */
};

Test(machine, load)
{
    for (size_t i = 0; i < sizeof loads / sizeof *loads; i++) {
        const struct load_mark began = {1000, 10, loads[i].all < 0 ? -1 : 100};
        const struct load_mark ended = {2000001000, 10 + loads[i].own, loads[i].all < 0 ? -1 : 100 + loads[i].all};
        const struct load load = poolgrad_load_between(&began, &ended, loads[i].processors, loads[i].threads);
        cr_expect(fabs(load.own - loads[i].share) < 1e-9, "%zu: %g", i, load.own);
        cr_expect(fabs(load.others - loads[i].others) < 1e-9, "%zu: %g", i, load.others);
        cr_expect(load.busy == loads[i].busy, "%zu", i);
    }
}

/* In a twentieth of a second ticks say nothing of others. */
Test(machine, load_of_a_moment)
{
    const struct load_mark began = {0, 0, 0}, ended = {30000000, 0.03, 0.05};
    const struct load load = poolgrad_load_between(&began, &ended, 2, 2);
    cr_expect(load.others == -1 && !load.busy, "%g", load.others);
    cr_expect(poolgrad_load_between(&began, &began, 2, 2).own == -1);
}

Test(machine, load_sentences)
{
    char text[LOAD_SENTENCE];
    const struct load told = {1.25, 0.5, true}, own = {-1, 0.75, true};
    poolgrad_load_sentence(&told, 4, text);
    cr_expect(strstr(text, "this process had 0.50 processors") && strstr(text, "others kept 1.25 of 4 busy"), "%s",
              text);
    poolgrad_load_sentence(&own, 4, text);
    cr_expect(strstr(text, "this process had 0.75 processors") && !strstr(text, "others"), "%s", text);
}

/* What this process does is seen: a busy loop of its own has the processor, or others have. */
Test(machine, load_marks)
{
    const struct load_mark began = poolgrad_load_mark();
    while (poolgrad_nanoseconds() - began.clock < 50000000) {
    }
    const struct load_mark ended = poolgrad_load_mark();
    cr_expect(ended.clock - began.clock >= 50000000);
    cr_expect(began.own >= 0 && ended.own > began.own, "%g %g", began.own, ended.own);
    cr_expect((began.all < 0) == (ended.all < 0) && ended.all >= began.all, "%g %g", began.all, ended.all);
}
