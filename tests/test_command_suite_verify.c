/* SPDX-License-Identifier: Apache-2.0 */
/* suite verify and suite run from outside: backends that are right, wrong, slow, and that crash. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "support/json_text.h"
#include "support/process.h"
#include "support/scene.h"

/* Cases take most of the time: few of them, but of each sort that the tests go by. */
static void generate(const char *options)
{
    char line[SCENE_LINE];
    scene_enter();
    snprintf(line, sizeof line, "suite generate kit --size smoke --without large %s", options);
    process_result result = process_run(&scene_setting, line);
    cr_assert_eq(result.status, 0, "%s", result.err);
    process_release(&result);
}

static void enter(void)
{
    generate("--feature example,border-maxima,global");
}

static void enter_with_indices(void)
{
    generate("--feature indices --direction forward --shard 1/2");
}

enum { MOST_WORDS = 16 };

/* suite run of this backend, with further words up to a null. */
static process_result run_backend(int status, const char *backend, const char *const *more)
{
    const char *word[MOST_WORDS] = {"suite", "run", "kit", "--command", backend};
    for (int i = 0; more && more[i]; i++) word[5 + i] = more[i];
    process running = process_start(&scene_setting, word);
    process_result result = process_finish(&running);
    cr_expect_eq(result.status, status, "%s: %s%s", backend, result.out, result.err);
    cr_expect(process_speaks_plainly(&result), "%s", result.err);
    return result;
}

static char *read_text(const char *name)
{
    size_t size;
    char *text = (char *)scene_read_bytes(name, &size);
    cr_assert(text, "%s", name);
    return text;
}

/* How many cases of the JSON file have the outcome. */
static int count_outcome(const char *name, const char *outcome)
{
    char *text = read_text(name);
    cr_assert(json_is_valid(text));
    const double count = json_number(json_member(json_member(text, "outcomes"), outcome));
    char member[64];
    int found = 0;
    snprintf(member, sizeof member, "\"outcome\": \"%s\"", outcome);
    for (const char *at = text; (at = strstr(at, member)); at++) found++;
    cr_expect_eq(count, found);
    free(text);
    return found;
}

static const char *const to_json[] = {"--json", "found.json", NULL};

/* The reference's results are right as well: outputs_in_a_folder. */
Test(command_suite_verify, right_backends, .init = enter, .fini = scene_leave)
{
    process_result result = run_backend(0, "cp {kit}/cases/{name}/exact.npy {out}", to_json);
    cr_expect(strstr(result.out, "\nright\n"), "%s", result.out);
    cr_expect(count_outcome("found.json", "right") > 40);
    cr_expect_eq(count_outcome("found.json", "wrong"), 0);
    process_release(&result);
    char *left = scene_list();
    cr_expect_null(strstr(left, "outputs"), "%s", left);
    free(left);
}

Test(command_suite_verify, failing_backends, .init = enter, .fini = scene_leave)
{
    static const char *const more[] = {"--json", "found.json", "--junit", "found.xml", "--timeout",
                                       "1",      "--findings", "1000",    NULL};
    process_result result =
        run_backend(1,
                    "case {name} in n11*) kill -9 $$;; n14*) echo no such module >&2; exit 3;; n15*) sleep 30;; "
                    "n31*) :;; n55*) exit 139;; n33*) exit 77;; n51*) seq 100000; exit 4;; "
                    "n43*) echo hello >{out};; *) cp {case}/expected.npy {out};; esac",
                    more);
    cr_expect(
        strstr(result.out,
               "failed: n11-kernel-2x2-outside-gradient-average-zero: the backend was killed by signal 9 (SIGKILL)\n"));
    cr_expect(strstr(result.out, ": the backend ended with status 139: killed by signal 11 (SIGSEGV)\n"));
    cr_expect(strstr(result.out, ": the backend ended with status 3: no such module\n"));
    cr_expect(strstr(result.out, ": the backend ended with status 4: ...") && strstr(result.out, " 99999 100000\n"));
    cr_expect_null(strstr(result.out, " 99900 "), "more than the end of what a backend says");
    cr_expect(strstr(result.out, ": the backend took more than 1 seconds\n"));
    cr_expect(strstr(result.out, ": the backend ended with status 0, but there is no output\n"));
    cr_expect(strstr(result.out, ": the output: magic is hello"), "%s", result.out);
    cr_expect(strstr(result.out, "\nnot right\n"));
    cr_expect_str_eq(result.err, "");
    cr_expect(count_outcome("found.json", "failed") > 2 && count_outcome("found.json", "missing") > 0);
    cr_expect(count_outcome("found.json", "unreadable") > 0 && count_outcome("found.json", "right") > 20);
    char *xml = read_text("found.xml");
    cr_expect(strncmp(xml, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"poolgrad\" tests=\"", 70) ==
              0);
    cr_expect(strstr(xml, "<error message=\"the backend was killed by signal 9 (SIGKILL)\"/></testcase>\n"));
    cr_expect(strstr(xml, "<error message=\"the output: magic is hello"));
    cr_expect(strstr(xml, "<error message=\"the backend ended with status 0, but there is no output\"/></testcase>\n"));
    cr_expect(strstr(xml, "<failure message=\"the backend ended with status 77: it does not do this\"/></testcase>\n"));
    cr_expect(strstr(xml, "</testsuite>\n"));
    free(xml);
    char *json = read_text("found.json");
    cr_expect(strstr(json, "\"sentence\": \"the output: magic is hello"));
    free(json);
    process_release(&result);
}

/* How often the word stands in the text. */
static int count_words(const char *text, const char *word)
{
    int found = 0;
    for (const char *at = text; (at = strstr(at, word)); at++) found++;
    return found;
}

/* JUnit's counts are those of its elements: a case without an output fails as the command does, unless it does not
 * count. */
static void check_junit(const char *name, int failures, int skipped)
{
    char counts[128];
    char *xml = read_text(name);
    snprintf(counts, sizeof counts, " failures=\"%d\" errors=\"0\" skipped=\"%d\">", failures, skipped);
    cr_expect(strstr(xml, counts), "%s in %.200s", counts, xml);
    cr_expect_eq(count_words(xml, "<failure "), failures);
    cr_expect_eq(count_words(xml, "<skipped "), skipped);
    free(xml);
}

Test(command_suite_verify, missing_outputs_fail_unless_they_are_skipped, .init = enter, .fini = scene_leave)
{
    static const char *const counted[] = {"--junit", "found.xml", "--json", "found.json", NULL};
    static const char *const skipped[] = {"--junit", "found.xml", "--json", "found.json", "--skip-missing", NULL};
    const char *backend = "case {name} in n33*) exit 77;; *) cp {case}/expected.npy {out};; esac";
    process_result result = run_backend(1, backend, counted);
    const int missing = count_outcome("found.json", "missing");
    cr_expect(missing > 0);
    check_junit("found.xml", missing, 0);
    process_release(&result);
    result = run_backend(0, backend, skipped);
    check_junit("found.xml", 0, missing);
    process_release(&result);
    result = run_backend(1, "case {name} in n33*) ;; *) cp {case}/expected.npy {out};; esac", skipped);
    cr_expect_eq(count_outcome("found.json", "failed"), missing);
    process_release(&result);
}

/* Where there is nothing to judge, nothing is right. */
Test(command_suite_verify, no_output_at_all, .init = enter, .fini = scene_leave)
{
    static const char *const skipped[] = {"--junit", "found.xml", "--json", "found.json", "--skip-missing", NULL};
    process_result result = run_backend(1, "exit 77", skipped);
    cr_expect(strstr(result.out, "\nnot right: no case is judged, as all are missing\n"), "%s", result.out);
    const int missing = count_outcome("found.json", "missing");
    char *json = read_text("found.json");
    cr_expect(missing > 40 && strstr(json, "\"passes\": false,"));
    free(json);
    check_junit("found.xml", missing, 0);
    process_release(&result);
}

/* What a backend says is any bytes: the results are plain text all the same. */
Test(command_suite_verify, what_a_backend_says_is_plain, .init = enter, .fini = scene_leave)
{
    static const char *const more[] = {"--junit", "found.xml", "--json", "found.json", NULL};
    process_result result = run_backend(1, "printf '<\\342\\202\\254 \\377\\300\\200\\033[1m\\n\\ta\\342\\202'; exit 1",
                                        more);
    static const char *const said = "the backend ended with status 1: <\342\202\254 ??? [1m a??\n";
    cr_expect(strstr(result.out, said), "%s", result.out);
    char *xml = read_text("found.xml");
    cr_expect(strstr(xml, "status 1: &lt;\342\202\254 ??? [1m a??\"/>"), "%.400s", xml);
    free(xml);
    cr_expect(count_outcome("found.json", "failed") > 40);
    process_release(&result);
}

/* ---- Lists of cases ---------------------------------------------------------------------------------------------- */

static void expect_file(const char *name, const char *expected)
{
    char *text = read_text(name);
    cr_expect_str_eq(text, expected, "%s", name);
    free(text);
}

/* Each of two processes has half of the cases; and one has all, though more are allowed than there are cases. */
Test(command_suite_verify, lists_of_cases, .init = enter, .fini = scene_leave)
{
    static const char *const two[] = {"--jobs", "2", "--output", "kept", "--json", "found.json", NULL};
    static const char *const one[] = {"--jobs", "9",        "--feature", "example", "--shard",
                                      "1/42",   "--output", "again",     NULL};
    char counts[64];
    process_result result = run_backend(
        0, "while IFS='\t' read -r c o; do cp $c/exact.npy $o; done <{list}; wc -l <{list} | tr -d ' ' >>counts", two);
    const int cases = count_outcome("found.json", "right");
    cr_expect(cases > 40);
    char *text = read_text("counts");
    snprintf(counts, sizeof counts, "%d\n%d\n", cases / 2, cases / 2);
    cr_expect(cases % 2 == 0 && strcmp(text, counts) == 0, "%d cases: %s", cases, text);
    free(text);
    process_release(&result);
    result = process_run(&scene_setting, "suite verify kit --actual kept");
    cr_expect_eq(result.status, 0, "%s", result.out);
    process_release(&result);
    result = run_backend(1, "cat {list} >lines", one);
    expect_file("lines", "kit/cases/n11-kernel-2x2-outside-forward-average-zero\t"
                         "again/n11-kernel-2x2-outside-forward-average-zero.npy\n");
    process_release(&result);
    char *left = scene_list();
    cr_expect_str_eq(left, "again counts found.json kept kit lines ");
    free(left);
}

/* What is written before a process breaks down is judged; the rest has failed, for a reason. */
Test(command_suite_verify, lists_that_are_not_finished, .init = enter, .fini = scene_leave)
{
    static const char *const more[] = {"--jobs", "1", "--json", "found.json", "--timeout", "1", NULL};
    static const char *const skipped[] = {"--jobs", "1", "--json", "found.json", "--skip-missing", NULL};
#define FIVE "head -5 {list} | while IFS='\t' read -r c o; do cp $c/expected.npy $o; done; "
    process_result result = run_backend(1, FIVE "echo no memory; kill -9 $$", more);
    cr_expect(strstr(result.out, ": the backend was killed by signal 9 (SIGKILL), but there is no output: no memory\n"),
              "%s", result.out);
    cr_expect_eq(count_outcome("found.json", "right"), 5);
    const int failed = count_outcome("found.json", "failed");
    cr_expect_gt(failed, 40);
    process_release(&result);
    result = run_backend(1, FIVE "true", more);
    cr_expect(strstr(result.out, ": the backend ended with status 0, but there is no output\n"), "%s", result.out);
    process_release(&result);
    result = run_backend(0, FIVE "exit 77", skipped);
    cr_expect_eq(count_outcome("found.json", "right"), 5);
    cr_expect_eq(count_outcome("found.json", "missing"), failed);
    process_release(&result);
}

/* A run that was stopped goes on with what is missing and what is cut short, and with nothing else. */
Test(command_suite_verify, resumed_runs, .init = enter, .fini = scene_leave)
{
#define COPY "echo {name} >>names; cp {case}/expected.npy {out}"
    static const char *const kept[] = {"--output", "kept", "--resume", "--jobs", "1", NULL};
    static const char cut[] = "kept/n11-kernel-2x2-outside-forward-average-zero.npy";
    size_t size;
    process_result result = run_backend(0, "cp {case}/expected.npy {out}", kept);
    cr_expect(strstr(result.out, "\noutputs of 0 cases were there before, "), "%s", result.out);
    process_release(&result);
    unsigned char *bytes = scene_read_bytes(cut, &size);
    cr_assert(bytes && size > 4);
    scene_write_bytes(cut, bytes, size - 4);
    free(bytes);
    cr_assert(remove(scene_path("kept/n14-average-kernel-3-gradient-average-clamp.npy")) == 0);
    result = run_backend(0, COPY, kept);
    expect_file("names", "n11-kernel-2x2-outside-forward-average-zero\nn14-average-kernel-3-gradient-average-clamp\n");
    process_release(&result);
    result = run_backend(0, "echo {list} >>names; exit 3", kept);
    cr_expect(strstr(result.out, " cases were there before, and are judged as they are\n"), "%s", result.out);
    expect_file("names", "n11-kernel-2x2-outside-forward-average-zero\nn14-average-kernel-3-gradient-average-clamp\n");
    process_release(&result);
}

/* Indices belong to a case's output where the backend writes them. */
Test(command_suite_verify, resumed_runs_with_indices, .init = enter_with_indices, .fini = scene_leave)
{
    static const char *const kept[] = {"--output", "kept", "--resume", "--shard", "1/4", NULL};
    static const char backend[] = "echo {name} >>names; cp {case}/expected.npy {out}; "
                                  "[ ! -f {case}/expected_indices.npy ] || cp {case}/expected_indices.npy {indices}";
    process_result result = run_backend(0, backend, kept);
    process_release(&result);
    char *list = read_text("names");
    char first[SCENE_PATH];
    snprintf(first, sizeof first, "kept/%.*s.indices.npy", (int)strcspn(list, "\n"), list);
    cr_assert(remove(scene_path(first)) == 0 && remove(scene_path("names")) == 0);
    result = run_backend(0, backend, kept);
    char *again = read_text("names");
    cr_expect(strncmp(again, list, strlen(again)) == 0 && count_words(again, "\n") == 1, "%s", again);
    free(list);
    free(again);
    process_release(&result);
}

/* The backend does not outlive the command. */
Test(command_suite_verify, interrupted_runs_end_the_backend, .init = enter, .fini = scene_leave)
{
    static const char *const words[] = {"suite",  "run", "kit",      "--command", "touch begun; sleep 1; touch late",
                                        "--jobs", "1",   "--output", "kept",      NULL};
    const struct timespec moment = {0, 10000000}, later = {1, 200000000};
    process running = process_start(&scene_setting, words);
    for (int i = 0; i < 3000 && access(scene_path("begun"), F_OK) != 0; i++) nanosleep(&moment, NULL);
    kill(running.id, SIGTERM);
    process_result result = process_finish(&running);
    cr_expect_eq(result.signal, SIGTERM);
    process_release(&result);
    nanosleep(&later, NULL);
    cr_expect(access(scene_path("begun"), F_OK) == 0 && access(scene_path("late"), F_OK) != 0);
}

/* A backend that writes indices has them judged. */
Test(command_suite_verify, backends_write_indices, .init = enter_with_indices, .fini = scene_leave)
{
    process_result result = run_backend(0,
                                        "cp {case}/expected.npy {out}; if [ -f {case}/expected_indices.npy ]; then cp "
                                        "{case}/expected_indices.npy {indices}; fi",
                                        to_json);
    cr_expect(!strstr(result.out, "are not judged"), "%s", result.out);
    char *text = read_text("found.json");
    cr_expect(count_words(text, "\"indices\": \"right\"") > 10);
    free(text);
    process_release(&result);
}

/* A backend that forgets the last element, or answers another question. */
Test(command_suite_verify, wrong_backends, .init = enter, .fini = scene_leave)
{
    process_result result = run_backend(
        1,
        "cp {case}/expected.npy {out}; case {name} in n43* | volume-border*) head -c -8 {case}/expected.npy >{out}; "
        "printf '\\100\\100\\100\\100\\100\\100\\100\\100' >>{out};; esac",
        to_json);
    cr_expect(strstr(result.out, "\nwrong: n43"), "%s", result.out);
    cr_expect(strstr(result.out, " elements are wrong; the worst, ("), "%s", result.out);
    cr_expect(strstr(result.out, "\nwrong: volume-border-maxima-forward-max"), "%s", result.out);
    cr_expect(strstr(result.out, " elements are wrong; the worst, (0, 0, 4, 3, "), "%s", result.out);
    cr_expect(count_outcome("found.json", "wrong") > 1);
    process_release(&result);
}

Test(command_suite_verify, outputs_in_a_folder, .init = enter_with_indices, .fini = scene_leave)
{
    static const char *const kept[] = {"--output", "kept", NULL};
    process_result result = run_backend(0, "cp {case}/expected.npy {out}", kept);
    cr_expect(strstr(result.out, " cases are not judged: there is no NAME.indices.npy\n"), "%s", result.out);
    process_release(&result);
    result = process_run(&scene_setting, "suite verify kit --actual kept");
    cr_expect_eq(result.status, 0, "%s", result.out);
    process_release(&result);
    cr_assert_eq(remove(scene_path("kept/indices-tap32-forward-max.npy")), 0);
    result = process_run(&scene_setting, "suite verify kit --actual kept --json found.json");
    cr_expect_eq(result.status, 1);
    cr_expect_eq(count_outcome("found.json", "missing"), 1);
    process_release(&result);
    result = process_run(&scene_setting, "suite verify kit --actual kept --skip-missing");
    cr_expect_eq(result.status, 0);
    process_release(&result);
    /* The kit's own rule of ties, where the reference's choice is the right one. */
    result = process_run(&scene_setting, "suite verify kit --actual kept --skip-missing --keep-tie-rule");
    cr_expect_eq(result.status, 0);
    process_release(&result);
}

/* A backend that gives to the 7 of {NaN, 5, NaN, 7}, and not to the last NaN: undocumented, unless that is strict, or
 * the kit's rule is to be kept. */
Test(command_suite_verify, what_is_left_open, .init = enter, .fini = scene_leave)
{
    static const char backend[] =
        "e={case}/expected.npy; case {name} in n33-nan-gradient*) "
        "{ head -c -8 $e; head -c 4 /dev/zero; tail -c 8 $e | head -c 4; } >{out};; *) cp $e {out};; esac";
    static const char *const strict[] = {"--strict", "--json", "found.json", "--junit", "found.xml", NULL};
    static const char *const keeps[] = {"--keep-nan-rule", "--json", "found.json", NULL};
    process_result result = run_backend(0, backend, to_json);
    cr_expect(strstr(result.out, "\nright\n"), "%s", result.out);
    const int open = count_outcome("found.json", "undocumented");
    cr_expect_gt(open, 0);
    process_release(&result);
    result = run_backend(1, backend, strict);
    cr_expect(strstr(result.out, "\nundocumented: ") && strstr(result.out, "\nnot right\n"), "%s", result.out);
    cr_expect_eq(count_outcome("found.json", "undocumented"), open);
    char *xml = read_text("found.xml");
    char failures[32];
    snprintf(failures, sizeof failures, " failures=\"%d\" ", open);
    cr_expect(strstr(xml, failures) && strstr(xml, "<failure message=\""), "%s", xml);
    free(xml);
    process_release(&result);
    result = run_backend(1, backend, keeps);
    cr_expect_eq(count_outcome("found.json", "wrong"), open);
    process_release(&result);
}

static const struct refusal {
    const char *line, *sentence;
} refusals[] = {
    {"suite verify", "no folder stands behind verify; expected verify DIR"},
    {"suite verify kit", "--actual is missing; expected --actual DIR"},
    {"suite verify kit --actual none", "--actual none: is no folder; expected the one with the outputs"},
    {"suite verify none --actual kit", "none"},
    {"suite verify kit --actual kit --command cp", "--command is given to suite verify, which has no use for it"},
    {"suite verify kit --actual kit --seed 3", "--seed is given to suite verify, which has no use for it"},
    {"suite generate new --actual kit", "--actual is given to suite generate, which has no use for it"},
    {"suite run kit", "--command is missing; expected --command LINE"},
    {"suite run kit --command=", "--command is ''; expected --command LINE"},
    {"suite run kit --command backend/{foo}/{out}",
     "--command has {foo}; expected {case}, {name}, {kit}, {out}, {indices} or {list}, or blanks within the braces"},
    {"suite verify kit --actual=", "--actual is ''; expected --actual DIR"},
    {"suite run kit --command true --actual kit", "--actual is given to suite run, which has no use for it"},
    {"suite run kit --command true --timeout 0", "--timeout is 0; expected 1 to 86400 seconds"},
    {"suite run kit --command true --jobs 0", "--jobs is 0; expected 1 to 256 processes at once"},
    {"suite run kit --command true --jobs 257", "--jobs is 257; expected 1 to 256 processes at once"},
    {"suite run kit --command true --resume", "--resume is given without --output; expected the folder that keeps"},
    {"suite run kit --command {list}{out}", "--command has {list} and {out}; expected {list}, which has all cases, or"},
    {"suite run kit --command {indices}{list}", "--command has {list} and {indices}; expected {list}"},
    {"suite run kit --command {list} --output a\tb",
     "has a tab or an end of line in its name; expected folders without"},
    {"suite verify kit --actual kit --jobs 2", "--jobs is given to suite verify, which has no use for it"},
    {"suite verify kit --actual kit --resume", "--resume is given to suite verify, which has no use for it"},
    {"suite run kit --command true --output kit", "--output kit: is not empty; expected a folder that is new or empty"},
    {"suite run kit --command true --junit none/j.xml", "--junit none/j.xml: cannot be written"},
    {"suite run kit --command true --computed-in int8", "--computed-in is 'int8'; expected float16"},
};

Test(command_suite_verify, refusals, .init = enter, .fini = scene_leave)
{
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        cr_expect(scene_refuses(refusals[i].line, refusals[i].sentence), "expected: %s", refusals[i].sentence);
    }
}
