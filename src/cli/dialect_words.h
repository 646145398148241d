/* SPDX-License-Identifier: Apache-2.0 */
/* Frameworks' own words: tables of them, and what was given of the words of one framework. */
#ifndef POOLGRAD_CLI_DIALECT_WORDS_H
#define POOLGRAD_CLI_DIALECT_WORDS_H

#include <poolgrad/dialect.h>

#include "cli/options.h"

/* How many values a word takes where n axes are pooled. One value stands for all but pairs. */
enum dialect_shape {
    SHAPE_ONE,     /* one */
    SHAPE_AXES,    /* n */
    SHAPE_SIDES,   /* 2 n: all begins, then all ends */
    SHAPE_ENTRIES, /* n, or n + 2 with batch and channel */
    SHAPE_PAIRS    /* 2 (n + 2): before and behind, with batch and channel */
};

struct dialect_word {
    struct option_description option;
    enum dialect_shape shape;
    size_t place; /* in the framework's struct, of an int64_t or an array of them */
};

/* The arguments of any framework. */
union dialect_pool {
    poolgrad_torch_pool torch;
    poolgrad_onnx_pool onnx;
    poolgrad_tensorflow_pool tensorflow;
    poolgrad_caffe_pool caffe;
    poolgrad_cudnn_pool cudnn;
    poolgrad_onednn_pool onednn;
};

struct dialect {
    const char *name, *operators;
    const char *ending; /* that words may have in addition; null: none */
    const struct dialect_word *words;
    int word_count;
    void (*init)(union dialect_pool *pool);
    /* `axes` says how many are pooled where the framework has such an argument. */
    poolgrad_status (*set)(union dialect_pool *pool, int axes, poolgrad_problem *problem, poolgrad_output_size *size,
                           poolgrad_error *error);
};

/* One after the other, null behind the last. */
const struct dialect *poolgrad_dialect_at(int i);

/* The place of the word among the dialect's, -1 where there is no such word. */
int poolgrad_dialect_find(const struct dialect *dialect, const char *name, size_t length);

/* The word that stands for all dialects' words of the name, one without choices if there is any: what some take is no
 * list for all. */
const struct dialect_word *poolgrad_dialect_shown(const char *name);

/* Reads the value of the word; null stands for a flag alone. 0, or 2 after one sentence. */
int poolgrad_dialect_read_word(struct options *options, int word, const char *value);

/* What contradicts --dialect once all words are read. 0, or 2 after one sentence. */
int poolgrad_dialect_check(struct options *options);

/* Whether poolgrad has the option for what a dialect says in words of its own. */
bool poolgrad_dialect_replaces(enum option option);

/* Refuses a word that is neither the dialect's nor an option. Returns 2. */
int poolgrad_dialect_refuse(const struct options *options, const char *word, size_t length);

/* "onnx or tensorflow": which dialects of the command have the word; an empty text where none has. */
enum { DIALECT_NAMES = 96 };
void poolgrad_dialects_with(enum command command, const char *name, size_t length, char text[DIALECT_NAMES]);

#endif
