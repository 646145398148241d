/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of verify's page. */
#ifndef POOLGRAD_CLI_VERIFY_PAGE_H
#define POOLGRAD_CLI_VERIFY_PAGE_H

#include "cli/verify.h"

void poolgrad_page_geometry(const poolgrad_problem *problem, FILE *file);

/* Pictures of the planes that have the most wrong elements. False where memory is lacking. */
bool poolgrad_page_planes(const struct verify *verify, FILE *file);

/* How far elements are from the reference. */
void poolgrad_page_histogram(const struct verify *verify, FILE *file);

/* The style of pages, and text with what HTML takes otherwise. */
extern const char poolgrad_page_style[];
void poolgrad_page_text(const char *text, FILE *file);

extern const unsigned char poolgrad_verdict_colors[POOLGRAD_VERDICTS][3];

#endif
