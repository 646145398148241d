/* SPDX-License-Identifier: Apache-2.0 */
/* What bench finds, for programs. */
#include <inttypes.h>

#include "cli/bench.h"

static void print_text(const char *text, FILE *file)
{
    (void)fputc('"', file);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\') (void)fputc('\\', file);
        if ((unsigned char)*text < ' ')
            fprintf(file, "\\u%04x", (unsigned)(unsigned char)*text);
        else
            (void)fputc(*text, file);
    }
    (void)fputc('"', file);
}

/* Null where the text is empty. */
static void print_member(const char *name, const char *text, const char *behind, FILE *file)
{
    fprintf(file, "\"%s\": ", name);
    if (*text)
        print_text(text, file);
    else
        fprintf(file, "null");
    fprintf(file, "%s", behind);
}

/* Null where the number is negative, which means that nobody tells. */
static void print_told(const char *name, double number, FILE *file)
{
    if (number < 0)
        fprintf(file, "\"%s\": null, ", name);
    else
        fprintf(file, "\"%s\": %.4g, ", name, number);
}

static void print_machine(const struct bench *bench, FILE *file)
{
    const struct machine *machine = &bench->machine;
    fprintf(file, "  \"machine\": {\n    ");
    print_member("processor", machine->processor, ",\n    \"caches\": ", file);
    for (int i = 0; i < machine->caches; i++) {
        const struct machine_cache *cache = &machine->cache[i];
        fprintf(file, "%s{\"level\": %d, \"type\": \"%s\", \"bytes\": %" PRId64 "}", i == 0 ? "[" : ", ", cache->level,
                cache->type, cache->bytes);
    }
    fprintf(file, "%s,\n    ", machine->caches > 0 ? "]" : "null");
    print_member("compiler", machine->compiler, ",\n    ", file);
    print_member("version", poolgrad_version(), ",\n    ", file);
    print_member("date", machine->date, "\n  },\n  \"load\": {", file);
    print_told("others", bench->load.others, file);
    print_told("own", bench->load.own, file);
    fprintf(file, "\"busy\": %s},\n", bench->load.busy ? "true" : "false");
}

static void print_value(const struct bench_value *value, FILE *file)
{
    fprintf(file, "\"%s\": ", value->name);
    switch (value->type) {
    case VALUE_TEXT: print_text(value->text, file); break;
    case VALUE_INTEGER: fprintf(file, "%" PRId64, value->integer); break;
    case VALUE_REAL: fprintf(file, "%.9g", value->real); break;
    }
}

/* Values of one group stand together in an object, on one line. */
static void print_row(const struct bench *bench, const struct bench_row *row, FILE *file)
{
    char name[CASE_NAME];
    struct bench_value value[BENCH_VALUES];
    const char *group = NULL;
    int count = poolgrad_bench_values(bench, row, name, value);
    fprintf(file, "    {");
    for (int i = 0; i < count; i++) {
        bool same = value[i].group == group;
        if (!same && group) fprintf(file, "}");
        if (i > 0) fprintf(file, same && group ? ", " : ",");
        if (!same || !group) fprintf(file, "\n      ");
        if (!same && value[i].group) fprintf(file, "\"%s\": {", value[i].group);
        print_value(&value[i], file);
        group = value[i].group;
    }
    fprintf(file, "%s\n    }", group ? "}" : "");
}

static void print_compared(const struct bench *bench, const struct compared *c, FILE *file)
{
    char name[CASE_NAME];
    poolgrad_bench_row_name(bench, c->row, name);
    fprintf(file,
            "      {\"case\": \"%s\", \"threads_asked\": %d,\n       \"ratio\": {\"least\": %.6g, \"lower\": %.6g, "
            "\"median\": %.6g, \"upper\": %.6g}, \"ceiling_ratio\": ",
            name, c->row->choice.threads, c->ratio.least, c->ratio.lower, c->ratio.median, c->ratio.upper);
    if (c->ceiling > 0)
        fprintf(file, "%.6g}", c->ceiling);
    else
        fprintf(file, "null}");
}

static void print_comparison(const struct bench *bench, const struct comparison *comparison, FILE *file)
{
    char name[CASE_NAME];
    fprintf(file, ",\n  \"compare\": {\n    \"rows\": [");
    for (int i = 0; i < comparison->rows; i++) {
        fprintf(file, "%s\n", i > 0 ? "," : "");
        print_compared(bench, &comparison->row[i], file);
    }
    fprintf(file, "\n    ],\n    \"only_before\": [");
    for (int i = 0; i < comparison->missing_rows; i++) {
        fprintf(file, "%s{\"case\": ", i > 0 ? ", " : "");
        print_text(comparison->missing[i].name, file);
        fprintf(file, ", \"threads_asked\": %" PRId64 "}", comparison->missing[i].threads);
    }
    fprintf(file, "],\n    \"only_now\": [");
    for (int i = 0; i < comparison->new_rows; i++) {
        const struct bench_row *row = &bench->rows[comparison->new_row[i]];
        poolgrad_bench_row_name(bench, row, name);
        fprintf(file, "%s{\"case\": \"%s\", \"threads_asked\": %d}", i > 0 ? ", " : "", name, row->choice.threads);
    }
    fprintf(file, "]\n  }");
}

void poolgrad_bench_print_json(const struct bench *bench, const struct comparison *comparison, FILE *file)
{
    fprintf(file, "{\n  \"poolgrad\": \"%s\",\n  \"processors\": %d,\n  \"rounds\": %d,\n", poolgrad_version(),
            bench->processors, bench->rounds);
    print_machine(bench, file);
    fprintf(file, "  \"rows\": [\n");
    for (int i = 0; i < bench->row_count; i++) {
        print_row(bench, &bench->rows[i], file);
        fprintf(file, "%s\n", i + 1 < bench->row_count ? "," : "");
    }
    fprintf(file, "  ]");
    if (comparison->file) print_comparison(bench, comparison, file);
    fprintf(file, "\n}\n");
}
