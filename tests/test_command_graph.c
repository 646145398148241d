/* SPDX-License-Identifier: Apache-2.0 */
/* The graph command from outside: results beside the library's, what it says of a file, what it refuses. */
#include <criterion/criterion.h>
#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>

#include "cli/options.h"
#include "support/json_text.h"
#include "support/npyfile.h"
#include "support/process.h"
#include "support/scene.h"
#include "support/view.h"
#include <poolgrad/graph.h>

/* Texts of tests have single quotes. */
static void write_text(const char *name, const char *text)
{
    char *json = json_quoted(text);
    scene_write_bytes(name, json, strlen(json));
    free(json);
}

static void copy_example(const char *name)
{
    char path[SCENE_PATH], text[1 << 14];
    snprintf(path, sizeof path, "%s/graphs/%s", POOLGRAD_TEST_DATA, name);
    FILE *file = fopen(path, "rb");
    cr_assert(file, "%s", path);
    size_t size = fread(text, 1, sizeof text, file);
    fclose(file);
    cr_assert(size > 0 && size < sizeof text);
    scene_write_bytes(name, text, size);
}

static void enter(void)
{
    scene_enter();
    scene_write();
    copy_example("training.json");
    copy_example("pyramid.json");
    copy_example("kernel.json");
    poolgrad_image dy = scene_tensor(POOLGRAD_FLOAT32, POOLGRAD_NCHW, 2, 8, 2, 2);
    scene_fill(&dy, 3, false);
    scene_write_image(&dy, 4, "dy.npy");
    view_free(&dy);
}

/* ---- The graph of training.json ---------------------------------------------------------------------------------- */

static poolgrad_graph *training_graph(void)
{
    poolgrad_graph *graph;
    poolgrad_error error = {"", ""};
    poolgrad_network *network = poolgrad_network_create();
    poolgrad_image_node *x = poolgrad_image_node_create(network, "x"), *dy = poolgrad_image_node_create(network, "dy");
    poolgrad_filter_node *pool1 = poolgrad_pooling_max_node_create(network, x, 3, 3, 2, 2);
    poolgrad_filter_node_set_label(pool1, "pool1");
    poolgrad_filter_node_set_saves_argmax(pool1, 1);
    poolgrad_filter_node *pool2 =
        poolgrad_pooling_average_node_create(network, poolgrad_filter_node_result_image(pool1), 2, 2, 2, 2);
    poolgrad_padding_policy policy = poolgrad_padding_policy_with_method(POOLGRAD_PADDING_SIZE_VALID_ONLY);
    poolgrad_filter_node_set_label(pool2, "pool2");
    poolgrad_filter_node_set_padding_policy(pool2, &policy);
    poolgrad_image_node_set_handle(poolgrad_filter_node_result_image(pool2), "y");
    poolgrad_image_node_set_export_from_graph(poolgrad_filter_node_result_image(pool2), 1);
    poolgrad_filter_node *back2 = poolgrad_filter_node_gradient_filter_with_source(pool2, dy);
    poolgrad_filter_node_set_label(back2, "back2");
    poolgrad_filter_node *back1 =
        poolgrad_filter_node_gradient_filter_with_source(pool1, poolgrad_filter_node_result_image(back2));
    poolgrad_filter_node_set_label(back1, "back1");
    poolgrad_image_node_set_handle(poolgrad_filter_node_result_image(back1), "dx");
    poolgrad_image_node *const results[] = {poolgrad_filter_node_result_image(back1),
                                            poolgrad_filter_node_result_image(pool2)};
    static const int needed[] = {1, 1};
    cr_assert(poolgrad_graph_create_with_result_images(network, results, needed, 1, &graph, &error) == POOLGRAD_OK,
              "%s", error.message);
    cr_assert(poolgrad_graph_set_format(graph, POOLGRAD_FLOAT32, &error) == POOLGRAD_OK);
    poolgrad_network_destroy(network);
    return graph;
}

/* What training.json gives for two images: dx, then y. */
static void train(const poolgrad_image *x, const poolgrad_image *dy, int rank, npyfile files[2])
{
    poolgrad_error error = {"", ""};
    poolgrad_context context;
    const poolgrad_const_image sources[] = {*VIEW(x), *VIEW(dy)};
    poolgrad_buffer *dx = NULL, *y = NULL;
    poolgrad_graph *graph = training_graph();
    poolgrad_context_init(&context, sizeof context);
    context.mode = POOLGRAD_MODE_REFERENCE;
    poolgrad_status status = poolgrad_graph_encode(graph, &context, sources, 2, NULL, 0, &dx, &y, NULL, &error);
    cr_assert(status == POOLGRAD_OK, "%s", error.message);
    files[0] = npyfile_of_image(poolgrad_buffer_image(dx), rank);
    files[1] = npyfile_of_image(poolgrad_buffer_image(y), rank);
    poolgrad_buffer_destroy(dx);
    poolgrad_buffer_destroy(y);
    poolgrad_graph_destroy(graph);
}

#define TRAIN "graph --graph training.json --source x=x.npy --source dy=dy.npy "

/* Options that change no bit. */
static const char *const same_bits[] = {
    TRAIN "--output out.npy --intermediate y=y.npy",
    "graph --intermediate=y=y.npy --output=out.npy --source=dy=dy.npy --graph=training.json --source=x=x.npy",
    TRAIN "--output out.npy --intermediate y=y.npy --mode reference",
    TRAIN "--output out.npy --intermediate y=y.npy --mode fast --threads 1",
    TRAIN "--output out.npy --intermediate y=y.npy --max-isa scalar --layout nchw",
};

static bool file_is(const char *name, const npyfile *expected)
{
    npyfile actual = {0};
    bool good = npyfile_read(&actual, scene_folder, name) && npyfile_same(name, expected, &actual);
    npyfile_free(&actual);
    return good;
}

static void free_both(npyfile files[2])
{
    npyfile_free(&files[0]);
    npyfile_free(&files[1]);
}

static poolgrad_image read_gradient(poolgrad_layout layout, int64_t channels)
{
    poolgrad_image dy = scene_tensor(POOLGRAD_FLOAT32, layout, 2, channels, 2, 2);
    scene_fill(&dy, 3, false);
    return dy;
}

Test(command_graph, training, .init = enter, .fini = scene_leave)
{
    npyfile expected[2];
    poolgrad_image dy = read_gradient(POOLGRAD_NCHW, 8);
    train(&scene_source, &dy, 4, expected);
    for (size_t i = 0; i < sizeof same_bits / sizeof *same_bits; i++) {
        cr_expect(scene_runs(same_bits[i]) && file_is("out.npy", &expected[0]) && file_is("y.npy", &expected[1]), "%s",
                  same_bits[i]);
        remove(scene_path("out.npy"));
        remove(scene_path("y.npy"));
    }
    cr_expect(scene_runs(TRAIN "--intermediate y=y.npy") && file_is("y.npy", &expected[1]));
    size_t size;
    cr_expect(scene_read_bytes("out.npy", &size) == NULL, "an output that nobody asked for");
    cr_expect(scene_runs(TRAIN "--output out.npy") && file_is("out.npy", &expected[0]));
    free_both(expected);
    view_free(&dy);
}

/* In other layouts, some of whose lanes are unused, and with lower ranks. */
Test(command_graph, layouts, .init = enter, .fini = scene_leave)
{
    static const struct {
        poolgrad_layout layout;
        int64_t images, channels;
        int rank;
        const char *options;
    } rows[] = {{POOLGRAD_NHWC, 2, 8, 4, "--layout nhwc"},
                {POOLGRAD_NC4HW4, 2, 6, 5, "--layout nc4hw4 --channels 6"},
                {POOLGRAD_NC4HW4, 1, 8, 4, "--layout nc4hw4"},
                {POOLGRAD_NCHW, 1, 3, 3, ""},
                {POOLGRAD_NCHW, 1, 1, 2, ""}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char line[SCENE_LINE];
        npyfile expected[2];
        poolgrad_image x = scene_tensor(POOLGRAD_FLOAT32, rows[i].layout, rows[i].images, rows[i].channels, 7, 9);
        poolgrad_image dy = scene_tensor(POOLGRAD_FLOAT32, rows[i].layout, rows[i].images, rows[i].channels, 2, 2);
        scene_fill(&x, 1, true);
        scene_fill(&dy, 3, false);
        scene_write_image(&x, rows[i].rank, "x.npy");
        scene_write_image(&dy, rows[i].rank, "dy.npy");
        train(&x, &dy, rows[i].rank, expected);
        snprintf(line, sizeof line, TRAIN "--output out.npy --intermediate y=y.npy %s", rows[i].options);
        cr_expect(scene_runs(line) && file_is("out.npy", &expected[0]) && file_is("y.npy", &expected[1]), "%s", line);
        free_both(expected);
        view_free(&x);
        view_free(&dy);
    }
    cr_expect(scene_runs_with(TRAIN "--output out.npy --channels 4",
                              "--channels has no effect: only layouts of slices leave it"));
}

/* A window of one pixel changes nothing but the layout. */
static void change_layout(const char *from, const char *from_layout, const char *to, const char *to_layout)
{
    char line[SCENE_LINE];
    snprintf(line, sizeof line, "forward --kind max --kernel 1 --source %s --layout %s --output %s --output-layout %s",
             from, from_layout, to, to_layout);
    cr_expect(scene_runs(line), "%s", line);
}

/* In slices of 8, 16 and 32 channels, which the 8 of the scene fill, or leave mostly unused. */
Test(command_graph, wide_slices, .init = enter, .fini = scene_leave)
{
    static const char *const layouts[] = {"nc8hw8", "nc16hw16", "nc32hw32"};
    cr_expect(scene_runs(TRAIN "--output dx.npy"));
    for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++) {
        char line[SCENE_LINE];
        npyfile expected, back;
        change_layout("x.npy", "nchw", "xs.npy", layouts[i]);
        change_layout("dy.npy", "nchw", "dys.npy", layouts[i]);
        snprintf(line, sizeof line,
                 "graph --graph training.json --source x=xs.npy --source dy=dys.npy --output dxs.npy --channels 8 "
                 "--layout %s",
                 layouts[i]);
        cr_expect(scene_runs(line), "%s", line);
        snprintf(line, sizeof line,
                 "forward --kind max --kernel 1 --source dxs.npy --layout %s --channels 8 --output back.npy "
                 "--output-layout nchw",
                 layouts[i]);
        cr_expect(scene_runs(line), "%s", line);
        cr_assert(npyfile_read(&expected, scene_folder, "dx.npy") && npyfile_read(&back, scene_folder, "back.npy"));
        cr_expect(npyfile_same(layouts[i], &expected, &back));
        npyfile_free(&expected);
        npyfile_free(&back);
    }
}

/* ---- Formats ----------------------------------------------------------------------------------------------------- */

/* A file whose elements are 16 bits of no declared meaning is what the image's format says. */
Test(command_graph, formats, .init = enter, .fini = scene_leave)
{
    static const char node[] = "{'class': 'network', 'images': [{'handle': 'x'%s}], 'filters': [{'type': "
                               "'pooling_max_node', 'source_images': ['i0'], 'kernel_width': 2, "
                               "'kernel_height': 2, 'stride_in_pixels_x': 2, 'stride_in_pixels_y': 2}]}";
    static const struct {
        const char *format;
        poolgrad_format source, result;
        bool call_uint16;
    } rows[] = {{", 'format': 'bfloat16'", POOLGRAD_BFLOAT16, POOLGRAD_BFLOAT16, true},
                {", 'format': 'bfloat16'", POOLGRAD_BFLOAT16, POOLGRAD_BFLOAT16, false},
                {"", POOLGRAD_UNORM8, POOLGRAD_FLOAT16, false},
                {", 'format': 'unorm16'", POOLGRAD_UNORM16, POOLGRAD_FLOAT32, false},
                {", 'format': 'float64'", POOLGRAD_FLOAT64, POOLGRAD_FLOAT64, false}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[1024];
        poolgrad_image x = scene_tensor(rows[i].source, POOLGRAD_NCHW, 1, 2, 6, 4);
        scene_fill(&x, 5, false);
        poolgrad_problem p = scene_problem(POOLGRAD_FORWARD, &x, NULL);
        p.kind = POOLGRAD_MAX;
        p.window = (poolgrad_window){2, 2, 1, 2, 2, 1, 1, 1, 1};
        p.offset_x = p.offset_y = 1;
        p.destination.width = 2;
        p.destination.height = 3;
        p.destination.format = rows[i].result;
        npyfile file = npyfile_of_image(&x, 4);
        if (rows[i].call_uint16) npyfile_call_uint16(&file);
        npyfile_write(&file, scene_folder, "x.npy");
        npyfile_free(&file);
        snprintf(text, sizeof text, node, rows[i].format);
        write_text("one.json", text);
        cr_expect(scene_gives("graph --graph one.json --source x=x.npy --output out.npy", "out.npy",
                              scene_solve(&p, 4, NULL)),
                  "row %zu", i);
        view_free(&x);
    }
}

/* ---- Kernels ----------------------------------------------------------------------------------------------------- */

static npyfile take(poolgrad_status status, const poolgrad_error *error, poolgrad_buffer *buffer)
{
    cr_assert(status == POOLGRAD_OK, "%s", error->message);
    npyfile file = npyfile_of_image(poolgrad_buffer_image(buffer), 4);
    poolgrad_buffer_destroy(buffer);
    return file;
}

static poolgrad_buffer *new_buffer(int64_t height, int64_t width)
{
    const poolgrad_image image = {
        .format = POOLGRAD_FLOAT32, .images = 2, .channels = 8, .height = height, .width = width};
    poolgrad_buffer *buffer;
    cr_assert(poolgrad_buffer_create(&image, NULL, &buffer, NULL) == POOLGRAD_OK);
    return buffer;
}

#define POOLING                                                                                                        \
    "{'class': 'pooling', 'kind': 'average', 'kernel_width': 3, 'kernel_height': 2, "                                  \
    "'stride_in_pixels_x': 2, 'offset': {'x': 3, 'y': 2}, 'label': 'one'}"

Test(command_graph, forward_kernel, .init = enter, .fini = scene_leave)
{
    static const char line[] = "graph --graph kernel.json --source source=x.npy --output out.npy";
    poolgrad_pooling kernel;
    poolgrad_buffer *buffer = NULL;
    poolgrad_error error = {"", ""};
    poolgrad_pooling_average_init(&kernel, sizeof kernel, 3, 2, 2, 1);
    kernel.offset = (poolgrad_offset){3, 2, 0};
    write_text("kernel.json", POOLING);
    poolgrad_status status = poolgrad_pooling_encode_to_new(&kernel, NULL, VIEW(&scene_source), &buffer, NULL, &error);
    cr_expect(scene_gives(line, "out.npy", take(status, &error, buffer)));
    buffer = new_buffer(4, 3);
    status = poolgrad_pooling_encode(&kernel, NULL, VIEW(&scene_source), NULL, poolgrad_buffer_image(buffer), &error);
    char sized[SCENE_LINE];
    snprintf(sized, sizeof sized, "%s --output-size 2,8,4,3", line);
    cr_expect(scene_gives(sized, "out.npy", take(status, &error, buffer)));
}

Test(command_graph, gradient_kernel, .init = enter, .fini = scene_leave)
{
    static const char line[] = "graph --graph kernel.json --source source_gradient=g.npy --source source_image=x.npy "
                               "--output out.npy";
    poolgrad_pooling_gradient kernel;
    poolgrad_buffer *buffer = NULL;
    poolgrad_error error = {"", ""};
    poolgrad_pooling_max_gradient_init(&kernel, sizeof kernel, 3, 3, 2, 2);
    kernel.secondary_offset = (poolgrad_offset){1, 1, 0};
    kernel.secondary_edge_mode = POOLGRAD_EDGE_CLAMP;
    poolgrad_status status = poolgrad_pooling_gradient_encode_to_new(&kernel, NULL, VIEW(&scene_gradient),
                                                                     VIEW(&scene_source), NULL, &buffer, &error);
    cr_expect(scene_gives(line, "out.npy", take(status, &error, buffer)));
    buffer = new_buffer(7, 9);
    status = poolgrad_pooling_gradient_encode(&kernel, NULL, VIEW(&scene_gradient), VIEW(&scene_source), NULL,
                                              poolgrad_buffer_image(buffer), &error);
    char sized[SCENE_LINE];
    snprintf(sized, sizeof sized, "%s --output-size 2,8,7,9", line);
    cr_expect(scene_gives(sized, "out.npy", take(status, &error, buffer)));
}

/* Only the size of the image counts: a file that is too short for its header is still refused, its data is not read. */
Test(command_graph, average_gradient_reads_no_image, .init = enter, .fini = scene_leave)
{
    poolgrad_pooling_gradient kernel;
    poolgrad_buffer *buffer = NULL;
    poolgrad_error error = {"", ""};
    poolgrad_pooling_average_gradient_init(&kernel, sizeof kernel, 3, 3, 2, 2);
    write_text("kernel.json", "{'class': 'pooling_gradient', 'kind': 'average', 'kernel_width': 3, "
                              "'kernel_height': 3, 'stride_in_pixels_x': 2, 'stride_in_pixels_y': 2}");
    poolgrad_image size = scene_source;
    size.data = NULL;
    poolgrad_status status = poolgrad_pooling_gradient_encode_to_new(&kernel, NULL, VIEW(&scene_gradient), VIEW(&size),
                                                                     NULL, &buffer, &error);
    cr_expect(
        scene_gives("graph --graph kernel.json --source source_gradient=g.npy --source source_image=x.npy --output "
                    "out.npy",
                    "out.npy", take(status, &error, buffer)));
}

/* ---- Several files ----------------------------------------------------------------------------------------------- */

static poolgrad_buffer *level(const poolgrad_image *x, int64_t size)
{
    poolgrad_pooling kernel;
    poolgrad_buffer *buffer = NULL;
    poolgrad_error error = {"", ""};
    poolgrad_pooling_max_init(&kernel, sizeof kernel, size, size, size, size);
    kernel.edge_mode = POOLGRAD_EDGE_CLAMP;
    kernel.padding = poolgrad_padding_policy_with_method(POOLGRAD_PADDING_SIZE_VALID_ONLY);
    poolgrad_status status = poolgrad_pooling_encode_to_new(&kernel, NULL, VIEW(x), &buffer, NULL, &error);
    cr_assert(status == POOLGRAD_OK, "%s", error.message);
    return buffer;
}

/* Spatial pyramid pooling, a network: what it exports, and one result. */
Test(command_graph, pyramid, .init = enter, .fini = scene_leave)
{
    static const char line[] =
        "graph --graph pyramid.json --source x=x.npy --source d1=d1.npy --source d2=d2.npy --source d4=d4.npy "
        "--output dx.npy --intermediate level4=l4.npy --intermediate level1=l1.npy --intermediate level2=l2.npy";
    poolgrad_image x = scene_tensor(POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 2, 16, 16);
    scene_fill(&x, 1, false);
    scene_write_image(&x, 4, "x.npy");
    for (int64_t bins = 1; bins <= 4; bins *= 2) {
        char name[32];
        poolgrad_image d = scene_tensor(POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 2, bins, bins);
        scene_fill(&d, (uint64_t)bins, false);
        snprintf(name, sizeof name, "d%" PRId64 ".npy", bins);
        scene_write_image(&d, 4, name);
        view_free(&d);
    }
    cr_assert(scene_runs(line));
    for (int64_t bins = 1; bins <= 4; bins *= 2) {
        char name[32];
        poolgrad_buffer *buffer = level(&x, 16 / bins);
        npyfile expected = npyfile_of_image(poolgrad_buffer_image(buffer), 4);
        snprintf(name, sizeof name, "l%" PRId64 ".npy", bins);
        cr_expect(file_is(name, &expected));
        npyfile_free(&expected);
        poolgrad_buffer_destroy(buffer);
    }
    npyfile dx = {0};
    cr_expect(npyfile_read(&dx, scene_folder, "dx.npy") && dx.shape[2] == 16 && dx.shape[3] == 16);
    npyfile_free(&dx);
    view_free(&x);
}

/* Filters beside each other, all exported, but for the first, which is the result. */
Test(command_graph, many_files, .init = enter, .fini = scene_leave)
{
    enum { FILTERS = 20, SPACE = 256 };
    char text[FILTERS * SPACE], line[SCENE_LINE], *at = text;
    at += sprintf(at, "{'class': 'network', 'images': [{'handle': 'x'}], 'filters': [");
    int used = snprintf(line, sizeof line, "graph --graph many.json --source x=x.npy --output f0.npy");
    for (int i = 0; i < FILTERS; i++) {
        at += sprintf(at,
                      "%s{'type': 'pooling_l2norm_node', 'source_images': ['i0'], 'kernel_width': 1, "
                      "'kernel_height': %d}",
                      i == 0 ? "" : ", ", i % 5 + 1);
        if (i > 0) used += snprintf(line + used, sizeof line - (size_t)used, " --intermediate f%d=f%d.npy", i, i);
    }
    sprintf(at, "]}");
    write_text("many.json", text);
    cr_assert(scene_runs(line));
    for (int i = 0; i < FILTERS; i++) {
        char name[16], like[16];
        size_t size, size_like;
        snprintf(name, sizeof name, "f%d.npy", i);
        snprintf(like, sizeof like, "f%d.npy", i % 5);
        unsigned char *bytes = scene_read_bytes(name, &size), *bytes_like = scene_read_bytes(like, &size_like);
        cr_expect(bytes && bytes_like && size == size_like && memcmp(bytes, bytes_like, size) == 0, "%s", name);
        free(bytes);
        free(bytes_like);
    }
}

/* ---- What a file says -------------------------------------------------------------------------------------------- */

static char *said(const char *line)
{
    process_result result = process_run(&scene_setting, line);
    cr_assert(result.status == 0 && !*result.err, "%s: %s", line, result.err);
    char *out = result.out;
    result.out = NULL;
    process_release(&result);
    return out;
}

static void expect_lines(const char *line, const char *const *lines)
{
    char *text = said(line);
    for (; *lines; lines++) cr_expect(strstr(text, *lines) != NULL, "%s: lacks %s\n%s", line, *lines, text);
    free(text);
}

#define DESCRIBE "graph --graph training.json --describe "

Test(command_graph, describe, .init = enter, .fini = scene_leave)
{
    char memory[128], words[4096];
    const poolgrad_const_image sources[] = {
        *VIEW(&scene_source), {.format = POOLGRAD_FLOAT32, .images = 2, .channels = 8, .height = 2, .width = 2}};
    poolgrad_graph *graph = training_graph();
    poolgrad_graph_memory bytes;
    cr_assert(poolgrad_graph_result_sizes(graph, sources, 2, NULL, 0, NULL, NULL, &bytes, NULL) == POOLGRAD_OK);
    snprintf(memory, sizeof memory,
             "\nmemory         %" PRId64 " bytes between the filters; side by side %" PRId64 "\n", bytes.peak,
             bytes.intermediate);
    cr_assert(poolgrad_graph_description(graph, words, sizeof words) < sizeof words);
    poolgrad_graph_destroy(graph);
    expect_lines(DESCRIBE, (const char *const[]){words,
                                                 "\nsource         x\nsource         dy\noutput         dx\n"
                                                 "intermediate   y\n",
                                                 NULL});
    static const char sizes[] = "\nsource         x: 2 x 8 x 7 x 9 float32\nsource         dy: 2 x 8 x 2 x 2 float32\n"
                                "output         dx: 2 x 8 x 7 x 9 float32\nintermediate   y: 2 x 8 x 2 x 2 float32\n";
    const char *const lines[] = {words, sizes, memory, NULL};
    expect_lines(DESCRIBE "--source x=x.npy --source dy=dy.npy", lines);
    expect_lines(DESCRIBE "--source x=x.npy --source-size dy=2,8,2,2", lines);
    expect_lines(DESCRIBE "--source-size dy=2,8,2,2,float32 --source-size x=2,8,7,9", lines);
    expect_lines(
        DESCRIBE "--source-size dy=1,3,2,2,float16 --source-size x=1,3,7,9,unorm8 --layout nhwc",
        (const char *const[]){"x: 1 x 3 x 7 x 9 unorm8\n", "output         dx: 1 x 3 x 7 x 9 float32\n", NULL});
}

Test(command_graph, describe_kernels_and_networks, .init = enter, .fini = scene_leave)
{
    expect_lines("graph --graph kernel.json --describe",
                 (const char *const[]){"\nsource         source_gradient\nsource         source_image\noutput         "
                                       "destination\n",
                                       NULL});
    expect_lines("graph --graph kernel.json --describe --source source_gradient=g.npy --source-size "
                 "source_image=2,8,7,9",
                 (const char *const[]){"\noutput         destination: 2 x 8 x 7 x 9 float32\n", NULL});
    expect_lines("graph --graph pyramid.json --describe",
                 (const char *const[]){"graph: 4 source images", "\naddition_node ", "\noutput         dx\n",
                                       "\nintermediate   level2\n", NULL});
    write_text("forward.json", POOLING);
    expect_lines("graph --graph forward.json --describe --source-size source=1,2,8,9,float16",
                 (const char *const[]){"\noutput         destination: 1 x 2 x 8 x 5 float16\n", NULL});
    write_text("states.json",
               "{'class': 'network', 'images': [{'id': 'x'}, {'id': 'dy'}], 'states': [{'handle': "
               "'kept'}, {}], 'filters': [{'type': 'pooling_average_gradient_node', 'source_images': ['dy', "
               "'x'], 'source_states': ['s0'], 'kernel_width': 2, 'kernel_height': 2}, {'type': "
               "'pooling_max_node', 'source_images': ['x'], 'kernel_width': 2, 'kernel_height': 2, "
               "'result_state': {'handle': 'made', 'export_from_graph': true}}]}");
    expect_lines("graph --graph states.json --describe",
                 (const char *const[]){"\nsource state   kept\n", "\noutput         f0\n", "\nintermediate   f1\n",
                                       "\nresult state   made\n", NULL});
    cr_expect(scene_refuses("graph --graph states.json --source x=x.npy --source dy=g.npy --output out.npy",
                            "states.json: is given states, which stand in no file; expected states of its own"));
}

/* What is printed is what the library writes of the same graph, and is read again. */
Test(command_graph, print_json, .init = enter, .fini = scene_leave)
{
    static const char *const files[] = {"training.json", "pyramid.json", "kernel.json"};
    char expected[1 << 14];
    poolgrad_graph *graph = training_graph();
    cr_assert(poolgrad_graph_debug_description(graph, expected, sizeof expected) < sizeof expected - 1);
    poolgrad_graph_destroy(graph);
    strcat(expected, "\n");
    char *text = said("graph --graph training.json --print-json");
    cr_expect_str_eq(text, expected);
    free(text);
    for (int i = 0; i < 3; i++) {
        char line[SCENE_LINE];
        snprintf(line, sizeof line, "graph --print-json --graph %s", files[i]);
        char *first = said(line);
        scene_write_bytes("again.json", first, strlen(first));
        char *second = said("graph --graph again.json --print-json");
        cr_expect_str_eq(first, second);
        free(first);
        free(second);
    }
}

/* ---- Refusals ---------------------------------------------------------------------------------------------------- */

static const char *const refusals[][2] = {
    {"graph", "--graph is missing; expected --graph FILE"},
    {"graph --graph no.json --describe", "--graph no.json: No such file or directory; expected a .json file"},
    {"graph --graph dir --describe", "--graph dir: is a directory; expected a .json file"},
    {"graph --graph x.npy --describe", "x.npy: line 1, column "},
    {"graph --graph broken.json --describe", "broken.json: line 2, column 7: "},
    {"graph --graph huge.json --describe", "huge.json: is longer than 16777216 bytes; expected at most as many"},
    {"graph --graph empty.json --describe", "empty.json: result_images are 0; expected at least 1"},
    {"graph --graph cycle.json --print-json",
     "cycle.json: filters \"b\" and \"a\" read each other in a cycle; expected none"},
    {TRAIN, "--output is missing; expected --output FILE, --intermediate NAME=FILE or both"},
    {"graph --graph kernel.json", "--output is missing; expected --output FILE\n"},
    {"graph --graph training.json --output out.npy",
     "--source x=FILE is missing; expected a file for each of: x or dy"},
    {"graph --graph training.json --source x=x.npy --output out.npy",
     "--source dy=FILE is missing; expected a file for"},
    {DESCRIBE "--source x=x.npy", "--source dy=FILE is missing; expected a file or a size for each of: x or dy"},
    {TRAIN "--output out.npy --source z=x.npy",
     "--source z=x.npy: z is not among the names in training.json; expected x or dy"},
    {TRAIN "--output out.npy --source x=g.npy", "--source x=g.npy: x is given twice; expected it once"},
    {DESCRIBE "--source x=g.npy --source-size x=1,1,1,1", "--source-size x=1,1,1,1: x is given twice"},
    {TRAIN "--output out.npy --intermediate z=y.npy", "z is not among the names in training.json; expected y"},
    {"graph --graph kernel.json --source source_gradient=g.npy --source source_image=x.npy --output out.npy "
     "--intermediate z=y.npy",
     "z is not among the names in kernel.json; expected none, it has no such images"},
    {"graph --graph training.json --source x --output out.npy", "--source is 'x'; expected NAME=FILE"},
    {"graph --graph training.json --source =x.npy --output out.npy", "--source is '=x.npy'; expected NAME=FILE"},
    {"graph --graph training.json --source x= --output out.npy", "--source is 'x='; expected NAME=FILE"},
    {"graph --graph training.json --source-size x=1,1,1,1 --output out.npy",
     "--source-size is given without --describe; expected --source NAME=FILE"},
    {DESCRIBE "--source x=x.npy --source-size dy=1,8,2", "has '1,8,2' for a size; expected four integers from 0 on"},
    {DESCRIBE "--source x=x.npy --source-size dy=1,8,2,-2", "has '1,8,2,-2' for a size; expected four integers"},
    {DESCRIBE "--source x=x.npy --source-size dy=1,8,2,2,half", "has '1,8,2,2,half' for a size; expected"},
    {DESCRIBE "--source x=x.npy --source-size dy=1,8,2,2,int64", "has '1,8,2,2,int64' for a size; expected"},
    {DESCRIBE "--source x=x.npy --source-size dy=1,8,2,2,", "has '1,8,2,2,' for a size; expected"},
    {DESCRIBE "--source x=x.npy --source-size dy=1,8,2,99999999999999999999", "for a size; expected"},
    {DESCRIBE "--output out.npy", "--output is given beside --describe, which runs nothing; expected one of them"},
    {DESCRIBE "--intermediate y=y.npy", "--intermediate is given beside --describe"},
    {DESCRIBE "--threads 1", "--threads is given beside --describe"},
    {"graph --graph training.json --print-json --describe",
     "--describe is given beside --print-json, which runs nothing"},
    {"graph --graph training.json --print-json --source x=x.npy", "--source is given beside --print-json"},
    {TRAIN "--output out.npy --threads -1", "--threads is -1; expected 0 (automatic) to 1024"},
    {TRAIN "--output out.npy --threads 2000", "poolgrad graph: --threads is 2000; expected"},
    {TRAIN "--output out.npy --mode quick", "--mode is 'quick'; expected fast or reference"},
    {TRAIN "--output out.npy --max-isa none", "--max-isa is 'none'; expected"},
    {TRAIN "--output out.npy --layout chwn", "--layout is 'chwn'; expected nchw, nhwc, nc4hw4"},
    {TRAIN "--output out.npy --layout nc4hw4 --channels 9", "--channels is 9; expected 5 to 8 for the slices of x.npy"},
    {TRAIN "--output out.npy --kind max", "--kind is no option of this command"},
    {TRAIN "--output out.npy --output-size 2,8,7,9", "--output-size is given for a graph, whose filters say it"},
    {"graph --graph kernel.json --source source_gradient=g.npy --source source_image=x.npy --output out.npy "
     "--output-size 2,8,7",
     "--output-size is '2,8,7'; expected four integers, N,C,H,W"},
    {"graph --graph kernel.json --source source_gradient=g.npy --source source_image=x.npy --output out.npy "
     "--output-size 2,8,7,-9",
     "--output-size: "},
    {"graph --graph training.json --source x=no.npy --source dy=dy.npy --output out.npy",
     "--source x=no.npy: No such file or directory; expected a .npy file that can be read"},
    {"graph --graph training.json --source x=dir --source dy=dy.npy --output out.npy",
     "--source x=dir: is a directory; expected a .npy file"},
    {"graph --graph training.json --source x=text.npy --source dy=dy.npy --output out.npy", "text.npy: "},
    {"graph --graph training.json --source x=x.npy --source dy=four_channels.npy --output out.npy",
     "training.json: node \"back2\": "},
    {"graph --graph training.json --source x=x.npy --source dy=g.npy --output out.npy",
     "training.json: node \"back2\": "},
    {"graph --graph typed.json --source x=x.npy --output out.npy", "typed.json: "},
    {"graph --graph unneeded.json --source x=x.npy --output out.npy",
     "--output out.npy: unneeded.json says that its result is not needed; expected --intermediate"},
    {TRAIN "--output dir", "--output dir: is a directory; expected a file name"},
    {TRAIN "--output no/such.npy", "--output no/such.npy: cannot be written"},
    {TRAIN "--output out.npy --intermediate y=no/such.npy", "--intermediate y=no/such.npy: cannot be written"},
    {TRAIN "--output out.npy --intermediate y=dir", "--intermediate y=dir: is a directory"},
    {TRAIN "--output x.npy", "--output x.npy: is also --source; expected a file of its own"},
    {TRAIN "--output training.json", "--output training.json: is also --graph; expected a file of its own"},
    {TRAIN "--output out.npy --intermediate y=dy.npy", "--intermediate y=dy.npy: is also --source; expected a file"},
    {TRAIN "--output out.npy --intermediate y=out.npy", "is also --intermediate; expected a file of its own"},
};

static void write_bad_files(void)
{
    static char huge[(1 << 24) + 1];
    memset(huge, ' ', sizeof huge);
    scene_write_bad_files();
    scene_write_bytes("huge.json", huge, sizeof huge);
    write_text("broken.json", "{\n  class\n}");
    write_text("empty.json", "{'class': 'network', 'filters': []}");
    write_text("cycle.json", "{'class': 'network', 'images': [{'id': 'x'}], 'filters': ["
                             "{'id': 'a', 'type': 'addition_node', 'source_images': ['x', 'b']}, "
                             "{'id': 'b', 'type': 'addition_node', 'source_images': ['x', 'a']}]}");
    write_text("typed.json", "{'class': 'network', 'images': [{'id': 'x', 'format': 'float16'}], 'filters': ["
                             "{'id': 'a', 'type': 'addition_node', 'source_images': ['x', 'x']}]}");
    write_text("unneeded.json",
               "{'class': 'graph', 'images': [{'id': 'x'}], 'filters': ["
               "{'id': 'a', 'type': 'addition_node', 'source_images': ['x', 'x'], "
               "'result_image': {'export_from_graph': true}}], 'results': [{'image': 'a', 'is_needed': false}]}");
}

Test(command_graph, refusals, .init = enter, .fini = scene_leave)
{
    write_bad_files();
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        cr_expect(scene_refuses(refusals[i][0], refusals[i][1]));
    }
}

Test(command_graph, environment, .init = enter, .fini = scene_leave)
{
    process_setting setting = scene_setting;
    setting.name = "POOLGRAD_MAX_ISA";
    setting.value = "nonsense";
    process_result result = process_run(&setting, TRAIN "--output out.npy");
    cr_expect(result.status == 2 &&
                  strncmp(result.err, "poolgrad graph: POOLGRAD_MAX_ISA is 'nonsense'; expected", 56) == 0,
              "%s", result.err);
    process_release(&result);
}

/* A result that is not needed is not given, though what is exported is. */
Test(command_graph, unneeded_result, .init = enter, .fini = scene_leave)
{
    write_bad_files();
    cr_expect(scene_runs("graph --graph unneeded.json --source x=x.npy --intermediate a=a.npy"));
    npyfile doubled = {0};
    cr_expect(npyfile_read(&doubled, scene_folder, "a.npy") && doubled.shape[3] == 9);
    npyfile_free(&doubled);
}

/* ---- All options ------------------------------------------------------------------------------------------------- */

/* What a file cannot hold is told of. */
Test(command_graph, exported_states, .init = enter, .fini = scene_leave)
{
    write_text("states.json",
               "{'class': 'network', 'images': [{'id': 'x', 'handle': 'x'}], 'filters': [{'id': 'f', 'type': "
               "'pooling_max_node', 'source_images': ['x'], 'kernel_width': 2, 'kernel_height': 2, "
               "'stride_in_pixels_x': 2, 'stride_in_pixels_y': 2, 'result_state': {'export_from_graph': "
               "true}}]}");
    cr_expect(scene_runs_with("graph --graph states.json --source x=x.npy --output y.npy",
                              "states.json exports states, which no file can hold"));
}

Test(command_graph, names_beyond_count)
{
    enum { WORDS = 2 * (OPTION_NAMED + 1) };
    static struct options options;
    static char text[OPTION_NAMED + 1][16];
    char *word[WORDS];
    for (int i = 0; i <= OPTION_NAMED; i++) {
        snprintf(text[i], sizeof text[i], "x%d=x.npy", i);
        word[2 * i] = "--source";
        word[2 * i + 1] = text[i];
    }
    cr_expect(poolgrad_options_parse(&options, COMMAND_GRAPH, WORDS - 2, word) == 0);
    cr_expect(options.named_count == OPTION_NAMED && options.named[OPTION_NAMED - 1].name_length == 4);
    cr_expect(poolgrad_options_parse(&options, COMMAND_GRAPH, WORDS, word) == 2);
}

/* "--source" in "--source x=", but not in "--source-size". */
static bool names_option(const char *line, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = line; (at = strstr(at, "--")); at++) {
        if (strncmp(at + 2, name, length) == 0 && at[2 + length] != '-' && !isalnum((unsigned char)at[2 + length])) {
            return true;
        }
    }
    return false;
}

/* The lines above leave none out. */
Test(command_graph, every_option_has_a_test)
{
    static const char elsewhere[] = "--channels --describe --print-json --output-size --help";
    for (int option = 0; option < OPTION_COUNT; option++) {
        const char *name = poolgrad_options[option].name;
        bool tested = !(poolgrad_options[option].commands & COMMAND_GRAPH) || names_option(elsewhere, name);
        for (size_t i = 0; i < sizeof same_bits / sizeof *same_bits; i++) {
            tested = tested || names_option(same_bits[i], name);
        }
        for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
            tested = tested || names_option(refusals[i][0], name);
        }
        cr_expect(tested, "--%s", name);
    }
}
