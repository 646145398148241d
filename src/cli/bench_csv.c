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

static void print_names(const struct bench_value *value, int count, FILE *file)
{
    for (int i = 0; i < count; i++) {
        const char *group = value[i].group;
        fprintf(file, "%s%s%s%s", i > 0 ? "," : "", group ? group : "", group ? "." : "", value[i].name);
    }
    (void)fputc('\n', file);
}

void poolgrad_bench_print_csv(const struct bench *bench, FILE *file)
{
    char name[CASE_NAME];
    struct bench_value value[BENCH_VALUES];
    for (int i = 0; i < bench->row_count; i++) {
        const int count = poolgrad_bench_values(bench, &bench->rows[i], name, value);
        if (i == 0) print_names(value, count, file);
        for (int v = 0; v < count; v++) {
            if (v > 0) (void)fputc(',', file);
            print_value(&value[v], file);
        }
        (void)fputc('\n', file);
    }
}
