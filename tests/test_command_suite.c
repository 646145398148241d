/* SPDX-License-Identifier: Apache-2.0 */
/* suite generate from outside: the files of a kit, the manifest read back, what is refused. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli/suite_manifest.h"
#include "support/json_text.h"
#include "support/scene.h"

static const struct options suite_options = {.command = COMMAND_SUITE};

static void generate(const char *folder, const char *options)
{
    char line[SCENE_LINE];
    snprintf(line, sizeof line, "suite generate %s --size smoke %s", folder, options);
    process_result result = process_run(&scene_setting, line);
    cr_assert(result.status == 0 && !*result.err, "%s: %s", line, result.err);
    cr_expect(strstr(result.out, folder) && strstr(result.out, " cases\n"), "%s", result.out);
    process_release(&result);
}

static char *read_text(const char *name)
{
    size_t size;
    char *text = (char *)scene_read_bytes(name, &size);
    cr_assert(text && strlen(text) == size, "%s", name);
    return text;
}

/* ---- What is written --------------------------------------------------------------------------------------------- */

static void check_same_file(const char *a, const char *b)
{
    size_t size_a, size_b;
    unsigned char *of_a = scene_read_bytes(a, &size_a), *of_b = scene_read_bytes(b, &size_b);
    cr_expect(of_a && of_b && size_a == size_b && memcmp(of_a, of_b, size_a) == 0, "%s and %s", a, b);
    free(of_a);
    free(of_b);
}

/* The files of all cases, by the manifest of `a`. */
static void check_same_kits(const char *a, const char *b)
{
    char one[SCENE_PATH], other[SCENE_PATH];
    struct manifest manifest;
    snprintf(one, sizeof one, "%s/" MANIFEST_NAME, a);
    snprintf(other, sizeof other, "%s/" MANIFEST_NAME, b);
    check_same_file(one, other);
    cr_assert(poolgrad_manifest_read(&suite_options, scene_path(a), &manifest) == 0);
    for (int64_t i = 0; i < manifest.count; i++) {
        for (int role = 0; role < SUITE_ROLES; role++) {
            const char *file = manifest.entry[i].file[role].file;
            if (!file) continue;
            snprintf(one, sizeof one, "%s/%s", a, file);
            snprintf(other, sizeof other, "%s/%s", b, file);
            check_same_file(one, other);
        }
    }
    poolgrad_manifest_free(&manifest);
}

Test(command_suite, a_seed_decides_every_byte, .init = scene_enter, .fini = scene_leave)
{
    generate("first", "--seed 3 --shard 2/5");
    generate("again/", poolgrad_has_openmp() ? "--seed=3 --shard 2/5 --threads 3" : "--seed=3 --shard 2/5 --threads 1");
    generate("other", "--seed 4 --shard 2/5");
    check_same_kits("first", "again");
    char *first = read_text("first/" MANIFEST_NAME), *other = read_text("other/" MANIFEST_NAME);
    cr_expect(strcmp(first, other) != 0);
    free(first);
    free(other);
}

/* ---- Which cases are made ---------------------------------------------------------------------------------------- */

Test(command_suite, words_of_profiles_are_the_options)
{
    const struct choice *choice = poolgrad_options[OPTION_PROFILE].choices;
    for (int profile = 0; profile < SUITE_PROFILES; profile++) {
        cr_assert(choice[profile].name && choice[profile].value == profile);
        cr_expect_str_eq(choice[profile].name, poolgrad_suite_profile_name((enum suite_profile)profile));
    }
    cr_expect(!choice[SUITE_PROFILES].name);
}

/* The options' words are the kit's. */
Test(command_suite, words_of_features_are_the_options)
{
    static const enum option options[] = {OPTION_FEATURES, OPTION_WITHOUT};
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        const struct choice *choice = poolgrad_options[options[i]].choices;
        for (int feature = 0; feature < SUITE_FEATURES; feature++) {
            cr_assert(choice[feature].name && choice[feature].value == feature);
            cr_expect(strcmp(choice[feature].name, poolgrad_suite_feature_words[feature]) == 0);
        }
        cr_expect(!choice[SUITE_FEATURES].name);
    }
}

/* The kit's cases, all of which are wanted, and those of them that an array drew. */
struct part {
    int64_t count, drawn;
};

static struct part check_part(const char *folder, bool (*is_wanted)(const struct manifest_case *entry))
{
    struct manifest manifest;
    cr_assert(poolgrad_manifest_read(&suite_options, scene_path(folder), &manifest) == 0);
    struct part part = {.count = manifest.count};
    for (int64_t i = 0; i < manifest.count; i++) {
        const struct manifest_case *entry = &manifest.entry[i];
        cr_expect(is_wanted(entry), "%s: %s", folder, entry->name);
        part.drawn += strncmp(entry->name, "pairs-", 6) == 0 || strncmp(entry->name, "axes-", 5) == 0;
    }
    poolgrad_manifest_free(&manifest);
    return part;
}

static bool is_gradient_of_max(const struct manifest_case *entry)
{
    return entry->problem.direction == POOLGRAD_GRADIENT && entry->problem.kind == POOLGRAD_MAX &&
           entry->problem.destination.format == POOLGRAD_FLOAT16;
}

static bool is_in_nhwc_by_table(const struct manifest_case *entry)
{
    return entry->problem.destination.layout == POOLGRAD_NHWC && (entry->features & SUITE_FEATURE(TABLE)) &&
           !(entry->features & SUITE_FEATURE(VOLUME));
}

static bool is_gather_or_root_mean(const struct manifest_case *entry)
{
    const bool gathers = entry->problem.direction == POOLGRAD_FORWARD && entry->problem.indices.format != 0;
    return (gathers || entry->problem.direction == POOLGRAD_FORWARD) &&
           (entry->problem.root_mean || entry->problem.kind == POOLGRAD_MAX);
}

/* With every image in half precision, as a backend's are. */
static bool is_half_of_cudnn(const struct manifest_case *entry)
{
    const poolgrad_problem *p = &entry->problem;
    const bool gradient = p->direction == POOLGRAD_GRADIENT;
    return p->source.format == POOLGRAD_FLOAT16 && p->destination.format == POOLGRAD_FLOAT16 &&
           (!gradient || p->source_gradient.format == POOLGRAD_FLOAT16) && p->source.layout == POOLGRAD_NHWC &&
           (entry->features & (SUITE_FEATURE(DILATION) | SUITE_FEATURE(TABLE) | SUITE_FEATURE(INDICES))) == 0;
}

/* Fewer data make smaller arrays. */
#define FEW_DATA "large,infinity,subnormal,signed-zeros,overflow,cancellation,all-equal"

/* The arrays are drawn from what is asked for: behind the arrays of all cases, few would be left. */
Test(command_suite, parts_of_kits, .init = scene_enter, .fini = scene_leave)
{
    static const struct {
        const char *folder, *options;
        int drawn;
        bool (*is_wanted)(const struct manifest_case *entry);
    } parts[] = {{"a", "--direction gradient --kind max --format float16", 25, is_gradient_of_max},
                 {"b", "--layout nhwc --feature table --without volume", 20, is_in_nhwc_by_table},
                 {"c", "--direction gather,forward --kind root-mean,max", 50, is_gather_or_root_mean},
                 {"d", "--profile cudnn --format float16 --layout nhwc", 35, is_half_of_cudnn}};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        char options[SCENE_LINE];
        const bool words = strstr(parts[i].options, "--without") != NULL;
        snprintf(options, sizeof options, "%s%s" FEW_DATA, parts[i].options, words ? "," : " --without ");
        generate(parts[i].folder, options);
        const struct part part = check_part(parts[i].folder, parts[i].is_wanted);
        cr_expect(part.drawn > parts[i].drawn && part.count > part.drawn, "%s: %d of %d", parts[i].options,
                  (int)part.drawn, (int)part.count);
    }
}

static bool is_of_arrays_with_indices(const struct manifest_case *entry)
{
    return (entry->features & SUITE_FEATURE(INDICES)) != 0;
}

/* The parts of what is left make the whole of it, with the same bytes. */
Test(command_suite, shards, .init = scene_enter, .fini = scene_leave)
{
#define PART "--feature indices --direction forward --without " FEW_DATA " "
    generate("one", PART "--shard 1/2");
    generate("two", PART "--shard 2/2");
    generate("both", PART);
    const int64_t one = check_part("one", is_of_arrays_with_indices).count;
    const int64_t two = check_part("two", is_of_arrays_with_indices).count;
    struct manifest manifest;
    cr_assert(poolgrad_manifest_read(&suite_options, scene_path("both"), &manifest) == 0);
    cr_expect(one + two == manifest.count && one - two <= 1 && two <= one);
    for (int64_t i = 0; i < manifest.count; i++) {
        char name[SCENE_PATH], whole[SCENE_PATH];
        snprintf(name, sizeof name, "%s/cases/%s/expected.npy", i % 2 ? "two" : "one", manifest.entry[i].name);
        snprintf(whole, sizeof whole, "both/cases/%s/expected.npy", manifest.entry[i].name);
        check_same_file(name, whole);
    }
    poolgrad_manifest_free(&manifest);
}

/* An empty folder is as good as a new one, and 1 is the seed when none is given. Manifests have the files' checksums.
 */
Test(command_suite, folders, .init = scene_enter, .fini = scene_leave)
{
    cr_assert(mkdir(scene_path("empty"), 0755) == 0);
    generate("empty", "--shard 1/50");
    generate("new", "--seed 1 --shard 1/50");
    check_same_file("new/" MANIFEST_NAME, "empty/" MANIFEST_NAME);
    char *list = scene_list();
    cr_expect(strcmp(list, "empty new ") == 0, "%s", list);
    free(list);
}

/* Arrays of volumes have their third axis, also where it is one pixel; those of planes have none. */
static void check_ranks(void)
{
    static const struct {
        const char *beginning, *file;
        int rank;
        int64_t shape[5];
    } rows[] = {
        {"volume-depth-alone-", "source", 5, {1, 1, 4, 1, 1}}, {"volume-one-deep-", "source", 5, {1, 3, 1, 4, 5}},
        {"adaptive-volume-", "source", 5, {1, 1, 4, 5, 5}},    {"one-sided-pad-ceil-", "source", 4, {1, 1, 1, 5}},
        {"nc8hw8-forward-", "source", 5, {2, 2, 4, 7, 8}},     {"nc32hw32-forward-", "expected", 5, {2, 2, 3, 4, 32}}};
    struct manifest manifest;
    cr_assert(poolgrad_manifest_read(&suite_options, scene_path("kit"), &manifest) == 0);
    for (size_t row = 0; row < sizeof rows / sizeof *rows; row++) {
        int64_t i = 0;
        while (strncmp(manifest.entry[i].name, rows[row].beginning, strlen(rows[row].beginning)) != 0)
            cr_assert(++i < manifest.count, "no case %s", rows[row].beginning);
        char name[SCENE_PATH];
        npyfile array;
        snprintf(name, sizeof name, "kit/cases/%s/%s.npy", manifest.entry[i].name, rows[row].file);
        cr_assert(npyfile_read(&array, scene_folder, name), "%s", name);
        cr_expect(array.rank == rows[row].rank, "%s is of rank %d", name, array.rank);
        for (int d = 0; d < rows[row].rank; d++)
            cr_expect((int64_t)array.shape[d] == rows[row].shape[d], "%s: dimension %d", name, d);
        npyfile_free(&array);
    }
    poolgrad_manifest_free(&manifest);
}

/* What the lines of cases say. */
static void check_members(char *text)
{
    static const struct {
        const char *name, *text;
    } rows[] = {{"adaptive-5-to-3-", "\"windows_x\": [[0, 2], [1, 3], [3, 2]], \"windows_y\": [], \"windows_z\": []"},
                {"divisor-negative-", "\"divisor\": -2, "},
                {"one-sided-pad-ceil-", "\"zero_pad_left\": 1, \"zero_pad_top\": 0, "},
                {"root-mean-pads-", "\"root_mean\": true, "},
                {"gather-volume-", "\"volume\", \"gather\"], "},
                {"volume-depth-alone-", "\"depth\": 4, \"height\": 1, \"width\": 1"},
                {"n14-average-zero-pad-", "\"depth\": 0, \"height\": 1, \"width\": 4"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char beginning[SCENE_PATH];
        snprintf(beginning, sizeof beginning, "{\"name\": \"%s", rows[i].name);
        char *line = strstr(text, beginning), *end = line ? strchr(line, '\n') : NULL;
        cr_assert(end, "no case %s", rows[i].name);
        *end = '\0';
        cr_expect(strstr(line, rows[i].text), "%s in %s", rows[i].text, line);
        *end = '\n';
    }
}

/* What the rows above are about. */
#define FEATURES_OF_ROWS "example,volume,table,divisor,one-sided-pad,root-mean,nc8hw8,nc32hw32,gather"

/* By readers that know nothing of the code that writes. */
Test(command_suite, a_manifest_is_plain_json, .init = scene_enter, .fini = scene_leave)
{
    generate("kit", "--without " FEW_DATA " --feature " FEATURES_OF_ROWS);
    char *text = read_text("kit/" MANIFEST_NAME);
    cr_assert(json_is_valid(text));
    check_ranks();
    check_members(text);
    cr_expect(json_is(json_member(text, "format"), "poolgrad-suite") && json_is(json_member(text, "size"), "smoke"));
    cr_expect(json_number(json_member(text, "format_version")) == 2 && json_number(json_member(text, "seed")) == 1);
    const char *found = strstr(text, "{\"name\": \"n43-mapping-clip-clip-gradient-average\"");
    cr_assert(found != NULL);
    const char *problem = json_member(found, "problem"), *clip = json_member(problem, "clip");
    const char *before = json_member(json_member(found, "files"), "before");
    cr_expect(json_is(json_member(problem, "direction"), "gradient") &&
              json_is(json_member(problem, "kind"), "average"));
    cr_expect(json_number(json_member(problem, "offset_x")) == 3 && json_is(json_member(problem, "mapping"), "clip"));
    cr_expect(json_number(json_member(json_member(problem, "window"), "stride_x")) == 2);
    cr_expect(json_number(json_member(clip, "x")) == 1 && json_number(json_member(clip, "width")) == 4 &&
              json_is(json_member(clip, "height"), "all"));
    cr_expect(json_number(json_member(before, "width")) == 8 && json_is(json_member(before, "format"), "float32"));
    free(text);
    npyfile expected, gradient;
    cr_assert(npyfile_read(&expected, scene_folder, "kit/cases/n43-mapping-clip-clip-gradient-average/expected.npy"));
    cr_assert(
        npyfile_read(&gradient, scene_folder, "kit/cases/n43-mapping-clip-clip-gradient-average/source_gradient.npy"));
    static const float given[] = {3, 30, 300}, written[] = {1, 1, 11, 10};
    cr_expect(gradient.size == sizeof given && memcmp(gradient.data, given, sizeof given) == 0);
    cr_expect(expected.rank == 4 && expected.shape[3] == 8 &&
              memcmp(expected.data + sizeof *written, written, sizeof written) == 0);
    npyfile_free(&expected);
    npyfile_free(&gradient);
}

/* ---- What is read back ------------------------------------------------------------------------------------------- */

static bool same_image(const poolgrad_image *a, const poolgrad_image *b)
{
    if (a->format != b->format || a->layout != b->layout || a->images != b->images || a->channels != b->channels ||
        a->depth != b->depth || a->height != b->height || a->width != b->width || !a->data != !b->data) {
        return false;
    }
    return !a->data || memcmp(a->data, b->data, (size_t)poolgrad_suite_bytes(a)) == 0;
}

static bool same_region(const poolgrad_region *a, const poolgrad_region *b)
{
    return a->x == b->x && a->y == b->y && a->z == b->z && a->width == b->width && a->height == b->height &&
           a->depth == b->depth && a->image == b->image && a->images == b->images;
}

static bool same_table(const poolgrad_table *a, const poolgrad_table *b)
{
    if (a->count != b->count || !a->spans != !b->spans) return false;
    return !a->spans || memcmp(a->spans, b->spans, (size_t)a->count * sizeof *a->spans) == 0;
}

static bool same_windows(const poolgrad_problem *a, const poolgrad_problem *b)
{
    return memcmp(&a->window, &b->window, sizeof a->window) == 0 && same_table(&a->windows_x, &b->windows_x) &&
           same_table(&a->windows_y, &b->windows_y) && same_table(&a->windows_z, &b->windows_z) &&
           a->offset_x == b->offset_x && a->offset_y == b->offset_y && a->offset_z == b->offset_z &&
           a->kernel_offset_x == b->kernel_offset_x && a->kernel_offset_y == b->kernel_offset_y &&
           a->kernel_offset_z == b->kernel_offset_z;
}

static bool same_placement(const poolgrad_problem *a, const poolgrad_problem *b)
{
    return a->offset_image == b->offset_image && same_region(&a->gradient_region, &b->gradient_region) &&
           same_region(&a->clip, &b->clip) && a->mapping == b->mapping &&
           a->source_channel_offset == b->source_channel_offset && a->source_channel_count == b->source_channel_count &&
           a->gradient_channel_offset == b->gradient_channel_offset &&
           a->gradient_channel_count == b->gradient_channel_count &&
           a->destination_channel_offset == b->destination_channel_offset;
}

static bool same_pads(const poolgrad_problem *a, const poolgrad_problem *b)
{
    return a->zero_pad_x == b->zero_pad_x && a->zero_pad_y == b->zero_pad_y && a->zero_pad_z == b->zero_pad_z &&
           a->zero_pad_left == b->zero_pad_left && a->zero_pad_top == b->zero_pad_top &&
           a->zero_pad_front == b->zero_pad_front && a->zero_pad_right == b->zero_pad_right &&
           a->zero_pad_bottom == b->zero_pad_bottom && a->zero_pad_back == b->zero_pad_back;
}

static bool same_rules(const poolgrad_problem *a, const poolgrad_problem *b)
{
    return a->direction == b->direction && a->kind == b->kind && a->edge_mode == b->edge_mode && a->ties == b->ties &&
           a->nan == b->nan && a->accumulator == b->accumulator && a->add_to_destination == b->add_to_destination &&
           a->root_mean == b->root_mean && a->divisor == b->divisor && a->indices.format == b->indices.format &&
           a->picks.format == b->picks.format;
}

static void check_case(const struct suite_case *made, const struct suite_case *read)
{
    cr_expect(strcmp(made->name, read->name) == 0 && made->features == read->features, "%s", made->name);
    cr_expect(same_windows(&made->problem, &read->problem), "%s", made->name);
    cr_expect(same_placement(&made->problem, &read->problem), "%s", made->name);
    cr_expect(same_pads(&made->problem, &read->problem), "%s", made->name);
    cr_expect(same_rules(&made->problem, &read->problem), "%s", made->name);
    for (int role = 0; role < SUITE_ROLES; role++) {
        cr_expect(same_image(&made->image[role], &read->image[role]), "%s: %s", made->name,
                  poolgrad_suite_role_words[role]);
    }
}

/* All that a backend is told is what the results were made from. */
Test(command_suite, reading_gives_what_was_written, .init = scene_enter, .fini = scene_leave)
{
    struct manifest manifest;
    poolgrad_error error = {"", ""};
    enum { PARTS = 3 };
    generate("kit", "--seed 9 --shard 1/3");
    cr_assert(poolgrad_manifest_read(&suite_options, scene_path("kit"), &manifest) == 0);
    poolgrad_suite *suite = poolgrad_suite_create(SUITE_SMOKE, 9);
    cr_assert(suite && manifest.seed == 9);
    cr_assert_eq(manifest.count, (poolgrad_suite_count(suite) + PARTS - 1) / PARTS);
    for (int64_t i = 0; i < manifest.count; i++) {
        struct suite_case made, read;
        cr_assert(poolgrad_suite_make(suite, PARTS * i, &made, &error) == POOLGRAD_OK, "%s", error.message);
        cr_assert(poolgrad_manifest_load(&suite_options, &manifest, i, &read) == 0);
        check_case(&made, &read);
        poolgrad_suite_case_free(&made);
        poolgrad_suite_case_free(&read);
    }
    poolgrad_suite_destroy(suite);
    poolgrad_manifest_free(&manifest);
}

/* ---- Refusals of the command ------------------------------------------------------------------------------------- */

Test(command_suite, refusals, .init = scene_enter, .fini = scene_leave)
{
    static const struct {
        const char *line, *sentence;
    } rows[] = {
        {"suite", "nothing stands behind suite; expected generate, verify, run or merge, and a folder"},
        {"suite --size smoke", "nothing stands behind suite; expected generate, verify, run or merge, and a folder"},
        {"suite make kit", "'make' is nothing that suite does; expected generate, verify, run or merge"},
        {"suite generate", "no folder stands behind generate; expected generate DIR"},
        {"suite generate kit kit", "'kit' is no option"},
        {"suite generate kit --size tiny", "--size is 'tiny'; expected smoke, standard or exhaustive"},
        {"suite generate kit --seed x", "--seed is 'x'; expected an integer"},
        {"suite generate kit --seed -1", "--seed is -1; expected 0 or more"},
        {"suite generate kit --kernel 2", "--kernel is no option of this command"},
        {"suite generate kit --threads -2", "--threads is -2; expected "},
        {"suite generate kit --timeout 2", "--timeout is given to suite generate, which has no use for it"},
        {"suite generate kit --stored-in float16", "--stored-in is given to suite generate, which has no use for it"},
        {"suite generate kit --averages by-axis", "--averages is given to suite generate, which has no use for it"},
        {"suite generate kit --composed sum", "--composed is given to suite generate, which has no use for it"},
        {"suite generate kit --norms stored", "--norms is given to suite generate, which has no use for it"},
        {"suite generate kit --kind median", "--kind has 'median' among its words; expected average, max, "},
        {"suite generate kit --feature larch", "--feature has 'larch' among its words; expected ties, all-equal, "},
        {"suite generate kit --shard 0/2", "--shard is '0/2'; expected I/N, such as 2/8, the second of eight"},
        {"suite generate kit --shard 3/2", "--shard is '3/2'; expected I/N"},
        {"suite generate kit --shard 1/2x", "--shard is '1/2x'; expected I/N"},
        {"suite generate kit --shard -1/2", "--shard is '-1/2'; expected I/N"},
        {"suite generate kit --shard 2", "--shard is '2'; expected I/N"},
        {"suite generate kit --size smoke --kind average --feature gather",
         "no case is left by --kind average --feature gather; expected filters that leave some"},
        {"suite generate kit --size smoke --format bfloat16 --shard 9999/9999",
         "no case is left by --format bfloat16 --shard 9999/9999; expected filters that leave some"},
        {"suite generate kit --size smoke --profile webnn --direction gradient",
         "no case is left by --profile webnn --direction gradient; expected "},
        {"suite generate kit --profile caffe",
         "--profile is 'caffe'; expected all, mps, torch, onnx, tensorflow, jax, webnn or cudnn"},
        {"suite generate full --size smoke", "full: is not empty; expected a folder that is new or empty"},
        {"suite generate full/ --size smoke", "full/: is not empty; expected a folder that is new or empty"},
        {"suite generate file --size smoke", "file: is a file; expected a folder that is new or empty"},
        {"suite generate none/kit --size smoke", "none/kit: cannot be written: "},
        {"suite generate file/kit --size smoke", "file/kit: cannot be written: "}};
    cr_assert(mkdir(scene_path("full"), 0755) == 0);
    scene_write_bytes("full/x", "x", 1);
    scene_write_bytes("file", "x", 1);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cr_expect(scene_refuses(rows[i].line, rows[i].sentence), "%s", rows[i].line);
    }
}

static bool wait_for_temporary(void)
{
    enum { TENTHS = 300 };
    for (int i = 0; i < TENTHS; i++) {
        const struct timespec tenth = {0, 100000000};
        char *list = scene_list();
        const bool there = strstr(list, ".poolgrad.") != NULL;
        free(list);
        if (there) return true;
        nanosleep(&tenth, NULL);
    }
    return false;
}

/* What is left of a run that is interrupted once it is at work: the names in the folder, in silence. */
static void check_interrupted(const char *const *words, int signal_number, const char *left)
{
    process running = process_start(&scene_setting, words);
    cr_expect(wait_for_temporary(), "the work does not begin");
    kill(running.id, signal_number);
    process_result result = process_finish(&running);
    cr_expect(result.signal == signal_number, "status %d, signal %d", result.status, result.signal);
    cr_expect(!*result.err && !*result.out, "%s%s", result.err, result.out);
    process_release(&result);
    char *list = scene_list();
    cr_expect(strcmp(list, left) == 0, "left behind: %s", list);
    free(list);
}

Test(command_suite, interrupted_runs_leave_nothing, .init = scene_enter, .fini = scene_leave)
{
    static const char *const words[] = {"suite", "generate", "kit", "--size", "standard", NULL};
    check_interrupted(words, SIGINT, "");
    check_interrupted(words, SIGTERM, "");
}

/* Cases that were not judged are not right. */
Test(command_suite, interrupted_backends_are_not_judged, .init = scene_enter, .fini = scene_leave)
{
    static const char *const words[] = {"suite",     "run",       "kit",    "--command",      "sleep 0.2",
                                        "--threads", "1",         "--json", "results.json",   "--junit",
                                        "junit.xml", "--timeout", "9",      "--skip-missing", NULL};
    generate("kit", "--shard 1/10");
    check_interrupted(words, SIGTERM, "kit ");
}

/* ---- Hostile manifests ------------------------------------------------------------------------------------------- */

/* What reading the kit, and each of its cases, says on standard error. */
static char *refusal_of(const char *folder)
{
    struct manifest manifest;
    const int kept = dup(STDERR_FILENO);
    cr_assert(kept >= 0 && freopen(scene_path("said"), "wb", stderr) != NULL);
    int status = poolgrad_manifest_read(&suite_options, scene_path(folder), &manifest);
    for (int64_t i = 0; status == 0 && i < manifest.count; i++) {
        struct suite_case read;
        status = poolgrad_manifest_load(&suite_options, &manifest, i, &read);
        if (status == 0) poolgrad_suite_case_free(&read);
        if (status != 0) poolgrad_manifest_free(&manifest);
    }
    fflush(stderr);
    dup2(kept, STDERR_FILENO);
    close(kept);
    cr_expect(status == 2);
    return read_text("said");
}

static const char kit_of_one[] =
    "{\"format\": \"poolgrad-suite\", \"format_version\": 1, \"generator\": \"by hand\", \"seed\": 0, \"size\": "
    "\"smoke\",\n"
    "\"cases\": [{\"name\": \"one\", \"features\": [\"ramp\"], \"problem\": {\"direction\": \"forward\", \"kind\": "
    "\"max\",\n"
    "\"window\": {\"kernel_width\": 1, \"kernel_height\": 1, \"stride_x\": 1, \"stride_y\": 1, \"dilation_x\": 1,\n"
    "\"dilation_y\": 1}, \"offset_x\": 0, \"offset_y\": 0, \"offset_z\": 0, \"kernel_offset_x\": 0,\n"
    "\"kernel_offset_y\": 0, \"edge_mode\": \"zero\", \"zero_pad_x\": 0, \"zero_pad_y\": 0, \"ties\": \"first\",\n"
    "\"nan\": \"first\", \"accumulator\": \"float32\", \"gradient_region\": {\"x\": 0, \"y\": 0, \"z\": 0,\n"
    "\"width\": \"all\", \"height\": \"all\", \"depth\": \"all\"}, \"clip\": {\"x\": 0, \"y\": 0, \"z\": 0,\n"
    "\"width\": \"all\", \"height\": \"all\", \"depth\": \"all\"}, \"mapping\": \"source\",\n"
    "\"source_channel_offset\": 0, \"source_channel_count\": \"all\", \"gradient_channel_offset\": 0,\n"
    "\"gradient_channel_count\": \"all\", \"destination_channel_offset\": 0, \"add_to_destination\": false},\n"
    "\"files\": {\"source\": {\"file\": \"x.npy\", \"format\": \"float32\", \"layout\": \"nchw\", \"images\": 1,\n"
    "\"channels\": 1, \"height\": 1, \"width\": 2, \"fnv1a64\": \"$\"}, \"expected\": {\"file\": \"y.npy\",\n"
    "\"format\": \"float32\", \"layout\": \"nchw\", \"images\": 1, \"channels\": 1, \"height\": 1, \"width\": 2,\n"
    "\"fnv1a64\": \"$\"}, \"exact\": {\"file\": \"y.npy\", \"format\": \"float32\", \"layout\": \"nchw\",\n"
    "\"images\": 1, \"channels\": 1, \"height\": 1, \"width\": 2, \"fnv1a64\": \"$\"}}}]}\n";

/* FNV-1a as its authors define it, of a file of the scene. */
static void checksum(const char *name, char text[17])
{
    size_t size;
    uint64_t hash = 14695981039346656037U;
    unsigned char *bytes = scene_read_bytes(name, &size);
    for (size_t i = 0; i < size; i++) {
        hash ^= bytes[i];
        hash *= 1099511628211U;
    }
    free(bytes);
    snprintf(text, 17, "%016llx", (unsigned long long)hash);
}

/* The kit of one case, which is sound, with the first `from` in its manifest replaced. */
static void write_kit(const char *from, const char *to)
{
    char text[2 * sizeof kit_of_one], sum[17];
    poolgrad_image image = scene_tensor(POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 1, 2);
    scene_fill(&image, 1, false);
    scene_write_image(&image, 4, "kit/x.npy");
    scene_write_image(&image, 4, "kit/y.npy");
    free(image.data);
    checksum("kit/x.npy", sum);
    size_t used = 0;
    const char *place = from ? strstr(kit_of_one, from) : NULL;
    cr_assert(!from || place, "%s", from);
    for (const char *at = kit_of_one; *at; at++) {
        const char *piece = at == place ? to : *at == '$' ? sum : NULL;
        used += (size_t)(piece ? snprintf(text + used, sizeof text - used, "%s", piece)
                               : snprintf(text + used, sizeof text - used, "%c", *at));
        if (at == place) at += strlen(from) - 1;
    }
    scene_write_bytes("kit/" MANIFEST_NAME, text, used);
}

static const struct hostile {
    const char *from, *to, *sentence;
} hostiles[] = {
    {"{\"format\"", "[\"format\"", "line 1, column "},
    {"\"poolgrad-suite\"", "\"other\"", "has no format \"poolgrad-suite\"; expected a kit's manifest"},
    {"\"format_version\": 1", "\"format_version\": 3", "format_version is 3; expected 1 to 2"},
    {"\"format_version\": 1", "\"format_version\": 0", "format_version is 0; expected 1 to 2"},
    {"\"format_version\": 1", "\"format_version\": \"1\"", "format_version is \"1\"; expected 1 to 2"},
    {"\"seed\": 0", "\"seed\": -5", "seed is -5; expected 0 or more"},
    {"\"seed\": 0", "\"seed\": 0, \"seed\": 1", "duplicate object key"},
    {"\"seed\": 0, ", "", "seed is missing; expected it"},
    {"\"seed\": 0", "\"seed\": 0, \"x\": 1", "\"x\" is no member here"},
    {"\"name\": \"one\"", "\"name\": \"../one\"", "name is \"../one\"; expected 1 to 63 small letters"},
    {"\"name\": \"one\"", "\"name\": \"\"", "name is \"\"; expected 1 to 63 small letters"},
    {"[\"ramp\"]", "[\"rump\"]", "features is \"rump\"; expected words that docs/suite.md lists"},
    {"\"kind\": \"max\"", "\"kind\": \"median\"", "kind is \"median\"; expected \"average\", \"max\" or \"l2norm\""},
    {"\"kind\": \"max\"", "\"kind\": 9", "case \"one\": kind is 9"},
    {"\"kernel_width\": 1", "\"kernel_width\": 0", "case \"one\": window.kernel_width is 0; expected 1"},
    {"\"kernel_width\": 1", "\"kernel_width\": 1.5", "problem.window.kernel_width is 1.5; expected an integer"},
    {"\"clip\": {\"x\": 0, ", "\"clip\": {", "problem.clip.x is missing; expected it"},
    {"\"x.npy\"", "\"/etc/passwd\"", "files.source.file is \"/etc/passwd\"; expected a file below the kit's folder"},
    {"\"x.npy\"", "\"../x.npy\"", "files.source.file is \"../x.npy\"; expected a file below the kit's folder"},
    {"\"x.npy\"", "\"a/../../x.npy\"", "files.source.file is \"a/../../x.npy\"; expected a file below"},
    {"\"x.npy\"", "\"\"", "files.source.file is \"\"; expected a file below the kit's folder"},
    {"\"y.npy\"", "null", "files.expected.file is null; expected a file below the kit's folder"},
    {"\"x.npy\"", "\"z.npy\"", "files.source.file is \"z.npy\", which is missing; expected a file"},
    {"\"x.npy\"", "\"deep\"", "files.source.file is \"deep\", which is missing; expected a file"},
    {"\"float32\", \"layout\"", "\"int64\", \"layout\"",
     "files.source.format is \"int64\"; expected a format of images"},
    {"\"float32\", \"layout\"", "\"none\", \"layout\"", "files.source is missing; expected it"},
    {"\"float32\", \"layout\"", "\"float16\", \"layout\"", "x.npy: elements are 'f4'; expected 'f2'"},
    {"\"nchw\"", "\"chwn\"",
     "layout is \"chwn\"; expected \"nchw\", \"nhwc\", \"nc4hw4\", \"nc8hw8\", \"nc16hw16\" or \"nc32hw32\""},
    {"\"nchw\"", "\"nc4hw4\"", "x.npy: an array of rank 4; expected rank 5"},
    {"\"height\": 1, \"width\": 2", "\"height\": 1, \"width\": -2", "files.source.width is -2; expected at least 0"},
    {"\"height\": 1, \"width\": 2", "\"height\": 4611686018427387904, \"width\": 4611686018427387904", "files.source."},
    {"\"height\": 1, \"width\": 2", "\"height\": 1000000000000, \"width\": 2", "x.npy: dimension 2 is 1; expected "},
    {"\"height\": 1, \"width\": 2", "\"height\": 1, \"width\": 3", "x.npy: dimension 3 is 2; expected 3"},
    {"\"$\"", "\"0123456789abcdef\"", "x.npy: has the checksum "},
    {"\"$\"", "\"0123\"", "files.source.fnv1a64 is \"0123\"; expected 16 hexadecimal digits"},
    {"\"expected\": {", "\"expectation\": {", "\"expectation\" is no member here"},
    {"\"source\": {\"file\"", "\"source_gradient\": {\"file\"", "files.source is missing; expected it"},
    {"\"direction\": \"forward\"", "\"direction\": \"gradient\"", "files.source_gradient is missing; expected it"},
    {"\"add_to_destination\": false", "\"add_to_destination\": true", "files.before is missing; expected it"},
    {"\"mapping\"", "\"divisor\": 0.5, \"mapping\"", "problem.divisor is 0.5; expected an integer"},
    {"\"mapping\"", "\"divisor\": 2, \"mapping\"", "case \"one\": divisor is 2; expected "},
    {"\"mapping\"", "\"root_mean\": 1, \"mapping\"", "problem.root_mean is 1; expected true or false"},
    {"\"mapping\"", "\"windows_x\": 3, \"mapping\"", "problem.windows_x is 3; expected an array of windows"},
    {"\"mapping\"", "\"windows_x\": [[0, 1], [1]], \"mapping\"",
     "problem.windows_x is an array; expected windows, each an array of its first pixel and its size"},
    {"\"mapping\"", "\"windows_y\": [[0, 1, 2]], \"mapping\"", "problem.windows_y is an array; expected windows"},
    {"\"mapping\"", "\"windows_z\": [[0, \"1\"]], \"mapping\"", "problem.windows_z is an array; expected windows"},
    {"\"mapping\"", "\"windows_x\": [[0, 1]], \"mapping\"", "case \"one\": windows_x.count is 1; expected 2"},
    {"\"mapping\"", "\"windows_x\": [[0, 1], [1, 0]], \"mapping\"",
     "case \"one\": windows_x.spans has a window 1 of size 0; expected a size of 1 to 2^61"},
    {"\"mapping\"", "\"windows_x\": [[0, 1], [1, 1]], \"x\": 0, \"mapping\"", "\"x\" is no member here"},
    {"\"height\": 1, \"width\": 2", "\"depth\": -1, \"height\": 1, \"width\": 2",
     "files.source.depth is -1; expected "},
    {"\"height\": 1, \"width\": 2", "\"depth\": 1, \"height\": 1, \"width\": 2",
     "x.npy: an array of rank 4; expected rank 5"},
    {"\"nchw\", \"images\": 1,\n\"channels\": 1,", "\"nc8hw8\", \"images\": 1,\n\"channels\": 1, \"depth\": 2,",
     "files.source.depth is 2; expected "},
    {"\"source\": {\"file\"",
     "\"indices\": {\"file\": \"x.npy\", \"format\": \"int64\", \"layout\": \"nchw\", \"images\": 1,"
     " \"channels\": 1, \"height\": 1, \"width\": 2, \"fnv1a64\": \"0123456789abcdef\"}, \"source\": {\"file\"",
     "x.npy: elements are 'f4'; expected 'i8'"}};

Test(command_suite, hostile_manifests, .init = scene_enter, .fini = scene_leave)
{
    cr_assert(mkdir(scene_path("kit"), 0755) == 0 && mkdir(scene_path("kit/deep"), 0755) == 0);
    write_kit(NULL, NULL);
    struct manifest manifest;
    struct suite_case read;
    cr_assert(poolgrad_manifest_read(&suite_options, scene_path("kit"), &manifest) == 0 && manifest.count == 1);
    cr_assert(poolgrad_manifest_load(&suite_options, &manifest, 0, &read) == 0);
    poolgrad_suite_case_free(&read);
    poolgrad_manifest_free(&manifest);
    for (size_t i = 0; i < sizeof hostiles / sizeof *hostiles; i++) {
        write_kit(hostiles[i].from, hostiles[i].to);
        char *said = refusal_of("kit");
        cr_expect(strstr(said, hostiles[i].sentence) && strchr(said, '\n') == said + strlen(said) - 1, "%s for %s: %s",
                  hostiles[i].to, hostiles[i].from, said);
        free(said);
    }
}

/* The manifest of the sound kit with nothing between the brackets of its cases, or with its case twice. */
static void write_cases(bool twice)
{
    size_t size;
    write_kit(NULL, NULL);
    char *text = (char *)scene_read_bytes("kit/" MANIFEST_NAME, &size), *all = malloc(2 * size + 1);
    const int begin = (int)(strstr(text, "[{") + 1 - text), end = (int)(strstr(text, "}]}") + 1 - text);
    const int length = end - begin;
    const int used = twice ? sprintf(all, "%.*s, %.*s%s", end, text, length, text + begin, text + end)
                           : sprintf(all, "%.*s%s", begin, text, text + end);
    scene_write_bytes("kit/" MANIFEST_NAME, all, (size_t)used);
    free(text);
    free(all);
}

Test(command_suite, hostile_cases, .init = scene_enter, .fini = scene_leave)
{
    cr_assert(mkdir(scene_path("kit"), 0755) == 0);
    write_cases(false);
    char *said = refusal_of("kit");
    cr_expect(strstr(said, "cases is empty; expected at least one"), "%s", said);
    free(said);
    write_cases(true);
    said = refusal_of("kit");
    cr_expect(strstr(said, "case \"one\": name stands there twice; expected a name of its own"), "%s", said);
    free(said);
}

Test(command_suite, hostile_files, .init = scene_enter, .fini = scene_leave)
{
    static const struct {
        const char *name, *sentence;
    } rows[] = {{"kit/" MANIFEST_NAME, "line 1, column "}, {"kit/x.npy", "x.npy: "}};
    cr_assert(mkdir(scene_path("kit"), 0755) == 0);
    char *said = refusal_of("nothing");
    cr_expect(strstr(said, "nothing/" MANIFEST_NAME ": is missing; expected the manifest of a kit"), "%s", said);
    free(said);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        write_kit(NULL, NULL);
        scene_write_bytes(rows[i].name, "{\"cases\"", 8);
        said = refusal_of("kit");
        cr_expect(strstr(said, rows[i].sentence), "%s", said);
        free(said);
    }
}
