/* SPDX-License-Identifier: Apache-2.0 */
#include "hostile.h"

#include "report.h"
#include "view.h"
#include <criterion/criterion.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
    const char *suite, *test;
    test_case made; /* its seed is all there is to it */
} current;

void hostile_assert(bool holds, const char *format, ...)
{
    char what[512];
    va_list arguments;
    if (holds) return;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    cr_assert_fail("%s; repeat with POOLGRAD_TEST_SEED=0x%016" PRIx64
                   " POOLGRAD_TEST_CASES=1 ./tests/test_%s --filter '%s/%s'",
                   what, current.made.seed, current.suite, current.suite, current.test);
}

void hostile_begin(hostile *h, const char *suite, const char *test, uint64_t seed)
{
    current.suite = suite;
    current.test = test;
    current.made.seed = seed;
    report_begin(suite, test, &current.made);
    static const int percents[] = {0, 1, 1, 2, 2, 4, 8, 30};
    *h = (hostile){.random = {seed}};
    h->percent = percents[random_between(&h->random, 0, 7)];
    for (size_t i = 0; i < HOSTILE_MEMORY; i += sizeof(uint64_t)) {
        uint64_t bits = random_bits(&h->random);
        memcpy(h->memory + i, &bits, sizeof bits);
    }
}

bool hostile_strikes(hostile *h)
{
    return random_chance(&h->random, h->percent);
}

int64_t hostile_nonsense(hostile *h)
{
    static const int64_t ends[] = {0, -1, INT64_MIN, INT64_MIN + 1, INT64_MAX, INT64_MAX - 1};
    enum { ENDS = sizeof ends / sizeof *ends };
    int64_t which = random_between(&h->random, 0, 2 * ENDS - 1);
    if (which < ENDS) return ends[which];
    int64_t about = (INT64_C(1) << random_between(&h->random, 8, 62)) + random_between(&h->random, -1, 1);
    return random_chance(&h->random, 75) ? about : -about;
}

int64_t hostile_number(hostile *h, int64_t first, int64_t last)
{
    return hostile_strikes(h) ? hostile_nonsense(h) : random_between(&h->random, first, last);
}

int hostile_int(hostile *h, int first, int last)
{
    static const int nonsense[] = {-1, 5, 1025, INT_MIN, INT_MAX};
    if (hostile_strikes(h)) return nonsense[random_between(&h->random, 0, 4)];
    return (int)random_between(&h->random, first, last);
}

poolgrad_format hostile_format(hostile *h)
{
    if (hostile_strikes(h)) return (poolgrad_format)hostile_int(h, -1, 13);
    return (poolgrad_format)random_between(&h->random, POOLGRAD_UNORM8, POOLGRAD_FLOAT64);
}

/* ---- Images ------------------------------------------------------------------------------------------------------ */

static int64_t *dimension(hostile *h, poolgrad_image *image)
{
    int64_t *const all[] = {&image->images, &image->channels, &image->height, &image->width};
    return all[random_between(&h->random, 0, 3)];
}

/* Bytes that the dense image covers; more than the memory where they are not to be counted. */
static size_t bytes_of(const poolgrad_image *image)
{
    if (image->channels < 0 || image->channels > HOSTILE_MEMORY) return HOSTILE_MEMORY + 1;
    const int64_t sizes[] = {image->images, view_read_stored_channels(image->layout, image->channels), image->height,
                             image->width};
    size_t bytes = poolgrad_format_size(image->format);
    for (int i = 0; i < 4; ++i) {
        if (sizes[i] < 0 || sizes[i] > HOSTILE_MEMORY) return HOSTILE_MEMORY + 1;
        bytes *= (size_t)sizes[i];
        if (bytes > HOSTILE_MEMORY) return HOSTILE_MEMORY + 1;
    }
    return bytes;
}

/* At the beginning again where there is no more room, or no wish for any. */
static void lay(hostile *h, poolgrad_image *image)
{
    size_t bytes = bytes_of(image);
    if (bytes > HOSTILE_MEMORY) return;
    if (h->used + bytes > HOSTILE_MEMORY || hostile_strikes(h)) h->used = 0;
    image->data = h->memory + h->used;
    h->used += bytes;
}

/* What no image can have, whatever its memory. */
static void spoil(hostile *h, poolgrad_image *image)
{
    switch (random_between(&h->random, 0, 7)) {
    case 0: image->layout = (poolgrad_layout)hostile_int(h, 6, 9); break;
    case 1: image->format = (poolgrad_format)random_between(&h->random, -3, 14); break;
    case 2: *dimension(h, image) = random_chance(&h->random, 50) ? -1 : INT64_MIN; break;
    case 3: image->image_stride = image->row_stride = random_chance(&h->random, 50) ? INT64_MIN : INT64_MAX; break;
    case 4: image->expanded = hostile_int(h, 2, 9); break;
    case 5: image->depth = random_chance(&h->random, 50) ? -1 : 2; break;
    case 6:
        image->height = 2;
        image->row_stride = 0;
        break;
    default: image->images = image->channels = image->height = image->width = INT64_MAX; break;
    }
}

poolgrad_image hostile_image(hostile *h, int64_t images, int64_t channels, int64_t height, int64_t width)
{
    poolgrad_image image = {.format = hostile_format(h),
                            .layout = (poolgrad_layout)random_between(&h->random, 0, 5),
                            .images = images,
                            .channels = channels,
                            .height = height,
                            .width = width};
    int64_t *nearly = dimension(h, &image);
    if (hostile_strikes(h) && *nearly < HOSTILE_MEMORY) *nearly += random_between(&h->random, 0, 1);
    if (hostile_strikes(h)) *dimension(h, &image) = 0;
    lay(h, &image);
    if (bytes_of(&image) <= HOSTILE_MEMORY) view_make_dense(&image);
    if (hostile_strikes(h)) image.data = NULL;
    if (!image.data && hostile_strikes(h)) *dimension(h, &image) = hostile_nonsense(h);
    if (hostile_strikes(h)) {
        image.data = NULL;
        *dimension(h, &image) = hostile_nonsense(h);
    }
    if (hostile_strikes(h)) spoil(h, &image);
    /* A format may have become a wider one. */
    if (bytes_of(&image) > HOSTILE_MEMORY && image.images != INT64_MAX) image.data = NULL;
    return image;
}

poolgrad_context hostile_context(hostile *h)
{
    poolgrad_context context;
    poolgrad_context_init(&context, sizeof context);
    context.threads = hostile_int(h, 0, 2);
    context.max_isa = (poolgrad_isa)hostile_int(h, 0, 1);
    context.mode = (poolgrad_mode)hostile_int(h, 0, 1);
    return context;
}

/* ---- Policies ---------------------------------------------------------------------------------------------------- */

static void spoil_window(hostile *h, int64_t *const numbers[], int count)
{
    *numbers[random_between(&h->random, 0, count - 1)] = hostile_nonsense(h);
}

static void spoil_pooling(hostile *h, poolgrad_pooling *k)
{
    int64_t *const numbers[] = {&k->kernel_width,       &k->kernel_height,   &k->stride_in_pixels_x,
                                &k->stride_in_pixels_y, &k->dilation_rate_x, &k->dilation_rate_y,
                                &k->offset.x,           &k->offset.y,        &k->offset.z,
                                &k->clip_rect.x,        &k->clip_rect.width, &k->source_feature_channel_offset,
                                &k->zero_pad_size_x,    &k->zero_pad_size_y};
    spoil_window(h, numbers, (int)(sizeof numbers / sizeof *numbers));
    if (random_chance(&h->random, 30)) k->kind = (poolgrad_kind)random_between(&h->random, 0, 3);
    if (random_chance(&h->random, 30)) k->saves_argmax = !k->saves_argmax;
}

static void spoil_gradient(hostile *h, poolgrad_pooling_gradient *k)
{
    int64_t *const numbers[] = {
        &k->kernel_width,    &k->kernel_height,    &k->stride_in_pixels_x, &k->stride_in_pixels_y, &k->dilation_rate_x,
        &k->dilation_rate_y, &k->primary_offset.x, &k->source_size.width,  &k->secondary_offset.x, &k->kernel_offset_y,
        &k->clip_rect.y,     &k->zero_pad_size_x,  &k->zero_pad_size_y};
    spoil_window(h, numbers, (int)(sizeof numbers / sizeof *numbers));
    if (random_chance(&h->random, 30)) k->kind = (poolgrad_kind)random_between(&h->random, 0, 3);
}

static void spoil_descriptor(hostile *h, poolgrad_image *descriptor)
{
    static char nowhere;
    if (random_chance(&h->random, 50)) *dimension(h, descriptor) = hostile_nonsense(h);
    if (random_chance(&h->random, 20)) *dimension(h, descriptor) = random_between(&h->random, 1, 3);
    if (random_chance(&h->random, 20)) descriptor->format = (poolgrad_format)random_between(&h->random, -3, 14);
    if (random_chance(&h->random, 20)) descriptor->layout = (poolgrad_layout)random_between(&h->random, 0, 6);
    if (random_chance(&h->random, 20)) descriptor->row_stride = hostile_nonsense(h);
    if (random_chance(&h->random, 20)) descriptor->data = &nowhere;
}

static poolgrad_status callback(void *context, const poolgrad_padding_request *request, poolgrad_image *descriptor,
                                poolgrad_error *error)
{
    hostile *h = context;
    switch (random_between(&h->random, 0, 3)) {
    case 0:
        snprintf(error->field, sizeof error->field, "policy");
        snprintf(error->message, sizeof error->message, "policy of the test refuses; expected that");
        return random_chance(&h->random, 50) ? POOLGRAD_INVALID : POOLGRAD_NO_MEMORY;
    case 1:
        if (request->pooling) spoil_pooling(h, request->pooling);
        if (request->pooling_gradient) spoil_gradient(h, request->pooling_gradient);
        return POOLGRAD_OK;
    case 2: spoil_descriptor(h, descriptor); return POOLGRAD_OK;
    default: return POOLGRAD_OK;
    }
}

static poolgrad_padding_method method(hostile *h)
{
    poolgrad_padding_method m = (poolgrad_padding_method)(random_between(&h->random, 0, 2) |
                                                          random_between(&h->random, 0, 3) << 2 |
                                                          random_between(&h->random, 0, 2) << 4);
    if (random_chance(&h->random, 20)) m |= POOLGRAD_PADDING_EXCLUDE_EDGES;
    return hostile_strikes(h) ? (poolgrad_padding_method)random_bits(&h->random) : m;
}

poolgrad_padding_policy hostile_policy(hostile *h)
{
    poolgrad_padding_policy policy = poolgrad_padding_policy_with_method(method(h));
    if (random_chance(&h->random, 30)) policy = poolgrad_padding_policy_for_tensorflow_average_pooling();
    if (random_chance(&h->random, 2 * h->percent)) policy = poolgrad_padding_policy_custom(method(h), callback, h);
    if (hostile_strikes(h)) policy.callback = random_chance(&h->random, 50) ? callback : NULL;
    if (hostile_strikes(h)) memset(&policy, 0, sizeof policy);
    policy.context = h;
    return policy;
}

/* ---- Allocators -------------------------------------------------------------------------------------------------- */

static poolgrad_status lend(void *context, poolgrad_image *image)
{
    hostile *h = context;
    poolgrad_image size = *image;
    size_t bytes = bytes_of(&size);
    if (bytes > HOSTILE_MEMORY) return POOLGRAD_NO_MEMORY;
    image->data = malloc(bytes + 1);
    if (!image->data) return POOLGRAD_NO_MEMORY;
    ++h->lent;
    return POOLGRAD_OK;
}

static void give_back(void *context, const poolgrad_image *image)
{
    hostile *h = context;
    --h->lent;
    free(image->data);
}

static poolgrad_status lend_nothing(void *context, poolgrad_image *image)
{
    (void)context;
    image->data = NULL;
    return POOLGRAD_OK;
}

static poolgrad_status refuse(void *context, poolgrad_image *image)
{
    (void)context;
    (void)image;
    return (poolgrad_status)7;
}

/* Memory, and an image that does not fit it: one to be refused, and its memory to be given back. */
static poolgrad_status lend_spoilt(void *context, poolgrad_image *image)
{
    hostile *h = context;
    poolgrad_status status = lend(context, image);
    if (status != POOLGRAD_OK) return status;
    switch (random_between(&h->random, 0, 2)) {
    case 0: image->row_stride = image->image_stride = INT64_MAX; break;
    case 1: image->image_stride = image->channel_stride = image->row_stride = image->column_stride = 1; break;
    default: spoil(h, image); break;
    }
    return POOLGRAD_OK;
}

poolgrad_image_allocator hostile_allocator(hostile *h)
{
    const poolgrad_image_allocator allocators[] = {
        {lend, give_back, h}, {refuse, give_back, h}, {lend_nothing, NULL, h}, {lend_spoilt, give_back, h}};
    if (hostile_strikes(h)) return allocators[random_between(&h->random, 0, 3)];
    return random_chance(&h->random, 20) ? allocators[0] : (poolgrad_image_allocator){0};
}
