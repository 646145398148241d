/* SPDX-License-Identifier: Apache-2.0 */
/* Refusals in the words of kernels, and the checks that several of them share. */
#ifndef POOLGRAD_MPS_REFUSALS_H
#define POOLGRAD_MPS_REFUSALS_H

#include "base/refusal.h"
#include "mps/property.h"

/* Rewrites a refusal of a problem's field in place to the kernel's word: window.stride_x is stride_in_pixels_x. */
void poolgrad_rename_field(poolgrad_direction direction, poolgrad_error *error);

/* Puts "<what>: " before a refusal's sentence; `field` stays. */
void poolgrad_prefix_error(poolgrad_error *error, const char *what);

/* Whether a field that later versions may give a meaning is 0. */
poolgrad_status poolgrad_check_reserved(const char *name, int value, poolgrad_error *error);

/* Whether an offset of channels is a multiple of 4. */
poolgrad_status poolgrad_check_quads(const char *name, int64_t offset, poolgrad_error *error);

/* Whether gradients and results may have the format. */
poolgrad_status poolgrad_check_result_format(poolgrad_format format, const char *field, poolgrad_error *error);

/* Whether an image may be pooled, by its format. */
poolgrad_status poolgrad_check_source_format(poolgrad_format format, const char *field, poolgrad_error *error);

/* Whether method and callback are good, and agree. */
poolgrad_status poolgrad_padding_policy_check(const poolgrad_padding_policy *policy, poolgrad_error *error);

/* ---- Batches ----------------------------------------------------------------------------------------------------- */

poolgrad_status poolgrad_check_batch(int64_t count, const void *sources, const char *sources_name,
                                     const void *destinations, poolgrad_error *error);
poolgrad_status poolgrad_blame_element(int64_t element, poolgrad_status status, poolgrad_error *error);

#endif
