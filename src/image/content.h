/* SPDX-License-Identifier: Apache-2.0 */
/* What an image holds, for equality, hashes and texts of whatever has images. */
#ifndef POOLGRAD_IMAGE_CONTENT_H
#define POOLGRAD_IMAGE_CONTENT_H

#include "text/hash.h"
#include "text/text.h"

/* Format, layout and sizes. Sizes alone: images of one size and different elements are rare enough where hashes are of
 * use. */
uint64_t poolgrad_hash_sizes(uint64_t hash, const poolgrad_const_image *image);

/* "float32 nchw, 1 images of 3 channels, 4x4 pixels". */
void poolgrad_describe_sizes(const poolgrad_const_image *image, struct poolgrad_text *text);

/* Members of the open object: these; and strides, too. */
void poolgrad_write_sizes(const poolgrad_const_image *image, struct poolgrad_text *text);
void poolgrad_write_image(const poolgrad_const_image *image, struct poolgrad_text *text);

#endif
