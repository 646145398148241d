/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/suite_manifest.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/members.h"
#include "cli/posix.h"
#include "cli/tensor.h"

enum { CHECKSUM = 17, FORMATS = 12 };

static const char format_name[] = "poolgrad-suite";

/* ---- The table --------------------------------------------------------------------------------------------------- */

/* The words of a type, which poolgrad's function for them knows. */
#define WORDS(set, type, name)                                                                                         \
    static const char *set##_word(int value)                                                                           \
    {                                                                                                                  \
        return name((type)value);                                                                                      \
    }                                                                                                                  \
    static const struct words set = {set##_word}

#define WINDOW(name) REQUIRED(integer, poolgrad_window, name, NULL)
#define REGION(reader, name) REQUIRED(reader, poolgrad_region, name, NULL)
#define PROBLEM(reader, name) REQUIRED(reader, poolgrad_problem, name, NULL)
#define PROBLEM_OF(reader, name, of) REQUIRED(reader, poolgrad_problem, name, of)
#define ARRAY(reader, name, of) REQUIRED(reader, struct manifest_file, name, of)
/* Which manifests of version 1 do not have: neutral there. */
#define LATER(reader, type, name)                                                                                      \
    {                                                                                                                  \
#name, poolgrad_read_##reader, offsetof(type, name), NULL, false                                               \
    }
#define TOP(reader, name, of) REQUIRED(reader, struct manifest, name, of)

/* A file that is not there has the format none. */
static const char *format_word(poolgrad_format format)
{
    return format == POOLGRAD_FORMAT_NONE ? "none" : poolgrad_format_name(format);
}

static bool read_windows(struct reading *reading, const struct member *member, json_t *value, void *place);

/* A table of windows. */
#define WINDOWS(name)                                                                                                  \
    {                                                                                                                  \
#name, read_windows, offsetof(poolgrad_problem, name), NULL, false                                             \
    }

WORDS(direction_words, poolgrad_direction, poolgrad_direction_name);
WORDS(mapping_words, poolgrad_mapping, poolgrad_mapping_name);
WORDS(layout_words, poolgrad_layout, poolgrad_layout_name);
WORDS(kind_words, poolgrad_kind, poolgrad_kind_name);
WORDS(edge_mode_words, poolgrad_edge_mode, poolgrad_edge_mode_name);
WORDS(tie_words, poolgrad_tie_rule, poolgrad_tie_rule_name);
WORDS(nan_words, poolgrad_nan_rule, poolgrad_nan_rule_name);
WORDS(accumulator_words, poolgrad_accumulator, poolgrad_accumulator_name);
WORDS(format_words, poolgrad_format, format_word);

static const struct member window_members[] = {WINDOW(kernel_width),
                                               WINDOW(kernel_height),
                                               LATER(integer, poolgrad_window, kernel_depth),
                                               WINDOW(stride_x),
                                               WINDOW(stride_y),
                                               LATER(integer, poolgrad_window, stride_z),
                                               WINDOW(dilation_x),
                                               WINDOW(dilation_y),
                                               LATER(integer, poolgrad_window, dilation_z),
                                               END};
static const struct member region_members[] = {REGION(integer, x),
                                               REGION(integer, y),
                                               REGION(integer, z),
                                               REGION(extent, width),
                                               REGION(extent, height),
                                               REGION(extent, depth),
                                               LATER(integer, poolgrad_region, image),
                                               LATER(extent, poolgrad_region, images),
                                               END};

static const struct member problem_members[] = {PROBLEM_OF(word, direction, &direction_words),
                                                PROBLEM_OF(word, kind, &kind_words),
                                                PROBLEM_OF(object, window, window_members),
                                                PROBLEM(integer, offset_x),
                                                PROBLEM(integer, offset_y),
                                                PROBLEM(integer, offset_z),
                                                LATER(integer, poolgrad_problem, offset_image),
                                                PROBLEM(integer, kernel_offset_x),
                                                PROBLEM(integer, kernel_offset_y),
                                                LATER(integer, poolgrad_problem, kernel_offset_z),
                                                PROBLEM_OF(word, edge_mode, &edge_mode_words),
                                                PROBLEM(integer, zero_pad_x),
                                                PROBLEM(integer, zero_pad_y),
                                                LATER(integer, poolgrad_problem, zero_pad_z),
                                                PROBLEM_OF(word, ties, &tie_words),
                                                PROBLEM_OF(word, nan, &nan_words),
                                                PROBLEM_OF(word, accumulator, &accumulator_words),
                                                PROBLEM_OF(object, gradient_region, region_members),
                                                PROBLEM_OF(object, clip, region_members),
                                                PROBLEM_OF(word, mapping, &mapping_words),
                                                PROBLEM(integer, source_channel_offset),
                                                PROBLEM(extent, source_channel_count),
                                                PROBLEM(integer, gradient_channel_offset),
                                                PROBLEM(extent, gradient_channel_count),
                                                PROBLEM(integer, destination_channel_offset),
                                                PROBLEM(flag, add_to_destination),
                                                LATER(flag, poolgrad_problem, root_mean),
                                                LATER(integer, poolgrad_problem, divisor),
                                                LATER(integer, poolgrad_problem, zero_pad_left),
                                                LATER(integer, poolgrad_problem, zero_pad_top),
                                                LATER(integer, poolgrad_problem, zero_pad_front),
                                                LATER(integer, poolgrad_problem, zero_pad_right),
                                                LATER(integer, poolgrad_problem, zero_pad_bottom),
                                                LATER(integer, poolgrad_problem, zero_pad_back),
                                                WINDOWS(windows_x),
                                                WINDOWS(windows_y),
                                                WINDOWS(windows_z),
                                                END};

static const struct member file_members[] = {ARRAY(text, file, NULL),
                                             ARRAY(word, format, &format_words),
                                             ARRAY(word, layout, &layout_words),
                                             ARRAY(integer, images, NULL),
                                             ARRAY(integer, channels, NULL),
                                             LATER(integer, struct manifest_file, depth),
                                             ARRAY(integer, height, NULL),
                                             ARRAY(integer, width, NULL),
                                             ARRAY(text, fnv1a64, NULL),
                                             END};

static const struct member top_members[] = {TOP(constant, format, format_name),
                                            TOP(integer, format_version, NULL),
                                            TOP(name, generator, NULL),
                                            TOP(integer, seed, NULL),
                                            TOP(name, size, NULL),
                                            TOP(array, cases, NULL),
                                            END};

/* ---- Checksums and paths ----------------------------------------------------------------------------------------- */

bool poolgrad_manifest_checksum(const char *path, char text[17])
{
    static unsigned char chunk[1 << 16];
    uint64_t sum = UINT64_C(0xcbf29ce484222325);
    size_t count;
    FILE *file = fopen(path, "rb");
    if (!file) return false;
    while ((count = fread(chunk, 1, sizeof chunk, file)) > 0) {
        for (size_t i = 0; i < count; i++) sum = (sum ^ chunk[i]) * UINT64_C(0x100000001b3);
    }
    const bool good = !ferror(file);
    (void)fclose(file);
    snprintf(text, CHECKSUM, "%016" PRIx64, sum);
    return good;
}

char *poolgrad_manifest_path(const char *folder, const char *name)
{
    const size_t size = strlen(folder) + strlen(name) + 2;
    char *path = malloc(size);
    if (path) snprintf(path, size, "%s/%s", folder, name);
    return path;
}

/* ---- Writing ----------------------------------------------------------------------------------------------------- */

/* Pairs of a first pixel and a size. */
static json_t *windows_of(const poolgrad_table *table)
{
    json_t *windows = json_array();
    for (int64_t i = 0; windows && i < table->count; i++) {
        const json_int_t first = table->spans[i].first, size = table->spans[i].size;
        if (json_array_append_new(windows, json_pack("[I, I]", first, size)) == 0) continue;
        json_decref(windows);
        return NULL;
    }
    return windows;
}

/* What the reader of the member would read, but for objects; null without memory. */
static json_t *value_of(const struct member *member, const void *place)
{
    int64_t number = 0;
    int word = 0;
    if (member->read == read_windows) return windows_of(place);
    if (member->read == poolgrad_read_text) {
        const char *text = *(const char *const *)place;
        return text ? json_string(text) : json_null();
    }
    if (member->read == poolgrad_read_integer || member->read == poolgrad_read_extent) {
        memcpy(&number, place, sizeof number);
        const bool all = member->read == poolgrad_read_extent && number == POOLGRAD_ALL;
        return all ? json_string("all") : json_integer(number);
    }
    memcpy(&word, place, sizeof word);
    if (member->read == poolgrad_read_flag) return json_boolean(word);
    return json_string(((const struct words *)member->of)->word(word));
}

/* An object without objects in it. */
static json_t *flat_object_of(const struct member *table, const void *from)
{
    json_t *object = json_object();
    for (; object && table->name; table++) {
        if (json_object_set_new(object, table->name, value_of(table, (const char *)from + table->place)) == 0) continue;
        json_decref(object);
        return NULL;
    }
    return object;
}

static json_t *problem_of(const poolgrad_problem *problem)
{
    json_t *object = json_object();
    for (const struct member *member = problem_members; object && member->name; member++) {
        const void *place = (const char *)problem + member->place;
        const bool nested = member->read == poolgrad_read_object;
        json_t *value = nested ? flat_object_of(member->of, place) : value_of(member, place);
        if (json_object_set_new(object, member->name, value) == 0) continue;
        json_decref(object);
        return NULL;
    }
    return object;
}

static json_t *features_of(uint64_t features)
{
    json_t *words = json_array();
    for (int i = 0; words && i < SUITE_FEATURES; i++) {
        if (features >> i & 1) json_array_append_new(words, json_string(poolgrad_suite_feature_words[i]));
    }
    return words;
}

static json_t *files_of(const struct manifest_case *entry)
{
    json_t *files = json_object();
    for (int role = 0; files && role < SUITE_ROLES; role++) {
        if (entry->file[role].format == POOLGRAD_FORMAT_NONE) continue;
        json_object_set_new(files, poolgrad_suite_role_words[role], flat_object_of(file_members, &entry->file[role]));
    }
    return files;
}

bool poolgrad_manifest_begin(FILE *file, const char *size, int64_t seed)
{
    return fprintf(file,
                   "{\n\"format\": \"%s\",\n\"format_version\": %d,\n\"generator\": \"poolgrad %s\",\n"
                   "\"seed\": %" PRId64 ",\n\"size\": \"%s\",\n\"cases\": [",
                   format_name, MANIFEST_VERSION, poolgrad_version(), seed, size) > 0;
}

/* A case is a line. */
bool poolgrad_manifest_put(FILE *file, const struct manifest_case *entry, bool first)
{
    json_t *object = json_pack("{s:s, s:o, s:o, s:o}", "name", entry->name, "features", features_of(entry->features),
                               "problem", problem_of(&entry->problem), "files", files_of(entry));
    const bool good = object && fputs(first ? "\n" : ",\n", file) >= 0 &&
                      json_dumpf(object, file, JSON_PRESERVE_ORDER) == 0;
    json_decref(object);
    return good;
}

bool poolgrad_manifest_end(FILE *file)
{
    return fputs("\n]\n}\n", file) >= 0;
}

/* ---- Reading a case ---------------------------------------------------------------------------------------------- */

static bool read_window(json_t *value, poolgrad_span *span)
{
    json_int_t first, size;
    if (json_unpack(value, "[I, I!]", &first, &size) != 0) return false;
    *span = (poolgrad_span){first, size};
    return true;
}

static bool read_windows(struct reading *reading, const struct member *member, json_t *value, void *place)
{
    const size_t count = json_array_size(value);
    if (!json_is_array(value)) return poolgrad_reading_refuse(reading, member->name, value, "an array of windows");
    if (count == 0) return true;
    poolgrad_span *spans = calloc(count, sizeof *spans);
    if (!spans) return poolgrad_reading_no_memory(reading);
    *(poolgrad_table *)place = (poolgrad_table){spans, (int64_t)count};
    for (size_t i = 0; i < count; i++) {
        if (read_window(json_array_get(value, i), &spans[i])) continue;
        return poolgrad_reading_refuse(reading, member->name, json_array_get(value, i),
                                       "windows, each an array of its first pixel and its size");
    }
    return true;
}

static bool read_features(struct reading *reading, json_t *words, uint64_t *features)
{
    for (size_t i = 0; i < json_array_size(words); i++) {
        const json_t *word = json_array_get(words, i);
        const char *text = json_string_value(word);
        int feature = 0;
        while (feature < SUITE_FEATURES && !(text && strcmp(text, poolgrad_suite_feature_words[feature]) == 0))
            feature++;
        if (feature == SUITE_FEATURES) {
            return poolgrad_reading_refuse(reading, "features", word, "words that docs/suite.md lists");
        }
        *features |= UINT64_C(1) << feature;
    }
    return true;
}

static bool is_name(const char *name)
{
    const size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");
    return length > 0 && length < SUITE_NAME && !name[length];
}

/* Parts of letters, digits and the like with single slashes between them, none of which leads upwards. */
static bool is_below(const char *path)
{
    if (*path == '\0') return false;
    for (const char *part = path;; part++) {
        const size_t length = strcspn(part, "/");
        const bool dots = (length == 1 && part[0] == '.') || (length == 2 && part[0] == '.' && part[1] == '.');
        if (length == 0 || dots || memchr(part, '\\', length) || memchr(part, ':', length)) return false;
        part += length;
        if (!*part) return true;
    }
}

/* An array that a case lacks is a view of nothing. */
static poolgrad_image image_of(const struct manifest_file *file)
{
    if (file->format == POOLGRAD_FORMAT_NONE) return (poolgrad_image){.data = NULL};
    return poolgrad_suite_image(file->format, file->layout, file->images, file->channels, file->depth, file->height,
                                file->width);
}

static poolgrad_const_image source_of(const struct manifest_file *file)
{
    const poolgrad_image image = image_of(file);
    return poolgrad_image_as_const(&image);
}

static bool is_checksum(const char *text)
{
    return text && strlen(text) == CHECKSUM - 1 && strspn(text, "0123456789abcdef") == CHECKSUM - 1;
}

static bool check_format(struct reading *reading, int role, const struct manifest_file *file)
{
    const bool indices = role == SUITE_INDICES || role == SUITE_EXPECTED_INDICES;
    const bool unorm = file->format == POOLGRAD_UNORM8 || file->format == POOLGRAD_UNORM16;
    const bool known = (int)file->format > POOLGRAD_FORMAT_NONE && (int)file->format < FORMATS;
    if (known && (file->format >= POOLGRAD_INT32) == indices && (!unorm || role == SUITE_SOURCE)) return true;
    return poolgrad_reading_fail(reading, "files.%s.format is \"%s\"; expected a format of %s",
                                 poolgrad_suite_role_words[role], known ? poolgrad_format_name(file->format) : "none",
                                 indices                ? "indices"
                                 : role == SUITE_SOURCE ? "images"
                                                        : "gradients and results");
}

static bool check_file(struct reading *reading, const char *folder, int role, const struct manifest_file *file)
{
    const char *word = poolgrad_suite_role_words[role];
    poolgrad_error error;
    const poolgrad_image image = image_of(file);
    if (!check_format(reading, role, file)) return false;
    if (poolgrad_image_check(&image, &error) != POOLGRAD_OK && strncmp(error.field, "data", 4) != 0)
        return poolgrad_reading_fail(reading, "files.%s.%s", word, error.message);
    if (!file->file && role == SUITE_SOURCE) return true;
    if (!file->file || !is_below(file->file)) {
        return poolgrad_reading_fail(reading, "files.%s.file is %s%.80s%s; expected a file below the kit's folder",
                                     word, file->file ? "\"" : "", file->file ? file->file : "null",
                                     file->file ? "\"" : "");
    }
    if (!is_checksum(file->fnv1a64)) {
        return poolgrad_reading_fail(reading, "files.%s.fnv1a64 is \"%.40s\"; expected 16 hexadecimal digits", word,
                                     file->fnv1a64 ? file->fnv1a64 : "");
    }
    char *path = poolgrad_manifest_path(folder, file->file);
    if (!path) return poolgrad_reading_no_memory(reading);
    const bool there = poolgrad_file_status(path).kind == FILE_REGULAR;
    free(path);
    return there || poolgrad_reading_fail(reading, "files.%s.file is \"%.80s\", which is missing; expected a file",
                                          word, file->file);
}

static bool is_there(const struct manifest_case *entry, int role)
{
    return entry->file[role].format != POOLGRAD_FORMAT_NONE;
}

static bool same_sizes(const struct manifest_file *a, const struct manifest_file *b)
{
    return a->format == b->format && a->layout == b->layout && a->images == b->images && a->channels == b->channels &&
           a->depth == b->depth && a->height == b->height && a->width == b->width;
}

/* Which arrays a case has, by its problem. */
static bool check_roles(struct reading *reading, const struct manifest_case *entry)
{
    const bool gradient = entry->problem.direction == POOLGRAD_GRADIENT;
    for (int role = 0; role < SUITE_ROLES; role++) {
        const bool always = role == SUITE_SOURCE || role == SUITE_EXPECTED || role == SUITE_EXACT;
        const bool needed = always || (role == SUITE_SOURCE_GRADIENT && gradient) ||
                            (role == SUITE_BEFORE && entry->problem.add_to_destination);
        const bool foreign = role == (gradient ? SUITE_EXPECTED_INDICES : SUITE_SOURCE_GRADIENT);
        if (is_there(entry, role) ? !foreign : !needed) continue;
        return poolgrad_reading_fail(reading, "files.%s is %s; expected %s", poolgrad_suite_role_words[role],
                                     needed ? "missing" : "given", needed ? "it" : "none in this direction");
    }
    for (int role = SUITE_BEFORE; role <= SUITE_EXACT; role++) {
        if (!is_there(entry, role) || same_sizes(&entry->file[role], &entry->file[SUITE_EXPECTED])) continue;
        return poolgrad_reading_fail(reading,
                                     "files.%s is of another shape, format or layout than files.expected; "
                                     "expected the same",
                                     poolgrad_suite_role_words[role]);
    }
    return true;
}

static void set_images(struct manifest_case *entry)
{
    poolgrad_problem *p = &entry->problem;
    p->source = source_of(&entry->file[SUITE_SOURCE]);
    p->destination = image_of(&entry->file[SUITE_EXPECTED]);
    p->source_gradient = source_of(&entry->file[SUITE_SOURCE_GRADIENT]);
    p->indices = source_of(&entry->file[SUITE_INDICES]);
    p->picks = image_of(&entry->file[SUITE_EXPECTED_INDICES]);
}

static bool read_files(struct reading *reading, const char *folder, json_t *files, struct manifest_case *entry)
{
    struct member members[SUITE_ROLES + 1];
    memset(members, 0, sizeof members);
    for (int role = 0; role < SUITE_ROLES; role++) {
        members[role] = (struct member){.name = poolgrad_suite_role_words[role],
                                        .read = poolgrad_read_object,
                                        .place = (size_t)role * sizeof(struct manifest_file),
                                        .of = file_members};
    }
    snprintf(reading->path, sizeof reading->path, "files.");
    if (!poolgrad_read_members(reading, files, members, entry->file)) return false;
    reading->path[0] = '\0';
    if (!check_roles(reading, entry)) return false;
    for (int role = 0; role < SUITE_ROLES; role++) {
        if (is_there(entry, role) && !check_file(reading, folder, role, &entry->file[role])) return false;
    }
    return true;
}

struct parts {
    const char *name;
    json_t *features, *files;
    poolgrad_problem problem;
};

static bool read_files_member(struct reading *reading, const struct member *member, json_t *value, void *place)
{
    if (!json_is_object(value)) return poolgrad_reading_refuse(reading, member->name, value, "an object");
    *(json_t **)place = value;
    return true;
}

static bool read_case(struct reading *reading, const char *folder, json_t *value, struct manifest_case *entry)
{
    static const struct member members[] = {REQUIRED(name, struct parts, name, NULL),
                                            REQUIRED(array, struct parts, features, NULL),
                                            REQUIRED(object, struct parts, problem, problem_members),
                                            {"files", read_files_member, offsetof(struct parts, files), NULL, true},
                                            END};
    struct parts parts = {.name = NULL};
    poolgrad_problem_init(&parts.problem, sizeof parts.problem);
    if (!json_is_object(value)) return poolgrad_reading_fail(reading, "is no object; expected one");
    const bool good = poolgrad_read_members(reading, value, members, &parts);
    entry->problem = parts.problem; /* also where it is not whole: its tables are to be freed */
    if (!good) return false;
    if (!is_name(parts.name)) {
        return poolgrad_reading_refuse(reading, "name", json_object_get(value, "name"),
                                       "1 to %d small letters, digits and dashes", SUITE_NAME - 1);
    }
    entry->name = parts.name;
    snprintf(reading->where, sizeof reading->where, "case \"%s\": ", entry->name);
    if (!read_features(reading, parts.features, &entry->features)) return false;
    if (!read_files(reading, folder, parts.files, entry)) return false;
    set_images(entry);
    return true;
}

/* ---- Reading a manifest ------------------------------------------------------------------------------------------ */

static bool read_cases(struct reading *reading, struct manifest *manifest)
{
    const size_t count = json_array_size(manifest->cases);
    bool good = true;
    if (count == 0) return poolgrad_reading_fail(reading, "cases is empty; expected at least one");
    json_t *names = json_object();
    manifest->entry = calloc(count, sizeof *manifest->entry);
    if (!names || !manifest->entry) {
        json_decref(names);
        return poolgrad_reading_no_memory(reading);
    }
    for (size_t i = 0; good && i < count; i++) {
        struct manifest_case *entry = &manifest->entry[i];
        snprintf(reading->where, sizeof reading->where, "case %zu: ", i);
        good = read_case(reading, manifest->folder, json_array_get(manifest->cases, i), entry);
        if (good && json_object_get(names, entry->name))
            good = poolgrad_reading_fail(reading, "name stands there twice; expected a name of its own");
        if (good) json_object_set_new(names, entry->name, json_true());
    }
    manifest->count = (int64_t)count;
    json_decref(names);
    return good;
}

static bool read_document(struct reading *reading, struct manifest *manifest)
{
    json_t *document = manifest->document;
    const json_t *format = json_object_get(document, "format"), *version = json_object_get(document, "format_version");
    if (!json_is_object(document)) return poolgrad_reading_fail(reading, "is no object; expected one");
    /* What another version has in it is nobody's to judge. */
    if (!json_is_string(format) || strcmp(json_string_value(format), format_name) != 0)
        return poolgrad_reading_fail(reading, "has no format \"%s\"; expected a kit's manifest", format_name);
    const json_int_t number = json_is_integer(version) ? json_integer_value(version) : 0;
    if (number < MANIFEST_OLDEST || number > MANIFEST_VERSION) {
        return poolgrad_reading_refuse(reading, "format_version", version, "%d to %d", MANIFEST_OLDEST,
                                       MANIFEST_VERSION);
    }
    if (!poolgrad_read_members(reading, document, top_members, manifest)) return false;
    if (manifest->seed < 0)
        return poolgrad_reading_fail(reading, "seed is %" PRId64 "; expected 0 or more", manifest->seed);
    return read_cases(reading, manifest);
}

static int load_document(const struct options *options, const char *path, json_t **document)
{
    json_error_t error;
    const enum file_kind kind = poolgrad_file_status(path).kind;
    if (kind != FILE_REGULAR) {
        return poolgrad_fail(options, "%s: is %s; expected the manifest of a kit", path,
                             kind == FILE_MISSING ? "missing" : "no regular file");
    }
    FILE *file = fopen(path, "rb");
    if (!file) return poolgrad_fail(options, "%s: cannot be read: %s", path, strerror(errno));
    *document = json_loadf(file, JSON_REJECT_DUPLICATES, &error);
    (void)fclose(file);
    if (*document) return 0;
    return poolgrad_fail(options, "%s: line %d, column %d: %s; expected JSON", path, error.line, error.column,
                         error.text);
}

int poolgrad_manifest_read(const struct options *options, const char *folder, struct manifest *manifest)
{
    static struct reading reading;
    reading = (struct reading){.message = ""};
    *manifest = (struct manifest){.folder = malloc(strlen(folder) + 1)};
    char *path = poolgrad_manifest_path(folder, MANIFEST_NAME);
    int status = 0;
    if (!path || !manifest->folder)
        status = poolgrad_fail(options, "%s: does not fit into memory", folder);
    else
        memcpy(manifest->folder, folder, strlen(folder) + 1);
    if (status == 0) status = load_document(options, path, &manifest->document);
    if (status == 0 && !read_document(&reading, manifest))
        status = poolgrad_fail(options, "%s: %s", path, reading.message);
    free(path);
    if (status != 0) poolgrad_manifest_free(manifest);
    return status;
}

void poolgrad_manifest_free(struct manifest *manifest)
{
    for (int64_t i = 0; i < manifest->count; i++) {
        const poolgrad_problem *p = &manifest->entry[i].problem;
        free((void *)p->windows_x.spans);
        free((void *)p->windows_y.spans);
        free((void *)p->windows_z.spans);
    }
    json_decref(manifest->document);
    free(manifest->entry);
    free(manifest->folder);
    *manifest = (struct manifest){.entry = NULL};
}

/* ---- Loading a case ---------------------------------------------------------------------------------------------- */

static int load_file(const struct options *options, const struct manifest *manifest, const struct manifest_file *file,
                     poolgrad_image *image)
{
    char sum[CHECKSUM];
    *image = image_of(file);
    if (file->format == POOLGRAD_FORMAT_NONE || !file->file) return 0;
    char *path = poolgrad_manifest_path(manifest->folder, file->file);
    if (!path) return poolgrad_fail(options, "%s: does not fit into memory", file->file);
    int status = poolgrad_tensor_read_as(options, path, image);
    if (status == 0 && !poolgrad_manifest_checksum(path, sum))
        status = poolgrad_fail(options, "%s: cannot be read: %s", path, strerror(errno));
    if (status == 0 && strcmp(sum, file->fnv1a64) != 0)
        status = poolgrad_fail(options, "%s: has the checksum %s; expected %s", path, sum, file->fnv1a64);
    free(path);
    return status;
}

/* The problem with all memory it needs, to be checked. */
static int check_problem(const struct options *options, const struct manifest *manifest, struct suite_case *made)
{
    poolgrad_error error;
    poolgrad_problem p = made->problem;
    bool memory = poolgrad_suite_destination(made, &p.destination);
    if (memory && p.picks.format != POOLGRAD_FORMAT_NONE) memory = poolgrad_suite_allocate(&p.picks);
    int status = memory ? 0 : poolgrad_fail(options, "%s: %s: does not fit into memory", manifest->folder, made->name);
    if (status == 0 &&
        (poolgrad_check(&p, &error) != POOLGRAD_OK || poolgrad_check_indices(&p, &error) != POOLGRAD_OK)) {
        status = poolgrad_fail(options, "%s: case \"%s\": %s", manifest->folder, made->name, error.message);
    }
    free(p.destination.data);
    free(p.picks.data);
    return status;
}

int poolgrad_manifest_load(const struct options *options, const struct manifest *manifest, int64_t index,
                           struct suite_case *made)
{
    const struct manifest_case *entry = &manifest->entry[index];
    *made = (struct suite_case){.features = entry->features, .problem = entry->problem};
    snprintf(made->name, sizeof made->name, "%s", entry->name);
    int status = 0;
    for (int role = 0; status == 0 && role < SUITE_ROLES; role++) {
        status = load_file(options, manifest, &entry->file[role], &made->image[role]);
    }
    made->problem.source = poolgrad_image_as_const(&made->image[SUITE_SOURCE]);
    made->problem.source_gradient = poolgrad_image_as_const(&made->image[SUITE_SOURCE_GRADIENT]);
    made->problem.indices = poolgrad_image_as_const(&made->image[SUITE_INDICES]);
    if (status == 0) status = check_problem(options, manifest, made);
    if (status != 0) poolgrad_suite_case_free(made);
    return status;
}
