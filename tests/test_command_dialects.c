/* SPDX-License-Identifier: Apache-2.0 */
/* --dialect from outside: each framework's words beside poolgrad's own, what is refused, and what is suggested. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/dialect_words.h"
#include "support/npyfile.h"
#include "support/process.h"
#include "support/scene.h"

/* ---- The same in two languages ----------------------------------------------------------------------------------- */

static void enter(void)
{
    scene_enter();
    scene_write();
}

/* Whether two lines that leave a file each leave the same bytes in both; with picks, in these as well. */
static bool same_files(const char *name, const char *other)
{
    size_t size = 0, other_size = 0;
    unsigned char *bytes = scene_read_bytes(name, &size), *others = scene_read_bytes(other, &other_size);
    const bool same = bytes && others && size == other_size && memcmp(bytes, others, size) == 0;
    free(bytes);
    free(others);
    return same;
}

static bool says_the_same(const char *command, const char *dialect, const char *own)
{
    char line[SCENE_LINE];
    snprintf(line, sizeof line, "%s %s --output a.npy", command, dialect);
    bool good = scene_runs(line);
    snprintf(line, sizeof line, "%s %s --output b.npy", command, own);
    good = good && scene_runs(line) && same_files("a.npy", "b.npy");
    if (!good) cr_log_error("%s | %s", dialect, own);
    return good;
}

/* 9 x 7 pixels (width x height). */
#define FORWARD "forward --source x.npy --kind"

Test(command_dialects, words_of_torch, .init = enter, .fini = scene_leave)
{
    cr_expect(says_the_same(FORWARD " max", "--dialect torch --kernel_size 2 --padding 1 --ceil_mode",
                            "--kernel 2 --stride 2 --pad 1 --ceil-drop --nan last"));
    cr_expect(says_the_same(FORWARD " average", "--kernel_size=3,2 --stride 2,1 --padding 1,0 --dialect=torch",
                            "--kernel-height 3 --kernel-width 2 --stride-y 2 --pad-top 1 --count-include-pad"));
    cr_expect(says_the_same(FORWARD " average",
                            "--dialect torch --kernel_size 3 --padding 1 --count_include_pad false --ceil_mode 1",
                            "--kernel 3 --stride 3 --pad 1 --ceil-drop"));
    cr_expect(says_the_same(FORWARD " average", "--dialect torch --kernel_size 3 --padding 1 --divisor_override -5",
                            "--kernel 3 --stride 3 --pad 1 --divisor -5"));
    cr_expect(says_the_same(FORWARD " max", "--dialect torch --kernel_size 2 --stride 1 --dilation 3,2",
                            "--kernel 2 --dilation-y 3 --dilation-x 2 --nan last"));
    cr_expect(says_the_same(FORWARD " average", "--dialect torch --output_size 3,4",
                            "--adaptive-height 3 --adaptive-width 4"));
    cr_expect(says_the_same(FORWARD " max", "--dialect torch --output_size 3", "--adaptive 3 --nan last"));
    cr_expect(
        says_the_same(FORWARD " l2norm", "--dialect torch --kernel_size 3 --norm_type 2", "--kernel 3 --stride 3"));
    cr_expect(says_the_same("gradient --source x.npy --source-gradient g.npy --kind average",
                            "--dialect torch --kernel_size 3 --stride 2 --padding 1",
                            "--kernel 3 --stride 2 --pad 1 --count-include-pad"));
    cr_expect(says_the_same("gradient --source x.npy --source-gradient g.npy --kind max",
                            "--dialect torch --kernel_size 3 --stride 2 --padding 1 --ties split --nan ignore",
                            "--kernel 3 --stride 2 --pad 1 --ties split --nan ignore"));
}

Test(command_dialects, words_of_the_others, .init = enter, .fini = scene_leave)
{
    cr_expect(says_the_same(FORWARD " max", "--dialect onnx --kernel_shape 2 --strides 2 --auto_pad SAME_LOWER",
                            "--kernel 2 --stride 2 --padding-policy same"));
    cr_expect(says_the_same(FORWARD " average",
                            "--dialect onnx --kernel_shape 3,2 --pads 1,0,2,1 --dilations 1,2 --count_include_pad true",
                            "--kernel-height 3 --kernel-width 2 --dilation-x 2 --pad-top 1 --pad-bottom 2 --pad-left 0 "
                            "--pad-right 1 --count-include-pad"));
    cr_expect(says_the_same(FORWARD " max",
                            "--dialect tensorflow --ksize 1,3,2,1 --strides 2,2 --padding SAME --nan first",
                            "--kernel-height 3 --kernel-width 2 --stride 2 --padding-policy same --remainder-to "
                            "bottom-right"));
    cr_expect(says_the_same(FORWARD " average",
                            "--dialect tensorflow --ksize 2 --strides 3 --padding VALID --data_format NCHW",
                            "--kernel 2 --stride 3"));
    cr_expect(
        says_the_same(FORWARD " max",
                      "--dialect tensorflow --ksize 3 --strides 2 --padding EXPLICIT --explicit_paddings "
                      "0,0,1,2,0,1,0,0",
                      "--kernel 3 --stride 2 --pad-top 1 --pad-bottom 2 --pad-left 0 --pad-right 1 --nan ignore"));
    cr_expect(says_the_same(FORWARD " average", "--dialect caffe --kernel_size 3 --stride 2 --pad_h 1 --pad_w 2",
                            "--kernel 3 --stride 2 --pad-top 1 --pad-left 2 --ceil-drop --count-include-pad"));
    cr_expect(says_the_same(FORWARD " max", "--dialect caffe --global_pooling --round_mode FLOOR",
                            "--kernel-width 9 --kernel-height 7 --nan ignore"));
    cr_expect(says_the_same(FORWARD " average",
                            "--dialect cudnn --windowDim 3 --padding 1 --stride 2,1 --mode "
                            "CUDNN_POOLING_AVERAGE_COUNT_EXCLUDE_PADDING --mode reference",
                            "--kernel 3 --pad 1 --stride-y 2 --mode reference"));
    cr_expect(says_the_same(FORWARD " max",
                            "--dialect cudnn --windowDimA 3 --paddingA 1 --strideA 2 --maxpoolingNanOpt "
                            "CUDNN_PROPAGATE_NAN",
                            "--kernel 3 --pad 1 --stride 2"));
    cr_expect(says_the_same(FORWARD " average",
                            "--dialect onednn --kernel 2 --strides 1,2 --dilation 1,0 --padding_l 1 --padding_r 0,-1 "
                            "--alg_kind pooling_avg_include_padding",
                            "--kernel 2 --stride-x 2 --dilation-y 2 --pad 1 --pad-bottom 0 --pad-right -1 "
                            "--count-include-pad"));
}

/* Volumes, rows, and TensorFlow's layout. */
Test(command_dialects, arrays_of_every_rank, .init = enter, .fini = scene_leave)
{
    const float volume[16] = {1, 9, 2, 8, 3, 7, 4, 6, 5, 5, 6, 4, 7, 3, 8, 2};
    poolgrad_image image = scene_tensor(POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 2, 2, 4);
    memcpy(image.data, volume, sizeof volume);
    scene_write_image(&image, 3, "chw.npy");
    free(image.data);
    image = scene_tensor(POOLGRAD_FLOAT32, POOLGRAD_NHWC, 1, 2, 2, 4);
    memcpy(image.data, volume, sizeof volume);
    scene_write_image(&image, 4, "nhwc.npy");
    free(image.data);
    cr_expect(says_the_same("forward --source chw.npy --dimensions 3 --kind max", "--dialect torch --kernel_size 2,1,2",
                            "--kernel 2 --kernel-height 1 --stride 2 --stride-y 1 --nan last"));
    cr_expect(says_the_same("forward --source chw.npy --dimensions 1 --kind average",
                            "--dialect torch --kernel_size 3 --stride 1 --padding 1",
                            "--kernel 3 --pad 1 --count-include-pad"));
    cr_expect(says_the_same("forward --source nhwc.npy --kind max",
                            "--dialect tensorflow --ksize 2 --strides 1 --padding VALID --data_format NHWC",
                            "--layout nhwc --kernel 2 --nan ignore"));
    /* A data format says how many axes the files have: of rank 4, a volume without its images. */
    cr_expect(says_the_same("forward --source nhwc.npy --kind max",
                            "--dialect tensorflow --ksize 1,2,2 --strides 1 --padding VALID --data_format NDHWC",
                            "--layout ndhwc --kernel 2 --kernel-depth 1 --nan ignore"));
    cr_expect(says_the_same("forward --source chw.npy --kind average",
                            "--dialect tensorflow --ksize 2 --strides 2 --padding VALID --data_format NCW",
                            "--dimensions 1 --kernel 2 --stride 2"));
    cr_expect(says_the_same("forward --source chw.npy --kind average --dimensions 3",
                            "--dialect tensorflow --ksize 2 --strides 1 --padding VALID --data_format NCDHW",
                            "--kernel 2"));
    cr_expect(scene_refuses("forward --source nhwc.npy --output out.npy --kind max --dimensions 2 --dialect tensorflow "
                            "--ksize 2 --strides 1 --padding VALID --data_format NDHWC",
                            "--data_format names 3 axes; expected 2, as --dimensions or a layout says"));
    cr_expect(scene_refuses("forward --source nhwc.npy --output out.npy --kind max --layout ndhwc --dialect tensorflow "
                            "--ksize 2 --strides 1 --padding VALID --data_format NWC",
                            "--data_format names 1 axis; expected 3, as --dimensions or a layout says"));
    cr_expect(scene_refuses("forward --source chw.npy --output out.npy --kind max --dialect tensorflow --ksize 2 "
                            "--strides 1 --padding VALID --data_format NDHWC --layout nhwc --dimensions 1",
                            "--data_format names 3 axes; expected 1"));
    cr_expect(scene_refuses("forward --source chw.npy --output out.npy --kind max --dimensions 1 --dialect caffe "
                            "--kernel_size 2",
                            "--dialect caffe: dimensions is 1; expected 2"));
    cr_expect(scene_refuses("forward --source chw.npy --dimensions 3 --output out.npy --kind max --dialect torch "
                            "--kernel_size 2,2",
                            "--kernel_size has 2 values; expected 1 or 3, of 3 axes"));
}

/* ---- In poolgrad's words ----------------------------------------------------------------------------------------- */

static bool prints(const char *line, const char *expected)
{
    process_result result = process_run(&scene_setting, line);
    const bool good = result.status == 0 && strstr(result.out, expected) && !strstr(result.out, "dialect");
    if (!good) cr_log_error("%s: %s%s", line, result.out, result.err);
    process_release(&result);
    return good;
}

Test(command_dialects, problems_are_printed, .init = enter, .fini = scene_leave)
{
    cr_expect(prints(FORWARD " average --output out.npy --print-problem --dialect torch --kernel_size 3 --stride 2 "
                             "--padding 1",
                     "--kernel-width 3 --kernel-height 3 --stride-x 2 --stride-y 2 --pad-left 1 --pad-top 1 "
                     "--output-width 5 --output-height 4 --zero-pad-x 1 --zero-pad-y 1"));
    cr_expect(prints(FORWARD " max --output out.npy --print-problem --dialect torch --output_size 3", "--nan last"));
    cr_expect(prints(FORWARD " average --output out.npy --print-problem --dialect torch --output_size 4",
                     "--adaptive-width 4 --adaptive-height 4"));
}

/* ---- Refusals ---------------------------------------------------------------------------------------------------- */

#define F FORWARD " max --output out.npy "
#define TORCH_WORDS                                                                                                    \
    "--kernel_size, --stride, --padding, --dilation, --ceil_mode, --count_include_pad, --divisor_override, "           \
    "--norm_type or --output_size"

static const struct {
    const char *line, *sentence;
} refused[] = {
    {F "--dialect pytorch --kernel_size 3", "--dialect is 'pytorch'; expected torch, onnx, tensorflow, caffe, cudnn or "
                                            "onednn"},
    {F "--kernel_size 3 --dialect", "--kernel_size is no option of this command"},
    {F "--dialect torch", "--kernel_size: kernel_size[1] is not set; expected a value"},
    {F "--dialect torch --kernel_size", "--kernel_size has no value; expected N[,N...]"},
    {F "--dialect torch --kernel_size 3x3", "--kernel_size is '3x3'; expected integers with commas between them"},
    {F "--dialect torch --kernel_size 3,", "--kernel_size is '3,'; expected integers"},
    {F "--dialect torch --kernel_size 1,2,3", "--kernel_size has 3 values; expected 1 or 2, of 2 axes"},
    {F "--dialect torch --kernel_size -9223372036854775808", "--kernel_size is '-9223372036854775808'; expected"},
    {F "--dialect torch --kernel_size 3 --kernel_size 3", "--kernel_size is given twice; expected it once"},
    {F "--dialect torch --kernel_size 3 --dialect torch", "--dialect is given twice; expected it once"},
    {F "--dialect torch --kernel_size 3 --ceil_mode yes", "--ceil_mode is 'yes'; expected true, false, 1 or 0"},
    {F "--dialect torch --kernel_size 3 --padding 2", "--padding: padding[1] is 2 where the kernel's size is 3;"},
    {F "--dialect torch --kernel_size 10", "--source: source.width is 9 and 9 with its pads"},
    {F "--dialect torch --kernel_size 3 --pad 1",
     "--pad is given beside --dialect torch; expected that framework's words: " TORCH_WORDS},
    {F "--dialect torch --kernel_size 3 --count-include-pad", "--count-include-pad is given beside --dialect torch"},
    {F "--dialect torch --kernel_size 3 --divisor 3", "--divisor is given beside --dialect torch"},
    {F "--dialect torch --kernel_size 3 --edge-mode zero", "--edge-mode is given beside --dialect torch"},
    {F "--dialect torch --kernel_size 3 --output-width 3", "--output-width is given beside --dialect torch"},
    {F "--dialect torch --ksize 3", "--ksize is a word of --dialect tensorflow; expected those of torch: " TORCH_WORDS},
    {F "--dialect caffe --kernel_shape 3", "--kernel_shape is a word of --dialect onnx; expected those of caffe"},
    {F "--dialect torch --kernelsize 3", "--kernelsize is no word of --dialect torch; expected " TORCH_WORDS},
    {F "--dialect torch --kernel_size 3 --sorce y", "--sorce is no option of this command; did you mean --source?"},
    {F "--dialect onnx --kernel_shape 3 --auto_pad same", "--auto_pad is 'same'; expected NOTSET, SAME_UPPER,"},
    {F "--dialect onnx --kernel_shape 3 --auto_pad VALID --pads 1",
     "--pads: pads[0] is 1; expected nothing beside auto_pad VALID"},
    {F "--dialect onnx --kernel_shape 3 --storage_order 1 --picks p.npy", "--storage_order: storage_order is 1;"},
    {F "--dialect onnx --kernel_shape 3 --count_include_pad", "--count_include_pad: count_include_pad is 1; expected"},
    {F "--dialect tensorflow --ksize 1,2,2,2 --strides 2 --padding SAME", "--ksize: ksize[3] is 2; expected 1"},
    {F "--dialect tensorflow --ksize 2 --strides 2", "--padding: padding is not set; expected VALID"},
    {F "--dialect tensorflow --ksize 2 --strides 2 --padding EXPLICIT --explicit_paddings 1",
     "--explicit_paddings has 1 values; expected 8, of 2 axes"},
    {F "--dialect tensorflow --ksize 2 --strides 2 --padding SAME --data_format NHWC --layout nchw",
     "--data_format says that channels come last; expected what --layout nchw says"},
    {F "--dialect caffe --kernel_h 3", "--kernel_w: kernel_w is not set; expected both kernel_h and kernel_w"},
    {F "--dialect cudnn --windowDim 3 --stride 1 --mode CUDNN_POOLING_AVERAGE_COUNT_INCLUDE_PADDING",
     "--mode: mode is 1; expected CUDNN_POOLING_MAX (0)"},
    {F "--dialect cudnn --windowDim 3 --stride 1 --mode nothing", "--mode is 'nothing'; expected CUDNN_POOLING_MAX,"},
    {FORWARD " l2norm --output out.npy --dialect caffe --kernel_size 3",
     "--dialect caffe: kind is 2; expected average"},
    {FORWARD " l2norm --output out.npy --dialect torch --kernel_size 3 --root-mean", "--dialect torch: root_mean is 1"},
    {"gradient --source x.npy --source-gradient g.npy --output out.npy --kind max --dialect torch --kernel_size 3",
     "--source-gradient: source_gradient.width is 5; expected 3, what torch makes of a source of 9"},
};

Test(command_dialects, refusals, .init = enter, .fini = scene_leave)
{
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        cr_expect(scene_refuses(refused[i].line, refused[i].sentence), "%s", refused[i].sentence);
}

/* Without --dialect a sentence names the option that is meant, and the dialects that have the word. */
Test(command_dialects, suggestions, .init = enter, .fini = scene_leave)
{
    static const char *const told[][2] = {
        {F "--kernel_size 3", "poolgrad forward: --kernel_size is no option of this command; did you mean --kernel? (a "
                              "word of --dialect torch or caffe)"},
        {F "--strides 3", "did you mean --stride? (a word of --dialect onnx, tensorflow or onednn)"},
        {F "--ceil_mode", "did you mean --ceil-mode? (a word of --dialect torch or onnx)"},
        {F "--maxpoolingNanOpt=1", "--maxpoolingNanOpt is no option of this command; did you mean --dialect cudnn with "
                                   "it?"},
        {F "--kernel-size 3", "forward: --kernel-size is no option of this command; did you mean --kernel?\n"},
        {"bench --kernel_size 3", "bench: --kernel_size is no option of this command; did you mean --kernel?\n"}};
    for (size_t i = 0; i < sizeof told / sizeof *told; i++) cr_expect(scene_refuses(told[i][0], told[i][1]));
}

/* ---- Help and completions ---------------------------------------------------------------------------------------- */

static bool holds_words(const char *line, const char *before)
{
    process_result result = process_run(NULL, line);
    bool good = result.status == 0;
    for (int i = 0; poolgrad_dialect_at(i); i++) {
        const struct dialect *dialect = poolgrad_dialect_at(i);
        for (int k = 0; k < dialect->word_count; k++) {
            char word[64];
            snprintf(word, sizeof word, "%s%s", before, dialect->words[k].option.name);
            if (strstr(result.out, word)) continue;
            cr_log_error("%s: no %s of %s", line, word, dialect->name);
            good = false;
        }
    }
    process_release(&result);
    return good;
}

Test(command_dialects, help_and_completions_know_the_words)
{
    cr_expect(holds_words("forward --help", "  --"));
    cr_expect(holds_words("gradient --help", "  --"));
    cr_expect(holds_words("completion bash", " --"));
    cr_expect(holds_words("completion zsh", "--"));
    cr_expect(holds_words("completion fish", " -l "));
}

/* No word is so long, or so many are there, that something would be cut. */
Test(command_dialects, tables_fit)
{
    int dialects = 0;
    for (; poolgrad_dialect_at(dialects); dialects++) {
        const struct dialect *dialect = poolgrad_dialect_at(dialects);
        cr_expect(dialect->word_count <= DIALECT_WORDS);
        cr_expect_str_eq(poolgrad_options[OPTION_DIALECT].choices[dialects].name, dialect->name);
        cr_expect_eq(poolgrad_options[OPTION_DIALECT].choices[dialects].value, dialects);
        for (int k = 0; k < dialect->word_count; k++) {
            const char *name = dialect->words[k].option.name;
            cr_expect_eq(poolgrad_dialect_find(dialect, name, strlen(name)), k);
        }
    }
    cr_expect_null(poolgrad_options[OPTION_DIALECT].choices[dialects].name);
}
