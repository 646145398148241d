/* SPDX-License-Identifier: Apache-2.0 */
/*
 * poolgrad's JSON: kernels, networks and graphs as texts that programs write and people edit. A library of its own,
 * poolgrad_json, for it needs jansson; what the _debug_description functions of libpoolgrad write needs nothing.
 *
 * Synopsis
 * --------
 *     #include <poolgrad/json.h>                // cc main.c $(pkg-config --cflags --libs poolgrad_json)
 *
 *     poolgrad_json *json;
 *     poolgrad_json_error error;
 *     if (poolgrad_json_read(text, strlen(text), &json, &error) != POOLGRAD_OK) {
 *         fprintf(stderr, "%s\n", error.message);  // filter "pool": stride_in_pixels_x is "2"; expected an integer
 *         return 1;
 *     }
 *     poolgrad_graph *graph = poolgrad_json_graph(json);   // null where the text holds something else
 *     use(graph);
 *     poolgrad_json_destroy(json);
 *
 * Texts
 * --------
 * A text is one object with a member "class":
 *     "pooling", "pooling_gradient"   a kernel of mps.h. Required: kind, kernel_width, kernel_height
 *     "network"                       nodes of graph.h: arrays images, states (both may be left out) and filters
 *     "graph"                         the same with results, and the graph's own properties
 * Members have the names of the properties that they set. A member that is left out says what the initializers say.
 * Enumerations are words or numbers, POOLGRAD_ALL is "all". Nodes name each other by their ids, strings of the text
 * alone; a node without one gets a letter and its place, "i0", "s0" or "f0". Filters may stand in any order. Functions
 * stand in no text: allocators and callbacks are "default".
 *
 * Ownership is as stated in mps.h. Threads: as in poolgrad.h. jansson's own allocation functions, if they are set, are
 * those of the whole process.
 */
#ifndef POOLGRAD_JSON_H
#define POOLGRAD_JSON_H

#include <poolgrad/graph.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What was read. */
typedef struct poolgrad_json poolgrad_json;

typedef enum poolgrad_json_class {
    POOLGRAD_JSON_POOLING = 0,
    POOLGRAD_JSON_POOLING_GRADIENT = 1,
    POOLGRAD_JSON_NETWORK = 2,
    POOLGRAD_JSON_GRAPH = 3
} poolgrad_json_class;

/* "pooling", "pooling_gradient", "network", "graph"; null for a value that is none. */
POOLGRAD_API const char *poolgrad_json_class_name(poolgrad_json_class json_class);

/* Filled when a function refuses; untouched otherwise. Frozen: a path and a sentence are all there is to say. */
typedef struct poolgrad_json_error {
    char path[160];     /* of the member, "filters[2].padding_policy.method"; empty where the text is to blame */
    char message[2048]; /* one sentence: the object, the member, its value, what was expected */
} poolgrad_json_error;

/* Bytes of a text, at most. */
#define POOLGRAD_JSON_SIZE 16777216

/*
 * Reads a text of `size` bytes. Refuses a text that is no JSON, an object or a member out of place, a required member
 * that is missing, a value of another type, an id of two nodes, an id that no node has, and filters that read each
 * other in a cycle. Refuses in graph.h's words whatever the functions of graph.h refuse. POOLGRAD_NO_MEMORY where
 * memory is lacking; jansson may blame the text instead. `error` may be null. On refusal *json is null.
 */
POOLGRAD_API poolgrad_status poolgrad_json_read(const char *text, size_t size, poolgrad_json **json,
                                                poolgrad_json_error *error);

/* With everything that was read: networks, nodes, graphs and names. Null is legal. */
POOLGRAD_API void poolgrad_json_destroy(poolgrad_json *json);

/* ---- What was read ----------------------------------------------------------------------------------------------- */

POOLGRAD_API poolgrad_json_class poolgrad_json_class_of(const poolgrad_json *json);

/* Copies the kernel: 1; or 0, and *kernel is untouched, where the text holds none of this type. Called as the
 * initializers are, poolgrad_json_pooling(json, &kernel, sizeof kernel). */
POOLGRAD_API int poolgrad_json_pooling(const poolgrad_json *json, poolgrad_pooling *kernel, size_t struct_size);
POOLGRAD_API int poolgrad_json_pooling_gradient(const poolgrad_json *json, poolgrad_pooling_gradient *kernel,
                                                size_t struct_size);

/* The nodes, of a graph those it was made of; null of kernels. Valid as long as *json. */
POOLGRAD_API poolgrad_network *poolgrad_json_network(const poolgrad_json *json);

/* The graph; null of kernels, and of a network until poolgrad_json_make_graph has made one. Valid as long as *json. */
POOLGRAD_API poolgrad_graph *poolgrad_json_graph(const poolgrad_json *json);

/* Makes the graph of a network. Its results are the images that no filter reads, exported ones last. Does nothing where
 * the text held a graph. Refuses for kernels, and whatever poolgrad_graph_create refuses. */
POOLGRAD_API poolgrad_status poolgrad_json_make_graph(poolgrad_json *json, poolgrad_json_error *error);

/*
 * Names for the images of the graph, all different, by the index of poolgrad_graph_source_image_handle and
 * poolgrad_graph_intermediate_image_handle. The name is the image's handle. The name is the id where there is no
 * handle, where the handle is empty or contains '=', and where another image has the same handle or id. Null for an
 * index that is none, and where there is no graph.
 */
POOLGRAD_API const char *poolgrad_json_source_name(const poolgrad_json *json, int64_t index);
POOLGRAD_API const char *poolgrad_json_intermediate_name(const poolgrad_json *json, int64_t index);

/* The first result's handle or, where it has none, id. */
POOLGRAD_API const char *poolgrad_json_result_name(const poolgrad_json *json);

/* ---- Writing ----------------------------------------------------------------------------------------------------- */

/*
 * Writes at most `size` characters, the terminating zero among them; *length becomes that of the whole text without it.
 * text may be null if size is 0, length and error may be null. The text is that of _debug_description, and
 * poolgrad_json_read makes an equal kernel, network or graph of it. Refuses what no text can hold: functions, and
 * handles and labels that are not UTF-8. Text and *length are then as they were.
 */
POOLGRAD_API poolgrad_status poolgrad_json_write_pooling(const poolgrad_pooling *kernel, char *text, size_t size,
                                                         size_t *length, poolgrad_json_error *error);
POOLGRAD_API poolgrad_status poolgrad_json_write_pooling_gradient(const poolgrad_pooling_gradient *kernel, char *text,
                                                                  size_t size, size_t *length,
                                                                  poolgrad_json_error *error);
POOLGRAD_API poolgrad_status poolgrad_json_write_network(const poolgrad_network *network, char *text, size_t size,
                                                         size_t *length, poolgrad_json_error *error);
POOLGRAD_API poolgrad_status poolgrad_json_write_graph(const poolgrad_graph *graph, char *text, size_t size,
                                                       size_t *length, poolgrad_json_error *error);

#ifdef __cplusplus
}
#endif

#endif
