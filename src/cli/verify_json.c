/* SPDX-License-Identifier: Apache-2.0 */
/* What verify finds, for programs. All names in it are of letters, digits and signs that JSON takes as they are. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "cli/dialect_words.h"
#include "cli/verify_facts.h"

/* JSON has no infinity and no NaN. */
static void print_value(double value, FILE *file)
{
    if (isnan(value))
        fprintf(file, "\"nan\"");
    else if (isinf(value))
        fprintf(file, "\"%sinfinity\"", value < 0 ? "-" : "");
    else
        fprintf(file, "%.17g", value);
}

static void print_number(const char *name, poolgrad_format format, double value, FILE *file)
{
    char bits[NUMBER_BITS];
    poolgrad_format_bits(format, value, bits);
    fprintf(file, ",\n     \"%s\": {\"value\": ", name);
    print_value(value, file);
    fprintf(file, ", \"bits\": \"%s\"}", bits);
}

static void print_finding(const poolgrad_finding *f, poolgrad_format format, FILE *file)
{
    fprintf(file,
            "    {\"n\": %" PRId64 ", \"c\": %" PRId64 ", \"z\": %" PRId64 ", \"y\": %" PRId64 ", \"x\": %" PRId64
            ", \"verdict\": \"%s\"",
            f->n, f->c, f->z, f->y, f->x, poolgrad_verdict_name(f->verdict));
    if (f->decision != POOLGRAD_DECISION_NONE)
        fprintf(file, ", \"decision\": \"%s\"", poolgrad_decision_text(f->decision));
    print_number("actual", format, f->actual, file);
    print_number("expected", format, f->expected, file);
    print_number("exact", format, f->exact, file);
    print_number("low", format, f->low, file);
    print_number("high", format, f->high, file);
    if (f->ulps == INT64_MAX)
        fprintf(file, ",\n     \"ulps\": null}");
    else
        fprintf(file, ",\n     \"ulps\": %" PRId64 "}", f->ulps);
}

static void print_counts(const poolgrad_verification *v, FILE *file)
{
    fprintf(file, "  \"verdicts\": {");
    for (int i = 0; i < POOLGRAD_VERDICTS; i++) {
        fprintf(file, "%s\"%s\": %" PRId64, i > 0 ? ", " : "", poolgrad_verdict_name((poolgrad_verdict)i),
                poolgrad_verification_count(v, (poolgrad_verdict)i));
    }
    fprintf(file, "},\n  \"decisions\": [");
    bool first = true;
    for (int i = 1; i < POOLGRAD_DECISIONS; i++) {
        const int64_t count = poolgrad_verification_decision_count(v, (poolgrad_decision)i);
        if (count == 0) continue;
        fprintf(file, "%s\n    {\"decision\": \"%s\", \"elements\": %" PRId64 "}", first ? "" : ",",
                poolgrad_decision_text((poolgrad_decision)i), count);
        first = false;
    }
    fprintf(file, "],\n");
    if (poolgrad_verification_count(v, POOLGRAD_VERDICT_UNBOUNDED) > 0)
        fprintf(file, "  \"unbounded\": \"%s\",\n", poolgrad_unbounded_text);
    fprintf(file, "  \"tie_groups\": %" PRId64 ", \"bounded_tie_groups\": %" PRId64 ",\n",
            poolgrad_verification_tie_groups(v), poolgrad_verification_bounded_tie_groups(v));
}

static void print_causes(const struct verify *verify, FILE *file)
{
    const poolgrad_verification *v = verify->verification;
    const int64_t count = poolgrad_verification_cause_count(v);
    fprintf(file, "  \"looked_for_causes\": %s,\n  \"causes\": [", verify->no_causes ? "false" : "true");
    for (int64_t i = 0; i < count; i++) {
        const poolgrad_cause *cause = poolgrad_verification_cause(v, i);
        fprintf(file,
                "%s\n    {\"name\": \"%s\", \"sentence\": \"%s\", \"explained\": %" PRId64 ", \"wrong\": %" PRId64 "}",
                i > 0 ? "," : "", cause->name, cause->sentence, cause->explained, cause->wrong);
    }
    fprintf(file, "],\n  \"where\": \"%s\",\n", poolgrad_verification_where(v));
}

/* ---- What is judged by ------------------------------------------------------------------------------------------- */

static void print_axis(const struct verify_axis *axis, FILE *file)
{
    fprintf(file, "\n    {\"axis\": \"%s\", \"pixels\": %" PRId64 ", \"windows\": %" PRId64, axis->name, axis->pixels,
            axis->windows);
    if (axis->windows > 0)
        fprintf(file, ", \"pad_before\": %" PRId64 ", \"pad_behind\": %" PRId64, -axis->first,
                axis->end - axis->pixels);
    fprintf(file, ", \"counted_before\": %" PRId64 ", \"counted_behind\": %" PRId64, axis->counted_before,
            axis->counted_behind);
    fprintf(file, ", \"by_table\": %s, \"kernel\": %" PRId64 ", \"stride\": %" PRId64 ", \"dilation\": %" PRId64 "}",
            axis->table ? "true" : "false", axis->kernel, axis->stride, axis->dilation);
}

/* The library's own words for the problem; null where memory is lacking. */
static char *describe(const poolgrad_problem *problem)
{
    const size_t size = poolgrad_problem_debug_description(problem, NULL, 0) + 1;
    char *text = malloc(size);
    if (text) (void)poolgrad_problem_debug_description(problem, text, size);
    return text;
}

static void print_problem(const struct verify *verify, FILE *file)
{
    const poolgrad_problem *p = &verify->inputs.problem;
    char *text = describe(p);
    bool first = true;
    if (verify->dialect) fprintf(file, "  \"dialect\": \"%s\",\n", verify->dialect->name);
    fprintf(file, "  \"problem\": %s,\n  \"axes\": [", text ? text : "null");
    free(text);
    for (int i = AXES - 1; i >= 0; i--) {
        const struct verify_axis axis = poolgrad_verify_axis(p, (enum axis)i);
        if (!poolgrad_verify_shows_axis(p, (enum axis)i)) continue;
        fprintf(file, "%s", first ? "" : ",");
        print_axis(&axis, file);
        first = false;
    }
    fprintf(file, "],\n");
}

/* A number, or null for the neutral one. */
static void print_or_null(const char *name, int64_t number, FILE *file)
{
    if (number == 0)
        fprintf(file, "\"%s\": null, ", name);
    else
        fprintf(file, "\"%s\": %" PRId64 ", ", name, number);
}

static void print_declared(const struct verify *verify, FILE *file)
{
    const poolgrad_declaration *d = &verify->declaration;
    const poolgrad_problem *p = &verify->inputs.problem;
    const bool binding = d->keeps_tie_rule || p->ties == POOLGRAD_TIES_ALL || p->ties == POOLGRAD_TIES_SPLIT;
    const char *format = poolgrad_format_name(d->computed_in);
    fprintf(file, "  \"declared\": {\"computed_in\": %s%s%s, \"division\": \"%s\", \"fusion\": \"%s\", ",
            format ? "\"" : "", format ? format : "null", format ? "\"" : "", poolgrad_division_name(d->division),
            poolgrad_fusion_name(d->fusion));
    fprintf(file, "\"subnormals\": \"%s\", ", poolgrad_subnormals_name(d->subnormals));
    fprintf(file, "\"stored_in\": \"%s\", \"norms\": \"%s\", ", poolgrad_format_name(poolgrad_stored_in(p, d)),
            poolgrad_norms_name(d->norms));
    fprintf(file, "\"averages\": \"%s\", \"composed\": \"%s\", ", poolgrad_averages_name(d->averages),
            poolgrad_composition_name(d->composed));
    print_or_null("chain", d->chain, file);
    print_or_null("digits", d->digits, file);
    fprintf(file, "\"ties\": \"%s\", \"nan\": \"%s\", \"before\": %s, \"strict\": %s},\n",
            binding ? poolgrad_tie_rule_name(p->ties) : "any",
            d->keeps_nan_rule ? poolgrad_nan_rule_name(p->nan) : "any", d->before ? "true" : "false",
            verify->strict ? "true" : "false");
}

void poolgrad_verify_print_json(const struct verify *verify, FILE *file)
{
    const poolgrad_verification *v = verify->verification;
    const poolgrad_problem *p = &verify->inputs.problem;
    const int64_t findings = poolgrad_verification_finding_count(v);
    fprintf(file, "{\n  \"poolgrad\": \"%s\",\n  \"direction\": \"%s\", \"kind\": \"%s\",\n", poolgrad_version(),
            poolgrad_direction_name(p->direction), verify->kind);
    if (verify->name) fprintf(file, "  \"case\": \"%s\",\n", verify->name);
    fprintf(file,
            "  \"format\": \"%s\", \"computed_in\": \"%s\",\n  \"images\": %" PRId64 ", \"channels\": %" PRId64
            ", \"depth\": %" PRId64 ", \"height\": %" PRId64 ", \"width\": %" PRId64 ",\n",
            poolgrad_format_name(p->destination.format),
            poolgrad_format_name(poolgrad_computed_in(p, &verify->declaration)), p->destination.images,
            p->destination.channels, p->destination.depth > 1 ? p->destination.depth : 1, p->destination.height,
            p->destination.width);
    print_problem(verify, file);
    print_declared(verify, file);
    fprintf(file, "  \"passes\": %s, \"strict\": %s,\n", poolgrad_verify_passes(verify) ? "true" : "false",
            verify->strict ? "true" : "false");
    if (*verify->fit) fprintf(file, "  \"geometry\": \"%s\",\n", verify->fit);
    print_counts(v, file);
    print_causes(verify, file);
    fprintf(file, "  \"findings\": [");
    for (int64_t i = 0; i < findings; i++) {
        fprintf(file, "%s\n", i > 0 ? "," : "");
        print_finding(poolgrad_verification_finding(v, i), p->destination.format, file);
    }
    fprintf(file, "%s]\n}\n", findings > 0 ? "\n  " : "");
}
