/* SPDX-License-Identifier: Apache-2.0 */
/*
 * poolgrad's oracle: what a pooling call should have given, exactly.
 *
 * Synopsis
 * --------
 *     #include <poolgrad/oracle.h>   // cc main.c $(pkg-config --cflags --libs poolgrad_oracle)
 *
 *     poolgrad_exact_run(&p, &error) // as poolgrad_run: p.destination gets the infinitely precise values, rounded once
 *
 * A library of its own, poolgrad_oracle, on GMP and MPFR: the build has it where both are found, and libpoolgrad never
 * needs it. Where these two libraries cannot allocate they end the process; what poolgrad itself allocates is refused
 * as everywhere. All that poolgrad.h says of threads and of the floating-point environment holds here, too.
 */
#ifndef POOLGRAD_ORACLE_H
#define POOLGRAD_ORACLE_H

#include <poolgrad/poolgrad.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Exact mode -------------------------------------------------------------------------------------------------- */

/*
 * The value of the formula, of every kind, rounded once, to nearest even, to the destination's format:
 *     average    sum of g / N          max    sum of g where x was picked          L2-norm    x * sum of g / |taps|
 * with real numbers in between; forward likewise. Formats, layouts, regions, rules, indices and additions to the
 * destination are those of the problem; its accumulator, mode and instruction set play no part. An exact zero is +0,
 * and a norm is 0 only if all taps are. Where an operand is not finite the result is what IEEE 754 makes of the
 * formula. docs/numerics.md N76, N91.
 *
 * Refuses what poolgrad_run refuses. Memory: some hundred bytes for each pixel of a few rows, for each thread.
 */
POOLGRAD_API poolgrad_status poolgrad_exact_run(const poolgrad_problem *problem, poolgrad_error *error);

/* The same in parts, for progress or threads of one's own, as plans are: independent units, any split of which gives
 * the same bits. The images must outlive it. POOLGRAD_NO_MEMORY where memory is lacking: some pixels are not written.
 */
typedef struct poolgrad_exact poolgrad_exact;

POOLGRAD_API poolgrad_status poolgrad_exact_create(const poolgrad_problem *problem, poolgrad_exact **exact,
                                                   poolgrad_error *error);
POOLGRAD_API int64_t poolgrad_exact_units(const poolgrad_exact *exact);
POOLGRAD_API int poolgrad_exact_threads(const poolgrad_exact *exact); /* at most, of poolgrad_exact_run_parallel */
/* On the calling thread; on the problem's threads. What lies outside [0, units) is left out. */
POOLGRAD_API poolgrad_status poolgrad_exact_run_units(const poolgrad_exact *exact, int64_t first, int64_t count,
                                                      poolgrad_error *error);
POOLGRAD_API poolgrad_status poolgrad_exact_run_parallel(const poolgrad_exact *exact, int64_t first, int64_t count,
                                                         poolgrad_error *error);
/* Null is legal. */
POOLGRAD_API void poolgrad_exact_destroy(poolgrad_exact *exact);

/* ---- Verification ------------------------------------------------------------------------------------------------ */

/* What an implementation says of itself. Zero, as poolgrad_declaration_init leaves it, says the least. */

/* How quotients by N and by a norm are computed. */
typedef enum poolgrad_division {
    POOLGRAD_DIVISION_ANY = 0,
    POOLGRAD_DIVISION_TRUE = 1,      /* one rounding */
    POOLGRAD_DIVISION_RECIPROCAL = 2 /* g times the rounded reciprocal */
} poolgrad_division;

/* Whether a product is rounded before it is added. */
typedef enum poolgrad_fusion {
    POOLGRAD_FUSION_ANY = 0,
    POOLGRAD_FUSION_NONE = 1,
    POOLGRAD_FUSION_ALL = 2 /* fused multiply-add */
} poolgrad_fusion;

/* Whether operands and results below the least normal number of a format count as 0. */
typedef enum poolgrad_subnormals {
    POOLGRAD_SUBNORMALS_KEPT = 0,
    POOLGRAD_SUBNORMALS_FLUSHED = 1 /* some or all of them */
} poolgrad_subnormals;

typedef struct poolgrad_declaration {
    size_t struct_size;
    /* What sums are kept in: float16, bfloat16, float32 or float64. None: float64 where the source gradient (forward:
     * the source of an average) or the destination is, else float32. */
    poolgrad_format computed_in;
    poolgrad_division division;
    poolgrad_fusion fusion;
    poolgrad_subnormals subnormals;
    /* 0: a window's gradient may go to any one of its maximal taps, as MPS documents. 1: to the one that the problem's
     * tie rule names. With ties all and split, and with indices, always as the problem says. */
    int keeps_tie_rule;
    /* What the destination held before; sized like it. Null: not known, and what is not written is not judged. Has to
     * be there for a problem that adds to the destination. */
    const poolgrad_image *before;
    int64_t findings; /* how many are kept, the worst of them; poolgrad_declaration_init: 20 */
    /* Called on the calling thread now and then, with what share of the work is done, 0 to 1. May be null. */
    void (*progress)(void *context, double share);
    void *progress_context;
} poolgrad_declaration;

POOLGRAD_API void poolgrad_declaration_init(poolgrad_declaration *declaration, size_t struct_size);

/* What sums are kept in by the declaration; float16, bfloat16, float32 or float64. */
POOLGRAD_API poolgrad_format poolgrad_computed_in(const poolgrad_problem *problem,
                                                  const poolgrad_declaration *declaration);

/* What is said of an element, from best to worst. */
typedef enum poolgrad_verdict {
    POOLGRAD_VERDICT_NONE = 0,              /* not judged: not written by the problem, and as it was or not known */
    POOLGRAD_VERDICT_EQUAL = 1,             /* the reference's bits */
    POOLGRAD_VERDICT_CORRECTLY_ROUNDED = 2, /* not those, but the formula's value rounded once */
    POOLGRAD_VERDICT_LEGAL_ROUNDING = 3,    /* within what the declared arithmetic can give */
    POOLGRAD_VERDICT_LEGAL_TIE = 4,         /* so, where windows pick other maximal taps than the reference */
    POOLGRAD_VERDICT_UNDOCUMENTED = 5,      /* rests on a decision of poolgrad where MPS documents nothing */
    POOLGRAD_VERDICT_WRONG = 6
} poolgrad_verdict;

enum { POOLGRAD_VERDICTS = 7 };

/* "equal", "correctly-rounded" and so on; null for a value that is none. */
POOLGRAD_API const char *poolgrad_verdict_name(poolgrad_verdict verdict);

/* Decisions of poolgrad that a result may rest on. */
typedef enum poolgrad_decision {
    POOLGRAD_DECISION_NONE = 0,
    POOLGRAD_DECISION_NAN_RULE = 1,     /* which NaN of a window wins, or none (N33) */
    POOLGRAD_DECISION_ZERO_NORM = 2,    /* a window of norm 0 contributes 0 (N35) */
    POOLGRAD_DECISION_SIGN_OF_ZERO = 3, /* a pixel to which nothing contributes is +0 (N38) */
    POOLGRAD_DECISION_EMPTY_WINDOW = 4, /* a forward window without taps gives 0 (N21) */
    POOLGRAD_DECISION_LEAST_WINDOW = 5  /* a window of nothing but -infinity picks a tap like any other (N34) */
} poolgrad_decision;

enum { POOLGRAD_DECISIONS = 6 };

/* One sentence with the rule's number in docs/numerics.md; null for a value that is none. */
POOLGRAD_API const char *poolgrad_decision_text(poolgrad_decision decision);

/* One element that is not what the reference gives. */
typedef struct poolgrad_finding {
    int64_t n, c, y, x;
    poolgrad_verdict verdict;
    poolgrad_decision decision; /* of an undocumented one */
    double actual, expected;    /* the reference's */
    double exact;               /* the formula's value with the reference's picks, rounded once */
    double low, high;           /* what the declared arithmetic can give, with the reference's picks */
    int64_t ulps;               /* numbers of the format from expected to actual; INT64_MAX: one is not finite */
} poolgrad_finding;

typedef struct poolgrad_verification poolgrad_verification;

/*
 * Judges what the destination holds: problem->destination is the implementation's output, and is only read. Computes
 * the reference, and for elements that differ the exact value and the numbers that the declared arithmetic can give, in
 * any order of summation (docs/verification.md proves the bounds). Maximal taps of a window that are equal: accepted
 * where one choice for each window explains all elements of a group of windows that share taps. A NaN is as good as any
 * other. Refuses what poolgrad_run refuses, and declarations out of range. Threads: the problem's. On refusal
 * *verification is null.
 */
POOLGRAD_API poolgrad_status poolgrad_verify(const poolgrad_problem *problem, const poolgrad_declaration *declaration,
                                             poolgrad_verification **verification, poolgrad_error *error);
/* Null is legal. */
POOLGRAD_API void poolgrad_verification_destroy(poolgrad_verification *verification);

/* 1: no element is wrong. */
POOLGRAD_API int poolgrad_verification_passes(const poolgrad_verification *verification);

/* How many elements got the verdict; which one element got, POOLGRAD_VERDICT_NONE where there is no such element. */
POOLGRAD_API int64_t poolgrad_verification_count(const poolgrad_verification *verification, poolgrad_verdict verdict);
POOLGRAD_API poolgrad_verdict poolgrad_verification_at(const poolgrad_verification *verification, int64_t n, int64_t c,
                                                       int64_t y, int64_t x);

/* Undocumented elements that rest on the decision. */
POOLGRAD_API int64_t poolgrad_verification_decision_count(const poolgrad_verification *verification,
                                                          poolgrad_decision decision);

/* The worst elements that are wrong or undocumented, worst first. */
POOLGRAD_API int64_t poolgrad_verification_finding_count(const poolgrad_verification *verification);
POOLGRAD_API const poolgrad_finding *poolgrad_verification_finding(const poolgrad_verification *verification,
                                                                   int64_t index);

/* Groups of windows with ties that were looked at: all of them; and those whose search did not end, of which is known
 * only that no element contradicts the bounds for every choice. A step of a search answers whether one window picks one
 * tap; where a group has C choices among Q taps, 2 C Q steps decide it. A search takes POOLGRAD_TIE_STEPS steps, and
 * POOLGRAD_TIE_STEPS_PER_ELEMENT more for each element of the group. */
#define POOLGRAD_TIE_STEPS 131072
#define POOLGRAD_TIE_STEPS_PER_ELEMENT 256
POOLGRAD_API int64_t poolgrad_verification_tie_groups(const poolgrad_verification *verification);
POOLGRAD_API int64_t poolgrad_verification_bounded_tie_groups(const poolgrad_verification *verification);

/* The reference's result, in the destination's format and layout, dense; as long as the verification. */
POOLGRAD_API const poolgrad_image *poolgrad_verification_expected(const poolgrad_verification *verification);

/* ---- Explanations ------------------------------------------------------------------------------------------------ */

/*
 * The story of one element of the destination, as text in lines of at most 100 characters: which source pixel it stands
 * for, or which window makes it; every window that has this pixel as a tap, in the order of addition, with its taps,
 * the maximum and the pick, N or the norm, its gradient and what it contributes, exactly and rounded, and the sum after
 * it; the store; the formula's value, rounded once. The steps are the reference's, each with its rule of
 * docs/numerics.md. Of large windows the taps around the pixel are shown, and of many windows or additions the first
 * ones. Nothing but the text is written.
 *
 * `declaration` is null, or the destination holds an implementation's output: then the text also says what
 * poolgrad_verify says of the element, and a problem that adds adds to declaration->before.
 *
 * At most `size` bytes of it, a zero behind them, go to `text`, which may be null where size is 0; *length is that of
 * the whole. Refuses what poolgrad_run refuses, or poolgrad_verify where it judges, and an element that is not there.
 * Takes the time of the reference for the windows at hand, and to judge that of verifying the element's plane.
 */
POOLGRAD_API poolgrad_status poolgrad_explain(const poolgrad_problem *problem, const poolgrad_declaration *declaration,
                                              int64_t n, int64_t c, int64_t y, int64_t x, char *text, size_t size,
                                              size_t *length, poolgrad_error *error);

/* ---- Causes ------------------------------------------------------------------------------------------------------ */

/* A mistake that explains wrong elements; docs/verification-causes.md lists all that are known. */
typedef struct poolgrad_cause {
    const char *name;     /* "divisor-full-kernel" */
    const char *sentence; /* what the implementation does: "divides by ..."; as long as the verification */
    int64_t explained;    /* of the wrong elements, those that have the value which this mistake gives */
    int64_t wrong;
} poolgrad_cause;

/*
 * Looks for the mistakes that give the wrong elements, each of them by itself: computes the call anew with every known
 * mistake, which takes as long as some hundred plain calls where elements are wrong, and nothing where none is. A value
 * counts as the mistake's if other roundings of the declared arithmetic can have made it, and differs from the right
 * one by more than that. A mistake that would make elements wrong which are not so, or not in this way, is believed
 * only while that is less than half of what it says. With more than POOLGRAD_CAUSE_ELEMENTS wrong elements an even
 * choice of planes is looked at, and `wrong` counts theirs. The problem's images must still be as they were verified.
 * Has to be called once, not by several threads at once; until then there are no causes.
 */
#define POOLGRAD_CAUSE_ELEMENTS 1048576
POOLGRAD_API poolgrad_status poolgrad_verification_find_causes(poolgrad_verification *verification,
                                                               poolgrad_error *error);

/* Best first: by how much they explain, and how little else they would. As long as the verification. */
POOLGRAD_API int64_t poolgrad_verification_cause_count(const poolgrad_verification *verification);
POOLGRAD_API const poolgrad_cause *poolgrad_verification_cause(const poolgrad_verification *verification,
                                                               int64_t index);

#ifdef __cplusplus
}
#endif

#endif
