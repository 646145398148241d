/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/options.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <poolgrad/poolgrad.h>

#include "cli/dialect_words.h"
#include "cli/suggest.h"
#include "measure/workload.h"

#define VERIFY COMMAND_VERIFY
#define EXPLAIN COMMAND_EXPLAIN
#define JUDGES (VERIFY | EXPLAIN) /* of an output that is there */
#define FORWARD (COMMAND_FORWARD | JUDGES)
#define GRADIENT (COMMAND_GRADIENT | JUDGES)
#define MAKERS (COMMAND_FORWARD | COMMAND_GRADIENT) /* of an output */
#define BENCH COMMAND_BENCH
#define GRAPH COMMAND_GRAPH
#define BOTH (FORWARD | GRADIENT)
#define SHAPE (BENCH | COMMAND_INFO) /* of what is measured, or told about */
#define ALL (BOTH | SHAPE)
#define SUITE COMMAND_SUITE
#define EVERY (ALL | GRAPH)

static const struct choice kinds[] = {{"average", POOLGRAD_AVERAGE},
                                      {"max", POOLGRAD_MAX},
                                      {"l2norm", POOLGRAD_L2NORM},
                                      {"dilated-max", POOLGRAD_MAX},
                                      {NULL, 0}};
static const struct choice edge_modes[] = {{"zero", POOLGRAD_EDGE_ZERO}, {"clamp", POOLGRAD_EDGE_CLAMP}, {NULL, 0}};
static const struct choice tie_rules[] = {{"first", POOLGRAD_TIES_FIRST},
                                          {"last", POOLGRAD_TIES_LAST},
                                          {"all", POOLGRAD_TIES_ALL},
                                          {"split", POOLGRAD_TIES_SPLIT},
                                          {NULL, 0}};
static const struct choice nan_rules[] = {
    {"first", POOLGRAD_NAN_FIRST}, {"last", POOLGRAD_NAN_LAST}, {"ignore", POOLGRAD_NAN_IGNORE}, {NULL, 0}};
/* Of planes, and then of volumes alone. */
#define LAYOUTS_OF_PLANES                                                                                              \
    {"nchw", POOLGRAD_NCHW}, {"nhwc", POOLGRAD_NHWC}, {"nc4hw4", POOLGRAD_NC4HW4}, {"nc8hw8", POOLGRAD_NC8HW8},        \
        {"nc16hw16", POOLGRAD_NC16HW16},                                                                               \
    {                                                                                                                  \
        "nc32hw32", POOLGRAD_NC32HW32                                                                                  \
    }
static const struct choice plane_layouts[] = {LAYOUTS_OF_PLANES, {NULL, 0}};
static const struct choice layouts[] = {LAYOUTS_OF_PLANES,
                                        {"ncdhw", POOLGRAD_NCHW | LAYOUT_OF_VOLUMES},
                                        {"ndhwc", POOLGRAD_NHWC | LAYOUT_OF_VOLUMES},
                                        {NULL, 0}};
/* In the order of cli/dialect_words. */
static const struct choice dialects[] = {{"torch", 0}, {"onnx", 1},   {"tensorflow", 2}, {"caffe", 3},
                                         {"cudnn", 4}, {"onednn", 5}, {NULL, 0}};
static const struct choice axes[] = {{"1", 1}, {"2", 2}, {"3", 3}, {NULL, 0}};
static const struct choice accumulators[] = {
    {"float32", POOLGRAD_ACCUMULATE_FLOAT32}, {"float64", POOLGRAD_ACCUMULATE_FLOAT64}, {NULL, 0}};
static const struct choice policies[] = {{"same", POOLGRAD_PADDING_SIZE_SAME},
                                         {"valid-only", POOLGRAD_PADDING_SIZE_VALID_ONLY},
                                         {"full", POOLGRAD_PADDING_SIZE_FULL},
                                         {NULL, 0}};
static const struct choice aligns[] = {{"centered", POOLGRAD_PADDING_ALIGN_CENTERED},
                                       {"top-left", POOLGRAD_PADDING_ALIGN_TOP_LEFT},
                                       {"bottom-right", POOLGRAD_PADDING_ALIGN_BOTTOM_RIGHT},
                                       {NULL, 0}};
static const struct choice remainders[] = {{"top-left", POOLGRAD_PADDING_REMAINDER_TO_TOP_LEFT},
                                           {"top-right", POOLGRAD_PADDING_REMAINDER_TO_TOP_RIGHT},
                                           {"bottom-left", POOLGRAD_PADDING_REMAINDER_TO_BOTTOM_LEFT},
                                           {"bottom-right", POOLGRAD_PADDING_REMAINDER_TO_BOTTOM_RIGHT},
                                           {NULL, 0}};
static const struct choice source_formats[] = {{"unorm8", POOLGRAD_UNORM8},
                                               {"unorm16", POOLGRAD_UNORM16},
                                               {"float16", POOLGRAD_FLOAT16},
                                               {"bfloat16", POOLGRAD_BFLOAT16},
                                               {"float32", POOLGRAD_FLOAT32},
                                               {"float64", POOLGRAD_FLOAT64},
                                               {NULL, 0}};
static const struct choice result_formats[] = {{"float16", POOLGRAD_FLOAT16},
                                               {"bfloat16", POOLGRAD_BFLOAT16},
                                               {"float32", POOLGRAD_FLOAT32},
                                               {"float64", POOLGRAD_FLOAT64},
                                               {NULL, 0}};
static const struct choice index_formats[] = {{"int64", POOLGRAD_INT64}, {"int32", POOLGRAD_INT32},
                                              {"tap8", POOLGRAD_TAP8},   {"tap16", POOLGRAD_TAP16},
                                              {"tap32", POOLGRAD_TAP32}, {NULL, 0}};

/* Their values are places in poolgrad_workloads. */
static const struct choice workloads[] = {
    {"resnet_stem", 0},  {"vgg", 1},        {"incep_s1", 2}, {"global_avg", 3}, {"big_image", 4},
    {"large_win", 5},    {"dilated", 6},    {"tiny", 7},     {"volume", 8},     {"volume_stem", 9},
    {"volume_half", 10}, {"volume_s1", 11}, {NULL, 0}};
static const struct choice directions[] = {{"forward", POOLGRAD_FORWARD}, {"gradient", POOLGRAD_GRADIENT}, {NULL, 0}};
static const struct choice measured_kinds[] = {{"average", MEASURED_AVERAGE},
                                               {"max", MEASURED_MAX},
                                               {"argmax", MEASURED_ARGMAX},
                                               {"l2norm", MEASURED_L2NORM},
                                               {NULL, 0}};
static const struct choice judged_tie_rules[] = {
    {"any", TIES_ANY},          {"first", POOLGRAD_TIES_FIRST}, {"last", POOLGRAD_TIES_LAST},
    {"all", POOLGRAD_TIES_ALL}, {"split", POOLGRAD_TIES_SPLIT}, {NULL, 0}};
static const struct choice judged_nan_rules[] = {{"any", NAN_ANY},
                                                 {"first", POOLGRAD_NAN_FIRST},
                                                 {"last", POOLGRAD_NAN_LAST},
                                                 {"ignore", POOLGRAD_NAN_IGNORE},
                                                 {NULL, 0}};
/* In the order of poolgrad/oracle.h, which a build may lack. */
static const struct choice division_words[] = {{"any", 0}, {"true", 1}, {"reciprocal", 2}, {NULL, 0}};
static const struct choice fusion_words[] = {{"any", 0}, {"none", 1}, {"all", 2}, {NULL, 0}};
static const struct choice average_words[] = {{"whole", 0}, {"by-axis", 1}, {"reciprocal-product", 2}, {NULL, 0}};
static const struct choice composition_words[] = {{"not", 0}, {"sum", 1}, {"mean", 2}, {NULL, 0}};
static const struct choice norm_words[] = {{"computed", 0}, {"stored", 1}, {NULL, 0}};
static const struct choice subnormal_words[] = {{"kept", 0}, {"flushed", 1}, {NULL, 0}};
/* In the order of suite/kit.h, which a build may lack. */
static const struct choice suite_sizes[] = {{"smoke", 0}, {"standard", 1}, {"exhaustive", 2}, {NULL, 0}};
static const struct choice suite_profiles[] = {{"all", 0}, {"mps", 1},   {"torch", 2}, {"onnx", 3}, {"tensorflow", 4},
                                               {"jax", 5}, {"webnn", 6}, {"cudnn", 7}, {NULL, 0}};
static const struct choice suite_directions[] = {{"forward", 0}, {"gradient", 1}, {"gather", 2}, {NULL, 0}};
static const struct choice suite_kinds[] = {{"average", 0}, {"max", 1}, {"l2norm", 2}, {"root-mean", 3}, {NULL, 0}};
static const struct choice suite_features[] = {{"ties", 0},
                                               {"all-equal", 1},
                                               {"nan", 2},
                                               {"infinity", 3},
                                               {"subnormal", 4},
                                               {"cancellation", 5},
                                               {"ramp", 6},
                                               {"signed-zeros", 7},
                                               {"overflow", 8},
                                               {"stall", 9},
                                               {"border-maxima", 10},
                                               {"least-window", 11},
                                               {"zero-norm", 12},
                                               {"even-kernel", 13},
                                               {"dilation", 14},
                                               {"stride", 15},
                                               {"gaps", 16},
                                               {"overlap", 17},
                                               {"edge-zero", 18},
                                               {"clamp", 19},
                                               {"zero-pad", 20},
                                               {"outside", 21},
                                               {"clip", 22},
                                               {"mapping-clip", 23},
                                               {"gradient-region", 24},
                                               {"kernel-offset", 25},
                                               {"channel-window", 26},
                                               {"batch-window", 27},
                                               {"indices", 28},
                                               {"add", 29},
                                               {"empty", 30},
                                               {"global", 31},
                                               {"large-kernel", 32},
                                               {"ceil-mode", 33},
                                               {"policy", 34},
                                               {"exclude-edges", 35},
                                               {"size-only", 36},
                                               {"unorm", 37},
                                               {"float16", 38},
                                               {"bfloat16", 39},
                                               {"float64", 40},
                                               {"nhwc", 41},
                                               {"nc4hw4", 42},
                                               {"unused-lanes", 43},
                                               {"example", 44},
                                               {"volume", 45},
                                               {"table", 46},
                                               {"divisor", 47},
                                               {"one-sided-pad", 48},
                                               {"root-mean", 49},
                                               {"gather", 50},
                                               {"nc8hw8", 51},
                                               {"nc16hw16", 52},
                                               {"nc32hw32", 53},
                                               {"large", 54},
                                               {"network", 55},
                                               {NULL, 0}};
static const struct choice modes[] = {{"fast", POOLGRAD_MODE_FAST}, {"reference", POOLGRAD_MODE_REFERENCE}, {NULL, 0}};
static const struct choice pooling_modes[] = {
    {"fast", POOLGRAD_MODE_FAST}, {"reference", POOLGRAD_MODE_REFERENCE}, {"exact", MODE_EXACT}, {NULL, 0}};

#define INPUT(name, commands, help) name, commands, TYPE_INPUT, NULL, "FILE", help, NULL
#define OUTPUT(name, commands, help) name, commands, TYPE_OUTPUT, NULL, "FILE", help, NULL
#define REPORT(name, commands, help) name, commands, TYPE_REPORT, NULL, "FILE", help, NULL
#define NUMBER(name, commands, help) name, commands, TYPE_INTEGER, NULL, "N", help, NULL
#define CHOICE(name, commands, choices, help) name, commands, TYPE_CHOICE, choices, "WORD", help, NULL
#define NUMBERS(name, commands, help) name, commands, TYPE_INTEGERS, NULL, "N[,N...]", help, NULL
#define CHOICES(name, commands, choices, help) name, commands, TYPE_CHOICES, choices, "WORD[,WORD...]", help, NULL
#define NAMED(name, commands, type, argument, help) name, commands, type, NULL, argument, help, NULL
#define FLAG(name, commands, help) name, commands, TYPE_FLAG, NULL, NULL, help, NULL

/* A default stands in parentheses. */
const struct option_description poolgrad_options[OPTION_COUNT] = {
    [OPTION_GRAPH] = {"graph", GRAPH, TYPE_INPUT, NULL, "FILE", "a graph, a network or a kernel as JSON; required",
                      "Graph (.json)"},
    [OPTION_SOURCES] = {NAMED("source", GRAPH, TYPE_NAMED_INPUT, "NAME=FILE",
                              "an image that the graph is given; once for each of them")},
    [OPTION_INTERMEDIATES] = {NAMED("intermediate", GRAPH, TYPE_NAMED_OUTPUT, "NAME=FILE",
                                    "where an image goes that the graph exports, or a result after the first")},
    [OPTION_OUTPUT_SIZE] = {"output-size", GRAPH, TYPE_INTEGERS, NULL, "N,C,H,W",
                            "a kernel's output, made before; the kernel is used as it is, without its padding policy",
                            NULL},
    [OPTION_DESCRIBE] = {FLAG("describe", GRAPH,
                              "say what the file describes and, given sources, how large results are; run nothing")},
    [OPTION_SOURCE_SIZES] = {NAMED("source-size", GRAPH, TYPE_NAMED, "NAME=N,C,H,W[,FORMAT]",
                                   "--describe: images, channels, height and width, in place of --source (float32, or "
                                   "the format the image must have)")},
    [OPTION_PRINT_JSON] = {FLAG("print-json", GRAPH, "print the file as poolgrad has read it; run nothing")},

    [OPTION_AT] =
        {"at", EXPLAIN, TYPE_INTEGERS, NULL, "N,C,[Z,]Y,X",
         "image, channel, row and column of the output, with its depth before the row where there is a third "
         "axis, without a row where there is one axis; required without --actual (with it, the worst element)",
         "Element"},

    [OPTION_CASE] = {"case", JUDGES, TYPE_FOLDER, NULL, "KIT/NAME",
                     "a case of a conformance kit: its geometry, rules and inputs, in place of all options for these",
                     "A kit's case (docs/suite.md)"},

    [OPTION_SOURCE] = {"source", BOTH, TYPE_INPUT, NULL, "FILE",
                       "the image that is pooled; average's gradient needs only its size",
                       "Tensors: .npy, or a member of an .npz as FILE.npz:NAME; - is a standard stream"},
    [OPTION_SOURCE_GRADIENT] = {INPUT("source-gradient", GRADIENT, "gradient of the loss by pooling's output")},
    [OPTION_INDICES] = {INPUT("indices", BOTH,
                              "max: which tap each window picked, as forward --picks writes it; a gradient needs no "
                              "--source then, and forward gives the source's elements there")},
    [OPTION_PICKS] = {OUTPUT("picks", COMMAND_FORWARD, "max: write which tap each window picked")},
    [OPTION_ACTUAL] = {INPUT("actual", JUDGES, "the implementation's output, which is judged; verify needs it")},
    [OPTION_ADD_TO] = {INPUT("add-to", GRADIENT, "the output is this tensor plus the gradient")},
    [OPTION_BEFORE] = {INPUT("before", JUDGES,
                             "what the output's memory held: what the clip rectangle leaves out must be as it was")},
    [OPTION_OUTPUT] = {OUTPUT("output", MAKERS | GRAPH, "the result; appears when it is complete")},
    [OPTION_SOURCE_WIDTH] = {NUMBER("source-width", GRADIENT, "size of the source, where no --source tells it")},
    [OPTION_SOURCE_HEIGHT] = {NUMBER("source-height", GRADIENT, "the same along y")},
    [OPTION_SOURCE_DEPTH] = {NUMBER("source-depth", GRADIENT, "the same along z")},
    [OPTION_LAYOUT] = {CHOICE("layout", BOTH, layouts, "of all files; ncdhw and ndhwc say --dimensions 3, too (nchw)")},
    [OPTION_PLANE_LAYOUT] = {CHOICE("layout", GRAPH, plane_layouts, "of all files (nchw)")},
    [OPTION_SOURCE_LAYOUT] = {CHOICE("source-layout", BOTH, layouts, "of the source alone (--layout)")},
    [OPTION_SOURCE_GRADIENT_LAYOUT] = {CHOICE("source-gradient-layout", GRADIENT, layouts,
                                              "of the source gradient alone (--layout)")},
    [OPTION_INDICES_LAYOUT] = {CHOICE("indices-layout", BOTH, layouts, "of the indices alone (--layout)")},
    [OPTION_PICKS_LAYOUT] = {CHOICE("picks-layout", COMMAND_FORWARD, layouts, "of the picks alone (--layout)")},
    [OPTION_ACTUAL_LAYOUT] = {CHOICE("actual-layout", JUDGES, layouts,
                                     "of the actual output, and of what it was before, alone (--layout)")},
    [OPTION_OUTPUT_LAYOUT] = {CHOICE("output-layout", MAKERS, layouts,
                                     "of the output, and of what it is added to, alone (--layout)")},
    [OPTION_DIMENSIONS] = {CHOICE("dimensions", BOTH, axes,
                                  "how many axes the arrays have behind images and channels, where their rank leaves a "
                                  "choice (2; 3 of rank 5)")},
    [OPTION_CHANNELS] = {NUMBER("channels", BOTH | GRAPH,
                                "nc4hw4, nc8hw8 and so on: channels in use (all of each slice)")},
    [OPTION_SOURCE_FORMAT] = {CHOICE("source-format", BOTH, source_formats,
                                     "what the source's elements are, where the "
                                     "file leaves it open: uint16 as bfloat16")},
    [OPTION_SOURCE_GRADIENT_FORMAT] = {CHOICE("source-gradient-format", GRADIENT, result_formats,
                                              "the same for the source gradient")},
    [OPTION_INDICES_FORMAT] = {CHOICE("indices-format", BOTH, index_formats,
                                      "what the indices are, where that has to be said: what their file holds")},
    [OPTION_PICKS_FORMAT] = {CHOICE("picks-format", COMMAND_FORWARD | EXPLAIN, index_formats,
                                    "places in the plane or volume, or taps of the window (int64)")},
    [OPTION_ACTUAL_FORMAT] = {CHOICE("actual-format", JUDGES, result_formats, "the same for the actual output")},
    [OPTION_FORMAT] = {CHOICE("format", MAKERS | EXPLAIN, result_formats,
                              "of the output (gradient: the source gradient's; forward: the source's, float32 for "
                              "unorm)")},

    [OPTION_COMPUTED_IN] = {"computed-in", JUDGES | SUITE, TYPE_CHOICE, result_formats, "WORD",
                            "what sums are kept in (float32, or float64 where the files are)",
                            "What the implementation says of itself"},
    [OPTION_DIVISION] = {CHOICE("division", JUDGES | SUITE, division_words,
                                "by N and by the norm: as such, or times a rounded reciprocal (any)")},
    [OPTION_FUSION] = {CHOICE("fusion", JUDGES | SUITE, fusion_words,
                              "whether products are added without being rounded (any)")},
    [OPTION_SUBNORMALS] = {CHOICE("subnormals", JUDGES | SUITE, subnormal_words,
                                  "whether numbers below the least normal one may count as 0 (kept)")},
    [OPTION_CHAIN] = {NUMBER(
        "chain", JUDGES | SUITE,
        "the most additions that a term of a sum goes through: in a reduction by a tree, its depth "
        "(n - 1 of n terms)")},
    [OPTION_STORED_IN] = {CHOICE("stored-in", JUDGES | SUITE, result_formats,
                                 "what partial sums are stored in, where that is not what terms are computed in "
                                 "(--computed-in)")},
    [OPTION_AVERAGES] = {CHOICE("averages", JUDGES | SUITE, average_words,
                                "what an average divides by: N; the counts along the axes, one after the other; or the "
                                "product of their reciprocals (whole)")},
    [OPTION_COMPOSED] = {CHOICE("composed", JUDGES | SUITE, composition_words,
                                "operations on whole tensors, each of which stores its result: an L2-norm of squares "
                                "that are added, or averaged as by PyTorch (not)")},
    [OPTION_NORMS] = {CHOICE("norms", JUDGES | SUITE, norm_words,
                             "what a gradient of L2-norm divides by: norms computed anew, or the forward results as "
                             "stored in the source gradient's format (computed)")},
    [OPTION_DIGITS] = {NUMBER("digits", JUDGES | SUITE,
                              "behind the decimal point, where the output was printed with few and read again: 1 to 20 "
                              "(as stored)")},
    [OPTION_STRICT] = {FLAG("strict", VERIFY | SUITE,
                            "undocumented and unbounded elements are not right, either (exit status 1)")},
    [OPTION_FINDINGS] = {NUMBER("findings", VERIFY | SUITE,
                                "how many of the worst elements, or cases, are told of (10)")},
    [OPTION_NO_CAUSES] = {FLAG("no-causes", VERIFY, "does not look for the mistakes behind wrong elements")},

    [OPTION_KEEP_TIE_RULE] = {FLAG(
        "keep-tie-rule", JUDGES | SUITE,
        "of a kit's cases: it picks the tap that the case's tie rule names, not any one of the greatest")},
    [OPTION_KEEP_NAN_RULE] = {FLAG("keep-nan-rule", JUDGES | SUITE,
                                   "of a kit's cases: of a window with a NaN it picks the tap that the case's NaN rule "
                                   "names, not any NaN or the greatest number")},
    [OPTION_ACTUAL_FOLDER] = {"actual", SUITE, TYPE_FOLDER, NULL, "DIR",
                              "verify: the folder with its outputs, NAME.npy for each case; required",
                              "What is judged"},
    [OPTION_BACKEND] =
        {"command", SUITE, TYPE_TEXT, NULL, "LINE",
         "run: a shell's line that computes a case, in which {case} stands for the case's folder, {out} "
         "for the file to write, {indices} for the file of indices, {name} for the case's name and {kit} for the "
         "kit's folder; status 77 says that it does not do this; required. Or {list}, for a file of many cases: on "
         "each line a case's folder, a tab, and the file to write. No other word stands in braces",
         NULL},
    [OPTION_TIMEOUT] = {NUMBER("timeout", SUITE, "run: seconds that one case may take, in a list on average (60)")},
    [OPTION_JOBS] = {NUMBER("jobs", SUITE,
                            "run: so many processes of the backend at once, each with a case or with its "
                            "share of all (as many as --threads)")},
    [OPTION_OUTPUT_FOLDER] = {"output", SUITE, TYPE_FOLDER, NULL, "DIR",
                              "run: a new or empty folder that keeps the outputs", NULL},
    [OPTION_RESUME] = {FLAG("resume", SUITE,
                            "run: go on where a run into the same --output was stopped: what is there and whole is not "
                            "computed again")},
    [OPTION_SKIP_MISSING] = {FLAG("skip-missing", SUITE, "cases without an output do not count")},
    [OPTION_JUNIT] = {REPORT("junit", SUITE, "write the results as JUnit's XML, which CI systems read")},
    [OPTION_SUITE_JSON] = {REPORT("json", SUITE, "write the results of all cases as JSON")},
    [OPTION_REPORTS] = {"reports", SUITE, TYPE_FOLDER, NULL, "DIR",
                        "a new or empty folder for a page of each case with wrong elements, and index.html", NULL},

    [OPTION_SIZE] = {"size", SUITE, TYPE_CHOICE, suite_sizes, "WORD",
                     "how many cases: some hundred, some thousand, or every window (standard)", "What is generated"},
    [OPTION_SEED] = {NUMBER("seed", SUITE, "the same number gives the same bytes on every machine (1)")},

    [OPTION_PROFILE] = {"profile", SUITE, TYPE_CHOICE, suite_profiles, "WORD",
                        "cases that this framework's operators can say; generate draws them from these alone (all)",
                        "Which cases are made or judged (all)"},
    [OPTION_CASE_DIRECTIONS] = {CHOICES("direction", SUITE, suite_directions,
                                        "cases of these alone; gather: forward from indices")},
    [OPTION_CASE_KINDS] = {CHOICES("kind", SUITE, suite_kinds, "cases of these alone")},
    [OPTION_CASE_FORMATS] = {CHOICES("format", SUITE, result_formats, "cases whose result has one of these")},
    [OPTION_CASE_LAYOUTS] = {CHOICES("layout", SUITE, plane_layouts, "cases whose result has one of these")},
    [OPTION_FEATURES] = {CHOICES("feature", SUITE, suite_features, "cases with one of these, and no others")},
    [OPTION_WITHOUT] = {CHOICES("without", SUITE, suite_features, "leave out cases with one of these")},
    [OPTION_SHARD] = {"shard", SUITE, TYPE_TEXT, NULL, "I/N",
                      "of these cases the I-th of N parts, for machines that share the work", NULL},

    [OPTION_WORKLOAD] = {"workload", SHAPE, TYPE_CHOICES, workloads, "WORD[,WORD...]",
                         "standard geometries, listed by bench --list (bench: all of them)",
                         "Geometry: standard workloads, or one with --input-size and --kernel"},
    [OPTION_INPUT_SIZE] = {NUMBERS(
        "input-size", SHAPE,
        "images, channels, height and width of what is pooled, with the depth before the height where "
        "there is a third axis; in place of --workload")},
    [OPTION_DIRECTIONS] = {CHOICES("direction", SHAPE, directions, "one or both (gradient)")},
    [OPTION_KINDS] = {CHOICES("kind", SHAPE, measured_kinds,
                              "argmax is max whose forward pass saves the picked taps and whose gradient reads them in "
                              "place of the source (those that networks use with each workload)")},
    [OPTION_LAYOUTS] = {CHOICES("layout", SHAPE, plane_layouts, "of all tensors (nchw,nhwc)")},
    [OPTION_FORMATS] = {CHOICES("format", SHAPE, result_formats, "of all tensors (float32)")},
    [OPTION_THREAD_COUNTS] = {NUMBERS("threads", BENCH,
                                      "at most this many, of poolgrad and of the streams that measure "
                                      "the memory (as many as processors)")},

    [OPTION_KIND] = {"kind", BOTH, TYPE_CHOICE, kinds, "WORD", "what is pooled; required", "Window"},
    [OPTION_DIALECT] = {CHOICE("dialect", BOTH, dialects,
                               "a framework whose own words say window, placement and counted padding: below, in place "
                               "of poolgrad's")},
    [OPTION_KERNEL] = {NUMBER(
        "kernel", ALL, "size of the window, every axis that the arrays have; required unless a table has the windows")},
    [OPTION_KERNEL_WIDTH] = {NUMBER("kernel-width", ALL, "along x alone (--kernel)")},
    [OPTION_KERNEL_HEIGHT] = {NUMBER("kernel-height", ALL, "along y alone (--kernel)")},
    [OPTION_KERNEL_DEPTH] = {NUMBER("kernel-depth", ALL, "along z, the third axis, alone (--kernel)")},
    [OPTION_STRIDE] = {NUMBER("stride", ALL, "from window to window, every axis (1)")},
    [OPTION_STRIDE_X] = {NUMBER("stride-x", ALL, "along x alone (--stride)")},
    [OPTION_STRIDE_Y] = {NUMBER("stride-y", ALL, "along y alone (--stride)")},
    [OPTION_STRIDE_Z] = {NUMBER("stride-z", ALL, "along z alone (--stride)")},
    [OPTION_DILATION] = {NUMBER("dilation", ALL, "from tap to tap, every axis, every kind (1)")},
    [OPTION_DILATION_X] = {NUMBER("dilation-x", ALL, "along x alone (--dilation)")},
    [OPTION_DILATION_Y] = {NUMBER("dilation-y", ALL, "along y alone (--dilation)")},
    [OPTION_DILATION_Z] = {NUMBER("dilation-z", ALL, "along z alone (--dilation)")},
    [OPTION_ADAPTIVE] = {NUMBER("adaptive", ALL,
                                "so many windows along every axis, window i from floor(i L / N) to ceil((i + 1) L / N) "
                                "of L pixels; in place of a kernel size, a stride and a placement")},
    [OPTION_ADAPTIVE_WIDTH] = {NUMBER("adaptive-width", ALL, "along x alone (--adaptive)")},
    [OPTION_ADAPTIVE_HEIGHT] = {NUMBER("adaptive-height", ALL, "along y alone (--adaptive)")},
    [OPTION_ADAPTIVE_DEPTH] = {NUMBER("adaptive-depth", ALL, "along z alone (--adaptive)")},
    [OPTION_WINDOWS_X] = {INPUT(
        "windows-x", ALL,
        "the windows along x by a table: an array of n x 2 int64 or int32, first pixel and size "
        "of each, in any order")},
    [OPTION_WINDOWS_Y] = {INPUT("windows-y", ALL, "the same along y")},
    [OPTION_WINDOWS_Z] = {INPUT("windows-z", ALL, "the same along z")},

    [OPTION_OFFSET_X] = {"offset-x", ALL, TYPE_INTEGER, NULL, "N",
                         "centre of the first window in the source; half its size for one that starts at the edge",
                         "Placement: offsets, pads or a policy, one of them on each axis (--pad 0)"},
    [OPTION_OFFSET_Y] = {NUMBER("offset-y", ALL, "the same along y")},
    [OPTION_OFFSET_Z] = {NUMBER("offset-z", ALL, "the same along z")},
    [OPTION_OFFSET_IMAGE] = {NUMBER("offset-image", BOTH, "first source image (0)")},
    [OPTION_PAD] = {NUMBER("pad", ALL,
                           "pixels of the first window before the image, every axis; below 0 it starts inside (0)")},
    [OPTION_PAD_LEFT] = {NUMBER("pad-left", ALL, "along x alone (--pad)")},
    [OPTION_PAD_TOP] = {NUMBER("pad-top", ALL, "along y alone (--pad)")},
    [OPTION_PAD_RIGHT] = {NUMBER("pad-right", ALL,
                                 "behind the image, for the size of the output (as left); gradient: the source "
                                 "gradient must have that size")},
    [OPTION_PAD_BOTTOM] = {NUMBER("pad-bottom", ALL, "the same along y (as top)")},
    [OPTION_PAD_FRONT] = {NUMBER("pad-front", ALL, "along z alone (--pad)")},
    [OPTION_PAD_BACK] = {NUMBER("pad-back", ALL, "the same along z (as front)")},
    [OPTION_CEIL_MODE] = {FLAG("ceil-mode", ALL,
                               "round the output's size up; gradient: the source gradient must have that size")},
    [OPTION_CEIL_DROP] = {FLAG("ceil-drop", ALL,
                               "the same, but drop a last window that starts behind the image, as PyTorch's and ONNX's "
                               "ceil_mode do")},
    [OPTION_PADDING_POLICY] = {CHOICE("padding-policy", ALL, policies,
                                      "size and place every axis as MPS's policies do")},
    [OPTION_ALIGN] = {CHOICE("align", ALL, aligns, "policy: where the padding goes (centered)")},
    [OPTION_REMAINDER_TO] = {CHOICE("remainder-to", ALL, remainders, "policy: where an odd pixel goes (top-left)")},
    [OPTION_EXCLUDE_EDGES] = {FLAG("exclude-edges", BOTH,
                                   "policy, average: edge mode clamp, and padding counts (Caffe)")},
    [OPTION_OUTPUT_WIDTH] = {NUMBER("output-width", FORWARD | SHAPE, "size of the output; required with offsets")},
    [OPTION_OUTPUT_HEIGHT] = {NUMBER("output-height", FORWARD | SHAPE, "the same along y")},
    [OPTION_OUTPUT_DEPTH] = {NUMBER("output-depth", FORWARD | SHAPE, "the same along z")},

    [OPTION_EDGE_MODE] = {"edge-mode", ALL, TYPE_CHOICE, edge_modes, "WORD",
                          "taps outside read 0, or the window shrinks (clamp)", "Rules"},
    [OPTION_ZERO_PAD] = {NUMBER("zero-pad", ALL,
                                "average, clamp: pixels on each side of the image that count in N, every axis (0)")},
    [OPTION_ZERO_PAD_X] = {NUMBER("zero-pad-x", ALL, "left and right alone (--zero-pad)")},
    [OPTION_ZERO_PAD_Y] = {NUMBER("zero-pad-y", ALL, "top and bottom alone (--zero-pad)")},
    [OPTION_ZERO_PAD_Z] = {NUMBER("zero-pad-z", ALL, "front and back alone (--zero-pad)")},
    [OPTION_ZERO_PAD_LEFT] = {NUMBER("zero-pad-left", ALL, "one side by itself (--zero-pad-x)")},
    [OPTION_ZERO_PAD_TOP] = {NUMBER("zero-pad-top", ALL, "the same (--zero-pad-y)")},
    [OPTION_ZERO_PAD_RIGHT] = {NUMBER("zero-pad-right", ALL, "the same (--zero-pad-x)")},
    [OPTION_ZERO_PAD_BOTTOM] = {NUMBER("zero-pad-bottom", ALL, "the same (--zero-pad-y)")},
    [OPTION_ZERO_PAD_FRONT] = {NUMBER("zero-pad-front", ALL, "the same (--zero-pad-z)")},
    [OPTION_ZERO_PAD_BACK] = {NUMBER("zero-pad-back", ALL, "the same (--zero-pad-z)")},
    [OPTION_COUNT_INCLUDE_PAD] = {FLAG("count-include-pad", ALL, "zero padding as wide as the pads")},
    [OPTION_DIVISOR] = {"divisor", ALL, TYPE_INTEGER, NULL, "D",
                        "average, root mean: what N is in place of a count, also below 0 (none)", NULL},
    [OPTION_ROOT_MEAN] = {FLAG("root-mean", ALL,
                               "l2norm: the root of the mean of the squares, with average's N, in place of the root of "
                               "their sum")},
    [OPTION_TIES] = {CHOICE("ties", ALL & ~JUDGES, tie_rules, "max: which of equal taps (first)")},
    [OPTION_JUDGED_TIES] = {CHOICE("ties", JUDGES, judged_tie_rules, "max: which of equal taps (any)")},
    [OPTION_NAN] = {CHOICE("nan", ALL & ~JUDGES, nan_rules, "max: which NaN wins, or none (first)")},
    [OPTION_JUDGED_NAN] = {CHOICE("nan", JUDGES, judged_nan_rules, "max: which NaN wins, or none (any)")},
    [OPTION_ACCUMULATOR] = {CHOICE("accumulator", ALL, accumulators,
                                   "of sums (float32, or float64 where the files are)")},

    [OPTION_PRIMARY_OFFSET_X] = {"primary-offset-x", GRADIENT, TYPE_INTEGER, NULL, "N",
                                 "first pixel of the source gradient that counts (0)", "MPS kernel properties"},
    [OPTION_PRIMARY_OFFSET_Y] = {NUMBER("primary-offset-y", GRADIENT, "the same along y (0)")},
    [OPTION_PRIMARY_OFFSET_Z] = {NUMBER("primary-offset-z", GRADIENT, "the same along z (0)")},
    [OPTION_PRIMARY_OFFSET_IMAGE] = {NUMBER("primary-offset-image", GRADIENT,
                                            "first image of the source gradient (0)")},
    [OPTION_SOURCE_SIZE_WIDTH] = {NUMBER("source-size-width", GRADIENT, "how many pixels count (all)")},
    [OPTION_SOURCE_SIZE_HEIGHT] = {NUMBER("source-size-height", GRADIENT, "the same along y (all)")},
    [OPTION_SOURCE_SIZE_DEPTH] = {NUMBER("source-size-depth", GRADIENT, "the same along z (all)")},
    [OPTION_SOURCE_SIZE_IMAGES] = {NUMBER("source-size-images", GRADIENT, "how many images count (all)")},
    [OPTION_SECONDARY_OFFSET_X] = {NUMBER("secondary-offset-x", GRADIENT, "the same as --offset-x")},
    [OPTION_SECONDARY_OFFSET_Y] = {NUMBER("secondary-offset-y", GRADIENT, "the same as --offset-y")},
    [OPTION_SECONDARY_OFFSET_Z] = {NUMBER("secondary-offset-z", GRADIENT, "the same as --offset-z")},
    [OPTION_SECONDARY_OFFSET_IMAGE] = {NUMBER("secondary-offset-image", GRADIENT, "the same as --offset-image")},
    [OPTION_KERNEL_OFFSET_X] = {NUMBER("kernel-offset-x", GRADIENT, "moves the windows by minus this (0)")},
    [OPTION_KERNEL_OFFSET_Y] = {NUMBER("kernel-offset-y", GRADIENT, "the same along y (0)")},
    [OPTION_KERNEL_OFFSET_Z] = {NUMBER("kernel-offset-z", GRADIENT, "the same along z (0)")},
    [OPTION_CLIP_X] = {NUMBER("clip-x", BOTH,
                              "left edge of the clip rectangle: only it is written, and its first pixel belongs to "
                              "the first window (0)")},
    [OPTION_CLIP_Y] = {NUMBER("clip-y", BOTH, "top edge (0)")},
    [OPTION_CLIP_Z] = {NUMBER("clip-z", BOTH, "front edge (0)")},
    [OPTION_CLIP_WIDTH] = {NUMBER("clip-width", BOTH, "of the clip rectangle (all)")},
    [OPTION_CLIP_HEIGHT] = {NUMBER("clip-height", BOTH, "of the clip rectangle (all)")},
    [OPTION_CLIP_DEPTH] = {NUMBER("clip-depth", BOTH, "of the clip rectangle (all)")},
    [OPTION_CLIP_IMAGE] = {NUMBER("clip-image", BOTH, "first image written (0)")},
    [OPTION_CLIP_IMAGES] = {NUMBER("clip-images", BOTH, "how many images are written (all)")},
    [OPTION_SOURCE_CHANNEL_OFFSET] = {NUMBER("source-feature-channel-offset", FORWARD,
                                             "first channel read, a multiple of 4 (0)")},
    [OPTION_SOURCE_CHANNEL_COUNT] = {NUMBER("source-feature-channel-max-count", FORWARD, "channels read (all)")},
    [OPTION_PRIMARY_CHANNEL_OFFSET] = {NUMBER("primary-source-feature-channel-offset", GRADIENT,
                                              "first channel of the source gradient, a multiple of 4 (0)")},
    [OPTION_PRIMARY_CHANNEL_COUNT] = {NUMBER("primary-source-feature-channel-max-count", GRADIENT,
                                             "channels of the source gradient (all)")},
    [OPTION_SECONDARY_CHANNEL_OFFSET] = {NUMBER("secondary-source-feature-channel-offset", GRADIENT,
                                                "first channel of the source, a multiple of 4 (0)")},
    [OPTION_SECONDARY_CHANNEL_COUNT] = {NUMBER("secondary-source-feature-channel-max-count", GRADIENT,
                                               "channels of the source (all)")},
    [OPTION_DESTINATION_CHANNEL_OFFSET] = {NUMBER("destination-feature-channel-offset", BOTH,
                                                  "first channel written, a multiple of 4 (0)")},

    [OPTION_REPEAT] = {"repeat", BENCH, TYPE_INTEGER, NULL, "N",
                       "rounds at most; in each everything is timed once, in a new random order (15)",
                       "Measuring and results"},
    [OPTION_SECONDS] = {"seconds", BENCH, TYPE_SECONDS, NULL, "X",
                        "begin no further round after this long, once there are three (no limit)", NULL},
    [OPTION_LIST] = {FLAG("list", BENCH, "say what would be measured, and measure nothing")},
    [OPTION_JSON] = {REPORT("json", BENCH | VERIFY,
                            "write the results as JSON; - is standard output, in place of the text")},
    [OPTION_CSV] = {REPORT("csv", BENCH, "write all rows as CSV; - is standard output, in place of the text")},
    [OPTION_COMPARE] = {INPUT("compare", BENCH,
                              "the JSON of an earlier run: tell its times over this run's, row by row")},
    [OPTION_REPORT] = {REPORT("report", VERIFY,
                              "write a page of HTML with pictures: verdicts, errors, the worst elements")},
    [OPTION_PLOT] = {REPORT("plot", BENCH, "draw each row's share of the ceiling as bars, an SVG picture")},

    [OPTION_MODE] = {"mode", EVERY & ~BOTH, TYPE_CHOICE, modes, "WORD", "how to compute (fast)", "Execution"},
    [OPTION_POOLING_MODE] =
        {"mode", MAKERS, TYPE_CHOICE, pooling_modes, "WORD",
         "how to compute: fast and reference give the same bits; exact the formula's value, rounded "
         "once (fast)",
         "Execution"},
    [OPTION_THREADS] = {NUMBER("threads", (BOTH & ~EXPLAIN) | GRAPH | SUITE, "at most this many (as many as pay)")},
    [OPTION_MAX_ISA] =
        {"max-isa", EVERY & ~EXPLAIN, TYPE_ISA, NULL, "NAME",
         "greatest instruction set to use, an upper bound: best, scalar, or a name of this architecture (best)", NULL},
    [OPTION_PRINT_PROBLEM] = {FLAG("print-problem", BOTH,
                                   "print a line that asks for the same in these options alone, one for each axis; "
                                   "run nothing")},
    [OPTION_HELP] = {FLAG("help", EVERY | SUITE | COMMAND_COMPLETION, "this text")},
};

const char *poolgrad_command_name(enum command command)
{
    switch (command) {
    case COMMAND_FORWARD: return "forward";
    case COMMAND_GRADIENT: return "gradient";
    case COMMAND_INFO: return "info";
    case COMMAND_BENCH: return "bench";
    case COMMAND_GRAPH: return "graph";
    case COMMAND_VERIFY: return "verify";
    case COMMAND_SUITE: return "suite";
    case COMMAND_EXPLAIN: return "explain";
    case COMMAND_COMPLETION: return "completion";
    }
    return "";
}

/* How many words may stand between the name of the command and its options. */
static int words_of_command(enum command command)
{
    return command == COMMAND_SUITE ? COMMAND_WORDS : command == COMMAND_COMPLETION ? 1 : 0;
}

bool poolgrad_is_gradient(const struct options *options)
{
    return options->command == COMMAND_GRADIENT ||
           (((int)options->command & JUDGES) && poolgrad_given(options, OPTION_SOURCE_GRADIENT));
}

/* One line, whatever control characters are in the names it quotes. */
static void say(const struct options *options, const char *kind, const char *format, va_list arguments)
{
    enum { DELETE = 0x7f };
    static char text[1 << 14];
    const char *command = poolgrad_command_name(options->command);
    if (options->kept) {
        vsnprintf(options->kept, options->kept_size, format, arguments);
        return;
    }
    vsnprintf(text, sizeof text, format, arguments);
    for (char *letter = text; *letter; letter++) {
        if ((unsigned char)*letter < ' ' || *letter == DELETE) *letter = '?';
    }
    (void)fflush(stdout);
    fprintf(stderr, "poolgrad%s%s: %s%s\n", *command ? " " : "", command, kind, text);
}

int poolgrad_fail(const struct options *options, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say(options, "", format, arguments);
    va_end(arguments);
    return 2;
}

void poolgrad_note(const struct options *options, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say(options, "note: ", format, arguments);
    va_end(arguments);
}

bool poolgrad_given(const struct options *options, enum option option)
{
    return options->value[option].given;
}

struct file_argument poolgrad_file(const struct options *options, enum option option)
{
    return (struct file_argument){option, options->value[option].text, options->value[option].text};
}

struct file_argument poolgrad_named_file(const struct named_value *named)
{
    return (struct file_argument){named->option, named->text, named->value};
}

bool poolgrad_is_stream(const struct file_argument *file)
{
    return file->path && strcmp(file->path, "-") == 0;
}

bool poolgrad_reads_file(enum option option)
{
    const enum option_type type = poolgrad_options[option].type;
    return type == TYPE_INPUT || type == TYPE_NAMED_INPUT;
}

bool poolgrad_writes_file(enum option option)
{
    const enum option_type type = poolgrad_options[option].type;
    return type == TYPE_OUTPUT || type == TYPE_REPORT || type == TYPE_NAMED_OUTPUT;
}

static bool takes_names(enum option option)
{
    const enum option_type type = poolgrad_options[option].type;
    return type == TYPE_NAMED || type == TYPE_NAMED_INPUT || type == TYPE_NAMED_OUTPUT;
}

int64_t poolgrad_number(const struct options *options, enum option option, int64_t otherwise)
{
    return options->value[option].given ? options->value[option].number : otherwise;
}

/* ---- Parsing ---------------------------------------------------------------------------------------------------- */

enum { LIST = 1024, ISAS = 8 };

/* The option named by the first `length` characters, OPTION_COUNT where the command has none of that name. */
static enum option find(enum command command, const char *name, size_t length)
{
    for (int i = 0; i < OPTION_COUNT; i++) {
        const struct option_description *description = &poolgrad_options[i];
        if ((description->commands & (int)command) && strlen(description->name) == length &&
            memcmp(description->name, name, length) == 0) {
            return (enum option)i;
        }
    }
    return OPTION_COUNT;
}

void poolgrad_list_choices(const struct choice *choice, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (; choice->name && used < size; choice++) {
        const char *separator = choice[1].name ? ", " : " or ";
        if (used == 0) separator = "";
        int length = snprintf(text + used, size - used, "%s%s", separator, choice->name);
        used += length > 0 ? (size_t)length : 0;
    }
}

const struct choice *poolgrad_find_choice(const struct choice *choice, const char *text, size_t length)
{
    for (; choice->name; choice++) {
        if (strlen(choice->name) == length && memcmp(choice->name, text, length) == 0) return choice;
    }
    return NULL;
}

static int read_choice(struct options *options, enum option option, const char *text)
{
    char list[LIST];
    const struct choice *choices = poolgrad_options[option].choices;
    const struct choice *found = poolgrad_find_choice(choices, text, strlen(text));
    if (found) {
        options->value[option].number = found->value;
        return 0;
    }
    char suggestion[SUGGESTION];
    poolgrad_suggested_value(option, text, suggestion);
    poolgrad_list_choices(choices, list, sizeof list);
    return poolgrad_fail(options, "--%s is '%s'; expected %s%s", poolgrad_options[option].name, text, list, suggestion);
}

static int read_choices(struct options *options, enum option option, const char *text)
{
    char list[LIST];
    const struct choice *choices = poolgrad_options[option].choices;
    for (const char *word = text;; word++) {
        size_t length = strcspn(word, ",");
        const struct choice *found = poolgrad_find_choice(choices, word, length);
        if (!found) {
            poolgrad_list_choices(choices, list, sizeof list);
            return poolgrad_fail(options, "--%s has '%.*s' among its words; expected %s, with commas between them",
                                 poolgrad_options[option].name, (int)length, word, list);
        }
        options->value[option].number |= INT64_C(1) << found->value;
        word += length;
        if (!*word) return 0;
    }
}

int poolgrad_read_list(const char *text, int most, int64_t *integers)
{
    for (int count = 0;;) {
        char *end;
        errno = 0;
        const long long number = strtoll(text, &end, 10);
        const bool digits = end != text && (*end == ',' || *end == '\0') && !isspace((unsigned char)*text);
        if (!digits || errno == ERANGE || count == most) return 0;
        integers[count++] = number;
        if (!*end) return count;
        text = end + 1;
    }
}

static int read_integers(struct options *options, enum option option, const char *text)
{
    options->value[option].number = poolgrad_read_list(text, OPTION_INTEGERS, options->value[option].integers);
    if (options->value[option].number > 0) return 0;
    return poolgrad_fail(options, "--%s is '%s'; expected up to %d integers with commas between them, %s",
                         poolgrad_options[option].name, text, OPTION_INTEGERS, poolgrad_options[option].argument);
}

static int read_seconds(struct options *options, enum option option, const char *text)
{
    const double most = 1e6;
    char *end;
    double seconds = strtod(text, &end);
    bool good = end != text && *end == '\0' && !isspace((unsigned char)*text) && seconds > 0 && seconds <= most;
    if (!good) {
        return poolgrad_fail(options, "--%s is '%s'; expected a number of seconds above 0, at most %.0f",
                             poolgrad_options[option].name, text, most);
    }
    options->value[option].seconds = seconds;
    return 0;
}

static int read_integer(struct options *options, enum option option, const char *text)
{
    char *end;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    bool digits = end != text && *end == '\0' && (strchr("+-", text[0]) || (text[0] >= '0' && text[0] <= '9'));
    if (!digits || errno == ERANGE) {
        char suggestion[SUGGESTION];
        poolgrad_suggested_value(option, text, suggestion);
        return poolgrad_fail(options, "--%s is '%s'; expected an integer%s", poolgrad_options[option].name, text,
                             digits ? " between -2^63 and 2^63" : suggestion);
    }
    options->value[option].number = number;
    return 0;
}

const char *poolgrad_isa_word(int index)
{
    for (int isa = POOLGRAD_ISA_BEST; poolgrad_isa_name((poolgrad_isa)isa); isa++) {
        const bool known = isa == POOLGRAD_ISA_BEST || poolgrad_isa_compiled((poolgrad_isa)isa);
        if (known && index-- == 0) return poolgrad_isa_name((poolgrad_isa)isa);
    }
    return NULL;
}

static int read_isa(struct options *options, enum option option, const char *text)
{
    struct choice names[ISAS + 1] = {{NULL, 0}};
    char list[LIST];
    for (int i = 0; i < ISAS && poolgrad_isa_word(i); i++) names[i].name = poolgrad_isa_word(i);
    if (!poolgrad_find_choice(names, text, strlen(text))) {
        poolgrad_list_choices(names, list, sizeof list);
        return poolgrad_fail(options, "--%s is '%s'; expected %s", poolgrad_options[option].name, text, list);
    }
    int isa = POOLGRAD_ISA_BEST;
    while (strcmp(poolgrad_isa_name((poolgrad_isa)isa), text) != 0) isa++;
    options->value[option].number = isa;
    return 0;
}

static int read_named(struct options *options, enum option option, const char *text)
{
    const char *equals = strchr(text, '=');
    if (!equals || equals == text || !equals[1]) {
        return poolgrad_fail(options, "--%s is '%s'; expected %s", poolgrad_options[option].name, text,
                             poolgrad_options[option].argument);
    }
    if (options->named_count == OPTION_NAMED) {
        return poolgrad_fail(options, "--%s %s: is one value with a name too many; expected %d in all",
                             poolgrad_options[option].name, text, OPTION_NAMED);
    }
    options->named[options->named_count++] = (struct named_value){option, text, equals + 1, (size_t)(equals - text)};
    return 0;
}

static int refuse_empty(const struct options *options, enum option option)
{
    const struct option_description *o = &poolgrad_options[option];
    if (o->type != TYPE_TEXT && o->type != TYPE_FOLDER)
        return poolgrad_fail(options, "--%s is ''; expected a file name", o->name);
    return poolgrad_fail(options, "--%s is ''; expected --%s %s", o->name, o->name, o->argument);
}

static int read_value(struct options *options, enum option option, const char *text)
{
    options->value[option].text = text;
    switch (poolgrad_options[option].type) {
    case TYPE_CHOICE: return read_choice(options, option, text);
    case TYPE_CHOICES: return read_choices(options, option, text);
    case TYPE_INTEGER: return read_integer(options, option, text);
    case TYPE_INTEGERS: return read_integers(options, option, text);
    case TYPE_SECONDS: return read_seconds(options, option, text);
    case TYPE_ISA: return read_isa(options, option, text);
    case TYPE_NAMED:
    case TYPE_NAMED_INPUT:
    case TYPE_NAMED_OUTPUT: return read_named(options, option, text);
    case TYPE_TEXT:
    case TYPE_INPUT:
    case TYPE_OUTPUT:
    case TYPE_REPORT:
    case TYPE_FOLDER: return *text ? 0 : refuse_empty(options, option);
    case TYPE_FLAG: break;
    }
    return 0;
}

/* The same where the word has dashes, and may be a dialect's. */
static int refuse_option(const struct options *options, const char *word, size_t length)
{
    char dialects_with[DIALECT_NAMES];
    const char *meant = poolgrad_suggested_option(options->command, word, length);
    poolgrad_dialects_with(options->command, word + 2, length - 2, dialects_with);
    const bool replaced = meant && poolgrad_dialect_replaces(find(options->command, meant, strlen(meant)));
    if (options->dialect && (*dialects_with || !meant || replaced))
        return poolgrad_dialect_refuse(options, word, length);
    const char *missing = poolgrad_missing_feature(word, length);
    if (missing) return poolgrad_fail(options, "%.*s is no option of this command; %s", (int)length, word, missing);
    if (meant) {
        return poolgrad_fail(options, "%.*s is no option of this command; did you mean --%s?%s%s%s", (int)length, word,
                             meant, *dialects_with ? " (a word of --dialect " : "", dialects_with,
                             *dialects_with ? ")" : "");
    }
    if (*dialects_with) {
        return poolgrad_fail(options, "%.*s is no option of this command; did you mean --dialect %s with it?",
                             (int)length, word, dialects_with);
    }
    return poolgrad_fail(options, "%.*s is no option of this command; poolgrad %s --help lists them", (int)length, word,
                         poolgrad_command_name(options->command));
}

/* A word that is no option: what was meant, if that is to be guessed. */
static int refuse_word(const struct options *options, const char *word, size_t length)
{
    const char *meant = poolgrad_suggested_option(options->command, word, length);
    if (strncmp(word, "--", 2) == 0) return refuse_option(options, word, length);
    if (*word == '-' && meant)
        return poolgrad_fail(options, "'%s' is no option; expected --name value, did you mean --%s?", word, meant);
    return poolgrad_fail(options, "'%s' is no option; expected --name value (see poolgrad %s --help)", word,
                         poolgrad_command_name(options->command));
}

/* A second number behind an option that takes one, "--kernel 3 3": false where the word is something else. */
static bool refuse_pair(const struct options *options, char *const *word, int i)
{
    enum { PAIR = 64 };
    char pair[PAIR], suggestion[SUGGESTION];
    if (i < 2 || strncmp(word[i - 2], "--", 2) != 0) return false;
    const enum option option = find(options->command, word[i - 2] + 2, strlen(word[i - 2] + 2));
    if (option == OPTION_COUNT) return false;
    snprintf(pair, sizeof pair, "%s %s", word[i - 1], word[i]);
    poolgrad_suggested_value(option, pair, suggestion);
    if (!*suggestion) return false;
    poolgrad_fail(options, "'%s' is no option; expected one number behind --%s%s", word[i],
                  poolgrad_options[option].name, suggestion);
    return true;
}

/* The word behind word[i], if it is no option; else null. */
static const char *next_value(int count, char *const *word, int i)
{
    return i + 1 == count || strncmp(word[i + 1], "--", 2) == 0 ? NULL : word[i + 1];
}

/* Whether the name and its value are of poolgrad's option, though the dialect has the name: --mode reference. */
static bool has_own_choice(enum command command, const char *name, size_t length, const char *value)
{
    const enum option option = find(command, name, length);
    const struct choice *choices = option == OPTION_COUNT ? NULL : poolgrad_options[option].choices;
    return value && choices && poolgrad_find_choice(choices, value, strlen(value));
}

/* Reads a word of the dialect at word[*i], as read_option does; false where there is none. */
static bool read_dialect_option(struct options *options, int count, char *const *word, int *i, int *status)
{
    const char *name = word[*i], *equals = strchr(name, '=');
    if (!options->dialect || strncmp(name, "--", 2) != 0) return false;
    const size_t length = (equals ? (size_t)(equals - name) : strlen(name)) - 2;
    const char *value = equals ? equals + 1 : next_value(count, word, *i);
    const int place = poolgrad_dialect_find(options->dialect, name + 2, length);
    if (place < 0 || has_own_choice(options->command, name + 2, length, value)) return false;
    *i += value && !equals ? 2 : 1;
    *status = poolgrad_dialect_read_word(options, place, value);
    return true;
}

/* Reads the option at word[*i] and its value, and moves *i behind them. */
static int read_option(struct options *options, int count, char *const *word, int *i)
{
    int status = 0;
    if (read_dialect_option(options, count, word, i, &status)) return status;
    const char *name = word[*i];
    const char *equals = strchr(name, '=');
    const bool dashed = strncmp(name, "--", 2) == 0;
    size_t length = equals ? (size_t)(equals - name) : strlen(name);
    enum option option = dashed ? find(options->command, name + 2, length - 2) : OPTION_COUNT;
    if (option == OPTION_COUNT && !dashed && refuse_pair(options, word, *i)) return 2;
    if (option == OPTION_COUNT) return refuse_word(options, name, length);
    if (options->value[option].given && !takes_names(option))
        return poolgrad_fail(options, "--%s is given twice; expected it once", poolgrad_options[option].name);
    options->value[option].given = true;
    bool flag = poolgrad_options[option].type == TYPE_FLAG;
    if (flag && equals) return poolgrad_fail(options, "%s has a value; expected none", name);
    if (!flag && !equals && !next_value(count, word, *i)) {
        return poolgrad_fail(options, "--%s has no value; expected %s", poolgrad_options[option].name,
                             poolgrad_options[option].argument);
    }
    const char *value = equals ? equals + 1 : NULL;
    if (!flag && !value) value = word[++*i];
    ++*i;
    return flag ? 0 : read_value(options, option, value);
}

/* ---- Standard streams -------------------------------------------------------------------------------------------- */

/* The files of the command line, one by one: false behind the last. */
static bool file_at(const struct options *options, int i, struct file_argument *file)
{
    if (i >= OPTION_COUNT + options->named_count) return false;
    *file = i < OPTION_COUNT ? poolgrad_file(options, (enum option)i)
                             : poolgrad_named_file(&options->named[i - OPTION_COUNT]);
    return true;
}

/* A stream holds one file. */
static int check_streams(const struct options *options)
{
    enum option reader = OPTION_COUNT, writer = OPTION_COUNT;
    struct file_argument file;
    for (int i = 0; file_at(options, i, &file); i++) {
        const bool reads = poolgrad_reads_file(file.option), writes = poolgrad_writes_file(file.option);
        if (!poolgrad_is_stream(&file) || (!reads && !writes)) continue;
        enum option *const other = reads ? &reader : &writer;
        if (*other != OPTION_COUNT) {
            return poolgrad_fail(options, "--%s and --%s are both -; expected one file on standard %s",
                                 poolgrad_options[*other].name, poolgrad_options[file.option].name,
                                 reads ? "input" : "output");
        }
        *other = file.option;
    }
    return 0;
}

bool poolgrad_writes_stdout(const struct options *options)
{
    struct file_argument file;
    for (int i = 0; file_at(options, i, &file); i++) {
        if (poolgrad_writes_file(file.option) && poolgrad_is_stream(&file)) return true;
    }
    return false;
}

/* The dialect says which words there are, wherever it stands. */
static int find_dialect(struct options *options, int count, char *const *word)
{
    static const char name[] = "--dialect";
    if (!(poolgrad_options[OPTION_DIALECT].commands & (int)options->command)) return 0;
    for (int i = 0; i < count; i++) {
        const bool equals = strncmp(word[i], name, sizeof name - 1) == 0 && word[i][sizeof name - 1] == '=';
        const char *value = equals                       ? word[i] + sizeof name
                            : strcmp(word[i], name) == 0 ? next_value(count, word, i)
                                                         : NULL;
        if (!value) continue;
        if (read_value(options, OPTION_DIALECT, value) != 0) return 2;
        options->dialect = poolgrad_dialect_at((int)options->value[OPTION_DIALECT].number);
    }
    return 0;
}

int poolgrad_options_parse(struct options *options, enum command command, int count, char *const *word)
{
    *options = (struct options){.command = command};
    int i = 0, status = find_dialect(options, count, word);
    for (; i < count && i < words_of_command(command) && strncmp(word[i], "--", 2) != 0; i++)
        options->word[i] = word[i];
    while (i < count && status == 0) status = read_option(options, count, word, &i);
    if (status == 0) status = poolgrad_dialect_check(options);
    return status == 0 ? check_streams(options) : status;
}
