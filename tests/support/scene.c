/* SPDX-License-Identifier: Apache-2.0 */
#include "scene.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <ftw.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "encoding.h"
#include "random.h"
#include "view.h"

/* ---- The folder -------------------------------------------------------------------------------------------------- */

char scene_folder[SCENE_PATH];
const process_setting scene_setting = {.folder = scene_folder};
poolgrad_image scene_source, scene_gradient;

void scene_enter(void)
{
    const char *base = getenv("TMPDIR");
    snprintf(scene_folder, sizeof scene_folder, "%s/poolgrad-command-XXXXXX", base && *base ? base : "/tmp");
    if (!mkdtemp(scene_folder)) abort();
}

const char *scene_path(const char *name)
{
    static char path[2 * SCENE_PATH];
    snprintf(path, sizeof path, "%s/%s", scene_folder, name);
    return path;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

char *scene_list(void)
{
    char *names[256];
    size_t count = 0, size = 1;
    DIR *opened = opendir(scene_folder);
    if (!opened) abort();
    for (struct dirent *entry; (entry = readdir(opened)) && count < 256;) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        names[count] = strdup(entry->d_name);
        size += strlen(entry->d_name) + 1;
        count++;
    }
    closedir(opened);
    qsort(names, count, sizeof *names, by_name);
    char *list = calloc(size, 1);
    for (size_t i = 0; i < count; i++) {
        strcat(strcat(list, names[i]), " ");
        free(names[i]);
    }
    return list;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    if (remove(path) != 0) perror(path);
    return 0;
}

void scene_leave(void)
{
    enum { FILES_AT_ONCE = 8 };
    nftw(scene_folder, remove_entry, FILES_AT_ONCE, FTW_DEPTH | FTW_PHYS);
    view_free(&scene_source);
    view_free(&scene_gradient);
}

void scene_write_bytes(const char *name, const void *bytes, size_t size)
{
    FILE *file = fopen(scene_path(name), "wb");
    if (!file || fwrite(bytes, 1, size, file) != size || fclose(file) != 0) abort();
}

unsigned char *scene_read_bytes(const char *name, size_t *size)
{
    struct stat status;
    *size = 0;
    FILE *file = fopen(scene_path(name), "rb");
    if (!file || fstat(fileno(file), &status) != 0) return NULL;
    unsigned char *bytes = calloc((size_t)status.st_size + 1, 1);
    *size = fread(bytes, 1, (size_t)status.st_size, file);
    fclose(file);
    return bytes;
}

/* ---- Tensors ----------------------------------------------------------------------------------------------------- */

poolgrad_image scene_tensor(poolgrad_format format, poolgrad_layout layout, int64_t images, int64_t channels,
                            int64_t height, int64_t width)
{
    const poolgrad_image size = {.images = images, .channels = channels, .height = height, .width = width};
    return view_new(format, layout, &size, 0);
}

static double number_at(random_state *r, int64_t n, int64_t c, int64_t y, int64_t x, bool special)
{
    static const double few[] = {-2, -1, -0.0, 0.0, 0.0, -0.0, 1};
    int64_t pick = random_between(r, 0, 6);
    double fraction = (double)random_between(r, -(1 << 23), 1 << 23) / (double)(1 << random_between(r, 10, 23));
    if (special && n == 0 && c == 1 && y == 2 && (x == 3 || x == 4)) return (double)NAN;
    return special && c < 4 ? few[pick] : fraction;
}

void scene_fill(const poolgrad_image *image, uint64_t seed, bool special)
{
    random_state r = {seed};
    bool unorm = image->format == POOLGRAD_UNORM8 || image->format == POOLGRAD_UNORM16;
    for (int64_t n = 0; n < image->images; n++) {
        for (int64_t c = 0; c < image->channels; c++) {
            for (int64_t y = 0; y < image->height; y++) {
                for (int64_t x = 0; x < image->width; x++) {
                    double number = number_at(&r, n, c, y, x, special);
                    if (unorm)
                        view_set_bits(image, n, c, y, x, random_bits(&r));
                    else
                        view_set_number(image, n, c, y, x, number);
                }
            }
        }
    }
}

void scene_write_numbers(const char *name, const char *item, const char *shape, const char *numbers)
{
    npyfile file = npyfile_of_numbers(item, shape, numbers);
    npyfile_write(&file, scene_folder, name);
    npyfile_free(&file);
}

void scene_write_image(const poolgrad_image *image, int rank, const char *name)
{
    npyfile file = npyfile_of_image(image, rank);
    npyfile_write(&file, scene_folder, name);
    npyfile_free(&file);
}

void scene_write(void)
{
    scene_source = scene_tensor(POOLGRAD_FLOAT32, POOLGRAD_NCHW, 2, 8, 7, 9);
    scene_gradient = scene_tensor(POOLGRAD_FLOAT32, POOLGRAD_NCHW, 2, 8, 4, 5);
    scene_fill(&scene_source, 1, true);
    scene_fill(&scene_gradient, 2, false);
    scene_write_image(&scene_source, 4, "x.npy");
    scene_write_image(&scene_gradient, 4, "g.npy");
}

static void write_zeros(poolgrad_format format, int64_t images, int64_t channels, const char *name)
{
    poolgrad_image image = scene_tensor(format, POOLGRAD_NCHW, images, channels, 4, 5);
    scene_write_image(&image, 4, name);
    view_free(&image);
}

/* Every window of 3x3 has picked nothing, but the last two have the last pixel; only one of them has it as a tap. */
static void write_bad_indices(void)
{
    poolgrad_image indices = scene_tensor(POOLGRAD_INT64, POOLGRAD_NCHW, 2, 8, 4, 5);
    memset(indices.data, -1, sizeof(int64_t) * 2 * 8 * 4 * 5);
    view_set_bits(&indices, 1, 7, 3, 4, 62);
    view_set_bits(&indices, 1, 7, 3, 3, 62);
    scene_write_image(&indices, 4, "indices.npy");
    view_free(&indices);
}

static void write_ranks(void)
{
    float three[3] = {1, 2, 3};
    npyfile file = {.descr = "<f4", .rank = 1, .shape = {3}, .data = (unsigned char *)three, .size = sizeof three};
    npyfile_write(&file, scene_folder, "rank1.npy");
    for (file.rank = 2; file.rank < NPYFILE_RANK; file.rank++) file.shape[file.rank] = 1;
    file.shape[1] = 1;
    npyfile_write(&file, scene_folder, "rank9.npy");
}

static void write_slices(void)
{
    float lanes[4] = {1, 2, 3, 4};
    npyfile file = {
        .descr = "<f4", .rank = 4, .shape = {1, 1, 1, 4}, .data = (unsigned char *)lanes, .size = sizeof lanes};
    npyfile_write(&file, scene_folder, "rank4_slices.npy");
    const npyfile none = {.descr = "<f4", .rank = 4, .shape = {0, 4, 4, 4}};
    npyfile_write(&none, scene_folder, "no_slices.npy");
}

void scene_write_bad_files(void)
{
    write_zeros(POOLGRAD_FLOAT32, 1, 8, "one_image.npy");
    write_zeros(POOLGRAD_FLOAT32, 2, 4, "four_channels.npy");
    write_zeros(POOLGRAD_UNORM8, 2, 8, "uint8.npy");
    write_zeros(POOLGRAD_UNORM16, 2, 8, "uint16.npy");
    write_zeros(POOLGRAD_TAP32, 2, 8, "uint32.npy");
    write_bad_indices();
    write_ranks();
    write_slices();
    scene_write_bytes("text.npy", "n,c,y,x\n", 8);
    scene_write_bytes("out.npy", "old", 3);
    if (mkdir(scene_path("dir"), 0777) != 0) abort();
}

/* ---- What is expected -------------------------------------------------------------------------------------------- */

poolgrad_problem scene_problem(poolgrad_direction direction, const poolgrad_image *x, const poolgrad_image *g)
{
    poolgrad_problem p;
    poolgrad_problem_init(&p, sizeof p);
    p.direction = direction;
    p.edge_mode = POOLGRAD_EDGE_CLAMP;
    p.source = view_read(*x);
    p.destination = *x;
    if (g) p.source_gradient = view_read(*g);
    p.destination.format = direction == POOLGRAD_GRADIENT ? g->format : x->format;
    if (x->format == POOLGRAD_UNORM8 || x->format == POOLGRAD_UNORM16) {
        p.destination.format = direction == POOLGRAD_GRADIENT ? g->format : POOLGRAD_FLOAT32;
    }
    return p;
}

npyfile scene_solve(const poolgrad_problem *problem, int rank, const poolgrad_image *before)
{
    poolgrad_problem p = *problem;
    poolgrad_error error = {"", ""};
    p.destination = before ? view_copy(before, before->layout)
                           : view_new(p.destination.format, p.destination.layout, &p.destination, 0);
    poolgrad_status status = poolgrad_run(&p, &error);
    cr_expect(status == POOLGRAD_OK, "%s", error.message);
    npyfile file = npyfile_of_image(&p.destination, rank);
    view_free(&p.destination);
    return file;
}

bool scene_runs_with(const char *line, const char *note)
{
    process_result result = process_run(&scene_setting, line);
    bool noted = note ? process_speaks_plainly(&result) && strstr(result.err, note) : *result.err == '\0';
    bool good = result.status == 0 && noted && result.out_size == 0;
    if (!good) fprintf(stderr, "%s\nstatus %d, signal %d: %s", line, result.status, result.signal, result.err);
    process_release(&result);
    return good;
}

bool scene_runs(const char *line)
{
    return scene_runs_with(line, NULL);
}

bool scene_gives_with(const char *line, const char *note, const char *name, npyfile expected)
{
    npyfile actual = {0};
    bool good = scene_runs_with(line, note) && npyfile_read(&actual, scene_folder, name) &&
                npyfile_same(line, &expected, &actual);
    if (!good) fprintf(stderr, "  in: %s\n", line);
    npyfile_free(&expected);
    npyfile_free(&actual);
    return good;
}

bool scene_gives(const char *line, const char *name, npyfile expected)
{
    return scene_gives_with(line, NULL, name, expected);
}

bool scene_refuses(const char *line, const char *sentence)
{
    size_t old_size, new_size;
    char *before = scene_list();
    unsigned char *old = scene_read_bytes("out.npy", &old_size);
    process_result result = process_run(&scene_setting, line);
    char *after = scene_list();
    unsigned char *new = scene_read_bytes("out.npy", &new_size);
    const char *end = strchr(result.err, '\n');
    bool one_line = end && end[1] == '\0' && strncmp(result.err, "poolgrad", strlen("poolgrad")) == 0;
    bool good = result.status == 2 && result.out_size == 0 && one_line && strstr(result.err, sentence);
    bool kept = strcmp(before, after) == 0 && old_size == new_size && (!old || memcmp(old, new, old_size) == 0);
    if (!good) fprintf(stderr, "%s\nstatus %d, signal %d: %s", line, result.status, result.signal, result.err);
    if (!kept) fprintf(stderr, "%s\nfolder before: %s\nand after:     %s\n", line, before, after);
    process_release(&result);
    free(before);
    free(after);
    free(old);
    free(new);
    return good && kept;
}
