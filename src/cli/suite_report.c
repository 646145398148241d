/* SPDX-License-Identifier: Apache-2.0 */
/* What was made of a backend's outputs: a table by features, JSON, and JUnit's XML. */
#include <inttypes.h>

#include "base/integer.h"
#include "cli/suite_judge.h"

static void tally(const struct suite_judge *judge, uint64_t feature, int64_t outcomes[OUTCOMES])
{
    for (int i = 0; i < OUTCOMES; i++) outcomes[i] = 0;
    for (int64_t i = 0; i < judge->manifest.count; i++) {
        if ((judge->manifest.entry[i].features & feature) == feature) outcomes[judge->result[i].outcome]++;
    }
}

bool poolgrad_suite_fails(const struct suite_judge *judge, enum suite_outcome outcome)
{
    const bool open = outcome == OUTCOME_UNBOUNDED || outcome == OUTCOME_UNDOCUMENTED;
    if (open) return poolgrad_given(judge->options, OPTION_STRICT);
    if (outcome == OUTCOME_MISSING) return !poolgrad_given(judge->options, OPTION_SKIP_MISSING);
    return outcome != OUTCOME_RIGHT;
}

bool poolgrad_suite_passes(const struct suite_judge *judge)
{
    int64_t outcomes[OUTCOMES];
    bool passes = true;
    tally(judge, 0, outcomes);
    for (int i = 0; i < OUTCOMES; i++) {
        passes = passes && (outcomes[i] == 0 || !poolgrad_suite_fails(judge, (enum suite_outcome)i));
    }
    return passes;
}

/* ---- Text -------------------------------------------------------------------------------------------------------- */

static void print_row(const char *name, const int64_t outcomes[OUTCOMES])
{
    int64_t cases = 0;
    for (int i = 0; i < OUTCOMES; i++) cases += outcomes[i];
    if (cases == 0) return;
    printf("%-18s %8" PRId64, name, cases);
    for (int i = 0; i < OUTCOMES; i++) printf(" %12" PRId64, outcomes[i]);
    printf("\n");
}

static void print_cases(const struct suite_judge *judge)
{
    int64_t left = judge->declaration.findings, more = 0;
    for (int outcome = OUTCOMES - 1; outcome >= 0; outcome--) {
        if (outcome == OUTCOME_MISSING || !poolgrad_suite_fails(judge, (enum suite_outcome)outcome)) continue;
        for (int64_t i = 0; i < judge->manifest.count; i++) {
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
    if (more > 0) printf("and %" PRId64 " more; --findings, --json and --junit tell of them\n", more);
}

void poolgrad_suite_print(const struct suite_judge *judge)
{
    int64_t outcomes[OUTCOMES];
    printf("%-18s %8s", "feature", "cases");
    for (int i = 0; i < OUTCOMES; i++) printf(" %12s", poolgrad_outcome_words[i]);
    printf("\n");
    for (int i = 0; i < SUITE_FEATURES; i++) {
        tally(judge, UINT64_C(1) << i, outcomes);
        print_row(poolgrad_suite_feature_words[i], outcomes);
    }
    tally(judge, 0, outcomes);
    print_row("all", outcomes);
    print_cases(judge);
    printf("%s\n", poolgrad_suite_passes(judge) ? "right" : "not right");
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

void poolgrad_suite_print_json(const struct suite_judge *judge, FILE *file)
{
    int64_t outcomes[OUTCOMES];
    tally(judge, 0, outcomes);
    fprintf(file, "{\n  \"poolgrad\": \"%s\",\n  \"passes\": %s,\n  \"outcomes\": {", poolgrad_version(),
            poolgrad_suite_passes(judge) ? "true" : "false");
    for (int i = 0; i < OUTCOMES; i++) {
        fprintf(file, "%s\"%s\": %" PRId64, i > 0 ? ", " : "", poolgrad_outcome_words[i], outcomes[i]);
    }
    fprintf(file, "},\n  \"cases\": [");
    for (int64_t i = 0; i < judge->manifest.count; i++) {
        const struct suite_result *result = &judge->result[i];
        fprintf(file, "%s\n    {\"name\": \"%s\", \"outcome\": \"%s\"", i > 0 ? "," : "", judge->manifest.entry[i].name,
                poolgrad_outcome_words[result->outcome]);
        for (int k = 1; k < POOLGRAD_VERDICTS; k++) {
            fprintf(file, ", \"%s\": %" PRId64, poolgrad_verdict_name((poolgrad_verdict)k), result->count[k]);
        }
        if (result->sentence[0]) {
            fprintf(file, ", \"sentence\": \"");
            print_json_text(result->sentence, file);
            (void)fputc('"', file);
        }
        (void)fputc('}', file);
    }
    fprintf(file, "\n  ]\n}\n");
}

/* An outcome that fails only because the options are strict. */
static bool is_strict(const struct suite_judge *judge, enum suite_outcome outcome)
{
    return outcome < OUTCOME_MISSING && poolgrad_suite_fails(judge, outcome);
}

static void print_test(const struct suite_judge *judge, const struct manifest_case *entry,
                       const struct suite_result *result, FILE *file)
{
    static const char *const elements[OUTCOMES] = {NULL, NULL, NULL, "skipped", "failure", "error", "error"};
    const char *element = is_strict(judge, result->outcome) ? "failure" : elements[result->outcome];
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
    tally(judge, 0, outcomes);
    for (int i = 0; i < OUTCOMES; i++) {
        if (i == OUTCOME_WRONG || is_strict(judge, (enum suite_outcome)i)) failures += outcomes[i];
    }
    fprintf(file,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"poolgrad\" tests=\"%" PRId64
            "\" failures=\"%" PRId64 "\" errors=\"%" PRId64 "\" skipped=\"%" PRId64 "\">\n",
            judge->manifest.count, failures, outcomes[OUTCOME_UNREADABLE] + outcomes[OUTCOME_FAILED],
            outcomes[OUTCOME_MISSING]);
    for (int64_t i = 0; i < judge->manifest.count; i++) {
        print_test(judge, &judge->manifest.entry[i], &judge->result[i], file);
    }
    fprintf(file, "</testsuite>\n");
}
