/* SPDX-License-Identifier: Apache-2.0 */
/* verify: files to problem and declaration, verdicts, report. */
#include "cli/verify.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/integer.h"
#include "cli/commands.h"
#include "cli/declaration.h"
#include "cli/packages.h"
#include "cli/picture.h"
#include "cli/progress.h"
#include "cli/setup.h"

enum { PROGRESS_PARTS = 1000 };

void poolgrad_verify_free(struct verify *verify)
{
    poolgrad_verification_destroy(verify->verification);
    poolgrad_inputs_free(&verify->inputs);
    poolgrad_tensor_free(&verify->actual);
    poolgrad_tensor_free(&verify->before);
    poolgrad_output_discard(&verify->json);
    poolgrad_output_discard(&verify->report);
}

int poolgrad_check_direction(const struct options *options)
{
    const bool gradient = poolgrad_is_gradient(options);
    const int mine = gradient ? COMMAND_GRADIENT : COMMAND_FORWARD, other = COMMAND_FORWARD + COMMAND_GRADIENT - mine;
    for (int i = 0; i < OPTION_COUNT; i++) {
        const struct option_description *option = &poolgrad_options[i];
        if (!poolgrad_given(options, (enum option)i) || !(option->commands & other) || (option->commands & mine))
            continue;
        return poolgrad_fail(options, "--%s is about %s; expected options of %s, %s --source-gradient", option->name,
                             gradient ? "forward pooling" : "a gradient", gradient ? "a gradient" : "forward pooling",
                             gradient ? "there is a" : "there is no");
    }
    return 0;
}

bool poolgrad_verify_passes(const struct verify *verify)
{
    const poolgrad_verification *v = verify->verification;
    return (verify->strict ? poolgrad_verification_passes_strictly(v) : poolgrad_verification_passes(v)) != 0;
}

static bool is_clipped(const struct options *options)
{
    for (int option = OPTION_CLIP_X; option <= OPTION_CLIP_IMAGES; option++) {
        if (poolgrad_given(options, (enum option)option)) return true;
    }
    return poolgrad_given(options, OPTION_DESTINATION_CHANNEL_OFFSET);
}

static int refuse_gradient_size(const struct options *options, const poolgrad_problem *p,
                                const poolgrad_const_image *actual)
{
    const poolgrad_const_image *gradient = &p->source_gradient;
    char is[TENSOR_SIZES], expected[TENSOR_SIZES];
    const bool swapped = actual->height == gradient->height && actual->width == gradient->width &&
                         actual->depth == gradient->depth;
    poolgrad_tensor_sizes(actual, true, is);
    poolgrad_tensor_sizes(&p->source, false, expected);
    return poolgrad_fail(options, "--actual is %s; expected %s, as the source%s", is, expected,
                         swapped ? "; --source and --source-gradient may be swapped" : "");
}

/* Unless only a part of it is written, the output has the size that the problem gives it. */
static int check_size(const struct options *options, const poolgrad_problem *p, const poolgrad_image *actual)
{
    const poolgrad_const_image image = poolgrad_image_as_const(actual);
    const poolgrad_image *d = &p->destination;
    const int64_t is[AXES] = {actual->width, actual->height, poolgrad_max(actual->depth, 1)};
    const int64_t expected[AXES] = {d->width, d->height, poolgrad_max(d->depth, 1)};
    const int axes = poolgrad_count_axes(options, p);
    char is_text[AXIS_SIZES], expected_text[AXIS_SIZES], fitting[FIT_OPTIONS] = "";
    if (is_clipped(options)) return 0;
    if (p->direction == POOLGRAD_GRADIENT)
        return poolgrad_tensor_same_sizes(&image, &p->source) ? 0 : refuse_gradient_size(options, p, &image);
    if (memcmp(is, expected, sizeof is) == 0) return 0;
    if (!poolgrad_given(options, OPTION_PADDING_POLICY)) poolgrad_fit_options(options, p, is, fitting);
    poolgrad_axis_sizes(axes, is, true, is_text);
    poolgrad_axis_sizes(axes, expected, false, expected_text);
    return poolgrad_fail(options, "--actual is %s; expected %s by the options%s%s", is_text, expected_text,
                         *fitting ? ", or " : "", fitting);
}

static int read_before(const struct options *options, struct verify *verify)
{
    const enum option option = poolgrad_given(options, OPTION_ADD_TO) ? OPTION_ADD_TO : OPTION_BEFORE;
    verify->inputs.problem.add_to_destination = option == OPTION_ADD_TO;
    if (!poolgrad_given(options, option)) return 0;
    if (option == OPTION_ADD_TO && poolgrad_given(options, OPTION_BEFORE)) {
        return poolgrad_fail(options, "--before is given beside --add-to; expected one of them");
    }
    if (poolgrad_tensor_read(options, poolgrad_file(options, option), OPTION_ACTUAL_FORMAT, TENSOR_GRADIENT,
                             &verify->before) != 0)
        return 2;
    const poolgrad_image *before = &verify->before.image, *actual = &verify->actual.image;
    verify->before_image = poolgrad_image_as_const(before);
    verify->declaration.before = &verify->before_image;
    const poolgrad_const_image judged = poolgrad_image_as_const(actual);
    if (before->format == actual->format && poolgrad_tensor_same_sizes(&verify->before_image, &judged)) return 0;
    char is[TENSOR_SIZES], expected[TENSOR_SIZES];
    poolgrad_tensor_sizes(&verify->before_image, true, is);
    poolgrad_tensor_sizes(&judged, false, expected);
    return poolgrad_fail(options, "--%s is %s %s; expected %s %s, as --actual", poolgrad_options[option].name,
                         poolgrad_format_name(before->format), is, poolgrad_format_name(actual->format), expected);
}

/* The rules of ties and NaNs that are kept are the case's. */
static int read_case(const struct options *options, struct verify *verify)
{
    static const enum option required[] = {OPTION_ACTUAL};
    int status = poolgrad_setup_required(options, required, 1);
    if (status == 0) status = poolgrad_declaration_read(options, &verify->declaration);
    return status == 0 ? poolgrad_verify_read_case(options, verify) : status;
}

int poolgrad_verify_read(const struct options *options, struct verify *verify)
{
    static const enum option required[] = {OPTION_SOURCE, OPTION_ACTUAL};
    const bool gradient = poolgrad_is_gradient(options);
    poolgrad_problem *p = &verify->inputs.problem;
    verify->strict = poolgrad_given(options, OPTION_STRICT);
    verify->no_causes = poolgrad_given(options, OPTION_NO_CAUSES);
    if (poolgrad_given(options, OPTION_CASE)) return read_case(options, verify);
    if (poolgrad_given(options, OPTION_KEEP_TIE_RULE))
        return poolgrad_fail(options, "--keep-tie-rule is given without --case; expected --ties WORD, a rule");
    if (poolgrad_given(options, OPTION_KEEP_NAN_RULE))
        return poolgrad_fail(options, "--keep-nan-rule is given without --case; expected --nan WORD, a rule");
    verify->kind = options->value[OPTION_KIND].text;
    verify->dialect = options->dialect;
    int status = poolgrad_check_direction(options);
    if (status == 0) status = poolgrad_setup_required(options, gradient ? required + 1 : required, gradient ? 1 : 2);
    if (status == 0) status = poolgrad_declaration_read(options, &verify->declaration);
    if (status == 0) {
        status = poolgrad_inputs_read(options, gradient ? POOLGRAD_GRADIENT : POOLGRAD_FORWARD, &verify->inputs);
    }
    if (status == 0) {
        status = poolgrad_tensor_read(options, poolgrad_file(options, OPTION_ACTUAL), OPTION_ACTUAL_FORMAT,
                                      TENSOR_GRADIENT, &verify->actual);
    }
    if (status == 0) status = check_size(options, p, &verify->actual.image);
    if (status == 0) status = read_before(options, verify);
    if (status == 0) poolgrad_fit_gradient(options, p, verify->fit);
    if (status != 0) return status;
    p->destination = verify->actual.image;
    if (poolgrad_count_axes(options, p) == AXES) p->destination.depth = poolgrad_max(p->destination.depth, 1);
    return 0;
}

/* ---- Results ----------------------------------------------------------------------------------------------------- */

/* Before the work, so that a folder that cannot be written to costs no time. */
static int open_results(const struct options *options, struct verify *verify)
{
    int status = 0;
    if (poolgrad_given(options, OPTION_JSON)) {
        status = poolgrad_output_open(options, poolgrad_file(options, OPTION_JSON), &verify->json);
    }
    if (status != 0 || !poolgrad_given(options, OPTION_REPORT)) return status;
    if (!poolgrad_has_pictures()) {
        return poolgrad_fail(options, "--report is given; expected a poolgrad built with libpng, which draws its "
                                      "pictures; install " POOLGRAD_PICTURE_PACKAGES);
    }
    return poolgrad_output_open(options, poolgrad_file(options, OPTION_REPORT), &verify->report);
}

static int write_results(const struct options *options, struct verify *verify)
{
    struct output *const outputs[] = {&verify->json, &verify->report};
    int status = 0;
    if (!poolgrad_writes_stdout(options)) poolgrad_verify_print(verify);
    if (verify->json.file) poolgrad_verify_print_json(verify, verify->json.file);
    if (verify->report.file && !poolgrad_verify_print_page(verify, verify->report.file)) {
        return poolgrad_fail(options, "--report does not fit into memory");
    }
    for (int i = 0; i < 2; i++) {
        if (status == 0 && outputs[i]->file) status = poolgrad_output_close(options, outputs[i]);
    }
    for (int i = 0; i < 2; i++) {
        if (status == 0 && outputs[i]->path) status = poolgrad_output_commit(options, outputs[i]);
    }
    return status;
}

static void show_progress(void *context, double share)
{
    poolgrad_progress_update(context, (int64_t)((double)PROGRESS_PARTS * share));
}

static int verify_files(const struct options *options, struct verify *verify)
{
    const poolgrad_problem *p = &verify->inputs.problem;
    poolgrad_error error;
    int status = poolgrad_verify_read(options, verify);
    if (status == 0 && poolgrad_given(options, OPTION_PRINT_PROBLEM)) return poolgrad_print_problem(options, p);
    if (status == 0) status = open_results(options, verify);
    if (status != 0) return status;
    if (!verify->name) poolgrad_setup_notes(options, p);
    struct progress progress = poolgrad_progress_begin("verify", PROGRESS_PARTS);
    if (progress.wanted) {
        verify->declaration.progress = show_progress;
        verify->declaration.progress_context = &progress;
    }
    poolgrad_status found = poolgrad_verify(p, &verify->declaration, &verify->verification, &error);
    if (found == POOLGRAD_OK && !verify->no_causes && !poolgrad_verification_passes(verify->verification)) {
        poolgrad_progress_say(&progress, "looks for likely causes");
        found = poolgrad_verification_find_causes(verify->verification, &error);
    }
    poolgrad_progress_end(&progress);
    if (found != POOLGRAD_OK) return poolgrad_setup_refused(options, &error);
    status = write_results(options, verify);
    if (status != 0) return status;
    return poolgrad_verify_passes(verify) ? 0 : 1;
}

int poolgrad_command_verify(const struct options *options)
{
    struct verify verify = {0};
    int status = verify_files(options, &verify);
    poolgrad_verify_free(&verify);
    return status;
}
