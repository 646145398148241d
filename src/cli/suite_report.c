/* SPDX-License-Identifier: Apache-2.0 */
/* What was made of a backend's outputs: tables, JSON, and JUnit's XML. */
#include <inttypes.h>
#include <string.h>

#include "cli/suite_choose.h"
#include "cli/suite_judge.h"

/* ---- Rows -------------------------------------------------------------------------------------------------------- */

typedef const char *word_of(const struct manifest_case *entry);

static const char *direction_of(const struct manifest_case *entry)
{
    return poolgrad_options[OPTION_CASE_DIRECTIONS].choices[poolgrad_suite_direction(&entry->problem)].name;
}

static const char *kind_of(const struct manifest_case *entry)
{
    return poolgrad_options[OPTION_CASE_KINDS].choices[poolgrad_suite_kind(&entry->problem)].name;
}

static const char *format_of(const struct manifest_case *entry)
{
    return poolgrad_format_name(entry->file[SUITE_EXPECTED].format);
}

static const char *layout_of(const struct manifest_case *entry)
{
    return poolgrad_layout_name(entry->file[SUITE_EXPECTED].layout);
}

/* By what cases are told apart, beside their features; what a word does not say is of the result. */
static const struct group {
    const char *name;
    word_of *word;
} groups[] = {{"direction", direction_of}, {"kind", kind_of}, {"format", format_of}, {"layout", layout_of}};

static void count_case(const struct suite_judge *judge, int64_t i, struct suite_row *row)
{
    row->outcomes[judge->result[i].outcome]++;
    row->cases++;
}

/* Words come in the order of their first cases. */
static void each_word(const struct suite_judge *judge, const struct group *group,
                      void (*print)(const struct suite_row *row, void *context), void *context)
{
    enum { MOST_WORDS = 16 };
    struct suite_row rows[MOST_WORDS];
    int count = 0;
    for (int64_t i = 0; i < judge->count; i++) {
        const char *word = group->word(&judge->manifest.entry[i]);
        int row = 0;
        while (row < count && strcmp(rows[row].name, word) != 0) row++;
        if (row == MOST_WORDS) continue;
        if (row == count) rows[count++] = (struct suite_row){.group = group->name, .name = word};
        count_case(judge, i, &rows[row]);
    }
    for (int row = 0; row < count; row++) print(&rows[row], context);
}

static struct suite_row row_of_feature(const struct suite_judge *judge, int feature)
{
    struct suite_row row = {.group = "feature", .name = poolgrad_suite_feature_words[feature]};
    for (int64_t i = 0; i < judge->count; i++) {
        if (judge->manifest.entry[i].features >> feature & 1) count_case(judge, i, &row);
    }
    return row;
}

void poolgrad_suite_each_row(const struct suite_judge *judge, void (*print)(const struct suite_row *row, void *context),
                             void *context)
{
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) each_word(judge, &groups[i], print, context);
    for (int i = 0; i < SUITE_FEATURES; i++) {
        const struct suite_row row = row_of_feature(judge, i);
        if (row.cases > 0) print(&row, context);
    }
}

void poolgrad_suite_count_outcomes(const struct suite_judge *judge, int64_t outcomes[OUTCOMES])
{
    for (int i = 0; i < OUTCOMES; i++) outcomes[i] = 0;
    for (int64_t i = 0; i < judge->count; i++) outcomes[judge->result[i].outcome]++;
}

bool poolgrad_suite_fails(const struct suite_judge *judge, enum suite_outcome outcome)
{
    const bool open = outcome == OUTCOME_UNBOUNDED || outcome == OUTCOME_UNDOCUMENTED;
    if (open) return poolgrad_given(judge->options, OPTION_STRICT);
    if (outcome == OUTCOME_MISSING) return !judge->has_judged || !poolgrad_given(judge->options, OPTION_SKIP_MISSING);
    return outcome != OUTCOME_RIGHT;
}

bool poolgrad_suite_passes(const struct suite_judge *judge)
{
    int64_t outcomes[OUTCOMES];
    bool passes = true;
    poolgrad_suite_count_outcomes(judge, outcomes);
    for (int i = 0; i < OUTCOMES; i++) {
        if (outcomes[i] > 0 && poolgrad_suite_fails(judge, (enum suite_outcome)i)) passes = false;
    }
    return passes;
}

/* ---- Text -------------------------------------------------------------------------------------------------------- */

static void print_row(const struct suite_row *row)
{
    printf("%-18s %8" PRId64, row->name, row->cases);
    for (int i = 0; i < OUTCOMES; i++) printf(" %12" PRId64, row->outcomes[i]);
    printf("\n");
}

static void print_heading(const char *group)
{
    printf("%-18s %8s", group, "cases");
    for (int i = 0; i < OUTCOMES; i++) printf(" %12s", poolgrad_outcome_words[i]);
    printf("\n");
}

/* Each group under a heading of its own. */
static void print_in_group(const struct suite_row *row, void *context)
{
    const char **group = context;
    if (!*group || strcmp(*group, row->group) != 0) {
        if (*group) printf("\n");
        print_heading(row->group);
    }
    *group = row->group;
    print_row(row);
}

/* How a failing case is followed up: its output is there afterwards unless run made it for itself alone. */
static void print_next_step(const struct suite_judge *judge)
{
    if (judge->temporary || !judge->folder) return;
    for (int64_t i = 0; i < judge->count; i++) {
        if (judge->result[i].outcome != OUTCOME_WRONG || judge->result[i].count[POOLGRAD_VERDICT_WRONG] == 0) continue;
        printf("more of a case: poolgrad verify --case %s/%s --actual %s/%s.npy\n", judge->manifest.folder,
               judge->manifest.entry[i].name, judge->folder, judge->manifest.entry[i].name);
        return;
    }
}

/* What an earlier run has computed. */
static void print_kept(const struct suite_judge *judge)
{
    if (judge->resumes)
        printf("outputs of %" PRId64 " cases were there before, and are judged as they are\n", judge->kept);
}

static void print_cases(const struct suite_judge *judge)
{
    int64_t left = judge->declaration.findings, more = 0;
    for (int outcome = OUTCOMES - 1; outcome >= 0; outcome--) {
        if (outcome == OUTCOME_MISSING || !poolgrad_suite_fails(judge, (enum suite_outcome)outcome)) continue;
        for (int64_t i = 0; i < judge->count; i++) {
            const struct suite_result *result = &judge->result[i];
            if ((int)result->outcome != outcome) continue;
            if (left > 0)
                printf("%s: %s: %s\n", poolgrad_outcome_words[outcome], judge->manifest.entry[i].name,
                       result->sentence);
            else
                more++;
            left--;
        }
    }
    if (more > 0) printf("and %" PRId64 " more; --findings, --reports, --json and --junit tell of them\n", more);
}

/* A backend need not write indices, but this is said. */
static void print_unwritten_picks(const struct suite_judge *judge)
{
    int64_t count = 0;
    for (int64_t i = 0; i < judge->count; i++)
        count += judge->result[i].picks == PICKS_NOT_WRITTEN && judge->result[i].outcome != OUTCOME_MISSING;
    if (count > 0) printf("indices of %" PRId64 " cases are not judged: there is no NAME.indices.npy\n", count);
}

void poolgrad_suite_print(const struct suite_judge *judge)
{
    struct suite_row all = {.name = "all", .cases = judge->count};
    const char *group = NULL;
    poolgrad_suite_each_row(judge, print_in_group, &group);
    poolgrad_suite_count_outcomes(judge, all.outcomes);
    print_row(&all);
    print_cases(judge);
    print_kept(judge);
    print_unwritten_picks(judge);
    print_next_step(judge);
    if (judge->has_judged)
        printf("%s\n", poolgrad_suite_passes(judge) ? "right" : "not right");
    else
        printf("not right: no case is judged, as all are missing\n");
}

/* ---- For programs ------------------------------------------------------------------------------------------------ */

/* What both JSON and XML take otherwise; names and sentences are of plain letters and signs. */
static void print_json_text(const char *text, FILE *file)
{
    for (; *text; text++) {
        if (*text == '"' || *text == '\\') (void)fputc('\\', file);
        (void)fputc((unsigned char)*text < ' ' ? ' ' : *text, file);
    }
}

static void print_xml_text(const char *text, FILE *file)
{
    for (; *text; text++) {
        switch (*text) {
        case '<': fprintf(file, "&lt;"); break;
        case '>': fprintf(file, "&gt;"); break;
        case '&': fprintf(file, "&amp;"); break;
        case '"': fprintf(file, "&quot;"); break;
        default: (void)fputc((unsigned char)*text < ' ' ? ' ' : *text, file);
        }
    }
}

static void print_outcomes(const int64_t outcomes[OUTCOMES], FILE *file)
{
    for (int i = 0; i < OUTCOMES; i++)
        fprintf(file, "%s\"%s\": %" PRId64, i > 0 ? ", " : "", poolgrad_outcome_words[i], outcomes[i]);
}

/* Where a row goes, and whether it is the first. */
struct json_rows {
    FILE *file;
    bool more;
};

static void print_json_row(const struct suite_row *row, void *context)
{
    struct json_rows *rows = context;
    fprintf(rows->file, "%s\n    {\"by\": \"%s\", \"name\": \"%s\", ", rows->more ? "," : "", row->group, row->name);
    print_outcomes(row->outcomes, rows->file);
    (void)fputc('}', rows->file);
    rows->more = true;
}

/* What the tables go by. */
static void print_json_groups(const struct manifest_case *entry, FILE *file)
{
    const char *separator = "";
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++)
        fprintf(file, ", \"%s\": \"%s\"", groups[i].name, groups[i].word(entry));
    fprintf(file, ", \"features\": [");
    for (int i = 0; i < SUITE_FEATURES; i++) {
        if (!(entry->features >> i & 1)) continue;
        fprintf(file, "%s\"%s\"", separator, poolgrad_suite_feature_words[i]);
        separator = ", ";
    }
    (void)fputc(']', file);
}

static void print_json_case(const struct manifest_case *entry, const struct suite_result *result, FILE *file)
{
    static const char *const picks[] = {NULL, "not written", "right"};
    fprintf(file, "{\"name\": \"%s\", \"outcome\": \"%s\"", entry->name, poolgrad_outcome_words[result->outcome]);
    print_json_groups(entry, file);
    for (int k = 1; k < POOLGRAD_VERDICTS; k++)
        fprintf(file, ", \"%s\": %" PRId64, poolgrad_verdict_name((poolgrad_verdict)k), result->count[k]);
    if (picks[result->picks])
        fprintf(file, ", \"indices\": \"%s\"", result->wrong_picks > 0 ? "wrong" : picks[result->picks]);
    if (*result->cause) fprintf(file, ", \"cause\": \"%s\"", result->cause);
    if (result->has_page) fprintf(file, ", \"page\": \"%s.html\"", entry->name);
    if (result->sentence[0]) {
        fprintf(file, ", \"sentence\": \"");
        print_json_text(result->sentence, file);
        (void)fputc('"', file);
    }
    (void)fputc('}', file);
}

void poolgrad_suite_print_json(const struct suite_judge *judge, FILE *file)
{
    int64_t outcomes[OUTCOMES];
    struct json_rows rows = {.file = file};
    poolgrad_suite_count_outcomes(judge, outcomes);
    fprintf(file, "{\n  \"poolgrad\": \"%s\",\n  \"kit\": {\"size\": \"", poolgrad_version());
    print_json_text(judge->manifest.size, file);
    fprintf(file,
            "\", \"seed\": %" PRId64 "},\n  \"shard\": {\"part\": %" PRId64 ", \"parts\": %" PRId64
            "},\n  \"declared\": ",
            judge->manifest.seed, judge->part, judge->parts);
    (void)json_dumpf(judge->declared, file, JSON_SORT_KEYS);
    fprintf(file, ",\n  \"passes\": %s,\n  \"outcomes\": {", poolgrad_suite_passes(judge) ? "true" : "false");
    print_outcomes(outcomes, file);
    fprintf(file, "},\n  \"rows\": [");
    poolgrad_suite_each_row(judge, print_json_row, &rows);
    fprintf(file, "\n  ],\n  \"cases\": [");
    for (int64_t i = 0; i < judge->count; i++) {
        fprintf(file, "%s\n    ", i > 0 ? "," : "");
        print_json_case(&judge->manifest.entry[i], &judge->result[i], file);
    }
    fprintf(file, "\n  ]\n}\n");
}

/* A case that fails has an element, as has one without an output that does not count. */
static const char *element_of(const struct suite_judge *judge, enum suite_outcome outcome)
{
    if (!poolgrad_suite_fails(judge, outcome)) return outcome == OUTCOME_MISSING ? "skipped" : NULL;
    return outcome > OUTCOME_WRONG ? "error" : "failure";
}

static void print_test(const struct suite_judge *judge, int64_t index, FILE *file)
{
    const struct manifest_case *entry = &judge->manifest.entry[index];
    const struct suite_result *result = &judge->result[index];
    const char *element = element_of(judge, result->outcome);
    fprintf(file, "  <testcase classname=\"poolgrad.%s.%s\" name=\"%s\"",
            entry->problem.direction == POOLGRAD_GRADIENT ? "gradient" : "forward",
            poolgrad_kind_name(entry->problem.kind), entry->name);
    if (!element && !result->sentence[0]) {
        fprintf(file, "/>\n");
        return;
    }
    if (element)
        fprintf(file, "><%s message=\"", element);
    else
        fprintf(file, "><system-out>");
    print_xml_text(result->sentence, file);
    fprintf(file, element ? "\"/></testcase>\n" : "</system-out></testcase>\n");
}

void poolgrad_suite_print_junit(const struct suite_judge *judge, FILE *file)
{
    int64_t outcomes[OUTCOMES], failures = 0;
    poolgrad_suite_count_outcomes(judge, outcomes);
    for (int i = 0; i <= OUTCOME_WRONG; i++) {
        if (poolgrad_suite_fails(judge, (enum suite_outcome)i)) failures += outcomes[i];
    }
    const int64_t skipped = poolgrad_suite_fails(judge, OUTCOME_MISSING) ? 0 : outcomes[OUTCOME_MISSING];
    fprintf(file,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"poolgrad\" tests=\"%" PRId64
            "\" failures=\"%" PRId64 "\" errors=\"%" PRId64 "\" skipped=\"%" PRId64 "\">\n",
            judge->count, failures, outcomes[OUTCOME_UNREADABLE] + outcomes[OUTCOME_FAILED], skipped);
    for (int64_t i = 0; i < judge->count; i++) print_test(judge, i, file);
    fprintf(file, "</testsuite>\n");
}
