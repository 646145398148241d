/* SPDX-License-Identifier: Apache-2.0 */
/* verify's page: all of it in one file, light or dark as the reader has it. */
#include "cli/verify_page.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "base/integer.h"
#include "cli/verify_facts.h"

enum { STORIES = 10 };

const char poolgrad_page_style[] =
    ":root{color-scheme:light dark;--ground:#fff;--text:#1b1f24;--soft:#5b6570;--line:#d5dae0;--card:#f5f7f9;"
    "--pixel:#ccd4dc;--bar:#0072b2;--w0:#c24e00;--w1:#0072b2;--w2:#00805c}\n"
    "@media(prefers-color-scheme:dark){:root{--ground:#14171b;--text:#e6e9ec;--soft:#9aa5b0;--line:#343b43;"
    "--card:#1d2228;--pixel:#465059;--bar:#4da3d9;--w0:#ff9655;--w1:#6cc0f2;--w2:#36cc9f}}\n"
    "body{font:15px/1.5 system-ui,sans-serif;background:var(--ground);color:var(--text);max-width:64rem;"
    "margin:2rem auto;padding:0 1rem}\n"
    "h1{font-size:1.7rem;margin:0}h2{margin:2.2rem 0 .4rem;font-size:1.2rem}h3{margin:1.2rem 0 .3rem;font-size:1rem}\n"
    "p{color:var(--soft);margin:.2rem 0 .8rem;overflow-wrap:anywhere}p b{color:var(--text)}.verdict{"
    "display:inline-block;padding:.1rem .7rem;border-radius:.4rem;color:#fff}\n"
    "table{border-collapse:collapse;width:100%}td,th{padding:.25rem .6rem;border-bottom:1px solid var(--line);"
    "text-align:left;vertical-align:top}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}code,.n{"
    "font-family:ui-monospace,monospace;font-size:.92em}.n span,.name{white-space:nowrap}\n"
    ".wide{overflow-x:auto}.facts{margin-bottom:.8rem}.facts "
    "th{font-weight:600;width:6rem}.planes{display:flex;flex-wrap:wrap;gap:0 1.5rem}\n"
    ".swatch{display:inline-block;width:.8em;height:.8em;border-radius:.2em;margin-right:.5em}\n"
    ".share{display:flex;height:1.1rem;border-radius:.3rem;overflow:hidden;margin:1rem 0}\n"
    ".row{display:flex;flex-wrap:wrap;gap:1.2rem;margin:.8rem 0}figure{margin:0;max-width:100%}figcaption{"
    "color:var(--soft);font-size:.85rem}\n"
    "img{image-rendering:pixelated;border:1px solid var(--line);box-sizing:border-box;max-width:100%;height:auto}"
    ".scale{height:.6rem;border-radius:.2rem;margin:.2rem 0;background:linear-gradient(90deg,#0d083c,#54278f 6.25%,"
    "#be3664 25%,#fa8c28 56.25%,#fcf0a0)}.ends{display:flex;justify-content:space-between}\n"
    ".bars{display:grid;grid-template-columns:max-content 1fr;gap:.1rem .6rem;font-variant-numeric:tabular-nums}"
    ".bars .n{text-align:right}.bars i{display:inline-block;height:.85rem;margin-right:.5rem;vertical-align:-.1rem;"
    "background:var(--bar);border-radius:.1rem}\n"
    ".geometry{background:var(--card);border-radius:.4rem;max-width:100%;height:auto}.in{fill:var(--pixel)}"
    ".out{fill:none;stroke:var(--pixel)}.w{fill-opacity:.08;stroke-width:2}rect.w0{stroke:var(--w0);fill:var(--w0)}"
    "rect.w1{stroke:var(--w1);fill:var(--w1)}rect.w2{stroke:var(--w2);fill:var(--w2)}circle.w0{fill:var(--w0)}"
    "circle.w1{fill:var(--w1)}circle.w2{fill:var(--w2)}\n"
    "pre{background:var(--card);padding:.8rem;border-radius:.4rem;overflow:auto;font-size:.82rem}"
    "details{margin:.3rem 0}#at{position:fixed;right:1rem;bottom:1rem;background:var(--card);border:1px solid "
    "var(--line);border-radius:.4rem;padding:.2rem .7rem;font-family:ui-monospace,monospace}#at:empty{display:none}\n"
    "@media(max-width:40rem){body{margin:1rem auto}h1{font-size:1.4rem}td,th{padding:.2rem "
    ".35rem}table{font-size:.85rem}"
    ".facts th{width:4.5rem}pre{font-size:.68rem;padding:.5rem}}\n";

static const char script[] =
    "const at=document.getElementById('at');for(const i of document.querySelectorAll('img[data-step]')){"
    "i.onmousemove=e=>{const b=i.getBoundingClientRect(),s=+i.dataset.step;"
    "const f=(p,l,n)=>Math.min(n-1,Math.max(0,Math.floor(p/l*n)))*s;"
    "at.textContent='row '+f(e.clientY-b.top,b.height,i.naturalHeight)+', column '+"
    "f(e.clientX-b.left,b.width,i.naturalWidth)};i.onmouseleave=()=>at.textContent=''}";

static void print_color(int verdict, FILE *file)
{
    const unsigned char *color = poolgrad_verdict_colors[verdict];
    fprintf(file, "#%02x%02x%02x", color[0], color[1], color[2]);
}

/* ---- Counts ------------------------------------------------------------------------------------------------------ */

static int64_t judged(const poolgrad_verification *v)
{
    int64_t total = 0;
    for (int i = 1; i < POOLGRAD_VERDICTS; i++) total += poolgrad_verification_count(v, (poolgrad_verdict)i);
    return total;
}

static void print_counts(const poolgrad_verification *v, FILE *file)
{
    const int64_t total = judged(v);
    fprintf(file, "<div class=\"share\">");
    for (int i = 1; i < POOLGRAD_VERDICTS; i++) {
        const int64_t count = poolgrad_verification_count(v, (poolgrad_verdict)i);
        if (count == 0) continue;
        fprintf(file, "<div style=\"flex:%" PRId64 " 1 4px;background:", count);
        print_color(i, file);
        fprintf(file, "\"></div>");
    }
    fprintf(file, "</div>\n<table><tr><th>verdict</th><th class=\"n\">elements</th><th class=\"n\">share</th>"
                  "<th>meaning</th></tr>\n");
    for (int i = 0; i < POOLGRAD_VERDICTS; i++) {
        const int64_t count = poolgrad_verification_count(v, (poolgrad_verdict)i);
        if (count == 0 && i != POOLGRAD_VERDICT_EQUAL && i != POOLGRAD_VERDICT_WRONG) continue;
        fprintf(file, "<tr><td class=\"name\"><span class=\"swatch\" style=\"background:");
        print_color(i, file);
        fprintf(file, "\"></span>%s</td><td class=\"n\">%" PRId64 "</td><td class=\"n\">",
                poolgrad_verdict_name((poolgrad_verdict)i), count);
        if (i > 0 && total > 0) fprintf(file, "%.3f&nbsp;%%", 100 * (double)count / (double)total);
        fprintf(file, "</td><td>%s</td></tr>\n", poolgrad_verdict_explanation((poolgrad_verdict)i));
    }
    fprintf(file, "</table>\n");
}

static void print_reasons(const poolgrad_verification *v, FILE *file)
{
    for (int i = 1; i < POOLGRAD_DECISIONS; i++) {
        const int64_t count = poolgrad_verification_decision_count(v, (poolgrad_decision)i);
        if (count == 0) continue;
        fprintf(file, "<p>Undocumented: %" PRId64 " elements: %s.</p>\n", count,
                poolgrad_decision_text((poolgrad_decision)i));
    }
    const int64_t unbounded = poolgrad_verification_count(v, POOLGRAD_VERDICT_UNBOUNDED);
    if (unbounded > 0)
        fprintf(file, "<p>Unbounded: %" PRId64 " elements: %s.</p>\n", unbounded, poolgrad_unbounded_text);
    const int64_t groups = poolgrad_verification_tie_groups(v), bounded = poolgrad_verification_bounded_tie_groups(v);
    if (groups == 0) return;
    fprintf(file,
            "<p>Ties: %" PRId64 " groups of windows were looked at, %" PRId64 " of them exactly, %" PRId64
            " by bounds.</p>\n",
            groups, groups - bounded, bounded);
}

/* ---- Causes ------------------------------------------------------------------------------------------------------ */

static void print_causes(const struct verify *verify, FILE *file)
{
    const poolgrad_verification *v = verify->verification;
    const int64_t count = poolgrad_verification_cause_count(v);
    if (poolgrad_verification_passes(v)) return;
    fprintf(file, "<h2>Likely cause</h2>\n");
    if (*verify->fit) fprintf(file, "<p>The geometry: %s.</p>\n", verify->fit);
    if (verify->no_causes)
        fprintf(file, "<p>Mistakes were not looked for.</p>\n");
    else if (count == 0 && !*verify->fit)
        fprintf(file, "<p>None of the known mistakes explains what is wrong.</p>\n");
    if (count > 0)
        fprintf(file, "<table><tr><th class=\"n\">explains</th><th>mistake</th><th>the implementation</th></tr>\n");
    for (int64_t i = 0; i < count; i++) {
        const poolgrad_cause *cause = poolgrad_verification_cause(v, i);
        fprintf(file, "<tr><td class=\"n\">%.1f&nbsp;%%</td><td>%s</td><td>%s</td></tr>\n",
                100 * (double)cause->explained / (double)cause->wrong, cause->name, cause->sentence);
    }
    if (count > 0) fprintf(file, "</table>\n");
    if (*poolgrad_verification_where(v))
        fprintf(file, "<p>All that is wrong lies in %s.</p>\n", poolgrad_verification_where(v));
}

/* ---- The worst elements ------------------------------------------------------------------------------------------ */

static void print_cell(poolgrad_format format, double value, FILE *file)
{
    char bits[NUMBER_BITS];
    poolgrad_format_bits(format, value, bits);
    fprintf(file, "<td class=\"n\"><span>%.*g</span> <span>(%s)</span></td>", poolgrad_format_digits(format),
            isnan(value) ? (double)NAN : value, bits);
}

static void print_finding(const struct verify *verify, const poolgrad_finding *f, FILE *file)
{
    const poolgrad_format format = verify->actual.image.format;
    char place[PLACE_TEXT];
    poolgrad_format_place(verify, f, place);
    fprintf(file, "<tr><td class=\"n\">%s</td><td>%s</td>", place, poolgrad_verdict_name(f->verdict));
    print_cell(format, f->actual, file);
    print_cell(format, f->expected, file);
    print_cell(format, f->low, file);
    print_cell(format, f->high, file);
    if (f->ulps == INT64_MAX)
        fprintf(file, "<td class=\"n\">-</td></tr>\n");
    else
        fprintf(file, "<td class=\"n\">%" PRId64 "</td></tr>\n", f->ulps);
}

/* < and & are all that a text of ours can have which HTML takes otherwise. */
void poolgrad_page_text(const char *text, FILE *file)
{
    for (; *text; text++) {
        if (*text == '<')
            fprintf(file, "&lt;");
        else if (*text == '&')
            fprintf(file, "&amp;");
        else
            (void)fputc(*text, file);
    }
}

/* How the reference comes to each of the worst elements, and what the output holds there and around. False where memory
 * is lacking. */
static bool print_stories(const struct verify *verify, FILE *file)
{
    const poolgrad_verification *v = verify->verification;
    const int64_t count = poolgrad_min(poolgrad_verification_finding_count(v), STORIES);
    const struct story_of of = {NULL, NULL, v};
    if (count > 0) fprintf(file, "<h2>How they come about</h2>\n");
    for (int64_t i = 0; i < count; i++) {
        const poolgrad_finding *f = poolgrad_verification_finding(v, i);
        const int64_t place[] = {f->n, f->c, f->z, f->y, f->x};
        poolgrad_error error;
        char *text = poolgrad_story(&of, place, &error);
        if (!text && *error.field) continue;
        if (!text) return false;
        char name[PLACE_TEXT];
        poolgrad_format_place(verify, f, name);
        fprintf(file, "<details%s><summary>%s</summary><pre>", i == 0 ? " open" : "", name);
        poolgrad_page_text(text, file);
        fprintf(file, "</pre></details>\n");
        free(text);
    }
    return true;
}

static void print_findings(const struct verify *verify, FILE *file)
{
    const poolgrad_verification *v = verify->verification;
    const int64_t count = poolgrad_verification_finding_count(v);
    const bool has_depth = poolgrad_verify_has_depth(verify);
    if (count == 0) return;
    fprintf(file,
            "<h2>The worst elements</h2>\n<p>By image, channel, %srow and column; numbers with their bits. Legal is "
            "what the declared arithmetic can give with the reference's choice among equal taps.</p>\n<div "
            "class=\"wide\"><table><tr>"
            "<th class=\"n\">n,c,%sy,x</th><th>verdict</th><th class=\"n\">actual</th><th class=\"n\">reference"
            "</th><th class=\"n\">legal from</th><th class=\"n\">to</th><th class=\"n\">ulps</th></tr>\n",
            has_depth ? "depth, " : "", has_depth ? "z," : "");
    for (int64_t i = 0; i < count; i++) print_finding(verify, poolgrad_verification_finding(v, i), file);
    fprintf(file, "</table></div>\n");
}

/* ---- The page ---------------------------------------------------------------------------------------------------- */

static void print_head(const struct verify *verify, FILE *file)
{
    const bool right = poolgrad_verify_passes(verify);
    const int64_t wrong = poolgrad_verification_count(verify->verification, POOLGRAD_VERDICT_WRONG);
    const char *direction = poolgrad_direction_name(verify->inputs.problem.direction);
    fprintf(file,
            "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
            "content=\"width=device-width\"><title>poolgrad: %s of %s</title>\n<style>\n%s</style></head><body>\n",
            direction, verify->kind, poolgrad_page_style);
    fprintf(file, "<h1>%c%s of %s <span class=\"verdict\" style=\"background:%s\">%s</span></h1>\n",
            direction[0] - 'a' + 'A', direction + 1, verify->kind, right ? "#00785a" : "#b23600",
            right       ? "right"
            : wrong > 0 ? "wrong"
                        : "not right, strictly");
    if (verify->name) fprintf(file, "<p>Case <code>%s</code> of a kit.</p>\n", verify->name);
}

/* What was understood, in words and drawn, so that wrong options are seen before verdicts are read. */
static void print_facts(const struct verify *verify, FILE *file)
{
    const poolgrad_image *output = &verify->inputs.problem.destination;
    char depth[40] = "";
    struct verify_facts facts;
    poolgrad_verify_facts(verify, &facts);
    if (poolgrad_verify_has_depth(verify)) snprintf(depth, sizeof depth, "%" PRId64 " &times; ", output->depth);
    fprintf(file,
            "<h2>What is judged</h2>\n<p>%s, %" PRId64 " image%s of %" PRId64 " channel%s, %s%" PRId64
            " &times; %" PRId64 " pixels (%sheight, width).</p>\n<table class=\"facts\">\n",
            poolgrad_format_name(output->format), output->images, output->images == 1 ? "" : "s", output->channels,
            output->channels == 1 ? "" : "s", depth, output->height, output->width, *depth ? "depth, " : "");
    for (int i = 0; i < facts.count; i++) {
        fprintf(file, "<tr><th>%s</th><td>", facts.fact[i].name);
        poolgrad_page_text(facts.fact[i].text, file);
        fprintf(file, "</td></tr>\n");
    }
    fprintf(file, "</table>\n");
    poolgrad_page_geometry(&verify->inputs.problem, file);
}

/* How much is wrong, and the best answer to why. */
static void print_summary(const struct verify *verify, FILE *file)
{
    const poolgrad_verification *v = verify->verification;
    const poolgrad_cause *cause = poolgrad_verification_cause(v, 0);
    fprintf(file, "<h2>Verdicts</h2>\n<p>%" PRId64 " of %" PRId64 " elements wrong; sums in %s. poolgrad %s.</p>\n",
            poolgrad_verification_count(v, POOLGRAD_VERDICT_WRONG), judged(v),
            poolgrad_format_name(poolgrad_computed_in(&verify->inputs.problem, &verify->declaration)),
            poolgrad_version());
    if (poolgrad_verification_passes(v) || (!cause && !*verify->fit)) return;
    fprintf(file, "<p>Likely cause: <b>%s</b>: ", *verify->fit ? "the geometry" : cause->name);
    poolgrad_page_text(*verify->fit ? verify->fit : cause->sentence, file);
    fprintf(file, ".</p>\n");
}

bool poolgrad_verify_print_page(const struct verify *verify, FILE *file)
{
    print_head(verify, file);
    print_facts(verify, file);
    print_summary(verify, file);
    print_counts(verify->verification, file);
    bool done = poolgrad_page_planes(verify, file);
    poolgrad_page_histogram(verify, file);
    print_causes(verify, file);
    print_reasons(verify->verification, file);
    print_findings(verify, file);
    done = print_stories(verify, file) && done;
    fprintf(file, "<div id=\"at\"></div><script>%s</script>\n</body></html>\n", script);
    return done;
}
