/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "measure/clock.h"

/* Linux counts in ticks of this length, whatever the kernel's own are. */
static const double tick = 0.01;

/* Of all processors since the system started, and of the guests that had them in between; idle time and the waiting for
 * disks left out. Negative where the system does not tell, or counts nothing. */
static double all_seconds(void)
{
    enum { USER, NICE, SYSTEM, IDLE, WAIT, IRQ, SOFTIRQ, STEAL, FIELDS, LINE = 512 };
    static const char first[] = "cpu ";
    unsigned long long field[FIELDS] = {0};
    char line[LINE] = "";
    FILE *file = fopen("/proc/stat", "r");
    if (file && !fgets(line, sizeof line, file)) *line = '\0';
    if (file) (void)fclose(file);
    if (strncmp(line, first, sizeof first - 1) != 0) return -1;
    char *at = line + sizeof first - 1;
    for (int i = 0; i < FIELDS; i++) field[i] = strtoull(at, &at, 10);
    const unsigned long long busy = field[USER] + field[NICE] + field[SYSTEM] + field[IRQ] + field[SOFTIRQ] +
                                    field[STEAL];
    return busy + field[IDLE] > 0 ? tick * (double)busy : -1;
}

struct load_mark poolgrad_load_mark(void)
{
    const clock_t own = clock();
    return (struct load_mark){.clock = poolgrad_nanoseconds(),
                              .own = own == (clock_t)-1 ? -1 : (double)own / CLOCKS_PER_SEC,
                              .all = all_seconds()};
}

/* Others that leave this process its processors disturb it little, until a tenth of the machine is theirs: caches,
 * memory and clock rates are shared. */
static double tolerated(int processors, int threads)
{
    const double least = 0.2, share = 0.1;
    const double most = share * processors > least ? share * processors : least;
    const double left = processors - threads;
    if (left < least) return least;
    return left < most ? left : most;
}

struct load poolgrad_load_between(const struct load_mark *began, const struct load_mark *ended, int processors,
                                  int threads)
{
    const double least_own = 0.9;
    const double seconds = 1e-9 * (double)(ended->clock - began->clock);
    struct load load = {.others = -1, .own = -1};
    if (seconds <= 0 || began->own < 0 || ended->own < 0) return load;
    load.own = (ended->own - began->own) / seconds;
    load.busy = load.own + tick / seconds < least_own;
    /* On each processor that is used, a tick may be counted for the wrong side at either end. */
    const double used = threads < processors ? threads : processors, doubt = 2 * tick * used / seconds;
    if (began->all < 0 || ended->all < 0 || doubt > 1) return load;
    const double others = (ended->all - began->all) / seconds - load.own;
    load.others = others > 0 ? others : 0;
    load.busy = load.busy || load.others > tolerated(processors, threads) + doubt;
    return load;
}

struct load poolgrad_load_since(const struct load_mark *began, int processors, int threads)
{
    const struct load_mark now = poolgrad_load_mark();
    return poolgrad_load_between(began, &now, processors, threads);
}

void poolgrad_load_sentence(const struct load *load, int processors, char text[LOAD_SENTENCE])
{
    snprintf(text, LOAD_SENTENCE, "the machine was busy: this process had %.2f processors while it measured",
             load->own);
    size_t used = strlen(text);
    if (load->others >= 0)
        snprintf(text + used, LOAD_SENTENCE - used, ", others kept %.2f of %d busy", load->others, processors);
    used = strlen(text);
    snprintf(text + used, LOAD_SENTENCE - used, "; trust no figure that a second run does not repeat");
}
