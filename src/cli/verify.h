/* SPDX-License-Identifier: Apache-2.0 */
/* What the command verify has read and found, and how it is told. */
#ifndef POOLGRAD_CLI_VERIFY_H
#define POOLGRAD_CLI_VERIFY_H

#include <poolgrad/oracle.h>

#include "cli/fit.h"
#include "cli/inputs.h"

enum { CASE_NAME = 64 };

struct dialect;

struct verify {
    const char *kind;              /* as the reader named it */
    const struct dialect *dialect; /* whose words said the problem; null: none's */
    const char *name;              /* of a kit's case; null: files by themselves */
    char case_name[CASE_NAME];     /* where that is kept, unless it is kept elsewhere */
    struct inputs inputs;
    struct tensor actual, before;
    poolgrad_const_image before_image; /* as the declaration has it */
    poolgrad_declaration declaration;
    poolgrad_verification *verification;
    bool strict;        /* undocumented and unbounded elements are not right, either */
    bool no_causes;     /* they are not looked for */
    char fit[FIT_TEXT]; /* what is odd about the sizes; empty: nothing */
    struct output json, report;
};

/* Refuses options of the other direction: they would be without effect. 0, or 2 after one sentence. */
int poolgrad_check_direction(const struct options *options);

/* Reads all that is judged, and makes the output the problem's destination. 0, or 2 after one sentence. */
int poolgrad_verify_read(const struct options *options, struct verify *verify);
void poolgrad_verify_free(struct verify *verify);

/* The same of --case: a kit's case as the problem, its inputs and what its output was before, and the output if
 * --actual names it. Refuses where poolgrad was built without jansson. */
int poolgrad_verify_read_case(const struct options *options, struct verify *verify);

/* Whether the output is right, strictly where that is asked for. */
bool poolgrad_verify_passes(const struct verify *verify);

/* Tells what was found, on standard output; as JSON; as a page of HTML. */
void poolgrad_verify_print(const struct verify *verify);
void poolgrad_verify_print_json(const struct verify *verify, FILE *file);
/* False where memory is lacking. */
bool poolgrad_verify_print_page(const struct verify *verify, FILE *file);

enum { NUMBER_BITS = 17, NUMBER_TEXT = 64, PLACE_TEXT = 112 };

/* Decimal digits that tell the numbers of a format apart. */
int poolgrad_format_digits(poolgrad_format format);

/* A number's bits as the format has them; the same in hexadecimal; the number and its bits. */
uint64_t poolgrad_number_bits(poolgrad_format format, double value);
void poolgrad_format_bits(poolgrad_format format, double value, char text[NUMBER_BITS]);
void poolgrad_format_number(poolgrad_format format, double value, char text[NUMBER_TEXT]);

/* Whose element's story is told: a problem's, with a declaration if an output is judged; or a verification's. */
struct story_of {
    const poolgrad_problem *problem;
    const poolgrad_declaration *declaration;
    const poolgrad_verification *verification; /* null: of the problem */
};

/* How an element comes about, as poolgrad_explain tells it, to be freed; null on a refusal, or where memory is lacking:
 * then the error's field is empty. */
char *poolgrad_story(const struct story_of *of, const int64_t place[5], poolgrad_error *error);

/* Whether anything has a third axis; an element's place, "n,c,y,x" or "n,c,z,y,x". */
bool poolgrad_verify_has_depth(const struct verify *verify);
void poolgrad_format_place(const struct verify *verify, const poolgrad_finding *finding, char text[PLACE_TEXT]);

/* Why elements are unbounded, in one sentence. */
extern const char *const poolgrad_unbounded_text;

/* What a verdict means, in a few words. */
const char *poolgrad_verdict_explanation(poolgrad_verdict verdict);

#endif
