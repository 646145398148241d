/* SPDX-License-Identifier: Apache-2.0 */
/* suite merge from outside: the results of shards are those of one run, or are refused. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "support/scene.h"

/* Every outcome but undocumented and unbounded ones, and a cause. */
static const char backend[] = "case {name} in n11*) exit 3;; n14*) exit 77;; n31*) echo '\"<hello' >{out};; "
                              "n43*) head -c -4 {case}/expected.npy >{out}; printf '\\100\\100\\100\\100' >>{out};; "
                              "*) cp {case}/expected.npy {out};; esac";

static void run(int status, const char *const *words)
{
    process running = process_start(&scene_setting, words);
    process_result result = process_finish(&running);
    cr_expect(result.status == status && !*result.err, "%s %s: %s%s", words[0], words[1], result.out, result.err);
    scene_write_bytes("said", result.out, result.out_size);
    process_release(&result);
}

static void run_shard(const char *shard, const char *json)
{
    const char *const words[] = {"suite", "run", "kit", "--command", backend, "--shard", shard, "--json", json, NULL};
    run(1, words);
}

static void enter(void)
{
    static const char *const words[] = {"suite", "generate", "kit", "--size", "smoke", "--feature", "example", NULL};
    scene_enter();
    run(0, words);
    cr_assert(mkdir(scene_path("parts"), 0755) == 0);
}

static char *read_text(const char *name)
{
    size_t size;
    char *text = (char *)scene_read_bytes(name, &size);
    cr_assert(text, "%s", name);
    return text;
}

static void expect_same(const char *a, const char *b)
{
    char *of_a = read_text(a), *of_b = read_text(b);
    cr_expect_str_eq(of_a, of_b, "%s and %s", a, b);
    free(of_a);
    free(of_b);
}

/* Text, JSON and JUnit are those of a run of all cases, in their order, and can be merged again. */
Test(command_suite_merge, shards_make_the_whole, .init = enter, .fini = scene_leave)
{
    static const char *const whole[] = {"suite",      "run",     "kit",       "--command",  backend, "--json",
                                        "whole.json", "--junit", "whole.xml", "--findings", "99",    NULL};
    static const char *const merge[] = {"suite",   "merge",   "parts",      "--json", "all.json",
                                        "--junit", "all.xml", "--findings", "99",     NULL};
    run(1, whole);
    char *said = read_text("said");
    run_shard("1/3", "parts/b.json");
    run_shard("2/3", "parts/a.json");
    run_shard("3/3", "parts/c.json");
    run(1, merge);
    char *merged = read_text("said");
    cr_expect_str_eq(merged, said);
    cr_expect(strstr(said, "\nunreadable: ") && strstr(said, "\nfailed: "), "%s", said);
    free(said);
    free(merged);
    expect_same("all.json", "whole.json");
    expect_same("all.xml", "whole.xml");
    cr_assert(remove(scene_path("parts/a.json")) == 0 && remove(scene_path("parts/b.json")) == 0);
    scene_write_bytes("parts/note.txt", "no results", 10);
    char *all = read_text("all.json");
    scene_write_bytes("parts/c.json", all, strlen(all));
    free(all);
    run(1, merge);
    expect_same("all.json", "whole.json");
}

static process_result merge_parts(const char *options)
{
    char line[SCENE_LINE];
    snprintf(line, sizeof line, "suite merge parts %s", options);
    return process_run(&scene_setting, line);
}

/* What counts is said again: it changes no outcome. */
Test(command_suite_merge, what_counts, .init = enter, .fini = scene_leave)
{
    static const char *const half[] = {
        "suite",     "run",
        "kit",       "--shard",
        "1/2",       "--skip-missing",
        "--command", "case {name} in n14*) exit 77;; *) cp {case}/exact.npy {out};; esac",
        "--json",    "parts/1.json",
        NULL};
    static const char *const none[] = {"suite",     "run",     "kit",    "--shard",      "2/2", "--skip-missing",
                                       "--command", "exit 77", "--json", "parts/2.json", NULL};
    run(0, half);
    run(1, none);
    process_result result = merge_parts("");
    cr_expect_eq(result.status, 1, "%s", result.out);
    process_release(&result);
    result = merge_parts("--skip-missing");
    cr_expect(result.status == 0 && strstr(result.out, "\nright\n"), "%s", result.out);
    process_release(&result);
}

Test(command_suite_merge, refusals, .init = enter, .fini = scene_leave)
{
    static const struct {
        const char *line, *sentence;
    } lines[] = {{"suite merge", "no folder stands behind merge; expected merge DIR"},
                 {"suite merge none", "none: is no folder; expected one with results, as --json writes them"},
                 {"suite merge parts", "parts: has no .json file; expected results, as --json writes them"},
                 {"suite merge kit", "kit/manifest.json: has no kit, shard and cases; expected results"},
                 {"suite merge kit --kind max", "--kind is given to suite merge, which has no use for it"},
                 {"suite merge kit --shard 1/2", "--shard is given to suite merge, which has no use for it"},
                 {"suite merge kit --reports pages", "--reports is given to suite merge, which has no use for it"},
                 {"suite merge kit --threads 2", "--threads is given to suite merge, which has no use for it"}};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        cr_expect(scene_refuses(lines[i].line, lines[i].sentence), "%s", lines[i].line);
}

/* The text with the first `from` replaced, as parts/2.json. */
static void write_changed(const char *text, const char *from, const char *to)
{
    const char *place = strstr(text, from);
    cr_assert(place, "%s", from);
    const int before = (int)(place - text);
    const size_t size = strlen(text) + strlen(to) + 1;
    char *changed = malloc(size);
    const int used = snprintf(changed, size, "%.*s%s%s", before, text, to, place + strlen(from));
    scene_write_bytes("parts/2.json", changed, (size_t)used);
    free(changed);
}

Test(command_suite_merge, results_that_do_not_belong_together, .init = enter, .fini = scene_leave)
{
    static const struct {
        const char *from, *to, *sentence;
    } rows[] = {
        {"\"part\": 2", "\"part\": 1", "the results of shard 1/2 are there 2 times; expected each shard once"},
        {"\"parts\": 2", "\"parts\": 3", "1.json and 2.json are not of one number of shards; expected "},
        {"\"seed\": 1", "\"seed\": 2", "1.json and 2.json are not of one kit; expected "},
        {"\"size\": \"smoke\"", "\"size\": \"standard\"", "1.json and 2.json are not of one kit; expected "},
        {"\"declared\": {}", "\"declared\": {\"chain\": \"7\"}", "1.json and 2.json are not of one declaration"},
        {"\"part\": 2", "\"part\": 3", "parts/2.json: has no kit, shard and cases; expected results"},
        {"\"outcome\": \"", "\"outcome\": \"un", "parts/2.json: case 0 is not whole; expected results"},
        {"\"features\": [\"", "\"features\": [\"un", "parts/2.json: case 0 is not whole; expected results"},
        {"\"layout\": \"", "\"layout\": \"un", "parts/2.json: case 0 is not whole; expected results"},
        {"\"wrong\": 0}", "\"wrong\": \"0\"}", "parts/2.json: case "},
        {"{", "", "parts/2.json: line 2, column "}};
    run_shard("1/2", "parts/1.json");
    run_shard("2/2", "parts/2.json");
    char *second = read_text("parts/2.json"), *first = read_text("parts/1.json");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        write_changed(second, rows[i].from, rows[i].to);
        cr_expect(scene_refuses("suite merge parts", rows[i].sentence), "%s", rows[i].to);
    }
    /* Two kits of one seed, each judged as a whole. */
    write_changed(first, "\"parts\": 2", "\"parts\": 1");
    char *whole = read_text("parts/2.json");
    scene_write_bytes("parts/1.json", whole, strlen(whole));
    cr_expect(scene_refuses("suite merge parts", "\" is in 1.json and in 2.json; expected it in one of them"));
    free(whole);
    cr_assert(remove(scene_path("parts/1.json")) == 0);
    write_changed(second, "\"parts\": 2", "\"parts\": 2");
    cr_expect(
        scene_refuses("suite merge parts", "the results of shard 1/2 are there 0 times; expected each shard once"));
    free(first);
    free(second);
}

/* What the results rest on stands in them, so that shards of other declarations are told apart. */
Test(command_suite_merge, declared_steps_are_noted, .init = scene_enter, .fini = scene_leave)
{
    process_result result = process_run(&scene_setting, "suite generate kit --size smoke --feature example --kind max");
    cr_assert_eq(result.status, 0, "%s", result.err);
    process_release(&result);
    result = process_run(&scene_setting, "suite verify kit --actual kit --stored-in float16 --averages by-axis "
                                         "--composed sum --norms stored --json found.json");
    process_release(&result);
    char *found = read_text("found.json");
    static const char *const noted[] = {"\"stored-in\": \"float16\"", "\"averages\": \"by-axis\"",
                                        "\"composed\": \"sum\"", "\"norms\": \"stored\""};
    for (int i = 0; i < 4; i++) cr_expect(strstr(found, noted[i]), "%s: %s", noted[i], found);
    free(found);
}
