/* SPDX-License-Identifier: Apache-2.0 */
#include "real_case.h"

#include "cli/setup.h"
#include <stdio.h>
#include <string.h>

enum { MAX_TEXT = 1024, MAX_WORDS = 64, MAX_PATH = 4096 };

static bool say(const char *folder, const char *what)
{
    fprintf(stderr, "%s: %s\n", folder, what);
    return false;
}

/* ---- Reading ------------------------------------------------------------------------------------------------- */

static bool read_text(const char *folder, char text[MAX_TEXT])
{
    char path[MAX_PATH];
    if (snprintf(path, sizeof path, "%s/options", folder) >= MAX_PATH) return say(folder, "the name is too long");
    FILE *file = fopen(path, "r");
    if (!file) return say(folder, "has no file 'options' that can be read");
    size_t size = fread(text, 1, MAX_TEXT, file);
    (void)fclose(file);
    if (size == MAX_TEXT) return say(folder, "the file 'options' is longer than a command line should be");
    text[size] = '\0';
    return true;
}

/* Cuts the text into words; their number, or -1 for too many. */
static int split(char *text, char *word[MAX_WORDS])
{
    static const char blank[] = " \t\r\n";
    int count = 0;
    for (char *at = text + strspn(text, blank); *at; at += strspn(at, blank)) {
        if (count == MAX_WORDS) return -1;
        word[count++] = at;
        at += strcspn(at, blank);
        if (*at) *at++ = '\0';
    }
    return count;
}

static bool read_tensor(const struct options *options, const char *folder, const char *name, enum tensor_role role,
                        struct tensor *tensor)
{
    char path[MAX_PATH];
    if (snprintf(path, sizeof path, "%s/%s.npy", folder, name) >= MAX_PATH) return say(folder, "the name is too long");
    struct options with_file = *options;
    with_file.value[OPTION_SOURCE].given = true;
    with_file.value[OPTION_SOURCE].text = path;
    return poolgrad_tensor_read(&with_file, poolgrad_file(&with_file, OPTION_SOURCE), OPTION_COUNT, role, tensor) == 0;
}

static bool same_size(const poolgrad_image *a, const poolgrad_const_image *b)
{
    return a->images == b->images && a->channels == b->channels && a->height == b->height && a->width == b->width;
}

static bool make_problem(real_case *made, const struct options *options, const char *folder)
{
    poolgrad_problem *p = &made->problem;
    if (poolgrad_setup_required(options, (const enum option[]){OPTION_KIND}, 1) != 0 ||
        poolgrad_setup_rules(options, POOLGRAD_GRADIENT, p) != 0 ||
        !read_tensor(options, folder, "source", TENSOR_SOURCE, &made->source) ||
        !read_tensor(options, folder, "source_gradient", TENSOR_GRADIENT, &made->source_gradient) ||
        !read_tensor(options, folder, "destination_gradient", TENSOR_GRADIENT, &made->expected)) {
        return false;
    }
    p->source = poolgrad_image_as_const(&made->source.image);
    p->source_gradient = poolgrad_image_as_const(&made->source_gradient.image);
    made->destination = made->expected;
    made->destination.image.data = NULL;
    if (poolgrad_setup_placement(options, p) != 0 ||
        poolgrad_tensor_allocate(options, OPTION_OUTPUT, &made->destination) != 0) {
        return false;
    }
    p->destination = made->destination.image;
    if (!same_size(&made->expected.image, &p->source)) return say(folder, "source and its gradient differ in size");
    if (made->expected.image.format != POOLGRAD_FLOAT32) return say(folder, "the expected gradient is not float32");
    return true;
}

bool real_case_read(real_case *made, const char *folder)
{
    char text[MAX_TEXT], *word[MAX_WORDS];
    struct options options;
    *made = (real_case){.problem = {0}};
    if (!read_text(folder, text)) return false;
    int count = split(text, word);
    if (count < 0) return say(folder, "the file 'options' has too many words");
    if (poolgrad_options_parse(&options, COMMAND_GRADIENT, count, word) == 0 && make_problem(made, &options, folder))
        return true;
    real_case_free(made);
    return say(folder, "cannot be used");
}

void real_case_free(real_case *made)
{
    poolgrad_tensor_free(&made->source);
    poolgrad_tensor_free(&made->source_gradient);
    poolgrad_tensor_free(&made->destination);
    poolgrad_tensor_free(&made->expected);
}

/* ---- Comparing ----------------------------------------------------------------------------------------------- */

/* Neighbouring numbers have neighbouring places; both zeros have the place 0. */
static int64_t place(uint32_t bits)
{
    int64_t magnitude = bits & UINT32_C(0x7fffffff);
    return bits >> 31 ? -magnitude : magnitude;
}

static int64_t distance(uint32_t a, uint32_t b)
{
    static const int64_t infinity = 0x7f800000;
    int64_t from = place(a), to = place(b);
    if (from > infinity || from < -infinity || to > infinity || to < -infinity) return INT64_MAX;
    return from < to ? to - from : from - to;
}

real_agreement real_case_compare(const poolgrad_image *actual, const poolgrad_image *expected)
{
    const unsigned char *a = actual->data, *b = expected->data;
    real_agreement agreement = {.elements = expected->images * expected->channels * expected->height * expected->width};
    for (int64_t i = 0; i < agreement.elements; i++) {
        uint32_t got, wanted;
        memcpy(&got, a + i * (int64_t)sizeof got, sizeof got);
        memcpy(&wanted, b + i * (int64_t)sizeof wanted, sizeof wanted);
        if (got == wanted) continue;
        int64_t ulp = distance(got, wanted);
        agreement.different++;
        if (ulp > agreement.greatest_ulp) agreement.greatest_ulp = ulp;
    }
    return agreement;
}

bool real_case_agrees(const poolgrad_problem *problem, const real_agreement *agreement)
{
    if (problem->kind == POOLGRAD_L2NORM) return agreement->greatest_ulp <= REAL_CASE_L2NORM_ULP;
    return agreement->different == 0;
}
