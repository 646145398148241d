/* SPDX-License-Identifier: Apache-2.0 */
#ifndef POOLGRAD_ORACLE_VERIFICATION_H
#define POOLGRAD_ORACLE_VERIFICATION_H

#include <poolgrad/oracle.h>

#include "geometry/geometry.h"

enum { POOLGRAD_SENTENCE_SIZE = 256 }; /* of a cause */

/* What was found in one unit of the destination: in a volume, or in some rows of one. */
struct poolgrad_unit_verdicts {
    int64_t count[POOLGRAD_VERDICTS], decisions[POOLGRAD_DECISIONS];
    int64_t groups, bounded_groups;
    poolgrad_finding *findings; /* the worst, worst first */
    int64_t finding_count;
    bool failed; /* for lack of memory */
};

/* A cause, and its sentence, which it points to. */
struct poolgrad_found_cause {
    poolgrad_cause cause;
    char sentence[POOLGRAD_SENTENCE_SIZE];
};

/* A dense image that was made, of the destination's format, layout and size. */
struct poolgrad_made_image {
    poolgrad_image written; /* data is to be freed */
    poolgrad_const_image read;
};

struct poolgrad_verification {
    poolgrad_problem problem;
    poolgrad_declaration declaration;
    poolgrad_const_image before; /* resolved; without data where it is not known */
    poolgrad_format computed_in; /* by the declaration */
    struct poolgrad_geometry geometry;
    struct poolgrad_made_image expected, exact; /* the reference's; without data where all is equal */
    struct poolgrad_exact *exactly;             /* computes the exact image, unit by unit, as far as it is asked for, */
    unsigned char *exact_units;                 /* which of them it has */
    bool plainly;                               /* no quick bounds and no strips: slow, for tests to compare with */
    unsigned char *verdicts;                    /* of every element of the destination, volumes one after the other */
    struct poolgrad_unit_verdicts *units;
    int64_t strips, strip_rows; /* units of a volume; their rows, but for the first and the last */
    struct poolgrad_unit_verdicts all;
    struct poolgrad_found_cause *causes; /* null: not asked for */
    int64_t cause_count;                 /* -1 until then */
    char where[POOLGRAD_SENTENCE_SIZE];  /* wrong elements lie, if that can be said */
};

/* A declaration as this version knows it: fields that the caller's lacks are neutral. Refuses what is out of range. */
poolgrad_status poolgrad_read_declaration(const poolgrad_declaration *declaration, poolgrad_declaration *known,
                                          poolgrad_error *error);

/* Sets up the verification of a resolved problem, whose indices are checked; or refuses what the destination is said to
 * have held. */
poolgrad_status poolgrad_verification_begin(const poolgrad_problem *problem, const struct poolgrad_geometry *geometry,
                                            const poolgrad_declaration *declaration, struct poolgrad_verification *v,
                                            poolgrad_error *error);
poolgrad_status poolgrad_verification_judge(struct poolgrad_verification *v, poolgrad_error *error);
void poolgrad_verification_end(struct poolgrad_verification *v);

/* float16, bfloat16, float32 or float64. */
bool poolgrad_is_floating(poolgrad_format format);

/* Between which numbers the declared arithmetic stays, with the reference's choice among equal taps; NaNs: it gives no
 * number. */
struct poolgrad_reach {
    double low, high;
};

/* That of elements of a volume that are written. False where memory is lacking. */
bool poolgrad_verification_reach(const struct poolgrad_verification *v, int64_t n, int64_t c,
                                 const struct poolgrad_pixel *at, int64_t count, struct poolgrad_reach *reach);

/* Judges units [begin, end) of the destination, all images times all channels times strips. What is shown of findings,
 * the exact value and the bounds, is found later, volume by volume, for those of all that are kept. */
void poolgrad_verify_units(const void *verification, int64_t begin, int64_t end);
void poolgrad_complete_findings(const void *verification, int64_t begin, int64_t end);

#endif
