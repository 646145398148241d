/* SPDX-License-Identifier: Apache-2.0 */
/* A program that knows the installed package only: a graph from a text, run, and written again; and a wrong text. */
#include <poolgrad/json.h>
#include <stdio.h>
#include <string.h>

static const char text[] = "{\"class\": \"network\", \"images\": [{\"id\": \"x\"}], \"filters\": [{\"type\": "
                           "\"pooling_max_node\", \"source_images\": [\"x\"], \"kernel_width\": 2, "
                           "\"kernel_height\": 2, \"stride_in_pixels_x\": 2, \"stride_in_pixels_y\": 2}]}";

static int refused(const char *message)
{
    fprintf(stderr, "refused: %s\n", message);
    return 1;
}

static int run(poolgrad_graph *graph)
{
    const float pixels[8] = {1, 5, 2, 0, 3, 4, 7, 6};
    const poolgrad_const_image x = poolgrad_const_image_dense(pixels, POOLGRAD_FLOAT32, POOLGRAD_NCHW, 1, 1, 2, 4);
    poolgrad_error error;
    poolgrad_buffer *y;
    if (poolgrad_graph_set_format(graph, POOLGRAD_FLOAT32, &error) != POOLGRAD_OK) return refused(error.message);
    if (poolgrad_graph_encode_source_images(graph, NULL, &x, 1, &y, &error) != POOLGRAD_OK) {
        return refused(error.message);
    }
    const poolgrad_const_image *image = poolgrad_buffer_const_image(y);
    const float *values = image->data;
    const int right = image->width == 2 && image->height == 1 && values[0] == 5 && values[1] == 7;
    poolgrad_buffer_destroy(y);
    return right ? 0 : refused("another result");
}

static int write_again(const poolgrad_graph *graph)
{
    char written[4096];
    size_t length;
    poolgrad_json *again;
    poolgrad_json_error error;
    if (poolgrad_json_write_graph(graph, written, sizeof written, &length, &error) != POOLGRAD_OK ||
        poolgrad_json_read(written, length, &again, &error) != POOLGRAD_OK) {
        return refused(error.message);
    }
    const int same = poolgrad_graph_equal(graph, poolgrad_json_graph(again));
    poolgrad_json_destroy(again);
    return same ? 0 : refused("another graph is read");
}

int main(void)
{
    static const char wrong[] = "{\"class\": \"pooling\", \"kind\": \"max\", \"kernel_width\": 2.5}";
    poolgrad_json *json;
    poolgrad_json_error error;
    if (poolgrad_json_read(text, strlen(text), &json, &error) != POOLGRAD_OK ||
        poolgrad_json_make_graph(json, &error) != POOLGRAD_OK) {
        return refused(error.message);
    }
    int status = run(poolgrad_json_graph(json));
    if (status == 0) status = write_again(poolgrad_json_graph(json));
    poolgrad_json_destroy(json);
    if (status == 0 && (poolgrad_json_read(wrong, strlen(wrong), &json, &error) == POOLGRAD_OK ||
                        strcmp(error.message, "kernel_width is 2.5; expected an integer") != 0)) {
        status = refused("another sentence");
    }
    if (strcmp(poolgrad_version(), PACKAGE_VERSION) != 0) status = refused("another version");
    return status;
}
