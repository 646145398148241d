/* SPDX-License-Identifier: Apache-2.0 */
/* What verify prints. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/verify_facts.h"

enum { CAUSES = 5 }; /* that are told of */

static const char *const explanations[POOLGRAD_VERDICTS] = {"not written",
                                                            "the reference's bits",
                                                            "the formula's value, rounded once",
                                                            "within what the declared arithmetic can give",
                                                            "another choice among equal taps",
                                                            "legal, but so would nearly anything be",
                                                            "rests on what is not documented",
                                                            "no legal computation gives it"};

const char *poolgrad_verdict_explanation(poolgrad_verdict verdict)
{
    return explanations[verdict];
}

const char *const poolgrad_unbounded_text =
    "the declared sums can come out as nearly anything there; --chain and a wider --computed-in say more";

static void print_counts(const poolgrad_verification *v)
{
    int64_t total = 0;
    for (int i = 1; i < POOLGRAD_VERDICTS; i++) total += poolgrad_verification_count(v, (poolgrad_verdict)i);
    for (int i = 0; i < POOLGRAD_VERDICTS; i++) {
        const int64_t count = poolgrad_verification_count(v, (poolgrad_verdict)i);
        if (count == 0 && i != POOLGRAD_VERDICT_WRONG && i != POOLGRAD_VERDICT_EQUAL) continue;
        if (i == POOLGRAD_VERDICT_NONE) {
            printf("  %-18s %12" PRId64 "            not judged: %s\n", "-", count, explanations[i]);
            continue;
        }
        printf("  %-18s %12" PRId64 "  %7.3f %%  %s\n", poolgrad_verdict_name((poolgrad_verdict)i), count,
               total > 0 ? 100 * (double)count / (double)total : 0, explanations[i]);
    }
}

static void print_reasons(const poolgrad_verification *v)
{
    for (int i = 1; i < POOLGRAD_DECISIONS; i++) {
        const int64_t count = poolgrad_verification_decision_count(v, (poolgrad_decision)i);
        if (count > 0) printf("  undocumented: %" PRId64 ": %s\n", count, poolgrad_decision_text((poolgrad_decision)i));
    }
    const int64_t unbounded = poolgrad_verification_count(v, POOLGRAD_VERDICT_UNBOUNDED);
    if (unbounded > 0) printf("  unbounded: %" PRId64 ": %s\n", unbounded, poolgrad_unbounded_text);
    const int64_t groups = poolgrad_verification_tie_groups(v), bounded = poolgrad_verification_bounded_tie_groups(v);
    if (groups == 0) return;
    printf("  ties: %" PRId64 " groups of windows looked at, %" PRId64 " of them exactly", groups, groups - bounded);
    if (bounded > 0) printf("; %" PRId64 " too large, judged by bounds", bounded);
    printf("\n");
}

uint64_t poolgrad_number_bits(poolgrad_format format, double value)
{
    unsigned char bytes[8] = {0};
    uint64_t bits = 0;
    const size_t width = poolgrad_format_size(format);
    const uint16_t one = 1;
    const poolgrad_image image = poolgrad_image_dense(bytes, format, POOLGRAD_NCHW, 1, 1, 1, 1);
    (void)poolgrad_image_set(&image, 0, 0, 0, 0, 0, value);
    for (size_t i = 0; i < width; i++) {
        const size_t place = *(const unsigned char *)&one == 1 ? width - 1 - i : i;
        bits = bits << 8 | bytes[place];
    }
    return bits;
}

void poolgrad_format_bits(poolgrad_format format, double value, char text[NUMBER_BITS])
{
    snprintf(text, NUMBER_BITS, "%0*" PRIx64, (int)(2 * poolgrad_format_size(format)),
             poolgrad_number_bits(format, value));
}

int poolgrad_format_digits(poolgrad_format format)
{
    return format == POOLGRAD_FLOAT64 ? 17 : format == POOLGRAD_FLOAT32 ? 9 : 6;
}

void poolgrad_format_number(poolgrad_format format, double value, char text[NUMBER_TEXT])
{
    char bits[NUMBER_BITS];
    poolgrad_format_bits(format, value, bits);
    snprintf(text, NUMBER_TEXT, "%.*g (%s)", poolgrad_format_digits(format), isnan(value) ? NAN : value, bits);
}

static void print_number(poolgrad_format format, double value)
{
    char text[NUMBER_TEXT];
    poolgrad_format_number(format, value, text);
    printf("%s", text);
}

bool poolgrad_verify_has_depth(const struct verify *verify)
{
    const poolgrad_problem *p = &verify->inputs.problem;
    return p->source.depth > 1 || p->source_gradient.depth > 1 || p->destination.depth > 1;
}

void poolgrad_format_place(const struct verify *verify, const poolgrad_finding *f, char text[PLACE_TEXT])
{
    int length = snprintf(text, PLACE_TEXT, "%" PRId64 ",%" PRId64 ",", f->n, f->c);
    if (poolgrad_verify_has_depth(verify)) {
        length += snprintf(text + length, PLACE_TEXT - (size_t)length, "%" PRId64 ",", f->z);
    }
    snprintf(text + length, PLACE_TEXT - (size_t)length, "%" PRId64 ",%" PRId64, f->y, f->x);
}

static void print_finding(const struct verify *verify, const poolgrad_finding *f)
{
    const poolgrad_format format = verify->inputs.problem.destination.format;
    char place[PLACE_TEXT];
    poolgrad_format_place(verify, f, place);
    printf("  %s  %s: is ", place, poolgrad_verdict_name(f->verdict));
    print_number(format, f->actual);
    printf(", the reference ");
    print_number(format, f->expected);
    if (f->ulps != INT64_MAX) printf(", %" PRId64 " ulp%s", f->ulps, f->ulps == 1 ? "" : "s");
    printf("; legal: ");
    if (isnan(f->low)) {
        printf("NaN");
    } else if (f->low == f->high) {
        print_number(format, f->low);
    } else {
        print_number(format, f->low);
        printf(" to ");
        print_number(format, f->high);
    }
    printf("\n");
}

/* What explains what is wrong, best first. */
static void print_causes(const struct verify *verify)
{
    const poolgrad_verification *v = verify->verification;
    const int64_t count = poolgrad_verification_cause_count(v);
    if (poolgrad_verification_passes(v)) return;
    const bool known = count > 0 || *verify->fit;
    const char *unknown = verify->no_causes ? "not looked for" : "none of the known mistakes explains what is wrong";
    printf("likely cause:%s%s\n", known ? "" : " ", known ? "" : unknown);
    if (*verify->fit) printf("  the geometry: %s\n", verify->fit);
    for (int64_t i = 0; i < count && i < CAUSES; i++) {
        const poolgrad_cause *cause = poolgrad_verification_cause(v, i);
        printf("  %s: %s: %" PRId64 " of %" PRId64 " wrong elements, %.1f %%\n", cause->name, cause->sentence,
               cause->explained, cause->wrong, 100 * (double)cause->explained / (double)cause->wrong);
    }
    if (*poolgrad_verification_where(v)) printf("all that is wrong lies in %s\n", poolgrad_verification_where(v));
}

static void print_facts(const struct verify *verify)
{
    struct verify_facts facts;
    poolgrad_verify_facts(verify, &facts);
    for (int i = 0; i < facts.count; i++) printf("  %-8s  %s\n", facts.fact[i].name, facts.fact[i].text);
}

void poolgrad_verify_print(const struct verify *verify)
{
    const poolgrad_verification *v = verify->verification;
    const poolgrad_problem *p = &verify->inputs.problem;
    const int64_t findings = poolgrad_verification_finding_count(v);
    const int64_t wrong = poolgrad_verification_count(v, POOLGRAD_VERDICT_WRONG);
    const int64_t open = poolgrad_verification_count(v, POOLGRAD_VERDICT_UNDOCUMENTED) +
                         poolgrad_verification_count(v, POOLGRAD_VERDICT_UNBOUNDED);
    const poolgrad_format computed_in = poolgrad_computed_in(p, &verify->declaration);
    const bool has_depth = poolgrad_verify_has_depth(verify);
    if (verify->name) printf("case %s\n", verify->name);
    printf("%s of %s: %s %" PRId64 " x %" PRId64, poolgrad_direction_name(p->direction), verify->kind,
           poolgrad_format_name(p->destination.format), p->destination.images, p->destination.channels);
    if (has_depth) printf(" x %" PRId64, p->destination.depth);
    printf(" x %" PRId64 " x %" PRId64 ", sums in %s\n", p->destination.height, p->destination.width,
           poolgrad_format_name(computed_in));
    print_facts(verify);
    printf("verdicts:\n");
    print_counts(v);
    print_reasons(v);
    print_causes(verify);
    if (findings > 0) printf("worst, by image, channel, %srow, column:\n", has_depth ? "depth, " : "");
    for (int64_t i = 0; i < findings; i++) print_finding(verify, poolgrad_verification_finding(v, i));
    if (wrong > 0)
        printf("wrong: %" PRId64 " element%s\n", wrong, wrong == 1 ? "" : "s");
    else if (!poolgrad_verify_passes(verify))
        printf("not right, strictly: %" PRId64 " element%s undocumented or unbounded\n", open,
               open == 1 ? " is" : "s are");
    else
        printf("right\n");
}
