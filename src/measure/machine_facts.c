/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/machine_facts.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#if defined(__APPLE__)
#include <sys/sysctl.h>
#elif defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

enum { KIBI = 1024 };

/* ---- The compiler and the date ----------------------------------------------------------------------------------- */

static void look_at_compiler(char text[MACHINE_TEXT])
{
#if defined(__clang__)
#if defined(__apple_build_version__)
    static const char name[] = "Apple clang";
#else
    static const char name[] = "clang";
#endif
    snprintf(text, MACHINE_TEXT, "%s %d.%d.%d", name, __clang_major__, __clang_minor__, __clang_patchlevel__);
#elif defined(__GNUC__)
    snprintf(text, MACHINE_TEXT, "gcc %d.%d.%d", __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__);
#else
    *text = '\0';
#endif
}

static void look_at_date(char text[MACHINE_TEXT])
{
    const time_t now = time(NULL);
    const struct tm *utc = now == (time_t)-1 ? NULL : gmtime(&now);
    if (!utc || strftime(text, MACHINE_TEXT, "%Y-%m-%dT%H:%M:%SZ", utc) == 0) *text = '\0';
}

/* ---- The processor ----------------------------------------------------------------------------------------------- */

/* Without the blanks that some processors have around their names and within. */
static void tidy(char text[MACHINE_TEXT])
{
    char *to = text;
    for (const char *from = text; *from; from++) {
        if (*from == ' ' && (to == text || to[-1] == ' ')) continue;
        *to++ = *from;
    }
    if (to > text && to[-1] == ' ') to--;
    *to = '\0';
}

#if defined(__APPLE__)

static void look_at_processor(char text[MACHINE_TEXT])
{
    size_t size = MACHINE_TEXT;
    if (sysctlbyname("machdep.cpu.brand_string", text, &size, NULL, 0) != 0) *text = '\0';
    text[MACHINE_TEXT - 1] = '\0';
}

#elif defined(__x86_64__) || defined(__i386__)

/* The processor's own name for itself: 48 bytes in three answers. */
static void look_at_processor(char text[MACHINE_TEXT])
{
    enum { FIRST = 0x80000002, ANSWERS = 3, WORDS = 4 };
    unsigned answer[ANSWERS][WORDS];
    *text = '\0';
    for (unsigned i = 0; i < ANSWERS; i++) {
        unsigned *a = answer[i];
        if (!__get_cpuid((unsigned)FIRST + i, &a[0], &a[1], &a[2], &a[3])) return;
    }
    memcpy(text, answer, sizeof answer);
    text[sizeof answer] = '\0';
}

#else

/* Linux names some processors of other architectures: "model name", or "cpu" of POWER, "uarch" of RISC-V. */
static void look_at_processor(char text[MACHINE_TEXT])
{
    static const char *const names[] = {"model name", "cpu\t", "uarch"};
    char line[2 * MACHINE_TEXT];
    FILE *file = fopen("/proc/cpuinfo", "r");
    *text = '\0';
    while (file && !*text && fgets(line, sizeof line, file)) {
        const char *colon = strchr(line, ':');
        for (size_t i = 0; colon && i < sizeof names / sizeof *names; i++) {
            if (strncmp(line, names[i], strlen(names[i])) != 0) continue;
            snprintf(text, MACHINE_TEXT, "%.*s", (int)strcspn(colon + 1, "\n"), colon + 1);
        }
    }
    if (file) (void)fclose(file);
}

#endif

/* ---- The caches -------------------------------------------------------------------------------------------------- */

static void add_cache(struct machine *machine, int level, const char *type, int64_t bytes)
{
    if (level < 1 || bytes < 1 || machine->caches == MACHINE_CACHES) return;
    machine->cache[machine->caches++] = (struct machine_cache){level, type, bytes};
}

#if defined(__APPLE__)

static void look_at_caches(struct machine *machine)
{
    static const struct {
        const char *name, *type;
        int level;
    } caches[] = {{"hw.l1dcachesize", "data", 1},
                  {"hw.l1icachesize", "instruction", 1},
                  {"hw.l2cachesize", "unified", 2},
                  {"hw.l3cachesize", "unified", 3}};
    for (size_t i = 0; i < sizeof caches / sizeof *caches; i++) {
        int64_t bytes = 0;
        size_t size = sizeof bytes;
        if (sysctlbyname(caches[i].name, &bytes, &size, NULL, 0) == 0)
            add_cache(machine, caches[i].level, caches[i].type, bytes);
    }
}

#else

/* The first word of a file that Linux keeps of a cache; false where there is none. */
static bool read_word(int index, const char *name, char word[MACHINE_TEXT])
{
    char path[MACHINE_TEXT];
    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu0/cache/index%d/%s", index, name);
    FILE *file = fopen(path, "r");
    const bool read = file && fscanf(file, "%127s", word) == 1;
    if (file) (void)fclose(file);
    return read;
}

static const char *type_of(const char *word)
{
    static const char *const words[] = {"Data", "Instruction", "Unified"}, *const types[] = {"data", "instruction",
                                                                                             "unified"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcmp(word, words[i]) == 0) return types[i];
    }
    return NULL;
}

/* "1024K" */
static int64_t bytes_of(const char *word)
{
    char *unit;
    const long long number = strtoll(word, &unit, 10);
    if (number < 0 || number > INT32_MAX) return 0;
    if (*unit == 'K') return number * KIBI;
    if (*unit == 'M') return number * KIBI * KIBI;
    return *unit ? 0 : number;
}

static void look_at_caches(struct machine *machine)
{
    char level[MACHINE_TEXT], type[MACHINE_TEXT], size[MACHINE_TEXT];
    for (int i = 0; i < MACHINE_CACHES; i++) {
        if (!read_word(i, "level", level) || !read_word(i, "type", type) || !read_word(i, "size", size)) return;
        if (type_of(type)) add_cache(machine, (int)strtol(level, NULL, 10), type_of(type), bytes_of(size));
    }
}

#endif

void poolgrad_machine_look(struct machine *machine)
{
    *machine = (struct machine){0};
    look_at_processor(machine->processor);
    tidy(machine->processor);
    look_at_caches(machine);
    look_at_compiler(machine->compiler);
    look_at_date(machine->date);
}
