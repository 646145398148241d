/* SPDX-License-Identifier: Apache-2.0 */
/* What a failing random case says: where, which bits, the geometry in words, the seed, the command that repeats it. */
#ifndef POOLGRAD_TESTS_REPORT_H
#define POOLGRAD_TESTS_REPORT_H

#include "case.h"
#include "view.h"
#include <poolgrad/poolgrad.h>
#include <stdbool.h>

/* Names the case at hand, for the reports below and for a crash; to be called before each case. The suite is that of
 * tests/test_SUITE.c. */
void report_begin(const char *suite, const char *test, const test_case *made);

/* Prints the case and how to repeat it, after a line of the caller's. Returns false. */
__attribute__((format(printf, 1, 2))) bool report_failure(const char *format, ...);

/* Whether the call succeeded; prints its error where not. */
bool report_status(poolgrad_status status, const poolgrad_error *error);

/* Whether all elements of two images of either kind have the same bits; prints the first ones that do not. */
#define report_same_elements(what, expected, actual) report_read_same_elements(what, VIEW(expected), VIEW(actual))
bool report_read_same_elements(const char *what, const poolgrad_const_image *expected,
                               const poolgrad_const_image *actual);

/* Whether the buffer that the image lies in holds the expected bytes; prints the first element that does not, or the
 * place between elements. */
bool report_same_bytes(const char *what, const poolgrad_image *image, const guard_buffer *actual,
                       const unsigned char *expected);

/* Whether sources and canaries survived. */
bool report_intact(void);

#endif
