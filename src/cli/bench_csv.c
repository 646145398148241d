/* SPDX-License-Identifier: Apache-2.0 */
/* What bench finds, for spreadsheets: RFC 4180, but lines that end as text files' do. */
#include <inttypes.h>
#include <string.h>

#include "cli/bench.h"

static void print_text(const char *text, FILE *file)
{
    if (!strpbrk(text, ",\"")) {
        fprintf(file, "%s", text);
        return;
    }
    (void)fputc('"', file);
    for (; *text; text++) fprintf(file, *text == '"' ? "\"\"" : "%c", *text);
    (void)fputc('"', file);
}

static void print_value(const struct bench_value *value, FILE *file)
{
    switch (value->type) {
    case VALUE_TEXT: print_text(value->text, file); break;
    case VALUE_INTEGER: fprintf(file, "%" PRId64, value->integer); break;
    case VALUE_REAL: fprintf(file, "%.9g", value->real); break;
    }
}

static void print_names(const struct bench_value *value, int count, bool compared, FILE *file)
{
    for (int i = 0; i < count; i++) {
        const char *group = value[i].group;
        fprintf(file, "%s%s%s%s", i > 0 ? "," : "", group ? group : "", group ? "." : "", value[i].name);
    }
    fprintf(file, "%s\n", compared ? ",ratio.least,ratio.lower,ratio.median,ratio.upper,ceiling_ratio" : "");
}

/* Fields without content where the row, or its ceiling, has nothing to be compared with. */
static void print_ratios(const struct compared *c, FILE *file)
{
    if (!c) {
        fprintf(file, ",,,,,");
        return;
    }
    fprintf(file, ",%.6g,%.6g,%.6g,%.6g,", c->ratio.least, c->ratio.lower, c->ratio.median, c->ratio.upper);
    if (c->ceiling > 0) fprintf(file, "%.6g", c->ceiling);
}

void poolgrad_bench_print_csv(const struct bench *bench, const struct comparison *comparison, FILE *file)
{
    char name[CASE_NAME];
    struct bench_value value[BENCH_VALUES];
    int compared = 0;
    for (int i = 0; i < bench->row_count; i++) {
        const int count = poolgrad_bench_values(bench, &bench->rows[i], name, value);
        if (i == 0) print_names(value, count, comparison->file, file);
        for (int v = 0; v < count; v++) {
            if (v > 0) (void)fputc(',', file);
            print_value(&value[v], file);
        }
        const bool matched = compared < comparison->rows && comparison->row[compared].row == &bench->rows[i];
        if (comparison->file) print_ratios(matched ? &comparison->row[compared++] : NULL, file);
        (void)fputc('\n', file);
    }
}
