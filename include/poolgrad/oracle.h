/* SPDX-License-Identifier: Apache-2.0 */
/*
 * poolgrad's oracle: exact results of pooling calls, and judgement of other implementations' results.
 *
 * Synopsis
 * --------
 *     #include <poolgrad/oracle.h>                // cc main.c $(pkg-config --cflags --libs poolgrad_oracle)
 *
 *     poolgrad_exact_run(&p, &error);             // as poolgrad_run: every value infinitely precise, rounded once
 *
 *     poolgrad_declaration d;                     // p.destination holds the output of the implementation under test
 *     poolgrad_declaration_init(&d, sizeof d);
 *     poolgrad_verification *v;
 *     if (poolgrad_verify(&p, &d, &v, &error) == POOLGRAD_OK && !poolgrad_verification_passes(v)) {
 *         const poolgrad_finding *worst = poolgrad_verification_finding(v, 0);
 *         poolgrad_verification_explain(v, worst->n, worst->c, worst->z, worst->y, worst->x, text, size, &length,
 *                                       &error);
 *     }
 *     poolgrad_verification_destroy(v);
 *
 * The source gradient is the gradient of a loss with respect to the pooled result: dy in most frameworks. A gradient
 * call reads the source gradient and writes the gradient with respect to the source, dx.
 *
 * The oracle is a library of its own, poolgrad_oracle, on GMP and MPFR. A build makes poolgrad_oracle where both are
 * found. libpoolgrad never needs GMP or MPFR. GMP and MPFR end the process where they cannot allocate. An allocation of
 * poolgrad's own that fails is refused, as everywhere. All rules of poolgrad.h on threads and on the floating-point
 * environment hold here, too.
 */
#ifndef POOLGRAD_ORACLE_H
#define POOLGRAD_ORACLE_H

#include <poolgrad/poolgrad.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Exact mode -------------------------------------------------------------------------------------------------- */

/*
 * Computes the formula's value, of every kind, and rounds once, to nearest even, to the destination's format:
 *     average    sum of g / N          max    sum of g where x was picked          L2-norm    x * sum of g / |taps|
 * Everything before the rounding is a real number. Forward calls are computed likewise. Formats, layouts, regions,
 * rules, indices, picks and additions to the destination are those of the problem. The problem's accumulator, mode and
 * instruction set play no part. An exact zero is +0. A norm is 0 only if all taps are 0. Where an operand is not
 * finite, the result is IEEE 754's value of the formula. docs/numerics.md N76, N91.
 *
 * Refuses whatever poolgrad_run refuses. Memory: some hundred bytes for each pixel of a few rows, for each thread.
 */
POOLGRAD_API poolgrad_status poolgrad_exact_run(const poolgrad_problem *problem, poolgrad_error *error);

/* The same in parts, for progress or for threads of one's own. As with plans, the work is a row of independent units,
 * and any split of the units gives the same bits. The images must outlive the exact object. POOLGRAD_NO_MEMORY: memory
 * was lacking, and some pixels are not written. */
typedef struct poolgrad_exact poolgrad_exact;

/* On refusal *exact is null. */
POOLGRAD_API poolgrad_status poolgrad_exact_create(const poolgrad_problem *problem, poolgrad_exact **exact,
                                                   poolgrad_error *error);
POOLGRAD_API int64_t poolgrad_exact_units(const poolgrad_exact *exact);

/* Threads that poolgrad_exact_run_parallel will use at most. */
POOLGRAD_API int poolgrad_exact_threads(const poolgrad_exact *exact);

/* Runs units [first, first + count): on the calling thread; on the problem's threads. Units outside [0, units) are left
 * out. */
POOLGRAD_API poolgrad_status poolgrad_exact_run_units(const poolgrad_exact *exact, int64_t first, int64_t count,
                                                      poolgrad_error *error);
POOLGRAD_API poolgrad_status poolgrad_exact_run_parallel(const poolgrad_exact *exact, int64_t first, int64_t count,
                                                         poolgrad_error *error);
/* Null is legal. */
POOLGRAD_API void poolgrad_exact_destroy(poolgrad_exact *exact);

/* ---- Declarations ------------------------------------------------------------------------------------------------ */

/* Division by N and by a norm. */
typedef enum poolgrad_division {
    POOLGRAD_DIVISION_ANY = 0,
    POOLGRAD_DIVISION_TRUE = 1,      /* one rounding */
    POOLGRAD_DIVISION_RECIPROCAL = 2 /* g times the rounded reciprocal */
} poolgrad_division;

/* Rounding of a product before its addition to a sum. */
typedef enum poolgrad_fusion {
    POOLGRAD_FUSION_ANY = 0,
    POOLGRAD_FUSION_NONE = 1,
    POOLGRAD_FUSION_ALL = 2 /* fused multiply-add: none */
} poolgrad_fusion;

/* Operands and results below the least normal number of a format. */
typedef enum poolgrad_subnormals {
    POOLGRAD_SUBNORMALS_KEPT = 0,
    POOLGRAD_SUBNORMALS_FLUSHED = 1 /* some or all of them count as 0 */
} poolgrad_subnormals;

/* The norm that a gradient of L2-norm divides by. */
typedef enum poolgrad_norms {
    POOLGRAD_NORMS_COMPUTED = 0, /* from the taps, rounded to the format that is computed in */
    POOLGRAD_NORMS_STORED = 1    /* the forward result, as it was stored in the source gradient's format */
} poolgrad_norms;

/* How an average divides by N, the product of counts along the axes, as 9 = 3 x 3. */
typedef enum poolgrad_averages {
    POOLGRAD_AVERAGES_WHOLE = 0,             /* by N: g / 9 */
    POOLGRAD_AVERAGES_BY_AXIS = 1,           /* by one count after the other, each quotient rounded: (g / 3) / 3 */
    POOLGRAD_AVERAGES_RECIPROCAL_PRODUCT = 2 /* times the product of rounded reciprocals: g x (1/3 x 1/3), rounded */
} poolgrad_averages;

/*
 * Operations on whole tensors that an L2-norm or an average is composed of. Each one rounds to its tensor's format what
 * it leaves for the next one (docs/verification.md, "Operations on whole tensors"): forward to the source's, backward
 * to the source gradient's, and of d to the destination's. With g and the taps x of windows:
 *
 *     L2-norm: norm = sqrt(k)       sum: k = sum of x^2         mean: k = N (average of x^2), as PyTorch's lp_pool2d
 *     its gradient: 2 x d           sum: d = sum of t           mean: d = sum of (N t) / N
 *     the root's gradient           t = g (1/2 (1 / sqrt(k)))   norms "stored": g / (2 norm), divided as is declared
 *     average                       sum: (sum of x) / N         mean: one operation
 *     its gradient                  sum: sum of g / N           mean: one operation
 *
 * N of an L2-norm is the number of all taps of a window, those outside, too: the source was padded with zeros before.
 * Of the root of a mean k is (sum of x^2) / N, or the average of x^2, and d the sum of t / N.
 */
typedef enum poolgrad_composition {
    POOLGRAD_COMPOSED_NOT = 0, /* one operation: nothing is rounded between */
    POOLGRAD_COMPOSED_SUM = 1, /* of a pooling that adds */
    POOLGRAD_COMPOSED_MEAN = 2 /* of a pooling that averages */
} poolgrad_composition;

/* "any", "true", "reciprocal"; "any", "none", "all"; "kept", "flushed"; "computed", "stored"; "whole", "by-axis",
 * "reciprocal-product"; "not", "sum", "mean". Null for a value that is none. */
POOLGRAD_API const char *poolgrad_division_name(poolgrad_division division);
POOLGRAD_API const char *poolgrad_fusion_name(poolgrad_fusion fusion);
POOLGRAD_API const char *poolgrad_subnormals_name(poolgrad_subnormals subnormals);
POOLGRAD_API const char *poolgrad_norms_name(poolgrad_norms norms);
POOLGRAD_API const char *poolgrad_averages_name(poolgrad_averages averages);
POOLGRAD_API const char *poolgrad_composition_name(poolgrad_composition composition);

/* The arithmetic of the implementation under test, as its author declares it. The neutral values declare the least.
 * Grows as poolgrad.h says ("How structs grow"). */
typedef struct poolgrad_declaration {
    size_t struct_size;
    /* The format of sums: float16, bfloat16, float32 or float64. None: float64 if the destination or the call's first
     * operand is float64, else float32. A gradient's first operand is the source gradient, a forward call's the source.
     */
    poolgrad_format computed_in;
    poolgrad_division division;
    poolgrad_fusion fusion;
    poolgrad_subnormals subnormals;
    /* 0: a window's gradient may go to any one of its maximal taps, as MPS documents. 1: the gradient goes to the tap
     * of the problem's tie rule. Tie rules all and split, and indices, are binding in any case. */
    int keeps_tie_rule;
    /* The destination's content before the call, sized like the destination. Null: not known. Elements that the problem
     * does not write are judged only if the content is known. A problem that adds to the destination needs it. */
    const poolgrad_const_image *before;
    /* How many findings are kept, the worst of all. poolgrad_declaration_init: 20. */
    int64_t findings;
    /* Called now and then on the calling thread, with the finished share of the work, 0 to 1. May be null. */
    void (*progress)(void *context, double share);
    void *progress_context;
    /* The longest chain of additions that a term of a sum goes through: n - 1 for a loop over n terms, about the
     * logarithm of n for a reduction in a tree. Additions to an initial 0 do not count. 0: any, n - 1. A smaller one
     * than the logarithm of n counts as that. */
    int64_t chain;
    /* Digits behind the decimal point that the output was printed with, 1 to 20, where it comes from a text: an element
     * stands for all numbers that are printed as it is. 0: an element stands for itself. */
    int digits;
    /* 0: of a window with a NaN the gradient may go to any NaN or, NaNs ignored, to any greatest number, and of a
     * window of nothing but NaNs and -infinity to nobody; that is undocumented. 1: it goes where the problem's NaN rule
     * says; what becomes of such windows the rule "ignore" does not say. */
    int keeps_nan_rule;
    /* The format that partial sums are stored in: float16, bfloat16, float32 or float64. Terms, quotients and roots
     * have the format of computed_in. Each addition of a sum, the one to an initial 0 too, is sum = stored(computed(sum
     * + term))          where stored_in is narrower, as sum(half) += float(g) / N sum = stored(sum + term) where it is
     * wider None: that of computed_in. Refused: float16 beside bfloat16, neither of which holds the other's numbers. */
    poolgrad_format stored_in;
    poolgrad_norms norms;
    /* By axis: terms are divided before they are added along an axis or their sum is afterwards, the axes in any order,
     * as means of rows and then of these. A divisor that stands for the count is divided by as a whole. Beside the
     * product of reciprocals, division "true" is refused. */
    poolgrad_averages averages;
    /* With averages by axis, means along an axis are stored, too, or, composed of a mean, perhaps. Max is not composed.
     */
    poolgrad_composition composed;
} poolgrad_declaration;

/* Makes *declaration neutral: all zero, but findings. Call it as poolgrad_declaration_init(&d, sizeof d). */
POOLGRAD_API void poolgrad_declaration_init(poolgrad_declaration *declaration, size_t struct_size);

/* The format of sums by the declaration: float16, bfloat16, float32 or float64. POOLGRAD_FORMAT_NONE: the problem or
 * the declaration is refused by its struct_size or, the declaration, by a value out of range. */
POOLGRAD_API poolgrad_format poolgrad_computed_in(const poolgrad_problem *problem,
                                                  const poolgrad_declaration *declaration);

/* The format that partial sums are stored in by the declaration, or POOLGRAD_FORMAT_NONE, likewise. */
POOLGRAD_API poolgrad_format poolgrad_stored_in(const poolgrad_problem *problem,
                                                const poolgrad_declaration *declaration);

/* ---- Verification ------------------------------------------------------------------------------------------------ */

/* The verdict on an element, from best to worst. */
typedef enum poolgrad_verdict {
    POOLGRAD_VERDICT_NO_ELEMENT = -1, /* the destination has no such element */
    POOLGRAD_VERDICT_NONE = 0,        /* not judged: the problem does not write it, and no change of it is known */
    POOLGRAD_VERDICT_EQUAL = 1,       /* the reference's bits */
    POOLGRAD_VERDICT_CORRECTLY_ROUNDED = 2, /* other bits: the formula's value, rounded once */
    POOLGRAD_VERDICT_LEGAL_ROUNDING = 3,    /* within reach of the declared arithmetic */
    POOLGRAD_VERDICT_LEGAL_TIE = 4,         /* the same, if windows pick other maximal taps than the reference */
    POOLGRAD_VERDICT_UNBOUNDED = 5,         /* legal, but the declared arithmetic can give nearly anything here */
    POOLGRAD_VERDICT_UNDOCUMENTED = 6,      /* rests on a decision of poolgrad where MPS documents nothing */
    POOLGRAD_VERDICT_WRONG = 7
} poolgrad_verdict;

enum { POOLGRAD_VERDICTS = 8 };

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

/* "equal", "correctly-rounded" and so on; "nan-rule", "zero-norm" and so on. "none" for NONE, null for a value that is
 * neither a verdict nor a decision. */
POOLGRAD_API const char *poolgrad_verdict_name(poolgrad_verdict verdict);
POOLGRAD_API const char *poolgrad_decision_name(poolgrad_decision decision);

/* The decision in one sentence, with the rule's number in docs/numerics.md; null for a value that is none. */
POOLGRAD_API const char *poolgrad_decision_text(poolgrad_decision decision);

/* One element that differs from the reference. Later versions add fields at the end: read a finding through the pointer
 * that poolgrad_verification_finding returns, and copy field by field what is to outlive it. */
typedef struct poolgrad_finding {
    int64_t n, c, z, y, x; /* of planes z is 0 */
    poolgrad_verdict verdict;
    poolgrad_decision decision; /* of an undocumented element */
    double actual, expected;    /* the element; the reference's value */
    double exact;               /* the formula's value with the reference's picks, rounded once */
    double low, high;           /* the reach of the declared arithmetic with the reference's picks */
    int64_t ulps;               /* from expected to actual, as of poolgrad_ulps_between */
} poolgrad_finding;

typedef struct poolgrad_verification poolgrad_verification;

/*
 * Judges the content of problem->destination: the output of the implementation under test, which is only read. Computes
 * the reference. For elements that differ, computes the exact value and the reach of the declared arithmetic: all
 * numbers that some order of summation gives (docs/verification.md proves the bounds). Equal maximal taps of a window
 * are accepted where one choice for each window explains all elements of a group of windows that share taps. One NaN is
 * as good as any other. A legal element is called unbounded where the numbers that are accepted reach so far, to both
 * sides of their middle, as 2/3 (of an L2-norm 1/3) of the exact value's magnitude and 1/128 of that of the greatest
 * term: sums of many terms in 16 bits, and of terms that cancel. Refuses whatever poolgrad_run refuses, picks, and
 * declarations out of range. Threads: the problem's. On refusal *verification is null.
 */
POOLGRAD_API poolgrad_status poolgrad_verify(const poolgrad_problem *problem, const poolgrad_declaration *declaration,
                                             poolgrad_verification **verification, poolgrad_error *error);
/* Null is legal. */
POOLGRAD_API void poolgrad_verification_destroy(poolgrad_verification *verification);

/* 1: no element is wrong. */
POOLGRAD_API int poolgrad_verification_passes(const poolgrad_verification *verification);

/* 1: nor is one undocumented or unbounded. */
POOLGRAD_API int poolgrad_verification_passes_strictly(const poolgrad_verification *verification);

/* How many elements got the verdict; -1 for a value that is no verdict of an element. */
POOLGRAD_API int64_t poolgrad_verification_count(const poolgrad_verification *verification, poolgrad_verdict verdict);

/* The verdict on one element; of planes z is 0. */
POOLGRAD_API poolgrad_verdict poolgrad_verification_at(const poolgrad_verification *verification, int64_t n, int64_t c,
                                                       int64_t z, int64_t y, int64_t x);

/* How many undocumented elements rest on the decision; -1 for a value that is no decision. */
POOLGRAD_API int64_t poolgrad_verification_decision_count(const poolgrad_verification *verification,
                                                          poolgrad_decision decision);

/* The worst elements that are wrong, undocumented or unbounded, worst first; null for an index that is none. Findings
 * live as long as the verification. */
POOLGRAD_API int64_t poolgrad_verification_finding_count(const poolgrad_verification *verification);
POOLGRAD_API const poolgrad_finding *poolgrad_verification_finding(const poolgrad_verification *verification,
                                                                   int64_t index);

/* Groups of windows with ties that were looked at: all groups; and groups whose search was cut short. Of the latter is
 * known only that no element contradicts the bounds for every choice. Groups that were looked at because of windows
 * with a NaN, or of nothing but -infinity, are among them only if their search was cut short. A step of a search
 * answers whether one window picks one tap. A group with C choices among Q taps is decided by 2 C Q steps. A search
 * takes POOLGRAD_TIE_STEPS steps, and POOLGRAD_TIE_STEPS_PER_ELEMENT more for each element of the group. */
#define POOLGRAD_TIE_STEPS 131072
#define POOLGRAD_TIE_STEPS_PER_ELEMENT 256
POOLGRAD_API int64_t poolgrad_verification_tie_groups(const poolgrad_verification *verification);
POOLGRAD_API int64_t poolgrad_verification_bounded_tie_groups(const poolgrad_verification *verification);

/* The reference's result: dense, in the destination's format and layout. Lives as long as the verification. */
POOLGRAD_API const poolgrad_const_image *poolgrad_verification_expected(const poolgrad_verification *verification);

/* How many numbers of the format it is from a to b, two numbers of the format. 0: a and b are the same number, or both
 * a NaN. INT64_MAX: one of two different ones is not finite. -1: the format is none of float16, bfloat16, float32 and
 * float64. */
POOLGRAD_API int64_t poolgrad_ulps_between(poolgrad_format format, double a, double b);

/* ---- Explanations ------------------------------------------------------------------------------------------------ */

/*
 * Tells the story of one element of the destination, as text in lines of at most 100 characters:
 *   - the source pixel of the element, or, forward, its window;
 *   - every window that has this pixel as a tap, in the order of addition: taps, maximum and pick, N or norm, gradient,
 *     contribution (exact and rounded), and the sum so far;
 *   - the store, and the formula's value, rounded once.
 * The steps are the reference's, each with its rule of docs/numerics.md. Large windows are shown around the pixel, and
 * of many windows or additions the first ones. Nothing but the text is written.
 *
 * With a declaration, the destination holds the output of an implementation under test. The text then ends with
 * poolgrad_verify's verdict on the element, how far it is from the result, and where the reach of the declared
 * arithmetic ends; of a gradient also with the pixels, within 7 of the element's, that share a window with it and are
 * not the reference's; of forward max with the tap whose value it is, of forward average with the sum that it stands
 * for. A problem that adds to the destination adds to declaration->before. Without a declaration (null), nothing is
 * judged.
 *
 * At most `size` bytes of the text go to `text`, the terminating zero among them. `text` may be null if size is 0.
 * *length is the length of the whole text. Refuses whatever poolgrad_run refuses, with a declaration whatever
 * poolgrad_verify refuses but picks, and an element that does not exist. Takes the time of the reference for the
 * windows at hand; a verdict takes the time of verifying the element's volume.
 */
POOLGRAD_API poolgrad_status poolgrad_explain(const poolgrad_problem *problem, const poolgrad_declaration *declaration,
                                              int64_t n, int64_t c, int64_t z, int64_t y, int64_t x, char *text,
                                              size_t size, size_t *length, poolgrad_error *error);

/* The same of an element of a verification's destination, with its problem, declaration and verdicts, which are not
 * found anew: takes the time of the reference for the windows at hand. The images must still be as they were verified.
 * Refuses an element that does not exist. */
POOLGRAD_API poolgrad_status poolgrad_verification_explain(const poolgrad_verification *verification, int64_t n,
                                                           int64_t c, int64_t z, int64_t y, int64_t x, char *text,
                                                           size_t size, size_t *length, poolgrad_error *error);

/* ---- Causes ------------------------------------------------------------------------------------------------------ */

/* A mistake that explains wrong elements; docs/verification-causes.md lists all known mistakes. Later versions add
 * fields at the end: read a cause through the pointer that poolgrad_verification_cause returns. */
typedef struct poolgrad_cause {
    const char *name;     /* "divisor-full-kernel" */
    const char *sentence; /* the implementation's mistake: "divides by ..."; lives as long as the verification */
    int64_t explained;    /* wrong elements with the very value that this mistake gives */
    int64_t wrong;        /* all wrong elements that were looked at */
} poolgrad_cause;

/*
 * Looks for the mistakes behind the wrong elements, each mistake by itself. Computes parts of the call anew with every
 * known mistake: where elements are wrong, this takes as long as some dozen plain calls, and else nothing. A value
 * counts as a mistake's if other roundings of the declared arithmetic can have made the value, and if the mistake moves
 * it from the right value by more than that. A mistake also predicts wrong elements. It is believed only if at least
 * half of its predictions are true. Images are cut into parts of some thousand elements, and where the parts with wrong
 * ones have more than POOLGRAD_CAUSE_ELEMENTS elements together, an even choice of them is looked at, and `wrong`
 * counts the elements of these parts. The problem's images must still be as they were verified. Call it once, and not
 * from several threads at once.
 */
#define POOLGRAD_CAUSE_ELEMENTS 131072
POOLGRAD_API poolgrad_status poolgrad_verification_find_causes(poolgrad_verification *verification,
                                                               poolgrad_error *error);

/* How many causes were found; -1 before poolgrad_verification_find_causes has succeeded. */
POOLGRAD_API int64_t poolgrad_verification_cause_count(const poolgrad_verification *verification);

/* Best first: by how much a cause explains, and how little else it would. Null for an index that is none. Causes live
 * as long as the verification. */
POOLGRAD_API const poolgrad_cause *poolgrad_verification_cause(const poolgrad_verification *verification,
                                                               int64_t index);

/* Where all wrong elements lie, whatever made them wrong: "odd channels, rows = 0 mod 16". Empty where they lie all
 * over, and before poolgrad_verification_find_causes has succeeded. Lives as long as the verification. */
POOLGRAD_API const char *poolgrad_verification_where(const poolgrad_verification *verification);

#ifdef __cplusplus
}
#endif

#endif
