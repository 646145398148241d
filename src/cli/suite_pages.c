/* SPDX-License-Identifier: Apache-2.0 */
/* --reports: a page for each case with wrong elements, and one that leads to them. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/suite_judge.h"
#include "cli/verify_page.h"

enum { PAGE_NAME = 2 * SUITE_NAME };

static FILE *open_page(const struct suite_judge *judge, const char *name)
{
    char *path = poolgrad_manifest_path(judge->reports, name);
    FILE *file = path ? fopen(path, "wb") : NULL;
    free(path);
    return file;
}

bool poolgrad_suite_write_page(const struct suite_judge *judge, int64_t index, const struct verify *verify)
{
    char name[PAGE_NAME];
    snprintf(name, sizeof name, "%s.html", judge->manifest.entry[index].name);
    FILE *file = open_page(judge, name);
    if (!file) return false;
    const bool good = poolgrad_verify_print_page(verify, file) && !ferror(file);
    return fclose(file) == 0 && good;
}

/* ---- The page of all --------------------------------------------------------------------------------------------- */

static void print_head(const struct suite_judge *judge, FILE *file)
{
    const bool passes = poolgrad_suite_passes(judge);
    int64_t outcomes[OUTCOMES];
    poolgrad_suite_count_outcomes(judge, outcomes);
    fprintf(file,
            "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
            "content=\"width=device-width\"><title>poolgrad: a backend and a kit</title>\n<style>\n%s</style></head>"
            "<body>\n<h1>A backend and a kit <span class=\"verdict\" style=\"background:%s\">%s</span></h1>\n",
            poolgrad_page_style, passes ? "#00785a" : "#b23600", passes ? "right" : "not right");
    fprintf(file, "<p>%" PRId64 " cases of <code>", judge->count);
    poolgrad_page_text(judge->manifest.folder, file);
    fprintf(file, "</code> (%s, seed %" PRId64 "): ", judge->manifest.size, judge->manifest.seed);
    for (int i = 0; i < OUTCOMES; i++)
        fprintf(file, "%s%" PRId64 " %s", i > 0 ? ", " : "", outcomes[i], poolgrad_outcome_words[i]);
    fprintf(file, ". poolgrad %s.</p>\n", poolgrad_version());
}

static void print_case(const struct suite_judge *judge, int64_t index, FILE *file)
{
    const struct suite_result *result = &judge->result[index];
    const char *name = judge->manifest.entry[index].name;
    if (result->has_page)
        fprintf(file, "<tr><td><a href=\"%s.html\">%s</a></td>", name, name);
    else
        fprintf(file, "<tr><td>%s</td>", name);
    fprintf(file, "<td>%s</td><td>%s</td><td>", poolgrad_outcome_words[result->outcome], result->cause);
    poolgrad_page_text(result->sentence, file);
    fprintf(file, "</td></tr>\n");
}

/* The worst outcomes first. */
static void print_cases(const struct suite_judge *judge, FILE *file)
{
    if (poolgrad_suite_passes(judge)) {
        fprintf(file, "<p>No case fails.</p>\n");
        return;
    }
    if (!judge->has_judged) fprintf(file, "<p>No case is judged, as all are missing.</p>\n");
    fprintf(file, "<h2>Cases that fail</h2>\n<table><tr><th>case</th><th>outcome</th><th>likely mistake</th>"
                  "<th>what is wrong</th></tr>\n");
    for (int outcome = OUTCOMES - 1; outcome >= 0; outcome--) {
        if (!poolgrad_suite_fails(judge, (enum suite_outcome)outcome)) continue;
        for (int64_t i = 0; i < judge->count; i++) {
            if ((int)judge->result[i].outcome == outcome) print_case(judge, i, file);
        }
    }
    fprintf(file, "</table>\n");
}

/* Where a row goes, and the group of the one before; null at first. */
struct page_rows {
    FILE *file;
    const char *group;
};

static void print_row(const struct suite_row *row, void *context)
{
    struct page_rows *rows = context;
    FILE *file = rows->file;
    if (!rows->group || strcmp(rows->group, row->group) != 0) {
        fprintf(file, "%s<table><tr><th>%s</th><th class=\"n\">cases</th>", rows->group ? "</table>\n" : "",
                row->group);
        for (int i = 0; i < OUTCOMES; i++) fprintf(file, "<th class=\"n\">%s</th>", poolgrad_outcome_words[i]);
        fprintf(file, "</tr>\n");
    }
    rows->group = row->group;
    fprintf(file, "<tr><td>%s</td><td class=\"n\">%" PRId64 "</td>", row->name, row->cases);
    for (int i = 0; i < OUTCOMES; i++) fprintf(file, "<td class=\"n\">%" PRId64 "</td>", row->outcomes[i]);
    fprintf(file, "</tr>\n");
}

bool poolgrad_suite_write_index(const struct suite_judge *judge)
{
    FILE *file = open_page(judge, "index.html");
    struct page_rows rows = {.file = file};
    if (!file) return false;
    print_head(judge, file);
    print_cases(judge, file);
    fprintf(file, "<h2>By direction, kind, format, layout and feature</h2>\n");
    poolgrad_suite_each_row(judge, print_row, &rows);
    fprintf(file, "</table>\n</body></html>\n");
    const bool good = !ferror(file);
    return fclose(file) == 0 && good;
}
